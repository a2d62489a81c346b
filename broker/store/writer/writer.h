#ifndef STORE_WRITER_H
#define STORE_WRITER_H

/*
 * The thread that owns the live segment and meta.db. Its inbox takes appends, changes of meta.db,
 * questions about half messages, reads that need what only it knows, and retention.
 *
 * One batch: dequeue up to a bound, commit it as one transaction, publish it to the
 * tails, post the replies. While it commits, the next batch comes together, so a lone message is
 * not delayed and a thousand share one sync.
 *
 * Waking a sleeping thread and being woken by it cost more than a small commit. With ASYNC_FLUSH
 * an idle loop with a small batch therefore commits it itself when the writer is idle: the holder
 * of batch_lock is the writer.
 *
 *   writer.c   the thread, the inline commit
 *   submit.c   appends on their way from a loop to the writer
 *   gather.c   whether they wait for more
 *   batch.c    dequeuing; places of the records
 *   commit.c   the batch's transaction      roll.c   the next segment
 *   dedup.c    unique keys that came lately
 *   apply.c    records that another broker placed
 *   drop.c     topics that go               flush.c  index blocks
 *   listen.c   what a copy is told          copy_gate.c  replies that wait for copies
 */

#include "broker/store/base.h"
#include "broker/store/half/half_rows.h"
#include "broker/store/half/half_table.h"
#include "broker/store/log/segment_write.h"
#include "broker/store/writer/copy_gate.h"
#include "broker/store/writer/dedup.h"
#include "broker/store/timed/timed_table.h"

struct closer;
struct readers;
struct syncer;

struct batch {
	struct task_chain needed; /* metas that are committed before the appends */
	struct task_chain appends, metas, reads;
	struct task_chain duplicates; /* of appends of this batch */
	size_t n_records, n_bytes;
	struct apply_job *apply; /* the last task of its batch; NULL: none */
	bool barrier;            /* later tasks must not share this commit */
};

struct writer {
	struct store_base *base;
	struct meta *meta;
	struct closer *closer;
	struct readers *readers;
	struct syncer *syncer; /* NULL: SYNC_FLUSH, or not started */
	pthread_t thread;
	struct task stop_task;
	pthread_mutex_t batch_lock; /* all below */
	int64_t wakes_ms;           /* monotonic: when the thread looks by itself again */
	int64_t inline_after_ms;    /* monotonic: no inline commit before, the disk was slow */
	bool stop;
	struct segment_writer out;
	struct pending pending;
	int64_t pending_since_ms; /* monotonic, of the oldest pending entry */
	struct half_table halves;
	struct half_rows half_rows;
	struct timed_table timed;
	struct dedup dedup;
	int64_t position;      /* the next record's */
	int64_t timestamp;     /* of the newest record; never goes back */
	int64_t next_probe_ms; /* monotonic: when a full disk is tried again */
	int64_t next_roll_ms;  /* monotonic: when a failed change of segments is tried again */
	struct task *todo;     /* taken from the inbox, not yet in a batch */
	struct batch batch;
	struct task_chain *replies; /* per loop, posted at the end of the batch */
	/* copies */
	struct store_listener *listener; /* NULL: none; set before the start */
	struct copy_gate gate;
	struct task_chain *held;   /* per loop, replies of the batch that wait for slaves */
	struct task_chain *hidden; /* per loop, its notice, if it does */
	int64_t held_bytes;
};

struct writer *writer_new(
    struct store_base *base, struct meta *meta, struct closer *closer, struct readers *readers);
void writer_free(struct writer *writer);
/* syncer: NULL with SYNC_FLUSH. */
void writer_start(struct writer *writer, struct syncer *syncer);
void writer_stop(struct writer *writer);
/* After writer_stop: fails the jobs that came too late. */
void writer_drain(struct writer *writer);

/*
 * Commits the appends that begin with `first`, which are few, on the loop's
 * own thread, and runs there the replies that are its own. False: it was not possible,
 * nothing was done, the appends are to be posted. For the end of a turn of the loop.
 */
bool writer_commit_inline(struct writer *writer, struct loop *loop, struct task *first);
/*
 * The same for a job that is small, on the thread of its reply loop: it is applied, and its reply
 * is posted.
 */
bool writer_apply_inline(struct writer *writer, struct apply_job *job);
/* It commits now, or is about to: what is posted meanwhile shares the next commit. Any thread. */
bool writer_is_busy(struct writer *writer);
/* Publishes the counts of half messages and timed ones, and when the next are due. */
void writer_publish_counts(struct writer *writer);

#endif
