#ifndef COMMON_ACCOUNT_PRIVATE_H
#define COMMON_ACCOUNT_PRIVATE_H

/* What the files of common/account share. */

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "common/account/account.h"
#include "common/account/account_limit.h"
#include "common/base/strmap.h"

#define TOKEN_HASH_BYTES 32

/* The copy in memory. Its lock is a leaf. */
struct account_cache {
	pthread_mutex_t lock;
	sqlite3 *db;            /* reads only */
	int64_t data_version;   /* of the copy; SQLite's */
	int64_t looked_ms;      /* when that was compared last, monotonic */
	struct strmap accounts; /* name -> struct account */
	struct strmap tokens;   /* SHA-256 -> struct cached_token */
	_Atomic bool stale;     /* this process has changed the file */
};

struct accounts {
	char *path;
	char *password_file; /* of the first account */
	pthread_mutex_t lock;
	sqlite3 *db; /* while the lock is held */
	struct account_cache cache;
	/* Passwords are computed one after the other. */
	pthread_mutex_t turn;
	_Atomic int n_waiting;
	pthread_mutex_t limit_lock;
	struct login_limit *limit;
};

/* ---- account_file.c -------------------------------------------------- */

/* A value for a statement: text, bytes, or a number when data is NULL and is_number. */
struct account_value {
	struct slice text; /* absent and no number: NULL */
	int64_t number;
	bool is_number, is_blob;
};

#define VALUE_TEXT(slice) ((struct account_value){ .text = (slice) })
#define VALUE_BLOB(slice) ((struct account_value){ .text = (slice), .is_blob = true })
#define VALUE_INT(n) ((struct account_value){ .number = (n), .is_number = true })

/* A bound statement; NULL: SQLite refused. The texts must last until it is finalized. */
sqlite3_stmt *account_prepare(
    sqlite3 *db, const char *sql, const struct account_value *values, size_t n);
/* Runs a statement without rows; how many rows it changed, or -1. */
int account_run(sqlite3 *db, const char *sql, const struct account_value *values, size_t n);
/* The number in the first column of the first row; -1: there is none. */
int64_t account_number(sqlite3 *db, const char *sql, const struct account_value *values, size_t n);
/*
 * Runs the body in a transaction that writes: all of it or, when it does not return ACCOUNT_OK,
 * nothing. Refuses what would leave no admin with a password where there was one.
 */
enum account_status account_change(struct accounts *accounts,
    enum account_status (*body)(struct accounts *accounts, void *arg), void *arg);
/* ACCOUNT_FAILED after one line in the log. */
enum account_status account_failed(const struct accounts *accounts, const char *doing);
/* The columns name, role, password IS NOT NULL, created, mark. */
void account_read_row(sqlite3_stmt *row, struct account *account);
#define ACCOUNT_COLUMNS "name, role, password IS NOT NULL, created, mark"
void account_read_text(sqlite3_stmt *row, int column, char *to, size_t size);

/* ---- account_cache.c ------------------------------------------------- */

int account_cache_open(struct account_cache *cache, const char *path);
void account_cache_close(struct account_cache *cache);
void account_token_hash(struct slice text, unsigned char hash[TOKEN_HASH_BYTES]);

#endif
