#include "config.h"

#include "broker/sql/sql.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/sql/sql_private.h"
#include "broker/sql/temp_vfs.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/thread.h"
#include "common/base/utf8.h"
#include "common/json/json.h"

#define WAITING_MAX 16
#define RESULT_BYTES_MAX (4u << 20)         /* a result that is this long is cut */
#define TEMP_BYTES_MAX (INT64_C(256) << 20) /* what sorting may need */
#define VALUE_BYTES_MAX (8 << 20)
#define STEPS_A_LOOK 1000 /* of SQLite's machine, until the time is looked at */

/* ---- what a query may do ------------------------------------------------------------ */

static int
authorize(
    void *arg, int action, const char *a, const char *b, const char *database, const char *trigger)
{
	(void)arg;
	(void)a;
	(void)database;
	(void)trigger;
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_READ:
	case SQLITE_RECURSIVE:
		return SQLITE_OK;
	case SQLITE_FUNCTION:
		/* Functions that reach beyond the data. */
		return sqlite3_stricmp(b, "load_extension") == 0 ||
		               sqlite3_stricmp(b, "fts3_tokenizer") == 0
		           ? SQLITE_DENY
		           : SQLITE_OK;
	default:
		return SQLITE_DENY;
	}
}

static int
look_at_time(void *arg)
{
	return sql_is_over(arg);
}

static const struct {
	int id;
	int value;
} limits[] = {
	{ SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX },
	{ SQLITE_LIMIT_SQL_LENGTH, 64 << 10 },
	{ SQLITE_LIMIT_COLUMN, 200 },
	{ SQLITE_LIMIT_EXPR_DEPTH, 100 },
	{ SQLITE_LIMIT_COMPOUND_SELECT, 50 },
	{ SQLITE_LIMIT_VDBE_OP, 25000 },
	{ SQLITE_LIMIT_FUNCTION_ARG, 32 },
	{ SQLITE_LIMIT_ATTACHED, 0 },
	{ SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000 },
	{ SQLITE_LIMIT_VARIABLE_NUMBER, 0 },
	{ SQLITE_LIMIT_TRIGGER_DEPTH, 0 },
	{ SQLITE_LIMIT_WORKER_THREADS, 0 },
};

static int
add_tables(struct sql_service *service)
{
	int rc =
	    sqlite3_create_module_v2(service->db, "messages", &sql_message_module, service, NULL);

	for (size_t i = 0; sql_tables[i] != NULL && rc == SQLITE_OK; i++) {
		struct sql_use_table *use = mem_alloc(sizeof *use);

		*use = (struct sql_use_table){ service, sql_tables[i] };
		rc = sqlite3_create_module_v2(
		    service->db, sql_tables[i]->name, &sql_table_module, use, free);
	}
	return rc;
}

/* A table is connected when a statement names it: now, since the authorizer allows it to nobody. */
static int
connect_tables(sqlite3 *db)
{
	int rc = sqlite3_exec(db, "SELECT 1 FROM messages LIMIT 0", NULL, NULL, NULL);

	for (size_t i = 0; sql_tables[i] != NULL && rc == SQLITE_OK; i++) {
		char text[64];

		snprintf(text, sizeof text, "SELECT 1 FROM %s LIMIT 0", sql_tables[i]->name);
		rc = sqlite3_exec(db, text, NULL, NULL, NULL);
	}
	return rc;
}

/* A database for one query: what it made for itself ends with it. */
static int
open_database(struct sql_service *service)
{
	int rc = sqlite3_open_v2(
	    ":memory:", &service->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, TEMP_VFS_NAME);

	if (rc == SQLITE_OK)
		rc = sqlite3_exec(service->db, "PRAGMA temp_store = FILE", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = add_tables(service);
	if (rc == SQLITE_OK)
		rc = connect_tables(service->db);
	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
		sqlite3_limit(service->db, limits[i].id, limits[i].value);
	sqlite3_progress_handler(service->db, STEPS_A_LOOK, look_at_time, service);
	sqlite3_set_authorizer(service->db, authorize, NULL);
	return rc;
}

/* ---- the result ----------------------------------------------------------------------- */

static void
put_bytes(struct json_out *out, const unsigned char *bytes, size_t len)
{
	struct buf text = { 0 };

	buf_append_text(&text, "x'");
	for (size_t i = 0; i < len; i++)
		buf_printf(&text, "%02x", bytes[i]);
	buf_append_text(&text, "'");
	json_put_slice(out, buf_slice(&text));
	buf_release(&text);
}

static void
put_value(struct json_out *out, sqlite3_stmt *statement, int i)
{
	const char *bytes;
	size_t len;

	switch (sqlite3_column_type(statement, i)) {
	case SQLITE_INTEGER:
		json_put_int(out, sqlite3_column_int64(statement, i));
		break;
	case SQLITE_FLOAT:
		json_put_raw(out, slice_of((const char *)sqlite3_column_text(statement, i)));
		break;
	case SQLITE_NULL:
		json_put_null(out);
		break;
	default:
		bytes = sqlite3_column_blob(statement, i);
		len = (size_t)sqlite3_column_bytes(statement, i);
		if (bytes == NULL)
			json_put_text(out, "");
		else if (sqlite3_column_type(statement, i) == SQLITE_TEXT &&
			 utf8_is_valid((struct slice){ bytes, len }))
			json_put_slice(out, (struct slice){ bytes, len });
		else
			put_bytes(out, (const unsigned char *)bytes, len);
		break;
	}
}

static void
put_columns(struct json_out *out, sqlite3_stmt *statement)
{
	json_key(out, "columns");
	json_open_array(out);
	for (int i = 0; i < sqlite3_column_count(statement); i++)
		json_put_text(out, sqlite3_column_name(statement, i));
	json_close_array(out);
}

/* SQLITE_DONE, SQLITE_ROW when there are more rows than the result may have, or an error. */
static int
put_rows(struct sql_job *job, struct json_out *out, sqlite3_stmt *statement)
{
	int64_t n = 0;
	int rc;

	json_key(out, "rows");
	json_open_array(out);
	while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
		if (n == job->max_rows || job->body.len >= RESULT_BYTES_MAX)
			break;
		json_open_array(out);
		for (int i = 0; i < sqlite3_column_count(statement); i++)
			put_value(out, statement, i);
		json_close_array(out);
		n++;
	}
	json_close_array(out);
	return rc;
}

/* ---- one query ------------------------------------------------------------------------- */

static void
refuse(struct sql_service *service, struct sql_job *job, int rc)
{
	job->body.len = 0;
	job->status = atomic_load(&service->stopping) ? SQL_STOPPED : SQL_REFUSED;
	if (service->fault.len != 0)
		buf_append_slice(&job->body, buf_slice(&service->fault));
	else if (rc == SQLITE_INTERRUPT)
		buf_printf(&job->body,
		    "the query took longer than sqlTimeLimit, %" PRId64
		    " ms; narrow it by topic, key, queueOffset or storeTime",
		    service->broker->settings->sql_time_limit);
	else if (rc == SQLITE_FULL)
		buf_append_text(&job->body, "the query sorts more than 256 MB; narrow it");
	else if (rc == SQLITE_AUTH)
		buf_append_text(&job->body, "only SELECT is allowed");
	else
		buf_append_text(&job->body, sqlite3_errmsg(service->db));
}

static bool
has_more(const char *rest)
{
	return rest[strspn(rest, " \t\r\n;")] != '\0';
}

static int
run_statement(struct sql_job *job, sqlite3_stmt *statement)
{
	int64_t begin_ms = clock_mono_ms();
	struct json_out out;

	json_out_init(&out, &job->body);
	json_open_object(&out);
	put_columns(&out, statement);
	int rc = put_rows(job, &out, statement);

	json_member_put_bool(&out, "truncated", rc == SQLITE_ROW);
	json_member_put_int(&out, "elapsedMs", clock_mono_ms() - begin_ms);
	json_close_object(&out);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static void
run_query(struct sql_service *service, struct sql_job *job)
{
	sqlite3_stmt *statement = NULL;
	const char *rest = "";

	service->fault.len = 0;
	service->deadline_ms = clock_mono_ms() + service->broker->settings->sql_time_limit;
	int rc = open_database(service);

	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(service->db, job->text, -1, &statement, &rest);
	if (rc == SQLITE_OK && statement == NULL) {
		buf_append_text(&service->fault, "there is no statement");
		rc = SQLITE_ERROR;
	} else if (rc == SQLITE_OK && has_more(rest)) {
		buf_append_text(&service->fault, "one statement at a time");
		rc = SQLITE_ERROR;
	}
	if (rc == SQLITE_OK)
		rc = run_statement(job, statement);
	if (rc != SQLITE_OK)
		refuse(service, job, rc & 0xff);
	sqlite3_finalize(statement);
	sqlite3_close(service->db);
	service->db = NULL;
}

/* ---- the thread -------------------------------------------------------------------------- */

static void
on_answered(struct task *task, void *loop)
{
	struct sql_job *job = (struct sql_job *)task;

	job->done(job, loop);
}

static void
run_job(struct task *task, void *arg)
{
	struct sql_job *job = (struct sql_job *)task;
	struct sql_service *service = arg;

	if (atomic_load(&service->stopping))
		job->status = SQL_STOPPED;
	else
		run_query(service, job);
	atomic_fetch_sub(&service->n_waiting, 1);
	job->task.run = on_answered;
	loop_post(job->reply_loop, &job->task);
}

static void
run_stop(struct task *task, void *arg)
{
	(void)task;
	((struct sql_service *)arg)->stop = true;
}

static void *
run(void *arg)
{
	struct sql_service *service = arg;

	while (!service->stop) {
		mailbox_wait(&service->inbox, -1);
		for (struct task *task = mailbox_take(&service->inbox), *next; task != NULL;
		     task = next) {
			next = task->next;
			task->run(task, service);
		}
	}
	return NULL;
}

struct sql_service *
sql_start(struct broker *broker)
{
	struct sql_service *service = mem_zalloc(sizeof *service);
	pthread_condattr_t attributes;

	service->broker = broker;
	mailbox_init(&service->inbox);
	pthread_mutex_init(&service->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&service->answered, &attributes);
	pthread_condattr_destroy(&attributes);
	service->vfs = temp_vfs_new(TEMP_BYTES_MAX);
	if (service->vfs == NULL)
		fatal("SQLite has no VFS named unix");
	thread_start(&service->thread, "sql", run, service);
	return service;
}

void
sql_stop(struct sql_service *service)
{
	if (service == NULL)
		return;
	pthread_mutex_lock(&service->lock);
	atomic_store(&service->stopping, true);
	pthread_cond_signal(&service->answered);
	pthread_mutex_unlock(&service->lock);
	service->stop_task.run = run_stop;
	mailbox_post(&service->inbox, &service->stop_task);
	pthread_join(service->thread, NULL);
}

void
sql_free(struct sql_service *service)
{
	if (service == NULL)
		return;
	mailbox_release(&service->inbox);
	pthread_cond_destroy(&service->answered);
	pthread_mutex_destroy(&service->lock);
	buf_release(&service->fault);
	temp_vfs_free(service->vfs);
	free(service);
}

/* ---- queries ------------------------------------------------------------------------------- */

struct sql_job *
sql_job_new(struct slice text, int64_t max_rows)
{
	struct sql_job *job = mem_zalloc(sizeof *job);

	job->text = mem_strndup(text.data, text.len);
	job->max_rows = max_rows;
	return job;
}

void
sql_job_free(struct sql_job *job)
{
	buf_release(&job->body);
	free(job->text);
	free(job);
}

bool
sql_submit(struct sql_service *service, struct sql_job *job)
{
	if (atomic_fetch_add(&service->n_waiting, 1) >= WAITING_MAX) {
		atomic_fetch_sub(&service->n_waiting, 1);
		return false;
	}
	job->task.run = run_job;
	mailbox_post(&service->inbox, &job->task);
	return true;
}
