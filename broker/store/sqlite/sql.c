#include "config.h"

#include "broker/store/sqlite/sql.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/log.h"

#define BUSY_MS 10000

static void
init_once(void)
{
	/* Refused when SQLite runs already (a test registered its VFS): nothing depends on it. */
	sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 128, 64);
	if (sqlite3_initialize() != SQLITE_OK)
		fatal("SQLite does not start");
}

void
sql_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, init_once);
}

/* A path inside a URI: characters that have a meaning there are escaped. */
static void
put_uri_path(struct buf *uri, const char *path)
{
	for (const char *c = path; *c != '\0'; c++) {
		if (strchr("?#%", *c) != NULL)
			buf_printf(uri, "%%%02x", (unsigned)*c);
		else
			buf_append_char(uri, *c);
	}
}

int
sql_open(const char *path, const char *vfs, enum sql_mode mode, sqlite3 **db)
{
	static const int flags[] = {
		[SQL_CREATE] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
		[SQL_WRITE] = SQLITE_OPEN_READWRITE,
		/* Read-only connections to a WAL need to write its index. */
		[SQL_READ] = SQLITE_OPEN_READWRITE,
		[SQL_IMMUTABLE] = SQLITE_OPEN_READONLY,
	};
	struct buf uri = { 0 };

	buf_append_text(&uri, "file:");
	put_uri_path(&uri, path);
	if (mode == SQL_IMMUTABLE)
		buf_append_text(&uri, "?immutable=1");
	int rc = sqlite3_open_v2(buf_text(&uri), db,
	    flags[mode] | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI | SQLITE_OPEN_EXRESCODE, vfs);
	buf_release(&uri);
	if (rc == SQLITE_OK) {
		sqlite3_busy_timeout(*db, BUSY_MS);
		/* A WAL is emptied where the store says so, never as a side effect. */
		if (mode != SQL_CREATE)
			sqlite3_db_config(*db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	}
	if (rc == SQLITE_OK && mode == SQL_READ)
		rc = sql_exec(*db, "PRAGMA query_only = 1");
	if (rc != SQLITE_OK) {
		sqlite3_close(*db);
		*db = NULL;
	}
	return rc;
}

void
sql_close(sqlite3 *db)
{
	if (db != NULL && sqlite3_close(db) != SQLITE_OK)
		fatal("SQLite connection closed with open statements error=%s", sqlite3_errmsg(db));
}

int
sql_exec(sqlite3 *db, const char *text)
{
	return sqlite3_exec(db, text, NULL, NULL, NULL);
}

int
sql_prepare(sqlite3 *db, const char *const *texts, sqlite3_stmt **statements, size_t n)
{
	memset(statements, 0, n * sizeof statements[0]);
	for (size_t i = 0; i < n; i++) {
		int rc = sqlite3_prepare_v3(
		    db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &statements[i], NULL);

		if (rc != SQLITE_OK) {
			sql_finalize(statements, i);
			return rc;
		}
	}
	return SQLITE_OK;
}

void
sql_finalize(sqlite3_stmt **statements, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		sqlite3_finalize(statements[i]);
		statements[i] = NULL;
	}
}

int
sql_run(sqlite3_stmt *statement)
{
	int rc = sqlite3_step(statement);

	sqlite3_reset(statement);
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
}

int
sql_transaction(sqlite3 *db, int (*body)(void *arg), void *arg)
{
	int rc = sql_exec(db, "BEGIN IMMEDIATE");

	if (rc != SQLITE_OK)
		return rc;
	rc = body(arg);
	if (rc == SQLITE_OK)
		rc = sql_exec(db, "COMMIT");
	if (rc != SQLITE_OK && !sqlite3_get_autocommit(db))
		sql_exec(db, "ROLLBACK");
	return rc;
}

int
sql_int64(sqlite3 *db, const char *text, int64_t *value)
{
	sqlite3_stmt *statement;
	int rc = sqlite3_prepare_v2(db, text, -1, &statement, NULL);

	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW)
		*value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return rc;
}

void
sql_bind_slice(sqlite3_stmt *statement, int index, const char *data, size_t len)
{
	sqlite3_bind_text64(
	    statement, index, data != NULL ? data : "", len, SQLITE_STATIC, SQLITE_UTF8);
}

bool
sql_is_full(int rc)
{
	return (rc & 0xff) == SQLITE_FULL;
}

bool
sql_is_sync_failure(int rc)
{
	return rc == SQLITE_IOERR_FSYNC || rc == SQLITE_IOERR_DIR_FSYNC;
}
