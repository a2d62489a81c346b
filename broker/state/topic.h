#ifndef BROKER_TOPIC_H
#define BROKER_TOPIC_H

/*
 * The topics of this broker. A table in memory with one lock (a leaf), loaded
 * from meta.db at start. Changes are made here first and kept by a meta job
 * that the caller sends. Any thread; answers are copied out.
 */

#include <stdbool.h>
#include <stdint.h>

#include "broker/state/attribute.h"
#include "common/base/strmap.h"
#include "common/protocol/record.h"
#include "common/protocol/topic_config.h"

#define TOPIC_QUEUES_MAX 65535 /* a peer may not ask for more */
#define TOPIC_RETRY_PREFIX "%RETRY%"
#define TOPIC_DEAD_PREFIX "%DLQ%"

struct topics;

struct topic {
	char name[RECORD_TOPIC_MAX + 1];
	int32_t read_queues;
	int32_t write_queues;
	int32_t perm;
	int32_t sys_flag;
	bool order;
	bool multi_tag;
	struct attributes attributes;
	bool system;     /* made at each start, not kept on disk */
	int64_t changed; /* the counter of the data version that it came with; the table sets it */
};

/* The topic that one thread asked for last, if it asks for the same one again and again. */
struct topic_memo {
	struct topic topic;
	size_t name_len;
	uint64_t changes; /* of the table when it was found; 0: none was */
};

struct topics *topics_new(void);
void topics_free(struct topics *topics);
bool topics_find(struct topics *topics, struct slice name, struct topic *out);
/* The same, remembered until a topic changes; NULL: there is none. Lent until the next call. */
const struct topic *topics_find_again(
    struct topics *topics, struct slice name, struct topic_memo *memo);
/* Adds or replaces; the data version grows. True when there was none of this name. */
bool topics_put(struct topics *topics, const struct topic *topic);
/* Adds unless there is one of this name; *now is what counts then. True when it was added. */
bool topics_add(struct topics *topics, const struct topic *topic, struct topic *now);
bool topics_remove(struct topics *topics, struct slice name);
size_t topics_count(struct topics *topics);
struct data_version topics_version(struct topics *topics);
/* A snapshot in order of names, and its version unless NULL; the caller frees it. */
struct topic *topics_list(struct topics *topics, size_t *n, struct data_version *version);
/*
 * The topics that changed after this counter of the data version, in no order, and the version that
 * has them. NULL when one was removed since: only the whole list says so. The caller frees it.
 */
struct topic *topics_changed(
    struct topics *topics, int64_t since, size_t *n, struct data_version *version);
/* A portion of all topics, lent while the lock is held; see strmap_visit. */
bool topics_visit(struct topics *topics, struct strmap_cursor *cursor, size_t max,
    void (*each)(void *arg, const struct topic *topic), void *arg);
/* The order flag of each topic: whether it is in the list. The data version stays. */
void topics_set_order(struct topics *topics, const struct slice *ordered, size_t n);
/* A topic of this name with RocketMQ's defaults: 16 queues, perm 6. The name must fit. */
void topic_init(struct topic *topic, struct slice name);
/* The queue for a message of that queue now: it is another one if the topic has fewer queues. */
int32_t topic_queue_now(const struct topic *topic, int32_t queue_id);
/*
 * As meta.db, registration and GET_ALL_TOPIC_CONFIG write it. The name is lent from the topic; the
 * attributes are in the arena, and absent when there are none.
 */
struct topic_config topic_to_config(const struct topic *topic, struct arena *arena);
/* 0, or -1 when name, queues or perm cannot be those of a topic. It has no attributes yet. */
int topic_from_config(const struct topic_config *config, struct topic *topic);

#endif
