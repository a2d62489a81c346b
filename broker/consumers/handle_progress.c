#include "config.h"

/* For the tools: the bounds of queues, the progress of groups, and the groups of a topic. */

#include <stdlib.h>

#include "broker/consumers/progress.h"
#include "broker/context.h"
#include "broker/state/client.h"
#include "broker/state/group.h"
#include "broker/state/offset.h"
#include "broker/state/topic.h"
#include "broker/store/tail/tail.h"
#include "common/base/strmap.h"
#include "common/json/json_body.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "common/protocol/message_queue.h"
#include "common/protocol/name_list.h"
#include "common/protocol/queue_stats.h"

/* ---- 202 ------------------------------------------------------------- */

static enum verdict
get_topic_stats_begin(struct request *request)
{
	const struct topic_header *header = request->header;
	struct worker *worker = request_worker(request);
	struct topic topic;
	struct buf text = { 0 };
	struct json_out out;

	if (!topics_find(worker->broker->topics, header->topic, &topic))
		return request_refuse(request, RESPONSE_TOPIC_NOT_EXIST, "topic[%.*s] not exist",
		    (int)header->topic.len, header->topic.data);
	struct queue_stats *stats =
	    arena_zalloc(request->arena, (size_t)topic.write_queues * sizeof *stats);

	for (int32_t i = 0; i < topic.write_queues; i++) {
		const struct tail_queue *queue = tail_find(worker->tail, header->topic, i);

		stats[i].queue = (struct message_queue){ header->topic,
			slice_of(worker->broker->settings->broker_name), i };
		if (queue == NULL)
			continue;
		stats[i].min_offset = queue->min_offset;
		stats[i].max_offset = queue->max_offset;
		stats[i].last_update = queue->last_timestamp;
	}
	json_out_init(&out, &text);
	topic_stats_write(&out, stats, (size_t)topic.write_queues);
	return request_reply_body(request, json_finish(&out, request->arena));
}

/* ---- 208 ------------------------------------------------------------- */

static void
write_group(struct json_out *out, const struct progress_report *report)
{
	struct consume_stats stats = { .queues = report->rows, .n_queues = report->n_rows };

	for (size_t i = 0; i < report->n_topics; i++)
		stats.tps += report->topics[i].tps;
	consume_stats_write(out, &stats);
}

static enum verdict
get_consume_stats_begin(struct request *request)
{
	const struct consume_stats_header *header = request->header;
	struct progress_report *report = progress_report_new(request, write_group);

	progress_report_add(report, request, header->consumer_group, header->topic, false);
	return progress_report_send(report, request);
}

/* ---- 317 ------------------------------------------------------------- */

/* The topics of one group from the i-th on; answers where the next group begins. */
static size_t
write_topics_of_group(struct json_out *out, const struct progress_report *report, size_t i)
{
	struct slice group = report->topics[i].group;

	json_open_object(out);
	json_key_slice(out, group);
	json_open_array(out);
	for (; i < report->n_topics && slice_equal(report->topics[i].group, group); i++) {
		const struct progress_topic *topic = &report->topics[i];

		consume_stats_write(out,
		    &(struct consume_stats){ topic->tps, &report->rows[topic->first], topic->n });
	}
	json_close_array(out);
	json_close_object(out);
	return i;
}

/* Both are 0 or more. */
static int64_t
add_saturating(int64_t a, int64_t b)
{
	return a > INT64_MAX - b ? INT64_MAX : a + b;
}

static void
write_all_groups(struct json_out *out, const struct progress_report *report)
{
	int64_t behind = 0, in_flight = 0;

	json_open_object(out);
	json_member_put_text(out, "brokerAddr", report->broker->address);
	json_key(out, "consumeStatsList");
	json_open_array(out);
	for (size_t i = 0; i < report->n_topics;)
		i = write_topics_of_group(out, report, i);
	json_close_array(out);
	for (size_t i = 0; i < report->n_rows; i++) {
		const struct consume_progress *row = &report->rows[i];

		behind = add_saturating(behind, row->broker_offset - row->consumer_offset);
		if (row->pull_offset > row->consumer_offset)
			in_flight =
			    add_saturating(in_flight, row->pull_offset - row->consumer_offset);
	}
	json_member_put_int(out, "totalDiff", behind);
	json_member_put_int(out, "totalInflightDiff", in_flight);
	json_close_object(out);
}

static enum verdict
get_broker_consume_stats_begin(struct request *request)
{
	const struct broker_consume_stats_header *header = request->header;
	struct progress_report *report = progress_report_new(request, write_all_groups);
	size_t n;
	struct group *groups = groups_list(request_broker(request)->groups, &n);

	for (size_t i = 0; i < n; i++)
		progress_report_add(
		    report, request, slice_of(groups[i].name), SLICE_NONE, header->is_order);
	free(groups);
	return progress_report_send(report, request);
}

/* ---- 300 ------------------------------------------------------------- */

static void
on_row(void *arg, const struct offset_row *row)
{
	struct strmap *groups = arg;

	strmap_put(groups, row->group, groups);
}

static enum verdict
query_topic_groups_begin(struct request *request)
{
	const struct topic_header *header = request->header;
	struct broker *broker = request_broker(request);
	struct strmap groups = { 0 };
	struct buf text = { 0 };
	struct json_out out;
	size_t n;
	const struct slice *online =
	    clients_list_subscribers(broker->clients, header->topic, request->arena, &n);

	for (size_t i = 0; i < n; i++)
		strmap_put(&groups, online[i], &groups);
	offsets_each(broker->offsets, SLICE_NONE, header->topic, on_row, &groups);
	struct strmap_entry **sorted = strmap_sorted(&groups);
	struct slice *names = arena_alloc(request->arena, groups.n * sizeof *names);

	for (size_t i = 0; i < groups.n; i++)
		names[i] = strmap_key(sorted[i]);
	json_out_init(&out, &text);
	name_list_write(&out, "groupList", names, groups.n);
	free(sorted);
	strmap_release(&groups, NULL);
	return request_reply_body(request, json_finish(&out, request->arena));
}

const struct handler progress_handlers[] = {
	HANDLER_TYPED(GET_TOPIC_STATS_INFO, topic_header, get_topic_stats_begin, 0),
	HANDLER_TYPED(GET_CONSUME_STATS, consume_stats_header, get_consume_stats_begin, 0),
	HANDLER_TYPED(GET_BROKER_CONSUME_STATS, broker_consume_stats_header,
	    get_broker_consume_stats_begin, 0),
	HANDLER_TYPED(QUERY_TOPIC_CONSUME_BY_WHO, topic_header, query_topic_groups_begin, 0),
	{ .name = NULL },
};
