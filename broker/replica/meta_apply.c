#include "config.h"

#include "broker/replica/meta_apply.h"

#include <stdlib.h>

#include "broker/catalog/system_topic.h"
#include "broker/cluster/register.h"
#include "broker/state/group.h"
#include "broker/state/offset.h"
#include "broker/state/producer_group.h"
#include "broker/state/topic.h"
#include "broker/store/store.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/strmap.h"

/* The tables that a snapshot of the master replaces as a whole. */
#define TABLE(name) (1u << HA_##name)

struct meta_apply {
	struct broker *broker;
	struct meta_job *job; /* NULL: no change yet */
	unsigned tables;      /* whose rows are noted */
	struct strmap came[N_HA_TABLES];
	bool topics_changed;
	struct arena arena;
};

struct meta_apply *
meta_apply_new(struct broker *broker)
{
	struct meta_apply *apply = mem_zalloc(sizeof *apply);

	apply->broker = broker;
	return apply;
}

static void
forget_rows(struct meta_apply *apply)
{
	for (int table = 0; table < N_HA_TABLES; table++)
		strmap_release(&apply->came[table], NULL);
	apply->tables = 0;
}

void
meta_apply_free(struct meta_apply *apply)
{
	if (apply == NULL)
		return;
	if (apply->job != NULL)
		meta_job_free(apply->job);
	forget_rows(apply);
	arena_release(&apply->arena);
	free(apply);
}

static struct meta_job *
job_of(struct meta_apply *apply)
{
	if (apply->job == NULL)
		apply->job = meta_job_new();
	return apply->job;
}

/* The key of an offset among those that came. */
static struct slice
offset_key(struct arena *arena, struct slice group, struct slice topic, int32_t queue_id)
{
	return arena_printf(arena, "%.*s@%.*s@%d", (int)topic.len, topic.data, (int)group.len,
	    group.data, queue_id);
}

static void
note(struct meta_apply *apply, enum ha_table table, struct slice key)
{
	if (apply->tables & 1u << table)
		strmap_put(&apply->came[table], key, apply);
}

static void
skip(const struct ha_change *change, const char *what)
{
	log_warn("skipped an unreadable %s of the master name=%.*s", what, (int)change->key.len,
	    change->key.data);
}

/* ---- topics -------------------------------------------------------------- */

static void
write_topic(struct buf *buf, const struct topic *topic, struct arena *arena)
{
	struct topic_config config = topic_to_config(topic, arena);
	struct json_out out;

	json_out_init(&out, buf);
	topic_config_write(&out, &config);
}

static void
set_topic(struct meta_apply *apply, const struct ha_change *change)
{
	struct topics *topics = apply->broker->topics;
	const struct json *json = json_parse(&apply->arena, change->value);
	struct topic_config config;
	struct topic topic, old;
	struct buf row = { 0 }, old_row = { 0 };

	if (topic_config_read(json, &config) == -1 || topic_from_config(&config, &topic) == -1) {
		skip(change, "topic");
		return;
	}
	/* One that this version does not know has no effect at the master either. */
	attributes_read(&topic.attributes, json_member(json, "attributes"));
	bool known = topics_find(topics, slice_of(topic.name), &old);

	note(apply, HA_TOPIC, slice_of(topic.name));
	if (known && old.system)
		return; /* each broker makes it anew */
	write_topic(&row, &topic, &apply->arena);
	if (known)
		write_topic(&old_row, &old, &apply->arena);
	if (!known || !slice_equal(buf_slice(&row), buf_slice(&old_row))) {
		topics_put(topics, &topic);
		meta_job_put(job_of(apply), META_TOPIC, slice_of(topic.name), buf_slice(&row));
		apply->topics_changed = true;
	}
	buf_release(&row);
	buf_release(&old_row);
}

static void
remove_topic(struct meta_apply *apply, const struct ha_change *change)
{
	struct topic old;

	if (topics_find(apply->broker->topics, change->key, &old) && old.system)
		return;
	topics_remove(apply->broker->topics, change->key);
	meta_job_remove(job_of(apply), META_TOPIC, change->key);
	apply->topics_changed = true;
}

/* ---- groups -------------------------------------------------------------- */

static void
write_group(struct buf *buf, const struct group *group)
{
	struct json_out out;

	json_out_init(&out, buf);
	group_write(&out, group);
}

static void
set_group(struct meta_apply *apply, const struct ha_change *change)
{
	struct groups *groups = apply->broker->groups;
	struct group group, old;
	struct buf row = { 0 }, old_row = { 0 };

	if (group_read(json_parse(&apply->arena, change->value), &group) != NULL) {
		skip(change, "group");
		return;
	}
	bool known = groups_find(groups, slice_of(group.name), &old);

	note(apply, HA_GROUP, slice_of(group.name));
	write_group(&row, &group);
	if (known)
		write_group(&old_row, &old);
	if (!known || !slice_equal(buf_slice(&row), buf_slice(&old_row))) {
		groups_put(groups, &group);
		meta_job_put(job_of(apply), META_GROUP, slice_of(group.name), buf_slice(&row));
	}
	buf_release(&row);
	buf_release(&old_row);
}

static void
remove_group(struct meta_apply *apply, const struct ha_change *change)
{
	groups_remove(apply->broker->groups, change->key);
	meta_job_remove(job_of(apply), META_GROUP, change->key);
}

/* ---- settings, groups of producers ---------------------------------------- */

/* Options are each broker's own. The rest is read at a start, when this broker becomes the master.
 */
static void
set_setting(struct meta_apply *apply, const struct ha_change *change)
{
	if (option_find(broker_options, change->key) == NULL)
		meta_job_put(job_of(apply), META_SETTING, change->key, change->value);
}

static void
remove_setting(struct meta_apply *apply, const struct ha_change *change)
{
	if (option_find(broker_options, change->key) == NULL)
		meta_job_remove(job_of(apply), META_SETTING, change->key);
}

static void
set_producer_group(struct meta_apply *apply, const struct ha_change *change)
{
	struct producer_group group;

	if (producer_group_from_json(change->value, &apply->arena, &group) == -1) {
		skip(change, "producer group");
		return;
	}
	note(apply, HA_PRODUCER_GROUP, group.name);
	producer_groups_put(apply->broker->producer_groups, &group);
	meta_job_put(job_of(apply), META_PRODUCER_GROUP, group.name, change->value);
}

static void
remove_producer_group(struct meta_apply *apply, const struct ha_change *change)
{
	producer_groups_remove(apply->broker->producer_groups, change->key);
	meta_job_remove(job_of(apply), META_PRODUCER_GROUP, change->key);
}

/* ---- offsets -------------------------------------------------------------- */

static void
set_offset(struct meta_apply *apply, const struct ha_change *change)
{
	struct offsets *offsets = apply->broker->offsets;
	struct offset_row row = { change->key, change->topic, change->queue_id, change->offset };

	if (apply->tables & TABLE(OFFSET))
		note(apply, HA_OFFSET,
		    offset_key(&apply->arena, row.group, row.topic, row.queue_id));
	if (offsets_find(offsets, row.group, row.topic, row.queue_id) == row.offset)
		return;
	offsets_set(offsets, &row);
	meta_job_put_offset(job_of(apply), row.group, row.topic, row.queue_id, row.offset);
}

/* In memory it stays until a start: only one of an unknown group goes alone. */
static void
remove_offset(struct meta_apply *apply, const struct ha_change *change)
{
	meta_job_remove_offset(job_of(apply), change->key, change->topic, change->queue_id);
}

/* ---- all ------------------------------------------------------------------ */

typedef void change_fn(struct meta_apply *apply, const struct ha_change *change);

static change_fn *const setters[N_HA_TABLES] = {
	[HA_TOPIC] = set_topic,
	[HA_GROUP] = set_group,
	[HA_SETTING] = set_setting,
	[HA_PRODUCER_GROUP] = set_producer_group,
	[HA_OFFSET] = set_offset,
};

static change_fn *const removers[N_HA_TABLES] = {
	[HA_TOPIC] = remove_topic,
	[HA_GROUP] = remove_group,
	[HA_SETTING] = remove_setting,
	[HA_PRODUCER_GROUP] = remove_producer_group,
	[HA_OFFSET] = remove_offset,
};

/* The log forgets the queues of the topic, in the order of the records around it. */
static void
drop_topic(struct meta_apply *apply, const struct ha_change *change)
{
	struct meta_job *job = job_of(apply);

	free(job->drop_topic);
	job->drop_topic = mem_alloc(change->topic.len + 1);
	*(char *)mempcpy(job->drop_topic, change->topic.data, change->topic.len) = '\0';
}

void
meta_apply_change(struct meta_apply *apply, const struct ha_change *change)
{
	switch (change->op) {
	case HA_SET:
		setters[change->table](apply, change);
		break;
	case HA_REMOVE:
		removers[change->table](apply, change);
		break;
	case HA_REMOVE_OF_GROUP:
		offsets_remove_group(apply->broker->offsets, change->key);
		meta_job_remove_offsets_of_group(job_of(apply), change->key);
		break;
	case HA_REMOVE_OF_TOPIC:
		offsets_remove_topic(apply->broker->offsets, change->topic);
		meta_job_remove_offsets_of_topic(job_of(apply), change->topic);
		break;
	case HA_DROP_TOPIC:
		drop_topic(apply, change);
		break;
	case N_HA_OPS:
		break;
	}
	arena_reset(&apply->arena);
}

void
meta_apply_begin(struct meta_apply *apply, unsigned tables)
{
	forget_rows(apply);
	apply->tables = tables;
}

static bool
is_missing(const struct meta_apply *apply, enum ha_table table, struct slice key)
{
	return strmap_find(&apply->came[table], key) == NULL;
}

static void
remove_topics(struct meta_apply *apply)
{
	size_t n;
	struct topic *list = topics_list(apply->broker->topics, &n, NULL);

	for (size_t i = 0; i < n; i++) {
		struct ha_change gone = { HA_REMOVE, HA_TOPIC, .key = slice_of(list[i].name) };

		if (is_missing(apply, HA_TOPIC, gone.key))
			remove_topic(apply, &gone);
	}
	free(list);
}

static void
remove_groups(struct meta_apply *apply)
{
	size_t n;
	struct group *list = groups_list(apply->broker->groups, &n);

	for (size_t i = 0; i < n; i++) {
		struct ha_change gone = { HA_REMOVE, HA_GROUP, .key = slice_of(list[i].name) };

		if (is_missing(apply, HA_GROUP, gone.key) && !group_is_system(gone.key))
			remove_group(apply, &gone);
	}
	free(list);
}

static void
remove_producer_groups(struct meta_apply *apply)
{
	size_t n;
	const struct producer_group *list =
	    producer_groups_list(apply->broker->producer_groups, &apply->arena, &n);

	for (size_t i = 0; i < n; i++) {
		struct ha_change gone = { HA_REMOVE, HA_PRODUCER_GROUP, .key = list[i].name };

		if (is_missing(apply, HA_PRODUCER_GROUP, gone.key))
			remove_producer_group(apply, &gone);
	}
	arena_reset(&apply->arena);
}

/* Under the lock of the offsets: it only collects. */
static void
collect_offset(void *arg, const struct offset_row *row)
{
	struct meta_apply *apply = arg;

	if (is_missing(
		apply, HA_OFFSET, offset_key(&apply->arena, row->group, row->topic, row->queue_id)))
		meta_job_remove_offset(job_of(apply), row->group, row->topic, row->queue_id);
}

void
meta_apply_rest(struct meta_apply *apply)
{
	if (apply->tables & TABLE(TOPIC))
		remove_topics(apply);
	if (apply->tables & TABLE(GROUP))
		remove_groups(apply);
	if (apply->tables & TABLE(PRODUCER_GROUP))
		remove_producer_groups(apply);
	if (apply->tables & TABLE(OFFSET))
		offsets_each(apply->broker->offsets, SLICE_NONE, SLICE_NONE, collect_offset, apply);
	arena_reset(&apply->arena);
	forget_rows(apply);
}

struct meta_job *
meta_apply_take(struct meta_apply *apply)
{
	struct meta_job *job = apply->job;

	apply->job = NULL;
	if (apply->topics_changed && apply->broker->registrar != NULL)
		registrar_topics_changed(apply->broker->registrar);
	apply->topics_changed = false;
	return job;
}
