#include "config.h"

#include "broker/send/send_back.h"

#include <inttypes.h>
#include <stdlib.h>

#include "broker/catalog/system_topic.h"
#include "broker/catalog/topic_create.h"
#include "broker/cluster/register.h"
#include "broker/delay/delay.h"
#include "broker/state/stats.h"
#include "broker/state/topic.h"
#include "common/base/log.h"
#include "common/protocol/codes.h"

#define FIRST_RETRY_LEVEL 3
#define RETRY_LEVELS_MAX 1000 /* more tries have the longest delay anyway */

static void __attribute__((format(printf, 4, 5)))
refuse(struct back_outcome *outcome, struct arena *arena, int32_t code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	*outcome = (struct back_outcome){
		.code = code,
		.remark = arena_vprintf(arena, format, args),
	};
	va_end(args);
}

/* ---- the copy -------------------------------------------------------- */

void
dead_letter_mark(struct buf *text, struct slice origin_topic, struct slice origin_id)
{
	if (origin_topic.len != 0)
		property_append(text, SLICE("DLQ_ORIGIN_TOPIC"), origin_topic);
	if (origin_id.len != 0)
		property_append(text, SLICE("DLQ_ORIGIN_MESSAGE_ID"), origin_id);
}

/* What the copy says instead of the message. NULL behind the last. */
static void
list_replaced(const struct back_wish *wish, const char **names)
{
	static const char *const always[] = { "DELAY", "RETRY_TOPIC", "ORIGIN_MESSAGE_ID", "WAIT",
		"REAL_TOPIC", "REAL_QID", "DLQ_ORIGIN_TOPIC", "DLQ_ORIGIN_MESSAGE_ID" };
	size_t n = 0;

	for (size_t i = 0; i < sizeof always / sizeof *always; i++)
		names[n++] = always[i];
	for (size_t i = 0; i < wish->n_properties && i < BACK_PROPERTIES_MAX; i++)
		names[n++] = wish->properties[i].name;
	names[n] = NULL;
}

#define REPLACED_MAX (8 + BACK_PROPERTIES_MAX + 1)

static void
append_unless_empty(struct buf *text, struct slice name, struct slice value)
{
	if (value.len != 0)
		property_append(text, name, value);
}

/* The properties of the copy: where it came from, and which message it once was. In the arena. */
static struct slice
copy_properties(struct arena *arena, const struct record *record, const struct back_wish *wish,
    struct back_outcome *outcome)
{
	const char *replaced[REPLACED_MAX];
	struct slice old = record->properties;
	struct slice origin_id = property_find(old, "ORIGIN_MESSAGE_ID");
	struct slice unique_key = property_find(old, "UNIQ_KEY");
	struct buf text = { 0 };

	if (origin_id.len == 0)
		origin_id = message_id(arena, &record->store_host, record->position);
	outcome->origin_topic = property_find(old, "RETRY_TOPIC");
	if (outcome->origin_topic.len == 0)
		outcome->origin_topic = record->topic;
	outcome->origin_topic = arena_copy(arena, outcome->origin_topic);
	list_replaced(wish, replaced);
	property_copy_without(&text, old, replaced);
	property_append(&text, SLICE("RETRY_TOPIC"), outcome->origin_topic);
	property_append(&text, SLICE("ORIGIN_MESSAGE_ID"), origin_id);
	property_append(&text, SLICE("WAIT"), SLICE("false"));
	if (outcome->dead) {
		append_unless_empty(&text, SLICE("REAL_TOPIC"), property_find(old, "REAL_TOPIC"));
		append_unless_empty(&text, SLICE("REAL_QID"), property_find(old, "REAL_QID"));
		dead_letter_mark(
		    &text, outcome->origin_topic, unique_key.len != 0 ? unique_key : origin_id);
	}
	for (size_t i = 0; i < wish->n_properties && i < BACK_PROPERTIES_MAX; i++)
		append_unless_empty(
		    &text, slice_of(wish->properties[i].name), wish->properties[i].value);

	struct slice copy = arena_copy(arena, buf_slice(&text));

	buf_release(&text);
	return copy;
}

static bool
is_dead(const struct record *record, const struct back_wish *wish)
{
	int32_t max = wish->max_times >= 0 ? wish->max_times : wish->group->retry_max;

	return wish->delay_level < 0 || record->reconsume_times >= max;
}

/* Finds or creates the topic of the copy. False: *why says what is in the way. */
static bool
find_topic(struct worker *worker, const struct back_wish *wish, bool dead, struct topic *topic,
    const char **why)
{
	struct broker *broker = worker->broker;
	struct slice group = slice_of(wish->group->name);

	if (dead)
		return topic_find_or_create_dead(broker, group, topic, why);
	if (wish->retry_topic.data == NULL)
		return topic_find_or_create_retry(
		    broker, group, wish->group->retry_queues, wish->unit_mode, topic, why);
	*why = "it was deleted";
	return topics_find(broker->topics, wish->retry_topic, topic);
}

static int32_t
choose_queue(struct worker *worker, const struct back_wish *wish, const struct topic *topic)
{
	int32_t n = wish->group->retry_queues < topic->write_queues ? wish->group->retry_queues
	                                                            : topic->write_queues;

	return n > 0 && wish->retry_topic.data == NULL
	           ? (int32_t)(worker->next_queue++ % (uint32_t)n)
	           : 0;
}

/* 0: at once. */
static int
copy_level(const struct delays *delays, const struct record *record, const struct back_wish *wish,
    struct arena *arena)
{
	int32_t tries = record->reconsume_times > 0 ? record->reconsume_times : 0;
	int32_t level = wish->delay_level;

	if (wish->at_once)
		return 0;
	if (level == 0)
		level = FIRST_RETRY_LEVEL + (tries < RETRY_LEVELS_MAX ? tries : RETRY_LEVELS_MAX);
	return delay_level(delays, arena_printf(arena, "%" PRId32, level));
}

struct append *
send_back_append(struct worker *worker, const struct record *record, const struct back_wish *wish,
    struct back_outcome *outcome)
{
	struct broker *broker = worker->broker;
	struct arena *arena = &worker->loop->arena;
	struct record copy = *record;
	const char *why = "";
	struct topic topic;
	int64_t due = 0;

	*outcome = (struct back_outcome){ .dead = is_dead(record, wish) };
	if (!find_topic(worker, wish, outcome->dead, &topic, &why)) {
		refuse(
		    outcome, arena, RESPONSE_SYSTEM_ERROR, "topic of the group not exist: %s", why);
		return NULL;
	}
	if (!(topic.perm & PERM_WRITE)) {
		refuse(outcome, arena, RESPONSE_NO_PERMISSION,
		    "the topic[%s] sending message is forbidden", topic.name);
		return NULL;
	}
	copy.properties = copy_properties(arena, record, wish, outcome);
	copy.prepared_offset = 0; /* what the record ended, its copy does not */
	copy.topic = arena_copy(arena, slice_of(topic.name));
	copy.queue_id = outcome->dead ? 0 : choose_queue(worker, wish, &topic);
	copy.reconsume_times = record->reconsume_times < 0           ? 1
	                       : record->reconsume_times < INT32_MAX ? record->reconsume_times + 1
	                                                             : INT32_MAX;

	int level = outcome->dead ? 0 : copy_level(broker->delays, record, wish, arena);

	if (level > 0)
		due = delay_divert(broker->delays, level, &copy, arena);
	/* The added properties say where the message came from; a copy without them is useless. */
	if (record_properties_exceed(&copy)) {
		refuse(outcome, arena, RESPONSE_MESSAGE_ILLEGAL,
		    "the message is illegal, its properties are too long to be sent back");
		return NULL;
	}
	struct append *append = append_new(broker->store, &copy, 1);

	if (level > 0)
		append_set_tag_hash(append, due);
	append->reply_loop = worker->loop;
	return append;
}

/* ---- by position ----------------------------------------------------- */

static void
count(const struct worker *worker, const struct send_back *back)
{
	struct broker *broker = worker->broker;
	struct slice topic = slice_of(back->origin_topic);
	struct topic known;

	/* A topic of a message that was deleted meanwhile has no series. */
	if (topics_find(broker->topics, topic, &known))
		stats_send_back(
		    broker->stats, worker->loop->index, topic, slice_of(back->group.name));
	if (back->outcome.dead)
		log_info("dead letter group=%s topic=%s position=%" PRId64, back->group.name,
		    back->origin_topic, back->question.position);
}

static void
on_stored(struct append *append, struct loop *loop)
{
	struct worker *worker = loop->context;
	struct send_back *back = append->context;
	struct store_stats stats;

	if (append->status == APPEND_OK) {
		count(worker, back);
		back->outcome.origin_topic = slice_of(back->origin_topic);
	} else {
		store_get_stats(worker->broker->store, &stats);
		back->outcome = (struct back_outcome){
			.code =
			    stats.writable ? RESPONSE_SYSTEM_ERROR : RESPONSE_SERVICE_NOT_AVAILABLE,
			.remark = stats.writable ? SLICE("putMessageResult is null")
			                         : slice_of(stats.write_block),
		};
	}
	append_free(append);
	back->done(loop, back, &back->outcome);
}

static void
on_read(struct read_job *job, struct loop *loop)
{
	struct worker *worker = loop->context;
	struct send_back *back = job->context;
	struct append *append = NULL;
	struct back_wish wish = {
		.group = &back->group,
		.delay_level = back->question.delay_level,
		.max_times = back->question.max_times,
		.unit_mode = back->question.unit_mode,
	};
	struct record record;

	/*
	 * A record of a topic that is closed to senders is no message that a consumer received: an
	 * undecided transaction, a delayed message that is not due, an event.
	 */
	if (job->status != READ_FOUND ||
	    record_decode(job->chunk->data, job->chunk->len, &record) == -1 ||
	    topic_is_forbidden(record.topic))
		refuse(&back->outcome, &loop->arena, RESPONSE_SYSTEM_ERROR,
		    "look message by offset failed, %" PRId64, back->question.position);
	else
		append = send_back_append(worker, &record, &wish, &back->outcome);
	read_job_free(job);
	if (append == NULL) {
		back->done(loop, back, &back->outcome);
		return;
	}
	memcpy(back->origin_topic, back->outcome.origin_topic.data,
	    back->outcome.origin_topic.len < RECORD_TOPIC_MAX ? back->outcome.origin_topic.len
							      : RECORD_TOPIC_MAX);
	append->done = on_stored;
	append->context = back;
	store_append(worker->broker->store, append);
}

/* The reasons that hold whatever the message is. */
static bool
check_service(const struct worker *worker, struct back_outcome *outcome)
{
	const struct broker *broker = worker->broker;
	struct arena *arena = &worker->loop->arena;

	if (registrar_refusal(broker->registrar) != NULL)
		refuse(outcome, arena, RESPONSE_SERVICE_NOT_AVAILABLE, "%s",
		    registrar_refusal(broker->registrar));
	else if (!(broker->settings->broker_permission & PERM_WRITE))
		refuse(outcome, arena, RESPONSE_NO_PERMISSION,
		    "the broker[%s] sending message is forbidden", broker->address);
	else if (store_is_busy(broker->store))
		refuse(outcome, arena, RESPONSE_SYSTEM_BUSY,
		    "[OVERLOAD]system busy, the disk is behind, retry later");
	else
		return true;
	return false;
}

bool
send_back(struct worker *worker, const struct back_question *question, struct send_back *back,
    struct back_outcome *outcome)
{
	struct broker *broker = worker->broker;
	const char *why;

	if (!group_find_or_create(broker, question->group, &back->group, &why)) {
		refuse(outcome, &worker->loop->arena, RESPONSE_SUBSCRIPTION_GROUP_NOT_EXIST,
		    "subscription group not exist, %.*s: %s", (int)question->group.len,
		    question->group.data, why);
		return false;
	}
	if (!check_service(worker, outcome))
		return false;
	if (back->group.retry_queues <= 0) {
		*outcome = (struct back_outcome){ .code = RESPONSE_SUCCESS };
		return false;
	}
	back->question = *question;
	back->question.group = SLICE_NONE;
	memset(back->origin_topic, 0, sizeof back->origin_topic);

	struct read_job *job = read_position_new(question->position);

	job->reply_loop = worker->loop;
	job->done = on_read;
	job->context = back;
	store_read(broker->store, job);
	return true;
}
