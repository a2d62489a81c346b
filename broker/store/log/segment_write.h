#ifndef STORE_SEGMENT_WRITE_H
#define STORE_SEGMENT_WRITE_H

/*
 * The write side of the live segment: the one connection that appends to it. It belongs to the
 * holder of the writer's batch_lock; at start and at the end the main thread's; once left, the
 * closer's, to be sealed.
 */

#include "broker/store/log/block.h"
#include "broker/store/log/segment.h"

enum segment_put {
	PUT_BEGIN,
	PUT_COMMIT,
	PUT_ROLLBACK,
	PUT_LOG,
	PUT_QUEUE,
	PUT_KEY,
	PUT_BOUNDS,
	PUT_DROP,
	PUT_TAG,
	PUT_INFO,
	N_SEGMENT_PUTS
};

struct segment_writer {
	struct segment *segment;
	sqlite3 *db;
	sqlite3_stmt *statements[N_SEGMENT_PUTS];
	int page_bytes;    /* an older segment has larger ones */
	int wal_frames;    /* in the WAL after the last commit; -1: not known before the first */
	int commit_frames; /* of the last commit */
	int64_t wal_bytes; /* its size, zeros ahead included */
	bool syncs;        /* each commit */
	bool syncs_first;  /* the segment's first commit */
	bool extends;      /* see extend_wal */
	int64_t next_run;  /* of keys */
	int64_t indexed, keyed; /* as in info */
};

/* Functions answer SQLite's result codes. */
int segment_writer_open(
    struct segment_writer *writer, const struct log_dir *dir, struct segment *segment);
void segment_writer_close(struct segment_writer *writer);
/* A checkpoint calls step(arg) each time that so many bytes more are in the database and on disk.
 */
struct seal_steps {
	int64_t bytes;
	int (*step)(void *arg); /* not SQLITE_OK: ends the checkpoint with that */
	void *arg;
};
/*
 * Copies the WAL of a segment that is written no more into its file; it may be read meanwhile. Done
 * with the connection that wrote it, which is closed then: another one that comes when that is gone
 * would recover the WAL first, read it all and check all sums. One that has none gets one. After a
 * failure it keeps its connection, to be tried again with it (see coalesce_vfs.h).
 */
int segment_seal(
    struct segment_writer *writer, const struct log_dir *dir, const struct seal_steps *steps);
/*
 * body runs inside one transaction. A failed one leaves nothing behind, in the
 * WAL neither; when that cannot be had either, the answer is a sync failure.
 */
int segment_write(struct segment_writer *writer, int (*body)(void *arg), void *arg);

/*
 * The first transaction of a segment, which is not synced: it has nothing that anybody was
 * promised, and the sync of the next one is of the same file. SQLite would sync the WAL's header
 * besides; a restart of a WAL needs that, a new one does not.
 */
int segment_write_first(struct segment_writer *writer, int (*body)(void *arg), void *arg);

/* Inside body. */
int segment_put_records(
    struct segment_writer *writer, int64_t position, const char *records, size_t len);
int segment_put_blank(struct segment_writer *writer, int64_t position, const char *blank);
int segment_put_bounds(
    struct segment_writer *writer, const struct queue *queue, int64_t first, int64_t next);
/* end: where the log has to end at least, so that the queue stays dropped (segment_cut.h). */
int segment_put_drop(struct segment_writer *writer, int32_t number, int64_t end);
int segment_put_tag(struct segment_writer *writer, int64_t position, int64_t tag_hash);
int segment_put_info(struct segment_writer *writer, const char *name, int64_t value);
int segment_put_queue_blocks(struct segment_writer *writer, struct pending *pending);
int segment_put_key_blocks(struct segment_writer *writer, struct pending *pending);
/* Writes 64 KB, for which a full disk has no room. */
int segment_put_probe(struct segment_writer *writer);

#endif
