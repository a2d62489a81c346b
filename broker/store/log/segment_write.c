#include "config.h"

#include "broker/store/log/segment_write.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "broker/store/log/disk.h"
#include "broker/store/sqlite/coalesce_vfs.h"
#include "broker/store/sqlite/trick.h"
#include "broker/store/sqlite/wal.h"
#include "common/base/buf.h"
#include "common/base/log.h"
#include "common/base/wire.h"

/* Zeros ahead of a small commit; a large one is not worth the doubled writing. */
#define EXTEND_BYTES (256 << 10)
#define SMALL_COMMIT_FRAMES 8

static const char *const texts[N_SEGMENT_PUTS] = {
	[PUT_BEGIN] = "BEGIN IMMEDIATE",
	[PUT_COMMIT] = "COMMIT",
	[PUT_ROLLBACK] = "ROLLBACK",
	[PUT_LOG] = "INSERT INTO log VALUES(?, ?)",
	[PUT_QUEUE] = "INSERT INTO queue VALUES(?, ?)",
	[PUT_KEY] = "INSERT INTO key VALUES(?, ?)",
	[PUT_BOUNDS] = "INSERT OR REPLACE INTO bounds VALUES(?, ?, ?, ?, ?, ?, ?)",
	[PUT_DROP] = "DELETE FROM bounds WHERE number = ?",
	[PUT_TAG] = "INSERT INTO tag VALUES(?, ?)",
	[PUT_INFO] = "INSERT OR REPLACE INTO info VALUES(?, ?)",
};

static int
on_commit(void *arg, sqlite3 *db, const char *name, int n_frames)
{
	struct segment_writer *writer = arg;

	(void)db;
	(void)name;
	writer->commit_frames = n_frames - writer->wal_frames;
	writer->wal_frames = n_frames;
	return SQLITE_OK;
}

static int
look_at_file(struct segment_writer *writer)
{
	int64_t page_bytes, newest_key;
	int rc = sql_int64(writer->db, "PRAGMA page_size", &page_bytes);

	if (rc != SQLITE_ROW)
		return rc;
	writer->page_bytes = (int)page_bytes;
	rc = sql_int64(writer->db, "SELECT id FROM key ORDER BY id DESC LIMIT 1", &newest_key);
	if (rc == SQLITE_ROW)
		writer->next_run = (newest_key >> KEY_PREFIX_BITS) + 1;
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int
segment_writer_open(
    struct segment_writer *writer, const struct log_dir *dir, struct segment *segment)
{
	*writer = (struct segment_writer){ .wal_frames = -1 };
	int rc = segment_open(dir, segment, SQL_WRITE, &writer->db);
	if (rc != SQLITE_OK)
		return rc;
	writer->segment = segment_ref(segment);
	sqlite3_wal_hook(writer->db, on_commit, writer);
	rc = sql_prepare(writer->db, texts, writer->statements, N_SEGMENT_PUTS);
	if (rc == SQLITE_OK)
		rc = look_at_file(writer);
	coalesce_keep_locks(writer->db, !(dir->tricks_off & TRICK_KEEP_LOCKS));
	writer->syncs = dir->syncs;
	writer->syncs_first = dir->tricks_off & TRICK_FIRST_SYNC;
	if (rc == SQLITE_OK && writer->syncs && !(dir->tricks_off & TRICK_EXTEND))
		writer->extends = wal_size(writer->db, &writer->wal_bytes);
	if (rc != SQLITE_OK)
		segment_writer_close(writer);
	return rc;
}

static void
disconnect(struct segment_writer *writer)
{
	sql_finalize(writer->statements, N_SEGMENT_PUTS);
	sql_close(writer->db);
	writer->db = NULL;
}

void
segment_writer_close(struct segment_writer *writer)
{
	disconnect(writer);
	segment_unref(writer->segment);
	*writer = (struct segment_writer){ 0 };
}

/* ---- sealing --------------------------------------------------------- */

struct stepping {
	const struct seal_steps *steps;
	int fd; /* of the database; -1: none */
};

static int
on_step(void *arg)
{
	const struct stepping *stepping = arg;

	/* A failure shows again when the checkpoint syncs the file. */
	disk_write_back(stepping->fd);
	return stepping->steps->step(stepping->steps->arg);
}

/* Without steps, the sync at the end of the checkpoint would write the whole file at once. */
static int
checkpoint(struct segment_writer *writer, const struct log_dir *dir, const struct seal_steps *steps)
{
	struct stepping stepping = { steps, -1 };
	int in_wal = 0, copied = 0;

	if (!(dir->tricks_off & TRICK_STEPS)) {
		stepping.fd = open(writer->segment->path, O_RDONLY | O_CLOEXEC);
		coalesce_vfs_set_steps(writer->db, steps->bytes, on_step, &stepping);
	}
	int rc =
	    sqlite3_wal_checkpoint_v2(writer->db, NULL, SQLITE_CHECKPOINT_FULL, &in_wal, &copied);
	coalesce_vfs_set_steps(writer->db, 0, NULL, NULL);
	if (stepping.fd != -1)
		close(stepping.fd);
	return rc == SQLITE_OK && in_wal != copied ? SQLITE_BUSY : rc;
}

int
segment_seal(
    struct segment_writer *writer, const struct log_dir *dir, const struct seal_steps *steps)
{
	int rc = SQLITE_OK;

	if (writer->db == NULL)
		rc = sql_open(writer->segment->path, dir->write_vfs, SQL_WRITE, &writer->db);
	if (rc == SQLITE_OK)
		coalesce_keep_locks(writer->db, false);
	if (rc == SQLITE_OK)
		rc = sql_exec(writer->db, "PRAGMA synchronous = FULL; PRAGMA cache_size = -64");
	if (rc == SQLITE_OK)
		rc = checkpoint(writer, dir, steps);
	if (rc != SQLITE_OK)
		return rc;
	disconnect(writer);
	/* Its name may be younger than the last sync of the directory. */
	if (disk_sync_directory(dir->path) == -1)
		return SQLITE_IOERR_DIR_FSYNC;
	atomic_store_explicit(&writer->segment->sealed, true, memory_order_release);
	return SQLITE_OK;
}

/*
 * A synced write at the end of a file costs a second one, of the inode; over
 * zeros that are there already it does not. Measured, lone messages,
 * SYNC: 170 us of CPU instead of 265, half again as many a second.
 * A recycled WAL (segment_recycle) has its size from the start.
 */
static void
extend_wal(struct segment_writer *writer)
{
	int64_t end = wal_bytes(writer->page_bytes, writer->wal_frames);
	int64_t small = wal_bytes(writer->page_bytes, SMALL_COMMIT_FRAMES);

	if (writer->wal_bytes < end)
		writer->wal_bytes = end;
	if (writer->commit_frames > SMALL_COMMIT_FRAMES || end + small <= writer->wal_bytes)
		return;
	/* It is for speed only: a disk that is full or broken shows in the commit. */
	writer->extends = wal_extend(writer->db, &writer->wal_bytes, EXTEND_BYTES);
}

/* Truncates the WAL after a failed commit, so that recovery cannot replay it. */
static int
truncate_wal(struct segment_writer *writer)
{
	writer->wal_bytes = wal_bytes(writer->page_bytes, writer->wal_frames);
	return wal_truncate(writer->db, writer->wal_bytes);
}

int
segment_write(struct segment_writer *writer, int (*body)(void *arg), void *arg)
{
	if (writer->extends && writer->wal_frames >= 0)
		extend_wal(writer);
	int rc = sql_run(writer->statements[PUT_BEGIN]);

	if (rc == SQLITE_OK)
		rc = body(arg);
	if (rc == SQLITE_OK)
		rc = sql_run(writer->statements[PUT_COMMIT]);
	if (rc == SQLITE_OK)
		return SQLITE_OK;
	if (!sqlite3_get_autocommit(writer->db))
		sql_run(writer->statements[PUT_ROLLBACK]);
	if (writer->wal_frames >= 0 && truncate_wal(writer) != SQLITE_OK)
		return SQLITE_IOERR_FSYNC;
	return rc;
}

int
segment_write_first(struct segment_writer *writer, int (*body)(void *arg), void *arg)
{
	if (writer->syncs_first)
		return segment_write(writer, body, arg);
	sql_exec(writer->db, "PRAGMA synchronous = OFF");
	int rc = segment_write(writer, body, arg);
	sql_exec(writer->db,
	    writer->syncs ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
	return rc;
}

static int
put_blob(sqlite3_stmt *statement, int64_t id, const void *blob, size_t len)
{
	sqlite3_bind_int64(statement, 1, id);
	sqlite3_bind_blob64(statement, 2, blob, len, SQLITE_STATIC);
	return sql_run(statement);
}

int
segment_put_records(
    struct segment_writer *writer, int64_t position, const char *records, size_t len)
{
	size_t start = 0, end = 0;
	int rc = SQLITE_OK;

	while (end < len && rc == SQLITE_OK) {
		size_t size = be32_get(records + end + RECORD_AT_SIZE);

		if (end > start && end + size - start > SEGMENT_ROW_BYTES) {
			rc = put_blob(writer->statements[PUT_LOG], position + (int64_t)start,
			    records + start, end - start);
			start = end;
		}
		end += size;
	}
	if (rc == SQLITE_OK && end > start)
		rc = put_blob(writer->statements[PUT_LOG], position + (int64_t)start,
		    records + start, end - start);
	return rc;
}

static int
put_birth(struct segment_writer *writer, const struct queue *queue)
{
	char name[32];

	snprintf(name, sizeof name, SEGMENT_BIRTH_INFO, queue->number);
	return segment_put_info(writer, name, queue->birth);
}

int
segment_put_blank(struct segment_writer *writer, int64_t position, const char *blank)
{
	return put_blob(writer->statements[PUT_LOG], position, blank, RECORD_BLANK_BYTES);
}

int
segment_put_bounds(
    struct segment_writer *writer, const struct queue *queue, int64_t first, int64_t next)
{
	sqlite3_stmt *statement = writer->statements[PUT_BOUNDS];

	sqlite3_bind_int64(statement, 1, queue->number);
	sql_bind_slice(statement, 2, queue->topic.data, queue->topic.len);
	sqlite3_bind_int64(statement, 3, queue->queue_id);
	sqlite3_bind_int64(statement, 4, first);
	sqlite3_bind_int64(statement, 5, next);
	sqlite3_bind_int64(statement, 6, queue->last_timestamp);
	sqlite3_bind_int64(statement, 7, queue->born);
	int rc = sql_run(statement);

	return rc == SQLITE_OK && queue->birth != 0 ? put_birth(writer, queue) : rc;
}

/* A log that is cut needs it again. */
static int
keep_dropped(struct segment_writer *writer, int32_t number, int64_t end)
{
	sqlite3_stmt *statement;
	int rc = sql_exec(writer->db,
	    "CREATE TABLE IF NOT EXISTS dropped(position INTEGER NOT NULL, number INTEGER NOT NULL,"
	    " topic TEXT NOT NULL, queue_id INTEGER NOT NULL, first INTEGER NOT NULL,"
	    " next INTEGER NOT NULL, last_timestamp INTEGER NOT NULL, born INTEGER NOT NULL)");

	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(writer->db,
		    "INSERT INTO dropped SELECT ?2, number, topic, queue_id, first, next,"
		    " last_timestamp, born FROM bounds WHERE number = ?1",
		    -1, &statement, NULL);
	if (rc != SQLITE_OK)
		return rc;
	sqlite3_bind_int64(statement, 1, number);
	sqlite3_bind_int64(statement, 2, end);
	rc = sql_run(statement);
	sqlite3_finalize(statement);
	return rc;
}

int
segment_put_drop(struct segment_writer *writer, int32_t number, int64_t end)
{
	int rc = keep_dropped(writer, number, end);

	if (rc != SQLITE_OK)
		return rc;
	sqlite3_bind_int64(writer->statements[PUT_DROP], 1, number);
	return sql_run(writer->statements[PUT_DROP]);
}

int
segment_put_tag(struct segment_writer *writer, int64_t position, int64_t tag_hash)
{
	sqlite3_bind_int64(writer->statements[PUT_TAG], 1, position);
	sqlite3_bind_int64(writer->statements[PUT_TAG], 2, tag_hash);
	return sql_run(writer->statements[PUT_TAG]);
}

int
segment_put_info(struct segment_writer *writer, const char *name, int64_t value)
{
	sqlite3_stmt *statement = writer->statements[PUT_INFO];

	sql_bind_slice(statement, 1, name, strlen(name));
	sqlite3_bind_int64(statement, 2, value);
	return sql_run(statement);
}

static int
put_block(void *statement, int64_t id, const void *block, size_t bytes)
{
	return put_blob(statement, id, block, bytes);
}

int
segment_put_queue_blocks(struct segment_writer *writer, struct pending *pending)
{
	return pending_each_queue_block(pending, put_block, writer->statements[PUT_QUEUE]);
}

int
segment_put_key_blocks(struct segment_writer *writer, struct pending *pending)
{
	return pending_each_key_block(
	    pending, writer->next_run, put_block, writer->statements[PUT_KEY]);
}

int
segment_put_probe(struct segment_writer *writer)
{
	return sql_exec(writer->db, "INSERT OR REPLACE INTO info VALUES('probe', zeroblob(65536))");
}
