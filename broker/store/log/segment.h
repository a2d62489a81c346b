#ifndef STORE_SEGMENT_H
#define STORE_SEGMENT_H

/*
 * A segment: one SQLite file that holds a stretch of the log and its index.
 *
 *   log(pos, records)     pos of the first record; records back to back; a blank (record.h) is a
 *                         row of 8 bytes, and takes as many positions as it says
 *   queue(id, entries)    id = queue number << 40 | offset of the first entry
 *   key(id, entries)      id = run << 24 | first prefix, see block.h
 *   bounds(number, ...)   the queues that were known when the segment began,
 *                         as they stood then, and those born in it
 *   tag(pos, hash)        tag hashes that are not those of the record's TAGS
 *   dropped(position, ...) rows of bounds that went with a topic, and up to which end of the log
 *                         they are needed if it is cut; absent while there are none
 *   info(name, value)     versions, first, indexed, keyed, next_number, last_timestamp; birthN:
 *                         the first offset of queue number N, where it is not 0
 *
 * `indexed` is the log position up to which queue reflects the log, `keyed`
 * that of key; both move in the transaction that writes the blocks. The newest
 * segment thus tells the state of all queues: its bounds, its queue blocks,
 * and what its log holds behind `indexed`. No second file has to agree with it.
 *
 * While it is live, all of it is in its WAL, which is never checkpointed: a commit
 * never waits for a checkpoint, and SQLite's race between a commit and another
 * connection's checkpoint (before 3.51.3) cannot happen. When the writer has moved
 * on, the closer seals it: checkpoint, then it is immutable. Readers see `sealed` and open
 * it without locks, mapped.
 *
 * struct segment is shared by threads and counted.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/store/sqlite/sql.h"

/*
 * Of the segments that are made; those that are found keep theirs. Measured against 8 KB: a lone
 * record costs 61 us of CPU instead of 85 and writes 7 KB instead of 11, for each rewrites the last
 * page of the table; 64 in flight and batches cost about the same. Cold reads take more of them;
 * what that costs was lost in the noise.
 */
#define SEGMENT_PAGE_BYTES 4096
#define SEGMENT_ROW_BYTES 65536 /* a log row is not longer, unless one record is */

#define SEGMENT_BIRTH_INFO "birth%d" /* info: the first offset of the queue with this number */

/* Where the segments are, and how their files are opened. Read by all threads. */
struct log_dir {
	const char *path;
	const char *vfs;       /* NULL: SQLite's default */
	const char *write_vfs; /* on top of vfs, for files that are written */
	bool syncs;            /* each commit: SYNC_FLUSH */
	unsigned tricks_off;   /* enum trick */
};

struct segment {
	_Atomic uint32_t refs;
	_Atomic bool sealed;
	_Atomic bool gone; /* unlinked: readers let go of it */
	int64_t first;     /* log position of its first record */
	_Atomic int64_t
	    last_timestamp; /* of its newest record, ms; 0: not looked up yet; the closer's */
	char path[];
};

struct segment *segment_new(const struct log_dir *dir, int64_t first);
struct segment *segment_ref(struct segment *segment);
void segment_unref(struct segment *segment);

/*
 * A file becomes a segment in two steps, so that the writer waits for neither
 * schema nor syncs: a template is made ahead, and adopted under its final name.
 */
int segment_make_template(const struct log_dir *dir);
/* 0, or -1 and errno. */
int segment_adopt_template(const struct log_dir *dir, const struct segment *segment);
int segment_unlink(const struct log_dir *dir, const struct segment *segment);
/* Its large files, opened before their names go, so that disk_free_slowly can have them; -1: none.
 */
#define SEGMENT_FILES 2
void segment_hold(const struct segment *segment, int files[SEGMENT_FILES]);

int segment_open(
    const struct log_dir *dir, const struct segment *segment, enum sql_mode mode, sqlite3 **db);
/*
 * The WAL of a sealed segment, which no connection reads any more, becomes the
 * next segment's. Measured (ext4): to write over a file costs
 * 0.4 us a KB against 1.0 for a growing one, and with a sync each 64 KB the
 * throughput is 2.5 times that, for neither blocks nor page cache nor file size change.
 * One waits as log/spare.wal; keep false: there is no wish for one. Failures cost speed only.
 */
void segment_recycle(const struct log_dir *dir, struct segment *segment, bool keep);
void segment_drop_spare(const struct log_dir *dir);

/* NULL when this program can read the file, else why not, as one sentence (caller frees). */
char *segment_version_error(sqlite3 *db, const char *path);
/* Store time of the first record, ms; -1: none, or it cannot be read, which is logged. */
int64_t segment_earliest(sqlite3 *db, const char *path);
/* SQLITE_ROW when there, SQLITE_DONE when not. */
int segment_info(sqlite3 *db, const char *name, int64_t *value);
int segment_set_info(sqlite3 *db, const char *name, int64_t value);

#endif
