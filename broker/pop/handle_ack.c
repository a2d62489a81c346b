#include "config.h"

/* ACK_MESSAGE, BATCH_ACK_MESSAGE, CHANGE_MESSAGE_INVISIBLETIME: receipts and what they ask for. */

#include <inttypes.h>
#include <stdlib.h>

#include "broker/context.h"
#include "broker/pop/pop.h"
#include "broker/pop/receipt.h"
#include "broker/state/group.h"
#include "broker/state/topic.h"
#include "broker/store/store.h"
#include "common/base/mem.h"
#include "common/protocol/batch_ack.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

struct waiting_ack {
	struct ticket ticket;
	int32_t revive_queue;
};

static struct waiting_ack *
waiting_ack_new(const struct request *request, int32_t revive_queue)
{
	struct waiting_ack *waiting = mem_alloc(sizeof *waiting);

	*waiting = (struct waiting_ack){ request_ticket(request), revive_queue };
	return waiting;
}

static void
on_acked(void *context, struct loop *loop, const struct ack_result *result)
{
	struct waiting_ack *waiting = context;

	ticket_reply(loop, &waiting->ticket,
	    &(struct reply){ .code = result->code, .remark = result->remark });
	free(waiting);
}

/* ---- one receipt ------------------------------------------------------ */

/* Receipts of a RocketMQ broker, whose place this one took, name any of its revive queues. */
static bool
is_receipt_queue(const struct broker *broker, int32_t revive_queue)
{
	return revive_queue == RECEIPT_REVIVE_QUEUE || revive_queue == RECEIPT_ORDERED_QUEUE ||
	       (revive_queue > 0 && revive_queue < RECEIPT_ORDERED_QUEUE &&
		   store_rocketmq_end(broker->store) != 0);
}

/*
 * The receipt in extraInfo, which must be of this broker and of the queue that the other fields
 * name. False: it was refused.
 */
static bool
read_receipt(struct request *request, const struct ack_header *header, struct pop_receipt *receipt)
{
	struct broker *broker = request_broker(request);
	struct receipt read;
	struct topic topic;
	struct group group;

	if (!topics_find(broker->topics, header->topic, &topic))
		request_refuse(request, RESPONSE_TOPIC_NOT_EXIST,
		    "topic[%.*s] not exist, apply first please!", (int)header->topic.len,
		    header->topic.data);
	else if (header->queue_id < 0 || header->queue_id >= topic.read_queues)
		request_refuse(request, RESPONSE_MESSAGE_ILLEGAL,
		    "queueId[%" PRId32
		    "] is illegal, topic:[%s] topicConfig.readQueueNums:[%" PRId32 "]",
		    header->queue_id, topic.name, topic.read_queues);
	else if (!groups_find(broker->groups, header->consumer_group, &group))
		request_refuse(request, RESPONSE_SUBSCRIPTION_GROUP_NOT_EXIST,
		    "subscription group [%.*s] does not exist", (int)header->consumer_group.len,
		    header->consumer_group.data);
	else if (receipt_read(header->extra_info, &read) == -1)
		request_refuse(request, RESPONSE_MESSAGE_ILLEGAL,
		    "extraInfo is no receipt: START-OFFSET POP-TIME INVISIBLE-TIME REVIVE-QUEUE "
		    "RETRY BROKER QUEUE [OFFSET]");
	else if (!slice_is(read.broker_name, broker->settings->broker_name) ||
		 read.queue_id != header->queue_id ||
		 !is_receipt_queue(broker, read.revive_queue) ||
		 (read.offset != -1 && read.offset != header->offset))
		request_refuse(request, RESPONSE_MESSAGE_ILLEGAL,
		    "the receipt is of another broker, queue or message");
	else {
		*receipt = (struct pop_receipt){
			.queue = { header->consumer_group, header->topic, header->queue_id },
			.start_offset = read.start_offset,
			.pop_time = read.pop_time,
			.ordered = read.revive_queue == RECEIPT_ORDERED_QUEUE,
			.offsets = &header->offset,
			.n_offsets = 1,
		};
		return true;
	}
	return false;
}

static enum verdict
ack_message_begin(struct request *request)
{
	struct pop_receipt receipt;

	if (!read_receipt(request, request->header, &receipt))
		return VERDICT_REPLY;
	ack_messages(request_worker(request), &receipt, 1, on_acked, waiting_ack_new(request, 0));
	return VERDICT_LATER;
}

/* ---- 200053 ----------------------------------------------------------- */

static void
on_changed(void *context, struct loop *loop, const struct ack_result *result)
{
	struct waiting_ack *waiting = context;
	struct change_invisible_reply header = {
		.pop_time = result->pop_time,
		.invisible_time = result->invisible_ms,
		.revive_queue = waiting->revive_queue,
	};

	ticket_reply(loop, &waiting->ticket,
	    &(struct reply){
		.code = result->code,
		.remark = result->remark,
		.fields = result->code == RESPONSE_SUCCESS ? change_invisible_reply_fields : NULL,
		.header = &header,
	    });
	free(waiting);
}

static enum verdict
change_invisible_begin(struct request *request)
{
	const struct ack_header *header = request->header;
	struct pop_receipt receipt;

	if (!read_receipt(request, header, &receipt))
		return VERDICT_REPLY;
	change_invisible(request_worker(request), &receipt, header->invisible_time, on_changed,
	    waiting_ack_new(
		request, receipt.ordered ? RECEIPT_ORDERED_QUEUE : RECEIPT_REVIVE_QUEUE));
	return VERDICT_LATER;
}

/* ---- 200151 ----------------------------------------------------------- */

/* The offsets that the bits name; more than one pop can have are none. */
static void
read_bits(const struct batch_ack *ack, struct arena *arena, struct pop_receipt *receipt)
{
	int64_t *offsets = arena_alloc(arena, CHECKPOINT_MESSAGES_MAX * sizeof *offsets);

	receipt->offsets = offsets;
	for (size_t i = 0; i < ack->n_bytes * 8; i++) {
		if (!(ack->bits[i / 8] >> i % 8 & 1))
			continue;
		if (receipt->n_offsets == CHECKPOINT_MESSAGES_MAX) {
			receipt->n_offsets = 0;
			return;
		}
		offsets[receipt->n_offsets++] = ack->start_offset + (int64_t)i;
	}
}

static struct slice
topic_of(const struct batch_ack *ack, struct arena *arena)
{
	struct buf text = { 0 };

	if (!slice_is(ack->retry, RECEIPT_RETRY))
		return ack->topic;
	retry_topic_write(&text, ack->group, ack->topic);
	struct slice topic = arena_copy(arena, buf_slice(&text));

	buf_release(&text);
	return topic;
}

static enum verdict
batch_ack_begin(struct request *request)
{
	struct broker *broker = request_broker(request);
	size_t n_acks, n = 0;
	const struct batch_ack *acks = batch_ack_read(request->arena, request->body, &n_acks);

	if (acks == NULL || n_acks == 0)
		return request_refuse(
		    request, RESPONSE_NO_MESSAGE, "the body has no acks, or an odd one");
	struct pop_receipt *list = arena_zalloc(request->arena, n_acks * sizeof *list);

	for (size_t i = 0; i < n_acks; i++) {
		const struct batch_ack *ack = &acks[i];
		struct pop_receipt *receipt = &list[n];
		struct group group;

		if (!groups_find(broker->groups, ack->group, &group) ||
		    !is_receipt_queue(broker, ack->revive_queue) || ack->start_offset < 0 ||
		    ack->start_offset > INT64_MAX / 2)
			continue;
		*receipt = (struct pop_receipt){
			.queue = { ack->group, topic_of(ack, request->arena), ack->queue_id },
			.start_offset = ack->start_offset,
			.pop_time = ack->pop_time,
		};
		read_bits(ack, request->arena, receipt);
		n += receipt->n_offsets != 0;
	}
	ack_messages(request_worker(request), list, n, on_acked, waiting_ack_new(request, 0));
	return VERDICT_LATER;
}

const struct handler ack_handlers[] = {
	HANDLER_TYPED(ACK_MESSAGE, ack_header, ack_message_begin, HANDLER_WRITE),
	{ REQUEST_CHANGE_MESSAGE_INVISIBLETIME, "CHANGE_MESSAGE_INVISIBLETIME",
	    change_invisible_header_fields, sizeof(struct ack_header), change_invisible_begin,
	    HANDLER_WRITE },
	HANDLER_PLAIN(BATCH_ACK_MESSAGE, batch_ack_begin, HANDLER_WRITE),
	{ .name = NULL },
};
