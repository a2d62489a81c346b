#include "config.h"

#include "client/request.h"

#include <inttypes.h>
#include <stdlib.h>

#include "client/error.h"
#include "client/handle.h"
#include "client/producer.h"
#include "client/wait.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

/*
 * A request is a message that names its requester; the reply to it goes to a master, which pushes
 * it over the requester's connection. Source: DefaultMQProducerImpl, MessageUtil and
 * ClientRemotingProcessor of 5.3.3.
 */

#define BODY_MAX (64u << 20)
#define N_REQUEST_PROPERTIES 3

struct client_request {
	LIST_ENTRY(client_request) entry;
	struct twinmq *mq;
	struct producer *producer;
	struct arena arena;
	struct message message; /* a copy */
	char correlation_id[UNIQUE_ID_LEN + 1];
	struct timer patience;
	int timeout_ms;
	bool sending; /* registering, or the message is on its way */
	bool ended;   /* by a reply, or by an error; told once it is not sending */
	struct twinmq_error error;
	struct message_reply reply;
	request_done_fn *done;
	void *arg;
};

/* ---- the end ---- */

/* A caller may free the producer then, so nothing of it may be under way. */
static void
tell_when_idle(struct client_request *request)
{
	if (request->sending || !request->ended)
		return;
	LIST_REMOVE(request, entry);
	if (request->error.code != 0)
		request->done(request->arg, &request->error, NULL);
	else
		request->done(request->arg, NULL, &request->reply);
	arena_release(&request->arena);
	free(request);
}

/* The first end counts. error: NULL for a reply. */
static void
end_request(struct client_request *request, const struct twinmq_error *error)
{
	if (request->ended)
		return;
	request->ended = true;
	if (error != NULL)
		request->error = *error;
	loop_drop_timer(request->mq->loop, &request->patience);
}

static void
on_impatient(struct timer *timer)
{
	struct client_request *request = container_of(timer, struct client_request, patience);
	struct twinmq_error error;

	twinmq_error_set(&error, TWINMQ_TIMEOUT,
	    "no consumer replied to the request on topic %.*s within %d ms",
	    (int)request->message.topic.len, request->message.topic.data, request->timeout_ms);
	end_request(request, &error);
	tell_when_idle(request);
}

/* ---- what brokers push ---- */

static struct client_request *
find_request(const struct twinmq *mq, struct slice correlation_id)
{
	struct client_request *request;

	LIST_FOREACH(request, &mq->requests, entry)
		if (!request->ended && slice_is(correlation_id, request->correlation_id))
			return request;
	return NULL;
}

static void
take_reply(
    struct client_request *request, const struct push_reply_header *header, struct slice body)
{
	const struct record record = { .body = body, .sys_flag = header->sys_flag };
	struct message_reply *reply = &request->reply;
	struct twinmq_error error;

	reply->properties = arena_copy(&request->arena, header->properties);
	reply->tags = property_find(reply->properties, "TAGS");
	reply->keys = property_find(reply->properties, "KEYS");
	if (record_plain_body(&record, BODY_MAX, &request->arena, &reply->body) == -1) {
		twinmq_error_set(
		    &error, TWINMQ_BAD_ANSWER, "the body of the reply cannot be uncompressed");
		end_request(request, &error);
		return;
	}
	reply->body = arena_copy(&request->arena, reply->body);
	end_request(request, NULL);
}

static bool
on_pushed(struct peer_watch *watch, const struct client_peer *peer, const struct command *command,
    struct slice body)
{
	struct twinmq *mq = container_of(watch, struct twinmq, request_watch);
	struct push_reply_header header;
	const char *bad;

	if (command->code != REQUEST_PUSH_REPLY_MESSAGE_TO_CLIENT ||
	    fields_decode(push_reply_header_fields, command, &header, &bad) == -1)
		return false;
	struct client_request *request =
	    find_request(mq, property_find(header.properties, "CORRELATION_ID"));

	/* Also for one that nobody waits for any more: RocketMQ's clients do so. */
	if (peer->conn != NULL)
		conn_send(peer->conn,
		    &(struct command){
			.codec = command->codec,
			.code = RESPONSE_SUCCESS,
			.language = COMMAND_LANGUAGE,
			.version = COMMAND_VERSION,
			.opaque = command->opaque,
			.flag = COMMAND_FLAG_RESPONSE,
		    },
		    SLICE(""), NULL, 0);
	if (request != NULL) {
		take_reply(request, &header, body);
		tell_when_idle(request);
	}
	return true;
}

static void
on_close(struct peer_watch *watch)
{
	struct twinmq *mq = container_of(watch, struct twinmq, request_watch);
	struct client_request *request, *next;
	struct twinmq_error closed;

	twinmq_error_set(&closed, TWINMQ_CLOSED, "the handle was closed");
	for (request = LIST_FIRST(&mq->requests); request != NULL; request = next) {
		next = LIST_NEXT(request, entry);
		request->sending = false; /* calls and waits have ended */
		end_request(request, &closed);
		tell_when_idle(request);
	}
}

void
requests_init(struct twinmq *mq)
{
	LIST_INIT(&mq->requests);
	mq->request_watch = (struct peer_watch){ .on_request = on_pushed, .on_close = on_close };
	peer_watch_add(mq, &mq->request_watch);
}

/* ---- the beginning ---- */

static void
on_sent(void *arg, const struct twinmq_error *error, const struct send_result *result)
{
	struct client_request *request = arg;

	(void)result;
	request->sending = false;
	/* The reply may be there before the broker's word about the request. */
	if (error != NULL)
		end_request(request, error);
	tell_when_idle(request);
}

static void
on_group_told(void *arg, const struct twinmq_error *error)
{
	struct client_request *request = arg;

	if (error != NULL || request->ended) {
		request->sending = false;
		if (error != NULL)
			end_request(request, error);
		tell_when_idle(request);
		return;
	}
	producer_send_async(request->producer, &request->message, on_sent, request);
}

/* All texts in the arena, and the properties of a request behind the user's. */
static void
copy_message(struct client_request *request, const struct message *from)
{
	struct arena *arena = &request->arena;
	size_t n = from->n_properties;
	struct ext *properties =
	    arena_alloc(arena, (n + N_REQUEST_PROPERTIES) * sizeof *properties);
	struct message *message = &request->message;

	*message = *from;
	message->topic = arena_copy(arena, from->topic);
	message->body = arena_copy(arena, from->body);
	if (from->tags.data != NULL)
		message->tags = arena_copy(arena, from->tags);
	if (from->keys.data != NULL)
		message->keys = arena_copy(arena, from->keys);
	if (from->sharding_key.data != NULL)
		message->sharding_key = arena_copy(arena, from->sharding_key);
	if (from->broker_name.data != NULL)
		message->broker_name = arena_copy(arena, from->broker_name);
	for (size_t i = 0; i < n; i++)
		properties[i] = (struct ext){ arena_copy(arena, from->properties[i].key),
			arena_copy(arena, from->properties[i].value) };
	properties[n++] =
	    (struct ext){ SLICE("CORRELATION_ID"), slice_of(request->correlation_id) };
	properties[n++] =
	    (struct ext){ SLICE("REPLY_TO_CLIENT"), slice_of(request->mq->membership.client_id) };
	properties[n++] =
	    (struct ext){ SLICE("TTL"), arena_printf(arena, "%d", request->timeout_ms) };
	message->properties = properties;
	message->n_properties = n;
}

void
producer_request_async(struct producer *producer, const struct message *message, int timeout_ms,
    request_done_fn *done, void *arg)
{
	struct twinmq *mq = producer_handle(producer);
	struct client_request *request;
	struct twinmq_error error;

	if (timeout_ms < 1 || message->oneway || message->half || message->reply) {
		twinmq_error_set(&error, TWINMQ_BAD_ARGUMENT,
		    timeout_ms < 1
			? "a request needs a time-out above 0 ms"
			: "a request is neither oneway, nor of a transaction, nor a reply");
		done(arg, &error, NULL);
		return;
	}
	request = mem_zalloc(sizeof *request);
	request->mq = mq;
	request->producer = producer;
	request->timeout_ms = timeout_ms;
	request->done = done;
	request->arg = arg;
	request->sending = true;
	request->patience.due = on_impatient;
	unique_id_make(request->correlation_id);
	copy_message(request, message);
	LIST_INSERT_HEAD(&mq->requests, request, entry);
	loop_set_timer(mq->loop, &request->patience, clock_mono_ms() + timeout_ms);
	producer_register_async(producer, on_group_told, request);
}

/* ---- blocking ---- */

struct blocking_request {
	struct waiting waiting;
	struct arena *arena;
	struct message_reply *reply;
};

static void
on_blocking_request(void *arg, const struct twinmq_error *error, const struct message_reply *reply)
{
	struct blocking_request *request = arg;

	if (error == NULL) {
		struct slice properties = arena_copy(request->arena, reply->properties);

		*request->reply = (struct message_reply){
			.body = arena_copy(request->arena, reply->body),
			.tags = property_find(properties, "TAGS"),
			.keys = property_find(properties, "KEYS"),
			.properties = properties,
		};
	}
	waiting_done(&request->waiting, error);
}

int
producer_request(struct producer *producer, const struct message *message, int timeout_ms,
    struct arena *arena, struct message_reply *reply)
{
	struct blocking_request request = { { .mq = producer_handle(producer) }, arena, reply };

	producer_request_async(producer, message, timeout_ms, on_blocking_request, &request);
	return waiting_wait(&request.waiting);
}

/* ---- replying ---- */

void
producer_reply_async(struct producer *producer, const struct record *request, struct slice body,
    send_done_fn *done, void *arg)
{
	struct slice cluster = property_find(request->properties, "CLUSTER");
	const struct ext properties[] = {
		{ SLICE("MSG_TYPE"), SLICE("reply") },
		{ SLICE("CORRELATION_ID"), property_find(request->properties, "CORRELATION_ID") },
		{ SLICE("REPLY_TO_CLIENT"), property_find(request->properties, "REPLY_TO_CLIENT") },
		{ SLICE("TTL"), property_find(request->properties, "TTL") },
	};
	struct arena arena = { 0 };
	struct twinmq_error error;

	if (cluster.len == 0 || properties[1].value.len == 0 || properties[2].value.len == 0) {
		twinmq_error_set(&error, TWINMQ_BAD_ARGUMENT,
		    "the message is no request: it lacks CLUSTER, CORRELATION_ID or "
		    "REPLY_TO_CLIENT");
		done(arg, &error, NULL);
		return;
	}
	producer_send_async(producer,
	    &(struct message){
		.topic = arena_printf(&arena, "%.*s_REPLY_TOPIC", (int)cluster.len, cluster.data),
		.body = body,
		.properties = properties,
		.n_properties = sizeof properties / sizeof properties[0],
		.queue_id = MESSAGE_ANY_QUEUE,
		.reply = true,
	    },
	    done, arg);
	arena_release(&arena);
}
