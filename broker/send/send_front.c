#include "config.h"

#include "broker/send/send_front.h"

#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

#define VERSION_WITH_MAX_RECONSUME 121 /* V3_4_9: clients from here on say their own limit */

struct send_question
send_front_question(const struct request *request)
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

/* The fields of a reply; clients read the region from refusals, too. */
static struct send_answer
reply_header(const struct broker *broker, const struct send_outcome *result)
{
	return (struct send_answer){
		.msg_id = result->msg_ids,
		.queue_id = result->queue_id,
		.queue_offset = result->queue_offset,
		.recall_handle = result->recall_handle,
		.msg_region = slice_of(broker->settings->region_id),
		.trace_on = broker->settings->trace_on ? SLICE("true") : SLICE("false"),
	};
}

void
send_front_start(struct broker *broker)
{
	static const char *const differ[] = { "msgId", "queueId", "queueOffset", NULL };

	for (int on = 0; on <= 1; on++) {
		struct send_answer header = {
			.msg_id = SLICE(""),
			.msg_region = slice_of(broker->settings->region_id),
			.trace_on = on ? SLICE("true") : SLICE("false"),
		};
		struct command sample = server_reply_command(FRAME_JSON, RESPONSE_SUCCESS, 0);

		sample.fields = send_reply_fields;
		sample.header = &header;
		reply_stencil_init(&broker->send_reply[on], &sample, differ);
	}
}

void
send_front_end(struct broker *broker)
{
	for (int on = 0; on <= 1; on++)
		reply_stencil_release(&broker->send_reply[on]);
}

/* It says nothing else than where the message is stored. */
static bool
is_plain(const struct send_outcome *result)
{
	return result->stored && result->code == RESPONSE_SUCCESS && result->remark.data == NULL &&
	       result->recall_handle.data == NULL;
}

void
send_front_reply(struct loop *loop, const struct ticket *ticket, const struct send_outcome *result)
{
	const struct worker *worker = loop->context;
	struct send_answer header = reply_header(worker->broker, result);
	struct reply reply = { .code = result->code, .remark = result->remark };

	if (result->stored) {
		reply.fields = send_reply_fields;
		reply.header = &header;
	}
	if (is_plain(result))
		reply.stencil = &worker->broker->send_reply[worker->broker->settings->trace_on];
	ticket_reply(loop, ticket, &reply);
}

enum verdict
send_front_refuse(struct request *request, const struct send_outcome *refusal)
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
