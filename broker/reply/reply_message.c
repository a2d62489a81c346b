#include "config.h"

#include "broker/reply/reply_message.h"

#include <inttypes.h>

#include "broker/consumers/push.h"
#include "broker/state/client.h"
#include "broker/state/limit.h"
#include "broker/state/replies.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/utf8.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "common/protocol/name.h"

/*
 * The replier waits for this, by default 3 s: it must hear that the requester does not answer
 * before it gives up. The property TTL cannot say more: Java writes milliseconds, Go seconds.
 */
#define PUSH_TIMEOUT_MS 2500
#define OPEN_OVERHEAD_BYTES 2048 /* of a reply on its way, beside its message */
#define SHOWN_ID_BYTES 100

/* ---- the end --------------------------------------------------------- */

static void
finish(struct loop *loop, struct reply_message *reply)
{
	const struct worker *worker = loop->context;
	struct send_outcome result = {
		.code = reply->delivered ? RESPONSE_SUCCESS : RESPONSE_SYSTEM_ERROR,
		.remark = reply->remark,
		.stored = reply->delivered,
		.queue_id = reply->queue_id,
		.queue_offset = reply->queue_offset,
		.msg_ids = reply->msg_ids,
	};

	replies_count(worker->broker->replies, reply->delivered);
	reply->done(loop, reply, &result);
}

/* One of two ways is over; the later one ends the reply. */
static void
way_ended(struct loop *loop, struct reply_message *reply)
{
	const struct worker *worker = loop->context;

	if (--reply->n_open > 0)
		return;
	if (reply->known)
		finish(loop, reply);
	replies_end(worker->broker->replies, reply->bytes);
	arena_release(&reply->arena);
	reply->release(loop, reply);
}

/* ---- storing --------------------------------------------------------- */

/* The requester counts: a reply that was delivered but not stored is a success. */
static void
on_stored(struct loop *loop, struct send *send, const struct send_outcome *result)
{
	struct reply_message *reply = container_of(send, struct reply_message, send);

	(void)loop;
	if (!result->stored)
		return;
	reply->queue_id = result->queue_id;
	reply->queue_offset = result->queue_offset;
	reply->msg_ids = arena_copy(&reply->arena, result->msg_ids);
}

static void
on_store_released(struct loop *loop, struct send *send)
{
	way_ended(loop, container_of(send, struct reply_message, send));
}

/* ---- pushing --------------------------------------------------------- */

static void
on_answered(void *context, struct loop *loop, const struct push_answer *answer)
{
	struct reply_message *reply = context;
	struct arena *arena = &reply->arena;

	reply->known = true;
	reply->delivered = answer->result == PUSH_SENT && answer->code == RESPONSE_SUCCESS;
	switch (answer->result) {
	case PUSH_SENT:
		if (!reply->delivered)
			reply->remark = arena_printf(arena,
			    "the requester did not take the reply, it answered code %" PRId32
			    " %.*s",
			    answer->code, (int)utf8_cut(answer->remark, 200).len,
			    answer->remark.data);
		break;
	case PUSH_GONE:
		reply->remark = SLICE("the requester is gone, its connection is closed");
		break;
	case PUSH_BUSY:
		reply->remark = SLICE("the requester does not read what it was sent before");
		break;
	case PUSH_SILENT:
		reply->remark = arena_printf(
		    arena, "the requester did not answer within %d ms, or left", PUSH_TIMEOUT_MS);
		break;
	}
	way_ended(loop, reply);
}

/* Those of the reply, and when it left here. */
static struct slice
push_properties(struct arena *arena, struct slice properties)
{
	static const char *const replaced[] = { "PUSH_REPLY_TIME", NULL };
	struct buf text = { 0 };

	property_copy_without(&text, properties, replaced);
	property_append(
	    &text, SLICE("PUSH_REPLY_TIME"), arena_printf(arena, "%" PRId64, clock_wall_ms()));
	struct slice copy = arena_copy(arena, buf_slice(&text));

	buf_release(&text);
	return copy;
}

static void
push_reply(struct worker *worker, const struct reply_question *question, struct conn_id to,
    struct reply_message *reply)
{
	const struct send_question *message = &question->message;
	struct arena *arena = message->arena;
	struct push_reply_header header = {
		.producer_group = question->producer_group,
		.topic = message->topic,
		.default_topic = message->template_topic,
		.default_topic_queues = message->template_queues,
		.queue_id = message->queue_id,
		.sys_flag = message->sys_flag,
		.born_timestamp = message->born_timestamp,
		.flag = message->flag,
		.properties = push_properties(arena, message->properties),
		.reconsume_times = message->reconsume_times,
		.unit_mode = message->unit_mode,
		.born_host = host_text(arena, &message->born_host),
		.store_host = host_text(arena, &worker->broker->host),
		.store_timestamp = clock_wall_ms(),
	};
	struct command command = { 0 };

	fields_encode(push_reply_header_fields, &header, arena, &command);
	push_ask(worker->broker, worker->loop,
	    &(struct push_call){
		.to = to,
		.code = REQUEST_PUSH_REPLY_MESSAGE_TO_CLIENT,
		.ext = command.ext,
		.n_ext = command.n_ext,
		.body = message->body,
		.timeout_ms = PUSH_TIMEOUT_MS,
	    },
	    on_answered, reply);
}

/* ---- the beginning --------------------------------------------------- */

/* Always false. */
static bool
refuse(struct send_outcome *refusal, int32_t code, struct slice remark)
{
	*refusal = (struct send_outcome){ .code = code, .remark = remark };
	return false;
}

static bool
reserve(struct broker *broker, struct reply_message *reply, struct send_outcome *refusal)
{
	uint64_t all = replies_begin(broker->replies, reply->bytes);

	if (limits_allow(broker->limits, LIMIT_REPLY_MEMORY, all))
		return true;
	replies_end(broker->replies, reply->bytes);
	return refuse(refusal, RESPONSE_SYSTEM_BUSY, slice_of(limit_remark(LIMIT_REPLY_MEMORY)));
}

/* The connection of the requester. */
static bool
find_requester(struct broker *broker, const struct send_question *message, struct conn_id *to,
    struct slice *why)
{
	struct slice id = property_find(message->properties, "REPLY_TO_CLIENT");
	struct slice shown = utf8_cut(id, SHOWN_ID_BYTES);

	if (id.len == 0) {
		*why = SLICE("reply message properties[REPLY_TO_CLIENT] is null");
		return false;
	}
	if (name_fault(NAME_CLIENT_ID, id) != NULL) {
		*why = arena_printf(message->arena, "the reply's property REPLY_TO_CLIENT %s",
		    name_fault(NAME_CLIENT_ID, id));
		return false;
	}
	if (clients_find_id(broker->clients, id, to))
		return true;
	*why = arena_printf(message->arena,
	    "push reply message fail, channel of <%.*s> not found: the requester left, or never "
	    "sent this broker a heartbeat",
	    (int)shown.len, shown.data);
	return false;
}

/* The reply also becomes a message, of which a requester that is not found learns nothing. */
static bool
store_reply(struct worker *worker, const struct send_question *message, struct reply_message *reply,
    struct send_outcome *refusal)
{
	if (!worker->broker->settings->store_reply_message_enable)
		return send_check(worker, message, refusal);
	reply->send.done = on_stored;
	reply->send.release = on_store_released;
	if (!send_message(worker, message, &reply->send, refusal))
		return false;
	reply->n_open++;
	return true;
}

bool
reply_message_send(struct worker *worker, const struct reply_question *question,
    struct reply_message *reply, struct send_outcome *refusal)
{
	const struct send_question *message = &question->message;
	struct broker *broker = worker->broker;
	struct slice why = SLICE_NONE;
	struct conn_id to;

	if (message->batch)
		return refuse(refusal, RESPONSE_MESSAGE_ILLEGAL,
		    SLICE("the message is illegal, a batch cannot be a reply"));
	reply->n_open = 0;
	reply->queue_id = message->queue_id < 0 ? 0 : message->queue_id;
	reply->msg_ids = SLICE("0");
	reply->bytes = message->body.len + message->properties.len + OPEN_OVERHEAD_BYTES;
	if (!reserve(broker, reply, refusal))
		return false;

	bool found = find_requester(broker, message, &to, &why);

	if (!store_reply(worker, message, reply, refusal)) {
		replies_end(broker->replies, reply->bytes);
		return false;
	}
	if (found) {
		reply->n_open++;
		push_reply(worker, question, to, reply);
		return true;
	}
	reply->known = true;
	reply->remark = arena_copy(&reply->arena, why);
	if (reply->n_open != 0)
		return true;
	replies_end(broker->replies, reply->bytes);
	replies_count(broker->replies, false);
	arena_release(&reply->arena);
	return refuse(refusal, RESPONSE_SYSTEM_ERROR, why);
}
