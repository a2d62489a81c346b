#include "config.h"

#include "common/protocol/ha.h"

#include "common/base/crc.h"
#include "common/base/wire.h"
#include "common/json/json_body.h"

/* ---- RocketMQ's stream ----------------------------------------------- */

void
ha_apache_head_write(const struct ha_apache_head *head, char *at)
{
	be64_put(at, (uint64_t)head->position);
	be32_put(at + 8, head->size);
}

struct ha_apache_head
ha_apache_head_read(const char *at)
{
	return (struct ha_apache_head){
		.position = (int64_t)be64_get(at),
		.size = be32_get(at + 8),
	};
}

/* ---- TwinMQ's stream ------------------------------------------------- */

#define AT_LENGTH 0
#define AT_CRC 4
#define AT_KIND 8 /* the CRC begins here */
#define AT_EPOCH 12
#define AT_POSITION 16
#define AT_META_SEQ 24
#define AT_MAX_POSITION 32
#define AT_WALL_MS 40

void
ha_report_write(const struct ha_report *report, char *at)
{
	be64_put(at, (uint64_t)report->position);
	be64_put(at + 8, (uint64_t)report->meta_seq);
	be64_put(at + 16, (uint64_t)report->wall_ms);
}

struct ha_report
ha_report_read(const char *at)
{
	return (struct ha_report){
		.position = (int64_t)be64_get(at),
		.meta_seq = (int64_t)be64_get(at + 8),
		.wall_ms = (int64_t)be64_get(at + 16),
	};
}

void
ha_frame_head_write(
    const struct ha_frame *frame, const struct slice *pieces, size_t n_pieces, char *at)
{
	size_t length = 0;

	be32_put(at + AT_KIND, (uint32_t)frame->kind << 24);
	be32_put(at + AT_EPOCH, frame->epoch);
	be64_put(at + AT_POSITION, (uint64_t)frame->position);
	be64_put(at + AT_META_SEQ, (uint64_t)frame->meta_seq);
	be64_put(at + AT_MAX_POSITION, (uint64_t)frame->max_position);
	be64_put(at + AT_WALL_MS, (uint64_t)frame->wall_ms);
	uint32_t crc = crc_add(0, (struct slice){ at + AT_KIND, HA_FRAME_HEAD_BYTES - AT_KIND });
	for (size_t i = 0; i < n_pieces; i++) {
		crc = crc_add(crc, pieces[i]);
		length += pieces[i].len;
	}
	be32_put(at + AT_LENGTH, (uint32_t)length);
	be32_put(at + AT_CRC, crc);
}

int64_t
ha_frame_read(struct slice bytes, struct ha_frame *frame, size_t *wanted)
{
	*wanted = HA_FRAME_HEAD_BYTES;
	if (bytes.len < HA_FRAME_HEAD_BYTES)
		return 0;
	const char *at = bytes.data;
	size_t length = be32_get(at + AT_LENGTH);
	uint32_t kind = be32_get(at + AT_KIND);

	if (length > HA_PAYLOAD_MAX || (kind & 0xFFFFFF) != 0 || kind >> 24 < HA_BLOCK ||
	    kind >> 24 > HA_HEARTBEAT)
		return -1;
	*wanted = HA_FRAME_HEAD_BYTES + length;
	if (bytes.len < *wanted)
		return 0;
	if (crc_add(0, (struct slice){ at + AT_KIND, *wanted - AT_KIND }) != be32_get(at + AT_CRC))
		return -1;
	*frame = (struct ha_frame){
		.kind = (enum ha_kind)(kind >> 24),
		.epoch = be32_get(at + AT_EPOCH),
		.position = (int64_t)be64_get(at + AT_POSITION),
		.meta_seq = (int64_t)be64_get(at + AT_META_SEQ),
		.max_position = (int64_t)be64_get(at + AT_MAX_POSITION),
		.wall_ms = (int64_t)be64_get(at + AT_WALL_MS),
		.payload = { at + HA_FRAME_HEAD_BYTES, length },
	};
	return (int64_t)*wanted;
}

#define TAG_BYTES 16

void
ha_tags_write(struct buf *buf, const struct ha_tag *tags, size_t n_tags)
{
	buf_put_u32(buf, (uint32_t)n_tags);
	for (size_t i = 0; i < n_tags; i++) {
		buf_put_u64(buf, (uint64_t)tags[i].position);
		buf_put_u64(buf, (uint64_t)tags[i].hash);
	}
}

int
ha_block_read(struct slice payload, struct ha_block *block)
{
	struct slice number;

	if (wire_take(&payload, 4, &number) == -1)
		return -1;
	block->n_tags = be32_get(number.data);
	if (block->n_tags > payload.len / TAG_BYTES ||
	    wire_take(&payload, block->n_tags * TAG_BYTES, &block->tags) == -1)
		return -1;
	block->records = payload;
	return 0;
}

struct ha_tag
ha_block_tag(const struct ha_block *block, size_t i)
{
	const char *at = block->tags.data + i * TAG_BYTES;

	return (struct ha_tag){ (int64_t)be64_get(at), (int64_t)be64_get(at + 8) };
}

#define CHANGE_HEAD_BYTES 16

static void
put_counted(struct buf *buf, struct slice text)
{
	buf_put_u32(buf, (uint32_t)text.len);
	buf_append_slice(buf, text);
}

void
ha_change_write(struct buf *buf, const struct ha_change *change)
{
	buf_put_u32(buf, (uint32_t)change->op << 24 | (uint32_t)change->table << 16);
	buf_put_u32(buf, (uint32_t)change->queue_id);
	buf_put_u64(buf, (uint64_t)change->offset);
	put_counted(buf, change->key);
	put_counted(buf, change->value);
	put_counted(buf, change->topic);
}

int
ha_change_next(struct slice *rest, struct ha_change *change)
{
	struct slice head;

	if (rest->len == 0)
		return 0;
	*change = (struct ha_change){ 0 };
	if (wire_take(rest, CHANGE_HEAD_BYTES, &head) == -1 ||
	    wire_take_counted(rest, 4, &change->key) == -1 ||
	    wire_take_counted(rest, 4, &change->value) == -1 ||
	    wire_take_counted(rest, 4, &change->topic) == -1)
		return -1;
	uint32_t what = be32_get(head.data);

	if (what >> 24 >= N_HA_OPS || (what >> 16 & 0xFF) >= N_HA_TABLES || (what & 0xFFFF) != 0)
		return -1;
	change->op = (enum ha_op)(what >> 24);
	change->table = (enum ha_table)(what >> 16 & 0xFF);
	change->queue_id = (int32_t)be32_get(head.data + 4);
	change->offset = (int64_t)be64_get(head.data + 8);
	return 1;
}

/* ---- HA_HELLO (7021) ------------------------------------------------- */

/* The first epoch of the log that the other one may know as well. */
static size_t
first_known(const struct ha_log *log, const struct ha_log *other)
{
	size_t i = 0;

	while (other->forgot && i < log->n_epochs &&
	       (other->n_epochs == 0 || log->epochs[i].epoch < other->epochs[0].epoch))
		i++;
	return i;
}

/*
 * Counts in *slave_n and *master_n the epochs before the first one that is not in both logs. False:
 * nobody can tell.
 */
static bool
compare_epochs(
    const struct ha_log *slave, const struct ha_log *master, size_t *slave_n, size_t *master_n)
{
	size_t first = first_known(slave, master);
	size_t i = first, j = first_known(master, slave);

	while (i < slave->n_epochs && j < master->n_epochs &&
	       slave->epochs[i].epoch == master->epochs[j].epoch &&
	       slave->epochs[i].start == master->epochs[j].start) {
		i++;
		j++;
	}
	*slave_n = i;
	*master_n = j;
	return i > first || (!slave->forgot && !master->forgot);
}

int64_t
ha_stream_from(const struct ha_log *slave, const struct ha_log *master)
{
	int64_t end =
	    slave->max_position < master->max_position ? slave->max_position : master->max_position;
	size_t i, j;

	if (slave->min_position == slave->max_position)
		return master->min_position;
	if (!compare_epochs(slave, master, &i, &j))
		return HA_START_EMPTY;
	/* The epochs that both have agree from their start to the start of the next one. */
	if (i < slave->n_epochs && slave->epochs[i].start < end)
		end = slave->epochs[i].start;
	if (j < master->n_epochs && master->epochs[j].start < end)
		end = master->epochs[j].start;
	return end >= master->min_position && end >= slave->min_position ? end : HA_START_EMPTY;
}

static void
write_log(struct json_out *out, const struct ha_log *log)
{
	json_member_put_int(out, "minPosition", log->min_position);
	json_member_put_int(out, "maxPosition", log->max_position);
	if (log->forgot)
		json_member_put_bool(out, "forgotEpochs", true);
	json_key(out, "epochs");
	json_open_array(out);
	for (size_t i = 0; i < log->n_epochs; i++) {
		json_open_array(out);
		json_put_int(out, log->epochs[i].epoch);
		json_put_int(out, log->epochs[i].start);
		json_close_array(out);
	}
	json_close_array(out);
}

static int
read_epoch(struct arena *arena, const struct json *json, void *item)
{
	struct ha_epoch *epoch = item;

	(void)arena;
	if (json->type != JSON_ARRAY || json->n_children != 2 ||
	    json_int64(json->first, &epoch->epoch) == -1 ||
	    json_int64(json->first->next, &epoch->start) == -1)
		return -1;
	return epoch->epoch >= 0 && epoch->start >= 0 ? 0 : -1;
}

static int
read_log(struct arena *arena, const struct json *json, struct ha_log *log)
{
	log->min_position = json_member_int64(json, "minPosition", -1);
	log->max_position = json_member_int64(json, "maxPosition", -1);
	log->forgot = json_member_bool(json, "forgotEpochs", false);
	log->epochs = json_items(arena, json_member(json, "epochs"), JSON_ARRAY,
	    sizeof *log->epochs, read_epoch, &log->n_epochs);
	if (log->min_position < 0 || log->max_position < log->min_position || log->epochs == NULL ||
	    log->n_epochs > HA_EPOCHS_MAX)
		return -1;
	for (size_t i = 1; i < log->n_epochs; i++)
		if (log->epochs[i].epoch <= log->epochs[i - 1].epoch ||
		    log->epochs[i].start < log->epochs[i - 1].start)
			return -1;
	return 0;
}

void
ha_hello_write(struct json_out *out, const struct ha_hello *hello)
{
	json_open_object(out);
	json_member_put_slice(out, "brokerName", hello->broker_name);
	json_member_put_int(out, "brokerId", hello->broker_id);
	json_member_put_slice(out, "clusterName", hello->cluster_name);
	json_member_put_slice(out, "version", hello->version);
	json_member_put_bool(out, "canReadMeta", hello->can_read_meta);
	write_log(out, &hello->log);
	json_close_object(out);
}

int
ha_hello_read(struct arena *arena, struct slice body, struct ha_hello *hello)
{
	const struct json *json = json_parse(arena, body);

	if (!json_is_object(json))
		return -1;
	*hello = (struct ha_hello){
		.broker_name = json_member_text(json, "brokerName"),
		.cluster_name = json_member_text(json, "clusterName"),
		.version = json_member_text(json, "version"),
		.broker_id = json_member_int64(json, "brokerId", -1),
		.can_read_meta = json_member_bool(json, "canReadMeta", false),
	};
	return hello->broker_name.len != 0 && hello->cluster_name.len != 0
	           ? read_log(arena, json, &hello->log)
	           : -1;
}

void
ha_welcome_write(struct json_out *out, const struct ha_welcome *welcome)
{
	json_open_object(out);
	json_member_put_slice(out, "role", welcome->role);
	json_member_put_int(out, "streamFrom", welcome->stream_from);
	json_member_put_slice(out, "token", welcome->token);
	json_member_put_slice(out, "haAddress", welcome->ha_address);
	write_log(out, &welcome->log);
	json_close_object(out);
}

int
ha_welcome_read(struct arena *arena, struct slice body, struct ha_welcome *welcome)
{
	const struct json *json = json_parse(arena, body);

	if (!json_is_object(json))
		return -1;
	*welcome = (struct ha_welcome){
		.role = json_member_text(json, "role"),
		.stream_from = json_member_int64(json, "streamFrom", HA_START_EMPTY - 1),
		.token = json_member_text(json, "token"),
		.ha_address = json_member_text(json, "haAddress"),
	};
	return welcome->stream_from >= HA_START_EMPTY && welcome->token.len == HA_TOKEN_BYTES &&
	               welcome->ha_address.len != 0
	           ? read_log(arena, json, &welcome->log)
	           : -1;
}
