#include "config.h"

#include "nameserver/kv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <sqlite3.h>

#include "common/base/buf.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/path.h"
#include "common/base/strmap.h"
#include "common/json/json.h"

#define FILE_NAME "namesrv.db"
#define SCHEMA_VERSION 1
#define IMPORT_MAX_BYTES (16 << 20)

static const char schema[] =
    "CREATE TABLE pair(space BLOB, key BLOB, value BLOB, PRIMARY KEY(space, key))"
    " WITHOUT ROWID;"
    "CREATE TABLE setting(name BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID;"
    "PRAGMA user_version=1;";

struct kv {
	sqlite3 *db;
	sqlite3_stmt *put;
	sqlite3_stmt *delete;
	sqlite3_stmt *put_setting;
	struct strmap spaces; /* namespace -> struct strmap of key -> struct text */
	struct kv_counts counts;
};

struct text {
	size_t len;
	char data[];
};

static struct text *
text_new(struct slice from)
{
	struct text *text = mem_alloc(sizeof *text + from.len + 1);

	text->len = from.len;
	if (from.len != 0)
		memcpy(text->data, from.data, from.len);
	return text;
}

static void
space_free(void *value)
{
	struct strmap *space = value;

	strmap_release(space, free);
	free(space);
}

/* ---- Memory ---- */

/* Frees the value that a key had before; NULL: none. */
static void
uncount(struct kv *kv, struct slice key, struct text *before)
{
	if (before == NULL)
		return;
	kv->counts.pairs--;
	kv->counts.bytes -= key.len + before->len;
	free(before);
}

static void
remember(struct kv *kv, struct slice space_name, struct slice key, struct slice value)
{
	struct strmap *space = strmap_find(&kv->spaces, space_name);

	if (space == NULL) {
		space = mem_zalloc(sizeof *space);
		strmap_put(&kv->spaces, space_name, space);
	}
	uncount(kv, key, strmap_put(space, key, text_new(value)));
	kv->counts.pairs++;
	kv->counts.bytes += key.len + value.len;
}

static void
forget(struct kv *kv, struct slice space_name, struct slice key)
{
	struct strmap *space = strmap_find(&kv->spaces, space_name);

	if (space == NULL)
		return;
	uncount(kv, key, strmap_take(space, key));
	if (space->n == 0)
		space_free(strmap_take(&kv->spaces, space_name));
}

struct kv_counts
kv_counts(const struct kv *kv)
{
	return kv->counts;
}

struct slice
kv_find(const struct kv *kv, struct slice space_name, struct slice key)
{
	const struct strmap *space = strmap_find(&kv->spaces, space_name);
	const struct text *text = space != NULL ? strmap_find(space, key) : NULL;

	return text != NULL ? (struct slice){ text->data, text->len } : SLICE_NONE;
}

const struct ext *
kv_list(const struct kv *kv, struct slice space_name, struct arena *arena, size_t *n_pairs)
{
	const struct strmap *space = strmap_find(&kv->spaces, space_name);
	struct strmap_entry **sorted;
	struct ext *pairs;

	*n_pairs = 0;
	if (space == NULL)
		return NULL;
	sorted = strmap_sorted(space);
	pairs = arena_alloc(arena, space->n * sizeof *pairs);
	for (size_t i = 0; i < space->n; i++) {
		const struct text *text = sorted[i]->value;

		pairs[i] = (struct ext){ strmap_key(sorted[i]), { text->data, text->len } };
	}
	*n_pairs = space->n;
	free(sorted);
	return pairs;
}

/* ---- The file ---- */

static void
bind_slice(sqlite3_stmt *statement, int at, struct slice value)
{
	sqlite3_bind_blob64(
	    statement, at, value.data != NULL ? value.data : "", value.len, SQLITE_STATIC);
}

static struct slice
column_slice(sqlite3_stmt *statement, int at)
{
	const void *data = sqlite3_column_blob(statement, at);

	return (
	    struct slice){ data != NULL ? data : "", (size_t)sqlite3_column_bytes(statement, at) };
}

/* One step of a change, which is a transaction of its own unless one is open. */
static int
change(struct kv *kv, sqlite3_stmt *statement)
{
	int status = sqlite3_step(statement);

	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	if (status == SQLITE_DONE)
		return 0;
	log_error("namesrv.db cannot be changed error=%s", sqlite3_errmsg(kv->db));
	return -1;
}

int
kv_put(struct kv *kv, struct slice space, struct slice key, struct slice value)
{
	bind_slice(kv->put, 1, space);
	bind_slice(kv->put, 2, key);
	bind_slice(kv->put, 3, value);
	if (change(kv, kv->put) == -1)
		return -1;
	remember(kv, space, key, value);
	return 0;
}

int
kv_delete(struct kv *kv, struct slice space, struct slice key)
{
	bind_slice(kv->delete, 1, space);
	bind_slice(kv->delete, 2, key);
	if (change(kv, kv->delete) == -1)
		return -1;
	forget(kv, space, key);
	return 0;
}

static int
run_sql(struct kv *kv, const char *sql)
{
	if (sqlite3_exec(kv->db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	log_error("namesrv.db cannot be changed error=%s", sqlite3_errmsg(kv->db));
	return -1;
}

int
kv_put_settings(struct kv *kv, const struct ext *rows, size_t n)
{
	int status = run_sql(kv, "BEGIN IMMEDIATE");

	if (status == -1)
		return -1;
	for (size_t i = 0; status == 0 && i < n; i++) {
		bind_slice(kv->put_setting, 1, rows[i].key);
		bind_slice(kv->put_setting, 2, rows[i].value);
		status = change(kv, kv->put_setting);
	}
	if (status == 0)
		status = run_sql(kv, "COMMIT");
	if (status == -1 && sqlite3_get_autocommit(kv->db) == 0)
		run_sql(kv, "ROLLBACK");
	return status;
}

void
kv_each_setting(
    struct kv *kv, void (*take)(void *arg, struct slice name, struct slice value), void *arg)
{
	sqlite3_stmt *all;

	if (sqlite3_prepare_v2(kv->db, "SELECT name, value FROM setting", -1, &all, NULL) !=
	    SQLITE_OK)
		return;
	while (sqlite3_step(all) == SQLITE_ROW)
		take(arg, column_slice(all, 0), column_slice(all, 1));
	sqlite3_finalize(all);
}

/* ---- Opening ---- */

static int
load(struct kv *kv)
{
	sqlite3_stmt *all;
	int status;

	if (sqlite3_prepare_v2(kv->db, "SELECT space, key, value FROM pair", -1, &all, NULL) !=
	    SQLITE_OK)
		return -1;
	while ((status = sqlite3_step(all)) == SQLITE_ROW)
		remember(kv, column_slice(all, 0), column_slice(all, 1), column_slice(all, 2));
	sqlite3_finalize(all);
	return status == SQLITE_DONE ? 0 : -1;
}

static int
schema_version(struct kv *kv)
{
	sqlite3_stmt *ask;
	int version = -1;

	if (sqlite3_prepare_v2(kv->db, "PRAGMA user_version", -1, &ask, NULL) != SQLITE_OK)
		return -1;
	if (sqlite3_step(ask) == SQLITE_ROW)
		version = sqlite3_column_int(ask, 0);
	sqlite3_finalize(ask);
	return version;
}

static int
read_file(const char *path, struct buf *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	if (fd == -1)
		return -1;
	while (text->len <= IMPORT_MAX_BYTES && (n = read(fd, buf_reserve(text, 65536), 65536)) > 0)
		text->len += (size_t)n;
	close(fd);
	return n == 0 ? 0 : -1;
}

/* {"configTable":{"namespace":{"key":"value"}}}; in the transaction that makes the file. */
static int
import_pairs(struct kv *kv, const struct json *spaces, size_t *n)
{
	for (const struct json *space = spaces->first; space != NULL; space = space->next)
		for (const struct json *pair = space->first; pair != NULL; pair = pair->next) {
			if (json_text(pair).data == NULL)
				continue;
			if (kv_put(kv, space->name, pair->name, json_text(pair)) == -1)
				return -1;
			(*n)++;
		}
	return 0;
}

static int
import_file(struct kv *kv, const char *path, struct arena *arena, struct slice *why)
{
	struct buf text = { 0 };
	const struct json *spaces;
	size_t n = 0;
	int result = -1;

	if (access(path, F_OK) == -1 && errno == ENOENT)
		return 0; /* RocketMQ makes it with the first pair */
	if (read_file(path, &text) == -1) {
		*why = arena_printf(
		    arena, "kvConfigPath %s cannot be read: %s", path, strerror(errno));
		goto out;
	}
	spaces = json_member(json_parse(arena, buf_slice(&text)), "configTable");
	if (spaces == NULL || spaces->type != JSON_OBJECT) {
		*why =
		    arena_printf(arena, "kvConfigPath %s holds no configTable of RocketMQ", path);
		goto out;
	}
	result = import_pairs(kv, spaces, &n);
	if (result == -1)
		*why = arena_printf(
		    arena, "%s cannot be written: %s", FILE_NAME, sqlite3_errmsg(kv->db));
	else
		log_info("pairs taken over from=%s pairs=%zu", path, n);
out:
	buf_release(&text);
	return result;
}

static int
execute(struct kv *kv, const char *sql)
{
	return sqlite3_exec(kv->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : -1;
}

static int
prepare(struct kv *kv)
{
	const struct {
		sqlite3_stmt **statement;
		const char *sql;
	} rows[] = {
		{ &kv->put, "INSERT OR REPLACE INTO pair(space, key, value) VALUES(?, ?, ?)" },
		{ &kv->delete, "DELETE FROM pair WHERE space = ? AND key = ?" },
		{ &kv->put_setting, "INSERT OR REPLACE INTO setting(name, value) VALUES(?, ?)" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (sqlite3_prepare_v2(kv->db, rows[i].sql, -1, rows[i].statement, NULL) !=
		    SQLITE_OK)
			return -1;
	return 0;
}

/* The schema and what is taken over appear together or not at all. */
static int
create(struct kv *kv, const char *import_path, struct arena *arena, struct slice *why)
{
	if (execute(kv, schema) == -1 || prepare(kv) == -1)
		return -1;
	return import_path != NULL ? import_file(kv, import_path, arena, why) : 0;
}

static int
set_up(struct kv *kv, const char *path, const char *import_path, struct arena *arena,
    struct slice *why)
{
	/* Exclusive: a second name server on this directory is told so at its start. */
	if (execute(kv,
		"PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
		"BEGIN IMMEDIATE") == -1)
		return -1;

	int version = schema_version(kv);

	if (version > SCHEMA_VERSION) {
		*why = arena_printf(arena,
		    "%s was written by a newer mqnamesrv (schema %d, known up to %d)", path,
		    version, SCHEMA_VERSION);
		return -1;
	}
	if ((version == 0 ? create(kv, import_path, arena, why) : prepare(kv)) == -1)
		return -1;
	if (execute(kv, "COMMIT") == -1)
		return -1;
	return version == 0 ? 0 : load(kv);
}

static void
explain(struct kv *kv, const char *path, struct arena *arena, struct slice *why)
{
	int code = sqlite3_errcode(kv->db);

	if (why->data != NULL)
		return;
	if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
		*why = arena_printf(arena,
		    "%s is in use by another mqnamesrv; give this one its own storePath", path);
	else
		*why = arena_printf(arena, "%s cannot be used: %s", path, sqlite3_errmsg(kv->db));
}

struct kv *
kv_open(const char *directory, const char *import_path, struct arena *arena, struct slice *why)
{
	struct slice path = arena_printf(arena, "%s/%s", directory, FILE_NAME);
	char *problem;
	struct kv *kv;

	*why = SLICE_NONE;
	if (path_make_directory(directory, &problem) == -1) {
		*why = arena_printf(arena, "storePath: %s", problem);
		free(problem);
		return NULL;
	}
	kv = mem_zalloc(sizeof *kv);
	if (sqlite3_open_v2(path.data, &kv->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) ==
		SQLITE_OK &&
	    set_up(kv, path.data, import_path, arena, why) == 0)
		return kv;
	explain(kv, path.data, arena, why);
	kv_close(kv);
	return NULL;
}

void
kv_close(struct kv *kv)
{
	sqlite3_finalize(kv->put);
	sqlite3_finalize(kv->delete);
	sqlite3_finalize(kv->put_setting);
	sqlite3_close(kv->db);
	strmap_release(&kv->spaces, space_free);
	free(kv);
}
