#include "config.h"

/* Messages by offset id, by key, and by queue and offset. A reader fetches them; JSON is made on
 * the server's thread. */

#include <stdlib.h>
#include <string.h>

#include "broker/http/api.h"
#include "broker/http/message_json.h"
#include "broker/state/topic.h"
#include "broker/store/store.h"
#include "broker/store/tail/tail.h"
#include "common/base/clock.h"

#define KEY_MAX 32 /* messages of one answer */
#define BYTES_MAX (4 << 20)

struct lookup_state {
	struct read_job *job;
	bool single; /* one message is meant, and missing is 404 */
};

/* ---- the answer ------------------------------------------------------- */

static void
write_found(struct json_out *out, const struct read_job *job, struct arena *arena)
{
	const char *data = job->chunk != NULL ? job->chunk->data : NULL;
	size_t len = job->chunk != NULL ? job->chunk->len : 0;
	struct record record;

	for (size_t at = 0; at < len && record_decode(data + at, len - at, &record) == 0;
	     at += record.size) {
		message_write(out, &record, arena);
		json_close_object(out);
	}
}

static void
answer(struct http_exchange *exchange, struct loop *loop)
{
	const struct lookup_state *state = exchange->state;
	struct read_job *job = state->job;
	bool found = job->status == READ_FOUND && job->chunk != NULL;
	struct buf body = { 0 };
	struct json_out out;

	(void)loop;
	json_out_init(&out, &body);
	if (job->status == READ_CORRUPT || job->status == READ_FAILED) {
		http_problem(
		    exchange, 500, "The message cannot be read; the broker's log says why.");
	} else if (state->single && !found) {
		http_problem(exchange, 404, "There is no such message on this broker.");
	} else if (state->single) {
		write_found(&out, job, &exchange->arena);
		http_answer_json(exchange, 200, &body);
	} else {
		json_open_object(&out);
		json_key(&out, "messages");
		json_open_array(&out);
		if (found)
			write_found(&out, job, &exchange->arena);
		json_close_array(&out);
		json_member_put_bool(&out, "more", job->by_key.more);
		json_close_object(&out);
		http_answer_json(exchange, 200, &body);
	}
	read_job_free(job);
}

/* ---- the job ---------------------------------------------------------- */

static void
on_read(struct read_job *job, struct loop *loop)
{
	struct http_exchange *exchange = job->context;
	struct lookup_state *state = exchange->state;

	(void)loop;
	state->job = job;
	http_return(exchange, answer);
}

static void
submit(struct http_exchange *exchange, struct loop *loop)
{
	struct lookup_state *state = exchange->state;

	state->job->reply_loop = loop;
	state->job->done = on_read;
	state->job->context = exchange;
	store_read(exchange_broker(exchange)->store, state->job);
}

static void
look(struct http_exchange *exchange, struct read_job *job, bool single)
{
	struct lookup_state *state = arena_zalloc(&exchange->arena, sizeof *state);

	*state = (struct lookup_state){ job, single };
	exchange->state = state;
	http_go(exchange, broker_view_loop(exchange_broker(exchange)), submit);
}

static void
serve_by_id(struct http_exchange *exchange)
{
	struct host host;
	int64_t position;

	if (message_id_parse(http_part(exchange, 0), &host, &position) == -1)
		http_problem(exchange, 400,
		    "This is no offset id; a unique key is found by /v1/topics/TOPIC/keys/KEY.");
	else
		look(exchange, read_position_new(position), true);
}

static void
serve_by_key(struct http_exchange *exchange)
{
	struct slice key = http_part(exchange, 1);
	int64_t max, begin, end;
	struct read_job *job;

	if (api_check_name(exchange, "topic", NAME_TOPIC, http_part(exchange, 0)) == -1 ||
	    http_number(exchange, "max", 1, KEY_MAX, KEY_MAX, &max) == -1 ||
	    http_number(exchange, "begin", 0, INT64_MAX, 0, &begin) == -1 ||
	    http_number(exchange, "end", 0, INT64_MAX, INT64_MAX, &end) == -1)
		return;
	job = read_key_new(http_part(exchange, 0), key, (int32_t)max);
	job->by_key.begin_ms = begin;
	job->by_key.end_ms = end;
	look(exchange, job, false);
}

/* The number of a queue is the loop's to know. */
static void
find_queue(struct http_exchange *exchange, struct loop *loop)
{
	static const struct pull_limits one = {
		.max_messages = 1, .max_bytes = BYTES_MAX, .max_scan = 1
	};
	struct lookup_state *state = exchange->state;
	const struct worker *worker = loop->context;
	const struct tail_queue *queue;
	int32_t queue_id;
	int64_t offset;

	slice_to_int32(http_part(exchange, 1), &queue_id);
	slice_to_int64(http_part(exchange, 2), &offset);
	queue = tail_find(worker->tail, http_part(exchange, 0), queue_id);
	if (queue == NULL || offset < queue->min_offset || offset >= queue->max_offset) {
		state->job = read_position_new(-1);
		state->job->status = READ_NOTHING;
		http_return(exchange, answer);
		return;
	}
	state->job = read_queue_new(queue->number, offset, &one);
	submit(exchange, loop);
}

static void
serve_by_offset(struct http_exchange *exchange)
{
	struct lookup_state *state = arena_zalloc(&exchange->arena, sizeof *state);
	int32_t queue_id;
	int64_t offset;

	if (api_check_name(exchange, "topic", NAME_TOPIC, http_part(exchange, 0)) == -1)
		return;
	if (slice_to_int32(http_part(exchange, 1), &queue_id) == -1 || queue_id < 0 ||
	    slice_to_int64(http_part(exchange, 2), &offset) == -1 || offset < 0) {
		http_problem(exchange, 400, "The queue and the offset must be numbers.");
		return;
	}
	state->single = true;
	exchange->state = state;
	http_go(exchange, broker_view_loop(exchange_broker(exchange)), find_queue);
}

const struct http_route api_lookup_routes[] = {
	{ "GET", "/v1/messages/{id}", HTTP_MAY_READ, NULL, serve_by_id, false },
	{ "GET", "/v1/topics/{topic}/keys/{key}", HTTP_MAY_READ, NULL, serve_by_key, false },
	{ "GET", "/v1/topics/{topic}/queues/{queue}/messages/{offset}", HTTP_MAY_READ, NULL,
	    serve_by_offset, false },
	{ NULL },
};
