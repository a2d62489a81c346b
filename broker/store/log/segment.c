#include "config.h"

#include "broker/store/log/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/store/log/disk.h"
#include "broker/store/sqlite/trick.h"
#include "broker/store/sqlite/wal.h"
#include "broker/store/version.h"
#include "common/base/buf.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/protocol/record.h"

#define TEMPLATE_NAME "next.db"
#define SPARE_NAME "spare.wal"
#define MMAP_BYTES "2147418112"

static const char schema[] =
    "CREATE TABLE log(pos INTEGER PRIMARY KEY, records BLOB NOT NULL);"
    "CREATE TABLE queue(id INTEGER PRIMARY KEY, entries BLOB NOT NULL);"
    "CREATE TABLE key(id INTEGER PRIMARY KEY, entries BLOB NOT NULL);"
    "CREATE TABLE bounds(number INTEGER PRIMARY KEY, topic TEXT NOT NULL, queue_id INTEGER NOT "
    "NULL,"
    " first INTEGER NOT NULL, next INTEGER NOT NULL, last_timestamp INTEGER NOT NULL,"
    " born INTEGER NOT NULL);"
    "CREATE TABLE tag(pos INTEGER PRIMARY KEY, hash INTEGER NOT NULL);"
    "CREATE TABLE info(name TEXT PRIMARY KEY, value) WITHOUT ROWID;";

/* The files of an SQLite database. */
static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };
#define N_SUFFIXES (sizeof suffixes / sizeof suffixes[0])

struct segment *
segment_new(const struct log_dir *dir, int64_t first)
{
	size_t size = strlen(dir->path) + sizeof "/01234567890123456789.db";
	struct segment *segment = mem_zalloc(sizeof *segment + size);

	atomic_init(&segment->refs, 1);
	segment->first = first;
	snprintf(segment->path, size, "%s/%020lld.db", dir->path, (long long)first);
	return segment;
}

struct segment *
segment_ref(struct segment *segment)
{
	atomic_fetch_add_explicit(&segment->refs, 1, memory_order_relaxed);
	return segment;
}

void
segment_unref(struct segment *segment)
{
	if (segment != NULL &&
	    atomic_fetch_sub_explicit(&segment->refs, 1, memory_order_acq_rel) == 1)
		free(segment);
}

/* Returns the first unlink error; a missing file is not an error. */
static int
unlink_all(const char *path)
{
	struct buf name = { 0 };
	int status = 0;

	for (size_t i = 0; i < N_SUFFIXES && status == 0; i++) {
		name.len = 0;
		buf_printf(&name, "%s%s", path, suffixes[i]);
		if (unlink(buf_text(&name)) == -1 && errno != ENOENT)
			status = -1;
	}
	buf_release(&name);
	return status;
}

static int
fill_template(void *arg)
{
	sqlite3 *db = arg;
	int rc = sql_exec(db, schema);

	if (rc == SQLITE_OK)
		rc = segment_set_info(db, "schema_version", STORE_SCHEMA_VERSION);
	if (rc == SQLITE_OK)
		rc = segment_set_info(db, "record_version", STORE_RECORD_VERSION);
	return rc;
}

int
segment_make_template(const struct log_dir *dir)
{
	struct buf path = { 0 };
	sqlite3 *db;

	buf_printf(&path, "%s/" TEMPLATE_NAME, dir->path);
	if (unlink_all(buf_text(&path)) == -1) {
		buf_release(&path);
		return SQLITE_CANTOPEN;
	}
	int rc = sql_open(buf_text(&path), dir->vfs, SQL_CREATE, &db);
	if (rc == SQLITE_OK) {
		char pragmas[96];

		snprintf(pragmas, sizeof pragmas,
		    "PRAGMA page_size = %d; PRAGMA synchronous = OFF; PRAGMA journal_mode = WAL",
		    SEGMENT_PAGE_BYTES);
		rc = sql_exec(db, pragmas);
		if (rc == SQLITE_OK)
			rc = sql_transaction(db, fill_template, db);
		sql_close(db);
	}
	/* One sync instead of the several that SQLite would make. */
	if (rc == SQLITE_OK && disk_sync_file(buf_text(&path)) == -1)
		rc = SQLITE_IOERR_FSYNC;
	buf_release(&path);
	return rc;
}

int
segment_adopt_template(const struct log_dir *dir, const struct segment *segment)
{
	struct buf path = { 0 };

	buf_printf(&path, "%s/" TEMPLATE_NAME, dir->path);
	int status = rename(buf_text(&path), segment->path);
	path.len = 0;
	buf_printf(&path, "%s/" SPARE_NAME, dir->path);
	if (status == 0)
		status = wal_adopt(buf_text(&path), segment->path);
	buf_release(&path);
	/* Under ASYNC_FLUSH the syncer does it, for a commit may wait here for a busy disk. */
	if (status == 0 && dir->syncs)
		status = disk_sync_directory(dir->path);
	return status;
}

static int
open_file(const struct segment *segment, const char *suffix)
{
	struct buf path = { 0 };

	buf_printf(&path, "%s%s", segment->path, suffix);
	int fd = open(buf_text(&path), O_WRONLY | O_CLOEXEC);
	buf_release(&path);
	return fd;
}

void
segment_hold(const struct segment *segment, int files[SEGMENT_FILES])
{
	files[0] = open_file(segment, "");
	files[1] = open_file(segment, "-wal");
}

int
segment_unlink(const struct log_dir *dir, const struct segment *segment)
{
	return unlink_all(segment->path) == 0 ? disk_sync_directory(dir->path) : -1;
}

int
segment_open(
    const struct log_dir *dir, const struct segment *segment, enum sql_mode mode, sqlite3 **db)
{
	/*
	 * The writer's cache holds a batch's dirty pages, so that they reach the
	 * WAL once; a reader's only what one search touches.
	 */
	static const char *const pragmas[] = {
		[SQL_CREATE] = "",
		[SQL_WRITE] = "PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -3072",
		[SQL_READ] = "PRAGMA cache_size = -192",
		[SQL_IMMUTABLE] = "PRAGMA mmap_size = " MMAP_BYTES "; PRAGMA cache_size = -64",
	};
	int rc = sql_open(segment->path, mode == SQL_WRITE ? dir->write_vfs : dir->vfs, mode, db);

	if (rc != SQLITE_OK)
		return rc;
	rc = sql_exec(*db, pragmas[mode]);
	if (rc == SQLITE_OK && mode == SQL_WRITE)
		rc = sql_exec(
		    *db, dir->syncs ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
	if (rc != SQLITE_OK) {
		sql_close(*db);
		*db = NULL;
	}
	return rc;
}

void
segment_recycle(const struct log_dir *dir, struct segment *segment, bool keep)
{
	struct buf spare = { 0 };
	int fd = -1;

	buf_printf(&spare, "%s/" SPARE_NAME, dir->path);
	if (keep && !(dir->tricks_off & TRICK_RECYCLE) && access(buf_text(&spare), F_OK) == -1)
		wal_recycle(segment->path, buf_text(&spare));
	else
		fd = open_file(segment, "-wal");
	wal_remove(segment->path);
	disk_free_slowly(fd);
	buf_release(&spare);
}

void
segment_drop_spare(const struct log_dir *dir)
{
	struct buf spare = { 0 };

	buf_printf(&spare, "%s/" SPARE_NAME, dir->path);
	unlink(buf_text(&spare));
	buf_release(&spare);
}

char *
segment_version_error(sqlite3 *db, const char *path)
{
	static const struct {
		const char *name;
		int64_t known;
	} versions[] = {
		{ "schema_version", STORE_SCHEMA_VERSION },
		{ "record_version", STORE_RECORD_VERSION },
	};
	struct buf why = { 0 };

	for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
		int64_t found = 0;
		int rc = segment_info(db, versions[i].name, &found);

		if (rc != SQLITE_ROW) {
			buf_printf(&why, "%s is not a segment of this store (%s); move it away",
			    path, rc == SQLITE_DONE ? "it tells no version" : sqlite3_errmsg(db));
			break;
		}
		if (found > versions[i].known) {
			buf_printf(&why,
			    "%s was written by a newer version (%s %lld, this program knows %lld); "
			    "start the newer program",
			    path, versions[i].name, (long long)found, (long long)versions[i].known);
			break;
		}
	}
	return why.len != 0 ? buf_take(&why) : NULL;
}

int64_t
segment_earliest(sqlite3 *db, const char *path)
{
	sqlite3_stmt *statement;
	int64_t earliest = -1;
	struct record record;
	int rc = sqlite3_prepare_v2(db,
	    "SELECT records FROM log WHERE length(records) > 8 ORDER BY pos LIMIT 1", -1,
	    &statement, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW && record_decode(sqlite3_column_blob(statement, 0),
				    (size_t)sqlite3_column_bytes(statement, 0), &record) == 0)
		earliest = record.store_timestamp;
	else if (rc != SQLITE_DONE)
		log_error(
		    "store is corrupt, the age of its oldest message is unknown file=%s", path);
	sqlite3_finalize(statement);
	return earliest;
}

int
segment_info(sqlite3 *db, const char *name, int64_t *value)
{
	char text[96];

	snprintf(text, sizeof text, "SELECT value FROM info WHERE name = '%s'", name);
	return sql_int64(db, text, value);
}

int
segment_set_info(sqlite3 *db, const char *name, int64_t value)
{
	char text[128];

	snprintf(text, sizeof text, "INSERT OR REPLACE INTO info VALUES('%s', %lld)", name,
	    (long long)value);
	return sql_exec(db, text);
}
