#ifndef CLIENT_TWINMQ_CONSUMER_H
#define CLIENT_TWINMQ_CONSUMER_H

/*
 * Push consumers with libtwinmq. The members of a group share the queues of the topics that they
 * subscribe to, as RocketMQ's clients in other languages do (allocation AVG), and one group may
 * have members in several languages. A consumer pulls its queues and calls on_message for each
 * message.
 *
 * At least once: an offset is committed behind messages that were consumed, every five seconds and
 * at the end, so a message may come again after a crash or when a queue changes its owner.
 *
 * What on_message answers with CONSUME_LATER comes again. Without `ordered`, the broker delivers it
 * through the group's retry topic after a delay that grows with each attempt, and puts it with the
 * dead letters (%DLQ%GROUP) after max_attempts. With `ordered`, its queue waits for it: the
 * messages of a queue are consumed one after the other, by one member at a time, which holds a lock
 * of the broker.
 *
 * Threads, ownership, errors and times are as in twinmq.h. on_message runs on the handle's loop:
 * heartbeats wait for it, so it takes seconds at most. It may send with asynchronous calls; it must
 * not free the consumer or close the handle.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/twinmq.h"
#include "common/protocol/heartbeat.h"

enum consume_outcome {
	CONSUME_DONE,
	CONSUME_LATER, /* once more */
};

/* A message to be consumed. All of it is lent until on_message returns. */
struct message_delivery {
	struct slice topic;                 /* that it was sent to, also on a later attempt */
	struct slice body;                  /* uncompressed; absent when it is damaged */
	struct slice tags, keys, unique_id; /* absent: none */
	int attempt;                        /* 1, 2 ... */
	const struct message_queue
	    *queue;                  /* where it was read; of later attempts: the retry topic */
	const struct record *record; /* as stored; property_find has its properties */
};

struct consumer_subscription {
	const char *topic;
	/* Tags separated by ||, or "*"; with is_sql an SQL92 expression on the properties. */
	const char *expression; /* NULL: all messages */
	bool is_sql;
};

struct consumer_options {
	const char *group;
	const struct consumer_subscription *subscriptions;
	size_t n_subscriptions;
	enum consume_outcome (*on_message)(void *context, const struct message_delivery *delivery);
	void *context; /* of the callbacks */
	bool ordered;
	/*
	 * Each member gets all messages. Nothing is retried, and offsets are kept by load_offset
	 * and save_offset, else not at all.
	 */
	bool broadcasting;
	/* Where a group begins that has no offset: from LAST_OFFSET, FIRST_OFFSET or TIMESTAMP. */
	enum consume_from from;
	int64_t from_time_ms; /* of TIMESTAMP */
	int pull_messages;    /* at once, of a queue; 0: 32 */
	int max_attempts;     /* before it is a dead letter; 0: 17; ordered: 0: no limit */
	int suspend_ms;       /* ordered: before the next attempt; 0: 1000 */
	/*
	 * Offsets with the program's own data, so that work and offset are one transaction. load:
	 * the next offset to consume, or -1 when nothing is known. save: all below is consumed; it
	 * is called after each message. NULL: the broker keeps them.
	 */
	int64_t (*load_offset)(void *context, const struct message_queue *queue);
	void (*save_offset)(void *context, const struct message_queue *queue, int64_t offset);
};

struct push_consumer;

/*
 * Registers with every master, then joins the group and consumes while the loop runs. A handle has
 * one consumer for each group. NULL when the options are wrong, and *error says which.
 */
struct push_consumer *push_consumer_new(
    struct twinmq *mq, const struct consumer_options *options, struct twinmq_error *error);
/*
 * Commits what was consumed, gives the queues up, and leaves the group. Before or after the handle
 * is closed. A handle with its own loop runs it once to send the last offsets.
 */
void push_consumer_free(struct push_consumer *consumer);

/* Since the consumer was made. */
struct consumer_counts {
	int64_t n_consumed;      /* answered with CONSUME_DONE */
	int64_t n_later;         /* answered with CONSUME_LATER */
	int64_t n_queues;        /* that it has now, without the retry topic */
	int64_t n_lock_requests; /* ordered: each for all queues of a broker that need a lock */
};

void push_consumer_get_counts(const struct push_consumer *consumer, struct consumer_counts *counts);
/* The last error of a call to a broker or name server, for a log; "" when there was none. */
const char *push_consumer_trouble(const struct push_consumer *consumer);

#endif
