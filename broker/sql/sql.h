#ifndef BROKER_SQL_H
#define BROKER_SQL_H

/*
 * Read-only SQL over what the broker holds: messages, queues, topics, groups, offsets, clients and
 * transactions are tables of a database in memory (SQLite virtual tables), see mqadmin(1). One
 * thread runs one query after the other. It asks loop 0 for what belongs to a loop or to the store,
 * so a query never holds up a message for longer than one such question takes.
 *
 * A query may only read. It ends at a time limit, its result has a limit of rows and of bytes, and
 * what it sorts has a limit of disk (temp_vfs.h).
 */

#include <stdbool.h>
#include <stdint.h>

#include "broker/context.h"
#include "common/base/buf.h"

struct sql_service;

enum sql_status {
	SQL_DONE,    /* body is the result */
	SQL_REFUSED, /* body is one sentence that says why */
	SQL_STOPPED, /* the broker stops */
};

/* One query, as a task for the thread. */
struct sql_job {
	struct task task;
	struct loop *reply_loop;
	void (*done)(struct sql_job *job, struct loop *reply_loop); /* frees the job */
	void *context;
	char *text; /* the job's own */
	int64_t max_rows;
	/* the reply */
	enum sql_status status;
	/*
	 * {"columns":["name"],"rows":[["text",1,null]],"truncated":false,"elapsedMs":3}. Bytes that
	 * are not UTF-8 are written as "x'..'".
	 */
	struct buf body;
};

/* On loop 0, before the loops run. */
struct sql_service *sql_start(struct broker *broker);
/* Ends the query that runs, and the thread. On the main thread, when no loop runs. NULL: nothing.
 */
void sql_stop(struct sql_service *service);
/* When no loop has tasks of it any more. */
void sql_free(struct sql_service *service);

/* The text is copied. */
struct sql_job *sql_job_new(struct slice text, int64_t max_rows);
void sql_job_free(struct sql_job *job);
/* Any loop. False: too many queries wait, and the job is still the caller's. */
bool sql_submit(struct sql_service *service, struct sql_job *job);

#endif
