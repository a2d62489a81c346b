#include "config.h"

/*
 * GET /v1/topics/{topic}/events: server-sent events, one for each message. The id of an event is
 * the position behind it, the next offset of each queue, so that any broker process can go on
 * there: "12.7.0.3". A reader has one batch under way. The next one is pulled when it has taken
 * all; with a group, that pull commits it.
 */

#include <stdlib.h>

#include "broker/http/api.h"
#include "broker/http/event_stream.h"
#include "broker/http/message_json.h"
#include "broker/catalog/topic_create.h"
#include "broker/state/group.h"
#include "broker/state/limit.h"
#include "broker/state/offset.h"
#include "broker/state/topic.h"
#include "broker/store/tail/tail.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"

#define HEARTBEAT_MS 15000
#define UNSENT_MAX (64 << 20) /* one batch as JSON: a body may grow sixfold */
#define RETRY_TEXT "retry: 3000\n\n"

/* One reader. On the server's thread, but for `begin`. */
struct api_events {
	struct event_stream stream;
	struct http_exchange *exchange; /* NULL: gone */
	struct slice last_id;           /* absent: from the newest, or the oldest */
	bool from_first;
	bool gone;
	bool batch_sent;   /* not taken yet */
	int32_t one_queue; /* -1: all */
	const char *wrong; /* with the wish; NULL: nothing */
	int wrong_status;
	int64_t *positions;
	struct arena arena;
};

/* ---- one more, one less ------------------------------------------------ */

static void
events_free(struct broker *broker, struct api_events *events)
{
	LIST_REMOVE(&events->stream, in_all);
	broker->http->n_streams--;
	event_stream_release(&events->stream);
	arena_release(&events->arena);
	free(events);
}

static void
on_closed(struct event_stream *stream)
{
	struct worker *worker = stream->loop->context;

	events_free(worker->broker, container_of(stream, struct api_events, stream));
}

/* At the end the loops run no more, and broker_http_free frees what is left. */
static void
on_gone(struct http_exchange *exchange)
{
	struct api_events *events = exchange->state;
	const struct broker *broker = exchange_broker(exchange);

	events->exchange = NULL;
	events->gone = true;
	http_stream_end(exchange);
	if (!broker->http->stopped)
		event_stream_close(&events->stream);
}

void
api_events_free(struct broker *broker)
{
	struct event_stream *stream;

	while ((stream = LIST_FIRST(&broker->http->streams)) != NULL)
		events_free(broker, container_of(stream, struct api_events, stream));
}

/* A comment tells a reader, and what is between, that the stream is alive. */
static void
on_heartbeat(struct timer *timer)
{
	struct broker_http *http = container_of(timer, struct broker_http, heartbeat);
	struct event_stream *stream;

	LIST_FOREACH(stream, &http->streams, in_all) {
		const struct api_events *events = container_of(stream, struct api_events, stream);

		if (events->exchange != NULL && events->exchange->on_drained != NULL)
			http_stream_send(events->exchange, SLICE(":\n\n"), UNSENT_MAX);
	}
	if (!LIST_EMPTY(&http->streams))
		loop_set_timer(http_loop(http->server), timer, clock_mono_ms() + HEARTBEAT_MS);
}

/* ---- events ----------------------------------------------------------- */

static void
write_id(struct buf *text, const struct api_events *events)
{
	for (size_t i = 0; i < events->stream.n_queues; i++) {
		if (i != 0)
			buf_append_char(text, '.');
		buf_append_int(text, events->positions[i]);
	}
}

static void
write_event(struct buf *text, struct api_events *events, const struct record *record)
{
	size_t index = events->one_queue < 0 ? (size_t)record->queue_id : 0;
	struct arena arena = { 0 };
	struct json_out out;

	if (index < events->stream.n_queues)
		events->positions[index] = record->queue_offset + 1;
	buf_append_text(text, "id: ");
	write_id(text, events);
	buf_append_text(text, "\ndata: ");
	json_out_init(&out, text);
	message_write(&out, record, &arena);
	json_close_object(&out);
	buf_append_text(text, "\n\n");
	arena_release(&arena);
}

static void
send_batch(struct api_events *events)
{
	const struct buf *records = &events->stream.records;
	struct buf text = { 0 };
	struct record record;

	for (size_t at = 0; at < records->len &&
			    record_decode(records->data + at, records->len - at, &record) == 0;
	     at += record.size)
		write_event(&text, events, &record);
	events->batch_sent = true;
	http_stream_send(events->exchange, buf_slice(&text), UNSENT_MAX);
	buf_release(&text);
}

/* The reader connects again in a while, if it likes. */
static void
send_end(struct api_events *events)
{
	struct buf text = { 0 };
	struct json_out out;

	buf_append_text(&text, "event: error\ndata: ");
	json_out_init(&out, &text);
	json_open_object(&out);
	json_member_put_int(&out, "status", api_status(events->stream.code));
	json_member_put_slice(&out, "detail", events->stream.remark);
	json_close_object(&out);
	buf_append_text(&text, "\n\n");
	http_stream_send(events->exchange, buf_slice(&text), UNSENT_MAX);
	buf_release(&text);
}

static void
on_batch(struct event_stream *stream)
{
	struct api_events *events = container_of(stream, struct api_events, stream);
	struct http_exchange *exchange = events->exchange;

	if (exchange == NULL || exchange_broker(exchange)->http->stopped)
		return;
	if (stream->code == RESPONSE_SUCCESS) {
		send_batch(events);
		return;
	}
	send_end(events);
	events->exchange = NULL;
	events->gone = true;
	http_stream_end(exchange);
	event_stream_close(stream);
}

static void
on_drained(struct http_exchange *exchange)
{
	struct api_events *events = exchange->state;

	if (!events->batch_sent)
		return;
	events->batch_sent = false;
	event_stream_next(&events->stream);
}

/* ---- the beginning ----------------------------------------------------- */

static void
answer_begin(struct http_exchange *exchange, struct loop *loop)
{
	struct api_events *events = exchange->state;
	struct broker *broker = exchange_broker(exchange);

	(void)loop;
	if (events->wrong != NULL) {
		http_problem(exchange, events->wrong_status, "%s", events->wrong);
		events_free(broker, events);
		return;
	}
	exchange->state = events;
	if (http_stream_begin(exchange, "text/event-stream", on_gone) == -1) {
		events_free(broker, events);
		return;
	}
	events->exchange = exchange;
	exchange->on_drained = on_drained;
	if (http_stream_send(exchange, SLICE(RETRY_TEXT), UNSENT_MAX) == 0)
		event_stream_next(&events->stream);
}

/* "12.7.0.3": what the id does not have begins at the oldest. NULL, or what is wrong with it. */
static const char *
read_id(struct api_events *events)
{
	struct slice rest = events->last_id, part;
	size_t n = 0;

	for (; slice_next(&rest, '.', &part); n++)
		if (n == events->stream.n_queues ||
		    slice_to_int64(part, &events->positions[n]) == -1 || events->positions[n] < 0)
			return "Last-Event-ID is not of an event of this topic.";
	return NULL;
}

/* The group, which may be new. */
static void
find_group(struct api_events *events, struct broker *broker)
{
	struct group group;
	const char *why;

	if (events->stream.group.data == NULL || events->wrong != NULL ||
	    group_find_or_create(broker, events->stream.group, &group, &why))
		return;
	events->wrong = why;
	events->wrong_status = 404;
}

/* Where a reader begins: behind its last event, else where its group is, else at an end. */
static int64_t
first_offset(
    const struct api_events *events, struct broker *broker, size_t i, const struct tail_queue *tail)
{
	const struct event_stream *stream = &events->stream;
	int64_t offset = -1;

	if (events->last_id.len != 0)
		return events->positions[i];
	if (stream->group.data != NULL)
		offset = offsets_find(
		    broker->offsets, stream->group, stream->topic, stream->queues[i].queue_id);
	if (offset >= 0 || tail == NULL)
		return offset >= 0 ? offset : 0;
	return events->from_first ? tail->min_offset : tail->max_offset;
}

/* On the loop, which knows the bounds of queues. */
static void
begin(struct http_exchange *exchange, struct loop *loop)
{
	struct api_events *events = exchange->state;
	struct event_stream *stream = &events->stream;
	struct worker *worker = loop->context;

	events->wrong = read_id(events);
	events->wrong_status = 400;
	find_group(events, worker->broker);
	for (size_t i = 0; i < stream->n_queues; i++) {
		struct event_queue *queue = &stream->queues[i];
		const struct tail_queue *tail =
		    tail_find(worker->tail, stream->topic, queue->queue_id);
		int64_t min = tail != NULL ? tail->min_offset : 0;
		int64_t max = tail != NULL ? tail->max_offset : 0;

		events->positions[i] = first_offset(events, worker->broker, i, tail);
		if (events->positions[i] < min)
			events->positions[i] = min;
		if (events->positions[i] > max) /* of a store that is no more */
			events->positions[i] = max;
		queue->offset = events->positions[i];
	}
	http_return(exchange, answer_begin);
}

static struct api_events *
events_new(struct http_exchange *exchange, const struct topic *topic)
{
	struct broker *broker = exchange_broker(exchange);
	struct api_events *events = mem_zalloc(sizeof *events);
	struct event_stream *stream = &events->stream;

	LIST_INSERT_HEAD(&broker->http->streams, stream, in_all);
	if (broker->http->n_streams++ == 0) {
		broker->http->heartbeat.due = on_heartbeat;
		loop_set_timer(http_loop(broker->http->server), &broker->http->heartbeat,
		    clock_mono_ms() + HEARTBEAT_MS);
	}
	stream->owner = http_loop(broker->http->server);
	stream->loop = api_loop(exchange);
	stream->on_batch = on_batch;
	stream->on_closed = on_closed;
	stream->topic = arena_copy(&events->arena, slice_of(topic->name));
	events->one_queue = -1;
	return events;
}

static void
add_queues(struct api_events *events, size_t n)
{
	struct event_stream *stream = &events->stream;

	stream->n_queues = n;
	stream->all_queues = events->one_queue < 0;
	stream->queues = arena_zalloc(&events->arena, n * sizeof *stream->queues);
	events->positions = arena_zalloc(&events->arena, n * sizeof *events->positions);
	for (size_t i = 0; i < n; i++)
		stream->queues[i] = (struct event_queue){
			.stream = stream,
			.queue_id = stream->all_queues ? (int32_t)i : events->one_queue,
		};
}

/* Whether another reader has the group in this queue of the topic; -1: in any. */
static bool
is_taken(struct broker *broker, struct slice group, struct slice topic, int64_t queue)
{
	struct event_stream *stream;

	LIST_FOREACH(stream, &broker->http->streams, in_all) {
		const struct api_events *events = container_of(stream, struct api_events, stream);

		if (!events->gone && stream->group.data != NULL &&
		    slice_equal(stream->group, group) && slice_equal(stream->topic, topic) &&
		    (queue < 0 || events->one_queue < 0 || events->one_queue == queue))
			return true;
	}
	return false;
}

/* A stream of a group commits: it needs the right to write. False: a problem was answered. */
static bool
check_group(struct http_exchange *exchange, int64_t one_queue)
{
	struct broker *broker = exchange_broker(exchange);
	struct slice group = http_request_parameter(&exchange->request, "group");

	if (group.data == NULL)
		return true;
	if (api_check_name(exchange, "group", NAME_GROUP, group) == -1 ||
	    http_needs(exchange, HTTP_MAY_WRITE) == -1)
		return false;
	if (broker_is_slave(broker)) {
		http_problem(exchange, 503, "%s", BROKER_SLAVE_REFUSAL);
		return false;
	}
	if (!is_taken(broker, group, http_part(exchange, 0), one_queue))
		return true;
	http_problem(exchange, 409,
	    "The group follows this topic already: a group has one stream of each queue.");
	return false;
}

/* False: a problem was answered. */
static bool
check(struct http_exchange *exchange, struct topic *topic, int64_t *one_queue)
{
	struct broker *broker = exchange_broker(exchange);

	if (api_check_name(exchange, "topic", NAME_TOPIC, http_part(exchange, 0)) == -1 ||
	    http_number(exchange, "queue", 0, INT32_MAX, -1, one_queue) == -1)
		return false;
	if (!topics_find(broker->topics, http_part(exchange, 0), topic)) {
		http_problem(exchange, 404, "There is no such topic on this broker.");
		return false;
	}
	if (*one_queue >= topic->read_queues) {
		http_problem(exchange, 404, "The topic has %d queues.", (int)topic->read_queues);
		return false;
	}
	if (!check_group(exchange, *one_queue))
		return false;
	if (topic->read_queues < 1 || (*one_queue < 0 && topic->read_queues > EVENT_QUEUES_MAX)) {
		http_problem(exchange, 422,
		    "The topic has %d queues: follow one of them by the parameter queue.",
		    (int)topic->read_queues);
		return false;
	}
	if (!limits_allow(broker->limits, LIMIT_HTTP_STREAMS, broker->http->n_streams + 1)) {
		api_problem(
		    exchange, RESPONSE_SYSTEM_BUSY, slice_of(limit_remark(LIMIT_HTTP_STREAMS)));
		return false;
	}
	return true;
}

static void
serve_events(struct http_exchange *exchange)
{
	const struct http_request *request = &exchange->request;
	struct slice tags = http_request_parameter(request, "tags");
	struct slice sql = http_request_parameter(request, "sql");
	struct slice last_id = http_request_field(request, "Last-Event-ID");
	struct slice group = http_request_parameter(request, "group");
	struct api_events *events;
	struct topic topic;
	int64_t one_queue;

	if (!check(exchange, &topic, &one_queue))
		return;
	if (last_id.len == 0)
		last_id = http_request_parameter(request, "lastEventId");
	events = events_new(exchange, &topic);
	events->one_queue = (int32_t)one_queue;
	events->last_id = last_id.len != 0 ? last_id : SLICE_NONE;
	events->from_first = slice_is(http_request_parameter(request, "from"), "first");
	if (group.data != NULL)
		events->stream.group = arena_copy(&events->arena, group);
	events->stream.filter = arena_copy(&events->arena, sql.len != 0    ? sql
							   : tags.len != 0 ? tags
									   : SLICE("*"));
	events->stream.filter_type = sql.len != 0 ? SLICE("SQL92") : SLICE("TAG");
	add_queues(events, one_queue < 0 ? (size_t)topic.read_queues : 1);
	exchange->state = events;
	http_go(exchange, events->stream.loop, begin);
}

const struct http_route api_event_routes[] = {
	{ "GET", "/v1/topics/{topic}/events", HTTP_MAY_READ, NULL, serve_events, false },
	{ NULL },
};
