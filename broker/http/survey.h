#ifndef BROKER_SURVEY_H
#define BROKER_SURVEY_H

/*
 * What the broker knows of its queues and of its groups' progress, for one exchange. The bounds of
 * queues come from a loop, in portions of a turn each, and the offsets in portions of the lock, so
 * that no loop stops for longer than a portion takes (some tens of microseconds). On the server's
 * thread, but for the portions.
 */

#include "broker/http/broker_http.h"
#include "common/base/strmap.h"

struct surveyed_queue {
	int32_t queue_id;
	int64_t min_offset, max_offset;
	int64_t last_timestamp; /* ms; 0: none in this store */
};

struct surveyed_topic {
	struct slice name; /* in the table's key */
	int32_t read_queues, write_queues, perm;
	bool known; /* there is such a topic now */
	bool order, system;
	struct surveyed_queue *queues; /* those that ever had a message */
	size_t n, cap;
	int64_t sum_max, sum_min; /* over the queues that consumers read */
	int64_t last_timestamp;
};

/* How far a group is in a topic. */
struct surveyed_progress {
	struct slice group;
	const struct surveyed_topic *topic;
	int64_t sum_offset; /* of the queues that have one, each at most the queue's end */
	int64_t lag;        /* messages that the group has not consumed; never below 0 */
};

struct survey {
	struct strmap table;            /* name -> struct surveyed_topic */
	struct surveyed_topic **topics; /* in order of names */
	size_t n_topics;
	struct surveyed_progress *progress; /* of one group next to each other, in order of names */
	size_t n_progress;
};

/* `done` runs on the server's thread; the result lives until survey_free, and in its exchange. */
void survey_begin(struct http_exchange *exchange,
    void (*done)(struct http_exchange *exchange, struct survey *survey));
/* The queue of a topic; NULL: it has had no message. */
const struct surveyed_queue *surveyed_queue(const struct surveyed_topic *topic, int32_t queue_id);
void survey_free(struct survey *survey);

#endif
