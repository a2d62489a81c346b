#include "config.h"

/* QUERY_TREND and LIST_ALARMS: the last 24 hours, and what is above its threshold now. */

#include <stdlib.h>

#include "broker/context.h"
#include "broker/trend/trend.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

static void
on_answer(struct trend_job *job, struct loop *loop)
{
	struct ticket *ticket = job->context;
	struct reply reply = { .code = RESPONSE_SYSTEM_ERROR, .remark = SLICE("the broker stops") };

	if (job->status == TREND_DONE)
		reply = (struct reply){ .body = buf_slice(&job->body) };
	ticket_reply(loop, ticket, &reply);
	trend_job_free(job);
	free(ticket);
}

static enum verdict
submit(struct request *request, struct trend_job *job)
{
	struct trends *trends = request_broker(request)->trends;
	struct ticket *ticket = mem_alloc(sizeof *ticket);

	*ticket = request_ticket(request);
	job->reply_loop = request->loop;
	job->done = on_answer;
	job->context = ticket;
	if (trends_submit(trends, job))
		return VERDICT_LATER;
	trend_job_free(job);
	free(ticket);
	return request_refuse(
	    request, RESPONSE_SYSTEM_BUSY, "other questions wait, try again later");
}

static enum verdict
refuse_off(struct request *request)
{
	return request_refuse(
	    request, RESPONSE_NO_PERMISSION, "trends are switched off (trendEnable=false)");
}

static int
read_kind(struct slice text, enum trend_kind *kind)
{
	for (int i = 0; i < N_TREND_KINDS; i++)
		if (slice_is(text, trend_kind_name((enum trend_kind)i))) {
			*kind = (enum trend_kind)i;
			return 0;
		}
	return -1;
}

static char *
copy_of(struct slice text)
{
	return text.len != 0 ? mem_strndup(text.data, text.len) : NULL;
}

static enum verdict
query_trend_begin(struct request *request)
{
	const struct query_trend_header *header = request->header;
	int32_t points = header->points == 0 ? TREND_STEPS : header->points;
	enum trend_kind kind;

	if (request_broker(request)->trends == NULL)
		return refuse_off(request);
	if (read_kind(header->kind, &kind) == -1)
		return request_refuse(
		    request, RESPONSE_INVALID_PARAMETER, "kind is broker, topic or group");
	if (points < 1 || points > TREND_STEPS || TREND_STEPS % points != 0)
		return request_refuse(request, RESPONSE_INVALID_PARAMETER,
		    "points must divide %d, the steps of a day", TREND_STEPS);
	struct trend_job *job = trend_job_new();

	job->kind = kind;
	job->points = points;
	job->limit = header->limit;
	job->names = copy_of(header->name);
	job->after = copy_of(header->after);
	return submit(request, job);
}

static enum verdict
list_alarms_begin(struct request *request)
{
	if (request_broker(request)->trends == NULL)
		return refuse_off(request);
	struct trend_job *job = trend_job_new();

	job->alarms = true;
	return submit(request, job);
}

const struct handler trend_handlers[] = {
	HANDLER_TYPED(QUERY_TREND, query_trend_header, query_trend_begin, 0),
	HANDLER_PLAIN(LIST_ALARMS, list_alarms_begin, 0),
	{ .name = NULL },
};
