#include "config.h"

/* Which queues a consumer gets, and whether it pulls or pops them: 400, 401, 402. */

#include <stdlib.h>

#include "broker/catalog/reply_after_commit.h"
#include "broker/catalog/topic_create.h"
#include "broker/context.h"
#include "broker/pop/assignment.h"
#include "broker/pop/request_mode.h"
#include "broker/state/group.h"
#include "broker/state/limit.h"
#include "broker/state/topic.h"
#include "common/base/mem.h"
#include "common/json/json_body.h"
#include "common/protocol/codes.h"

/* ---- 400 ------------------------------------------------------------- */

static void
on_assigned(void *context, struct loop *loop, const struct assignment *assignment)
{
	struct ticket *ticket = context;
	struct buf text = { 0 };
	struct json_out out;

	json_out_init(&out, &text);
	assignment_reply_write(&out, assignment->queues, assignment->n_queues, assignment->mode);
	struct reply reply = { .body = buf_slice(&text) };

	ticket_reply(loop, ticket, &reply);
	buf_release(&text);
	free(ticket);
}

static enum verdict
query_assignment_begin(struct request *request)
{
	struct assignment_query query;

	if (assignment_query_read(request->arena, request->body, &query) == -1)
		return request_refuse(request, RESPONSE_SYSTEM_ERROR,
		    "the body is no question for queues: it needs a topic and a consumerGroup");
	struct ticket *ticket = mem_alloc(sizeof *ticket);

	*ticket = request_ticket(request);
	assignment_find(request_worker(request), &query, on_assigned, ticket);
	return VERDICT_LATER;
}

/* ---- 401 ------------------------------------------------------------- */

static void
on_mode_kept(struct meta_job *job, struct loop *loop)
{
	reply_after_commit(job->context, loop, job->status);
	meta_job_free(job);
}

static enum verdict
set_mode_begin(struct request *request)
{
	struct broker *broker = request_broker(request);
	struct request_mode_setting setting;
	struct topic topic;
	struct group group;
	const char *why;

	if (request_mode_read(request->arena, request->body, &setting) == -1)
		return request_refuse(request, RESPONSE_SYSTEM_ERROR,
		    "the body is no request mode: it needs a topic, a consumerGroup and the mode "
		    "PULL or POP");
	if (slice_starts(setting.topic, TOPIC_RETRY_PREFIX))
		return request_refuse(
		    request, RESPONSE_NO_PERMISSION, "retry topic is not allowed to set mode");
	if (!topics_find(broker->topics, setting.topic, &topic))
		return request_refuse(request, RESPONSE_TOPIC_NOT_EXIST, "topic[%.*s] not exist",
		    (int)setting.topic.len, setting.topic.data);
	if (!group_find_or_create(broker, setting.group, &group, &why))
		return request_refuse(request, RESPONSE_SUBSCRIPTION_GROUP_NOT_EXIST,
		    "subscription group does not exist, and %s", why);
	struct meta_job *job = meta_job_new();

	if (!request_modes_put(broker->request_modes, &setting,
		(size_t)limits_value(broker->limits, LIMIT_REQUEST_MODES), job)) {
		meta_job_free(job);
		limits_refuse(broker->limits, LIMIT_REQUEST_MODES, 1);
		return request_refuse(
		    request, RESPONSE_SYSTEM_ERROR, "%s", limit_remark(LIMIT_REQUEST_MODES));
	}
	job->reply_loop = request->loop;
	job->done = on_mode_kept;
	job->context = reply_after_commit_new(request);
	store_meta(broker->store, job);
	return VERDICT_LATER;
}

/* ---- 402 ------------------------------------------------------------- */

static enum verdict
list_modes_begin(struct request *request)
{
	struct buf text = { 0 };
	struct json_out out;
	size_t n;
	const struct request_mode_setting *list =
	    request_modes_list(request_broker(request)->request_modes, request->arena, &n);

	json_out_init(&out, &text);
	request_modes_write(&out, list, n);
	return request_reply_body(request, json_finish(&out, request->arena));
}

const struct handler assignment_handlers[] = {
	HANDLER_PLAIN(QUERY_ASSIGNMENT, query_assignment_begin, 0),
	HANDLER_PLAIN(SET_MESSAGE_REQUEST_MODE, set_mode_begin, HANDLER_ADMIN | HANDLER_WRITE),
	HANDLER_PLAIN(GET_ALL_MESSAGE_REQUEST_MODE, list_modes_begin, 0),
	{ .name = NULL },
};
