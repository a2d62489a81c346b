#include "config.h"

#include "broker/store/closer/checkpointer.h"

#include <stdlib.h>

#include "broker/store/closer/pace.h"
#include "broker/store/reader/reader.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/thread.h"

#define RETRY_MS 1000

struct checkpointer {
	struct store_base *base;
	struct readers *readers;
	struct mailbox inbox;
	pthread_t thread;
	atomic_bool stop;
	struct task stop_task;
	struct task_chain waiting; /* to be sealed, oldest first */
	struct task_chain failed;  /* to be tried again */
	int64_t left_us;           /* monotonic: when the writer left a segment last */
	struct pace pace;
};

struct seal_task {
	struct task task;
	struct checkpointer *checkpointer;
	struct segment_writer left;
	int64_t fill_us; /* how long the segment was written */
};

struct checkpointer *
checkpointer_new(struct store_base *base, struct readers *readers)
{
	struct checkpointer *checkpointer = mem_zalloc(sizeof *checkpointer);

	checkpointer->base = base;
	checkpointer->readers = readers;
	checkpointer->left_us = clock_mono_us();
	mailbox_init(&checkpointer->inbox);
	return checkpointer;
}

static void
free_seal(struct seal_task *seal)
{
	segment_writer_close(&seal->left);
	free(seal);
}

static void
free_seals(struct task *first)
{
	for (struct task *task = first, *next; task != NULL; task = next) {
		next = task->next;
		free_seal((struct seal_task *)task);
	}
}

/* ---- one segment ----------------------------------------------------- */

/* Of the closer. No reader has the segment's WAL open any more. */
static void
run_recycle(struct task *task, void *closer)
{
	struct seal_task *seal = (struct seal_task *)task;
	struct checkpointer *checkpointer = seal->checkpointer;
	struct store_base *base = checkpointer->base;

	(void)closer;
	if (!atomic_load(&seal->left.segment->gone))
		segment_recycle(&base->dir, seal->left.segment,
		    !checkpointer->stop &&
			!write_block_holds(&base->write_blocks, WRITE_BLOCK_ANY));
	free_seal(seal);
}

/* After each step of a checkpoint. */
static int
pause_checkpoint(void *arg)
{
	struct seal_task *seal = arg;
	struct checkpointer *checkpointer = seal->checkpointer;
	struct store_base *base = checkpointer->base;

	if (atomic_load(&seal->left.segment->gone))
		return SQLITE_ABORT;
	/* Disk space comes back with the WAL. */
	bool hurry = checkpointer->stop || !mailbox_is_empty(&checkpointer->inbox) ||
	             checkpointer->waiting.first != NULL ||
	             write_block_holds(&base->write_blocks, WRITE_BLOCK_ANY);
	int64_t pause_us = pace_pause_us(&checkpointer->pace,
	    atomic_load_explicit(&base->counters.n_commits, memory_order_relaxed), hurry,
	    clock_mono_us());
	if (pause_us >= 1000)
		mailbox_wait(&checkpointer->inbox, (int)(pause_us / 1000));
	return SQLITE_OK;
}

static void
seal_segment(struct checkpointer *checkpointer, struct seal_task *seal)
{
	const struct segment_writer *left = &seal->left;
	const struct seal_steps steps = { PACE_STEP_BYTES, pause_checkpoint, seal };

	pace_begin(&checkpointer->pace, (int64_t)left->wal_frames * left->page_bytes, seal->fill_us,
	    clock_mono_us());
	/* Stopping: the next start finds its WAL and does it then. */
	int rc = checkpointer->stop || atomic_load(&left->segment->gone)
	             ? SQLITE_ABORT
	             : segment_seal(&seal->left, &checkpointer->base->dir, &steps);

	if (rc == SQLITE_OK) {
		seal->task.run = run_recycle;
		readers_sweep(checkpointer->readers, &seal->task);
	} else if (rc == SQLITE_ABORT) {
		free_seal(seal);
	} else {
		log_warn("segment could not be closed, trying again file=%s error=%s",
		    left->segment->path, sqlite3_errstr(rc));
		task_chain_add(&checkpointer->failed, &seal->task);
	}
}

/* ---- the thread ------------------------------------------------------ */

static void
take_tasks(struct checkpointer *checkpointer)
{
	for (struct task *task = mailbox_take(&checkpointer->inbox), *next; task != NULL;
	     task = next) {
		next = task->next;
		task->run(task, checkpointer);
	}
}

static void
wait_for_work(struct checkpointer *checkpointer)
{
	if (checkpointer->waiting.first == NULL)
		mailbox_wait(
		    &checkpointer->inbox, checkpointer->failed.first != NULL ? RETRY_MS : -1);
	take_tasks(checkpointer);
	if (checkpointer->waiting.first == NULL) {
		checkpointer->waiting = checkpointer->failed;
		checkpointer->failed = (struct task_chain){ 0 };
	}
}

static void *
run(void *arg)
{
	struct checkpointer *checkpointer = arg;

	thread_yield_to_others();
	while (!checkpointer->stop) {
		wait_for_work(checkpointer);
		struct task *task = checkpointer->waiting.first;

		if (task == NULL)
			continue;
		checkpointer->waiting.first = task->next;
		seal_segment(checkpointer, (struct seal_task *)task);
	}
	return NULL;
}

static void
run_nothing(struct task *task, void *checkpointer)
{
	(void)task;
	(void)checkpointer;
}

void
checkpointer_start(struct checkpointer *checkpointer)
{
	thread_start(&checkpointer->thread, "checkpointer", run, checkpointer);
}

void
checkpointer_stop(struct checkpointer *checkpointer)
{
	atomic_store(&checkpointer->stop, true);
	checkpointer->stop_task.run = run_nothing;
	mailbox_post(&checkpointer->inbox, &checkpointer->stop_task);
	pthread_join(checkpointer->thread, NULL);
}

void
checkpointer_drain(struct checkpointer *checkpointer)
{
	take_tasks(checkpointer);
	free_seals(checkpointer->waiting.first);
	checkpointer->waiting = (struct task_chain){ 0 };
}

void
checkpointer_free(struct checkpointer *checkpointer)
{
	/* A start that failed has left some. */
	checkpointer_drain(checkpointer);
	free_seals(checkpointer->failed.first);
	mailbox_release(&checkpointer->inbox);
	free(checkpointer);
}

static void
take_seal(struct task *task, void *arg)
{
	struct checkpointer *checkpointer = arg;

	task_chain_add(&checkpointer->waiting, task);
}

void
checkpointer_seal(struct checkpointer *checkpointer, const struct segment_writer *left)
{
	struct seal_task *seal = mem_alloc(sizeof *seal);
	int64_t now = clock_mono_us();

	*seal = (struct seal_task){
		.task.run = take_seal,
		.checkpointer = checkpointer,
		.left = *left,
		.fill_us = now - checkpointer->left_us,
	};
	checkpointer->left_us = now;
	mailbox_post(&checkpointer->inbox, &seal->task);
}
