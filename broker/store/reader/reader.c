#include "config.h"

#include "broker/store/reader/reader.h"

#include <pthread.h>
#include <stdlib.h>

#include "broker/store/reader/read.h"
#include "broker/store/reader/read_job.h"
#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/base/thread.h"

#define ROWS_KEPT_MS 5000 /* after the last job */

struct reader_thread {
	struct readers *readers;
	struct mailbox inbox;
	pthread_t thread;
	bool stop;
	struct reader_files files;
	int64_t busy_ms; /* monotonic: end of the last job */
	struct task stop_task;
};

struct readers {
	struct store_base *base;
	void (*ask_writer)(struct task *job, void *writer);
	struct reader_thread **list; /* NULL: no thread runs */
	size_t n;
	_Atomic unsigned next;
};

/* ---- one thread ------------------------------------------------------ */

static void
ask_writer(struct readers *readers, struct read_job *job)
{
	job->task.run = readers->ask_writer;
	writer_post(&readers->base->inboxes, &job->task);
}

static void
run_job(struct task *task, void *arg)
{
	static enum read_reply (*const kinds[])(struct reader_files *, struct read_work *) = {
		[READ_QUEUE] = read_queue,
		[READ_POSITION] = read_position,
		[READ_KEY] = read_key,
		[READ_TIME] = read_time,
		[READ_STAMPS] = read_stamps,
		[READ_LOG] = read_log,
	};
	struct read_job *job = (struct read_job *)task;
	struct reader_thread *reader = arg;
	struct reader_files *files = &reader->files;

	files->segments = segments_ref(&reader->readers->base->segments);
	enum read_reply reply = kinds[job->kind](files, read_work(job));

	reader_files_rest(files, false);
	segment_array_unref(files->segments);
	files->segments = NULL;
	if (reply == READ_ASK)
		ask_writer(reader->readers, job);
	else
		read_job_finish(job, job->status);
}

static void *
run(void *arg)
{
	struct reader_thread *reader = arg;
	struct row_cache *rows = &reader->files.rows;

	while (!reader->stop) {
		mailbox_wait(&reader->inbox, rows->latest != NULL ? ROWS_KEPT_MS : -1);
		for (struct task *task = mailbox_take(&reader->inbox), *next; task != NULL;
		     task = next) {
			next = task->next;
			task->run(task, reader);
			reader->busy_ms = clock_mono_ms();
		}
		reader_files_rest(&reader->files, true);
		if (clock_mono_ms() >= reader->busy_ms + ROWS_KEPT_MS)
			row_cache_release(rows);
	}
	return NULL;
}

static void
run_stop(struct task *task, void *arg)
{
	(void)task;
	((struct reader_thread *)arg)->stop = true;
}

static struct reader_thread *
reader_start(struct readers *readers)
{
	struct reader_thread *reader = mem_zalloc(sizeof *reader);

	reader->readers = readers;
	reader->files.dir = &readers->base->dir;
	mailbox_init(&reader->inbox);
	thread_start(&reader->thread, "reader", run, reader);
	return reader;
}

static void
reader_join(struct reader_thread *reader)
{
	reader->stop_task.run = run_stop;
	mailbox_post(&reader->inbox, &reader->stop_task);
	pthread_join(reader->thread, NULL);
}

static void
reader_free(struct reader_thread *reader)
{
	for (struct task *task = mailbox_take(&reader->inbox), *next; task != NULL; task = next) {
		next = task->next;
		if (task->run == run_job)
			read_job_finish((struct read_job *)task, READ_FAILED);
		else
			task->run(task, reader);
	}
	reader_files_close(&reader->files);
	mailbox_release(&reader->inbox);
	free(reader);
}

/* ---- all of them ----------------------------------------------------- */

struct readers *
readers_new(struct store_base *base, void (*ask)(struct task *job, void *writer))
{
	struct readers *readers = mem_zalloc(sizeof *readers);

	readers->base = base;
	readers->ask_writer = ask;
	readers->n = base->options.n_readers > 1 ? (size_t)base->options.n_readers : 1;
	return readers;
}

void
readers_free(struct readers *readers)
{
	free(readers);
}

void
readers_start(struct readers *readers)
{
	struct reader_thread **list = mem_zalloc(readers->n * sizeof list[0]);

	for (size_t i = 0; i < readers->n; i++)
		list[i] = reader_start(readers);
	readers->list = list;
}

void
readers_stop(struct readers *readers)
{
	struct reader_thread **list = readers->list;

	for (size_t i = 0; i < readers->n; i++)
		reader_join(list[i]);
	readers->list = NULL;
	for (size_t i = 0; i < readers->n; i++)
		reader_free(list[i]);
	free(list);
}

void
readers_submit(struct readers *readers, struct read_job *job)
{
	/* A queue keeps its reader, which has the files at hand. */
	unsigned pick = job->kind == READ_QUEUE
	                    ? (unsigned)job->in_queue.queue
	                    : atomic_fetch_add_explicit(&readers->next, 1, memory_order_relaxed);

	if (readers->list == NULL) {
		read_job_finish(job, READ_FAILED);
		return;
	}
	job->task.run = run_job;
	mailbox_post(&readers->list[pick % readers->n]->inbox, &job->task);
}

void
readers_read(struct readers *readers, struct read_job *job)
{
	if (job->kind == READ_QUEUE || job->kind == READ_POSITION || job->kind == READ_LOG)
		readers_submit(readers, job);
	else
		ask_writer(readers, job);
}

/* ---- sweeping -------------------------------------------------------- */

struct sweep {
	_Atomic size_t left; /* readers that have yet to do it */
	struct inboxes *inboxes;
	struct task *after;
};

struct sweep_task {
	struct task task;
	struct sweep *sweep;
};

static void
sweep_done(struct sweep *sweep)
{
	if (atomic_fetch_sub(&sweep->left, 1) != 1)
		return;
	if (sweep->after != NULL)
		closer_post(sweep->inboxes, sweep->after);
	free(sweep);
}

static void
run_sweep(struct task *task, void *arg)
{
	struct reader_thread *reader = arg;

	reader_files_sweep(&reader->files);
	sweep_done(((struct sweep_task *)task)->sweep);
	free(task);
}

void
readers_sweep(struct readers *readers, struct task *after)
{
	struct sweep *sweep = mem_alloc(sizeof *sweep);
	size_t n = readers->list != NULL ? readers->n : 0;

	*sweep = (struct sweep){ .inboxes = &readers->base->inboxes, .after = after };
	atomic_init(&sweep->left, n + 1);
	for (size_t i = 0; i < n; i++) {
		struct sweep_task *task = mem_alloc(sizeof *task);

		*task = (struct sweep_task){ { .run = run_sweep }, sweep };
		mailbox_post(&readers->list[i]->inbox, &task->task);
	}
	sweep_done(sweep);
}
