#include "config.h"

/* For the tools: what a group consumes, and the times of what it has consumed. */

#include <stdlib.h>

#include "broker/consumers/time_span.h"
#include "broker/context.h"
#include "broker/state/client.h"
#include "broker/state/offset.h"
#include "broker/state/topic.h"
#include "common/base/mem.h"
#include "common/base/strmap.h"
#include "common/json/json_body.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "common/protocol/name_list.h"

/* ---- 303 ------------------------------------------------------------- */

static void
write_span(struct json_out *out, const struct time_span *span)
{
	json_open_object(out);
	json_member_put_int(out, "consumeTimeStamp", span->consumed_ms);
	json_member_put_int(out, "delayTime", span->behind_ms);
	json_member_put_int(out, "maxTimeStamp", span->max_ms);
	json_key(out, "messageQueue");
	message_queue_write(out, &span->queue);
	json_member_put_int(out, "minTimeStamp", span->min_ms);
	json_close_object(out);
}

static void
on_spans(void *context, struct loop *loop, bool ok, const struct time_span *spans, size_t n_spans)
{
	struct ticket *ticket = context;
	struct reply reply = { .code = RESPONSE_SUCCESS };
	struct buf text = { 0 };
	struct json_out out;

	json_out_init(&out, &text);
	json_open_object(&out);
	json_key(&out, "consumeTimeSpanSet");
	json_open_array(&out);
	for (size_t i = 0; i < n_spans; i++)
		write_span(&out, &spans[i]);
	json_close_array(&out);
	json_close_object(&out);
	if (ok)
		reply.body = buf_slice(&text);
	else
		reply = (struct reply){ .code = RESPONSE_SYSTEM_ERROR,
			.remark = SLICE("the queues cannot be read, see the broker's log") };
	ticket_reply(loop, ticket, &reply);
	buf_release(&text);
	free(ticket);
}

static enum verdict
query_time_span_begin(struct request *request)
{
	const struct group_topic_header *header = request->header;
	struct broker *broker = request_broker(request);
	struct ticket *ticket;
	struct topic topic;

	if (!topics_find(broker->topics, header->topic, &topic))
		return request_refuse(request, RESPONSE_TOPIC_NOT_EXIST, "topic[%.*s] not exist",
		    (int)header->topic.len, header->topic.data);
	size_t n = (size_t)topic.write_queues;
	struct message_queue *queues = arena_alloc(request->arena, n * sizeof *queues);

	for (size_t i = 0; i < n; i++)
		queues[i] = (struct message_queue){ header->topic,
			slice_of(broker->settings->broker_name), (int32_t)i };
	ticket = mem_alloc(sizeof *ticket);
	*ticket = request_ticket(request);
	time_spans(request_worker(request), header->group, queues, n, on_spans, ticket);
	return VERDICT_LATER;
}

/* ---- 343, 345 -------------------------------------------------------- */

static void
on_row(void *arg, const struct offset_row *row)
{
	struct strmap *topics = arg;

	strmap_put(topics, row->topic, topics);
}

static enum verdict
query_topics_begin(struct request *request)
{
	const struct group_topic_header *header = request->header;
	struct broker *broker = request_broker(request);
	struct topic_list list = { .broker_addr = slice_of(broker->address) };
	struct strmap topics = { 0 };
	struct buf text = { 0 };
	struct json_out out;

	offsets_each(broker->offsets, header->group, SLICE_NONE, on_row, &topics);
	struct strmap_entry **sorted = strmap_sorted(&topics);
	struct slice *names = arena_alloc(request->arena, topics.n * sizeof *names);

	for (size_t i = 0; i < topics.n; i++)
		names[list.n_topics++] = strmap_key(sorted[i]);
	list.topics = names;
	json_out_init(&out, &text);
	topic_list_write(&out, &list);
	free(sorted);
	strmap_release(&topics, NULL);
	return request_reply_body(request, json_finish(&out, request->arena));
}

static enum verdict
query_subscription_begin(struct request *request)
{
	const struct group_topic_header *header = request->header;
	struct client_group group = { 0 };
	struct buf text = { 0 };
	struct json_out out;

	clients_find_group(request_broker(request)->clients, header->group, request->arena, &group);
	json_out_init(&out, &text);
	json_open_object(&out);
	json_member_put_slice(&out, "group", header->group);
	for (size_t i = 0; i < group.n_subscriptions; i++) {
		if (!slice_equal(group.subscriptions[i].topic, header->topic))
			continue;
		json_key(&out, "subscriptionData");
		subscription_write(&out, &group.subscriptions[i]);
	}
	json_member_put_slice(&out, "topic", header->topic);
	json_close_object(&out);
	return request_reply_body(request, json_finish(&out, request->arena));
}

/* ---- 353 ------------------------------------------------------------- */

/* No group is kept from a topic: a tool that asks is told so, one that wants it is refused. */
static enum verdict
group_forbidden_begin(struct request *request)
{
	const struct group_topic_header *header = request->header;
	struct buf text = { 0 };
	struct json_out out;

	if (slice_equal_nocase(header->readable, SLICE("false")))
		return request_refuse(request, RESPONSE_SYSTEM_ERROR,
		    "a group cannot be kept from one topic here: set consumeEnable of the group");
	json_out_init(&out, &text);
	json_open_object(&out);
	json_member_put_slice(&out, "group", header->group);
	json_member_put_bool(&out, "readable", true);
	json_member_put_slice(&out, "topic", header->topic);
	json_close_object(&out);
	return request_reply_body(request, json_finish(&out, request->arena));
}

const struct handler group_view_handlers[] = {
	HANDLER_TYPED(QUERY_CONSUME_TIME_SPAN, group_topic_header, query_time_span_begin, 0),
	HANDLER_TYPED(QUERY_TOPICS_BY_CONSUMER, group_topic_header, query_topics_begin, 0),
	HANDLER_TYPED(
	    QUERY_SUBSCRIPTION_BY_CONSUMER, group_topic_header, query_subscription_begin, 0),
	HANDLER_TYPED(UPDATE_AND_GET_GROUP_FORBIDDEN, group_topic_header, group_forbidden_begin, 0),
	{ .name = NULL },
};
