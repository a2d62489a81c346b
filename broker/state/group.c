#include "config.h"

#include "broker/state/group.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/base/strmap.h"
#include "common/protocol/name.h"

#define DEFAULT_RETRY_QUEUES 1
#define DEFAULT_RETRY_MAX 16

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
	};
	memcpy(group->name, name.data,
	    name.len < sizeof group->name ? name.len : sizeof group->name - 1);
}

void
group_write(struct json_out *out, const struct group *group)
{
	json_open_object(out);
	json_member_put_int(out, "brokerId", group->broker_id);
	json_member_put_bool(out, "consumeBroadcastEnable", group->consume_broadcast_enable);
	json_member_put_bool(out, "consumeEnable", group->consume_enable);
	json_member_put_bool(out, "consumeFromMinEnable", group->consume_from_min_enable);
	json_member_put_text(out, "groupName", group->name);
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

int
group_read(const struct json *json, struct group *group)
{
	struct slice name = json_member_text(json, "groupName");

	if (!name_is_valid(name))
		return -1;
	group_init(group, name);
	group->consume_enable = json_member_bool(json, "consumeEnable", true);
	group->consume_from_min_enable = json_member_bool(json, "consumeFromMinEnable", true);
	group->consume_broadcast_enable = json_member_bool(json, "consumeBroadcastEnable", true);
	group->notify_ids_changed = json_member_bool(json, "notifyConsumerIdsChangedEnable", true);
	group->broker_id = json_member_int64(json, "brokerId", 0);
	group->which_when_slow = json_member_int64(json, "whichBrokerWhenConsumeSlowly", 1);
	if (read_count(json, "retryQueueNums", DEFAULT_RETRY_QUEUES, GROUP_RETRY_QUEUES_MAX,
		&group->retry_queues) == -1)
		return -1;
	return read_count(json, "retryMaxTimes", DEFAULT_RETRY_MAX, INT32_MAX, &group->retry_max);
}
