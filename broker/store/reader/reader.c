#include "config.h"

#include "broker/store/reader/reader.h"

#include <stdlib.h>
#include <string.h>

#include "broker/store/closer/closer.h"
#include "broker/store/writer/writer.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"

#define ROWS_KEPT_MS 5000 /* after the last job */

/* ---- jobs ------------------------------------------------------------ */

struct read_job *
read_job_new(enum read_kind kind)
{
	struct read_job *job = mem_zalloc(sizeof *job);

	job->kind = kind;
	return job;
}

void
read_job_set_limits(struct read_job *job, const struct pull_limits *limits)
{
	size_t size = limits->n_tag_codes * sizeof limits->tag_codes[0];

	free((void *)(uintptr_t)job->limits.tag_codes);
	job->limits = *limits;
	if (limits->tag_codes != NULL) {
		int32_t *codes = mem_alloc(size);

		memcpy(codes, limits->tag_codes, size);
		job->limits.tag_codes = codes;
	}
}

void
read_job_free(struct read_job *job)
{
	free((void *)(uintptr_t)job->limits.tag_codes);
	free(job->topic);
	free(job->key);
	free(job->stamps);
	free(job->entries);
	free(job->positions);
	chunk_unref(job->chunk);
	free(job);
}

static void
run_done(struct task *task, void *loop)
{
	struct read_job *job = (struct read_job *)task;

	job->done(job, loop);
}

void
read_job_finish(struct read_job *job, enum read_status status)
{
	job->status = status;
	job->task.run = run_done;
	loop_post(job->reply_loop, &job->task);
}

/* ---- files ----------------------------------------------------------- */

static void
close_file(struct reader *reader, size_t i)
{
	if (reader->files[i] == NULL)
		return;
	segment_reader_close(reader->files[i]);
	free(reader->files[i]);
	memmove(&reader->files[i], &reader->files[i + 1],
	    (READER_FILES - 1 - i) * sizeof reader->files[0]);
	reader->files[READER_FILES - 1] = NULL;
}

static bool
is_stale(const struct segment_reader *file)
{
	return atomic_load(&file->segment->gone) ||
	       (!file->immutable &&
		   atomic_load_explicit(&file->segment->sealed, memory_order_acquire));
}

static void
move_to_front(struct reader *reader, size_t i)
{
	struct segment_reader *file = reader->files[i];

	memmove(&reader->files[1], &reader->files[0], i * sizeof reader->files[0]);
	reader->files[0] = file;
}

enum get_status
reader_file(struct reader *reader, struct segment *segment, struct segment_reader **found)
{
	for (size_t i = 0; i < READER_FILES && reader->files[i] != NULL; i++) {
		if (reader->files[i]->segment != segment)
			continue;
		if (is_stale(reader->files[i])) {
			close_file(reader, i);
			break;
		}
		move_to_front(reader, i);
		*found = reader->files[0];
		return GET_OK;
	}
	struct segment_reader *file = mem_alloc(sizeof *file);
	int rc = segment_reader_open(file, reader->store, segment);

	if (rc != SQLITE_OK) {
		free(file);
		if (atomic_load(&segment->gone))
			return GET_NONE;
		log_error(
		    "store could not open file=%s error=%s", segment->path, sqlite3_errstr(rc));
		return GET_FAILED;
	}
	close_file(reader, READER_FILES - 1);
	reader->files[READER_FILES - 1] = file;
	move_to_front(reader, READER_FILES - 1);
	*found = file;
	return GET_OK;
}

enum get_status
reader_locate(struct reader *reader, int32_t number, int64_t offset, size_t *index)
{
	size_t low = 0, high = reader->segments->n; /* the answer is low - 1 */

	/*
	 * A segment that does not know the queue is older than it, and so is one
	 * that retention has just taken. Every later one has its bounds; what the live one has yet
	 * to write, it holds.
	 */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct segment_reader *file;
		int64_t first = 0;
		enum get_status status = reader_file(reader, reader->segments->list[middle], &file);

		if (status == GET_OK)
			status = segment_get_first(file, number, &first);
		if (status != GET_OK && status != GET_NONE)
			return status;
		if (status == GET_NONE || first <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return GET_NONE;
	*index = low - 1;
	return GET_OK;
}

static enum get_status
file_at(struct reader *reader, int64_t position, struct segment_reader **file)
{
	struct segment *segment = segment_array_find(reader->segments, position);

	return segment != NULL ? reader_file(reader, segment, file) : GET_NONE;
}

enum get_status
reader_record(struct reader *reader, int64_t position, uint32_t size, struct slice *bytes,
    struct record *decoded)
{
	struct segment_reader *file;
	enum get_status status = file_at(reader, position, &file);

	if (status != GET_OK)
		return status;
	return segment_get_record(file, position, size, bytes, decoded);
}

/* Where the next segment begins; the live one, which has none, ends nowhere yet. */
static int64_t
end_of(const struct reader *reader, const struct segment *segment)
{
	for (size_t i = 0; i + 1 < reader->segments->n; i++)
		if (reader->segments->list[i] == segment)
			return reader->segments->list[i + 1]->first;
	return 0;
}

enum get_status
reader_copy(struct reader *reader, int64_t position, uint32_t size, bool dense, char *to)
{
	struct segment_reader *file;
	enum get_status status = file_at(reader, position, &file);

	if (status != GET_OK)
		return status;
	const struct row *row = row_cache_find(&reader->rows, position);

	/* A longer record has a row of its own, which nobody else wants. */
	if (row == NULL && dense && size <= SEGMENT_ROW_BYTES) {
		int64_t start;
		struct slice bytes;

		status = segment_get_row(file, position, &start, &bytes);
		if (status != GET_OK)
			return status;
		if (start == reader->row_end)
			segment_hint(file, start, end_of(reader, file->segment));
		row = row_cache_put(&reader->rows, start, bytes);
		reader->row_end = row->end;
	}
	if (row == NULL)
		return segment_copy_record(file, position, size, to);
	const struct slice rest = { row->data + (position - row->position),
		(size_t)(row->end - position) };

	return segment_copy_from_row(file, position, size, rest, to);
}

enum read_status
read_status_of(enum get_status status)
{
	static const enum read_status statuses[] = {
		[GET_OK] = READ_FOUND,
		[GET_NONE] = READ_NOTHING,
		[GET_CORRUPT] = READ_CORRUPT,
		[GET_FAILED] = READ_FAILED,
	};

	return statuses[status];
}

/* ---- the thread ------------------------------------------------------ */

/* Lets go of snapshots; a row of a sealed segment may stay for the next job of the same wake-up. */
static void
rest(struct reader *reader, bool sealed_too)
{
	for (size_t i = 0; i < READER_FILES && reader->files[i] != NULL; i++)
		if (sealed_too || !reader->files[i]->immutable)
			segment_rest(reader->files[i]);
}

static void
run_job(struct task *task, void *arg)
{
	static enum read_reply (*const kinds[])(struct reader *, struct read_job *) = {
		[READ_QUEUE] = read_queue,
		[READ_POSITION] = read_position,
		[READ_KEY] = read_key,
		[READ_TIME] = read_time,
		[READ_STAMPS] = read_stamps,
	};
	struct read_job *job = (struct read_job *)task;
	struct reader *reader = arg;

	reader->segments = store_segments(reader->store);
	enum read_reply reply = kinds[job->kind](reader, job);

	rest(reader, false);
	segment_array_unref(reader->segments);
	reader->segments = NULL;
	if (reply == READ_ASK) {
		job->task.run = dequeue_read;
		writer_post(reader->store->writer, &job->task);
	} else {
		read_job_finish(job, job->status);
	}
}

static void *
run(void *arg)
{
	struct reader *reader = arg;

	while (!reader->stop) {
		mailbox_wait(&reader->inbox, reader->rows.latest != NULL ? ROWS_KEPT_MS : -1);
		for (struct task *task = mailbox_take(&reader->inbox), *next; task != NULL;
		     task = next) {
			next = task->next;
			task->run(task, reader);
			reader->busy_ms = clock_mono_ms();
		}
		rest(reader, true);
		if (clock_mono_ms() >= reader->busy_ms + ROWS_KEPT_MS)
			row_cache_release(&reader->rows);
	}
	return NULL;
}

void
reader_submit(struct store *store, struct read_job *job)
{
	unsigned n = (unsigned)store->options.n_readers;
	/* A queue keeps its reader, which has the files at hand. */
	unsigned pick = job->kind == READ_QUEUE ? (unsigned)job->queue
	                                        : atomic_fetch_add_explicit(
						      &store->next_reader, 1, memory_order_relaxed);

	if (store->readers == NULL) {
		read_job_finish(job, READ_FAILED);
		return;
	}
	job->task.run = run_job;
	mailbox_post(&store->readers[pick % n]->inbox, &job->task);
}

void
store_read(struct store *store, struct read_job *job)
{
	job->store = store;
	if (job->kind == READ_QUEUE || job->kind == READ_POSITION) {
		reader_submit(store, job);
		return;
	}
	job->task.run = dequeue_read;
	writer_post(store->writer, &job->task);
}

struct sweep {
	_Atomic int left; /* readers that have yet to do it */
	struct closer *closer;
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
		closer_post(sweep->closer, sweep->after);
	free(sweep);
}

static void
run_sweep(struct task *task, void *arg)
{
	struct reader *reader = arg;

	for (size_t i = READER_FILES; i-- > 0;)
		if (reader->files[i] != NULL && is_stale(reader->files[i]))
			close_file(reader, i);
	sweep_done(((struct sweep_task *)task)->sweep);
	free(task);
}

void
readers_sweep(struct store *store, struct task *after)
{
	struct sweep *sweep = mem_alloc(sizeof *sweep);
	int n = store->readers != NULL ? store->options.n_readers : 0;

	*sweep = (struct sweep){ .closer = store->closer, .after = after };
	atomic_init(&sweep->left, n + 1);
	for (int i = 0; i < n; i++) {
		struct sweep_task *task = mem_alloc(sizeof *task);

		*task = (struct sweep_task){ { .run = run_sweep }, sweep };
		mailbox_post(&store->readers[i]->inbox, &task->task);
	}
	sweep_done(sweep);
}

static void
run_stop(struct task *task, void *arg)
{
	(void)task;
	((struct reader *)arg)->stop = true;
}

void
store_start_readers(struct store *store)
{
	size_t n = (size_t)store->options.n_readers;

	store->readers = mem_zalloc(n * sizeof store->readers[0]);
	for (size_t i = 0; i < n; i++) {
		struct reader *reader = mem_zalloc(sizeof *reader);

		reader->store = store;
		mailbox_init(&reader->inbox);
		store->readers[i] = reader;
		store_start_thread(&reader->thread, "reader", run, reader);
	}
}

void
store_stop_readers(struct store *store)
{
	struct reader **readers = store->readers;

	for (int i = 0; i < store->options.n_readers; i++) {
		readers[i]->stop_task.run = run_stop;
		mailbox_post(&readers[i]->inbox, &readers[i]->stop_task);
		pthread_join(readers[i]->thread, NULL);
	}
	store->readers = NULL;
	for (int i = 0; i < store->options.n_readers; i++) {
		for (struct task *task = mailbox_take(&readers[i]->inbox), *next; task != NULL;
		     task = next) {
			next = task->next;
			if (task->run == run_job)
				read_job_finish((struct read_job *)task, READ_FAILED);
			else
				task->run(task, readers[i]);
		}
		while (readers[i]->files[0] != NULL)
			close_file(readers[i], 0);
		row_cache_release(&readers[i]->rows);
		mailbox_release(&readers[i]->inbox);
		free(readers[i]);
	}
	free(readers);
}
