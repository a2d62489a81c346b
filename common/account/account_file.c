#include "config.h"

/* The file: its schema, transactions, and the first account. */

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/account/account_password.h"
#include "common/account/account_private.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"

#define SCHEMA_VERSION 1
#define BUSY_MS 10000
#define RETRY_MS 20

/* SQLite's journal is a WAL: who looks a token up never waits for somebody who writes. */
static const char schema[] =
    "CREATE TABLE account(name TEXT PRIMARY KEY,"
    " role TEXT NOT NULL CHECK(role IN ('reader', 'operator', 'admin')),"
    " password TEXT," /* scrypt; NULL: none */
    " created INTEGER NOT NULL,"
    " mark INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE token(account TEXT NOT NULL REFERENCES account ON DELETE CASCADE,"
    " name TEXT NOT NULL,"
    " hash BLOB NOT NULL UNIQUE," /* SHA-256 */
    " created INTEGER NOT NULL,"
    " expires INTEGER NOT NULL," /* 0: never */
    " PRIMARY KEY(account, name)) WITHOUT ROWID;"
    "CREATE TABLE note(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "PRAGMA user_version=1;";

/* ---- statements ------------------------------------------------------ */

sqlite3_stmt *
account_prepare(sqlite3 *db, const char *sql, const struct account_value *values, size_t n)
{
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		const struct account_value *value = &values[i];
		int at = (int)i + 1;

		if (value->is_number)
			sqlite3_bind_int64(statement, at, value->number);
		else if (value->text.data == NULL)
			sqlite3_bind_null(statement, at);
		else if (value->is_blob)
			sqlite3_bind_blob(
			    statement, at, value->text.data, (int)value->text.len, SQLITE_STATIC);
		else
			sqlite3_bind_text(
			    statement, at, value->text.data, (int)value->text.len, SQLITE_STATIC);
	}
	return statement;
}

int
account_run(sqlite3 *db, const char *sql, const struct account_value *values, size_t n)
{
	sqlite3_stmt *statement = account_prepare(db, sql, values, n);
	bool done = statement != NULL && sqlite3_step(statement) == SQLITE_DONE;

	sqlite3_finalize(statement);
	return done ? sqlite3_changes(db) : -1;
}

int64_t
account_number(sqlite3 *db, const char *sql, const struct account_value *values, size_t n)
{
	sqlite3_stmt *statement = account_prepare(db, sql, values, n);
	int64_t number = -1;

	if (statement != NULL && sqlite3_step(statement) == SQLITE_ROW)
		number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return number;
}

enum account_status
account_failed(const struct accounts *accounts, const char *doing)
{
	log_error("accounts cannot be %s path=%s error=\"%s\"", doing, accounts->path,
	    sqlite3_errmsg(accounts->db));
	return ACCOUNT_FAILED;
}

void
account_read_text(sqlite3_stmt *row, int column, char *to, size_t size)
{
	const unsigned char *text = sqlite3_column_text(row, column);

	snprintf(to, size, "%s", text != NULL ? (const char *)text : "");
}

void
account_read_row(sqlite3_stmt *row, struct account *account)
{
	char role[16];

	account_read_text(row, 0, account->name, sizeof account->name);
	account_read_text(row, 1, role, sizeof role);
	account->role = ACCOUNT_READER;
	account_role_of(slice_of(role), &account->role);
	account->has_password = sqlite3_column_int(row, 2) != 0;
	account->created_ms = sqlite3_column_int64(row, 3);
	account->mark = sqlite3_column_int64(row, 4);
}

/* ---- transactions ---------------------------------------------------- */

static int64_t
count_admins(sqlite3 *db)
{
	return account_number(db,
	    "SELECT count(*) FROM account WHERE role = 'admin' AND password IS NOT NULL", NULL, 0);
}

static enum account_status
change_locked(struct accounts *accounts,
    enum account_status (*body)(struct accounts *accounts, void *arg), void *arg)
{
	sqlite3 *db = accounts->db;
	enum account_status status;
	int64_t n_admins;

	if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		return account_failed(accounts, "changed");
	n_admins = count_admins(db);
	status = body(accounts, arg);
	if (status == ACCOUNT_OK && n_admins > 0 && count_admins(db) == 0)
		status = ACCOUNT_LAST_ADMIN;
	if (status == ACCOUNT_OK && sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		status = account_failed(accounts, "changed");
	if (status != ACCOUNT_OK && !sqlite3_get_autocommit(db))
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return status;
}

enum account_status
account_change(struct accounts *accounts,
    enum account_status (*body)(struct accounts *accounts, void *arg), void *arg)
{
	enum account_status status;

	pthread_mutex_lock(&accounts->lock);
	status = change_locked(accounts, body, arg);
	pthread_mutex_unlock(&accounts->lock);
	atomic_store(&accounts->cache.stale, true);
	return status;
}

/* ---- opening --------------------------------------------------------- */

/*
 * Made here, so that it is nobody else's from the beginning. One that exists is not opened: closing
 * it would drop the locks of SQLite's connections of this process. NULL, or what is wrong.
 */
static const char *
make_file(const char *path, const char *directory)
{
	struct stat status;
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	const char *why = NULL;

	if (fd == -1 && errno == EEXIST) {
		if (lstat(path, &status) == -1)
			return strerror(errno);
		if (!S_ISREG(status.st_mode))
			return "it is no file";
		return (status.st_mode & 077) != 0
		           ? "others may read it: chmod 600, and change passwords and tokens"
		           : NULL;
	}
	if (fd == -1)
		return strerror(errno);
	/* root makes it for the daemon, whose directory this is */
	if (geteuid() == 0 && stat(directory, &status) == 0 &&
	    fchown(fd, status.st_uid, status.st_gid) == -1)
		why = strerror(errno);
	close(fd);
	return why;
}

/* Several processes may open a new file at once, and SQLite does not wait in each case. */
static int
try_until_free(sqlite3 *db, const char *sql)
{
	const struct timespec pause = { .tv_nsec = RETRY_MS * 1000000L };
	int rc;

	for (int left = BUSY_MS / RETRY_MS; left > 0; left--) {
		rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
		if ((rc & 0xff) != SQLITE_BUSY)
			return rc;
		nanosleep(&pause, NULL);
	}
	return rc;
}

/* 0, or -1: SQLite says why, or *why does. */
static int
set_up(sqlite3 *db, const char **why)
{
	int64_t version;

	sqlite3_busy_timeout(db, BUSY_MS);
	if (try_until_free(db, "PRAGMA journal_mode=WAL") != SQLITE_OK ||
	    sqlite3_exec(db, "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;", NULL, NULL,
		NULL) != SQLITE_OK ||
	    try_until_free(db, "BEGIN IMMEDIATE") != SQLITE_OK)
		return -1;
	version = account_number(db, "PRAGMA user_version", NULL, 0);
	if (version > SCHEMA_VERSION)
		*why = "a newer version of TwinMQ wrote it";
	if (version == 0 && sqlite3_exec(db, schema, NULL, NULL, NULL) != SQLITE_OK)
		version = -1;
	if (version < 0 || *why != NULL) {
		if (*why == NULL)
			*why = sqlite3_errmsg(db);
		return -1; /* closing rolls back */
	}
	return sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK ? 0 : -1;
}

static char *
beside(const char *directory, const char *name)
{
	size_t size = strlen(directory) + strlen(name) + 2;
	char *path = mem_alloc(size);

	snprintf(path, size, "%s/%s", directory, name);
	return path;
}

static const char *
open_file(struct accounts *accounts, const char *directory)
{
	const char *why = make_file(accounts->path, directory);

	if (why != NULL)
		return why;
	if (sqlite3_open_v2(accounts->path, &accounts->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK ||
	    set_up(accounts->db, &why) == -1 ||
	    account_cache_open(&accounts->cache, accounts->path) == -1)
		return why != NULL ? why : sqlite3_errmsg(accounts->db);
	return NULL;
}

struct accounts *
accounts_open(const char *path, struct arena *arena, struct slice *why)
{
	struct accounts *accounts = mem_zalloc(sizeof *accounts);
	char *copy = mem_strdup(path);
	const char *directory = dirname(copy);
	const char *fault;

	accounts->path = mem_strdup(path);
	accounts->password_file = beside(directory, "admin.password");
	accounts->limit = login_limit_new();
	pthread_mutex_init(&accounts->lock, NULL);
	pthread_mutex_init(&accounts->turn, NULL);
	pthread_mutex_init(&accounts->limit_lock, NULL);
	pthread_mutex_init(&accounts->cache.lock, NULL);
	fault = open_file(accounts, directory);
	free(copy);
	if (fault == NULL)
		return accounts;
	*why = arena_printf(arena, "accounts cannot be read from %s: %s", path, fault);
	accounts_close(accounts);
	return NULL;
}

void
accounts_close(struct accounts *accounts)
{
	if (accounts == NULL)
		return;
	account_cache_close(&accounts->cache);
	sqlite3_close(accounts->db);
	pthread_mutex_destroy(&accounts->lock);
	pthread_mutex_destroy(&accounts->turn);
	pthread_mutex_destroy(&accounts->limit_lock);
	pthread_mutex_destroy(&accounts->cache.lock);
	login_limit_free(accounts->limit);
	free(accounts->password_file);
	free(accounts->path);
	free(accounts);
}

/* ---- the first account ----------------------------------------------- */

static int
write_password(const struct accounts *accounts, const char *password)
{
	struct stat status;
	size_t len = strlen(password);
	int fd, result = -1;

	unlink(accounts->password_file); /* of a start that ended before its commit */
	fd = open(accounts->password_file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	if (write(fd, password, len) == (ssize_t)len && write(fd, "\n", 1) == 1 && fsync(fd) == 0)
		result = 0;
	if (geteuid() == 0 && stat(accounts->path, &status) == 0 &&
	    fchown(fd, status.st_uid, status.st_gid) == -1)
		result = -1;
	close(fd);
	return result;
}

struct first_account {
	bool made;
	char stored[PASSWORD_STORED_SIZE];
	char password[PASSWORD_RANDOM_SIZE];
};

static enum account_status
make_first(struct accounts *accounts, void *arg)
{
	struct first_account *first = arg;
	const struct account_value values[] = { VALUE_TEXT(SLICE(ACCOUNT_FIRST)),
		VALUE_TEXT(slice_of(first->stored)), VALUE_INT(clock_wall_ms()) };

	/* Another daemon may have been faster. */
	if (account_number(
		accounts->db, "SELECT count(*) FROM note WHERE name = 'first'", NULL, 0) != 0)
		return ACCOUNT_OK;
	if (account_run(accounts->db, "INSERT INTO note VALUES('first', 1)", NULL, 0) == -1)
		return account_failed(accounts, "changed");
	if (account_number(accounts->db,
		"SELECT count(*) FROM account WHERE name = 'admin' OR password IS NOT NULL", NULL,
		0) != 0)
		return ACCOUNT_OK; /* an operator came first */
	if (account_run(accounts->db,
		"INSERT INTO account VALUES(?1, 'admin', ?2, ?3, abs(random()))", values, 3) == -1)
		return account_failed(accounts, "changed");
	if (write_password(accounts, first->password) == -1) {
		log_error("the first password cannot be written path=%s error=\"%s\"",
		    accounts->password_file, strerror(errno));
		return ACCOUNT_FAILED;
	}
	first->made = true;
	return ACCOUNT_OK;
}

enum account_status
accounts_make_first(struct accounts *accounts)
{
	struct first_account first = { 0 };
	enum account_status status;
	int64_t noted;

	pthread_mutex_lock(&accounts->lock);
	noted =
	    account_number(accounts->db, "SELECT count(*) FROM note WHERE name = 'first'", NULL, 0);
	pthread_mutex_unlock(&accounts->lock);
	if (noted == 1)
		return ACCOUNT_OK;
	password_random(first.password);
	if (password_hash(slice_of(first.password), first.stored) == -1) {
		log_error("there is no memory for a password");
		return ACCOUNT_FAILED;
	}
	status = account_change(accounts, make_first, &first);
	if (status == ACCOUNT_OK && first.made)
		log_info("made the account %s; its password is in %s", ACCOUNT_FIRST,
		    accounts->password_file);
	else if (first.made)
		unlink(accounts->password_file);
	return status;
}
