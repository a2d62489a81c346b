#include "config.h"

#include "broker/store/writer/writer.h"

#include <stdlib.h>

#include "broker/store/closer/closer.h"
#include "broker/store/writer/apply.h"
#include "broker/store/writer/batch.h"
#include "broker/store/writer/commit.h"
#include "broker/store/writer/drop.h"
#include "broker/store/writer/flush.h"
#include "broker/store/writer/publish.h"
#include "broker/store/writer/roll.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/thread.h"

#define PROBE_MS 1000

#define INLINE_SLOW_US 50000 /* a commit that took longer is none that a loop should wait for */
#define INLINE_PAUSE_MS 1000

struct writer *
writer_new(
    struct store_base *base, struct meta *meta, struct closer *closer, struct readers *readers)
{
	struct writer *writer = mem_zalloc(sizeof *writer);

	writer->base = base;
	writer->meta = meta;
	writer->closer = closer;
	writer->readers = readers;
	pthread_mutex_init(&writer->batch_lock, NULL);
	copy_gate_init(&writer->gate, base);
	half_rows_init(&writer->half_rows, &writer->halves, meta);
	timed_table_init(&writer->timed, base->options.path, base->options.vfs,
	    (size_t)base->options.timed_window);
	dedup_init(&writer->dedup, base->options.dedup_max_keys);
	writer->wakes_ms = INT64_MAX;
	return writer;
}

void
writer_free(struct writer *writer)
{
	segment_writer_close(&writer->out);
	half_rows_close(&writer->half_rows);
	half_table_release(&writer->halves);
	timed_table_release(&writer->timed);
	dedup_release(&writer->dedup);
	pending_release(&writer->pending);
	copy_gate_release(&writer->gate);
	pthread_mutex_destroy(&writer->batch_lock);
	free(writer->held);
	free(writer->hidden);
	free(writer->replies);
	free(writer);
}

static void
publish_timed(struct writer *writer)
{
	struct store_counters *to = &writer->base->counters;
	const struct timed_table *table = &writer->timed;

	if (table->db == NULL)
		return;
	atomic_store_explicit(&to->n_timed, table->n_pending, memory_order_relaxed);
	atomic_store_explicit(&to->n_timed_in_memory,
	    (int64_t)table->of[TIMED_STEADY].n + (int64_t)table->of[TIMED_WALL].n,
	    memory_order_relaxed);
	for (int clock = 0; clock < N_TIMED_CLOCKS; clock++)
		atomic_store_explicit(&to->timed_due_ms[clock],
		    timed_table_next(table, (enum timed_clock)clock), memory_order_relaxed);
	atomic_store_explicit(&to->timed_carry, table->keep_below != 0, memory_order_relaxed);
}

void
writer_publish_counts(struct writer *writer)
{
	struct store_counters *to = &writer->base->counters;
	const struct half_table *table = &writer->halves;
	const struct half_entry *soonest = half_table_soonest(table);

	atomic_store_explicit(&to->n_open, table->n_of[HALF_OPEN], memory_order_relaxed);
	atomic_store_explicit(&to->n_parked, table->n_of[HALF_PARKED], memory_order_relaxed);
	atomic_store_explicit(&to->n_revocable, table->n_of[HALF_REVOCABLE], memory_order_relaxed);
	atomic_store_explicit(
	    &to->next_due_ms, soonest != NULL ? soonest->due_ms : INT64_MAX, memory_order_relaxed);
	publish_timed(writer);
}

static bool
is_blocked(const struct writer *writer, unsigned which)
{
	return write_block_holds(&writer->base->write_blocks, which);
}

static int
write_probe(void *arg)
{
	return segment_put_probe(arg);
}

/* A full disk is asked once a second whether it is still full. */
static void
probe(struct writer *writer)
{
	if (!is_blocked(writer, WRITE_BLOCK_FULL) || is_blocked(writer, WRITE_BLOCK_BROKEN) ||
	    clock_mono_ms() < writer->next_probe_ms)
		return;
	writer->next_probe_ms = clock_mono_ms() + PROBE_MS;
	int rc = segment_write(&writer->out, write_probe, &writer->out);

	if (rc == SQLITE_OK) {
		write_block_clear(&writer->base->write_blocks, WRITE_BLOCK_FULL);
		log_info("store takes messages again path=%s", writer->base->options.path);
	} else if (!sql_is_full(rc)) {
		writer_failed(writer, rc);
	}
}

/* Of two waits; -1 is none. */
static int
sooner(int a_ms, int b_ms)
{
	if (a_ms == -1 || b_ms == -1)
		return a_ms > b_ms ? a_ms : b_ms;
	return a_ms < b_ms ? a_ms : b_ms;
}

static int
idle_ms(const struct writer *writer)
{
	int64_t wait = writer->next_probe_ms - clock_mono_ms();

	if (is_blocked(writer, WRITE_BLOCK_BROKEN))
		return -1;
	if (is_blocked(writer, WRITE_BLOCK_FULL))
		return wait > 0 ? (int)wait : 0;
	return sooner(flush_in_ms(writer),
	    sooner(half_rows_flush_in_ms(&writer->half_rows),
		timed_table_tend_in_ms(&writer->timed, writer_synced(writer))));
}

static void
flush_if_due(struct writer *writer)
{
	if (!flush_is_due(writer) || is_blocked(writer, WRITE_BLOCK_BROKEN | WRITE_BLOCK_FULL))
		return;
	int rc = writer_flush(writer, false);

	if (rc != SQLITE_OK) {
		writer->pending_since_ms = clock_mono_ms();
		writer_failed(writer, rc);
	}
}

static void
tend_timed(struct writer *writer)
{
	struct timed_table *table = &writer->timed;

	if (timed_table_tend_in_ms(table, writer_synced(writer)) == 0)
		timed_table_tend(table, writer_synced(writer));
	if (timed_table_wants_checkpoint(table)) {
		atomic_store(&table->checkpointing, true);
		closer_checkpoint(writer->closer, table->path, &table->checkpointing);
	}
}

static void
run_batch(struct writer *writer)
{
	batch_dequeue(writer);
	if (writer->batch.needed.first != NULL)
		writer_commit_needed(writer);
	if (writer->batch.appends.first != NULL)
		writer_commit(writer);
	else
		flush_if_due(writer);
	/* Before the replies: who has one may look at the counts. */
	publish_timed(writer);
	writer_post_replies(writer);
	if (writer->batch.metas.first != NULL) {
		writer_commit_metas(writer);
		writer_post_replies(writer);
	}
	if (writer->batch.apply != NULL)
		writer_apply(writer);
	batch_pass_reads(writer);
	if (half_rows_flush_in_ms(&writer->half_rows) == 0)
		half_rows_flush(&writer->half_rows, writer_synced(writer), false);
	tend_timed(writer);
	writer_publish_counts(writer);
	probe(writer);
}

static void *
run(void *arg)
{
	struct writer *writer = arg;

	pthread_mutex_lock(&writer->batch_lock);
	while (!writer->stop) {
		if (writer->todo == NULL) {
			int wait_ms = idle_ms(writer);

			writer->wakes_ms = wait_ms == -1 ? INT64_MAX : clock_mono_ms() + wait_ms;
			pthread_mutex_unlock(&writer->batch_lock);
			mailbox_wait(&writer->base->inboxes.writer, wait_ms);
			pthread_mutex_lock(&writer->batch_lock);
		}
		run_batch(writer);
	}
	pthread_mutex_unlock(&writer->batch_lock);
	return NULL;
}

/*
 * An idle loop commits a small batch itself when the writer is idle, nothing else is due, and no
 * commit waits. The loop's own inbox must be empty, or it would learn of this commit before an
 * earlier one.
 */
static bool
may_commit_inline(const struct writer *writer, const struct loop *loop)
{
	return writer->base->options.flush == STORE_FLUSH_ASYNC && !loop->pressed &&
	       !writer->stop && writer->todo == NULL &&
	       mailbox_is_empty(&writer->base->inboxes.writer) && mailbox_is_empty(&loop->inbox) &&
	       !is_blocked(writer, WRITE_BLOCK_ANY) && !roll_is_due(writer) &&
	       !flush_is_due(writer) && clock_mono_ms() >= writer->inline_after_ms;
}

/* Wakes the thread when something is due earlier than it thinks. */
static void
end_inline(struct writer *writer, int64_t started_us)
{
	int64_t ended_us = clock_mono_us();
	int wait_ms = idle_ms(writer);

	if (ended_us - started_us > INLINE_SLOW_US)
		writer->inline_after_ms = ended_us / 1000 + INLINE_PAUSE_MS;
	if (wait_ms != -1 && ended_us / 1000 + wait_ms < writer->wakes_ms) {
		writer->wakes_ms = 0;
		mailbox_wake(&writer->base->inboxes.writer);
	}
}

static struct task *
inline_commit(struct writer *writer, const struct loop *loop, struct task *first)
{
	int64_t started_us = clock_mono_us();

	writer->batch = (struct batch){ 0 };
	for (struct task *task = first, *next; task != NULL; task = next) {
		next = task->next;
		task->run(task, writer);
	}
	writer_commit(writer);
	writer_publish_counts(writer);

	struct task *own = NULL;

	/* Where notices may be hidden they come by the inbox, and replies behind them. */
	if (!writer->gate.hides) {
		own = writer->replies[loop->index].first;
		writer->replies[loop->index] = (struct task_chain){ 0 };
	}
	writer_post_replies(writer);
	end_inline(writer, started_us);
	return own;
}

bool
writer_commit_inline(struct writer *writer, struct loop *loop, struct task *first)
{
	struct task *own = NULL;

	if (pthread_mutex_trylock(&writer->batch_lock) != 0)
		return false;
	bool done = may_commit_inline(writer, loop);

	if (done)
		own = inline_commit(writer, loop, first);
	pthread_mutex_unlock(&writer->batch_lock);
	loop_run_tasks(loop, own);
	return done;
}

bool
writer_apply_inline(struct writer *writer, struct apply_job *job)
{
	if (pthread_mutex_trylock(&writer->batch_lock) != 0)
		return false;
	bool done = may_commit_inline(writer, job->reply_loop);

	if (done) {
		int64_t started_us = clock_mono_us();

		writer->batch = (struct batch){ .apply = job };
		writer_apply(writer);
		writer_publish_counts(writer);
		end_inline(writer, started_us);
	}
	pthread_mutex_unlock(&writer->batch_lock);
	return done;
}

bool
writer_is_busy(struct writer *writer)
{
	if (!mailbox_is_empty(&writer->base->inboxes.writer) ||
	    pthread_mutex_trylock(&writer->batch_lock) != 0)
		return true;
	pthread_mutex_unlock(&writer->batch_lock);
	return false;
}

void
writer_start(struct writer *writer, struct syncer *syncer)
{
	writer->syncer = syncer;
	writer->replies = mem_zalloc((size_t)writer->base->n_loops * sizeof writer->replies[0]);
	writer->held = mem_zalloc((size_t)writer->base->n_loops * sizeof writer->held[0]);
	writer->hidden = mem_zalloc((size_t)writer->base->n_loops * sizeof writer->hidden[0]);
	thread_start(&writer->thread, "writer", run, writer);
}

static void
take_stop(struct task *task, void *arg)
{
	struct writer *writer = arg;

	(void)task;
	writer->stop = true;
	writer->batch.barrier = true;
}

void
writer_drain(struct writer *writer)
{
	do {
		batch_dequeue(writer);
		batch_fail(writer);
		if (writer->batch.apply != NULL)
			apply_finish(writer, APPLY_FAILED);
		writer_post_replies(writer);
		batch_pass_reads(writer);
	} while (writer->todo != NULL);
}

void
writer_stop(struct writer *writer)
{
	writer->stop_task.run = take_stop;
	mailbox_post(&writer->base->inboxes.writer, &writer->stop_task);
	pthread_join(writer->thread, NULL);
	copy_gate_close(&writer->gate);
	if (is_blocked(writer, WRITE_BLOCK_BROKEN))
		return;
	half_rows_flush_all(&writer->half_rows, writer_synced(writer));
	timed_table_flush_all(&writer->timed, writer_synced(writer));
	int rc = writer_flush(writer, true);

	if (rc != SQLITE_OK)
		log_warn("store could not write its index at the end, the next start will error=%s",
		    sqlite3_errstr(rc));
}
