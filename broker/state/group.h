#ifndef BROKER_GROUP_H
#define BROKER_GROUP_H

/*
 * Subscription groups: one table, one lock (a leaf), loaded from meta.db.
 * Changes are made here first and kept by a meta job that the caller sends.
 * Any thread; answers are copied out.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/state/retry_policy.h"
#include "common/base/strmap.h"
#include "common/json/json.h"
#include "common/protocol/record.h"
#include "common/protocol/topic_config.h"

struct groups;

#define GROUP_RETRY_QUEUES_MAX 1024 /* a peer may not ask for more */

struct group {
	char name[RECORD_TOPIC_MAX + 1];
	bool consume_enable;
	bool consume_from_min_enable;
	bool consume_broadcast_enable;
	bool notify_ids_changed;
	bool consume_orderly; /* consumeMessageOrderly of 5.x */
	int32_t retry_queues;
	int32_t retry_max;
	int64_t broker_id;
	int64_t which_when_slow;
	int32_t sys_flag;
	int32_t consume_timeout_minute;
	struct retry_policy retry_policy;
};

struct groups *groups_new(void);
void groups_free(struct groups *groups);
bool groups_find(struct groups *groups, struct slice name, struct group *out);
/* Adds or replaces; the data version grows. */
void groups_put(struct groups *groups, const struct group *group);
/* Adds unless there is one of this name; *now is what counts then. True when it was added. */
bool groups_add(struct groups *groups, const struct group *group, struct group *now);
bool groups_remove(struct groups *groups, struct slice name);
size_t groups_count(struct groups *groups);
struct data_version groups_version(struct groups *groups);
/* A snapshot in order of names; the caller frees it. */
struct group *groups_list(struct groups *groups, size_t *n);
/* A portion of all groups, lent while the lock is held; see strmap_visit. */
bool groups_visit(struct groups *groups, struct strmap_cursor *cursor, size_t max,
    void (*each)(void *arg, const struct group *group), void *arg);
/* RocketMQ's defaults under this name, which must fit. */
void group_init(struct group *group, struct slice name);
void group_write(struct json_out *out, const struct group *group);
/*
 * NULL, or why it is no group (static): its name is not valid, a count or a delay is out of bounds.
 * Absent members have their defaults.
 */
const char *group_read(const struct json *json, struct group *group);

#endif
