#ifndef STORE_PRIVATE_H
#define STORE_PRIVATE_H

/*
 * What the store's files share. Who may touch what:
 *
 *   options, paths       set at open, read by all
 *   segments             any thread, under its lock; replaced by the writer only
 *   queues, writer       main before start and after stop, else the writer
 *   counters, write_blocks   any thread
 */

#include <pthread.h>
#include <stdatomic.h>

#include "broker/store/log/block.h"
#include "broker/store/tail/commit_notice.h"
#include "broker/store/index/queue_table.h"
#include "broker/store/log/segment.h"
#include "broker/store/store.h"

struct writer;
struct reader;
struct closer;
struct syncer;
struct meta;

/* Why appends are refused, several at once. */
enum write_block {
	WRITE_BLOCK_BROKEN = 1, /* a sync failed: until a restart */
	WRITE_BLOCK_FULL = 2,   /* SQLITE_FULL: until a probe succeeds */
	WRITE_BLOCK_LIMIT = 4,  /* above disk_refuse_percent */
};

struct store_counters {
	_Atomic int64_t min_position, max_position, synced_position;
	_Atomic int64_t earliest_ms;
	_Atomic int64_t n_messages, n_bytes, n_commits;
	_Atomic int64_t queued_bytes;
	_Atomic int64_t commit_max_us;
	_Atomic int64_t disk_total, disk_free;
	_Atomic unsigned write_blocks;
	_Atomic int64_t n_open, n_parked, n_revocable; /* half messages */
	_Atomic int64_t next_due_ms;
};

/* Appends of one loop in one turn of its events, to be posted to the writer together. */
struct append_queue {
	struct turn_end turn_end;
	struct task_chain chain;
	size_t n_bytes, n_records;
	struct store *store;
	struct loop *loop;
};

struct store {
	struct store_options options; /* texts: the copies below */
	char *path, *log_path, *vfs;
	const char *write_vfs; /* on top of vfs, for segments that are written */
	int lock_fd;
	pthread_mutex_t segments_lock; /* a leaf */
	struct segment_array *segments;
	struct queue_table queues;
	struct meta *meta;
	struct writer *writer;
	struct reader **readers;
	struct closer *closer;
	struct syncer *syncer; /* ASYNC only */
	struct loop *loops;
	struct tail **tails;
	int n_loops;
	struct append_queue *append_queues; /* one per loop */
	struct store_counters counters;
	_Atomic unsigned next_reader;
	/* Offset + 1 for each queue of options.kept_topic; 0: it needs nothing. */
	_Atomic int64_t kept_from[STORE_KEPT_QUEUES];
	bool keeping; /* closer: it was logged that segments stay */
};

/* What an append knows of one of its records. */
struct append_item {
	int64_t tag_hash;
	uint32_t size;
	uint32_t n_keys;
};

/* The caller's reference. */
struct segment_array *store_segments(struct store *store);
/* Replaces the array; takes the reference over. */
void store_set_segments(struct store *store, struct segment_array *array);
/* Adds the newest. */
void store_add_segment(struct store *store, struct segment *segment);
void write_block_set(struct store *store, enum write_block why);
void write_block_clear(struct store *store, enum write_block why);
/* 0, or -1 and errno. */
int store_sync_file(const char *path);
int store_sync_directory(const char *path);
/* A thread without signals: those are the main thread's. */
void store_start_thread(pthread_t *thread, const char *name, void *(*run)(void *arg), void *arg);

/* append.c: adds it, with this status, to the replies of its loop (one chain per loop). */
void append_finish(struct store *store, struct append *append, enum append_status status,
    struct task_chain *replies);
void append_queues_start(struct store *store);
/* Posts what the loops appended in their last turn. */
void append_queues_stop(struct store *store);

/* reader.c */
void store_start_readers(struct store *store);
void store_stop_readers(struct store *store);
/* A reader takes it on. Any thread. */
void reader_submit(struct store *store, struct read_job *job);
/*
 * All readers let go of what is gone, and of WALs that are sealed; when the
 * last has, `after` (may be NULL) is posted to the closer.
 */
void readers_sweep(struct store *store, struct task *after);
/* Posts it to its reply loop. */
void read_job_finish(struct read_job *job, enum read_status status);

/* syncer.c: ASYNC_FLUSH's syncs */
void store_start_syncer(struct store *store);
void store_stop_syncer(struct store *store);
/* The writer has left this segment, whose records end at position. */
void syncer_leave(struct syncer *syncer, struct segment *segment, int64_t end);

/* replay.c: finds the segments, fills queues and the writer. -1: *why says what is wrong. */
int store_replay(struct store *store, char **why);

/* How far a pull got; the same rules for tail and readers. */
struct pull_count {
	int32_t n_messages;
	int32_t n_scanned;
	int64_t n_bytes;
};

enum pull_verdict { PULL_TAKE, PULL_SKIP, PULL_STOP };

static inline bool
pull_passes(const struct pull_limits *limits, int32_t code)
{
	for (size_t i = 0; i < limits->n_tag_codes; i++)
		if (limits->tag_codes[i] == code)
			return true;
	return limits->tag_codes == NULL;
}

/* Asks about the next entry; STOP leaves it for the next pull. */
static inline enum pull_verdict
pull_next(const struct pull_limits *limits, struct pull_count *count, uint32_t size, int32_t code)
{
	if (count->n_messages > 0 && (count->n_messages >= limits->max_messages ||
					 count->n_bytes + size > limits->max_bytes))
		return PULL_STOP;
	if (limits->max_scan > 0 && count->n_scanned >= limits->max_scan)
		return PULL_STOP;
	count->n_scanned++;
	if (!pull_passes(limits, code))
		return PULL_SKIP;
	count->n_messages++;
	count->n_bytes += size;
	return PULL_TAKE;
}

#endif
