#include "config.h"

#include "client/consumer_queue.h"

#include <inttypes.h>
#include <stdlib.h>

#include "client/allocate.h"
#include "client/error.h"
#include "client/handle.h"
#include "client/route_cache.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "common/protocol/lock_batch.h"

#define RETRY_MS 1000
#define HOLD_MS 15000
#define PULL_MESSAGES 32
#define ATTEMPTS 17 /* the first, and 16 of the retry topic */
#define SUSPEND_MS 1000
#define LOCK_RENEW_MS 20000
#define LOCK_TRUST_MS 30000 /* the broker keeps it for 60 s; its clock is not ours */
#define BODY_MAX (64u << 20)

static void ask_offset(struct consumer_queue *at);
static void pull(struct consumer_queue *at);
static void consume(struct consumer_queue *at);

void
consumer_context_ref(struct consumer_context *context)
{
	context->n_users++;
}

void
consumer_context_unref(struct consumer_context *context)
{
	if (--context->n_users == 0 && context->unused != NULL)
		context->unused(context);
}

/* ---- calls in flight, and what happens later ---- */

static void
free_when_idle(struct consumer_queue *at)
{
	struct consumer_context *context = at->context;

	if (!at->stopped || at->n_pending != 0)
		return;
	arena_release(&at->arena);
	arena_release(&at->batch);
	free(at);
	consumer_context_unref(context);
}

/* A call has ended. False: the queue is not ours any more, and may be gone. */
static bool
came_back(struct consumer_queue *at, const struct twinmq_error *error)
{
	bool goes_on = !at->stopped;

	at->n_pending--;
	if (error != NULL)
		at->context->trouble = *error;
	if (!goes_on)
		free_when_idle(at);
	return goes_on;
}

static void
on_timer(struct timer *timer)
{
	struct consumer_queue *at = container_of(timer, struct consumer_queue, timer);

	at->again(at);
}

static void
later(struct consumer_queue *at, void (*again)(struct consumer_queue *at), int64_t delay_ms)
{
	if (at->context->mq == NULL || at->context->mq->closing)
		return;
	at->again = again;
	loop_set_timer(at->context->mq->loop, &at->timer, clock_mono_ms() + delay_ms);
}

/* A request to the broker of the queue, once its address is known. */
struct queue_call {
	struct consumer_queue *at;
	struct arena arena;
	struct command request;
	struct slice body;
	struct slice address;
	/* error: also when the reply's code is not 0 */
	void (*done)(struct queue_call *call, const struct twinmq_error *error,
	    const struct command *reply, struct slice body);
	struct message_back *back;       /* of 36 */
	struct consumer_queue **lockers; /* of 41: whose locks it asks for; at is one of them */
	size_t n_lockers;
};

/* A message that goes back to its broker, which delivers it later or keeps it as a dead letter. */
struct message_back {
	STAILQ_ENTRY(message_back) entry;
	struct send_back_header header;
	bool in_flight, taken;
};

static struct queue_call *
call_new(struct consumer_queue *at, enum request_code code)
{
	struct queue_call *call = mem_zalloc(sizeof *call);

	call->at = at;
	call->request.code = (int32_t)code;
	call->body = SLICE("");
	at->n_pending++;
	return call;
}

static void
end_call(struct queue_call *call, const struct twinmq_error *error, const struct command *reply,
    struct slice body)
{
	call->done(call, error, reply, body);
	arena_release(&call->arena);
	free(call);
}

static void
on_call_reply(
    void *arg, const struct twinmq_error *error, const struct command *reply, struct slice body)
{
	struct queue_call *call = arg;
	struct twinmq_error own;

	if (error != NULL)
		route_cache_doubt(call->at->context->mq, call->at->queue.topic);
	if (error == NULL && reply->code != RESPONSE_SUCCESS) {
		twinmq_error_of_reply(&own, call->address, reply);
		error = &own;
	}
	end_call(call, error, reply, body);
}

static void
on_call_route(void *arg, const struct twinmq_error *error, const struct route *route)
{
	struct queue_call *call = arg;
	struct twinmq *mq = call->at->context->mq;
	struct slice broker = call->at->queue.broker_name, address;
	struct twinmq_error own;

	if (error != NULL) {
		end_call(call, error, NULL, SLICE_NONE);
		return;
	}
	address = route_address(route, broker, true);
	if (address.data == NULL) {
		twinmq_error_set(&own, TWINMQ_NO_QUEUE, "no master called %.*s has topic %.*s",
		    (int)broker.len, broker.data, (int)call->at->queue.topic.len,
		    call->at->queue.topic.data);
		route_cache_doubt(mq, call->at->queue.topic);
		end_call(call, &own, NULL, SLICE_NONE);
		return;
	}
	call->address = arena_copy(&call->arena, address);
	twinmq_call_async(
	    mq, call->address, &call->request, call->body, mq->timeout_ms, on_call_reply, call);
}

static void
call_send(struct queue_call *call)
{
	twinmq_route_async(call->at->context->mq, call->at->queue.topic, on_call_route, call);
}

/* ---- the lock ---- */

static bool
is_locked(const struct consumer_queue *at)
{
	return !at->context->options.ordered || clock_mono_ms() < at->locked_until_ms;
}

static bool
has_lock(const struct consumer_queue *at, const struct message_queue *queues, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (message_queue_compare(&at->queue, &queues[i]) == 0)
			return true;
	return false;
}

static void
set_lock_timer(struct consumer_context *context)
{
	const struct consumer_queue *at;
	int64_t at_ms = INT64_MAX;

	LIST_FOREACH(at, &context->lockers, locker)
		if (!at->locking && at->lock_at_ms < at_ms)
			at_ms = at->lock_at_ms;
	if (context->mq == NULL || context->mq->closing)
		return;
	if (at_ms == INT64_MAX)
		loop_drop_timer(context->mq->loop, &context->ask_locks);
	else
		loop_set_timer(context->mq->loop, &context->ask_locks, at_ms);
}

/* The reply about one queue. */
static void
on_lock(struct consumer_queue *at, const struct twinmq_error *error, bool locked)
{
	int64_t now = clock_mono_ms();

	at->locking = false;
	at->lock_at_ms = now + (locked ? LOCK_RENEW_MS : RETRY_MS);
	if (!came_back(at, error))
		return;
	if (locked) {
		at->locked_until_ms = now + LOCK_TRUST_MS;
		at->locked_ms = clock_wall_ms();
	} else if (error == NULL) {
		at->locked_until_ms = 0; /* another member has it */
	}
	if (locked && !at->begun) {
		at->begun = true;
		ask_offset(at);
	}
}

static void
on_locked(struct queue_call *call, const struct twinmq_error *error, const struct command *reply,
    struct slice body)
{
	struct consumer_context *context = call->at->context;
	const struct message_queue *queues = NULL;
	size_t n = 0;

	(void)reply;
	if (error == NULL && lock_reply_read(&call->arena, body, &queues, &n) == -1)
		n = 0;
	consumer_context_ref(context);
	for (size_t i = 0; i < call->n_lockers; i++)
		on_lock(call->lockers[i], error, has_lock(call->lockers[i], queues, n));
	set_lock_timer(context);
	consumer_context_unref(context);
}

static void
put_lock_body(struct queue_call *call, const struct message_queue *queues, size_t n)
{
	struct lock_batch batch = { .group = call->at->context->group,
		.client_id = call->at->context->client_id,
		.queues = queues,
		.n_queues = n };
	struct buf body = { 0 };
	struct json_out out;

	json_out_init(&out, &body);
	lock_batch_write(&out, &batch);
	call->body = arena_copy(&call->arena, buf_slice(&body));
	buf_release(&body);
}

/* Asks for the lock of the queue, and of all others of its broker that want one soon. */
static void
lock_broker(struct consumer_queue *first)
{
	struct consumer_context *context = first->context;
	struct queue_call *call = call_new(first, REQUEST_LOCK_BATCH_MQ);
	int64_t soon_ms = clock_mono_ms() + LOCK_RENEW_MS / 2;
	struct message_queue *queues;
	struct consumer_queue *at;
	size_t n = 0;

	LIST_FOREACH(at, &context->lockers, locker)
		n++;
	queues = arena_alloc(&call->arena, n * sizeof *queues);
	call->lockers = arena_alloc(&call->arena, n * sizeof *call->lockers);
	LIST_FOREACH(at, &context->lockers, locker) {
		if (at->locking || at->lock_at_ms > soon_ms ||
		    !slice_equal(at->queue.broker_name, first->queue.broker_name))
			continue;
		at->n_pending += at != first; /* call_new counted it */
		at->locking = true;
		queues[call->n_lockers] = at->queue;
		call->lockers[call->n_lockers++] = at;
	}
	call->done = on_locked;
	context->counts.n_lock_requests++;
	put_lock_body(call, queues, call->n_lockers);
	call_send(call);
}

static struct consumer_queue *
lock_is_due(const struct consumer_context *context, int64_t now)
{
	struct consumer_queue *at;

	LIST_FOREACH(at, &context->lockers, locker)
		if (!at->locking && at->lock_at_ms <= now)
			return at;
	return NULL;
}

void
consumer_ask_locks(struct timer *timer)
{
	struct consumer_context *context = container_of(timer, struct consumer_context, ask_locks);
	struct consumer_queue *at;
	int64_t now = clock_mono_ms();

	while ((at = lock_is_due(context, now)) != NULL)
		lock_broker(at);
	set_lock_timer(context);
}

static void
on_ended(struct queue_call *call, const struct twinmq_error *error, const struct command *reply,
    struct slice body)
{
	(void)reply;
	(void)body;
	came_back(call->at, error);
}

static void
unlock(struct consumer_queue *at)
{
	struct queue_call *call = call_new(at, REQUEST_UNLOCK_BATCH_MQ);

	call->done = on_ended;
	put_lock_body(call, &at->queue, 1);
	call_send(call);
}

/* ---- where to begin ---- */

static void
begin_at(struct consumer_queue *at, int64_t offset)
{
	at->next = at->consumed = offset;
	pull(at);
}

static void
on_offset(struct queue_call *call, const struct twinmq_error *error, const struct command *reply,
    struct slice body)
{
	struct consumer_queue *at = call->at;
	struct offset_reply header;
	const char *bad;

	(void)body;
	if (!came_back(at, error))
		return;
	if (error == NULL && fields_decode(offset_reply_fields, reply, &header, &bad) == 0)
		begin_at(at, header.offset);
	else
		later(at, ask_offset, RETRY_MS);
}

/* No member of the group has consumed this queue before. */
static void
ask_first_offset(struct consumer_queue *at)
{
	const struct consumer_options *options = &at->context->options;
	struct queue_header end = { .topic = at->queue.topic,
		.queue_id = at->queue.id,
		.broker_name = at->queue.broker_name };
	struct search_offset_header search = { .topic = at->queue.topic,
		.queue_id = at->queue.id,
		.timestamp = options->from_time_ms,
		.broker_name = at->queue.broker_name };
	struct queue_call *call;

	if (options->from == CONSUME_FROM_FIRST_OFFSET ||
	    slice_equal(at->queue.topic, at->context->retry_topic)) {
		begin_at(at, 0);
		return;
	}
	if (options->from == CONSUME_FROM_TIMESTAMP) {
		call = call_new(at, REQUEST_SEARCH_OFFSET_BY_TIMESTAMP);
		fields_encode(search_offset_header_fields, &search, &call->arena, &call->request);
	} else {
		call = call_new(at, REQUEST_GET_MAX_OFFSET);
		fields_encode(queue_header_fields, &end, &call->arena, &call->request);
	}
	call->done = on_offset;
	call_send(call);
}

static void
on_group_offset(struct queue_call *call, const struct twinmq_error *error,
    const struct command *reply, struct slice body)
{
	struct consumer_queue *at = call->at;
	bool none = error != NULL && error->code == RESPONSE_QUERY_NOT_FOUND;

	if (none && came_back(at, NULL))
		ask_first_offset(at);
	else if (!none)
		on_offset(call, error, reply, body);
}

static void
ask_offset(struct consumer_queue *at)
{
	const struct consumer_options *options = &at->context->options;
	struct query_offset_header header = { .consumer_group = at->context->group,
		.topic = at->queue.topic,
		.queue_id = at->queue.id,
		.broker_name = at->queue.broker_name };
	int64_t own = -1;

	if (options->load_offset != NULL)
		own = options->load_offset(options->context, &at->queue);
	if (own >= 0) {
		begin_at(at, own);
	} else if (options->load_offset != NULL || options->broadcasting) {
		ask_first_offset(at);
	} else {
		struct queue_call *call = call_new(at, REQUEST_QUERY_CONSUMER_OFFSET);

		fields_encode(query_offset_header_fields, &header, &call->arena, &call->request);
		call->done = on_group_offset;
		call_send(call);
	}
}

/* ---- consuming ---- */

/* All below is consumed. */
static void
consumed_to(struct consumer_queue *at, int64_t offset)
{
	const struct consumer_options *options = &at->context->options;

	if (at->n_back != 0 || offset == at->consumed)
		return;
	at->consumed = offset;
	if (options->save_offset != NULL)
		options->save_offset(options->context, &at->queue, offset);
}

static void send_backs(struct consumer_queue *at);

static void
on_back(struct queue_call *call, const struct twinmq_error *error, const struct command *reply,
    struct slice body)
{
	struct consumer_queue *at = call->at;

	(void)reply;
	(void)body;
	call->back->in_flight = false;
	call->back->taken = error == NULL;
	at->n_back -= error == NULL;
	if (!came_back(at, error))
		return;
	/* Until the broker takes it, its queue goes no further. */
	if (error != NULL)
		later(at, send_backs, RETRY_MS);
	else if (at->n_back == 0 && at->records.len == 0)
		consume(at);
}

static void
send_backs(struct consumer_queue *at)
{
	struct message_back *back;

	STAILQ_FOREACH(back, &at->backs, entry)
		if (!back->in_flight && !back->taken) {
			struct queue_call *call = call_new(at, REQUEST_CONSUMER_SEND_MSG_BACK);

			back->in_flight = true;
			call->back = back;
			call->done = on_back;
			fields_encode(
			    send_back_header_fields, &back->header, &call->arena, &call->request);
			call_send(call);
		}
}

static void
put_back(struct consumer_queue *at, const struct message_delivery *delivery, int32_t delay_level)
{
	struct message_back *back = arena_zalloc(&at->batch, sizeof *back);
	int max_attempts = at->context->options.max_attempts;

	back->header = (struct send_back_header){
		.offset = delivery->record->position,
		.group = at->context->group,
		.delay_level = delay_level,
		.origin_msg_id = message_id(
		    &at->batch, &delivery->record->store_host, delivery->record->position),
		.origin_topic = arena_copy(&at->batch, delivery->topic),
		.max_reconsume_times = (max_attempts > 0 ? max_attempts : ATTEMPTS) - 1,
		.broker_name = at->queue.broker_name,
	};
	STAILQ_INSERT_TAIL(&at->backs, back, entry);
	at->n_back++;
}

/* What is handed to the program. */
static void
fill_delivery(struct message_delivery *delivery, const struct consumer_context *context,
    const struct message_queue *queue, const struct record *record)
{
	struct slice origin = property_find(record->properties, "RETRY_TOPIC");
	bool retried = slice_equal(record->topic, context->retry_topic) && origin.len != 0;

	*delivery = (struct message_delivery){
		.topic = retried ? origin : record->topic,
		.tags = property_find(record->properties, "TAGS"),
		.keys = property_find(record->properties, "KEYS"),
		.unique_id = property_find(record->properties, "UNIQ_KEY"),
		.attempt = record->reconsume_times + 1,
		.queue = queue,
		.record = record,
	};
}

static enum consume_outcome
hand_over(struct consumer_context *context, struct message_delivery *delivery, struct arena *arena)
{
	const struct consumer_options *options = &context->options;
	enum consume_outcome outcome;

	if (record_plain_body(delivery->record, BODY_MAX, arena, &delivery->body) == -1)
		delivery->body = SLICE_NONE;
	outcome = options->on_message(options->context, delivery);
	context->counts.n_consumed += outcome == CONSUME_DONE;
	context->counts.n_later += outcome == CONSUME_LATER;
	return outcome;
}

enum consume_outcome
consumer_deliver(struct consumer_context *context, const struct message_queue *queue,
    const struct record *record, struct arena *arena)
{
	struct message_delivery delivery;

	fill_delivery(&delivery, context, queue, record);
	return hand_over(context, &delivery, arena);
}

static enum consume_outcome
deliver(struct consumer_queue *at, const struct record *record, struct message_delivery *delivery)
{
	fill_delivery(delivery, at->context, &at->queue, record);
	delivery->attempt += at->attempts;
	at->consumed_ms = clock_wall_ms();
	return hand_over(at->context, delivery, &at->batch);
}

/* True when the queue waits for the message at hand. */
static bool
put_off(struct consumer_queue *at, const struct message_delivery *delivery)
{
	const struct consumer_options *options = &at->context->options;

	if (options->ordered &&
	    (options->max_attempts == 0 || delivery->attempt < options->max_attempts)) {
		at->attempts++;
		later(at, consume, options->suspend_ms > 0 ? options->suspend_ms : SUSPEND_MS);
		return true;
	}
	if (!options->broadcasting)
		put_back(at, delivery, options->ordered ? -1 : 0);
	return false;
}

static void
consume(struct consumer_queue *at)
{
	struct slice rest = at->records;
	struct message_delivery delivery;
	struct record record;

	while (pulled_next(&rest, at->subscription, &record)) {
		if (!is_locked(at)) {
			later(at, consume, RETRY_MS);
			return;
		}
		if (deliver(at, &record, &delivery) == CONSUME_LATER && put_off(at, &delivery))
			return;
		at->attempts = 0;
		at->records = rest;
		consumed_to(at, record.queue_offset + 1);
	}
	at->records = SLICE_NONE;
	if (at->n_back != 0) {
		send_backs(at);
		return;
	}
	consumed_to(at, at->behind);
	at->next = at->behind;
	pull(at);
}

/* ---- pulling ---- */

static void
on_pulled(void *arg, const struct twinmq_error *error, const struct pull_result *result)
{
	struct consumer_queue *at = arg;

	at->pulling = false;
	at->pulled_ms = clock_wall_ms();
	if (!came_back(at, error))
		return;
	if (error != NULL) {
		later(at, pull, RETRY_MS);
		return;
	}
	if (at->moved) {
		at->moved = false;
		pull(at);
		return;
	}
	arena_reset(&at->batch);
	STAILQ_INIT(&at->backs);
	at->records =
	    result->status == PULL_FOUND ? arena_copy(&at->batch, result->records) : SLICE_NONE;
	at->behind = result->next_offset;
	consume(at);
}

static void
pull(struct consumer_queue *at)
{
	const struct consumer_options *options = &at->context->options;
	struct pull_spec spec = {
		.queue = at->queue,
		.group = at->context->group,
		.registered_version = at->version,
		.offset = at->next,
		.max_messages = options->pull_messages > 0 ? options->pull_messages : PULL_MESSAGES,
		.hold_ms = HOLD_MS,
	};

	if (at->stopped || at->context->mq == NULL)
		return;
	if (!is_locked(at)) {
		later(at, pull, RETRY_MS);
		return;
	}
	at->pulling = true;
	at->n_pending++;
	twinmq_pull_async(at->context->mq, &spec, on_pulled, at);
}

/* ---- offsets ---- */

static void
on_committed(struct queue_call *call, const struct twinmq_error *error, const struct command *reply,
    struct slice body)
{
	(void)reply;
	(void)body;
	if (error != NULL)
		call->at->committed = -1;
	came_back(call->at, error);
}

void
consumer_queue_commit(struct consumer_queue *at)
{
	const struct consumer_options *options = &at->context->options;
	struct update_offset_header header = { .consumer_group = at->context->group,
		.topic = at->queue.topic,
		.queue_id = at->queue.id,
		.commit_offset = at->consumed,
		.broker_name = at->queue.broker_name };
	struct queue_call *call;

	if (options->broadcasting || options->load_offset != NULL || at->consumed == -1 ||
	    at->consumed == at->committed || at->context->mq == NULL)
		return;
	at->committed = at->consumed;
	call = call_new(at, REQUEST_UPDATE_CONSUMER_OFFSET);
	fields_encode(update_offset_header_fields, &header, &call->arena, &call->request);
	call->done = on_committed;
	call_send(call);
}

void
consumer_queue_reset(struct consumer_queue *at, int64_t offset)
{
	at->moved = at->pulling;
	at->records = SLICE_NONE;
	at->attempts = 0;
	at->next = at->behind = at->consumed = offset;
}

/* ---- ours, and not ours any more ---- */

struct consumer_queue *
consumer_queue_start(struct consumer_context *context, const struct message_queue *queue,
    const struct subscription *subscription)
{
	struct consumer_queue *at = mem_zalloc(sizeof *at);

	consumer_context_ref(context);
	at->context = context;
	at->queue = (struct message_queue){ .topic = arena_copy(&at->arena, queue->topic),
		.broker_name = arena_copy(&at->arena, queue->broker_name),
		.id = queue->id };
	/* The broker compares hashes of tags, and two tags may share one. */
	if (slice_is(subscription->expression_type, "TAG"))
		at->subscription = subscription->expression;
	at->version = subscription->version;
	at->consumed = at->committed = -1;
	at->timer.due = on_timer;
	STAILQ_INIT(&at->backs);
	if (context->options.ordered) {
		/* The other queues of this turn are asked for in one request with it. */
		at->lock_at_ms = clock_mono_ms();
		LIST_INSERT_HEAD(&context->lockers, at, locker);
		set_lock_timer(context);
	} else {
		ask_offset(at);
	}
	return at;
}

void
consumer_queue_stop(struct consumer_queue *at)
{
	struct twinmq *mq = at->context->mq;

	at->n_pending++; /* so that it lives until the end of this function */
	if (at->context->options.ordered)
		LIST_REMOVE(at, locker);
	if (mq != NULL) {
		loop_drop_timer(mq->loop, &at->timer);
		consumer_queue_commit(at);
		/* A lock that was asked for may be on its way. */
		if (at->context->options.ordered && (at->locked_until_ms != 0 || at->locking))
			unlock(at);
	}
	at->stopped = true;
	at->n_pending--;
	free_when_idle(at);
}
