#ifndef STORE_COPY_GATE_H
#define STORE_COPY_GATE_H

/*
 * Replies of a SYNC_MASTER that wait until enough slaves have what they are about. A commit's
 * replies are held together: appends until the log is copied up to their end, changes of meta.db
 * until so many changes are. No thread waits: the thread that hears from the slaves posts them to
 * their loops.
 *
 * Where a slave may be promoted (`hides`), the notices to the tails wait too, so that no consumer
 * sees what its master may lose: it would go on behind offsets that the next master gives to other
 * messages. They do not go when a reply has waited for too long, only when the slaves have the
 * records or none of them can be promoted.
 */

#include <pthread.h>
#include <stdatomic.h>

#include "broker/store/base.h"

struct held_replies;

struct held_queue {
	struct held_replies *first, **last;
	int64_t copied; /* up to here: a log position, or a number of changes */
};

struct copy_gate {
	struct store_base *base;
	bool on, hides; /* set before the start */
	_Atomic int timeout_ms;
	_Atomic bool enough;  /* slaves are in sync */
	pthread_mutex_t lock; /* a leaf: the rest */
	bool closed;
	struct held_queue appends, metas, notices;
};

void copy_gate_init(struct copy_gate *gate, struct store_base *base);
void copy_gate_release(struct copy_gate *gate);
/* Whether a commit of now waits for slaves. The writer. */
bool copy_gate_holds(const struct copy_gate *gate);
/*
 * Holds the replies of appends, a chain for each loop, which are ready to be run, until the log is
 * copied up to `position`; they count as queued until then. The chains are taken. The writer.
 */
void copy_gate_hold_appends(struct copy_gate *gate, const struct task_chain *replies,
    int64_t position, int64_t queued_bytes);
/* The same for changes of meta.db. */
void copy_gate_hold_metas(
    struct copy_gate *gate, const struct task_chain *replies, int64_t meta_seq);
/*
 * Gives commit notices to the loops, a chain for each, in the order of these calls: when the log is
 * copied up to `position`, or at once when no slave is in sync. The chains are taken. The writer.
 */
void copy_gate_publish(struct copy_gate *gate, const struct task_chain *notices, int64_t position);
/* Whether slaves are in sync. Any thread, as of the next three. */
void copy_gate_set_enough(struct copy_gate *gate, bool enough);
/* Slaves have this. */
void copy_gate_copied(struct copy_gate *gate, int64_t position, int64_t meta_seq);
/* Lets go what waits for too long; when the next is due (monotonic), INT64_MAX: none waits. */
int64_t copy_gate_expire(struct copy_gate *gate);
/* Nothing is held from now on; replies that are held go, and notices are dropped. */
void copy_gate_close(struct copy_gate *gate);

#endif
