#include "config.h"

#include "broker/catalog/topic_create.h"

#include <stdio.h>
#include <stdlib.h>

#include "broker/catalog/topic_change.h"
#include "broker/state/limit.h"
#include "broker/state/offset.h"
#include "broker/store/store.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/strmap.h"
#include "common/protocol/name.h"

/* If another loop was faster, its topic counts. False: there are too many topics. */
static bool
create(struct broker *broker, struct topic *topic, bool tell, const char **why)
{
	struct topic wanted = *topic;

	if (broker_is_slave(broker))
		return true; /* nothing is kept: the master has it, or will */
	if (!limits_allow(broker->limits, LIMIT_TOPICS, topics_count(broker->topics) + 1)) {
		*why = limit_remark(LIMIT_TOPICS);
		return false;
	}
	if (!topics_add(broker->topics, &wanted, topic))
		return true;
	log_info("topic created name=%s queues=%d perm=%d", topic->name, topic->write_queues,
	    topic->perm);
	topic_keep(broker, topic, tell);
	return true;
}

bool
topic_find_or_create(
    struct broker *broker, const struct topic_wish *wish, struct topic *topic, const char **why)
{
	struct topic template;

	if (topics_find(broker->topics, wish->name, topic))
		return true;
	if (!broker->settings->auto_create_topic_enable) {
		*why = "autoCreateTopicEnable is off here: create it with mqadmin updateTopic";
		return false;
	}
	if (!topics_find(broker->topics, wish->template_name, &template)) {
		*why = "its template does not exist: create the topic with mqadmin updateTopic";
		return false;
	}
	if (!(template.perm & PERM_INHERIT)) {
		*why =
		    "its template may not be inherited: create the topic with mqadmin updateTopic";
		return false;
	}
	topic_init(topic, wish->name);
	topic->write_queues =
	    wish->queues < template.write_queues ? wish->queues : template.write_queues;
	if (topic->write_queues < 1)
		topic->write_queues = 1;
	topic->read_queues = topic->write_queues;
	topic->perm = template.perm & ~PERM_INHERIT;
	topic->sys_flag = wish->sys_flag;
	topic->multi_tag = template.multi_tag;
	return create(broker, topic, true, why);
}

/* "%RETRY%group"; false when it is too long for a topic. */
static bool
init_topic_of_group(
    struct topic *topic, const char *prefix, struct slice group, int32_t queues, const char **why)
{
	char name[sizeof topic->name];
	int len = snprintf(name, sizeof name, "%s%.*s", prefix, (int)group.len, group.data);

	if (group.len > RECORD_TOPIC_MAX || len < 0 || (size_t)len >= sizeof name) {
		*why = "the group is longer than 120 bytes, so it can have no such topic";
		return false;
	}
	topic_init(topic, (struct slice){ name, (size_t)len });
	topic->read_queues = topic->write_queues = queues > 0 ? queues : 1;
	return true;
}

/* Messages that a consumer sends back go to all queues of the group, so all must exist. */
static void
grow(struct broker *broker, struct topic *topic, int32_t queues)
{
	if ((topic->write_queues >= queues && topic->read_queues >= queues) ||
	    broker_is_slave(broker))
		return;
	if (topic->write_queues < queues)
		topic->write_queues = queues;
	if (topic->read_queues < queues)
		topic->read_queues = queues;
	topics_put(broker->topics, topic);
	log_info("retry topic grew name=%s queues=%d", topic->name, topic->write_queues);
	topic_keep(broker, topic, false);
}

bool
topic_find_or_create_retry(struct broker *broker, struct slice group, int32_t queues,
    bool unit_mode, struct topic *topic, const char **why)
{
	struct topic wanted;

	if (!init_topic_of_group(&wanted, TOPIC_RETRY_PREFIX, group, queues, why))
		return false;
	if (topics_find(broker->topics, slice_of(wanted.name), topic)) {
		grow(broker, topic, queues);
		return true;
	}
	*topic = wanted;
	topic->sys_flag = unit_mode ? TOPIC_FLAG_UNIT_SUB : 0;
	return create(broker, topic, false, why);
}

bool
topic_find_or_create_dead(
    struct broker *broker, struct slice group, struct topic *topic, const char **why)
{
	struct topic wanted;

	if (!init_topic_of_group(&wanted, TOPIC_DEAD_PREFIX, group, 1, why))
		return false;
	if (topics_find(broker->topics, slice_of(wanted.name), topic))
		return true;
	*topic = wanted;
	return create(broker, topic, false, why);
}

/* Apart, so that a pull has no room for a second group on its stack, which is cleared. */
static bool __attribute__((noinline))
group_create(struct broker *broker, struct slice name, struct group *group, const char **why)
{
	struct group wanted;

	*why = name_new_fault(NAME_GROUP, name);
	if (*why != NULL)
		return false;
	if (!broker->settings->auto_create_subscription_group &&
	    !slice_starts(name, "CID_RMQ_SYS_"))
		*why = "autoCreateSubscriptionGroup is off here";
	else if (!limits_allow(broker->limits, LIMIT_GROUPS, groups_count(broker->groups) + 1))
		*why = limit_remark(LIMIT_GROUPS);
	if (*why != NULL)
		return false;
	group_init(&wanted, name);
	if (broker_is_slave(broker)) {
		*group = wanted; /* as above */
		return true;
	}
	if (groups_add(broker->groups, &wanted, group)) {
		log_info("group created name=%s", group->name);
		group_keep(broker, group);
	}
	return true;
}

bool
group_find_or_create(
    struct broker *broker, struct slice name, struct group *group, const char **why)
{
	return groups_find(broker->groups, name, group) || group_create(broker, name, group, why);
}

/* ---- at start -------------------------------------------------------- */

struct loading {
	struct broker *broker;
	struct arena arena;
	struct strmap ends;  /* "topic queue" -> end of the queue, for offsets beyond it */
	struct strmap found; /* topics only in the log */
	size_t n_clamped;
};

static void
on_topic_row(void *arg, struct slice key, struct slice value)
{
	struct loading *loading = arg;
	struct topic_config config;
	struct topic topic;

	const struct json *json = json_parse(&loading->arena, value);

	if (topic_config_read(json, &config) == -1 || topic_from_config(&config, &topic) == -1) {
		log_warn(
		    "skipped an unreadable topic in meta.db name=%.*s", (int)key.len, key.data);
	} else {
		if (attributes_read(&topic.attributes, json_member(json, "attributes")) != 0)
			log_warn(
			    "skipped unknown attributes of a topic in meta.db name=%s", topic.name);
		topics_put(loading->broker->topics, &topic);
	}
	arena_reset(&loading->arena);
}

static void
on_group_row(void *arg, struct slice key, struct slice value)
{
	struct loading *loading = arg;
	struct group group;

	if (group_read(json_parse(&loading->arena, value), &group) != NULL)
		log_warn(
		    "skipped an unreadable group in meta.db name=%.*s", (int)key.len, key.data);
	else
		groups_put(loading->broker->groups, &group);
	arena_reset(&loading->arena);
}

static struct slice
queue_key(struct arena *arena, struct slice topic, int32_t queue_id)
{
	return arena_printf(arena, "%.*s %d", (int)topic.len, topic.data, queue_id);
}

/* Ensures that the topic of a queue in the log exists and has enough queues. */
static void
on_queue_row(void *arg, struct slice name, int32_t queue_id, int64_t min_offset, int64_t max_offset)
{
	struct loading *loading = arg;
	struct topic topic;
	int64_t *end = mem_alloc(sizeof *end);

	(void)min_offset;
	*end = max_offset;
	free(strmap_put(&loading->ends, queue_key(&loading->arena, name, queue_id), end));
	arena_reset(&loading->arena);
	if (topic_is_system(loading->broker, name) || !name_is_valid(name) ||
	    queue_id >= TOPIC_QUEUES_MAX)
		return;
	bool known = topics_find(loading->broker->topics, name, &topic);

	if (known && (strmap_find(&loading->found, name) == NULL || queue_id < topic.write_queues))
		return;
	if (!known) {
		topic_init(&topic, name);
		strmap_put(&loading->found, name, loading);
		log_warn("created a topic of the log that meta.db lacks, with defaults name=%s",
		    topic.name);
	}
	topic.read_queues = topic.write_queues = queue_id + 1;
	topics_put(loading->broker->topics, &topic);
}

static void
on_offset_row(void *arg, struct slice group, struct slice topic, int32_t queue_id, int64_t offset)
{
	struct loading *loading = arg;
	const int64_t *end =
	    strmap_find(&loading->ends, queue_key(&loading->arena, topic, queue_id));

	arena_reset(&loading->arena);
	if (end != NULL && offset > *end) {
		loading->n_clamped++;
		offset = *end;
	}
	offsets_set(
	    loading->broker->offsets, &(struct offset_row){ group, topic, queue_id, offset });
}

void
topics_and_groups_load(struct broker *broker)
{
	struct loading loading = { .broker = broker };

	store_each_meta(broker->store, META_TOPIC, on_topic_row, &loading);
	store_each_meta(broker->store, META_GROUP, on_group_row, &loading);
	system_topics_add(broker);
	store_each_queue(broker->store, on_queue_row, &loading);
	store_each_offset(broker->store, on_offset_row, &loading);
	if (loading.n_clamped != 0)
		log_warn("reset offsets beyond the end of their queue n=%zu", loading.n_clamped);
	strmap_release(&loading.ends, free);
	strmap_release(&loading.found, NULL);
	arena_release(&loading.arena);
}
