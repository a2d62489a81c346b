#ifndef STORE_SQL_H
#define STORE_SQL_H

/*
 * As little of SQLite as the store needs. Connections are opened without
 * SQLite's own locks: each belongs to one thread at a time. Functions return
 * SQLite's extended result codes; the caller that acts on one logs it.
 */

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Once per process, before the first connection. */
void sql_init(void);

enum sql_mode {
	SQL_CREATE,    /* read and write, made when missing */
	SQL_WRITE,     /* read and write */
	SQL_READ,      /* read only, follows a writer elsewhere */
	SQL_IMMUTABLE, /* read only, no longer written: neither locks nor WAL */
};

int sql_open(const char *path, const char *vfs, enum sql_mode mode, sqlite3 **db);
void sql_close(sqlite3 *db);
/* Statements without results, or whose results do not matter. */
int sql_exec(sqlite3 *db, const char *text);
/* All or none. */
int sql_prepare(sqlite3 *db, const char *const *texts, sqlite3_stmt **statements, size_t n);
void sql_finalize(sqlite3_stmt **statements, size_t n);
/* Runs a bound statement that gives no rows, and resets it. */
int sql_run(sqlite3_stmt *statement);
/* Begins, runs, commits; rolls back on failure. */
int sql_transaction(sqlite3 *db, int (*body)(void *arg), void *arg);
/* The first column of the first row: SQLITE_ROW when there is one, SQLITE_DONE when not. */
int sql_int64(sqlite3 *db, const char *text, int64_t *value);
void sql_bind_slice(sqlite3_stmt *statement, int index, const char *data, size_t len);

bool sql_is_full(int rc);
/* After these the contents of the disk are unknown. */
bool sql_is_sync_failure(int rc);

#endif
