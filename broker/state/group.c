#include "config.h"

#include "broker/state/group.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/base/strmap.h"
#include "common/json/json_body.h"
#include "common/protocol/name.h"

#define DEFAULT_RETRY_QUEUES 1
#define DEFAULT_RETRY_MAX 16
#define DEFAULT_CONSUME_TIMEOUT_MINUTE 15

struct groups {
	pthread_mutex_t lock;
	struct strmap table; /* name -> struct group */
	struct data_version version;
};

struct groups *
groups_new(void)
{
	struct groups *groups = mem_zalloc(sizeof *groups);

	pthread_mutex_init(&groups->lock, NULL);
	groups->version.timestamp = clock_wall_ms();
	return groups;
}

void
groups_free(struct groups *groups)
{
	if (groups == NULL)
		return;
	strmap_release(&groups->table, free);
	pthread_mutex_destroy(&groups->lock);
	free(groups);
}

bool
groups_find(struct groups *groups, struct slice name, struct group *out)
{
	pthread_mutex_lock(&groups->lock);
	const struct group *found = strmap_find(&groups->table, name);

	if (found != NULL)
		*out = *found;
	pthread_mutex_unlock(&groups->lock);
	return found != NULL;
}

static void
add_locked(struct groups *groups, const struct group *group)
{
	struct group *copy = mem_alloc(sizeof *copy);

	*copy = *group;
	strmap_put(&groups->table, slice_of(copy->name), copy);
	data_version_next(&groups->version, clock_wall_ms());
}

void
groups_put(struct groups *groups, const struct group *group)
{
	pthread_mutex_lock(&groups->lock);
	struct group *found = strmap_find(&groups->table, slice_of(group->name));

	if (found != NULL) {
		*found = *group;
		data_version_next(&groups->version, clock_wall_ms());
	} else {
		add_locked(groups, group);
	}
	pthread_mutex_unlock(&groups->lock);
}

bool
groups_add(struct groups *groups, const struct group *group, struct group *now)
{
	pthread_mutex_lock(&groups->lock);
	const struct group *found = strmap_find(&groups->table, slice_of(group->name));

	if (found == NULL)
		add_locked(groups, group);
	*now = found != NULL ? *found : *group;
	pthread_mutex_unlock(&groups->lock);
	return found == NULL;
}

bool
groups_remove(struct groups *groups, struct slice name)
{
	pthread_mutex_lock(&groups->lock);
	struct group *gone = strmap_take(&groups->table, name);

	if (gone != NULL)
		data_version_next(&groups->version, clock_wall_ms());
	pthread_mutex_unlock(&groups->lock);
	free(gone);
	return gone != NULL;
}

size_t
groups_count(struct groups *groups)
{
	pthread_mutex_lock(&groups->lock);
	size_t n = groups->table.n;

	pthread_mutex_unlock(&groups->lock);
	return n;
}

struct data_version
groups_version(struct groups *groups)
{
	pthread_mutex_lock(&groups->lock);
	struct data_version version = groups->version;

	pthread_mutex_unlock(&groups->lock);
	return version;
}

struct group *
groups_list(struct groups *groups, size_t *n)
{
	pthread_mutex_lock(&groups->lock);
	struct strmap_entry **sorted = strmap_sorted(&groups->table);
	struct group *list = mem_alloc(groups->table.n * sizeof *list);

	*n = groups->table.n;
	for (size_t i = 0; i < *n; i++)
		list[i] = *(const struct group *)sorted[i]->value;
	pthread_mutex_unlock(&groups->lock);
	free(sorted);
	return list;
}

void
group_init(struct group *group, struct slice name)
{
	*group = (struct group){
		.consume_enable = true,
		.consume_from_min_enable = true,
		.consume_broadcast_enable = true,
		.notify_ids_changed = true,
		.retry_queues = DEFAULT_RETRY_QUEUES,
		.retry_max = DEFAULT_RETRY_MAX,
		.which_when_slow = 1,
		.consume_timeout_minute = DEFAULT_CONSUME_TIMEOUT_MINUTE,
	};
	memcpy(group->name, name.data,
	    name.len < sizeof group->name ? name.len : sizeof group->name - 1);
}

void
group_write(struct json_out *out, const struct group *group)
{
	json_open_object(out);
	json_key(out, "attributes"); /* RocketMQ 5.3.3 knows none */
	json_put_raw(out, SLICE("{}"));
	json_member_put_int(out, "brokerId", group->broker_id);
	json_member_put_bool(out, "consumeBroadcastEnable", group->consume_broadcast_enable);
	json_member_put_bool(out, "consumeEnable", group->consume_enable);
	json_member_put_bool(out, "consumeFromMinEnable", group->consume_from_min_enable);
	json_member_put_bool(out, "consumeMessageOrderly", group->consume_orderly);
	json_member_put_int(out, "consumeTimeoutMinute", group->consume_timeout_minute);
	json_member_put_text(out, "groupName", group->name);
	json_key(out, "groupRetryPolicy");
	retry_policy_write(out, &group->retry_policy);
	json_member_put_int(out, "groupSysFlag", group->sys_flag);
	json_member_put_bool(out, "notifyConsumerIdsChangedEnable", group->notify_ids_changed);
	json_member_put_int(out, "retryMaxTimes", group->retry_max);
	json_member_put_int(out, "retryQueueNums", group->retry_queues);
	json_member_put_int(out, "whichBrokerWhenConsumeSlowly", group->which_when_slow);
	json_close_object(out);
}

/* A count within its bounds, or -1. */
static int
read_count(const struct json *json, const char *key, int32_t otherwise, int32_t max, int32_t *count)
{
	int64_t value = json_member_int64(json, key, otherwise);

	if (value < 0 || value > max)
		return -1;
	*count = (int32_t)value;
	return 0;
}

static const char *
read_counts(const struct json *json, struct group *group)
{
	if (read_count(json, "retryQueueNums", DEFAULT_RETRY_QUEUES, GROUP_RETRY_QUEUES_MAX,
		&group->retry_queues) == -1)
		return "retryQueueNums is from 0 to 1024";
	if (read_count(json, "retryMaxTimes", DEFAULT_RETRY_MAX, INT32_MAX, &group->retry_max) ==
	    -1)
		return "retryMaxTimes is from 0 to 2147483647";
	if (read_count(json, "consumeTimeoutMinute", DEFAULT_CONSUME_TIMEOUT_MINUTE, INT32_MAX,
		&group->consume_timeout_minute) == -1)
		return "consumeTimeoutMinute is from 0 to 2147483647";
	return NULL;
}

const char *
group_read(const struct json *json, struct group *group)
{
	struct slice name = json_member_text(json, "groupName");

	if (!name_is_valid(name))
		return "there is no legal groupName";
	group_init(group, name);
	group->consume_enable = json_member_bool(json, "consumeEnable", true);
	group->consume_from_min_enable = json_member_bool(json, "consumeFromMinEnable", true);
	group->consume_broadcast_enable = json_member_bool(json, "consumeBroadcastEnable", true);
	group->notify_ids_changed = json_member_bool(json, "notifyConsumerIdsChangedEnable", true);
	group->consume_orderly = json_member_bool(json, "consumeMessageOrderly", false);
	group->broker_id = json_member_int64(json, "brokerId", 0);
	group->which_when_slow = json_member_int64(json, "whichBrokerWhenConsumeSlowly", 1);
	group->sys_flag = json_member_int32(json, "groupSysFlag", 0);

	const char *why = read_counts(json, group);

	return why != NULL
	           ? why
	           : retry_policy_read(json_member(json, "groupRetryPolicy"), &group->retry_policy);
}

struct group_visit {
	void (*each)(void *arg, const struct group *group);
	void *arg;
};

static void
visit_group(void *arg, const struct strmap_entry *entry)
{
	const struct group_visit *visit = arg;

	visit->each(visit->arg, entry->value);
}

bool
groups_visit(struct groups *groups, struct strmap_cursor *cursor, size_t max,
    void (*each)(void *arg, const struct group *group), void *arg)
{
	struct group_visit visit = { each, arg };

	pthread_mutex_lock(&groups->lock);
	bool more = strmap_visit(&groups->table, cursor, max, visit_group, &visit);

	pthread_mutex_unlock(&groups->lock);
	return more;
}
