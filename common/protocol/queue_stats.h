#ifndef COMMON_QUEUE_STATS_H
#define COMMON_QUEUE_STATS_H

/*
 * Offsets and times per queue: of a topic, and of a group that consumes it.
 * Source: protocol description 3.3, 3.4.
 * Readers return 0, or -1 when the body has another form. What they read lives
 * in the arena or points into the body. Any thread.
 */

#include <stddef.h>
#include <stdint.h>

#include "common/protocol/message_queue.h"

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
	int64_t pull_offset;    /* 5.x; -1: absent */
	int64_t last_timestamp; /* ms: store time of the last consumed message */
	int64_t committed_ms;   /* ours: of the last commit; 0: not known */
};

struct consume_stats {
	double tps;
	const struct consume_progress *queues;
	size_t n_queues;
};

void consume_stats_write(struct json_out *out, const struct consume_stats *stats);
int consume_stats_read(struct arena *arena, struct slice body, struct consume_stats *stats);

#endif
