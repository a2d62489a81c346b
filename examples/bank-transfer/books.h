#ifndef BANK_TRANSFER_BOOKS_H
#define BANK_TRANSFER_BOOKS_H

/*
 * The books of a bank: an SQLite database whose commits are on disk before
 * anything is said about them. A bank that cannot read or write its books ends
 * at once (fatal); started again, it finds there how far it was.
 */

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"

#define BOOKS_A "a.db"
#define BOOKS_B "b.db"

/* DIRECTORY/FILE. create: SQL of new books, which must not be there yet; NULL: they are. */
sqlite3 *books_open(const char *directory, const char *file, const char *create);
void books_close(sqlite3 *books);
/* Other books behind the same handle; their tables are name.TABLE. */
void books_attach(sqlite3 *books, const char *directory, const char *file, const char *name);

/* Numbers for the ? of a statement. */
#define BOOKS_NUMBERS(...)                                                                         \
	(const int64_t[]){ __VA_ARGS__ }, sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)
/* Statements without numbers or rows. */
void books_script(sqlite3 *books, const char *sql);

#define BOOKS_NOTHING INT64_MIN
/* Runs it; the first number of its first row, BOOKS_NOTHING when there is none. */
int64_t books_run(sqlite3 *books, const char *sql);
int64_t books_run_with(sqlite3 *books, const char *sql, const int64_t *numbers, size_t n);

/* For more rows, and for texts: sqlite3_bind_..., books_step until false, sqlite3_finalize. */
sqlite3_stmt *books_prepare(sqlite3 *books, const char *sql);
void books_bind_text(sqlite3_stmt *statement, int index, struct slice text); /* copied */
bool books_step(sqlite3_stmt *statement);
struct slice books_text(sqlite3_stmt *statement, int column); /* lent until the next step */

/* A transaction that writes. False when another process is at it and does not get done. */
bool books_begin(sqlite3 *books);
void books_commit(sqlite3 *books);
void books_rollback(sqlite3 *books);

/* The ledger these books are of. */
struct slice books_ledger(sqlite3 *books, struct arena *arena);

#endif
