#ifndef BROKER_CONSUMERS_LOCK_QUEUES_H
#define BROKER_CONSUMERS_LOCK_QUEUES_H

/*
 * Ordered consumption, whatever protocol asks for it: one client of a group consumes a queue at a
 * time. Clients ask for the locks of their queues again and again; a lock ends when they give it
 * back, leave the group, or do not ask for rebalanceLockMaxLiveTime. Whoever asked in vain is told
 * to ask again (40). Nothing is stored. On any loop.
 */

#include "broker/context.h"
#include "broker/state/offset.h"
#include "common/protocol/lock_batch.h"

/* What became of a wish for locks. */
struct locked_queues {
	const struct message_queue *held; /* of those that were asked for; in the loop's arena */
	size_t n_held;
	const char *why; /* NULL, or why one could not be had, other than that somebody has it */
};

/*
 * The client of the batch asks on `conn`. Queues that this broker does not have are left out. The
 * group exists.
 */
struct locked_queues lock_queues(
    struct broker *broker, struct loop *loop, struct conn_id conn, const struct lock_batch *batch);
void unlock_queues(struct broker *broker, struct loop *loop, const struct lock_batch *batch);
/* A member of the group, which exists, committed an offset on `conn`. */
void lock_queues_hear(
    struct broker *broker, struct loop *loop, struct conn_id conn, const struct offset_row *row);
/* Forgets leases that ended. Each second, on loop 0. */
void lock_queues_expire(struct broker *broker, struct loop *loop);

#endif
