#include "config.h"

/*
 * GET /v1/groups/{group}/dead-letters, and POST .../replay. Many are replayed one after the other,
 * so that one request has the memory of one message.
 */

#include <inttypes.h>

#include "broker/http/api.h"
#include "broker/http/message_json.h"
#include "broker/send/dead_letter.h"
#include "broker/state/group.h"
#include "broker/store/store.h"
#include "broker/store/tail/tail.h"
#include "common/base/container_of.h"
#include "common/protocol/codes.h"

#define LIST_MAX 32          /* messages of one answer */
#define LIST_BYTES (4 << 20) /* of their records */
#define REPLAY_MAX 256       /* of one request */

static bool
find_group(struct http_exchange *exchange, struct group *group)
{
	if (api_check_name(exchange, "group", NAME_GROUP, http_part(exchange, 0)) == -1)
		return false;
	if (groups_find(exchange_broker(exchange)->groups, http_part(exchange, 0), group))
		return true;
	http_problem(exchange, 404, "There is no such group on this broker.");
	return false;
}

/* ---- the list --------------------------------------------------------- */

struct dead_list {
	int64_t from, max; /* from -1: the oldest */
	int64_t min_offset, max_offset;
	struct read_job *job; /* NULL: there is nothing to read */
};

static void
answer_list(struct http_exchange *exchange, struct loop *loop)
{
	const struct dead_list *list = exchange->state;
	struct read_job *job = list->job;
	const struct chunk *chunk = job != NULL ? job->chunk : NULL;
	int64_t next = list->from;
	struct buf body = { 0 };
	struct json_out out;
	struct record record;

	(void)loop;
	if (job != NULL && (job->status == READ_CORRUPT || job->status == READ_FAILED)) {
		http_problem(
		    exchange, 500, "A dead letter cannot be read; the broker's log says why.");
		read_job_free(job);
		return;
	}
	json_out_init(&out, &body);
	json_open_object(&out);
	json_key(&out, "messages");
	json_open_array(&out);
	for (size_t at = 0; chunk != NULL && at < chunk->len &&
			    record_decode(chunk->data + at, chunk->len - at, &record) == 0;
	     at += record.size) {
		message_write(&out, &record, &exchange->arena);
		json_close_object(&out);
		next = record.queue_offset + 1;
	}
	json_close_array(&out);
	json_member_put_int(&out, "minOffset", list->min_offset);
	json_member_put_int(&out, "maxOffset", list->max_offset);
	if (next < list->max_offset)
		json_member_put_int(&out, "next", next);
	json_close_object(&out);
	http_answer_json(exchange, 200, &body); /* the list goes with the exchange */
	if (job != NULL)
		read_job_free(job);
}

static void
on_read(struct read_job *job, struct loop *loop)
{
	(void)loop;
	http_return(job->context, answer_list);
}

static void
read_list(struct http_exchange *exchange, struct loop *loop)
{
	struct dead_list *list = exchange->state;
	const struct tail_queue *queue = dead_letters_find(loop->context, http_part(exchange, 0));
	const struct pull_limits limits = {
		.max_messages = (int32_t)list->max,
		.max_bytes = LIST_BYTES,
		.max_scan = (int32_t)list->max,
	};

	if (queue != NULL) {
		list->min_offset = queue->min_offset;
		list->max_offset = queue->max_offset;
	}
	if (list->from < list->min_offset)
		list->from = list->min_offset;
	if (list->from >= list->max_offset) {
		http_return(exchange, answer_list);
		return;
	}
	list->job = read_queue_new(queue->number, list->from, &limits);
	list->job->reply_loop = loop;
	list->job->done = on_read;
	list->job->context = exchange;
	store_read(exchange_broker(exchange)->store, list->job);
}

static void
serve_list(struct http_exchange *exchange)
{
	struct dead_list *list = arena_zalloc(&exchange->arena, sizeof *list);
	struct group group;

	if (!find_group(exchange, &group) ||
	    http_number(exchange, "max", 1, LIST_MAX, LIST_MAX, &list->max) == -1 ||
	    http_number(exchange, "from", 0, INT64_MAX, -1, &list->from) == -1)
		return;
	exchange->state = list;
	http_go(exchange, broker_view_loop(exchange_broker(exchange)), read_list);
}

/* ---- replay ----------------------------------------------------------- */

struct one_letter {
	int64_t offset;
	int32_t code;
	struct slice remark, topic, msg_id;
};

struct replaying {
	struct http_exchange *exchange;
	struct group group;
	struct one_letter *list;
	size_t n, n_done;
	bool starting; /* a result that comes now came at once */
	struct letter_replay replay;
};

static void
answer_replayed(struct http_exchange *exchange, struct loop *loop)
{
	const struct replaying *replaying = exchange->state;
	struct api_results results;

	(void)loop;
	api_results_open(&results);
	for (size_t i = 0; i < replaying->n; i++) {
		const struct one_letter *one = &replaying->list[i];
		bool good = one->code == RESPONSE_SUCCESS;

		json_open_object(&results.out);
		json_member_put_int(&results.out, "offset", one->offset);
		api_results_put_status(&results, api_status(one->code));
		json_member_put_slice(
		    &results.out, good ? "id" : "detail", good ? one->msg_id : one->remark);
		if (good)
			json_member_put_slice(&results.out, "topic", one->topic);
		json_close_object(&results.out);
	}
	api_results_answer(&results, exchange, "replayed");
}

/* Goes on until a result has to come later. A client that is gone wants no more. */
static void
replay_next(struct replaying *replaying, struct loop *loop)
{
	size_t begun = replaying->n_done;

	while (replaying->n_done == begun && begun < replaying->n &&
	       !atomic_load(&replaying->exchange->gone)) {
		replaying->starting = true;
		dead_letter_replay(loop->context, &replaying->group, replaying->list[begun].offset,
		    &replaying->replay);
		replaying->starting = false;
		if (replaying->n_done == begun)
			return;
		begun = replaying->n_done;
	}
	http_return(replaying->exchange, answer_replayed);
}

static void
on_replayed(struct loop *loop, struct letter_replay *replay, const struct replay_outcome *result)
{
	struct replaying *replaying = container_of(replay, struct replaying, replay);
	struct one_letter *one = &replaying->list[replaying->n_done++];
	struct arena *arena = &replaying->exchange->arena;

	one->code = result->code;
	one->remark = arena_copy(arena, result->remark);
	one->topic = arena_copy(arena, result->topic);
	one->msg_id = arena_copy(arena, result->msg_id);
	if (!replaying->starting)
		replay_next(replaying, loop);
}

static void
replay_all(struct http_exchange *exchange, struct loop *loop)
{
	replay_next(exchange->state, loop);
}

/* NULL, or what is wrong. */
static const char *
read_offsets(struct replaying *replaying, const struct json *list, struct arena *arena)
{
	size_t i = 0;

	if (list == NULL || list->type != JSON_ARRAY || list->n_children == 0 ||
	    list->n_children > REPLAY_MAX)
		return "The member offsets must be an array of 1 to 256 numbers.";
	replaying->n = list->n_children;
	replaying->list = arena_zalloc(arena, replaying->n * sizeof *replaying->list);
	for (const struct json *one = list->first; one != NULL; one = one->next, i++)
		if (json_int64(one, &replaying->list[i].offset) == -1)
			return "An offset must be a number.";
	return NULL;
}

static void
serve_replay(struct http_exchange *exchange)
{
	struct replaying *replaying = arena_zalloc(&exchange->arena, sizeof *replaying);
	const struct json *json;
	const char *why;

	if (!find_group(exchange, &replaying->group))
		return;
	json = api_body(exchange);
	if (json == NULL)
		return;
	why = read_offsets(replaying, json_member(json, "offsets"), &exchange->arena);
	if (why != NULL) {
		http_problem(exchange, 400, "%s", why);
		return;
	}
	replaying->exchange = exchange;
	replaying->replay.done = on_replayed;
	exchange->state = replaying;
	http_go(exchange, api_loop(exchange), replay_all);
}

const struct http_route api_dead_routes[] = {
	{ "GET", "/v1/groups/{group}/dead-letters", HTTP_MAY_READ, NULL, serve_list, false },
	{ "POST", "/v1/groups/{group}/dead-letters/replay", HTTP_MAY_WRITE, "application/json",
	    serve_replay, false },
	{ NULL },
};
