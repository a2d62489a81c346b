#ifndef BROKER_QUEUE_LOCK_H
#define BROKER_QUEUE_LOCK_H

/*
 * Locks on queues for ordered consumption: (group, topic, queue) -> the client that may consume,
 * until its lease ends. One lock (a leaf). Any thread; times are of clock_mono_ms.
 *
 * A queue that nobody holds is lent to the first that asks. A client that asks in vain is
 * remembered, one for each queue, so that it can be told when the queue is free.
 *
 * meta.db has a row for each queue that is held, which a change of its holder writes and a renewal
 * does not. So after a restart each queue is kept for its holder for a while, as that may count on
 * its lease; the others are free. A row may name one that has given the queue back, never one
 * that has not held it since: the next holder is told after the commit.
 *
 * A store of an older version has no rows. After its first start a queue that a group consumed
 * before is kept for the connection that commits its offset, which only a holder does.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/slice.h"
#include "common/net/conn.h"
#include "common/protocol/message_queue.h"

struct meta_job;

struct queue_locks;

/* reserved_until_ms: until then the holders of the time before the start are waited for. */
struct queue_locks *queue_locks_new(int64_t reserved_until_ms);
void queue_locks_free(struct queue_locks *locks);
/* At start: a row of META_SETTING; false when it is another module's. */
bool queue_locks_load(struct queue_locks *locks, struct slice name, struct slice client_id);

/* The client that asks, and what counts at this moment. Texts are lent for the call. */
struct lock_asker {
	struct slice group;
	struct slice client_id;
	struct conn_id conn; /* where it wants to be told that a queue is free */
	int64_t now_ms;
	int64_t lease_ms;
	size_t max; /* queues that are locked or waited for, of all groups */
};

struct lock_wish {
	struct message_queue queue; /* its broker name does not count */
	bool consumed_before;       /* the group has an offset of it */
	bool held;                  /* answer: the asker holds it for lease_ms from now on, */
	bool unsaved;               /* ... which is to be written before it is told */
};

/* Somebody that asked in vain for a queue that is free now. The group lives in the arena. */
struct lock_waiter {
	struct slice group;
	struct conn_id conn;
};

struct lock_waiters {
	const struct lock_waiter *list; /* each once for each group */
	size_t n;
};

/* Returns how many wishes were not fulfilled because there are `max` locks. */
size_t queue_locks_take(struct queue_locks *locks, const struct lock_asker *asker,
    struct lock_wish *wishes, size_t n_wishes);
/* Of the asker's locks, those on these queues. */
struct lock_waiters queue_locks_give_back(struct queue_locks *locks, const struct lock_asker *asker,
    const struct message_queue *queues, size_t n_queues, struct arena *arena);
/* The client is no member of the group any more. */
void queue_locks_leave(
    struct queue_locks *locks, struct slice group, struct slice client_id, int64_t now_ms);
/*
 * A consumer of the group committed an offset of the queue on this connection. True: it asked for
 * the lock in vain before, and gets it if it asks again.
 */
bool queue_locks_hear(struct queue_locks *locks, const struct lock_asker *asker, struct slice topic,
    int32_t queue_id);
/* Whether queue_locks_hear and consumed_before still change anything. No lock. */
bool queue_locks_are_guessed(const struct queue_locks *locks, int64_t now_ms);
/* Forgets leases that ended. */
struct lock_waiters queue_locks_expire(
    struct queue_locks *locks, int64_t now_ms, struct arena *arena);
/*
 * What rows have to change; NULL: none. On loop 0 only, and submitted at once: jobs are in the
 * order of changes.
 */
struct meta_job *queue_locks_save(struct queue_locks *locks, int64_t now_ms);
/* The rows of these queues are written: of those that the client still holds. */
void queue_locks_saved(struct queue_locks *locks, struct slice group, struct slice client_id,
    const struct message_queue *queues, size_t n_queues);
/* Queues that are locked or waited for. */
size_t queue_locks_count(struct queue_locks *locks);

#endif
