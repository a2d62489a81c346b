#include "config.h"

#include "broker/store/store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "broker/store/base.h"
#include "broker/store/closer/closer.h"
#include "broker/store/dedup_replay.h"
#include "broker/store/expire/expire.h"
#include "broker/store/log/disk.h"
#include "broker/store/meta/meta.h"
#include "broker/store/reader/reader.h"
#include "broker/store/replay.h"
#include "broker/store/sqlite/coalesce_vfs.h"
#include "broker/store/sqlite/trick.h"
#include "broker/store/writer/batch.h"
#include "broker/store/writer/submit.h"
#include "broker/store/writer/syncer.h"
#include "common/base/buf.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/path.h"

/* The roof: it starts everything, and hands the calls of store.h to the rooms. */
struct store {
	struct store_base base; /* first: see store_base() */
	char *path, *log_path, *vfs;
	int lock_fd;
	struct meta *meta;
	struct readers *readers;
	struct closer *closer;
	struct writer *writer;
	struct syncer *syncer; /* ASYNC_FLUSH only */
	struct append_queues *appends;
};

/* ---- opening --------------------------------------------------------- */

static void __attribute__((format(printf, 2, 3))) explain(char **why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (vasprintf(why, format, args) == -1)
		fatal("out of memory");
	va_end(args);
}

/* The file holds the pid of the process that has the store, for the error message of another. */
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
	struct store_base *base = &store->base;

	store->path = mem_strdup(options->path);
	store->log_path =
	    options->log_path != NULL ? mem_strdup(options->log_path) : join(options->path, "log");
	store->vfs = options->vfs != NULL ? mem_strdup(options->vfs) : NULL;
	store->lock_fd = -1;
	base->options = *options;
	base->options.path = store->path;
	base->options.log_path = store->log_path;
	base->options.vfs = store->vfs;
	base->dir = (struct log_dir){
		.path = store->log_path,
		.vfs = store->vfs,
		.write_vfs = options->tricks_off & TRICK_COALESCE ? store->vfs
		                                                  : coalesce_vfs_over(store->vfs),
		.tricks_off = options->tricks_off,
		.syncs = options->flush == STORE_FLUSH_SYNC,
	};
	segments_init(&base->segments);
	mailbox_init(&base->inboxes.writer);
	mailbox_init(&base->inboxes.closer);
	queue_table_init(&base->queues);
	atomic_init(&base->counters.earliest_ms, -1);
	for (int clock = 0; clock < N_TIMED_CLOCKS; clock++)
		atomic_init(&base->counters.timed_due_ms[clock], INT64_MAX);
	return store;
}

static void
on_setting(void *arg, struct slice key, struct slice value)
{
	struct store *store = arg;
	int64_t end;

	if (slice_is(key, STORE_ROCKETMQ_END) && slice_to_int64(value, &end) == 0)
		atomic_store(&store->base.counters.rocketmq_end, end);
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
	meta_each(store->meta, META_SETTING, on_setting, store);
	store->readers = readers_new(&store->base, dequeue_read);
	store->closer = closer_new(&store->base, store->readers);
	store->writer = writer_new(&store->base, store->meta, store->closer, store->readers);
	if (store_replay(store->writer, why) == -1)
		goto fail;
	writer_publish_counts(store->writer);
	disk_sync_directory(store->path);
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
	readers_free(store->readers);
	meta_close(store->meta);
	queue_table_release(&store->base.queues);
	mailbox_release(&store->base.inboxes.closer);
	mailbox_release(&store->base.inboxes.writer);
	segments_release(&store->base.segments);
	if (store->lock_fd != -1)
		close(store->lock_fd);
	append_queues_free(store->appends);
	free(store->path);
	free(store->log_path);
	free(store->vfs);
	free(store);
}

void
store_start(struct store *store, struct loop *loops, struct tail **tails, int n_loops)
{
	store->base.loops = loops;
	store->base.tails = tails;
	store->base.n_loops = n_loops;
	store->appends = append_queues_new(store->writer);
	readers_start(store->readers);
	if (store->base.options.flush == STORE_FLUSH_ASYNC)
		store->syncer = syncer_start(&store->base);
	closer_start(store->closer);
	writer_start(store->writer, store->syncer);
}

void
store_stop(struct store *store)
{
	append_queues_flush(store->appends, 1);
	closer_stop(store->closer);
	writer_stop(store->writer);
	/* Each may still have had something for the other at the end. */
	closer_drain(store->closer);
	writer_drain(store->writer);
	readers_stop(store->readers);
	writer_drain(store->writer);
	closer_drain(store->closer);
	if (store->syncer != NULL)
		syncer_stop(store->syncer);
	store->syncer = NULL;
}

void
store_refuse_late(struct store *store)
{
	append_queues_flush(store->appends, store->base.n_loops);
	writer_drain(store->writer);
}

/* ---- jobs ------------------------------------------------------------ */

void
store_append(struct store *store, struct append *append)
{
	append_submit(store->appends, append);
}

void
store_read(struct store *store, struct read_job *job)
{
	readers_read(store->readers, job);
}

void
store_apply(struct store *store, struct apply_job *job)
{
	apply_submit(store->writer, job);
}

void
store_meta(struct store *store, struct meta_job *job)
{
	job->task.run = dequeue_meta;
	writer_post(&store->base.inboxes, &job->task);
}

void
store_halves(struct store *store, struct half_job *job)
{
	job->task.run = dequeue_half;
	writer_post(&store->base.inboxes, &job->task);
}

void
store_timed(struct store *store, struct timed_job *job)
{
	job->task.run = dequeue_timed;
	writer_post(&store->base.inboxes, &job->task);
}

void
store_expire(struct store *store, int64_t before_ms)
{
	expire_before(&store->base, store->readers, before_ms);
}

void
store_write_until(struct store *store, int64_t until_ms)
{
	write_block_lease(&store->base.write_blocks, until_ms);
}

void
store_expire_oldest(struct store *store)
{
	expire_oldest(&store->base, store->readers);
}

void
store_keep_from(struct store *store, int32_t queue_id, int64_t offset)
{
	assert(queue_id >= 0 && queue_id < STORE_KEPT_QUEUES);
	store->writer->timed.levels[queue_id] = offset;
	atomic_store(&store->base.kept_from[queue_id], offset + 1);
}

void
store_keep_unsettled(struct store *store, int64_t offset)
{
	atomic_store(&store->base.unsettled_from, offset + 1);
}

int64_t
store_level(const struct store *store, int32_t queue_id)
{
	return store->writer->timed.levels[queue_id];
}

int64_t
store_rocketmq_end(const struct store *store)
{
	return atomic_load(&store->base.counters.rocketmq_end);
}

/* ---- copies ---------------------------------------------------------- */

void
store_get_bounds(const struct store *store, struct store_bounds *bounds)
{
	const struct store_counters *counters = &store->base.counters;

	*bounds = (struct store_bounds){
		.min_position = atomic_load(&counters->min_position),
		.max_position = atomic_load(&counters->max_position),
		.meta_seq = atomic_load(&counters->meta_seq),
	};
}

int
store_read_meta(struct store *store, int64_t *meta_seq,
    void (*found)(void *arg, const struct meta_row *row), void *arg)
{
	*meta_seq = atomic_load(&store->base.counters.meta_seq);
	return meta_read_all(store->path, store->vfs, found, arg);
}

void
store_listen(struct store *store, struct store_listener *listener)
{
	store->writer->listener = listener;
}

void
store_wait_for_copies(struct store *store, int timeout_ms)
{
	store->writer->gate.on = true;
	store_set_copy_timeout(store, timeout_ms);
}

void
store_hide_uncopied(struct store *store)
{
	store->writer->gate.hides = true;
}

void
store_set_copy_timeout(struct store *store, int timeout_ms)
{
	atomic_store_explicit(&store->writer->gate.timeout_ms, timeout_ms, memory_order_relaxed);
}

void
store_copies_enough(struct store *store, bool enough)
{
	copy_gate_set_enough(&store->writer->gate, enough);
}

void
store_copied(struct store *store, int64_t position, int64_t meta_seq)
{
	copy_gate_copied(&store->writer->gate, position, meta_seq);
}

int64_t
store_copies_expire(struct store *store)
{
	return copy_gate_expire(&store->writer->gate);
}

/* ---- at start -------------------------------------------------------- */

void
store_each_meta(struct store *store, enum meta_table table,
    void (*row)(void *arg, struct slice key, struct slice value), void *arg)
{
	meta_each(store->meta, table, row, arg);
}

void
store_each_offset(struct store *store,
    void (*row)(
	void *arg, struct slice group, struct slice topic, int32_t queue_id, int64_t offset),
    void *arg)
{
	meta_each_offset(store->meta, row, arg);
}

void
store_each_queue(struct store *store,
    void (*row)(
	void *arg, struct slice topic, int32_t queue_id, int64_t min_offset, int64_t max_offset),
    void *arg)
{
	size_t number = 0;

	for (const struct queue *queue;
	     (queue = queue_table_each(&store->base.queues, &number)) != NULL;)
		row(arg, queue->topic, queue->queue_id, queue->first, queue->next);
}

void
store_load_dedup(struct store *store, const struct dedup_topics *topics)
{
	dedup_replay(store->writer, topics);
}

void
store_half_counts(const struct store *store, struct half_counts *counts)
{
	const struct store_counters *from = &store->base.counters;

	*counts = (struct half_counts){
		.n_open = atomic_load_explicit(&from->n_open, memory_order_relaxed),
		.n_parked = atomic_load_explicit(&from->n_parked, memory_order_relaxed),
		.n_revocable = atomic_load_explicit(&from->n_revocable, memory_order_relaxed),
		.next_due_ms = atomic_load_explicit(&from->next_due_ms, memory_order_relaxed),
	};
}

void
store_timed_counts(const struct store *store, struct timed_counts *counts)
{
	const struct store_counters *from = &store->base.counters;

	*counts = (struct timed_counts){
		.n_pending = atomic_load_explicit(&from->n_timed, memory_order_relaxed),
		.n_in_memory = atomic_load_explicit(&from->n_timed_in_memory, memory_order_relaxed),
		.carry = atomic_load_explicit(&from->timed_carry, memory_order_relaxed),
	};
	for (int clock = 0; clock < N_TIMED_CLOCKS; clock++)
		counts->next_due_ms[clock] =
		    atomic_load_explicit(&from->timed_due_ms[clock], memory_order_relaxed);
}

/* ---- looking after it ------------------------------------------------ */

void
store_get_stats(const struct store *store, struct store_stats *stats)
{
	/* The longest commit is forgotten by being told, hence not const; likewise the lock. */
	struct store_base *base = &((struct store *)(uintptr_t)store)->base;
	struct store_counters *counters = &base->counters;
	struct segment_array *segments = segments_ref(&base->segments);
	int64_t max_position = atomic_load(&counters->max_position);
	int64_t synced = base->dir.syncs ? max_position : atomic_load(&counters->synced_position);
	const char *write_block = write_block_text(&base->write_blocks);

	*stats = (struct store_stats){
		.min_position = atomic_load(&counters->min_position),
		.max_position = max_position,
		.earliest_ms = atomic_load(&counters->earliest_ms),
		.n_messages = atomic_load(&counters->n_messages),
		.n_bytes = atomic_load(&counters->n_bytes),
		.n_commits = atomic_load(&counters->n_commits),
		.n_segments = (int64_t)segments->n,
		.meta_seq = atomic_load(&counters->meta_seq),
		.unsynced_bytes = max_position > synced ? max_position - synced : 0,
		.queued_bytes = atomic_load(&counters->queued_bytes),
		.n_dedup_keys = atomic_load(&counters->n_dedup_keys),
		.n_duplicates = atomic_load(&counters->n_duplicates),
		.commit_max_us = atomic_exchange(&counters->commit_max_us, 0),
		.writable = write_block == NULL,
		.write_block = write_block,
	};
	segment_array_unref(segments);
	/* Of now: a refusal quotes these figures, and a second may change them. */
	path_disk_space(base->dir.path, &stats->disk_total, &stats->disk_free);
}
