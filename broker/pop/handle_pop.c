#include "config.h"

/* POP_MESSAGE, NOTIFICATION, POLLING_INFO: fields to a wish, its result to a reply. */

#include <assert.h>
#include <inttypes.h>

#include "broker/context.h"
#include "broker/pop/pop.h"
#include "broker/pop/receipt.h"
#include "broker/state/group.h"
#include "broker/state/topic.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

static_assert(sizeof(struct ticket) <= POP_KEPT_BYTES, "a pop keeps the ticket of its request");

static void
keep(void *kept, const void *request)
{
	*(struct ticket *)kept = request_ticket(request);
}

static bool
waits(struct loop *loop, const void *kept)
{
	return conn_find(loop, ((const struct ticket *)kept)->conn) != NULL;
}

/* ---- 200050 ---------------------------------------------------------- */

static void
put_lead(struct buf *text, const struct pop_piece *piece)
{
	if (text->len != 0)
		buf_append_char(text, ';');
	buf_append_text(text, piece->retry ? RECEIPT_RETRY : RECEIPT_TOPIC);
	buf_append_char(text, ' ');
}

static struct slice
copy(struct buf *text, struct arena *arena)
{
	struct slice slice = arena_copy(arena, buf_slice(text));

	buf_release(text);
	return slice;
}

static struct slice
start_offset_info(const struct popped *popped, struct arena *arena)
{
	struct buf text = { 0 };

	for (size_t i = 0; i < popped->n_pieces; i++) {
		const struct pop_piece *piece = &popped->pieces[i];

		put_lead(&text, piece);
		buf_printf(&text, "%" PRId32 " %" PRId64, piece->queue_id, piece->start_offset);
	}
	return copy(&text, arena);
}

static struct slice
msg_offset_info(const struct popped *popped, struct arena *arena)
{
	struct buf text = { 0 };

	for (size_t i = 0; i < popped->n_pieces; i++) {
		const struct pop_piece *piece = &popped->pieces[i];

		put_lead(&text, piece);
		buf_printf(&text, "%" PRId32 " ", piece->queue_id);
		for (size_t k = 0; k < piece->n; k++) {
			if (k != 0)
				buf_append_char(&text, ',');
			buf_append_int(&text, piece->offsets[k]);
		}
	}
	return copy(&text, arena);
}

/* Of each message that was popped before, then the least of the queue, for older clients. */
static struct slice
order_count_info(const struct popped *popped, struct arena *arena)
{
	struct buf text = { 0 };

	for (size_t i = 0; i < popped->n_pieces; i++) {
		const struct pop_piece *piece = &popped->pieces[i];
		uint16_t least = UINT16_MAX;

		for (size_t k = 0; k < piece->n; k++) {
			if (piece->counts[k] < least)
				least = piece->counts[k];
			if (piece->counts[k] == 0)
				continue;
			put_lead(&text, piece);
			buf_printf(&text, "qo%" PRId32 "%%%" PRId64 " %d", piece->queue_id,
			    piece->offsets[k], piece->counts[k]);
		}
		put_lead(&text, piece);
		buf_printf(&text, "%" PRId32 " %d", piece->queue_id, least);
	}
	return copy(&text, arena);
}

static void
on_popped(struct loop *loop, void *kept, const struct popped *popped)
{
	struct pop_reply header = {
		.pop_time = popped->pop_time,
		.invisible_time = popped->invisible_ms,
		.revive_queue = popped->ordered ? RECEIPT_ORDERED_QUEUE : RECEIPT_REVIVE_QUEUE,
		.rest = popped->rest,
	};
	struct reply reply = {
		.code = popped->code,
		.remark = popped->remark,
		.fields = popped->looked ? pop_reply_fields : NULL,
		.header = &header,
		.parts = popped->parts,
		.n_parts = popped->n_parts,
	};

	if (popped->looked) {
		header.start_offset_info = start_offset_info(popped, &loop->arena);
		header.msg_offset_info = msg_offset_info(popped, &loop->arena);
		if (popped->ordered)
			header.order_count_info = order_count_info(popped, &loop->arena);
	}
	ticket_reply(loop, kept, &reply);
}

static enum verdict
pop_message_begin(struct request *request)
{
	static const struct pop_front front = { keep, waits, on_popped };
	const struct pop_header *header = request->header;

	pop_messages(
	    request_worker(request), &(struct pop_wish){
					 .group = header->consumer_group,
					 .topic = header->topic,
					 .queue_id = header->queue_id < 0 ? -1 : header->queue_id,
					 .max_messages = header->max_messages,
					 .invisible_ms = header->invisible_time,
					 .wait_ms = header->poll_time,
					 .from_first = header->init_mode == 0,
					 .ordered = header->order,
					 .attempt = header->attempt_id,
					 .expression = header->expression,
					 .expression_type = header->expression_type,
					 .member = conn_id_of(request->conn),
					 .peer = conn_peer_host(request->conn),
					 .front = &front,
					 .request = request,
				     });
	return VERDICT_LATER;
}

/* ---- 200054 ---------------------------------------------------------- */

static void
on_notified(struct loop *loop, void *kept, const struct popped *popped)
{
	struct notification_reply header = {
		.has_message = popped->found,
		.polling_full = popped->full,
	};

	ticket_reply(loop, kept,
	    &(struct reply){
		.code = popped->code,
		.remark = popped->looked ? SLICE_NONE : popped->remark,
		.fields = popped->looked ? notification_reply_fields : NULL,
		.header = &header,
	    });
}

static enum verdict
notification_begin(struct request *request)
{
	static const struct pop_front front = { keep, waits, on_notified };
	const struct notification_header *header = request->header;

	pop_messages(
	    request_worker(request), &(struct pop_wish){
					 .group = header->consumer_group,
					 .topic = header->topic,
					 .queue_id = header->queue_id < 0 ? -1 : header->queue_id,
					 .max_messages = 1,
					 .wait_ms = header->poll_time,
					 .from_first = true,
					 .ordered = header->order,
					 .attempt = header->attempt_id,
					 .only_ask = true,
					 .front = &front,
					 .request = request,
				     });
	return VERDICT_LATER;
}

/* ---- 200055 ---------------------------------------------------------- */

static enum verdict
polling_info_begin(struct request *request)
{
	const struct polling_info_header *header = request->header;
	struct broker *broker = request_broker(request);
	struct group_queue queue = { header->consumer_group, header->topic,
		header->queue_id < 0 ? -1 : header->queue_id };
	struct polling_info_reply *reply = arena_zalloc(request->arena, sizeof *reply);
	struct topic topic;
	struct group group;

	if (!topics_find(broker->topics, header->topic, &topic))
		return request_refuse(request, RESPONSE_TOPIC_NOT_EXIST,
		    "topic[%.*s] not exist, apply first please!", (int)header->topic.len,
		    header->topic.data);
	if (header->queue_id >= topic.read_queues)
		return request_refuse(request, RESPONSE_INVALID_PARAMETER,
		    "queueId[%" PRId32
		    "] is illegal, topic:[%s] topicConfig.readQueueNums:[%" PRId32 "]",
		    header->queue_id, topic.name, topic.read_queues);
	if (!groups_find(broker->groups, header->consumer_group, &group))
		return request_refuse(request, RESPONSE_SUBSCRIPTION_GROUP_NOT_EXIST,
		    "subscription group [%.*s] does not exist", (int)header->consumer_group.len,
		    header->consumer_group.data);
	reply->n_polling = (int32_t)pop_count_waiting(broker, &queue);
	return request_reply(request, polling_info_reply_fields, reply);
}

const struct handler pop_handlers[] = {
	HANDLER_TYPED(POP_MESSAGE, pop_header, pop_message_begin, HANDLER_MAIN_PORT),
	HANDLER_TYPED(NOTIFICATION, notification_header, notification_begin, HANDLER_MAIN_PORT),
	HANDLER_TYPED(POLLING_INFO, polling_info_header, polling_info_begin, 0),
	{ .name = NULL },
};
