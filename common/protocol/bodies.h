#ifndef COMMON_BODIES_H
#define COMMON_BODIES_H

/*
 * Small JSON bodies that daemons write and tools read, or the reverse. Source:
 * protocol description 3.3, 3.4. Readers answer 0, or -1 when it is no such
 * body; what they read lives in the arena or points into the body. Any thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/json/json.h"
#include "common/protocol/command.h"
#include "common/protocol/heartbeat.h"

struct message_queue {
	struct slice topic;
	struct slice broker_name;
	int32_t id;
};

int message_queue_read(const struct json *json, struct message_queue *queue);

/* KVTable (28, 219, the answer to 103): {"table":{"k":"v"}}. */
void kv_table_write(struct json_out *out, const struct ext *pairs, size_t n_pairs);
int kv_table_read(
    struct arena *arena, struct slice body, const struct ext **pairs, size_t *n_pairs);

/* One member that is a list of names: consumerIdList (38), groupList (300). */
void name_list_write(
    struct json_out *out, const char *member, const struct slice *names, size_t n_names);
int name_list_read(struct arena *arena, struct slice body, const char *member,
    const struct slice **names, size_t *n_names);

/* TopicList (206, 224, 304, 305, 311-313). */
struct topic_list {
	struct slice broker_addr; /* absent when there is none */
	const struct slice *topics;
	size_t n_topics;
};

void topic_list_write(struct json_out *out, const struct topic_list *list);
int topic_list_read(struct arena *arena, struct slice body, struct topic_list *list);

/* TopicStatsTable (202). */
struct queue_stats {
	struct message_queue queue;
	int64_t min_offset;
	int64_t max_offset;
	int64_t last_update; /* ms, 0: empty */
};

void topic_stats_write(struct json_out *out, const struct queue_stats *stats, size_t n_stats);
int topic_stats_read(
    struct arena *arena, struct slice body, const struct queue_stats **stats, size_t *n_stats);

/* ConsumeStats (208, and within 317). */
struct consume_progress {
	struct message_queue queue;
	int64_t broker_offset;
	int64_t consumer_offset;
	int64_t pull_offset;    /* 5.x; -1: not said */
	int64_t last_timestamp; /* ms: store time of the last consumed message */
};

struct consume_stats {
	double tps;
	const struct consume_progress *queues;
	size_t n_queues;
};

void consume_stats_write(struct json_out *out, const struct consume_stats *stats);
int consume_stats_read(struct arena *arena, struct slice body, struct consume_stats *stats);

/* ConsumerConnection (203), ProducerConnection (204): without `consumer` it is the latter. */
struct client_connection {
	struct slice client_id;
	struct slice address; /* "ip:port" */
	enum command_language language;
	int32_t version;
};

struct consumer_state {
	enum consume_type type;
	enum message_model model;
	enum consume_from from;
	const struct subscription *subscriptions;
	size_t n_subscriptions;
};

struct connection_list {
	const struct client_connection *connections;
	size_t n_connections;
	const struct consumer_state *consumer; /* NULL: of producers */
};

void connection_list_write(struct json_out *out, const struct connection_list *list);
int connection_list_read(struct arena *arena, struct slice body, struct connection_list *list);

/* {"offsetTable":{MQ:7}} (220, 222) or {"messageQueueTable":{MQ:7}} (221). */
struct queue_offset {
	struct message_queue queue;
	int64_t offset;
};

void queue_offsets_write(
    struct json_out *out, const char *member, const struct queue_offset *offsets, size_t n_offsets);
/* Also takes the form for C++ clients, an array of queues with an offset each. */
int queue_offsets_read(struct arena *arena, struct slice body, const char *member,
    const struct queue_offset **offsets, size_t *n_offsets);
/* The array form, which C++ clients need in 220. */
void queue_offsets_write_array(
    struct json_out *out, const struct queue_offset *offsets, size_t n_offsets);

/* LOCK_BATCH_MQ (41), UNLOCK_BATCH_MQ (42), and the answer to the former. */
struct lock_batch {
	struct slice group;
	struct slice client_id;
	const struct message_queue *queues;
	size_t n_queues;
};

int lock_batch_read(struct arena *arena, struct slice body, struct lock_batch *batch);
void lock_batch_write(struct json_out *out, const struct lock_batch *batch);
void lock_reply_write(struct json_out *out, const struct message_queue *queues, size_t n_queues);
int lock_reply_read(
    struct arena *arena, struct slice body, const struct message_queue **queues, size_t *n_queues);

#endif
