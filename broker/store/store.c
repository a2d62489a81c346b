#include "config.h"

#include "broker/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "broker/store/closer/closer.h"
#include "broker/store/sqlite/coalesce_vfs.h"
#include "broker/store/meta/meta.h"
#include "broker/store/writer/writer.h"
#include "common/base/buf.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/path.h"

/* ---- small things that the store's files share ------------------------ */

struct segment_array *
store_segments(struct store *store)
{
	pthread_mutex_lock(&store->segments_lock);
	struct segment_array *array = segment_array_ref(store->segments);
	pthread_mutex_unlock(&store->segments_lock);
	return array;
}

void
store_set_segments(struct store *store, struct segment_array *array)
{
	pthread_mutex_lock(&store->segments_lock);
	struct segment_array *old = store->segments;
	store->segments = array;
	pthread_mutex_unlock(&store->segments_lock);
	segment_array_unref(old);
}

void
store_add_segment(struct store *store, struct segment *segment)
{
	struct segment_array *old = store_segments(store);

	store_set_segments(store, segment_array_with(old, segment));
	segment_array_unref(old);
}

void
write_block_set(struct store *store, enum write_block why)
{
	atomic_fetch_or(&store->counters.write_blocks, (unsigned)why);
}

void
write_block_clear(struct store *store, enum write_block why)
{
	atomic_fetch_and(&store->counters.write_blocks, ~(unsigned)why);
}

static int
sync_path(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd == -1)
		return -1;
	int status = fsync(fd);
	close(fd);
	return status;
}

int
store_sync_file(const char *path)
{
	return sync_path(path, O_RDWR);
}

int
store_sync_directory(const char *path)
{
	return sync_path(path, O_RDONLY | O_DIRECTORY);
}

void
store_start_thread(pthread_t *thread, const char *name, void *(*run)(void *arg), void *arg)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(thread, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error != 0)
		fatal("a thread cannot be started name=%s error=%s", name, strerror(error));
	pthread_setname_np(*thread, name);
}

/* ---- opening --------------------------------------------------------- */

static void __attribute__((format(printf, 2, 3))) explain(char **why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (vasprintf(why, format, args) == -1)
		fatal("out of memory");
	va_end(args);
}

/* The file names the holder's pid for the one who is turned away. */
static int
take_lock(struct store *store, char **why)
{
	struct buf path = { 0 };
	char pid[32] = "";

	buf_printf(&path, "%s/lock", store->path);
	store->lock_fd = open(buf_text(&path), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (store->lock_fd == -1) {
		explain(why, "%s cannot be opened: %s", buf_text(&path), strerror(errno));
	} else if (flock(store->lock_fd, LOCK_EX | LOCK_NB) == -1) {
		if (pread(store->lock_fd, pid, sizeof pid - 1, 0) > 0)
			pid[strcspn(pid, "\n")] = '\0';
		explain(why,
		    "the store in %s is in use by process %s; stop that one or use another "
		    "storePathRootDir",
		    store->path, pid[0] != '\0' ? pid : "unknown");
	} else {
		int len = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());

		if (ftruncate(store->lock_fd, 0) == -1 ||
		    pwrite(store->lock_fd, pid, (size_t)len, 0) != len)
			explain(why, "%s cannot be written: %s", buf_text(&path), strerror(errno));
	}
	buf_release(&path);
	return *why == NULL ? 0 : -1;
}

static char *
join(const char *directory, const char *name)
{
	struct buf path = { 0 };

	buf_printf(&path, "%s/%s", directory, name);
	return buf_take(&path);
}

static struct store *
store_new(const struct store_options *options)
{
	struct store *store = mem_zalloc(sizeof *store);

	store->options = *options;
	store->path = mem_strdup(options->path);
	store->log_path =
	    options->log_path != NULL ? mem_strdup(options->log_path) : join(options->path, "log");
	store->vfs = options->vfs != NULL ? mem_strdup(options->vfs) : NULL;
	store->write_vfs = coalesce_vfs_over(store->vfs);
	store->options.path = store->path;
	store->options.log_path = store->log_path;
	store->options.vfs = store->vfs;
	if (store->options.n_readers < 1)
		store->options.n_readers = 1;
	store->lock_fd = -1;
	pthread_mutex_init(&store->segments_lock, NULL);
	queue_table_init(&store->queues);
	atomic_init(&store->counters.earliest_ms, -1);
	return store;
}

struct store *
store_open(const struct store_options *options, char **why)
{
	sql_init();
	struct store *store = store_new(options);

	*why = NULL;
	if (path_make_directory(store->path, why) == -1 ||
	    path_make_directory(store->log_path, why) == -1 || take_lock(store, why) == -1)
		goto fail;
	store->meta = meta_open(store->path, store->vfs, why);
	if (store->meta == NULL)
		goto fail;
	store->closer = closer_new(store);
	store->writer = writer_new(store);
	if (store_replay(store, why) == -1)
		goto fail;
	writer_publish_halves(store->writer);
	store_sync_directory(store->path);
	return store;
fail:
	store_close(store);
	return NULL;
}

void
store_close(struct store *store)
{
	if (store->writer != NULL)
		writer_free(store->writer);
	if (store->closer != NULL)
		closer_free(store->closer);
	meta_close(store->meta);
	queue_table_release(&store->queues);
	segment_array_unref(store->segments);
	pthread_mutex_destroy(&store->segments_lock);
	if (store->lock_fd != -1)
		close(store->lock_fd);
	free(store->append_queues);
	free(store->path);
	free(store->log_path);
	free(store->vfs);
	free(store);
}

void
store_start(struct store *store, struct loop *loops, struct tail **tails, int n_loops)
{
	store->loops = loops;
	store->tails = tails;
	store->n_loops = n_loops;
	append_queues_start(store);
	store_start_readers(store);
	if (store->options.flush == STORE_FLUSH_ASYNC)
		store_start_syncer(store);
	closer_start(store->closer);
	writer_start(store->writer);
}

void
store_stop(struct store *store)
{
	append_queues_stop(store);
	closer_stop(store->closer);
	writer_stop(store->writer);
	/* What the threads sent to each other at the end finds its way here. */
	closer_drain(store->closer);
	writer_drain(store->writer);
	store_stop_readers(store);
	writer_drain(store->writer);
	closer_drain(store->closer);
	if (store->syncer != NULL)
		store_stop_syncer(store);
}

void
store_refuse_late(struct store *store)
{
	append_queues_stop(store);
	writer_drain(store->writer);
}

void
store_each_queue(struct store *store,
    void (*row)(
	void *arg, struct slice topic, int32_t queue_id, int64_t min_offset, int64_t max_offset),
    void *arg)
{
	size_t number = 0;

	for (const struct queue *queue;
	     (queue = queue_table_each(&store->queues, &number)) != NULL;)
		row(arg, queue->topic, queue->queue_id, queue->first, queue->next);
}

void
store_halves(struct store *store, struct half_job *job)
{
	job->task.run = dequeue_half;
	writer_post(store->writer, &job->task);
}

void
store_half_counts(const struct store *store, struct half_counts *counts)
{
	const struct store_counters *from = &store->counters;

	*counts = (struct half_counts){
		.n_open = atomic_load_explicit(&from->n_open, memory_order_relaxed),
		.n_parked = atomic_load_explicit(&from->n_parked, memory_order_relaxed),
		.n_revocable = atomic_load_explicit(&from->n_revocable, memory_order_relaxed),
		.next_due_ms = atomic_load_explicit(&from->next_due_ms, memory_order_relaxed),
	};
}

/* ---- looking after it ------------------------------------------------ */

static const char *
write_block_text(unsigned write_blocks)
{
	if (write_blocks & WRITE_BLOCK_BROKEN)
		return "the disk failed to sync, nothing is stored until the broker is restarted";
	if (write_blocks & WRITE_BLOCK_FULL)
		return "the store's disk is full, nothing is stored until there is space";
	if (write_blocks & WRITE_BLOCK_LIMIT)
		return "the store's disk is fuller than the limit, nothing is stored until there "
		       "is "
		       "space";
	return NULL;
}

void
store_get_stats(const struct store *store, struct store_stats *stats)
{
	/* The longest commit is forgotten by being told, hence not const; likewise the lock. */
	struct store *self = (struct store *)(uintptr_t)store;
	struct store_counters *counters = &self->counters;
	struct segment_array *segments = store_segments(self);
	int64_t max_position = atomic_load(&counters->max_position);
	int64_t synced = store->options.flush == STORE_FLUSH_SYNC
	                     ? max_position
	                     : atomic_load(&counters->synced_position);
	unsigned write_blocks = atomic_load(&counters->write_blocks);

	*stats = (struct store_stats){
		.min_position = atomic_load(&counters->min_position),
		.max_position = max_position,
		.earliest_ms = atomic_load(&counters->earliest_ms),
		.n_messages = atomic_load(&counters->n_messages),
		.n_bytes = atomic_load(&counters->n_bytes),
		.n_commits = atomic_load(&counters->n_commits),
		.n_segments = (int64_t)segments->n,
		.unsynced_bytes = max_position > synced ? max_position - synced : 0,
		.queued_bytes = atomic_load(&counters->queued_bytes),
		.commit_max_us = atomic_exchange(&counters->commit_max_us, 0),
		.disk_total = atomic_load(&counters->disk_total),
		.disk_free = atomic_load(&counters->disk_free),
		.writable = write_blocks == 0,
		.write_block = write_block_text(write_blocks),
	};
	segment_array_unref(segments);
}
