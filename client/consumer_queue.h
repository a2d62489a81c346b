#ifndef CLIENT_CONSUMER_QUEUE_H
#define CLIENT_CONSUMER_QUEUE_H

/*
 * One queue of a push consumer, from the moment when it is ours until it is not:
 *
 *     LOCKING -> (ordered only) the broker's lock; asked again until we have it, then renewed; one
 *                request asks for all queues of a broker that want it
 *     ASKING  -> where to begin
 *     PULLING -> one pull in flight
 *     CONSUMING -> a pull's messages, one by one; then those that come later go back to the broker
 *
 * The handle's thread.
 */

#include <stdbool.h>
#include <sys/queue.h>

#include "client/twinmq_consumer.h"

/* What the queues of a consumer share. */
struct consumer_context {
	struct twinmq *mq;               /* NULL: closed */
	struct consumer_options options; /* its texts are not valid any more */
	struct slice group;
	struct slice client_id;
	struct slice retry_topic;
	struct consumer_counts counts;
	struct twinmq_error trouble;
	LIST_HEAD(, consumer_queue) lockers; /* ordered: the queues that want or hold a lock */
	struct timer ask_locks;
	size_t n_users; /* queues, and calls in flight of the consumer */
	void (*unused)(struct consumer_context *context); /* n_users fell to 0 */
};

void consumer_context_ref(struct consumer_context *context);
void consumer_context_unref(struct consumer_context *context);

struct message_back;

struct consumer_queue {
	LIST_ENTRY(consumer_queue) entry; /* the owner's */
	struct consumer_context *context;
	struct arena arena; /* of the names */
	struct message_queue queue;
	struct slice subscription; /* tags to compare; absent: none */
	int64_t version;           /* of the subscription */
	struct timer timer;        /* what goes on later */
	void (*again)(struct consumer_queue *at);
	bool stopped;
	size_t n_pending; /* calls in flight */
	/* ordered */
	LIST_ENTRY(consumer_queue) locker;
	int64_t locked_until_ms;
	int64_t lock_at_ms; /* when it is asked for next */
	bool locking, begun;
	int attempts; /* of the message at hand */
	/* offsets */
	int64_t next;                /* to pull */
	int64_t consumed, committed; /* -1: not known */
	/* the messages of a pull */
	struct arena batch;
	struct slice records;              /* that are left */
	int64_t behind;                    /* the offset behind all of them */
	STAILQ_HEAD(, message_back) backs; /* that go back to the broker, in the batch's arena */
	size_t n_back;
	bool pulling, moved; /* moved: what the pull in flight brings is not wanted */
	/* for people; wall clock, 0: never */
	int64_t pulled_ms, consumed_ms, locked_ms;
};

/* Starts; *subscription: what the heartbeat says of its topic, lent as long as the consumer lives.
 */
struct consumer_queue *consumer_queue_start(struct consumer_context *context,
    const struct message_queue *queue, const struct subscription *subscription);
/* Commits, unlocks; frees it when no call is in flight. The owner has taken it from its list. */
void consumer_queue_stop(struct consumer_queue *at);
/* Tells the broker how far it was consumed, if that is news. */
void consumer_queue_commit(struct consumer_queue *at);
/* Hands a message to the program that no queue of ours brought. Its body may be in the arena. */
enum consume_outcome consumer_deliver(struct consumer_context *context,
    const struct message_queue *queue, const struct record *record, struct arena *arena);
/* Of a consumer_context: asks for the locks that are due. */
void consumer_ask_locks(struct timer *timer);
/* Goes on from there. */
void consumer_queue_reset(struct consumer_queue *at, int64_t offset);

#endif
