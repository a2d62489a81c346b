#include "config.h"

/*
 * GET /v1/topics/{topic}/messages, POST /v1/acks and /v1/nacks: a lease of messages over the
 * operations of broker/pop. What a client leased and did not acknowledge comes back by itself, so
 * one that dies loses its lease and nothing else.
 */

#include <inttypes.h>
#include <string.h>

#include "broker/catalog/topic_create.h"
#include "broker/http/api.h"
#include "broker/http/message_json.h"
#include "broker/pop/pop.h"
#include "broker/pop/receipt.h"
#include "broker/state/group.h"
#include "broker/state/topic.h"
#include "common/base/base64url.h"
#include "common/net/outbox.h"
#include "common/protocol/codes.h"

#define RECEIVE_MAX 32 /* messages of one pop */
#define WAIT_MAX_S 30
#define LEASE_S 60
#define RECEIPTS_MAX 1024

/* ---- receipts --------------------------------------------------------- */

/* What a receipt of HTTP says: it is base64 of GROUP \n TOPIC \n RECEIPT. */
struct pop_lease {
	struct slice group, topic; /* the topic may be a retry topic */
	struct receipt receipt;
};

static struct slice
lease_text(struct arena *arena, const struct pop_lease *lease)
{
	struct buf text = { 0 };
	struct slice encoded;

	buf_printf(&text, "%.*s\n%.*s\n", (int)lease->group.len, lease->group.data,
	    (int)lease->topic.len, lease->topic.data);
	receipt_write(&text, &lease->receipt);
	encoded = base64url_encode(arena, buf_slice(&text));
	buf_release(&text);
	while (encoded.len != 0 && encoded.data[encoded.len - 1] == '=')
		encoded.len--;
	return encoded;
}

/* NULL, or what is wrong with it. */
static const char *
lease_read(
    const struct broker *broker, struct slice text, struct arena *arena, struct pop_lease *lease)
{
	static const char none[] = "This is no receipt.";
	struct slice rest;
	struct topic topic;
	struct group group;

	if (base64url_decode(arena, text, &rest) == -1 || !slice_next(&rest, '\n', &lease->group) ||
	    !slice_next(&rest, '\n', &lease->topic) || rest.data == NULL ||
	    receipt_read(rest, &lease->receipt) == -1)
		return none;
	if (lease->receipt.offset < 0 || lease->receipt.start_offset < 0 ||
	    (lease->receipt.revive_queue != RECEIPT_REVIVE_QUEUE &&
		lease->receipt.revive_queue != RECEIPT_ORDERED_QUEUE) ||
	    name_fault(NAME_TOPIC, lease->topic) != NULL ||
	    name_fault(NAME_GROUP, lease->group) != NULL)
		return none;
	if (!slice_is(lease->receipt.broker_name, broker->settings->broker_name))
		return "The receipt is of another broker.";
	if (!topics_find(broker->topics, lease->topic, &topic) || lease->receipt.queue_id < 0 ||
	    lease->receipt.queue_id >= topic.read_queues)
		return "The topic of the receipt is not there.";
	if (!groups_find(broker->groups, lease->group, &group))
		return "The group of the receipt is not there.";
	return NULL;
}

/* ---- receiving -------------------------------------------------------- */

/* A request on its way; in the arena of its exchange. */
struct receiving {
	struct http_exchange *exchange;
	struct slice topic, group, filter;
	int64_t max, wait_s, lease_s;
	bool ordered, from_first;
	/* the result */
	int32_t code;
	struct slice remark;
	int64_t pop_time, invisible_ms, rest;
	struct pop_piece *pieces;
	size_t n_pieces;
	char *records;
	size_t records_len;
};

static void
write_received(struct json_out *out, const struct receiving *receiving, const struct record *record,
    const struct pop_piece *piece)
{
	struct arena *arena = &receiving->exchange->arena;
	const struct broker *broker = exchange_broker(receiving->exchange);
	const struct pop_lease lease = {
		.group = receiving->group,
		.topic = piece->topic,
		.receipt = {
			.start_offset = piece->start_offset,
			.pop_time = receiving->pop_time,
			.invisible_ms = receiving->invisible_ms,
			.revive_queue =
			    receiving->ordered ? RECEIPT_ORDERED_QUEUE : RECEIPT_REVIVE_QUEUE,
			.retry = piece->retry ? SLICE(RECEIPT_RETRY) : SLICE(RECEIPT_TOPIC),
			.broker_name = slice_of(broker->settings->broker_name),
			.queue_id = piece->queue_id,
			.offset = record->queue_offset,
		},
	};

	message_write(out, record, arena);
	json_member_put_bool(out, "retry", piece->retry);
	json_member_put_int(out, "leaseUntil", receiving->pop_time + receiving->invisible_ms);
	json_member_put_slice(out, "receipt", lease_text(arena, &lease));
	json_close_object(out);
}

/* Records come in the order of the pieces, each with as many as it has offsets. */
static void
write_messages(struct json_out *out, const struct receiving *receiving)
{
	size_t at = 0, in_piece = 0, piece = 0;
	struct record record;

	while (at < receiving->records_len && piece < receiving->n_pieces) {
		if (in_piece == receiving->pieces[piece].n) {
			piece++;
			in_piece = 0;
			continue;
		}
		if (record_decode(receiving->records + at, receiving->records_len - at, &record) ==
		    -1)
			return;
		write_received(out, receiving, &record, &receiving->pieces[piece]);
		at += record.size;
		in_piece++;
	}
}

static bool
is_empty_handed(int32_t code)
{
	return code == RESPONSE_POLLING_TIMEOUT || code == RESPONSE_PULL_NOT_FOUND;
}

static void
answer_received(struct http_exchange *exchange, struct loop *loop)
{
	const struct receiving *receiving = exchange->state;
	struct buf body = { 0 };
	struct json_out out;

	(void)loop;
	if (receiving->code != RESPONSE_SUCCESS && !is_empty_handed(receiving->code)) {
		api_problem(exchange, receiving->code, receiving->remark);
		return;
	}
	json_out_init(&out, &body);
	json_open_object(&out);
	json_key(&out, "messages");
	json_open_array(&out);
	write_messages(&out, receiving);
	json_close_array(&out);
	json_member_put_int(&out, "rest", receiving->rest);
	json_close_object(&out);
	http_answer_json(exchange, 200, &body);
}

static void
keep(void *kept, const void *request)
{
	memcpy(kept, &request, sizeof request);
}

static struct receiving *
kept_receiving(const void *kept)
{
	struct receiving *receiving;

	memcpy(&receiving, kept, sizeof receiving);
	return receiving;
}

static bool
waits(struct loop *loop, const void *kept)
{
	(void)loop;
	return !atomic_load(&kept_receiving(kept)->exchange->gone);
}

static void
copy_pieces(struct receiving *receiving, const struct popped *popped)
{
	struct arena *arena = &receiving->exchange->arena;

	receiving->pieces = arena_alloc(arena, (popped->n_pieces + 1) * sizeof *receiving->pieces);
	receiving->n_pieces = popped->n_pieces;
	for (size_t i = 0; i < popped->n_pieces; i++) {
		receiving->pieces[i] = popped->pieces[i];
		receiving->pieces[i].topic = arena_copy(arena, popped->pieces[i].topic);
	}
}

/* The records are only copied here: they become JSON on the server's thread. */
static void
on_popped(struct loop *loop, void *kept, const struct popped *popped)
{
	struct receiving *receiving = kept_receiving(kept);
	struct arena *arena = &receiving->exchange->arena;
	size_t len = 0;

	(void)loop;
	receiving->code = popped->code;
	receiving->remark = arena_copy(arena, popped->remark);
	for (size_t i = 0; i < popped->n_parts; i++)
		len += popped->parts[i].len;
	receiving->records = arena_alloc(arena, len + 1);
	for (size_t i = 0; i < popped->n_parts; i++) {
		memcpy(receiving->records + receiving->records_len, popped->parts[i].data,
		    popped->parts[i].len);
		receiving->records_len += popped->parts[i].len;
		body_part_release(&popped->parts[i]);
	}
	if (popped->looked) {
		receiving->pop_time = popped->pop_time;
		receiving->invisible_ms = popped->invisible_ms;
		receiving->rest = popped->rest;
		copy_pieces(receiving, popped);
	}
	http_return(receiving->exchange, answer_received);
}

static void
receive(struct http_exchange *exchange, struct loop *loop)
{
	static const struct pop_front front = { keep, waits, on_popped };
	struct receiving *receiving = exchange->state;
	struct worker *worker = loop->context;
	struct group group;
	const char *why;

	if (!group_find_or_create(worker->broker, receiving->group, &group, &why)) {
		receiving->code = RESPONSE_SUBSCRIPTION_GROUP_NOT_EXIST;
		receiving->remark = slice_of(why);
		http_return(exchange, answer_received);
		return;
	}
	pop_messages(worker, &(struct pop_wish){
				 .group = receiving->group,
				 .topic = receiving->topic,
				 .queue_id = -1,
				 .max_messages = (int32_t)receiving->max,
				 .invisible_ms = receiving->lease_s * 1000,
				 .wait_ms = receiving->wait_s * 1000,
				 .from_first = receiving->from_first,
				 .ordered = receiving->ordered,
				 .expression = receiving->filter,
				 .expression_type = SLICE("TAG"),
				 .front = &front,
				 .request = receiving,
			     });
}

static bool
is_true(const struct http_request *request, const char *name)
{
	return slice_is(http_request_parameter(request, name), "true");
}

static void
serve_receive(struct http_exchange *exchange)
{
	const struct http_request *request = &exchange->request;
	struct receiving *receiving = arena_zalloc(&exchange->arena, sizeof *receiving);

	exchange->state = receiving;
	receiving->exchange = exchange;
	receiving->topic = http_part(exchange, 0);
	receiving->group = http_request_parameter(request, "group");
	receiving->filter = http_request_parameter(request, "tags");
	if (receiving->filter.len == 0)
		receiving->filter = SLICE("*");
	receiving->ordered = is_true(request, "ordered");
	receiving->from_first = !slice_is(http_request_parameter(request, "from"), "last");
	if (api_check_name(exchange, "topic", NAME_TOPIC, receiving->topic) == -1 ||
	    api_check_name(exchange, "group", NAME_GROUP, receiving->group) == -1 ||
	    http_number(exchange, "max", 1, RECEIVE_MAX, 1, &receiving->max) == -1 ||
	    http_number(exchange, "wait", 0, WAIT_MAX_S, 0, &receiving->wait_s) == -1 ||
	    http_number(exchange, "lease", 1, POP_INVISIBLE_MAX_MS / 1000, LEASE_S,
		&receiving->lease_s) == -1)
		return;
	http_go(exchange, api_loop(exchange), receive);
}

/* ---- acknowledging ---------------------------------------------------- */

struct settling;

struct one_receipt {
	struct settling *settling;
	struct pop_lease lease;
	const char *wrong; /* with the receipt itself; NULL: nothing */
	int32_t code;
	struct slice remark;
};

struct settling {
	struct http_exchange *exchange;
	struct one_receipt *list;
	size_t n;
	size_t left;      /* on the loop */
	int64_t delay_ms; /* of nacks; -1: acks */
};

static void
answer_settled(struct http_exchange *exchange, struct loop *loop)
{
	const struct settling *settling = exchange->state;
	struct api_results results;

	(void)loop;
	api_results_open(&results);
	for (size_t i = 0; i < settling->n; i++) {
		const struct one_receipt *one = &settling->list[i];

		json_open_object(&results.out);
		api_results_put_status(&results, one->wrong != NULL ? 400 : api_status(one->code));
		if (one->wrong != NULL || one->code != RESPONSE_SUCCESS)
			json_member_put_slice(&results.out, "detail",
			    one->wrong != NULL ? slice_of(one->wrong) : one->remark);
		json_close_object(&results.out);
	}
	api_results_answer(&results, exchange, "settled");
}

static void
one_less(struct settling *settling)
{
	if (--settling->left == 0)
		http_return(settling->exchange, answer_settled);
}

static void
on_settled(void *context, struct loop *loop, const struct ack_result *result)
{
	struct one_receipt *one = context;

	(void)loop;
	one->code = result->code;
	one->remark = arena_copy(&one->settling->exchange->arena, result->remark);
	one_less(one->settling);
}

static void
settle(struct http_exchange *exchange, struct loop *loop)
{
	struct settling *settling = exchange->state;

	settling->left = settling->n + 1; /* so that it is not over before the last was begun */
	for (size_t i = 0; i < settling->n; i++) {
		struct one_receipt *one = &settling->list[i];
		const struct receipt *receipt = &one->lease.receipt;
		struct pop_receipt wish = {
			.queue = { one->lease.group, one->lease.topic, receipt->queue_id },
			.start_offset = receipt->start_offset,
			.pop_time = receipt->pop_time,
			.ordered = receipt->revive_queue == RECEIPT_ORDERED_QUEUE,
			.offsets = &receipt->offset,
			.n_offsets = 1,
		};

		if (one->wrong != NULL)
			one_less(settling);
		else if (settling->delay_ms < 0)
			ack_messages(loop->context, &wish, 1, on_settled, one);
		else
			change_invisible(loop->context, &wish, settling->delay_ms, on_settled, one);
	}
	one_less(settling);
}

static void
start_settling(struct http_exchange *exchange, const struct json *json, int64_t delay_ms)
{
	const struct json *list = json_member(json, "receipts");
	struct settling *settling = arena_zalloc(&exchange->arena, sizeof *settling);
	size_t i = 0;

	if (list == NULL || list->type != JSON_ARRAY || list->n_children == 0 ||
	    list->n_children > RECEIPTS_MAX) {
		http_problem(exchange, 400,
		    "The member receipts must be an array of 1 to %d texts.", RECEIPTS_MAX);
		return;
	}
	exchange->state = settling;
	settling->exchange = exchange;
	settling->delay_ms = delay_ms;
	settling->n = list->n_children;
	settling->list = arena_zalloc(&exchange->arena, settling->n * sizeof *settling->list);
	for (const struct json *text = list->first; text != NULL; text = text->next) {
		struct one_receipt *one = &settling->list[i++];

		one->settling = settling;
		one->wrong = text->type == JSON_STRING
		                 ? lease_read(exchange_broker(exchange), json_text(text),
				       &exchange->arena, &one->lease)
		                 : "This is no receipt.";
	}
	http_go(exchange, api_loop(exchange), settle);
}

static void
serve_acks(struct http_exchange *exchange)
{
	const struct json *json = api_body(exchange);

	if (json != NULL)
		start_settling(exchange, json, -1);
}

static void
serve_nacks(struct http_exchange *exchange)
{
	const struct json *json = api_body(exchange);
	int64_t delay_ms = 0;

	if (json == NULL)
		return;
	if (json_member(json, "delayMs") != NULL &&
	    (json_int64(json_member(json, "delayMs"), &delay_ms) == -1 || delay_ms < 0 ||
		delay_ms > POP_INVISIBLE_MAX_MS)) {
		http_problem(exchange, 400,
		    "The member delayMs must be a number from 0 to %" PRId64 ".",
		    POP_INVISIBLE_MAX_MS);
		return;
	}
	start_settling(exchange, json, delay_ms);
}

const struct http_route api_receive_routes[] = {
	{ "GET", "/v1/topics/{topic}/messages", HTTP_MAY_WRITE, NULL, serve_receive, false },
	{ "POST", "/v1/acks", HTTP_MAY_WRITE, "application/json", serve_acks, false },
	{ "POST", "/v1/nacks", HTTP_MAY_WRITE, "application/json", serve_nacks, false },
	{ NULL },
};
