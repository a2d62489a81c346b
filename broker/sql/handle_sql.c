#include "config.h"

/* QUERY_SQL: a SELECT over what the broker holds. The body of the request is the statement. */

#include <stdlib.h>

#include "broker/context.h"
#include "broker/sql/sql.h"
#include "common/base/mem.h"
#include "common/base/utf8.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

#define STATEMENT_MAX (64 << 10)

static void
on_result(struct sql_job *job, struct loop *loop)
{
	struct ticket *ticket = job->context;
	struct reply reply = { .code = RESPONSE_SYSTEM_ERROR, .remark = SLICE("the broker stops") };

	if (job->status == SQL_DONE)
		reply = (struct reply){ .body = buf_slice(&job->body) };
	else if (job->status == SQL_REFUSED)
		reply = (struct reply){ .code = RESPONSE_INVALID_PARAMETER,
			.remark = buf_slice(&job->body) };
	ticket_reply(loop, ticket, &reply);
	sql_job_free(job);
	free(ticket);
}

static enum verdict
query_sql_begin(struct request *request)
{
	const struct query_sql_header *header = request->header;
	const struct broker *broker = request_broker(request);
	int64_t max_rows = header->max_rows, most = broker->settings->sql_max_rows;
	struct sql_job *job;

	if (broker->settings->sql_time_limit == 0)
		return request_refuse(
		    request, RESPONSE_NO_PERMISSION, "SQL is switched off (sqlTimeLimit=0)");
	if (request->body.len > STATEMENT_MAX || !utf8_is_valid(request->body) ||
	    (request->body.len != 0 && memchr(request->body.data, 0, request->body.len) != NULL))
		return request_refuse(request, RESPONSE_INVALID_PARAMETER,
		    "the statement is no text of at most %d bytes", STATEMENT_MAX);
	job = sql_job_new(request->body, max_rows < 1 || max_rows > most ? most : max_rows);
	job->reply_loop = request->loop;
	job->done = on_result;
	struct ticket *ticket = mem_alloc(sizeof *ticket);

	*ticket = request_ticket(request);
	job->context = ticket;
	if (sql_submit(broker->sql, job))
		return VERDICT_LATER;
	sql_job_free(job);
	free(ticket);
	return request_refuse(request, RESPONSE_SYSTEM_BUSY, "other queries wait, try again later");
}

const struct handler sql_handlers[] = {
	HANDLER_TYPED(QUERY_SQL, query_sql_header, query_sql_begin, 0),
	{ .name = NULL },
};
