#include "config.h"

#include "broker/store/meta/meta.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/store/log/disk.h"
#include "broker/store/version.h"
#include "common/base/buf.h"
#include "common/base/log.h"
#include "common/base/mem.h"

#define META_PAGE_BYTES 4096

enum meta_statement {
	STATEMENT_BEGIN,
	STATEMENT_COMMIT,
	STATEMENT_ROLLBACK,
	STATEMENT_PUT, /* + enum meta_table, those of (name, value) */
	STATEMENT_DELETE = STATEMENT_PUT + META_OFFSET,
	STATEMENT_PUT_OFFSET = STATEMENT_DELETE + META_OFFSET,
	STATEMENT_DELETE_OFFSET,
	STATEMENT_DELETE_OF_GROUP,
	STATEMENT_DELETE_OF_TOPIC,
	N_META_STATEMENTS
};

static const char *const tables[] = { "topic", "consumer_group", "setting", "producer_group" };

static const char *const texts[N_META_STATEMENTS] = {
	[STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
	[STATEMENT_COMMIT] = "COMMIT",
	[STATEMENT_ROLLBACK] = "ROLLBACK",
	[STATEMENT_PUT + META_TOPIC] = "INSERT OR REPLACE INTO topic VALUES(?, ?)",
	[STATEMENT_PUT + META_GROUP] = "INSERT OR REPLACE INTO consumer_group VALUES(?, ?)",
	[STATEMENT_PUT + META_SETTING] = "INSERT OR REPLACE INTO setting VALUES(?, ?)",
	[STATEMENT_PUT + META_PRODUCER_GROUP] =
	    "INSERT OR REPLACE INTO producer_group VALUES(?, ?)",
	[STATEMENT_DELETE + META_TOPIC] = "DELETE FROM topic WHERE name = ?",
	[STATEMENT_DELETE + META_GROUP] = "DELETE FROM consumer_group WHERE name = ?",
	[STATEMENT_DELETE + META_SETTING] = "DELETE FROM setting WHERE name = ?",
	[STATEMENT_DELETE + META_PRODUCER_GROUP] = "DELETE FROM producer_group WHERE name = ?",
	[STATEMENT_PUT_OFFSET] = "INSERT OR REPLACE INTO consumer_offset VALUES(?, ?, ?, ?)",
	[STATEMENT_DELETE_OFFSET] =
	    "DELETE FROM consumer_offset WHERE grp = ? AND topic = ? AND queue_id = ?",
	[STATEMENT_DELETE_OF_GROUP] = "DELETE FROM consumer_offset WHERE grp = ?",
	[STATEMENT_DELETE_OF_TOPIC] = "DELETE FROM consumer_offset WHERE topic = ?",
};

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS topic(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS consumer_group(name TEXT PRIMARY KEY, value TEXT NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS setting(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS producer_group(name TEXT PRIMARY KEY, value TEXT NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS consumer_offset(grp TEXT, topic TEXT, queue_id INTEGER,"
    " offset INTEGER NOT NULL, PRIMARY KEY(grp, topic, queue_id)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS half(position INTEGER PRIMARY KEY, state INTEGER, copy INTEGER,"
    " due_ms INTEGER, left_ms INTEGER, n_asked INTEGER);";

struct meta {
	sqlite3 *db;
	sqlite3_stmt *statements[N_META_STATEMENTS];
	bool is_new; /* there was none when it was opened */
	bool broken; /* a sync failed: until a restart */
};

/* ---- the file -------------------------------------------------------- */

static int
create(void *arg)
{
	sqlite3 *db = arg;
	char text[64];
	int rc = sql_exec(db, schema);

	snprintf(text, sizeof text, "PRAGMA user_version = %d", STORE_SCHEMA_VERSION);
	return rc == SQLITE_OK ? sql_exec(db, text) : rc;
}

/* Made without SQLite's syncs, which would be ten, and synced by hand once. */
static int
prepare(struct meta *meta, const char *file, int64_t *version)
{
	int rc = sql_exec(meta->db,
	    "PRAGMA page_size = 4096; PRAGMA synchronous = OFF; PRAGMA journal_mode = WAL;"
	    "PRAGMA cache_size = -256; PRAGMA wal_autocheckpoint = 512");

	if (rc == SQLITE_OK)
		rc = sql_int64(meta->db, "PRAGMA user_version", version);
	if (rc == SQLITE_ROW)
		rc = SQLITE_OK;
	if (rc != SQLITE_OK || *version > STORE_SCHEMA_VERSION)
		return rc;
	meta->is_new = *version == 0;
	if (*version < STORE_SCHEMA_VERSION) {
		rc = sql_transaction(meta->db, create, meta->db);
		if (rc == SQLITE_OK)
			rc = sqlite3_wal_checkpoint_v2(
			    meta->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
		if (rc == SQLITE_OK && disk_sync_file(file) == -1)
			rc = SQLITE_IOERR_FSYNC;
	}
	if (rc == SQLITE_OK)
		rc = sql_exec(meta->db, "PRAGMA synchronous = FULL");
	return rc == SQLITE_OK ? sql_prepare(meta->db, texts, meta->statements, N_META_STATEMENTS)
	                       : rc;
}

struct meta *
meta_open(const char *path, const char *vfs, char **why)
{
	struct meta *meta = mem_zalloc(sizeof *meta);
	struct buf file = { 0 }, text = { 0 };
	int64_t version = 0;

	buf_printf(&file, "%s/meta.db", path);
	int rc = sql_open(buf_text(&file), vfs, SQL_CREATE, &meta->db);
	if (rc == SQLITE_OK)
		rc = prepare(meta, buf_text(&file), &version);
	if (rc != SQLITE_OK)
		buf_printf(&text, "%s cannot be opened: %s", buf_text(&file), sqlite3_errstr(rc));
	else if (version > STORE_SCHEMA_VERSION)
		buf_printf(&text,
		    "%s was written by a newer version (schema %lld, this program knows %d); "
		    "start the newer program",
		    buf_text(&file), (long long)version, STORE_SCHEMA_VERSION);
	buf_release(&file);
	if (text.len == 0)
		return meta;
	*why = buf_take(&text);
	meta_close(meta);
	return NULL;
}

void
meta_close(struct meta *meta)
{
	if (meta == NULL)
		return;
	sql_finalize(meta->statements, N_META_STATEMENTS);
	sql_close(meta->db);
	free(meta);
}

bool
meta_is_new(const struct meta *meta)
{
	return meta->is_new;
}

bool
meta_is_writable(const struct meta *meta)
{
	return !meta->broken;
}

sqlite3 *
meta_db(const struct meta *meta)
{
	return meta->broken ? NULL : meta->db;
}

void
meta_failed(struct meta *meta, int rc)
{
	if (!meta->broken)
		log_error("store could not commit file=meta.db error=%s", sqlite3_errstr(rc));
	if (sql_is_sync_failure(rc))
		meta->broken = true;
}

/* ---- jobs ------------------------------------------------------------ */

struct meta_job *
meta_job_new(void)
{
	return mem_zalloc(sizeof(struct meta_job));
}

void
meta_job_free(struct meta_job *job)
{
	for (size_t i = 0; i < job->n; i++) {
		free(job->changes[i].key);
		free(job->changes[i].value);
		free(job->changes[i].topic);
	}
	free(job->changes);
	free(job->drop_topic);
	free(job);
}

static void
add_change(struct meta_job *job, const struct meta_change *change)
{
	if (job->n == job->cap) {
		job->cap = job->cap != 0 ? 2 * job->cap : 4;
		job->changes = mem_realloc(job->changes, job->cap * sizeof job->changes[0]);
	}
	job->changes[job->n++] = *change;
}

void
meta_job_put(struct meta_job *job, enum meta_table table, struct slice key, struct slice value)
{
	add_change(job, &(struct meta_change){
			    .op = META_SET,
			    .table = table,
			    .key = slice_dup(key),
			    .value = slice_dup(value),
			});
}

void
meta_job_remove(struct meta_job *job, enum meta_table table, struct slice key)
{
	add_change(
	    job, &(struct meta_change){ .op = META_REMOVE, .table = table, .key = slice_dup(key) });
}

void
meta_job_put_offset(
    struct meta_job *job, struct slice group, struct slice topic, int32_t queue_id, int64_t offset)
{
	add_change(job, &(struct meta_change){
			    .op = META_SET,
			    .table = META_OFFSET,
			    .key = slice_dup(group),
			    .topic = slice_dup(topic),
			    .queue_id = queue_id,
			    .offset = offset,
			});
}

void
meta_job_remove_offset(
    struct meta_job *job, struct slice group, struct slice topic, int32_t queue_id)
{
	add_change(job, &(struct meta_change){
			    .op = META_REMOVE,
			    .table = META_OFFSET,
			    .key = slice_dup(group),
			    .topic = slice_dup(topic),
			    .queue_id = queue_id,
			});
}

void
meta_job_remove_offsets_of_group(struct meta_job *job, struct slice group)
{
	add_change(job, &(struct meta_change){
			    .op = META_REMOVE_OF_GROUP,
			    .table = META_OFFSET,
			    .key = slice_dup(group),
			});
}

void
meta_job_remove_offsets_of_topic(struct meta_job *job, struct slice topic)
{
	add_change(job, &(struct meta_change){
			    .op = META_REMOVE_OF_TOPIC,
			    .table = META_OFFSET,
			    .topic = slice_dup(topic),
			});
}

/* ---- on the writer's thread ------------------------------------------ */

static void
bind_text(sqlite3_stmt *statement, int index, const char *text)
{
	sql_bind_slice(statement, index, text, text != NULL ? strlen(text) : 0);
}

static int
put_offset(struct meta *meta, const struct meta_change *change)
{
	static const enum meta_statement of[] = {
		[META_SET] = STATEMENT_PUT_OFFSET,
		[META_REMOVE] = STATEMENT_DELETE_OFFSET,
		[META_REMOVE_OF_GROUP] = STATEMENT_DELETE_OF_GROUP,
		[META_REMOVE_OF_TOPIC] = STATEMENT_DELETE_OF_TOPIC,
	};
	sqlite3_stmt *statement = meta->statements[of[change->op]];
	int n = 0;

	if (change->key != NULL)
		bind_text(statement, ++n, change->key);
	if (change->topic != NULL)
		bind_text(statement, ++n, change->topic);
	if (change->op == META_SET || change->op == META_REMOVE)
		sqlite3_bind_int64(statement, ++n, change->queue_id);
	if (change->op == META_SET)
		sqlite3_bind_int64(statement, ++n, change->offset);
	return sql_run(statement);
}

static int
put_change(struct meta *meta, const struct meta_change *change)
{
	if (change->table == META_OFFSET)
		return put_offset(meta, change);
	int first = change->op == META_SET ? STATEMENT_PUT : STATEMENT_DELETE;
	sqlite3_stmt *statement = meta->statements[first + (int)change->table];

	bind_text(statement, 1, change->key);
	if (change->op == META_SET)
		bind_text(statement, 2, change->value);
	return sql_run(statement);
}

static int
put_jobs(struct meta *meta, const struct task *first)
{
	int rc = sql_run(meta->statements[STATEMENT_BEGIN]);

	for (const struct task *task = first; task != NULL; task = task->next) {
		const struct meta_job *job = (const struct meta_job *)task;

		for (size_t i = 0; i < job->n && rc == SQLITE_OK; i++)
			rc = put_change(meta, &job->changes[i]);
	}
	if (rc == SQLITE_OK)
		rc = sql_run(meta->statements[STATEMENT_COMMIT]);
	if (rc != SQLITE_OK && !sqlite3_get_autocommit(meta->db))
		sql_run(meta->statements[STATEMENT_ROLLBACK]);
	return rc;
}

static void
run_done(struct task *task, void *loop)
{
	struct meta_job *job = (struct meta_job *)task;

	job->done(job, loop);
}

void
meta_finish(struct task *first, int status, struct task_chain *replies)
{
	for (struct task *task = first, *next; task != NULL; task = next) {
		struct meta_job *job = (struct meta_job *)task;

		next = task->next;
		job->status = status;
		job->task.run = run_done;
		if (job->done != NULL)
			task_chain_add(&replies[job->reply_loop->index], task);
		else
			meta_job_free(job);
	}
}

int
meta_commit(struct meta *meta, const struct task *first)
{
	int rc = meta->broken ? SQLITE_IOERR_FSYNC : put_jobs(meta, first);

	if (rc != SQLITE_OK)
		meta_failed(meta, rc);
	return rc == SQLITE_OK ? 0 : -1;
}

/* ---- at start -------------------------------------------------------- */

static struct slice
column_slice(sqlite3_stmt *statement, int column)
{
	const char *text = (const char *)sqlite3_column_text(statement, column);

	return (struct slice){ text != NULL ? text : "",
		(size_t)sqlite3_column_bytes(statement, column) };
}

static void
check_end(int rc, const char *what)
{
	if (rc != SQLITE_DONE)
		fatal("meta.db cannot be read table=%s error=%s", what, sqlite3_errstr(rc));
}

void
meta_each(struct meta *meta, enum meta_table table,
    void (*row)(void *arg, struct slice key, struct slice value), void *arg)
{
	char text[64];
	sqlite3_stmt *statement;

	snprintf(text, sizeof text, "SELECT name, value FROM %s", tables[table]);
	int rc = sqlite3_prepare_v2(meta->db, text, -1, &statement, NULL);
	while (rc == SQLITE_OK || rc == SQLITE_ROW) {
		rc = sqlite3_step(statement);
		if (rc == SQLITE_ROW)
			row(arg, column_slice(statement, 0), column_slice(statement, 1));
	}
	sqlite3_finalize(statement);
	check_end(rc, tables[table]);
}

void
meta_each_offset(struct meta *meta,
    void (*row)(
	void *arg, struct slice group, struct slice topic, int32_t queue_id, int64_t offset),
    void *arg)
{
	sqlite3_stmt *statement;
	int rc = sqlite3_prepare_v2(meta->db,
	    "SELECT grp, topic, queue_id, offset FROM consumer_offset", -1, &statement, NULL);

	while (rc == SQLITE_OK || rc == SQLITE_ROW) {
		rc = sqlite3_step(statement);
		if (rc == SQLITE_ROW)
			row(arg, column_slice(statement, 0), column_slice(statement, 1),
			    sqlite3_column_int(statement, 2), sqlite3_column_int64(statement, 3));
	}
	sqlite3_finalize(statement);
	check_end(rc, "consumer_offset");
}

/* ---- a copy of all ---------------------------------------------------- */

static int
read_table(sqlite3 *db, enum meta_table table, void (*found)(void *arg, const struct meta_row *row),
    void *arg)
{
	char text[96] = "SELECT grp, topic, queue_id, offset FROM consumer_offset";
	sqlite3_stmt *statement;

	if (table != META_OFFSET)
		snprintf(text, sizeof text, "SELECT name, value FROM %s", tables[table]);
	int rc = sqlite3_prepare_v2(db, text, -1, &statement, NULL);

	if (rc != SQLITE_OK)
		return rc;
	while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
		struct meta_row row = { .table = table, .key = column_slice(statement, 0) };

		if (table == META_OFFSET) {
			row.topic = column_slice(statement, 1);
			row.queue_id = sqlite3_column_int(statement, 2);
			row.offset = sqlite3_column_int64(statement, 3);
		} else {
			row.value = column_slice(statement, 1);
		}
		found(arg, &row);
	}
	sqlite3_finalize(statement);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int
meta_read_all(const char *path, const char *vfs,
    void (*found)(void *arg, const struct meta_row *row), void *arg)
{
	struct buf file = { 0 };
	sqlite3 *db;

	buf_printf(&file, "%s/meta.db", path);
	int rc = sql_open(buf_text(&file), vfs, SQL_READ, &db);

	if (rc == SQLITE_OK)
		rc = sql_exec(db, "PRAGMA cache_size = -256; BEGIN");
	for (int table = META_TOPIC; table <= META_OFFSET && rc == SQLITE_OK; table++)
		rc = read_table(db, (enum meta_table)table, found, arg);
	if (rc != SQLITE_OK)
		log_error(
		    "store could not read file=%s error=%s", buf_text(&file), sqlite3_errstr(rc));
	sql_close(db);
	buf_release(&file);
	return rc == SQLITE_OK ? 0 : -1;
}
