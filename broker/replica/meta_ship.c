#include "config.h"

#include "broker/replica/ship_private.h"

#include "common/config/option.h"

#define PAYLOAD_BYTES (256 << 10) /* a frame of a snapshot */

/* A setting that an option has here is each broker's own; so is NAME@changed, which tells when. */
static bool
is_own_setting(struct slice name)
{
	const char *mark = name.len != 0 ? memchr(name.data, '@', name.len) : NULL;

	if (option_find(broker_options, name) != NULL)
		return true;
	if (mark == NULL)
		return false;
	return option_find(
		   broker_options, (struct slice){ name.data, (size_t)(mark - name.data) }) != NULL;
}

void
meta_ship_filter(struct store_news *news)
{
	struct slice rest = buf_slice(&news->changes);
	struct ha_change change;
	struct buf kept = { 0 };
	bool any = false;

	for (struct slice look = rest; !any && ha_change_next(&look, &change) == 1;)
		any = change.table == HA_SETTING && is_own_setting(change.key);
	if (!any)
		return;
	while (ha_change_next(&rest, &change) == 1)
		if (change.table != HA_SETTING || !is_own_setting(change.key))
			ha_change_write(&kept, &change);
	buf_release(&news->changes);
	news->changes = kept;
}

struct snapshot {
	struct ship_link *link;
	struct buf payload;
};

static void
flush(struct snapshot *snapshot)
{
	link_send_frame(
	    snapshot->link, HA_META, snapshot->link->ship->end, 0, buf_slice(&snapshot->payload));
	snapshot->payload.len = 0;
}

static void
on_row(void *arg, const struct meta_row *row)
{
	struct snapshot *snapshot = arg;

	if (row->table == META_SETTING && is_own_setting(row->key))
		return;
	ha_change_write(&snapshot->payload, &(struct ha_change){
						.op = HA_SET,
						.table = (enum ha_table)row->table,
						.key = row->key,
						.value = row->value,
						.topic = row->topic,
						.queue_id = row->queue_id,
						.offset = row->offset,
					    });
	if (snapshot->payload.len >= PAYLOAD_BYTES)
		flush(snapshot);
}

static void
send_snapshot(struct ship_link *link)
{
	struct snapshot snapshot = { .link = link };
	int64_t meta_seq;

	link_send_frame(link, HA_META_BEGIN, link->ship->end, 0, SLICE_NONE);
	if (store_read_meta(link->ship->broker->store, &meta_seq, on_row, &snapshot) == -1) {
		buf_release(&snapshot.payload);
		link_close(link, "meta.db cannot be read");
		return;
	}
	if (snapshot.payload.len != 0)
		flush(&snapshot);
	buf_release(&snapshot.payload);
	link_send_frame(link, HA_META_END, link->ship->end, meta_seq, SLICE_NONE);
	link->meta_sent = meta_seq;
}

bool
meta_ship_pump(struct ship_link *link)
{
	const struct recent *changes = &link->ship->changes;

	if (!link->wants_meta)
		return false;
	if (link->meta_sent < changes->lost_seq) {
		send_snapshot(link);
		return true;
	}
	const struct store_news *news = recent_after(changes, link->meta_sent);

	if (news == NULL || news->position > link->next)
		return false;
	link_send_frame(
	    link, HA_CHANGES, news->position, news->meta_seq, buf_slice(&news->changes));
	link->meta_sent = news->meta_seq;
	return true;
}
