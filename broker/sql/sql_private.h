#ifndef BROKER_SQL_PRIVATE_H
#define BROKER_SQL_PRIVATE_H

/* Internal to this room: the service, questions to loop 0, and how a table is made. */

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "broker/sql/sql.h"
#include "common/base/arena.h"
#include "common/base/mailbox.h"

struct sql_service {
	struct broker *broker;
	struct mailbox inbox;
	pthread_t thread;
	bool stop; /* the thread's */
	struct task stop_task;
	_Atomic unsigned n_waiting; /* queries */
	struct temp_vfs *vfs;
	sqlite3 *db;         /* the thread's */
	int64_t deadline_ms; /* clock_mono_ms: of the query that runs; the thread's */
	struct buf fault;    /* why it ended, when a table knows better than SQLite */
	/* questions */
	pthread_mutex_t lock;
	pthread_cond_t answered;
	atomic_bool stopping;
};

/* ---- questions to loop 0 --------------------------------------------------- */

enum sql_ask_state { SQL_ASK_WAITS, SQL_ASK_DONE, SQL_ASK_ABANDONED };

/*
 * A question, the first member of a struct that has the reply too. Loop 0 may reply when nobody
 * waits any more, so it has memory of its own.
 */
struct sql_ask {
	struct task task;
	struct sql_service *service;
	/* On loop 0. Calls sql_ask_done, at once or later on this loop. */
	void (*run)(struct sql_ask *ask, struct worker *worker);
	void (*free)(struct sql_ask *ask);
	enum sql_ask_state state; /* under the service's lock */
};

/* On the thread: waits for the reply. False: the query has to end, and the ask is lost. */
bool sql_ask(struct sql_service *service, struct sql_ask *ask);
/* On loop 0. */
void sql_ask_done(struct sql_ask *ask);

/* Whether the query has to end: its time is over, or the broker stops. */
bool sql_is_over(const struct sql_service *service);

/* ---- tables of rows that fit in memory -------------------------------------- */

#define SQL_ROWS_MAX 200000 /* of one table at once; more are asked for by their first column */

struct sql_cell {
	int type; /* SQLITE_NULL, SQLITE_INTEGER, SQLITE_TEXT */
	int64_t number;
	struct slice text;
};

struct sql_rows {
	struct arena arena; /* of texts */
	struct sql_cell *cells;
	size_t n_cells, cap_cells;
	int n_columns;
	bool full; /* SQL_ROWS_MAX are there: what is put then is left out */
};

void sql_put_null(struct sql_rows *rows);
void sql_put_int(struct sql_rows *rows, int64_t number);
void sql_put_text(struct sql_rows *rows, struct slice text); /* copied; absent: NULL */
void sql_rows_release(struct sql_rows *rows);

struct sql_table {
	const char *name;
	const char *schema; /* for sqlite3_declare_vtab; the first column is the one to look up by
	                     */
	int n_columns;
	/*
	 * On the thread: all rows, or those whose first column is `key`, unless that is absent. -1:
	 * the query has to end.
	 */
	int (*list)(struct sql_service *service, struct slice key, struct sql_rows *rows);
};

extern const struct sql_table *const sql_tables[]; /* NULL behind the last */

extern const sqlite3_module sql_table_module;   /* of a struct sql_use_table */
extern const sqlite3_module sql_message_module; /* of the service */

/* A table of SQLite's, and what its module was registered with. */
struct sql_vtab {
	sqlite3_vtab base;
	void *owner;
};

/* For xConnect and xDisconnect. */
int sql_vtab_connect(sqlite3 *db, const char *schema, void *owner, sqlite3_vtab **vtab);
int sql_vtab_disconnect(sqlite3_vtab *vtab);

/* What the module of a table of rows is registered with. */
struct sql_use_table {
	struct sql_service *service;
	const struct sql_table *table;
};

/* ---- queues ------------------------------------------------------------------ */

/* One queue of the log. */
struct sql_queue {
	struct slice topic;
	int32_t number; /* towards the store */
	int32_t queue_id;
	int64_t min_offset, max_offset, last_timestamp;
};

struct sql_queues {
	struct arena arena; /* of topics */
	struct sql_queue *list;
	size_t n, cap;
};

/* Those of the topic, or of all (absent), in order of topics and ids. -1: the query has to end. */
int sql_queues_get(struct sql_service *service, struct slice topic, struct sql_queues *queues);
void sql_queues_release(struct sql_queues *queues);

/* ---- reads ------------------------------------------------------------------- */

struct read_job;

/* Has the store do it. NULL: the query has to end; else the caller frees the job. */
struct read_job *sql_read(struct sql_service *service, struct read_job *job);

#endif
