#ifndef EXAMPLES_BOOKS_H
#define EXAMPLES_BOOKS_H

/*
 * The books of a program: an SQLite database. A commit is on disk before the program acts on it.
 * Errors of the database are fatal; after a restart the books say how far the program had come. One
 * thread.
 */

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"

/* Opens DIRECTORY/FILE. create: SQL for new books, which must not exist; NULL: they must exist. */
sqlite3 *books_open(const char *directory, const char *file, const char *create);
void books_close(sqlite3 *books);
/* Adds other books to the handle; their tables are called name.TABLE. */
void books_attach(sqlite3 *books, const char *directory, const char *file, const char *name);

/* Values for the ? of a statement. */
#define BOOKS_NUMBERS(...)                                                                         \
	(const int64_t[]){ __VA_ARGS__ }, sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)
/* Statements without numbers or rows. */
void books_script(sqlite3 *books, const char *sql);

#define BOOKS_NOTHING INT64_MIN
/* Runs a statement. Returns the first number of its first row, or BOOKS_NOTHING. */
int64_t books_run(sqlite3 *books, const char *sql);
int64_t books_run_with(sqlite3 *books, const char *sql, const int64_t *numbers, size_t n);

/* For several rows and for texts: bind, books_step until false, sqlite3_finalize. */
sqlite3_stmt *books_prepare(sqlite3 *books, const char *sql);
void books_bind_text(sqlite3_stmt *statement, int index, struct slice text); /* copied */
bool books_step(sqlite3_stmt *statement);
struct slice books_text(sqlite3_stmt *statement, int column); /* lent until the next step */

/* Begins a transaction that writes. False when another process keeps the lock for too long. */
bool books_begin(sqlite3 *books);
void books_commit(sqlite3 *books);
void books_rollback(sqlite3 *books);

#endif
