#include "config.h"

#include "broker/pull/pull.h"

/*
 * A pull at the tail gets its records from memory on the spot. One that finds nothing is parked.
 * One for older records goes to a reader. Codes and next offsets: protocol description 5.4.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "broker/catalog/topic_create.h"
#include "broker/consumers/commit_offset.h"
#include "broker/pull/parked.h"
#include "broker/state/client.h"
#include "broker/state/delivery.h"
#include "broker/state/group.h"
#include "broker/state/offset.h"
#include "broker/state/stats.h"
#include "broker/state/topic.h"
#include "broker/store/reader/readahead.h"
#include "broker/store/store.h"
#include "broker/store/tail/tail.h"
#include "common/base/clock.h"
#include "common/base/hash.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"
#include "common/filter/filter_cache.h"
#include "common/protocol/codes.h"

#define SUSPEND_MAX_MS 300000
#define PARKED_MAX 200000 /* per loop; beyond that a pull is answered at once */

enum outcome {
	OUTCOME_DONE,  /* the result is complete */
	OUTCOME_EMPTY, /* nothing there yet: the result says so, or the pull is parked */
	OUTCOME_COLD,  /* a reader has to look */
};

/* queue: NULL when there is none (any more). */
static void
fill(const struct tail_queue *queue, struct pulled *pulled, int32_t code, const char *remark,
    int64_t next_offset)
{
	*pulled = (struct pulled){
		.code = code,
		.remark = slice_of(remark),
		.reached_store = true,
		.next_offset = next_offset,
		.min_offset = queue != NULL ? queue->min_offset : 0,
		.max_offset = queue != NULL ? queue->max_offset : 0,
	};
}

static enum outcome
set_result(struct worker *worker, const struct pull_question *question, struct pulled *pulled,
    int32_t code, const char *remark, int64_t next_offset)
{
	fill(tail_find(worker->tail, question->topic, question->queue_id), pulled, code, remark,
	    next_offset);
	return OUTCOME_DONE;
}

/* For message traces. */
static void
note(const struct worker *worker, const struct pull_question *question,
    const struct tail_queue *queue, int64_t next_offset)
{
	struct deliveries *deliveries = worker->broker->deliveries;

	if (deliveries_are_noted(deliveries) && queue != NULL)
		deliveries_note(deliveries, worker->loop->index,
		    &(struct delivery_event){
			.kind = DELIVERY_SENT,
			.queue = queue->number,
			.group = hash_of(question->group),
			.from = question->offset,
			.to = next_offset,
			.conn = question->member,
			.peer = question->peer,
		    });
}

static enum outcome
set_found(struct worker *worker, const struct pull_question *question,
    const struct tail_queue *queue, struct pulled *pulled, const struct pull_parts *result)
{
	size_t bytes = 0;

	for (size_t i = 0; i < result->n_parts; i++)
		bytes += result->parts[i].len;
	stats_get(worker->broker->stats, worker->loop->index, question->topic, question->group,
	    (uint32_t)result->n_messages, bytes);
	fill(queue, pulled, RESPONSE_SUCCESS, "FOUND", result->next_offset);
	note(worker, question, queue, result->next_offset);
	pulled->parts = result->parts;
	pulled->n_parts = result->n_parts;
	return OUTCOME_DONE;
}

/* Enough for the next pulls too: all there is, or READAHEAD_BYTES. */
static struct pull_limits
limits_ahead(const struct pull_limits *asked, int64_t n_there)
{
	int32_t n = n_there < INT32_MAX ? (int32_t)n_there : INT32_MAX;

	return (struct pull_limits){
		.max_messages = n,
		.max_bytes =
		    asked->max_bytes > READAHEAD_BYTES ? asked->max_bytes : READAHEAD_BYTES,
		.max_scan = n,
	};
}

/* A reader may know more of the queue than this loop was told: that is not to be seen yet. */
static void
submit_read(struct worker *worker, const struct tail_queue *queue, int64_t offset,
    const struct pull_limits *limits, void (*done)(struct read_job *job, struct loop *loop),
    void *context)
{
	struct read_job *job = read_queue_new(queue->number, offset, limits);

	job->in_queue.end_offset = queue->max_offset;
	job->reply_loop = worker->loop;
	job->done = done;
	job->context = context;
	store_read(worker->broker->store, job);
}

static void on_cold(struct read_job *job, struct loop *loop);

/* A read-ahead finished. If a pull has arrived for it meanwhile, that pull gets its result. */
static void
on_ahead(struct read_job *job, struct loop *loop)
{
	const struct worker *worker = loop->context;

	job->context = readahead_end(job->context);
	if (job->context != NULL) {
		on_cold(job, loop);
		return;
	}
	if (job->status == READ_FOUND)
		readahead_add(worker->readahead, job->in_queue.queue, job->in_queue.offset,
		    job->chunk, job->n_records);
	read_job_free(job);
}

/* Takes what was read ahead, and starts the next read-ahead while this is sent. */
static bool
take_ahead(struct worker *worker, const struct pull_question *question, int32_t number,
    struct pull_parts *result)
{
	if (!readahead_take(worker->readahead, number, question->offset, &question->limits, result))
		return false;
	const struct tail_queue *queue =
	    tail_find(worker->tail, question->topic, question->queue_id);
	/* The topic may have been deleted meanwhile. */
	int64_t max_offset = queue != NULL && queue->number == number ? queue->max_offset : 0;
	struct readahead_trip *read =
	    readahead_begin(worker->readahead, number, result->next_offset, max_offset);

	if (read != NULL) {
		struct pull_limits limits =
		    limits_ahead(&question->limits, max_offset - read->offset);

		submit_read(worker, queue, read->offset, &limits, on_ahead, read);
	}
	return true;
}

/* Takes what was read ahead for the previous pull. */
static enum outcome
look_ahead(struct worker *worker, struct pull_question *question, const struct tail_queue *queue,
    struct pulled *pulled)
{
	struct pull_parts result = {
		.parts = arena_alloc(&worker->loop->arena, READAHEAD_RUNS * sizeof *result.parts),
	};

	if (question->offset < queue->min_offset ||
	    !take_ahead(worker, question, queue->number, &result))
		return OUTCOME_COLD;
	return set_found(worker, question, queue, pulled, &result);
}

static enum outcome
look_at_tail(struct worker *worker, struct pull_question *question, struct tail_queue *queue,
    struct pulled *pulled)
{
	struct pull_parts result;

	switch (tail_read(worker->tail, queue, question->offset, &question->limits,
	    &worker->loop->arena, &result)) {
	case TAIL_COLD:
		return look_ahead(worker, question, queue, pulled);
	case TAIL_NO_MATCH:
		return set_result(worker, question, pulled, RESPONSE_PULL_RETRY_IMMEDIATELY,
		    "NO_MATCHED_MESSAGE", result.next_offset);
	case TAIL_FOUND:
		break;
	}
	return set_found(worker, question, queue, pulled, &result);
}

/*
 * The offset is none of this queue: the consumer is told a better one. A slave may lag behind, or
 * have begun later than its master, so it moves nobody: the pull waits there, and comes again.
 */
static enum outcome
set_moved(struct worker *worker, const struct pull_question *question, struct pulled *pulled,
    const char *remark, int64_t next_offset)
{
	if (!broker_is_slave(worker->broker))
		return set_result(
		    worker, question, pulled, RESPONSE_PULL_OFFSET_MOVED, remark, next_offset);
	set_result(
	    worker, question, pulled, RESPONSE_PULL_RETRY_IMMEDIATELY, remark, question->offset);
	return OUTCOME_EMPTY;
}

/* The decision table; the reply is made for every outcome but OUTCOME_COLD. */
static enum outcome
look(struct worker *worker, struct pull_question *question, struct pulled *pulled)
{
	struct tail_queue *queue = tail_find(worker->tail, question->topic, question->queue_id);
	int64_t offset = question->offset;

	if (queue == NULL || queue->max_offset == 0) {
		const char *remark =
		    queue == NULL ? "NO_MATCHED_LOGIC_QUEUE" : "NO_MESSAGE_IN_QUEUE";

		if (offset != 0)
			return set_moved(worker, question, pulled, remark, 0);
		set_result(worker, question, pulled, RESPONSE_PULL_NOT_FOUND, remark, 0);
		return OUTCOME_EMPTY;
	}
	if (offset < queue->min_offset)
		return set_moved(worker, question, pulled, "OFFSET_TOO_SMALL", queue->min_offset);
	if (offset > queue->max_offset)
		return set_moved(
		    worker, question, pulled, "OFFSET_OVERFLOW_BADLY", queue->max_offset);
	if (offset == queue->max_offset) {
		set_result(worker, question, pulled, RESPONSE_PULL_NOT_FOUND, "OFFSET_OVERFLOW_ONE",
		    offset);
		return OUTCOME_EMPTY;
	}
	return look_at_tail(worker, question, queue, pulled);
}

/* Somebody may have reset the group's offset since the last pull. */
static bool
is_reset(struct worker *worker, struct pull_question *question, struct pulled *pulled)
{
	struct offset_row row = {
		.group = question->group, .topic = question->topic, .queue_id = question->queue_id
	};
	struct reset_reader reader = { question->offset, question->follows_resets };
	int64_t offset;

	if (!offsets_take_reset(worker->broker->offsets, &row, &reader, &offset))
		return false;
	set_result(worker, question, pulled, RESPONSE_PULL_OFFSET_MOVED, "OFFSET_RESET", offset);
	return true;
}

static enum outcome
look_first(struct worker *worker, struct pull_question *question, struct pulled *pulled)
{
	if (offsets_have_resets(worker->broker->offsets) && is_reset(worker, question, pulled))
		return OUTCOME_DONE;
	return look(worker, question, pulled);
}

/* ---- where to pull next ---------------------------------------------- */

#define RATIO_OF_SLAVES                                                                            \
	10 /* percent of the memory that a slave keeps consumers less, as RocketMQ */

/* Whether the found messages are so old that a slave should read them. */
static bool
is_far_behind(const struct broker *broker, const struct pulled *pulled)
{
	int64_t memory = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
	int64_t ratio = broker->settings->access_message_in_memory_max_ratio;
	struct store_stats stats;
	struct record first;

	if (pulled->n_parts == 0 ||
	    record_decode(pulled->parts[0].data, pulled->parts[0].len, &first) == -1)
		return false;
	if (broker_is_slave(broker))
		ratio = ratio > RATIO_OF_SLAVES ? ratio - RATIO_OF_SLAVES : 0;
	store_get_stats(broker->store, &stats);
	return stats.max_position - first.position > memory / 100 * ratio;
}

/* Apart, for the room that it takes on the stack. */
static void __attribute__((noinline))
suggest(const struct broker *broker, struct slice name, struct pulled *pulled)
{
	struct group group;

	if (!groups_find(broker->groups, name, &group))
		group_init(&group, name); /* a slave may not have it yet */
	pulled->suggested_id =
	    is_far_behind(broker, pulled) ? group.which_when_slow : group.broker_id;
}

static void
finish(struct loop *loop, struct pull *pull, struct pulled *pulled)
{
	const struct worker *worker = loop->context;

	if (worker->broker->settings->slave_read_enable)
		suggest(worker->broker, pull->question.group, pulled);
	pull->front->done(loop, pull, pulled);
	pull_free(pull);
}

/* ---- cold reads ------------------------------------------------------ */

/* The part of a finished read that belongs to this pull; the rest is read ahead. */
static void
take_found(struct worker *worker, const struct pull_question *question, struct read_job *job,
    struct pull_parts *result)
{
	if (!pull_has_filter(&question->limits)) {
		readahead_put(worker->readahead, job->in_queue.queue, question->offset, job->chunk,
		    job->n_records);
		take_ahead(worker, question, job->in_queue.queue, result);
		return;
	}
	result->parts[0] =
	    (struct body_part){ job->chunk->data, job->chunk->len, job->chunk, chunk_release };
	result->n_parts = 1;
	result->n_messages = job->n_records;
	result->next_offset = job->in_queue.next_offset;
	job->chunk = NULL;
}

static void
on_cold(struct read_job *job, struct loop *loop)
{
	struct worker *worker = loop->context;
	struct pull *pull = job->context;
	struct pull_question *question = &pull->question;
	struct pulled pulled = { 0 };
	struct body_part parts[READAHEAD_RUNS];
	struct pull_parts result = { .parts = parts };

	switch (job->status) {
	case READ_FOUND:
		take_found(worker, question, job, &result);
		set_found(worker, question,
		    tail_find(worker->tail, question->topic, question->queue_id), &pulled, &result);
		break;
	case READ_NO_MATCH:
		set_result(worker, question, &pulled, RESPONSE_PULL_RETRY_IMMEDIATELY,
		    "NO_MATCHED_MESSAGE", job->in_queue.next_offset);
		break;
	case READ_NOTHING: /* it expired meanwhile */
		set_result(worker, question, &pulled, RESPONSE_PULL_RETRY_IMMEDIATELY,
		    "MESSAGE_WAS_REMOVING", question->offset);
		break;
	case READ_CORRUPT:
	case READ_FAILED:
		pulled.code = RESPONSE_SYSTEM_ERROR;
		pulled.remark = arena_printf(&loop->arena,
		    "cannot read %.*s queue %" PRId32 " at offset %" PRId64 ": %s",
		    (int)question->topic.len, question->topic.data, question->queue_id,
		    question->offset,
		    job->status == READ_CORRUPT
			? "the stored record is damaged, see the broker's log"
			: "I/O error, see the broker's log");
		break;
	}
	finish(loop, pull, &pulled);
	read_job_free(job);
}

/* The pull travels with a read job, or waits for a read-ahead that is on its way. */
static void
read_cold(struct worker *worker, struct pull *pull)
{
	const struct pull_question *question = &pull->question;
	const struct tail_queue *queue =
	    tail_find(worker->tail, question->topic, question->queue_id);
	struct pull_limits limits = question->limits;

	pull->front->expect(worker->loop, pull, (size_t)limits.max_bytes);
	if (!pull_has_filter(&limits)) {
		if (readahead_wait(worker->readahead, queue->number, question->offset, pull))
			return;
		if (readahead_expects(worker->readahead, queue->number, question->offset))
			limits = limits_ahead(&limits, queue->max_offset - question->offset);
	}
	submit_read(worker, queue, question->offset, &limits, on_cold, pull);
}

/* ---- parked pulls ---------------------------------------------------- */

/* Its time is over. Offsets that the filter dropped meanwhile need no second look. */
static void
finish_parked(struct worker *worker, struct pull *pull)
{
	struct pull_question *question = &pull->question;
	struct pulled pulled;

	if (question->offset != pull->asked_offset)
		set_result(worker, question, &pulled, RESPONSE_PULL_RETRY_IMMEDIATELY,
		    "NO_MATCHED_MESSAGE", question->offset);
	else
		look(worker, question, &pulled);
	finish(worker->loop, pull, &pulled);
}

static void
on_message(void *arg, struct pull *pull)
{
	struct worker *worker = arg;
	struct pulled pulled;

	pull->front->expect(worker->loop, pull, 0);
	switch (look_first(worker, &pull->question, &pulled)) {
	case OUTCOME_COLD:
		read_cold(worker, pull);
		return;
	case OUTCOME_EMPTY:
		parked_pulls_add(worker->parked, pull);
		return;
	case OUTCOME_DONE:
		break;
	}
	if (pulled.code == RESPONSE_PULL_RETRY_IMMEDIATELY) {
		/* Nothing for this filter: wait on, behind the offsets that were looked at. */
		pull->question.offset = pulled.next_offset;
		parked_pulls_add(worker->parked, pull);
		return;
	}
	finish(worker->loop, pull, &pulled);
}

static void
on_timer(void *arg, struct pull *pull)
{
	finish_parked(arg, pull);
}

static void
on_growth(void *arg, struct tail_queue *queue)
{
	struct worker *worker = arg;

	parked_pulls_wake(worker->parked, queue->topic, queue->queue_id);
}

/* On its way to a loop. */
struct second_look {
	struct task task;
	char *topic;
	int32_t *queue_ids;
	size_t n_queue_ids;
};

static void
run_second_look(struct task *task, void *receiver)
{
	struct second_look *again = container_of(task, struct second_look, task);
	struct worker *worker = ((struct loop *)receiver)->context;

	for (size_t i = 0; i < again->n_queue_ids; i++)
		parked_pulls_wake(worker->parked, slice_of(again->topic), again->queue_ids[i]);
	free(again->topic);
	free(again->queue_ids);
	free(again);
}

void
pull_look_again(
    struct broker *broker, struct slice topic, const int32_t *queue_ids, size_t n_queue_ids)
{
	size_t size = n_queue_ids * sizeof *queue_ids;

	for (int i = 0; i < broker->n_workers; i++) {
		struct second_look *again = mem_zalloc(sizeof *again);

		again->topic = slice_dup(topic);
		again->queue_ids = memcpy(mem_alloc(size), queue_ids, size);
		again->n_queue_ids = n_queue_ids;
		again->task.run = run_second_look;
		loop_post(broker->workers[i].loop, &again->task);
	}
}

void
pull_attach(struct worker *worker)
{
	static const struct parked_events events = { on_message, on_timer };

	worker->parked = parked_pulls_new(worker->loop, &events, worker);
	tail_on_growth(worker->tail, on_growth, worker);
}

/* ---- the checks ------------------------------------------------------ */

/* Always false. */
static bool __attribute__((format(printf, 4, 5)))
refuse(const struct pull_wish *wish, struct pulled *pulled, int32_t code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	*pulled = (struct pulled){
		.code = code,
		.remark = arena_vprintf(wish->arena, format, args),
	};
	va_end(args);
	return false;
}

static bool
check_group_and_topic(
    struct broker *broker, const struct pull_wish *wish, struct group *group, struct pulled *pulled)
{
	const char *why;
	struct topic topic;

	if (atomic_load_explicit(&broker->unagreed, memory_order_relaxed))
		return refuse(wish, pulled, RESPONSE_SYSTEM_BUSY,
		    "the broker has just started and asks the other replicas what is in the log");
	if (!(broker->settings->broker_permission & PERM_READ))
		return refuse(wish, pulled, RESPONSE_NO_PERMISSION,
		    "the broker[%s] pulling message is forbidden", broker->address);
	if (!group_find_or_create(broker, wish->group, group, &why))
		return refuse(wish, pulled, RESPONSE_SUBSCRIPTION_GROUP_NOT_EXIST,
		    "subscription group [%.*s] does not exist: %s", (int)wish->group.len,
		    wish->group.data, why);
	if (!group->consume_enable)
		return refuse(wish, pulled, RESPONSE_NO_PERMISSION,
		    "subscription group no permission, %s", group->name);
	if (!topics_find(broker->topics, wish->topic, &topic))
		return refuse(wish, pulled, RESPONSE_TOPIC_NOT_EXIST,
		    "topic[%.*s] not exist, apply first please!", (int)wish->topic.len,
		    wish->topic.data);
	if (!(topic.perm & PERM_READ))
		return refuse(wish, pulled, RESPONSE_NO_PERMISSION,
		    "the topic[%s] pulling message is forbidden", topic.name);
	if (wish->queue_id < 0 || wish->queue_id >= topic.read_queues)
		return refuse(wish, pulled, RESPONSE_SYSTEM_ERROR,
		    "queueId[%" PRId32
		    "] is illegal, topic:[%s] topicConfig.readQueueNums:[%" PRId32 "]",
		    wish->queue_id, topic.name, topic.read_queues);
	return true;
}

/* The tags of a subscription text; "*" and nothing stand for all. -1: it names no tag. */
static int
parse_tags(struct slice text, struct arena *arena, struct pull_limits *limits)
{
	struct slice rest = slice_trim(text), part;
	size_t n = 0;

	if (rest.len == 0 || slice_is(rest, "*"))
		return 0;
	int32_t *codes = arena_alloc(arena, (rest.len / 2 + 1) * sizeof *codes);

	while (tags_next(&rest, &part))
		codes[n++] = (int32_t)tag_hash(part);
	limits->tag_codes = codes;
	limits->n_tag_codes = n;
	return n != 0 ? 0 : -1;
}

static bool
is_tag_filter(struct slice expression_type)
{
	return expression_type.len == 0 || slice_equal_nocase(expression_type, SLICE("TAG"));
}

/* Of a type that is no TAG. False: *pulled says why there is none. */
static bool
is_allowed_filter(const struct broker *broker, const struct pull_wish *wish, struct slice type,
    struct pulled *pulled)
{
	if (broker->settings->enable_property_filter && slice_is(type, "SQL92"))
		return true;
	return refuse(wish, pulled, RESPONSE_SYSTEM_ERROR,
	    "The broker does not support consumer to filter message by %.*s", (int)type.len,
	    type.data);
}

/* SQL92. Not inlined: pulls by tags do without its stack. */
static bool __attribute__((noinline))
take_filter(struct worker *worker, const struct pull_wish *wish, struct slice expression,
    int32_t refusal, struct pull_limits *limits, struct pulled *pulled)
{
	struct filter_fault fault;

	limits->filter = filter_cache_take(worker->filters, expression, &fault);
	return limits->filter != NULL ||
	       refuse(wish, pulled, refusal, "parse the consumer's subscription failed: %s",
		   fault.text);
}

/* The filter that the wish itself has. */
static bool
own_filter(struct worker *worker, const struct pull_wish *wish, struct pull_limits *limits,
    struct pulled *pulled)
{
	if (is_tag_filter(wish->expression_type))
		return parse_tags(wish->subscription, wish->arena, limits) == 0 ||
		       refuse(wish, pulled, RESPONSE_SUBSCRIPTION_PARSE_FAILED,
			   "parse the consumer's subscription failed: it names no tag");
	return is_allowed_filter(worker->broker, wish, wish->expression_type, pulled) &&
	       take_filter(worker, wish, wish->subscription, RESPONSE_SUBSCRIPTION_PARSE_FAILED,
		   limits, pulled);
}

/* The subscription of the member's heartbeat as a filter. */
static bool
subscribed_filter(struct worker *worker, const struct pull_wish *wish,
    const struct subscription *subscription, struct pull_limits *limits, struct pulled *pulled)
{
	if (is_tag_filter(subscription->expression_type)) {
		limits->tag_codes = subscription->n_codes != 0 ? subscription->codes : NULL;
		limits->n_tag_codes = subscription->n_codes;
		if (subscription->n_codes == 0) /* of a client that leaves that to the broker */
			parse_tags(subscription->expression, wish->arena, limits);
		return true;
	}
	if (!is_allowed_filter(worker->broker, wish, subscription->expression_type, pulled))
		return false;
	/* One that the heartbeat's expression did not give is refused again, with the reason. */
	return limits->filter != NULL || take_filter(worker, wish, subscription->expression,
					     RESPONSE_FILTER_DATA_NOT_EXIST, limits, pulled);
}

static bool
refuse_unsubscribed(struct broker *broker, const struct pull_wish *wish, struct pulled *pulled)
{
	struct slice conflict = clients_find_conflict(broker->clients, wish->group, wish->arena);

	return refuse(wish, pulled, RESPONSE_SUBSCRIPTION_NOT_EXIST,
	    "the consumer's subscription not exist: no member of %.*s subscribes to %.*s%s%.*s",
	    (int)wish->group.len, wish->group.data, (int)wish->topic.len, wish->topic.data,
	    conflict.len != 0 ? "; its members differ, " : "", (int)conflict.len, conflict.data);
}

/* The filter of the wish, or of the member's heartbeat; limits->filter is the caller's then. */
static bool
find_filter(struct worker *worker, const struct pull_wish *wish, const struct group *group,
    struct pull_limits *limits, struct pulled *pulled)
{
	struct client_subscription found;

	if (wish->own_filter)
		return own_filter(worker, wish, limits, pulled);
	switch (clients_find_subscription(
	    worker->broker->clients, wish->member, wish->group, wish->topic, wish->arena, &found)) {
	case CLIENT_NO_GROUP:
		return refuse(wish, pulled, RESPONSE_SUBSCRIPTION_NOT_EXIST,
		    "the consumer's group info not exist: no client of %.*s has sent a heartbeat "
		    "to this broker",
		    (int)wish->group.len, wish->group.data);
	case CLIENT_NO_SUBSCRIPTION:
		return refuse_unsubscribed(worker->broker, wish, pulled);
	case CLIENT_FOUND:
		break;
	}
	limits->filter = found.subscription.filter; /* the reference is the caller's now */
	if (found.broadcasting && !group->consume_broadcast_enable)
		return refuse(wish, pulled, RESPONSE_NO_PERMISSION,
		    "the consumer group[%s] can not consume by broadcast way", group->name);
	if (found.subscription.version < wish->sub_version)
		return refuse(wish, pulled, RESPONSE_SUBSCRIPTION_NOT_LATEST,
		    "the consumer's subscription not latest");
	return subscribed_filter(worker, wish, &found.subscription, limits, pulled);
}

static void
set_limits(const struct broker *broker, const struct pull_wish *wish, struct pull_limits *limits)
{
	int64_t count_max = broker->settings->max_transfer_count_on_message_in_memory;
	int64_t bytes_max = broker->settings->max_transfer_bytes_on_message_in_memory;

	limits->max_messages = wish->max_messages < 1 ? 1 : wish->max_messages;
	if (limits->max_messages > count_max)
		limits->max_messages = (int32_t)count_max;
	limits->max_bytes = (int32_t)bytes_max;
	if (wish->max_bytes > 0 && wish->max_bytes < limits->max_bytes)
		limits->max_bytes = wish->max_bytes;
	limits->max_scan = 800;
	if (limits->max_messages > limits->max_scan)
		limits->max_scan = limits->max_messages;
}

static int64_t
park_ms(const struct broker *broker, const struct pull_wish *wish)
{
	if (wish->wait_ms <= 0)
		return 0;
	if (!broker->settings->long_polling_enable)
		return broker->settings->short_polling_time_mills;
	if (wish->wait_ms > SUSPEND_MAX_MS)
		return SUSPEND_MAX_MS;
	return wish->wait_ms;
}

/* A pull brings the offset that its consumer has reached; nobody waits for the result. */
static void
commit(struct worker *worker, const struct pull_wish *wish)
{
	struct offset_row row = { wish->group, wish->topic, wish->queue_id, wish->commit_offset };
	const char *why;

	if (commit_offset(worker, &row, true, &why) == COMMIT_BEYOND_END)
		commit_offset_later(worker, &row, true, NULL, NULL);
}

/* True: *pulled is the result. */
static bool
answer(struct worker *worker, const struct pull_wish *wish, struct pull_question *question,
    struct pulled *pulled)
{
	enum outcome outcome = look_first(worker, question, pulled);
	int64_t wait_ms = park_ms(worker->broker, wish);

	if (outcome == OUTCOME_DONE || (outcome == OUTCOME_EMPTY && wait_ms == 0) ||
	    (outcome == OUTCOME_EMPTY && parked_pulls_count(worker->parked) >= PARKED_MAX))
		return true;
	struct pull *pull = pull_new(question);

	pull->front = wish->front;
	pull->front->keep(pull, wish->request);
	if (outcome == OUTCOME_COLD) {
		read_cold(worker, pull);
	} else {
		pull->deadline_ms = clock_mono_ms() + wait_ms;
		parked_pulls_add(worker->parked, pull);
	}
	return false;
}

bool
pull_message(struct worker *worker, const struct pull_wish *wish, struct pulled *pulled)
{
	struct broker *broker = worker->broker;
	struct pull_question question = {
		.topic = wish->topic,
		.group = wish->group,
		.queue_id = wish->queue_id,
		.offset = wish->offset,
		.member = wish->member,
		.peer = wish->peer,
		.follows_resets = wish->follows_resets,
	};
	struct group group;
	bool done = true;

	if (check_group_and_topic(broker, wish, &group, pulled) &&
	    find_filter(worker, wish, &group, &question.limits, pulled)) {
		set_limits(broker, wish, &question.limits);
		if (wish->commit_offset >= 0 && !broker_is_slave(broker))
			commit(worker, wish);
		done = answer(worker, wish, &question, pulled);
		if (broker->settings->slave_read_enable && done)
			suggest(broker, question.group, pulled);
	}
	if (question.limits.filter != NULL)
		filter_unref(question.limits.filter);
	return done;
}
