#ifndef STORE_WRITER_H
#define STORE_WRITER_H

/*
 * The thread that owns the live segment and meta.db. Its inbox takes appends,
 * meta jobs, read jobs that need what only it knows, and what the closer found.
 *
 * One batch: dequeue what is there up to a bound, commit it as one transaction,
 * publish it to the tails, post the replies. While it commits, the next batch comes together,
 * so a lone message is not delayed and a thousand share one sync.
 *
 * Waking a sleeping thread and being woken by it cost more than a small commit. With ASYNC_FLUSH
 * an idle loop with a small batch therefore commits it itself when the writer is idle: the holder
 * of batch_lock is the writer.
 */

#include "broker/store/half/half_rows.h"
#include "broker/store/half/half_table.h"
#include "broker/store/log/segment_write.h"
#include "broker/store/store_private.h"

struct batch {
	struct task_chain appends, metas, reads;
	size_t n_records, n_bytes;
	bool barrier; /* what follows must not share this commit */
};

struct writer {
	struct store *store;
	struct mailbox inbox;
	pthread_t thread;
	struct task stop_task;
	bool ended;                 /* the thread is gone: what still comes is turned away */
	pthread_mutex_t batch_lock; /* all below */
	int64_t wakes_ms;           /* monotonic: when the thread looks by itself again */
	int64_t inline_after_ms;    /* monotonic: no inline commit before, the disk was slow */
	bool stop;
	struct segment_writer out;
	struct pending pending;
	int64_t pending_since_ms; /* monotonic, of the oldest pending entry */
	struct half_table halves;
	struct half_rows half_rows;
	int64_t position;      /* the next record's */
	int64_t timestamp;     /* of the newest record; never goes back */
	int64_t next_probe_ms; /* monotonic: when a full disk is tried again */
	int64_t next_roll_ms;  /* monotonic: when a failed change of segments is tried again */
	struct task *todo;     /* taken from the inbox, not yet in a batch */
	struct batch batch;
	struct task_chain *replies; /* per loop, what this batch sends */
};

struct writer *writer_new(struct store *store);
void writer_free(struct writer *writer);
void writer_start(struct writer *writer);
void writer_stop(struct writer *writer);
/* After writer_stop: turns away what came too late. */
void writer_drain(struct writer *writer);
/* Any thread. */
void writer_post(struct writer *writer, struct task *task);

/*
 * Commits the appends that begin with `first`, which are few, on the loop's
 * own thread, and runs there the replies that are its own. False: it was not possible,
 * nothing was done, the appends are to be posted. For the end of a turn of the loop.
 */
bool writer_commit_inline(struct writer *writer, struct loop *loop, struct task *first);

/* dequeue.c: what a task does on the writer's thread (its receiver). */
void dequeue_append(struct task *task, void *writer);
void dequeue_read(struct task *task, void *writer);
void dequeue_meta(struct task *task, void *writer);
void dequeue_half(struct task *task, void *writer);
/* Hands the reads of the batch on, with what only the writer knows. */
void writer_pass_reads(struct writer *writer);

/* writer_commit.c: commits the appends of the batch and what has to be flushed with them. */
void writer_commit(struct writer *writer);
/* The next commit will begin with a change of segments. */
bool writer_rolls_next(const struct writer *writer);
/* Index entries have waited long enough for their blocks, or there are many. */
bool writer_flush_is_due(const struct writer *writer);
/* ms until it is by time alone; -1: never. */
int writer_flush_in_ms(const struct writer *writer);
/* Commits what is pending as blocks; closing: also what a closed segment must say of itself. */
int writer_flush(struct writer *writer, bool closing);
/* Makes a segment that begins at the writer's position the live one, and leaves the last as it is;
 * an SQLite code. */
int writer_open_segment(struct writer *writer);
/* Forgets the queues of a topic; an SQLite code. */
int writer_drop_topic(struct writer *writer, struct slice topic);
/* What a failed commit means for the appends that were in it, and for the store. */
enum append_status writer_failed(struct writer *writer, int rc);

/* Publishes the counts of half messages and when the next is due. */
void writer_publish_halves(struct writer *writer);
/* What is known to be on the disk: a log position. */
int64_t writer_synced(const struct writer *writer);

/* Sends the notice to each loop, with what else this batch sends, and lets go of it. */
void writer_publish(struct writer *writer, struct commit_notice *notice);

#endif
