#include "config.h"

#include "client/producer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <zlib.h>

#include "client/choose_queue.h"
#include "client/error.h"
#include "client/handle.h"
#include "client/route_cache.h"
#include "client/wait.h"
#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "common/protocol/name.h"

#define TEMPLATE_TOPIC "TBW102" /* the template for topics that brokers create */
#define TEMPLATE_QUEUES 4
#define COMPRESS_LEVEL 5
#define COMPRESS_OVER_BYTES 4096
#define RETRIES 2

struct producer {
	struct twinmq *mq;
	char *group;
	int timeout_ms;
	int retries;
	size_t compress_over_bytes;
	enum frame_codec codec;
	uint32_t turn; /* of the queues */
	bool joined;   /* the group, by this producer */
	bool registered;
};

/* A send in progress; its arena holds all of it. */
struct producer_send {
	struct arena arena;
	struct producer *producer;
	enum request_code code;
	struct send_header header;
	struct slice body;
	struct slice want_broker; /* absent: any */
	int32_t want_queue;
	bool sharded; /* the key chooses among all queues */
	uint32_t shard;
	bool on_template; /* the topic does not exist yet */
	int attempts_left;
	struct slice broker_name;  /* of the attempt at hand */
	struct slice avoid_broker; /* that failed before */
	const char *address;       /* of the attempt at hand */
	char unique_id[UNIQUE_ID_LEN + 1];
	bool oneway;
	bool half;
	send_done_fn *done;
	void *arg;
};

struct producer *
producer_new(struct twinmq *mq, const struct producer_options *options)
{
	struct producer *producer = mem_zalloc(sizeof *producer);

	producer->mq = mq;
	producer->group = mem_strdup(options->group != NULL ? options->group : "TWINMQ_PRODUCER");
	producer->timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : TWINMQ_TIMEOUT_MS;
	producer->retries = options->retries == 0  ? RETRIES
	                    : options->retries < 0 ? 0
	                                           : options->retries;
	producer->compress_over_bytes = options->compress_over_bytes == 0 ? COMPRESS_OVER_BYTES
	                                : options->compress_over_bytes < 0
	                                    ? SIZE_MAX
	                                    : (size_t)options->compress_over_bytes;
	producer->codec = options->codec;
	/* Start at a random queue, so that short-lived producers do not all use the same one. */
	if (getrandom(&producer->turn, sizeof producer->turn, 0) != sizeof producer->turn)
		producer->turn = (uint32_t)clock_mono_us();
	return producer;
}

void
producer_free(struct producer *producer)
{
	if (producer->joined)
		membership_leave(&producer->mq->membership, slice_of(producer->group));
	free(producer->group);
	free(producer);
}

struct twinmq *
producer_handle(const struct producer *producer)
{
	return producer->mq;
}

struct slice
producer_group(const struct producer *producer)
{
	return slice_of(producer->group);
}

/* Who waits for a registration. */
struct registration_wait {
	struct producer *producer;
	membership_fn *done;
	void *arg;
};

static void
on_registered(void *arg, const struct twinmq_error *error)
{
	struct registration_wait *wait = arg;
	struct registration_wait told = *wait;

	free(wait);
	told.producer->registered = error == NULL;
	told.done(told.arg, error);
}

void
producer_register_async(struct producer *producer, membership_fn *done, void *arg)
{
	struct client_membership *membership = &producer->mq->membership;
	struct registration_wait *wait;

	if (producer->registered) {
		done(arg, NULL);
		return;
	}
	/* A transaction producer may have the same group. */
	if (membership_join(membership, slice_of(producer->group)) == 0)
		producer->joined = true;
	wait = mem_alloc(sizeof *wait);
	*wait = (struct registration_wait){ producer, done, arg };
	membership_when_told(membership, on_registered, wait);
}

void
send_result_copy(struct send_result *to, const struct send_result *from, struct arena *arena)
{
	*to = *from;
	to->queue.topic = arena_copy(arena, from->queue.topic);
	to->queue.broker_name = arena_copy(arena, from->queue.broker_name);
	to->message_id = arena_copy(arena, from->message_id);
}

const char *
send_status_name(int32_t code)
{
	static const struct {
		int32_t code;
		const char *name;
	} names[] = {
		{ RESPONSE_SUCCESS, "SEND_OK" },
		{ RESPONSE_FLUSH_DISK_TIMEOUT, "FLUSH_DISK_TIMEOUT" },
		{ RESPONSE_FLUSH_SLAVE_TIMEOUT, "FLUSH_SLAVE_TIMEOUT" },
		{ RESPONSE_SLAVE_NOT_AVAILABLE, "SLAVE_NOT_AVAILABLE" },
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (names[i].code == code)
			return names[i].name;
	return NULL;
}

/* Whether another master may accept what one refused with this code. */
static bool
is_worth_another_try(int32_t code)
{
	static const int32_t codes[] = {
		TWINMQ_UNREACHABLE,
		TWINMQ_TIMEOUT,
		RESPONSE_SYSTEM_ERROR,
		RESPONSE_SYSTEM_BUSY,
		RESPONSE_SERVICE_NOT_AVAILABLE,
		RESPONSE_NO_PERMISSION,
		RESPONSE_TOPIC_NOT_EXIST,
		RESPONSE_NO_BUYER_ID,
		RESPONSE_NOT_IN_CURRENT_UNIT,
	};

	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		if (codes[i] == code)
			return true;
	return false;
}

static void
finish(
    struct producer_send *send, const struct twinmq_error *error, const struct send_result *result)
{
	send->done(send->arg, error, result);
	arena_release(&send->arena);
	free(send);
}

/* Replaces the unique id. */
static void
renew_unique_id(struct producer_send *send)
{
	struct buf properties = { 0 };

	unique_id_make(send->unique_id);
	property_copy_without(
	    &properties, send->header.properties, (const char *const[]){ "UNIQ_KEY", NULL });
	property_append(&properties, SLICE("UNIQ_KEY"), slice_of(send->unique_id));
	send->header.properties = arena_copy(&send->arena, buf_slice(&properties));
	buf_release(&properties);
}

static void try_once(struct producer_send *send);

static void
fail(struct producer_send *send, const struct twinmq_error *error)
{
	if (send->attempts_left > 0 && is_worth_another_try(error->code)) {
		route_cache_doubt(send->producer->mq, send->header.topic);
		send->avoid_broker = send->broker_name;
		/* A broker may have stored the first one; the decision must not fit both. */
		if (send->half)
			renew_unique_id(send);
		try_once(send);
		return;
	}
	finish(send, error, NULL);
}

static void
on_send_reply(
    void *arg, const struct twinmq_error *error, const struct command *reply, struct slice body)
{
	struct producer_send *send = arg;
	struct twinmq_error own;
	struct send_answer header;
	const char *bad;

	(void)body;
	if (error == NULL && send_status_name(reply->code) == NULL) {
		twinmq_error_of_reply(&own, send->broker_name, reply);
		error = &own;
	} else if (error == NULL && fields_decode(send_reply_fields, reply, &header, &bad) == -1) {
		twinmq_error_set(&own, TWINMQ_BAD_ANSWER,
		    "%.*s took the message, but its answer has no %s", (int)send->broker_name.len,
		    send->broker_name.data, bad);
		error = &own;
	}
	if (error != NULL) {
		fail(send, error);
		return;
	}
	struct send_result result = {
		.code = reply->code,
		.queue = { send->header.topic, send->broker_name, header.queue_id },
		.address = send->address,
		.queue_offset = header.queue_offset,
		.message_id = header.msg_id,
	};
	memcpy(result.unique_id, send->unique_id, sizeof result.unique_id);
	finish(send, NULL, &result);
}

static void
finish_oneway(struct producer_send *send)
{
	struct send_result result = {
		.queue = { send->header.topic, send->broker_name, send->header.queue_id },
		.address = send->address,
		.queue_offset = -1,
		.message_id = SLICE(""),
	};

	memcpy(result.unique_id, send->unique_id, sizeof result.unique_id);
	finish(send, NULL, &result);
}

static void
send_to(struct producer_send *send, struct slice address)
{
	const struct producer *producer = send->producer;
	struct command request = { .code = (int32_t)send->code, .codec = producer->codec };

	send->header.broker_name = send->broker_name;
	send->address = peer_find(producer->mq, address)->address;
	fields_encode(send_header_v2_fields, &send->header, &send->arena, &request);
	if (send->oneway) {
		twinmq_send_oneway(producer->mq, address, &request, send->body);
		finish_oneway(send);
		return;
	}
	twinmq_call_async(
	    producer->mq, address, &request, send->body, producer->timeout_ms, on_send_reply, send);
}

/* The caller's queue, else the next one in turn. 0, or -1 with *error. */
static int
choose(struct producer_send *send, const struct route *route, struct chosen_queue *chosen,
    struct twinmq_error *error)
{
	struct slice topic = send->header.topic;

	if (send->want_broker.data != NULL) {
		chosen->broker_name = send->want_broker;
		chosen->address = route_address(route, send->want_broker, true);
		chosen->queue_id =
		    send->want_queue >= 0 ? send->want_queue : -1; /* -1: the broker chooses */
		if (chosen->address.data != NULL)
			return 0;
		route_cache_forget(send->producer->mq, topic); /* one may come */
		twinmq_error_set(error, TWINMQ_NO_QUEUE,
		    "topic %.*s has no queue on a master called %.*s", (int)topic.len, topic.data,
		    (int)send->want_broker.len, send->want_broker.data);
		return -1;
	}
	if (choose_queue(route, send->sharded ? send->shard : send->producer->turn++,
		send->sharded ? SLICE_NONE : send->avoid_broker,
		send->on_template ? TEMPLATE_QUEUES : 0, chosen) == 0)
		return 0;
	route_cache_forget(send->producer->mq, topic);
	twinmq_error_set(error, TWINMQ_NO_QUEUE,
	    "topic %.*s has no queue that can be written to: no master is alive, or its permission "
	    "is read only",
	    (int)topic.len, topic.data);
	return -1;
}

static void
on_route(void *arg, const struct twinmq_error *error, const struct route *route)
{
	struct producer_send *send = arg;
	struct chosen_queue chosen;
	struct twinmq_error own;

	if (error != NULL && error->code == RESPONSE_TOPIC_NOT_EXIST && !send->on_template) {
		send->on_template = true;
		twinmq_route_async(send->producer->mq, SLICE(TEMPLATE_TOPIC), on_route, send);
		return;
	}
	if (error != NULL && error->code == RESPONSE_TOPIC_NOT_EXIST) {
		twinmq_error_set(&own, RESPONSE_TOPIC_NOT_EXIST,
		    "topic %.*s does not exist and no broker creates topics by itself: create it "
		    "with updateTopic",
		    (int)send->header.topic.len, send->header.topic.data);
		error = &own;
	}
	if (error == NULL && choose(send, route, &chosen, &own) == -1)
		error = &own;
	if (error != NULL) {
		finish(send, error, NULL);
		return;
	}
	send->attempts_left--;
	send->broker_name = arena_copy(&send->arena, chosen.broker_name);
	send->header.queue_id = chosen.queue_id;
	send_to(send, chosen.address);
}

static void
try_once(struct producer_send *send)
{
	send->on_template = false;
	twinmq_route_async(send->producer->mq, send->header.topic, on_route, send);
}

/* ---- from messages to a request ---- */

static bool
has_separators(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] == 1 || text.data[i] == 2)
			return true;
	return false;
}

static int
check_message(const struct message *message, struct twinmq_error *error)
{
	struct slice topic = message->topic;
	bool bad = has_separators(message->keys) || has_separators(message->tags) ||
	           has_separators(message->sharding_key);

	for (size_t i = 0; i < message->n_properties; i++)
		bad |= has_separators(message->properties[i].key) ||
		       message->properties[i].key.len == 0 ||
		       has_separators(message->properties[i].value);
	if (!name_is_valid(topic)) {
		twinmq_error_set(error, TWINMQ_BAD_ARGUMENT,
		    "\"%.*s\" is no name for a topic: use letters, digits, %% | _ - and at most %d "
		    "of them",
		    topic.len > 200 ? 200 : (int)topic.len, topic.data, RECORD_TOPIC_MAX);
		return -1;
	}
	if ((message->delay_level > 0) + (message->delay_ms > 0) + (message->deliver_at_ms > 0) >
	    1) {
		twinmq_error_set(error, TWINMQ_BAD_ARGUMENT,
		    "a message has one of delay_level, delay_ms and deliver_at_ms, not several");
		return -1;
	}
	if (message->half && message->oneway) {
		twinmq_error_set(error, TWINMQ_BAD_ARGUMENT,
		    "a half message cannot be oneway: its decision needs the place in the answer");
		return -1;
	}
	if (bad) {
		twinmq_error_set(error, TWINMQ_BAD_ARGUMENT,
		    "keys, tags and properties must have names and no bytes 1 or 2");
		return -1;
	}
	return 0;
}

static bool
is_delayed(const struct message *message)
{
	return message->delay_level > 0 || message->delay_ms > 0 || message->deliver_at_ms > 0;
}

static void
put_number(struct buf *out, struct slice name, int64_t number)
{
	char text[24];

	if (number <= 0)
		return;
	snprintf(text, sizeof text, "%" PRId64, number);
	property_append(out, name, slice_of(text));
}

static void
put_properties(struct buf *out, const struct producer *producer, const struct message *message,
    const char *unique_id)
{
	if (message->keys.len != 0)
		property_append(out, SLICE("KEYS"), message->keys);
	for (size_t i = 0; i < message->n_properties; i++)
		property_append(out, message->properties[i].key, message->properties[i].value);
	property_append(out, SLICE("UNIQ_KEY"), slice_of(unique_id));
	property_append(out, SLICE("WAIT"), message->no_wait ? SLICE("false") : SLICE("true"));
	if (message->half) {
		property_append(out, SLICE("TRAN_MSG"), SLICE("true"));
		property_append(out, SLICE("PGROUP"), slice_of(producer->group));
	} else {
		put_number(out, SLICE("DELAY"), message->delay_level);
		put_number(out, SLICE("TIMER_DELAY_MS"), message->delay_ms);
		put_number(out, SLICE("TIMER_DELIVER_MS"), message->deliver_at_ms);
	}
	if (message->sharding_key.data != NULL)
		property_append(out, SLICE("__SHARDINGKEY"), message->sharding_key);
	if (message->tags.len != 0)
		property_append(out, SLICE("TAGS"), message->tags);
}

/* Copies the body; deflates it and sets the sysFlag when it is large and becomes smaller. */
static struct slice
copy_body(struct producer_send *send, struct slice body)
{
	if (body.len < send->producer->compress_over_bytes)
		return arena_copy(&send->arena, body);
	uLongf len = compressBound((uLong)body.len);
	char *deflated = arena_alloc(&send->arena, len);
	if (compress2((Bytef *)deflated, &len, (const Bytef *)body.data, (uLong)body.len,
		COMPRESS_LEVEL) != Z_OK ||
	    len >= body.len)
		return arena_copy(&send->arena, body);
	send->header.sys_flag |= SYS_FLAG_COMPRESSED;
	return (struct slice){ deflated, len };
}

static struct producer_send *
send_new(struct producer *producer, const struct message *message)
{
	struct producer_send *send = mem_zalloc(sizeof *send);

	send->producer = producer;
	send->attempts_left = 1 + producer->retries;
	send->oneway = message->oneway;
	send->half = message->half;
	send->want_queue = message->queue_id;
	send->sharded = message->sharding_key.data != NULL;
	send->shard = (uint32_t)slice_hash(message->sharding_key);
	if (message->broker_name.data != NULL) {
		send->want_broker = arena_copy(&send->arena, message->broker_name);
		send->attempts_left = 1;
	}
	send->header = (struct send_header){
		.producer_group = slice_of(producer->group),
		.topic = arena_copy(&send->arena, message->topic),
		.default_topic = SLICE(TEMPLATE_TOPIC),
		.default_topic_queues = TEMPLATE_QUEUES,
		.born_timestamp = clock_wall_ms(),
		.max_reconsume_times = -1,
	};
	return send;
}

static void
set_single(struct producer_send *send, const struct message *message)
{
	struct buf properties = { 0 };

	unique_id_make(send->unique_id);
	put_properties(&properties, send->producer, message, send->unique_id);
	send->code = message->reply ? REQUEST_SEND_REPLY_MESSAGE_V2 : REQUEST_SEND_MESSAGE_V2;
	send->header.flag = message->flag;
	send->header.properties = arena_copy(&send->arena, buf_slice(&properties));
	send->body = copy_body(send, message->body);
	if (message->half)
		send->header.sys_flag |= SYS_FLAG_PREPARED;
	buf_release(&properties);
}

static void
set_batch(struct producer_send *send, const struct message *messages, size_t n)
{
	struct buf body = { 0 }, properties = { 0 };

	for (size_t i = 0; i < n; i++) {
		char id[UNIQUE_ID_LEN + 1];

		unique_id_make(id);
		if (i == 0)
			memcpy(send->unique_id, id, sizeof id);
		properties.len = 0;
		put_properties(&properties, send->producer, &messages[i], id);
		batch_append(&body, &(struct batch_item){ messages[i].flag, messages[i].body,
					buf_slice(&properties) });
	}
	send->code = REQUEST_SEND_BATCH_MESSAGE;
	send->header.batch = true;
	if (messages[0].no_wait)
		send->header.properties = SLICE("WAIT\001false\002");
	send->body = arena_copy(&send->arena, buf_slice(&body));
	buf_release(&body);
	buf_release(&properties);
}

void
producer_send_async(
    struct producer *producer, const struct message *message, send_done_fn *done, void *arg)
{
	struct twinmq_error error;

	if (check_message(message, &error) == -1) {
		done(arg, &error, NULL);
		return;
	}
	struct producer_send *send = send_new(producer, message);
	send->done = done;
	send->arg = arg;
	set_single(send, message);
	try_once(send);
}

void
producer_send_batch_async(struct producer *producer, const struct message *messages, size_t n,
    send_done_fn *done, void *arg)
{
	struct twinmq_error error = { 0 };

	if (n == 0)
		twinmq_error_set(&error, TWINMQ_BAD_ARGUMENT, "the batch is empty");
	for (size_t i = 0; i < n && error.code == 0; i++)
		if (check_message(&messages[i], &error) == 0 &&
		    (is_delayed(&messages[i]) || messages[i].half))
			twinmq_error_set(&error, TWINMQ_BAD_ARGUMENT,
			    "messages of a batch can be neither delayed nor of a transaction");
	if (error.code != 0) {
		done(arg, &error, NULL);
		return;
	}
	struct producer_send *send = send_new(producer, &messages[0]);
	send->done = done;
	send->arg = arg;
	set_batch(send, messages, n);
	try_once(send);
}

/* ---- blocking ---- */

struct blocking_send {
	struct waiting waiting;
	struct arena *arena;
	struct send_result *result;
};

static void
on_blocking_send(void *arg, const struct twinmq_error *error, const struct send_result *result)
{
	struct blocking_send *send = arg;

	if (error == NULL)
		send_result_copy(send->result, result, send->arena);
	waiting_done(&send->waiting, error);
}

int
producer_send(struct producer *producer, const struct message *message, struct arena *arena,
    struct send_result *result)
{
	struct blocking_send send = { { .mq = producer->mq }, arena, result };

	producer_send_async(producer, message, on_blocking_send, &send);
	return waiting_wait(&send.waiting);
}

int
producer_send_batch(struct producer *producer, const struct message *messages, size_t n,
    struct arena *arena, struct send_result *result)
{
	struct blocking_send send = { { .mq = producer->mq }, arena, result };

	producer_send_batch_async(producer, messages, n, on_blocking_send, &send);
	return waiting_wait(&send.waiting);
}
