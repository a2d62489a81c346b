#include "config.h"

#include "broker/store/timed/timed_rows.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/log.h"

#define TIMED_VERSION 1
#define WALL_BIT (INT64_C(1) << 62) /* of a row's due */

int64_t
timed_row_due(enum timed_clock clock, int64_t due_ms)
{
	return due_ms | (clock == TIMED_WALL ? WALL_BIT : 0);
}

static struct timed
timed_of_row(int64_t position, int64_t due)
{
	return (struct timed){
		.position = position,
		.due_ms = due & ~WALL_BIT,
		.clock = due & WALL_BIT ? TIMED_WALL : TIMED_STEADY,
	};
}

/* ---- the file ---------------------------------------------------------- */

static const char *const texts[N_TIMED_STATEMENTS] = {
	[TIMED_PUT_ROW] = "INSERT OR REPLACE INTO timed VALUES(?, ?)",
	[TIMED_DELETE_ROW] = "DELETE FROM timed WHERE position = ?",
	[TIMED_FIND_ROW] = "SELECT due FROM timed WHERE position = ?",
	[TIMED_SAME_ROWS] = "SELECT position, due FROM timed WHERE due = ?1 AND position > ?2"
			    " ORDER BY position LIMIT ?4",
	[TIMED_NEXT_ROWS] = "SELECT position, due FROM timed WHERE due > ?1 AND due < ?3"
			    " ORDER BY due, position LIMIT ?4",
	[TIMED_OLD_ROWS] = "SELECT position, due FROM timed WHERE position < ? ORDER BY position",
	[TIMED_PUT_POSITION] = "INSERT OR REPLACE INTO info VALUES('position', ?)",
};

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS timed(position INTEGER PRIMARY KEY, due INTEGER NOT NULL);"
    "CREATE INDEX IF NOT EXISTS timed_due ON timed(due);"
    "CREATE TABLE IF NOT EXISTS info(name TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID;";

int
timed_rows_put_position(struct timed_table *table, int64_t position)
{
	sqlite3_stmt *put = table->statements[TIMED_PUT_POSITION];

	sqlite3_bind_int64(put, 1, position);
	return sql_run(put);
}

static int
create_tables(void *arg)
{
	sqlite3 *db = arg;
	int rc = sql_exec(db, schema);

	return rc == SQLITE_OK ? sql_exec(db, "PRAGMA user_version = 1") : rc;
}

/* *version: 0 when it is new. */
static int
prepare(struct timed_table *table, int64_t *version)
{
	int rc = sql_exec(table->db,
	    "PRAGMA page_size = 4096; PRAGMA synchronous = FULL; PRAGMA journal_mode = WAL;"
	    "PRAGMA cache_size = -4096; PRAGMA wal_autocheckpoint = 8000");

	if (rc == SQLITE_OK)
		rc = sql_int64(table->db, "PRAGMA user_version", version);
	if (rc == SQLITE_ROW)
		rc = SQLITE_OK;
	if (rc != SQLITE_OK || *version > TIMED_VERSION)
		return rc;
	if (*version == 0)
		rc = sql_transaction(table->db, create_tables, table->db);
	if (rc == SQLITE_OK)
		rc = sql_prepare(table->db, texts, table->statements, N_TIMED_STATEMENTS);
	return rc;
}

static void
open_file(struct timed_table *table, struct buf *why)
{
	int64_t version = 0;
	int rc = sql_open(table->path, table->vfs, SQL_CREATE, &table->db);

	if (rc == SQLITE_OK)
		rc = prepare(table, &version);
	if (rc != SQLITE_OK)
		buf_printf(why,
		    "%s cannot be opened: %s; when it is deleted, the next start makes it anew "
		    "from the log",
		    table->path, sqlite3_errstr(rc));
	else if (version > TIMED_VERSION)
		buf_printf(why,
		    "%s was written by a newer version (schema %" PRId64
		    ", this program knows %d); start the newer program",
		    table->path, version, TIMED_VERSION);
	if (why->len != 0)
		timed_rows_close(table);
}

void
timed_rows_close(struct timed_table *table)
{
	sql_finalize(table->statements, N_TIMED_STATEMENTS);
	sql_close(table->db);
	table->db = NULL;
}

static int
on_commit(void *arg, sqlite3 *db, const char *name, int n_pages)
{
	struct timed_table *table = arg;

	(void)db;
	(void)name;
	table->n_wal_pages = n_pages;
	return SQLITE_OK;
}

int
timed_rows_relax(struct timed_table *table)
{
	/* Which also ends checkpoints at commits. */
	sqlite3_wal_hook(table->db, on_commit, table);
	return sql_exec(table->db, "PRAGMA synchronous = NORMAL");
}

int
timed_rows_create(struct timed_table *table, int64_t end)
{
	struct buf why = { 0 };

	open_file(table, &why);
	if (why.len == 0) {
		int rc = timed_rows_put_position(table, end);

		if (rc == SQLITE_OK)
			rc = timed_rows_relax(table);
		if (rc != SQLITE_OK) {
			buf_printf(
			    &why, "%s cannot be written: %s", table->path, sqlite3_errstr(rc));
			timed_rows_close(table);
		}
	}
	if (why.len != 0 && !table->failed)
		log_error("no timed message can be stored: %s", buf_text(&why));
	table->failed = why.len != 0;
	table->kept_position = end;
	buf_release(&why);
	return table->failed ? -1 : 0;
}

/* ---- single rows ------------------------------------------------------- */

bool
timed_rows_next(sqlite3_stmt *rows, struct timed *row)
{
	if (sqlite3_step(rows) != SQLITE_ROW)
		return false;
	*row = timed_of_row(sqlite3_column_int64(rows, 0), sqlite3_column_int64(rows, 1));
	return true;
}

bool
timed_rows_find(struct timed_table *table, int64_t position, struct timed *row)
{
	sqlite3_stmt *find = table->statements[TIMED_FIND_ROW];

	if (table->db == NULL)
		return false;
	sqlite3_bind_int64(find, 1, position);
	bool found = sqlite3_step(find) == SQLITE_ROW;

	if (found)
		*row = timed_of_row(position, sqlite3_column_int64(find, 0));
	sqlite3_reset(find);
	return found;
}

/* ---- at start ---------------------------------------------------------- */

int
timed_table_remove(const struct timed_table *table)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	int status = 0;

	for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
		struct buf name = { 0 };

		buf_printf(&name, "%s%s", table->path, suffixes[i]);
		if (unlink(buf_text(&name)) == -1 && errno != ENOENT)
			status = -1;
		buf_release(&name);
	}
	return status;
}

int
timed_table_reach_back(const struct timed_table *table, int64_t position)
{
	char text[96];
	sqlite3 *db;

	if (access(table->path, F_OK) != 0)
		return SQLITE_OK;
	int rc = sql_open(table->path, table->vfs, SQL_WRITE, &db);
	if (rc != SQLITE_OK)
		return rc;
	snprintf(text, sizeof text,
	    "UPDATE info SET value = min(value, %" PRId64 ") WHERE name = 'position'", position);
	rc = sql_exec(db, "PRAGMA synchronous = FULL");
	if (rc == SQLITE_OK)
		rc = sql_exec(db, text);
	sql_close(db);
	return rc == SQLITE_ERROR ? SQLITE_OK : rc; /* it has no tables yet */
}

int
timed_table_open(struct timed_table *table, bool needed, int64_t *from, struct buf *why)
{
	*from = INT64_MAX;
	if (access(table->path, F_OK) != 0 && !needed)
		return 0;
	open_file(table, why);
	if (why->len != 0)
		return -1;
	int rc = sql_int64(table->db, "SELECT value FROM info WHERE name = 'position'", from);

	if (rc == SQLITE_DONE) {
		*from = 0;
		log_info("timer.db is made anew from the log");
	} else if (rc != SQLITE_ROW) {
		buf_printf(why, "%s cannot be read: %s", table->path, sqlite3_errstr(rc));
	}
	return why->len == 0 ? 0 : -1;
}
