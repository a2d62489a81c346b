#include "config.h"

/*
 * POST /v1/topics/{topic}/messages: one message or many, over the operation of broker/send. All of
 * a request are with the writer at once, so they share a commit; each has an outcome of its own.
 * POST /v1/topics/{topic}/transactions: the same with one half message.
 */

#include <string.h>

#include "broker/catalog/system_topic.h"
#include "broker/http/api.h"
#include "broker/http/message_json.h"
#include "broker/send/send.h"
#include "broker/state/topic.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/protocol/codes.h"

#define MESSAGES_MAX 1024 /* of one request */
#define TEMPLATE_QUEUES 4
#define CHECK_AFTER_MAX_S 86400

struct sent_messages;

struct one_send {
	struct send send;
	struct sent_messages *sending;
	struct message_wish wish;
	struct send_outcome outcome; /* its texts are copied */
};

/* A request on its way; lives in the arena of its exchange. */
struct sent_messages {
	struct http_exchange *exchange;
	struct slice topic;
	struct host born_host;
	struct one_send *list;
	size_t n;
	size_t left; /* sends that are not over; on the loop */
	bool many;
	struct slice group; /* of a half message: its producers; absent: it is none */
};

/* ---- the answer ------------------------------------------------------- */

static void
write_outcome(struct json_out *out, const struct sent_messages *sending, const struct one_send *one)
{
	const struct send_outcome *outcome = &one->outcome;

	json_open_object(out);
	if (outcome->stored) {
		json_member_put_slice(out, "id", outcome->msg_ids);
		json_member_put_slice(out, "topic", sending->topic);
		json_member_put_int(out, "queueId", outcome->queue_id);
		json_member_put_int(out, "queueOffset", outcome->queue_offset);
		json_member_put_bool(out, "synced", outcome->code == RESPONSE_SUCCESS);
		if (outcome->recall_handle.data != NULL)
			json_member_put_slice(out, "recallHandle", outcome->recall_handle);
	} else {
		json_member_put_int(out, "status", api_status(outcome->code));
		json_member_put_slice(out, "detail", outcome->remark);
	}
	json_close_object(out);
}

static void
answer_many(struct http_exchange *exchange, const struct sent_messages *sending)
{
	struct buf body = { 0 };
	struct json_out out;

	json_out_init(&out, &body);
	json_open_object(&out);
	json_key(&out, "results");
	json_open_array(&out);
	for (size_t i = 0; i < sending->n; i++)
		write_outcome(&out, sending, &sending->list[i]);
	json_close_array(&out);
	json_close_object(&out);
	http_answer_json(exchange, 200, &body);
}

/* A half message has no place in its topic yet: the id says by which path it is ended. */
static void
answer_half(struct http_exchange *exchange, const struct sent_messages *sending)
{
	const struct send_outcome *outcome = &sending->list[0].outcome;
	struct slice id = outcome->msg_ids;
	struct buf body = { 0 };
	struct json_out out;

	json_out_init(&out, &body);
	json_open_object(&out);
	json_member_put_slice(&out, "id", id);
	json_member_put_slice(&out, "topic", sending->topic);
	json_member_put_slice(&out, "group", sending->group);
	json_member_put_text(&out, "state", "open");
	json_member_put_bool(&out, "synced", outcome->code == RESPONSE_SUCCESS);
	json_close_object(&out);
	http_add_field(exchange, "Location",
	    arena_printf(&exchange->arena, "/v1/transactions/%.*s", (int)id.len, id.data));
	http_answer_json(exchange, outcome->code == RESPONSE_SUCCESS ? 201 : 202, &body);
}

static void
answer(struct http_exchange *exchange, struct loop *loop)
{
	const struct sent_messages *sending = exchange->state;
	const struct send_outcome *outcome = &sending->list[0].outcome;
	struct buf body = { 0 };
	struct json_out out;

	(void)loop;
	if (sending->many) {
		answer_many(exchange, sending);
	} else if (!outcome->stored) {
		api_problem(exchange, outcome->code, outcome->remark);
	} else if (sending->group.data != NULL) {
		answer_half(exchange, sending);
	} else {
		json_out_init(&out, &body);
		write_outcome(&out, sending, &sending->list[0]);
		http_answer_json(exchange, outcome->code == RESPONSE_SUCCESS ? 201 : 202, &body);
	}
}

/* ---- on the loop ------------------------------------------------------ */

static void
one_less(struct sent_messages *sending)
{
	if (--sending->left == 0)
		http_return(sending->exchange, answer);
}

static void
keep(struct one_send *one, const struct send_outcome *outcome)
{
	struct arena *arena = &one->sending->exchange->arena;

	one->outcome = *outcome;
	one->outcome.remark = arena_copy(arena, outcome->remark);
	if (outcome->stored)
		one->outcome.msg_ids = arena_copy(arena, outcome->msg_ids);
	if (outcome->recall_handle.data != NULL)
		one->outcome.recall_handle = arena_copy(arena, outcome->recall_handle);
}

static void
on_sent(struct loop *loop, struct send *send, const struct send_outcome *outcome)
{
	(void)loop;
	keep(container_of(send, struct one_send, send), outcome);
}

/* Last, when the writer has let go of it: only then may the exchange go. */
static void
on_released(struct loop *loop, struct send *send)
{
	(void)loop;
	one_less(container_of(send, struct one_send, send)->sending);
}

/* The queue of a message that names one; false: refused, as clients of HTTP do not know the code.
 */
static bool
has_queue(struct worker *worker, const struct one_send *one, struct send_outcome *refusal)
{
	struct sent_messages *sending = one->sending;
	struct topic topic;

	if (one->wish.queue_id < 0 ||
	    !topics_find(worker->broker->topics, sending->topic, &topic) ||
	    one->wish.queue_id < topic.write_queues)
		return true;
	*refusal = (struct send_outcome){
		.code = RESPONSE_INVALID_PARAMETER,
		.remark = arena_printf(
		    &sending->exchange->arena, "The topic has %d queues.", (int)topic.write_queues),
	};
	return false;
}

static void
send_one(struct worker *worker, struct one_send *one)
{
	struct sent_messages *sending = one->sending;
	struct send_outcome refusal = { 0 };
	struct send_question question = {
		.topic = sending->topic,
		.properties = one->wish.properties,
		.body = one->wish.body,
		.queue_id = one->wish.queue_id,
		.born_timestamp = clock_wall_ms(),
		.born_host = sending->born_host,
		.max_reconsume_times = -1,
		.template_topic = SLICE(TOPIC_TEMPLATE),
		.template_queues = TEMPLATE_QUEUES,
		.check_type = worker->broker->settings->enable_topic_message_type_check,
		.arena = &sending->exchange->arena,
	};

	one->send = (struct send){ .done = on_sent, .release = on_released };
	if (has_queue(worker, one, &refusal) &&
	    send_message(worker, &question, &one->send, &refusal))
		return;
	keep(one, &refusal);
	one_less(sending);
}

static void
send_all(struct http_exchange *exchange, struct loop *loop)
{
	struct sent_messages *sending = exchange->state;
	size_t n = sending->n;

	sending->left = n + 1; /* so that it is not over before the last was begun */
	for (size_t i = 0; i < n; i++)
		send_one(loop->context, &sending->list[i]);
	one_less(sending);
}

/* ---- the request ------------------------------------------------------ */

static struct sent_messages *
sending_new(struct http_exchange *exchange, size_t n)
{
	struct sent_messages *sending = arena_zalloc(&exchange->arena, sizeof *sending);
	struct sockaddr_storage peer;

	http_peer(exchange, &peer);
	sending->exchange = exchange;
	sending->topic = http_part(exchange, 0);
	sending->born_host = host_of((struct sockaddr *)&peer);
	sending->n = n;
	sending->list = arena_zalloc(&exchange->arena, n * sizeof *sending->list);
	for (size_t i = 0; i < n; i++)
		sending->list[i].sending = sending;
	exchange->state = sending;
	return sending;
}

/* The body as it is; tag, keys and properties are fields of the request. */
static const char *
read_raw(struct http_exchange *exchange, struct message_wish *wish)
{
	static const struct slice prefix = { "X-Mq-Property-", 14 };
	const struct http_request *request = &exchange->request;
	struct buf properties = { 0 };
	const char *why = NULL;

	for (size_t i = 0; i < request->n_fields && why == NULL; i++) {
		struct slice name = request->fields[i].name, value = request->fields[i].value;

		if (slice_equal_nocase(name, SLICE("X-Mq-Tag")))
			why = message_property_add(&properties, SLICE("TAGS"), value);
		else if (slice_equal_nocase(name, SLICE("X-Mq-Keys")))
			why = message_property_add(&properties, SLICE("KEYS"), value);
		else if (name.len > prefix.len &&
			 slice_equal_nocase((struct slice){ name.data, prefix.len }, prefix))
			why = message_free_property_add(&properties,
			    (struct slice){ name.data + prefix.len, name.len - prefix.len }, value);
	}
	wish->body = request->body;
	wish->queue_id = -1;
	wish->properties = arena_copy(&exchange->arena, buf_slice(&properties));
	buf_release(&properties);
	return why;
}

static const char *
read_json(struct http_exchange *exchange, const struct json *json)
{
	const struct json *list = json_member(json, "messages");
	const char *why = NULL;
	struct sent_messages *sending;
	size_t i = 0;

	if (list == NULL)
		return message_wish_read(
		    json, &exchange->arena, &sending_new(exchange, 1)->list[0].wish);
	if (list->type != JSON_ARRAY || list->n_children == 0 || list->n_children > MESSAGES_MAX)
		return "The member messages must be an array of 1 to 1024 messages.";
	sending = sending_new(exchange, list->n_children);
	sending->many = true;
	for (const struct json *one = list->first; one != NULL && why == NULL; one = one->next)
		why = message_wish_read(one, &exchange->arena, &sending->list[i++].wish);
	return why;
}

/* False: a problem was answered. */
static bool
check_topic(struct http_exchange *exchange)
{
	struct topic topic;

	if (api_check_name(exchange, "topic", NAME_TOPIC, http_part(exchange, 0)) == -1)
		return false;
	if (topics_find(exchange_broker(exchange)->topics, http_part(exchange, 0), &topic) ||
	    name_new_fault(NAME_TOPIC, http_part(exchange, 0)) == NULL)
		return true;
	http_problem(exchange, 400, "There is no such topic, and a new one cannot have this name.");
	return false;
}

static void
serve_send(struct http_exchange *exchange)
{
	struct slice type = http_media_type(http_request_field(&exchange->request, "Content-Type"));
	const struct json *json;
	const char *why;

	if (!check_topic(exchange))
		return;
	if (slice_equal_nocase(type, SLICE("application/json"))) {
		json = api_body(exchange);
		if (json == NULL)
			return;
		why = read_json(exchange, json);
	} else {
		why = read_raw(exchange, &sending_new(exchange, 1)->list[0].wish);
	}
	if (why != NULL)
		http_problem(exchange, 400, "%s", why);
	else
		http_go(exchange, api_loop(exchange), send_all);
}

/* ---- a half message --------------------------------------------------- */

/* A time of its own has no half message: it is delivered when it is committed. */
static const char *
read_half(struct http_exchange *exchange, const struct json *json, struct sent_messages *sending)
{
	static const char *const times[] = { "delayLevel", "delayMs", "deliverAtMs" };
	struct message_wish *wish = &sending->list[0].wish;
	const char *why = message_wish_read(json, &exchange->arena, wish);
	const struct json *immunity = json_member(json, "checkAfterSeconds");
	struct buf properties = { 0 };
	int64_t seconds = 0;

	for (size_t i = 0; i < sizeof times / sizeof *times && why == NULL; i++)
		if (json_member(json, times[i]) != NULL)
			why = "A half message has no delay.";
	if (why == NULL && immunity != NULL &&
	    (json_int64(immunity, &seconds) == -1 || seconds < 1 || seconds > CHECK_AFTER_MAX_S))
		why = "The member checkAfterSeconds must be a number from 1 to 86400.";
	if (why != NULL)
		return why;
	buf_append_slice(&properties, wish->properties);
	why = message_property_add(&properties, SLICE("TRAN_MSG"), SLICE("true"));
	if (why == NULL)
		why = message_property_add(&properties, SLICE("PGROUP"), sending->group);
	if (why == NULL && seconds != 0)
		why = message_property_add(
		    &properties, SLICE("CHECK_IMMUNITY_TIME_IN_SECONDS"), json_text(immunity));
	wish->properties = arena_copy(&exchange->arena, buf_slice(&properties));
	buf_release(&properties);
	return why;
}

static void
serve_half(struct http_exchange *exchange)
{
	struct sent_messages *sending;
	const struct json *json;
	const char *why;

	if (!check_topic(exchange))
		return;
	json = api_body(exchange);
	if (json == NULL)
		return;
	sending = sending_new(exchange, 1);
	sending->group = json_member_text(json, "group");
	if (api_check_name(exchange, "producer group", NAME_GROUP, sending->group) == -1)
		return;
	why = read_half(exchange, json, sending);
	if (why != NULL)
		http_problem(exchange, 400, "%s", why);
	else
		http_go(exchange, api_loop(exchange), send_all);
}

const struct http_route api_message_routes[] = {
	{ "POST", "/v1/topics/{topic}/messages", HTTP_MAY_WRITE,
	    "application/json application/octet-stream text/plain", serve_send, false },
	{ "POST", "/v1/topics/{topic}/transactions", HTTP_MAY_WRITE, "application/json", serve_half,
	    false },
	{ NULL },
};
