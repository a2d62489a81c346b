#ifndef BROKER_CONSUMERS_LOCK_QUEUES_H
#define BROKER_CONSUMERS_LOCK_QUEUES_H

/*
 * Ordered consumption, whatever protocol asks for it: one client of a group consumes a queue at a
 * time. Clients ask for the locks of their queues again and again; a lock ends when they give it
 * back, leave the group, or do not ask for rebalanceLockMaxLiveTime. A client that asked in vain is
 * told to ask again (40). The holder of a queue is stored, renewals are not. On any loop.
 */

#include "broker/context.h"
#include "broker/state/offset.h"
#include "common/protocol/lock_batch.h"

/* What became of a wish for locks. */
struct locked_queues {
	const struct message_queue *held; /* of those that were asked for; in the loop's arena */
	size_t n_held;
	const char *why; /* NULL, or why one could not be had, other than that somebody has it */
	bool unsaved;    /* lock_queues_save is to be called before the client is told */
};

/*
 * The client of the batch asks on `conn`. Queues that this broker does not have are left out. The
 * group exists.
 */
struct locked_queues lock_queues(
    struct broker *broker, struct loop *loop, struct conn_id conn, const struct lock_batch *batch);
/* Called once, on the loop. */
typedef void locks_saved_fn(void *context, struct loop *loop);

/* Writes the holders of these queues of the batch. Texts are copied. */
void lock_queues_save(struct broker *broker, struct loop *loop, const struct lock_batch *batch,
    const struct locked_queues *locked, locks_saved_fn *done, void *context);
void unlock_queues(struct broker *broker, struct loop *loop, const struct lock_batch *batch);
/* A member of the group, which exists, committed an offset on `conn`. */
void lock_queues_hear(
    struct broker *broker, struct loop *loop, struct conn_id conn, const struct offset_row *row);
/* Forgets leases that ended, and writes that. Each second, on loop 0. */
void lock_queues_expire(struct broker *broker, struct loop *loop);

#endif
