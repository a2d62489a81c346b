#include "config.h"

/* QUERY_CONSUME_QUEUE: the entries of a queue, as its index has them. For tools. */

#include <stdlib.h>

#include "broker/context.h"
#include "broker/state/client.h"
#include "broker/store/store.h"
#include "broker/store/tail/tail.h"
#include "common/base/mem.h"
#include "common/json/json_body.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "common/protocol/heartbeat.h"

#define ENTRIES_MAX 1024
#define RECORDS_BYTES_MAX (4 << 20) /* read for one reply; it has fewer entries then */

/* A request whose records are being read. */
struct queue_query {
	struct ticket ticket;
	int64_t min_offset, max_offset;
	struct subscription subscription; /* of the group that was named; no topic: none */
	struct slice filter_data;         /* absent: no group was named, or it is online */
	struct arena arena;
};

static void
write_entry(struct json_out *out, const struct record *record)
{
	json_open_object(out);
	json_member_put_bool(out, "eval", false);
	json_member_put_int(out, "physicOffset", record->position);
	json_member_put_int(out, "physicSize", record->size);
	json_member_put_int(out, "tagsCode", tag_hash(property_find(record->properties, "TAGS")));
	json_close_object(out);
}

static void
write_entries(struct json_out *out, const struct chunk *chunk)
{
	struct record record;

	for (size_t at = 0; at < chunk->len; at += record.size) {
		if (record_decode(chunk->data + at, chunk->len - at, &record) == -1)
			break;
		write_entry(out, &record);
	}
}

static struct slice
compose(struct queue_query *query, const struct chunk *chunk)
{
	struct buf text = { 0 };
	struct json_out out;

	json_out_init(&out, &text);
	json_open_object(&out);
	if (query->filter_data.data != NULL)
		json_member_put_slice(&out, "filterData", query->filter_data);
	json_member_put_int(&out, "maxQueueIndex", query->max_offset);
	json_member_put_int(&out, "minQueueIndex", query->min_offset);
	json_key(&out, "queueData");
	json_open_array(&out);
	if (chunk != NULL)
		write_entries(&out, chunk);
	json_close_array(&out);
	if (query->subscription.topic.data != NULL) {
		json_key(&out, "subscriptionData");
		subscription_write(&out, &query->subscription);
	}
	json_close_object(&out);
	return json_finish(&out, &query->arena);
}

static void
on_read(struct read_job *job, struct loop *loop)
{
	struct queue_query *query = job->context;
	struct reply reply = { .code = RESPONSE_SUCCESS };

	if (job->status == READ_CORRUPT || job->status == READ_FAILED) {
		reply.code = RESPONSE_SYSTEM_ERROR;
		reply.remark = SLICE("the queue cannot be read, see the broker's log");
	} else {
		reply.body = compose(query, job->chunk);
	}
	ticket_reply(loop, &query->ticket, &reply);
	arena_release(&query->arena);
	free(query);
	read_job_free(job);
}

/* What a group that the tool names subscribes to. */
static void
find_subscription(struct queue_query *query, const struct request *request)
{
	const struct query_queue_header *header = request->header;
	struct client_group group;

	if (header->consumer_group.len == 0)
		return;
	if (clients_find_group(
		request_broker(request)->clients, header->consumer_group, &query->arena, &group)) {
		for (size_t i = 0; i < group.n_subscriptions; i++)
			if (slice_equal(group.subscriptions[i].topic, header->topic))
				query->subscription = group.subscriptions[i];
	}
	if (query->subscription.topic.data == NULL)
		query->filter_data = arena_printf(&query->arena, "%.*s@%.*s is not online!",
		    (int)header->consumer_group.len, header->consumer_group.data,
		    (int)header->topic.len, header->topic.data);
}

static enum verdict
query_queue_begin(struct request *request)
{
	const struct query_queue_header *header = request->header;
	const struct tail_queue *queue =
	    tail_find(request_worker(request)->tail, header->topic, header->queue_id);
	int32_t count = header->count < ENTRIES_MAX ? header->count : ENTRIES_MAX;

	if (queue == NULL)
		return request_refuse(request, RESPONSE_SYSTEM_ERROR, "%d@%.*s is not exist!",
		    header->queue_id, (int)header->topic.len, header->topic.data);
	if (header->index < queue->min_offset || header->index > queue->max_offset || count < 1)
		return request_refuse(request, RESPONSE_SYSTEM_ERROR,
		    "Index %lld of %d@%.*s is not exist: the queue has %lld to %lld",
		    (long long)header->index, header->queue_id, (int)header->topic.len,
		    header->topic.data, (long long)queue->min_offset, (long long)queue->max_offset);

	struct queue_query *query = mem_zalloc(sizeof *query);
	struct read_job *job = read_queue_new(queue->number, header->index,
	    &(struct pull_limits){
		.max_messages = count, .max_bytes = RECORDS_BYTES_MAX, .max_scan = count });

	query->ticket = request_ticket(request);
	query->min_offset = queue->min_offset;
	query->max_offset = queue->max_offset;
	find_subscription(query, request);
	ticket_reserve(request->loop, &query->ticket, RECORDS_BYTES_MAX);
	job->reply_loop = request->loop;
	job->done = on_read;
	job->context = query;
	store_read(request_broker(request)->store, job);
	return VERDICT_LATER;
}

const struct handler queue_handlers[] = {
	HANDLER_TYPED(QUERY_CONSUME_QUEUE, query_queue_header, query_queue_begin, 0),
	{ .name = NULL },
};
