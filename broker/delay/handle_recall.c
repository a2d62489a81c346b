#include "config.h"

/* RECALL_MESSAGE: a timed message shall not come. Source: RecallMessageProcessor of 5.3.3. */

#include <stdlib.h>

#include "broker/context.h"
#include "broker/delay/delay.h"
#include "broker/delay/recall.h"
#include "broker/state/topic.h"
#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

/* The handle was read; the answer is to come. */
struct remote_recall {
	struct ticket ticket;
	size_t len;
	char unique_key[];
};

static void
on_done(void *context, struct loop *loop, enum recall_outcome outcome, const struct append *event)
{
	struct remote_recall *remote = context;
	const struct worker *worker = loop->context;
	struct recall_answer header = {
		.msg_id = { remote->unique_key, remote->len },
		.msg_region = slice_of(worker->broker->settings->region_id),
	};
	struct reply reply = { .fields = recall_reply_fields, .header = &header };

	(void)event;
	/* RocketMQ answers a repeated recall with success, too: a client may not know of the first.
	 */
	if (outcome != RECALL_DONE && outcome != RECALL_REPEATED) {
		header.msg_id = SLICE_NONE;
		reply.fields = recall_refusal_fields;
		reply.code =
		    outcome == RECALL_FAILED ? RESPONSE_SYSTEM_ERROR : RESPONSE_ILLEGAL_OPERATION;
		reply.remark =
		    arena_printf(&loop->arena, "recall failed, %s", recall_fault(outcome));
	}
	ticket_reply(loop, &remote->ticket, &reply);
	free(remote);
}

/* The refusals of before the handle is looked at; false: request->reply is one. */
static bool
check_service(struct request *request, const struct recall_header *header)
{
	const struct broker *broker = request_broker(request);
	struct topic topic;

	if (!broker->settings->recall_message_enable)
		request_refuse(request, RESPONSE_NO_PERMISSION,
		    "recall failed, operation is forbidden: recallMessageEnable is false");
	else if (clock_wall_ms() < broker->settings->start_accept_send_request_time_stamp)
		request_refuse(request, RESPONSE_SERVICE_NOT_AVAILABLE,
		    "recall failed, broker service not available");
	else if (!topics_find(broker->topics, header->topic, &topic))
		request_refuse(request, RESPONSE_TOPIC_NOT_EXIST,
		    "recall failed, the topic[%.*s] not exist", (int)header->topic.len,
		    header->topic.data);
	else
		return true;
	return false;
}

/* NULL: it can be tried. Else why not. */
static const char *
handle_fault(const struct broker *broker, const struct recall_header *header,
    const struct recall_handle *handle)
{
	int64_t most_ms = broker->settings->timer_max_delay_sec * 1000;
	/* Which clock it is for is not known here. */
	int64_t steady_ms = handle->due_ms - delays_now_ms(broker->delays, TIMED_STEADY);
	int64_t wall_ms = handle->due_ms - delays_now_ms(broker->delays, TIMED_WALL);

	if (!slice_equal(header->topic, handle->topic))
		return "topic not match";
	if (!slice_is(handle->broker_name, broker->settings->broker_name))
		return "broker service not available: the handle is of another broker";
	if (handle->due_ms < 0 || (steady_ms <= 0 && wall_ms <= 0) ||
	    (steady_ms > most_ms + 1 && wall_ms > most_ms + 1))
		return "timestamp invalid: it is past, or later than timerMaxDelaySec allows";
	return NULL;
}

static enum verdict
recall_message_begin(struct request *request)
{
	const struct recall_header *header = request->header;
	struct recall_handle handle;
	const char *fault;

	if (!check_service(request, header))
		return VERDICT_REPLY;
	if (recall_handle_parse(request->arena, header->recall_handle, &handle) == -1)
		return request_refuse(
		    request, RESPONSE_ILLEGAL_OPERATION, "recall handle is invalid");
	fault = handle_fault(request_broker(request), header, &handle);
	if (fault != NULL)
		return request_refuse(
		    request, RESPONSE_ILLEGAL_OPERATION, "recall failed, %s", fault);

	struct remote_recall *remote = mem_alloc(sizeof *remote + handle.unique_key.len);

	remote->ticket = request_ticket(request);
	remote->len = handle.unique_key.len;
	memcpy(remote->unique_key, handle.unique_key.data, handle.unique_key.len);
	timed_recall(request_worker(request),
	    &(struct recall_question){
		.topic = handle.topic,
		.unique_key = handle.unique_key,
		.due_ms = handle.due_ms,
		.by = header->producer_group,
	    },
	    on_done, remote);
	return VERDICT_LATER;
}

const struct handler recall_handlers[] = {
	HANDLER_TYPED(RECALL_MESSAGE, recall_header, recall_message_begin, HANDLER_WRITE),
	{ .name = NULL },
};
