#include "config.h"

#include "examples/common/books.h"

#include <stdio.h>

#include "common/base/log.h"

#define BUSY_MS 2000
#define PATH_MAX_BYTES 4096

static void broken(sqlite3 *books, const char *what) __attribute__((noreturn));

static void
broken(sqlite3 *books, const char *what)
{
	fatal("the books cannot be used: %s: %s", what, sqlite3_errmsg(books));
}

void
books_script(sqlite3 *books, const char *sql)
{
	if (sqlite3_exec(books, sql, NULL, NULL, NULL) != SQLITE_OK)
		broken(books, sql);
}

static void
path_of(char path[static PATH_MAX_BYTES], const char *directory, const char *file)
{
	if (snprintf(path, PATH_MAX_BYTES, "%s/%s", directory, file) >= PATH_MAX_BYTES)
		fatal("the path is too long: %s", directory);
}

sqlite3 *
books_open(const char *directory, const char *file, const char *create)
{
	char path[PATH_MAX_BYTES];
	sqlite3 *books;

	path_of(path, directory, file);
	int flags = SQLITE_OPEN_READWRITE | (create != NULL ? SQLITE_OPEN_CREATE : 0);
	if (sqlite3_open_v2(path, &books, flags, NULL) != SQLITE_OK)
		broken(books, path);
	sqlite3_busy_timeout(books, BUSY_MS);
	books_script(books, "PRAGMA journal_mode = WAL");
	books_script(books, "PRAGMA synchronous = FULL");
	if (create != NULL)
		books_script(books, create);
	return books;
}

void
books_attach(sqlite3 *books, const char *directory, const char *file, const char *name)
{
	sqlite3_stmt *statement = books_prepare(books, "ATTACH ?1 AS ?2");
	char path[PATH_MAX_BYTES];

	path_of(path, directory, file);
	books_bind_text(statement, 1, slice_of(path));
	books_bind_text(statement, 2, slice_of(name));
	books_step(statement);
	sqlite3_finalize(statement);
}

void
books_close(sqlite3 *books)
{
	if (sqlite3_close(books) != SQLITE_OK)
		broken(books, "close");
}

sqlite3_stmt *
books_prepare(sqlite3 *books, const char *sql)
{
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(books, sql, -1, &statement, NULL) != SQLITE_OK)
		broken(books, sql);
	return statement;
}

void
books_bind_text(sqlite3_stmt *statement, int index, struct slice text)
{
	if (sqlite3_bind_text(statement, index, text.data, (int)text.len, SQLITE_TRANSIENT) !=
	    SQLITE_OK)
		broken(sqlite3_db_handle(statement), sqlite3_sql(statement));
}

bool
books_step(sqlite3_stmt *statement)
{
	int result = sqlite3_step(statement);

	if (result != SQLITE_ROW && result != SQLITE_DONE)
		broken(sqlite3_db_handle(statement), sqlite3_sql(statement));
	return result == SQLITE_ROW;
}

struct slice
books_text(sqlite3_stmt *statement, int column)
{
	const void *text = sqlite3_column_text(statement, column);

	return (struct slice){ text, (size_t)sqlite3_column_bytes(statement, column) };
}

int64_t
books_run_with(sqlite3 *books, const char *sql, const int64_t *numbers, size_t n)
{
	sqlite3_stmt *statement = books_prepare(books, sql);
	int64_t result = BOOKS_NOTHING;

	for (size_t i = 0; i < n; i++)
		sqlite3_bind_int64(statement, (int)i + 1, numbers[i]);
	while (books_step(statement))
		if (result == BOOKS_NOTHING && sqlite3_column_type(statement, 0) != SQLITE_NULL)
			result = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return result;
}

int64_t
books_run(sqlite3 *books, const char *sql)
{
	return books_run_with(books, sql, NULL, 0);
}

bool
books_begin(sqlite3 *books)
{
	int result = sqlite3_exec(books, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	if (result != SQLITE_OK && result != SQLITE_BUSY)
		broken(books, "BEGIN");
	return result == SQLITE_OK;
}

void
books_commit(sqlite3 *books)
{
	books_script(books, "COMMIT");
}

void
books_rollback(sqlite3 *books)
{
	books_script(books, "ROLLBACK");
}
