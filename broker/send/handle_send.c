#include "config.h"

/* SEND_MESSAGE, its short-named twin, and batches: fields to a send, its result to a reply. */

#include "broker/context.h"
#include "broker/send/send.h"
#include "common/base/container_of.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

#define VERSION_WITH_MAX_RECONSUME 121 /* V3_4_9: clients from here on say their own limit */

/* A send that came as a frame. */
struct remote_send {
	struct send send;
	struct ticket ticket;
};

/* The fields of a reply; clients read the region from refusals, too. */
static struct send_answer
reply_header(const struct broker *broker, const struct send_outcome *result)
{
	return (struct send_answer){
		.msg_id = result->msg_ids,
		.queue_id = result->queue_id,
		.queue_offset = result->queue_offset,
		.msg_region = slice_of(broker->settings->region_id),
		.trace_on = broker->settings->trace_on ? SLICE("true") : SLICE("false"),
	};
}

static void
on_done(struct loop *loop, struct send *send, const struct send_outcome *result)
{
	const struct worker *worker = loop->context;
	struct remote_send *remote = container_of(send, struct remote_send, send);
	struct send_answer header = reply_header(worker->broker, result);
	struct reply reply = { .code = result->code, .remark = result->remark };

	if (result->stored) {
		reply.fields = send_reply_fields;
		reply.header = &header;
	}
	ticket_reply(loop, &remote->ticket, &reply);
}

static void
on_release(struct loop *loop, struct send *send)
{
	pool_free(&loop->pool, container_of(send, struct remote_send, send));
}

static enum verdict
refuse(struct request *request, const struct send_outcome *refusal)
{
	struct send_answer *header = arena_alloc(request->arena, sizeof *header);

	*header = reply_header(request_broker(request), refusal);
	request->reply = (struct reply){
		.code = refusal->code,
		.remark = refusal->remark,
		.fields = send_refusal_fields,
		.header = header,
	};
	return VERDICT_REPLY;
}

static struct send_question
question_of(const struct request *request)
{
	const struct send_header *header = request->header;
	bool says_max = request->command->version >= VERSION_WITH_MAX_RECONSUME;

	return (struct send_question){
		.topic = header->topic,
		.properties = header->properties,
		.body = request->body,
		.batch = header->batch,
		.queue_id = header->queue_id,
		.flag = header->flag,
		.sys_flag = header->sys_flag,
		.born_timestamp = header->born_timestamp,
		.born_host = conn_peer_host(request->conn),
		.reconsume_times = header->reconsume_times,
		.max_reconsume_times = says_max ? header->max_reconsume_times : -1,
		.template_topic = header->default_topic,
		.template_queues = header->default_topic_queues,
		.unit_mode = header->unit_mode,
		.check_type = request_broker(request)->settings->enable_topic_message_type_check,
		.arena = request->arena,
	};
}

static enum verdict
send_message_begin(struct request *request)
{
	struct remote_send *remote = pool_alloc(&request->loop->pool, sizeof *remote);
	struct send_question question = question_of(request);
	struct send_outcome refusal;

	remote->ticket = request_ticket(request);
	remote->send.done = on_done;
	remote->send.release = on_release;
	if (send_message(request_worker(request), &question, &remote->send, &refusal))
		return VERDICT_LATER;
	pool_free(&request->loop->pool, remote);
	return refuse(request, &refusal);
}

const struct handler send_handlers[] = {
	HANDLER_TYPED(SEND_MESSAGE, send_header, send_message_begin, HANDLER_WRITE),
	{ REQUEST_SEND_MESSAGE_V2, "SEND_MESSAGE_V2", send_header_v2_fields,
	    sizeof(struct send_header), send_message_begin, HANDLER_WRITE },
	{ REQUEST_SEND_BATCH_MESSAGE, "SEND_BATCH_MESSAGE", send_header_v2_fields,
	    sizeof(struct send_header), send_message_begin, HANDLER_WRITE },
	{ .name = NULL },
};
