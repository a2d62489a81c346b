#include "config.h"

#include "client/twinmq_consumer.h"

#include <stdlib.h>

#include "client/allocate.h"
#include "client/consumer.h"
#include "client/error.h"
#include "client/handle.h"
#include "client/route_cache.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "common/protocol/name.h"
#include "common/protocol/name_list.h"
#include "common/protocol/queue_offset.h"
#include "common/protocol/topic_config.h"

#define SHARE_EVERY_MS 20000
#define SHARE_AGAIN_MS 1000 /* after a failure */
#define RESTLESS_MS 60000   /* so long after a lost connection, a broker may be on its way back */
#define COMMIT_EVERY_MS 5000

static void share_topic(struct consumed_topic *topic);

/* ---- who has which queue ---- */

static bool
is_open(const struct push_consumer *consumer)
{
	return !consumer->closing && consumer->context.mq != NULL && !consumer->context.mq->closing;
}

static bool
is_among(const struct message_queue *queue, const struct message_queue *queues, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (message_queue_compare(queue, &queues[i]) == 0)
			return true;
	return false;
}

static bool
have(const struct consumed_topic *topic, const struct message_queue *queue)
{
	const struct consumer_queue *at;

	LIST_FOREACH(at, &topic->queues, entry)
		if (message_queue_compare(&at->queue, queue) == 0)
			return true;
	return false;
}

static void
stop_queue(struct consumed_topic *topic, struct consumer_queue *at)
{
	topic->consumer->context.counts.n_queues -= !topic->retries;
	LIST_REMOVE(at, entry);
	consumer_queue_stop(at);
}

/* From now on these queues are ours, and no others. */
static void
take_queues(struct consumed_topic *topic, const struct message_queue *queues, size_t n)
{
	struct consumer_queue *at, *next;

	for (at = LIST_FIRST(&topic->queues); at != NULL; at = next) {
		next = LIST_NEXT(at, entry);
		if (!is_among(&at->queue, queues, n))
			stop_queue(topic, at);
	}
	for (size_t i = 0; i < n; i++) {
		if (have(topic, &queues[i]))
			continue;
		at = consumer_queue_start(
		    &topic->consumer->context, &queues[i], topic->subscription);
		LIST_INSERT_HEAD(&topic->queues, at, entry);
		topic->consumer->context.counts.n_queues += !topic->retries;
	}
}

static void
end_sharing(struct consumed_topic *topic, const struct twinmq_error *error)
{
	struct push_consumer *consumer = topic->consumer;

	topic->sharing = false;
	arena_release(&topic->arena);
	if (error != NULL)
		consumer->context.trouble = *error;
	if (is_open(consumer) && topic->again)
		share_topic(topic);
	else if (is_open(consumer) && error != NULL)
		loop_set_timer(
		    consumer->context.mq->loop, &consumer->share, clock_mono_ms() + SHARE_AGAIN_MS);
	consumer_context_unref(&consumer->context);
}

static int
compare_ids(const void *a, const void *b)
{
	return slice_compare(*(const struct slice *)a, *(const struct slice *)b);
}

static void
on_members(
    void *arg, const struct twinmq_error *error, const struct command *reply, struct slice body)
{
	struct consumed_topic *topic = arg;
	struct push_consumer *consumer = topic->consumer;
	const struct slice *names;
	struct twinmq_error own;
	size_t n = 0, index = 0;

	if (error == NULL &&
	    (reply->code != RESPONSE_SUCCESS ||
		name_list_read(&topic->arena, body, "consumerIdList", &names, &n) == -1 ||
		n == 0)) {
		twinmq_error_set(&own,
		    reply->code != RESPONSE_SUCCESS ? reply->code : TWINMQ_BAD_ANSWER,
		    "no broker tells the members of group %.*s yet",
		    (int)consumer->context.group.len, consumer->context.group.data);
		error = &own;
	}
	if (error == NULL && is_open(consumer)) {
		struct slice *ids = arena_alloc(&topic->arena, n * sizeof *ids);

		memcpy(ids, names, n * sizeof *ids);
		qsort(ids, n, sizeof *ids, compare_ids);
		while (index < n && !slice_equal(ids[index], consumer->context.client_id))
			index++;
		struct queue_share share = index < n ? allocate_evenly(topic->n_sorted, n, index)
		                                     : (struct queue_share){ 0 };
		take_queues(topic, topic->sorted + share.first, share.n);
	}
	end_sharing(topic, error);
}

static void
list_queues(struct consumed_topic *topic, const struct route *route)
{
	size_t n = 0;

	for (size_t i = 0; i < route->n_queues; i++)
		n += route->queues[i].read_queues > 0 ? (size_t)route->queues[i].read_queues : 0;
	topic->sorted = arena_alloc(&topic->arena, (n + 1) * sizeof *topic->sorted);
	topic->n_sorted = 0;
	for (size_t i = 0; i < route->n_queues; i++) {
		const struct queue_data *queues = &route->queues[i];

		for (int32_t id = 0; (queues->perm & PERM_READ) != 0 && id < queues->read_queues;
		     id++)
			topic->sorted[topic->n_sorted++] =
			    (struct message_queue){ topic->subscription->topic,
				    arena_copy(&topic->arena, queues->broker_name), id };
	}
	qsort(topic->sorted, topic->n_sorted, sizeof *topic->sorted, message_queue_compare);
}

static void
on_topic_route(void *arg, const struct twinmq_error *error, const struct route *route)
{
	struct consumed_topic *topic = arg;
	struct push_consumer *consumer = topic->consumer;
	struct consumer_group_header header = { .consumer_group = consumer->context.group };
	struct command request = { .code = REQUEST_GET_CONSUMER_LIST_BY_GROUP };

	/* The retry topic comes with the first message that is sent back. */
	bool absent = error != NULL && error->code == RESPONSE_TOPIC_NOT_EXIST;

	if (error != NULL || !is_open(consumer)) {
		end_sharing(topic, absent && topic->retries ? NULL : error);
		return;
	}
	list_queues(topic, route);
	if (consumer->context.options.broadcasting || route->n_brokers == 0) {
		take_queues(topic, topic->sorted, topic->n_sorted);
		end_sharing(topic, NULL);
		return;
	}
	fields_encode(consumer_group_header_fields, &header, &topic->arena, &request);
	twinmq_call_async(consumer->context.mq, broker_data_address(&route->brokers[0]), &request,
	    SLICE(""), consumer->context.mq->timeout_ms, on_members, topic);
}

static void
share_topic(struct consumed_topic *topic)
{
	topic->again = topic->sharing;
	if (topic->sharing)
		return;
	topic->sharing = true;
	consumer_context_ref(&topic->consumer->context);
	twinmq_route_async(
	    topic->consumer->context.mq, topic->subscription->topic, on_topic_route, topic);
}

static void
share_all(struct push_consumer *consumer)
{
	int64_t now = clock_mono_ms();
	bool restless = now < consumer->restless_until_ms;

	if (!is_open(consumer))
		return;
	loop_set_timer(consumer->context.mq->loop, &consumer->share,
	    now + (restless ? SHARE_AGAIN_MS : SHARE_EVERY_MS));
	for (size_t i = 0; i < consumer->n_topics; i++) {
		if (restless)
			route_cache_doubt(
			    consumer->context.mq, consumer->topics[i].subscription->topic);
		share_topic(&consumer->topics[i]);
	}
}

static void
on_share(struct timer *timer)
{
	share_all(container_of(timer, struct push_consumer, share));
}

static void
on_commit(struct timer *timer)
{
	struct push_consumer *consumer = container_of(timer, struct push_consumer, commit);
	struct consumer_queue *at;

	for (size_t i = 0; i < consumer->n_topics; i++)
		LIST_FOREACH(at, &consumer->topics[i].queues, entry)
			consumer_queue_commit(at);
	loop_set_timer(
	    consumer->context.mq->loop, &consumer->commit, clock_mono_ms() + COMMIT_EVERY_MS);
}

/* ---- what brokers tell ---- */

static void
reset_offsets(struct push_consumer *consumer, struct slice body)
{
	struct arena arena = { 0 };
	const struct queue_offset *offsets;
	size_t n = 0;
	struct consumer_queue *at;

	if (queue_offsets_read(&arena, body, "offsetTable", &offsets, &n) == 0)
		for (size_t i = 0; i < consumer->n_topics; i++)
			LIST_FOREACH(at, &consumer->topics[i].queues, entry)
				for (size_t j = 0; j < n; j++)
					if (message_queue_compare(&at->queue, &offsets[j].queue) ==
					    0)
						consumer_queue_reset(at, offsets[j].offset);
	arena_release(&arena);
}

static bool
on_request(struct peer_watch *watch, const struct client_peer *peer, const struct command *command,
    struct slice body)
{
	struct push_consumer *consumer = container_of(watch, struct push_consumer, watch);
	struct consumer_group_header changed;
	struct reset_offset_header reset;
	const char *bad;

	if (command->code == REQUEST_NOTIFY_CONSUMER_IDS_CHANGED &&
	    fields_decode(consumer_group_header_fields, command, &changed, &bad) == 0 &&
	    slice_equal(changed.consumer_group, consumer->context.group)) {
		share_all(consumer);
		return true;
	}
	if (command->code == REQUEST_RESET_CONSUMER_CLIENT_OFFSET &&
	    fields_decode(reset_offset_header_fields, command, &reset, &bad) == 0 &&
	    slice_equal(reset.group, consumer->context.group)) {
		reset_offsets(consumer, body);
		return true;
	}
	return consumer_answer(consumer, peer, command, body);
}

/* A broker has gone, or could not be reached: its queues will be missed, and come back with it. */
static void
on_lost(struct peer_watch *watch, const struct client_peer *peer)
{
	struct push_consumer *consumer = container_of(watch, struct push_consumer, watch);
	int64_t now = clock_mono_ms();

	(void)peer;
	if (!is_open(consumer))
		return;
	if (now >= consumer->restless_until_ms)
		loop_set_timer(consumer->context.mq->loop, &consumer->share, now + SHARE_AGAIN_MS);
	consumer->restless_until_ms = now + RESTLESS_MS;
}

static void
on_told(void *arg, const struct twinmq_error *error)
{
	struct push_consumer *consumer = arg;

	if (error != NULL)
		consumer->context.trouble = *error;
	share_all(consumer);
	consumer_context_unref(&consumer->context);
}

/* ---- the consumer ---- */

static void
give_up_queues(struct push_consumer *consumer)
{
	for (size_t i = 0; i < consumer->n_topics; i++)
		while (!LIST_EMPTY(&consumer->topics[i].queues))
			stop_queue(&consumer->topics[i], LIST_FIRST(&consumer->topics[i].queues));
}

static void
on_close(struct peer_watch *watch)
{
	struct push_consumer *consumer = container_of(watch, struct push_consumer, watch);

	loop_drop_timer(consumer->context.mq->loop, &consumer->share);
	loop_drop_timer(consumer->context.mq->loop, &consumer->commit);
	for (size_t i = 0; i < consumer->n_topics; i++) {
		struct consumer_queue *at;

		LIST_FOREACH(at, &consumer->topics[i].queues, entry) {
			loop_drop_timer(consumer->context.mq->loop, &at->timer);
		}
	}
	loop_drop_timer(consumer->context.mq->loop, &consumer->context.ask_locks);
	consumer->context.mq = NULL;
	give_up_queues(consumer);
}

static void
consumer_release(struct consumer_context *context)
{
	struct push_consumer *consumer = container_of(context, struct push_consumer, context);

	arena_release(&consumer->arena);
	free(consumer);
}

void
push_consumer_free(struct push_consumer *consumer)
{
	struct twinmq *mq = consumer->context.mq;

	if (mq != NULL) {
		loop_drop_timer(mq->loop, &consumer->share);
		loop_drop_timer(mq->loop, &consumer->commit);
		loop_drop_timer(mq->loop, &consumer->context.ask_locks);
		give_up_queues(consumer);
		peer_watch_remove(mq, &consumer->watch);
		membership_leave_consumer(&mq->membership, consumer->context.group);
	}
	consumer->closing = true;
	consumer->context.unused = consumer_release;
	consumer_context_unref(&consumer->context);
	/* Send the last offsets before the handle is closed. */
	if (mq != NULL && mq->owns_loop)
		twinmq_run(mq, 0);
}

/* NULL, or what is wrong. */
static const char *
options_fault(const struct consumer_options *options)
{
	if (!name_is_valid(slice_of(options->group)))
		return "the group has no name, or one with characters that are not allowed";
	if (options->on_message == NULL)
		return "there is no on_message";
	if (options->n_subscriptions == 0)
		return "there are no subscriptions";
	if (options->ordered && options->broadcasting)
		return "consumption in order is of clustering, not of broadcasting";
	if ((options->load_offset == NULL) != (options->save_offset == NULL))
		return "load_offset and save_offset come together";
	for (size_t i = 0; i < options->n_subscriptions; i++)
		if (!name_is_valid(slice_of(options->subscriptions[i].topic)))
			return "a subscription has no topic";
	return NULL;
}

static struct subscription
copy_subscription(struct arena *arena, const struct consumer_subscription *from)
{
	struct slice text = slice_of(from->expression != NULL ? from->expression : "*");
	struct slice rest = text, tag;
	struct subscription subscription = {
		.topic = arena_copy(arena, slice_of(from->topic)),
		.expression = arena_copy(arena, text),
		.expression_type = from->is_sql ? SLICE("SQL92") : SLICE("TAG"),
		.version = clock_wall_ms(),
	};
	struct slice *tags = arena_alloc(arena, (text.len + 1) * sizeof *tags);
	int32_t *codes = arena_alloc(arena, (text.len + 1) * sizeof *codes);

	while (!from->is_sql && !slice_is(text, "*") && tags_next(&rest, &tag)) {
		codes[subscription.n_codes++] = (int32_t)tag_hash(tag);
		tags[subscription.n_tags++] = arena_copy(arena, tag);
	}
	subscription.tags = tags;
	subscription.codes = codes;
	return subscription;
}

/* The retry topic is subscribed to as well, but not where each member has all messages. */
static void
subscribe(struct push_consumer *consumer, const struct consumer_options *options)
{
	size_t n = options->n_subscriptions;
	struct subscription *subscriptions =
	    arena_alloc(&consumer->arena, (n + 1) * sizeof *subscriptions);

	for (size_t i = 0; i < n; i++)
		subscriptions[i] = copy_subscription(&consumer->arena, &options->subscriptions[i]);
	if (!options->broadcasting)
		subscriptions[n++] = copy_subscription(&consumer->arena,
		    &(struct consumer_subscription){ .topic = consumer->context.retry_topic.data });
	consumer->membership = (struct heartbeat_consumer){
		.group = consumer->context.group,
		.type = CONSUME_PASSIVELY,
		.model = options->broadcasting ? MODEL_BROADCASTING : MODEL_CLUSTERING,
		.from = options->from,
		.subscriptions = subscriptions,
		.n_subscriptions = n,
	};
	consumer->topics = arena_zalloc(&consumer->arena, n * sizeof *consumer->topics);
	consumer->n_topics = n;
	for (size_t i = 0; i < n; i++) {
		consumer->topics[i].consumer = consumer;
		consumer->topics[i].subscription = &subscriptions[i];
		consumer->topics[i].retries =
		    slice_equal(subscriptions[i].topic, consumer->context.retry_topic);
	}
}

struct push_consumer *
push_consumer_new(
    struct twinmq *mq, const struct consumer_options *options, struct twinmq_error *error)
{
	const char *fault = options_fault(options);
	struct push_consumer *consumer;

	if (fault != NULL) {
		twinmq_error_set(error, TWINMQ_BAD_ARGUMENT, "%s", fault);
		return NULL;
	}
	consumer = mem_zalloc(sizeof *consumer);
	consumer->context.mq = mq;
	consumer->context.options = *options;
	consumer->context.group = arena_printf(&consumer->arena, "%s", options->group);
	consumer->context.client_id =
	    arena_copy(&consumer->arena, slice_of(mq->membership.client_id));
	consumer->context.retry_topic =
	    arena_printf(&consumer->arena, "%%RETRY%%%s", options->group);
	consumer_context_ref(&consumer->context);
	subscribe(consumer, options);
	if (membership_join_consumer(&mq->membership, &consumer->membership) == -1) {
		twinmq_error_set(error, TWINMQ_BAD_ARGUMENT,
		    "this handle has a consumer of group %s already", options->group);
		consumer_release(&consumer->context);
		return NULL;
	}
	consumer->watch = (struct peer_watch){
		.on_lost = on_lost,
		.on_request = on_request,
		.on_close = on_close,
	};
	/* A broker that is away at the start is not lost later. */
	consumer->restless_until_ms = clock_mono_ms() + RESTLESS_MS;
	peer_watch_add(mq, &consumer->watch);
	consumer->share.due = on_share;
	consumer->commit.due = on_commit;
	consumer->context.ask_locks.due = consumer_ask_locks;
	consumer->started_ms = clock_wall_ms();
	loop_set_timer(mq->loop, &consumer->commit, clock_mono_ms() + COMMIT_EVERY_MS);
	consumer_context_ref(&consumer->context);
	membership_when_told(&mq->membership, on_told, consumer);
	return consumer;
}

void
push_consumer_get_counts(const struct push_consumer *consumer, struct consumer_counts *counts)
{
	*counts = consumer->context.counts;
}

const char *
push_consumer_trouble(const struct push_consumer *consumer)
{
	return consumer->context.trouble.text;
}
