#include "config.h"

#include "broker/pull/handle_pull.h"

/*
 * PULL_MESSAGE and LITE_PULL_MESSAGE. A pull at the tail is answered on the
 * spot from memory; one that finds nothing is parked; one for older records goes
 * to a reader. Codes and next offsets: protocol description 5.4.
 */

#include <inttypes.h>

#include "broker/context.h"
#include "broker/state/client.h"
#include "broker/state/group.h"
#include "broker/pull/parked.h"
#include "broker/consumers/commit_offset.h"
#include "broker/pull/pull.h"
#include "broker/state/stats.h"
#include "broker/store/reader/readahead.h"
#include "broker/state/topic.h"
#include "broker/catalog/topic_create.h"
#include "broker/store/store.h"
#include "broker/store/tail/tail.h"
#include "common/base/clock.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

#define PULL_FLAG_COMMIT 1
#define PULL_FLAG_SUSPEND 2
#define PULL_FLAG_SUBSCRIPTION 4

#define SUSPEND_MAX_MS 300000
#define PARKED_MAX 200000 /* per loop; beyond that a pull is answered at once */

enum outcome {
	OUTCOME_ANSWER, /* the reply is complete */
	OUTCOME_EMPTY,  /* nothing there yet; the reply says so, or the pull is parked */
	OUTCOME_COLD,   /* a reader has to look */
};

static enum outcome
answer(struct worker *worker, const struct pull_question *question, struct reply *reply,
    int32_t code, const char *remark, int64_t next_offset)
{
	struct pull_reply *header = arena_alloc(&worker->loop->arena, sizeof *header);
	const struct tail_queue *queue =
	    tail_find(worker->tail, question->topic, question->queue_id);

	*header = (struct pull_reply){
		.next_begin_offset = next_offset,
		.min_offset = queue != NULL ? queue->min_offset : 0,
		.max_offset = queue != NULL ? queue->max_offset : 0,
		.topic_sys_flag = -1, /* these three: not sent */
		.group_sys_flag = -1,
		.forbidden_type = -1,
	};
	*reply = (struct reply){
		.code = code,
		.remark = slice_of(remark),
		.fields = pull_reply_fields,
		.header = header,
	};
	return OUTCOME_ANSWER;
}

static enum outcome
reply_found(struct worker *worker, const struct pull_question *question, struct reply *reply,
    const struct pull_result *result)
{
	size_t bytes = 0;

	for (size_t i = 0; i < result->n_parts; i++)
		bytes += result->parts[i].len;
	stats_get(worker->broker->stats, worker->loop->index, question->topic, question->group,
	    (uint32_t)result->n_messages, bytes);
	answer(worker, question, reply, RESPONSE_SUCCESS, "FOUND", result->next_offset);
	reply->parts = result->parts;
	reply->n_parts = result->n_parts;
	return OUTCOME_ANSWER;
}

/* For the pulls to come as well: all that is there, or READAHEAD_BYTES. */
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

static void
submit_read(struct worker *worker, int32_t queue, int64_t offset, const struct pull_limits *limits,
    void (*done)(struct read_job *job, struct loop *loop), void *context)
{
	struct read_job *job = read_job_new(READ_QUEUE);

	job->reply_loop = worker->loop;
	job->done = done;
	job->context = context;
	job->queue = queue;
	job->offset = offset;
	read_job_set_limits(job, limits);
	store_read(worker->broker->store, job);
}

static void on_cold(struct read_job *job, struct loop *loop);

/* Nobody has waited for it until somebody did. */
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
		readahead_add(
		    worker->readahead, job->queue, job->offset, job->chunk, job->n_records);
	read_job_free(job);
}

/* Takes what was read, and has the next read while this is sent. */
static bool
take_ahead(struct worker *worker, const struct pull_question *question, int32_t number,
    struct pull_result *result)
{
	if (!readahead_take(worker->readahead, number, question->offset, &question->limits, result))
		return false;
	const struct tail_queue *queue =
	    tail_find(worker->tail, question->topic, question->queue_id);
	/* Its topic may have been deleted meanwhile. */
	int64_t max_offset = queue != NULL && queue->number == number ? queue->max_offset : 0;
	struct readahead_trip *read =
	    readahead_begin(worker->readahead, number, result->next_offset, max_offset);

	if (read != NULL) {
		struct pull_limits limits =
		    limits_ahead(&question->limits, max_offset - read->offset);

		submit_read(worker, number, read->offset, &limits, on_ahead, read);
	}
	return true;
}

/* From what was read for the pull before. */
static enum outcome
look_ahead(struct worker *worker, struct pull_question *question, const struct tail_queue *queue,
    struct reply *reply)
{
	struct pull_result result = {
		.parts = arena_alloc(&worker->loop->arena, READAHEAD_RUNS * sizeof *result.parts),
	};

	if (question->offset < queue->min_offset ||
	    !take_ahead(worker, question, queue->number, &result))
		return OUTCOME_COLD;
	return reply_found(worker, question, reply, &result);
}

static enum outcome
look_at_tail(struct worker *worker, struct pull_question *question, struct tail_queue *queue,
    struct reply *reply)
{
	struct pull_result result;

	switch (tail_read(worker->tail, queue, question->offset, &question->limits,
	    &worker->loop->arena, &result)) {
	case TAIL_COLD:
		return look_ahead(worker, question, queue, reply);
	case TAIL_NO_MATCH:
		return answer(worker, question, reply, RESPONSE_PULL_RETRY_IMMEDIATELY,
		    "NO_MATCHED_MESSAGE", result.next_offset);
	case TAIL_FOUND:
		break;
	}
	return reply_found(worker, question, reply, &result);
}

/* The decision table; the reply is made for every outcome but OUTCOME_COLD. */
static enum outcome
look(struct worker *worker, struct pull_question *question, struct reply *reply)
{
	struct tail_queue *queue = tail_find(worker->tail, question->topic, question->queue_id);
	int64_t offset = question->offset;

	if (queue == NULL || queue->max_offset == 0) {
		const char *remark =
		    queue == NULL ? "NO_MATCHED_LOGIC_QUEUE" : "NO_MESSAGE_IN_QUEUE";

		if (offset != 0)
			return answer(
			    worker, question, reply, RESPONSE_PULL_OFFSET_MOVED, remark, 0);
		answer(worker, question, reply, RESPONSE_PULL_NOT_FOUND, remark, 0);
		return OUTCOME_EMPTY;
	}
	if (offset < queue->min_offset)
		return answer(worker, question, reply, RESPONSE_PULL_OFFSET_MOVED,
		    "OFFSET_TOO_SMALL", queue->min_offset);
	if (offset > queue->max_offset)
		return answer(worker, question, reply, RESPONSE_PULL_OFFSET_MOVED,
		    "OFFSET_OVERFLOW_BADLY", queue->max_offset);
	if (offset == queue->max_offset) {
		answer(worker, question, reply, RESPONSE_PULL_NOT_FOUND, "OFFSET_OVERFLOW_ONE",
		    offset);
		return OUTCOME_EMPTY;
	}
	return look_at_tail(worker, question, queue, reply);
}

/* ---- cold reads ------------------------------------------------------ */

/* What the pull gets of what the job has found. */
static void
take_found(struct worker *worker, const struct pull_question *question, struct read_job *job,
    struct pull_result *result)
{
	if (question->limits.tag_codes == NULL) {
		readahead_put(
		    worker->readahead, job->queue, question->offset, job->chunk, job->n_records);
		take_ahead(worker, question, job->queue, result);
		return;
	}
	result->parts[0] =
	    (struct body_part){ job->chunk->data, job->chunk->len, job->chunk, chunk_release };
	result->n_parts = 1;
	result->n_messages = job->n_records;
	result->next_offset = job->next_offset;
	job->chunk = NULL;
}

static void
on_cold(struct read_job *job, struct loop *loop)
{
	struct worker *worker = loop->context;
	struct pull *pull = job->context;
	struct pull_question *question = &pull->question;
	struct reply reply = { 0 };
	struct body_part parts[READAHEAD_RUNS];
	struct pull_result result = { .parts = parts };

	switch (job->status) {
	case READ_FOUND:
		take_found(worker, question, job, &result);
		reply_found(worker, question, &reply, &result);
		break;
	case READ_NO_MATCH:
		answer(worker, question, &reply, RESPONSE_PULL_RETRY_IMMEDIATELY,
		    "NO_MATCHED_MESSAGE", job->next_offset);
		break;
	case READ_NOTHING: /* it expired while the job was on its way */
		answer(worker, question, &reply, RESPONSE_PULL_RETRY_IMMEDIATELY,
		    "MESSAGE_WAS_REMOVING", question->offset);
		break;
	case READ_CORRUPT:
	case READ_FAILED:
		reply.code = RESPONSE_SYSTEM_ERROR;
		reply.remark = arena_printf(&loop->arena,
		    "cannot read %.*s queue %" PRId32 " at offset %" PRId64 ": %s",
		    (int)question->topic.len, question->topic.data, question->queue_id,
		    question->offset,
		    job->status == READ_CORRUPT
			? "the stored record is damaged, see the broker's log"
			: "I/O error, see the broker's log");
		break;
	}
	ticket_reply(loop, &pull->ticket, &reply);
	pull_free(pull);
	read_job_free(job);
}

/* The pull goes away with the job, or with one that is away. */
static void
read_cold(struct worker *worker, struct pull *pull)
{
	const struct pull_question *question = &pull->question;
	const struct tail_queue *queue =
	    tail_find(worker->tail, question->topic, question->queue_id);
	struct pull_limits limits = question->limits;

	ticket_reserve(worker->loop, &pull->ticket, (size_t)limits.max_bytes);
	if (limits.tag_codes == NULL) {
		if (readahead_wait(worker->readahead, queue->number, question->offset, pull))
			return;
		if (readahead_expects(worker->readahead, queue->number, question->offset))
			limits = limits_ahead(&limits, queue->max_offset - question->offset);
	}
	submit_read(worker, queue->number, question->offset, &limits, on_cold, pull);
}

/* ---- parked pulls ---------------------------------------------------- */

/* Says what is known now: what a filter dropped meanwhile needs no second look. */
static void
reply_held(struct worker *worker, struct pull *pull)
{
	struct pull_question *question = &pull->question;
	struct reply reply;

	if (question->offset != pull->asked_offset)
		answer(worker, question, &reply, RESPONSE_PULL_RETRY_IMMEDIATELY,
		    "NO_MATCHED_MESSAGE", question->offset);
	else
		look(worker, question, &reply);
	ticket_reply(worker->loop, &pull->ticket, &reply);
	pull_free(pull);
}

static void
on_message(void *arg, struct pull *pull)
{
	struct worker *worker = arg;
	struct reply reply;

	ticket_unreserve(worker->loop, &pull->ticket);
	switch (look(worker, &pull->question, &reply)) {
	case OUTCOME_COLD:
		read_cold(worker, pull);
		return;
	case OUTCOME_EMPTY:
		parked_pulls_add(worker->parked, pull);
		return;
	case OUTCOME_ANSWER:
		break;
	}
	if (reply.code == RESPONSE_PULL_RETRY_IMMEDIATELY) {
		/* Nothing for this filter: go on waiting, behind what was looked at. */
		const struct pull_reply *header = reply.header;

		pull->question.offset = header->next_begin_offset;
		parked_pulls_add(worker->parked, pull);
		return;
	}
	ticket_reply(worker->loop, &pull->ticket, &reply);
	pull_free(pull);
}

static void
on_timer(void *arg, struct pull *pull)
{
	reply_held(arg, pull);
}

static void
on_growth(void *arg, struct tail_queue *queue)
{
	struct worker *worker = arg;

	parked_pulls_wake(worker->parked, queue->topic, queue->queue_id);
}

void
pull_attach(struct worker *worker)
{
	static const struct parked_events events = { on_message, on_timer };

	worker->parked = parked_pulls_new(worker->loop, &events, worker);
	tail_on_growth(worker->tail, on_growth, worker);
}

/* ---- the request ----------------------------------------------------- */

static enum verdict
check_group_and_topic(
    struct request *request, const struct pull_header *header, struct group *group)
{
	struct broker *broker = request_broker(request);
	const char *why;
	struct topic topic;

	if (!(broker->settings->broker_permission & PERM_READ))
		return request_refuse(request, RESPONSE_NO_PERMISSION,
		    "the broker[%s] pulling message is forbidden", broker->address);
	if (!group_find_or_create(broker, header->consumer_group, group, &why))
		return request_refuse(request, RESPONSE_SUBSCRIPTION_GROUP_NOT_EXIST,
		    "subscription group [%.*s] does not exist: %s", (int)header->consumer_group.len,
		    header->consumer_group.data, why);
	if (!group->consume_enable)
		return request_refuse(request, RESPONSE_NO_PERMISSION,
		    "subscription group no permission, %s", group->name);
	if (!topics_find(broker->topics, header->topic, &topic))
		return request_refuse(request, RESPONSE_TOPIC_NOT_EXIST,
		    "topic[%.*s] not exist, apply first please!", (int)header->topic.len,
		    header->topic.data);
	if (!(topic.perm & PERM_READ))
		return request_refuse(request, RESPONSE_NO_PERMISSION,
		    "the topic[%s] pulling message is forbidden", topic.name);
	if (header->queue_id < 0 || header->queue_id >= topic.read_queues)
		return request_refuse(request, RESPONSE_SYSTEM_ERROR,
		    "queueId[%" PRId32
		    "] is illegal, topic:[%s] topicConfig.readQueueNums:[%" PRId32 "]",
		    header->queue_id, topic.name, topic.read_queues);
	return VERDICT_NONE;
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

static enum verdict
refuse_sql(struct request *request)
{
	return request_refuse(request, RESPONSE_SYSTEM_ERROR,
	    "The broker does not support consumer to filter message by SQL92");
}

/* The filter that counts: the request's own, or what the client's heartbeat said. */
static enum verdict
find_filter(struct request *request, const struct pull_header *header, const struct group *group,
    struct pull_limits *limits)
{
	struct broker *broker = request_broker(request);
	struct client_subscription found;
	const struct subscription *subscription = &found.subscription;

	if (header->sys_flag & PULL_FLAG_SUBSCRIPTION) {
		if (!is_tag_filter(header->expression_type))
			return refuse_sql(request);
		if (parse_tags(header->subscription, request->arena, limits) == -1)
			return request_refuse(request, RESPONSE_SUBSCRIPTION_PARSE_FAILED,
			    "parse the consumer's subscription failed: it names no tag");
		return VERDICT_NONE;
	}
	switch (clients_find_subscription(broker->clients, conn_id_of(request->conn),
	    header->consumer_group, header->topic, request->arena, &found)) {
	case CLIENT_NO_GROUP:
		return request_refuse(request, RESPONSE_SUBSCRIPTION_NOT_EXIST,
		    "the consumer's group info not exist");
	case CLIENT_NO_SUBSCRIPTION:
		return request_refuse(request, RESPONSE_SUBSCRIPTION_NOT_EXIST,
		    "the consumer's subscription not exist");
	case CLIENT_FOUND:
		break;
	}
	if (found.broadcasting && !group->consume_broadcast_enable)
		return request_refuse(request, RESPONSE_NO_PERMISSION,
		    "the consumer group[%s] can not consume by broadcast way", group->name);
	if (subscription->version < header->sub_version)
		return request_refuse(request, RESPONSE_SUBSCRIPTION_NOT_LATEST,
		    "the consumer's subscription not latest");
	if (!is_tag_filter(subscription->expression_type))
		return refuse_sql(request);
	if (subscription->n_codes != 0) {
		limits->tag_codes = subscription->codes;
		limits->n_tag_codes = subscription->n_codes;
	}
	return VERDICT_NONE;
}

static void
set_limits(
    const struct broker *broker, const struct pull_header *header, struct pull_limits *limits)
{
	int64_t count_max = broker->settings->max_transfer_count_on_message_in_memory;
	int64_t bytes_max = broker->settings->max_transfer_bytes_on_message_in_memory;

	limits->max_messages = header->max_messages < 1 ? 1 : header->max_messages;
	if (limits->max_messages > count_max)
		limits->max_messages = (int32_t)count_max;
	limits->max_bytes = (int32_t)bytes_max;
	if (header->max_bytes > 0 && header->max_bytes < limits->max_bytes)
		limits->max_bytes = header->max_bytes;
	limits->max_scan = 800;
	if (limits->max_messages > limits->max_scan)
		limits->max_scan = limits->max_messages;
}

static int64_t
park_ms(const struct broker *broker, const struct pull_header *header)
{
	if (!(header->sys_flag & PULL_FLAG_SUSPEND) || header->suspend_timeout_ms <= 0)
		return 0;
	if (!broker->settings->long_polling_enable)
		return broker->settings->short_polling_time_mills;
	if (header->suspend_timeout_ms > SUSPEND_MAX_MS)
		return SUSPEND_MAX_MS;
	return header->suspend_timeout_ms;
}

/* A pull brings the offset that its consumer has reached; nobody waits for the result. */
static void
commit(struct worker *worker, const struct pull_header *header)
{
	struct offset_row row = { header->consumer_group, header->topic, header->queue_id,
		header->commit_offset };
	const char *why;

	if (commit_offset(worker, &row, true, &why) == COMMIT_BEYOND_END)
		commit_offset_later(worker, &row, true, NULL, NULL);
}

static enum verdict
pull_message_begin(struct request *request)
{
	const struct pull_header *header = request->header;
	struct broker *broker = request_broker(request);
	struct worker *worker = request_worker(request);
	struct pull_question question = {
		.topic = header->topic,
		.group = header->consumer_group,
		.queue_id = header->queue_id,
		.offset = header->queue_offset,
	};
	struct group group;
	enum verdict verdict = check_group_and_topic(request, header, &group);

	if (verdict == VERDICT_NONE)
		verdict = find_filter(request, header, &group, &question.limits);
	if (verdict != VERDICT_NONE)
		return verdict;
	set_limits(broker, header, &question.limits);
	if ((header->sys_flag & PULL_FLAG_COMMIT) && header->commit_offset >= 0)
		commit(worker, header);

	enum outcome outcome = look(worker, &question, &request->reply);
	int64_t wait_ms = park_ms(broker, header);

	if (outcome == OUTCOME_ANSWER || (outcome == OUTCOME_EMPTY && wait_ms == 0) ||
	    (outcome == OUTCOME_EMPTY && parked_pulls_count(worker->parked) >= PARKED_MAX))
		return VERDICT_REPLY;
	struct ticket ticket = request_ticket(request);
	struct pull *pull = pull_new(&ticket, &question);

	if (outcome == OUTCOME_COLD) {
		read_cold(worker, pull);
	} else {
		pull->deadline_ms = clock_mono_ms() + wait_ms;
		parked_pulls_add(worker->parked, pull);
	}
	return VERDICT_LATER;
}

const struct handler pull_handlers[] = {
	HANDLER_TYPED(PULL_MESSAGE, pull_header, pull_message_begin, HANDLER_MAIN_PORT),
	HANDLER_TYPED(LITE_PULL_MESSAGE, pull_header, pull_message_begin, HANDLER_MAIN_PORT),
	{ .name = NULL },
};
