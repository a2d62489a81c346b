#include "config.h"

#include "broker/send/send.h"

/*
 * The message is laid out as a record here, on the loop, straight from the frame; the writer only
 * gives it its place. Checks and replies: protocol description 2.2.
 */

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>

#include "broker/catalog/topic_create.h"
#include "broker/cluster/register.h"
#include "broker/delay/delay.h"
#include "broker/delay/recall.h"
#include "broker/delay/timed.h"
#include "broker/delay/timed_message.h"
#include "broker/retention/retention.h"
#include "broker/send/send_back.h"
#include "broker/state/group.h"
#include "broker/state/limit.h"
#include "broker/state/stats.h"
#include "broker/state/topic.h"
#include "broker/transaction/decide/half_message.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"
#include "common/base/utf8.h"
#include "common/base/wire.h"
#include "common/protocol/codes.h"
#include "common/protocol/name.h"

#define LEVEL_IF_COUNTED 2 /* of the delay, above reconsumeTimes */

/* A send while it is checked. */
struct outgoing {
	struct worker *worker;
	const struct send_question *question;
	struct send_outcome *refusal;
	const struct topic *topic;
	int32_t queue_id;
	struct record *records;
	size_t n_records;
	struct slice properties, added; /* of the record; of a batch: of each */
	bool half;                      /* it waits for the end of its transaction */
	bool dead;                      /* it came back too often, and goes to the dead letters */
	bool delayed;
	bool recalls; /* it is the wish to recall another one */
	bool is_timed;
	int64_t tag_hash; /* of a delayed message: when it is due */
	/* These are not cleared, only set. */
	struct known_properties known;
	struct topic found; /* one that was made, or is not the one that was asked for */
	struct timed timed; /* when */
};

/* ---- the answer ------------------------------------------------------ */

/* Offset ids of all records, joined by commas. */
static struct slice
message_ids(struct loop *loop, const struct broker *broker, const struct append *append)
{
	const struct dedup_item *before =
	    append->status == APPEND_DUPLICATE ? append->dedup->items : NULL;
	const char *at = append->records;
	int64_t position = append->position;

	if (append->n_records == 1)
		return message_id(&loop->arena, &broker->host, position);
	struct slice id = message_id(&loop->arena, &broker->host, position);
	char *text = arena_alloc(&loop->arena, append->n_records * (id.len + 1)), *end = text;

	for (uint32_t i = 0; i < append->n_records; i++) {
		uint32_t size = be32_get(at + RECORD_AT_SIZE);

		memcpy(end, id.data, id.len);
		message_id_move(end, id.len, before != NULL ? before[i].position : position);
		end[id.len] = ',';
		end += id.len + 1;
		at += size;
		position += size;
	}
	return (struct slice){ text, (size_t)(end - text) - 1 };
}

/* Of a message that is stored, but perhaps not as safely as it should be. */
static struct slice
remark_of(int32_t code)
{
	switch (code) {
	case RESPONSE_FLUSH_DISK_TIMEOUT:
		return SLICE("stored, but the disk did not confirm it in syncFlushTimeout");
	case RESPONSE_SLAVE_NOT_AVAILABLE:
		return SLICE("stored here only: too few slaves are in sync");
	default:
		return SLICE("stored, but the slaves did not confirm it in slaveTimeout");
	}
}

static int32_t
code_of(enum append_copy copy)
{
	if (copy == COPY_NO_SLAVE)
		return RESPONSE_SLAVE_NOT_AVAILABLE;
	return copy == COPY_TIMEOUT ? RESPONSE_FLUSH_SLAVE_TIMEOUT : RESPONSE_SUCCESS;
}

static void
reply_stored(struct loop *loop, struct send *send, int32_t code)
{
	const struct worker *worker = loop->context;
	const struct append *append = send->inflight.append;
	struct send_outcome result = {
		.code = code,
		.stored = true,
		.queue_id =
		    append->status == APPEND_DUPLICATE ? append->dedup->queue_id : send->queue_id,
		.queue_offset = append->queue_offset,
		.msg_ids = message_ids(loop, worker->broker, append),
	};

	/* A resend does not know when the first one is due. */
	if (append->timed.op == TIMED_STORE && append->status != APPEND_DUPLICATE)
		result.recall_handle = recall_handle_of(worker->broker, append, &loop->arena);
	if (code != RESPONSE_SUCCESS)
		result.remark = remark_of(code);
	send->done(loop, send, &result);
}

static void
reply_failed(struct loop *loop, struct send *send)
{
	const struct worker *worker = loop->context;
	struct store_stats stats;
	struct send_outcome result = { 0 };

	switch (send->inflight.append->status) {
	case APPEND_OK:
	case APPEND_DUPLICATE:
	case APPEND_NOT_OPEN:
		return;
	case APPEND_FAILED:
		store_get_stats(worker->broker->store, &stats);
		result.code =
		    stats.writable ? RESPONSE_SYSTEM_ERROR : RESPONSE_SERVICE_NOT_AVAILABLE;
		result.remark =
		    stats.writable
			? SLICE("not stored: the disk reported an error, see the broker's log")
			: slice_of(stats.write_block);
		break;
	case APPEND_DISK_FULL:
		result.code = RESPONSE_SERVICE_NOT_AVAILABLE;
		result.remark = retention_disk_text(worker->broker, &loop->arena);
		break;
	case APPEND_MIXED:
		result.code = RESPONSE_MESSAGE_ILLEGAL;
		result.remark = SLICE("the batch is illegal: some of its messages were stored "
				      "before, in the dedup.window of the topic; send the others");
		break;
	case APPEND_KEYS_FULL:
		limits_refuse(worker->broker->limits, LIMIT_DEDUP_KEYS, 1);
		result.code = RESPONSE_SYSTEM_BUSY;
		result.remark = slice_of(limit_remark(LIMIT_DEDUP_KEYS));
		break;
	case APPEND_CANCELLED:
		result.code = RESPONSE_SYSTEM_BUSY;
		result.remark = arena_printf(&loop->arena,
		    "[TIMEOUT_CLEAN_QUEUE]broker busy, the disk is behind: not stored after "
		    "%" PRId64 "ms in the queue",
		    (clock_mono_us() - send->inflight.since_us) / 1000);
		break;
	}
	send->done(loop, send, &result);
}

static void
count(struct worker *worker, const struct send *send)
{
	const struct append *append = send->inflight.append;

	if (append->status == APPEND_DUPLICATE)
		return;
	if (append->status != APPEND_OK) {
		stats_put_failed(worker->broker->stats, worker->loop->index);
		return;
	}
	stats_put(worker->broker->stats, worker->loop->index, append->topic, append->n_records,
	    append->size, clock_mono_us() - send->inflight.since_us);
}

static void
on_stored(struct append *append, struct loop *loop)
{
	struct worker *worker = loop->context;
	struct send *send = append->context;

	count(worker, send);
	if (append->timed.op == TIMED_STORE && append->status == APPEND_OK)
		timed_messages_hint(worker->broker->timed, &append->timed);
	if (!send->inflight.replied &&
	    (append->status == APPEND_OK || append->status == APPEND_DUPLICATE))
		reply_stored(loop, send, code_of(append->copy));
	else if (!send->inflight.replied)
		reply_failed(loop, send);
	inflight_remove(worker->inflight, &send->inflight);
	send->release(loop, send);
	append_free(append);
}

static void
on_flush_timeout(struct loop *loop, struct inflight_send *inflight)
{
	reply_stored(
	    loop, container_of(inflight, struct send, inflight), RESPONSE_FLUSH_DISK_TIMEOUT);
}

static void
on_drop(struct loop *loop, struct inflight_send *inflight)
{
	struct send *send = container_of(inflight, struct send, inflight);

	append_free(inflight->append);
	send->release(loop, send);
}

void
send_start(struct broker *broker)
{
	const struct broker_settings *settings = broker->settings;

	for (int on = 0; on <= 1; on++) {
		struct buf *text = &broker->added_properties[on];

		if (*settings->region_id != '\0')
			property_append(text, SLICE("MSG_REGION"), slice_of(settings->region_id));
		property_append(text, SLICE("TRACE_ON"), on ? SLICE("true") : SLICE("false"));
		property_append(text, SLICE("CLUSTER"), slice_of(settings->broker_cluster_name));
	}
}

void
send_end(struct broker *broker)
{
	for (int on = 0; on <= 1; on++)
		buf_release(&broker->added_properties[on]);
}

void
send_attach(struct worker *worker)
{
	const struct broker_settings *settings = worker->broker->settings;

	worker->sent_to = mem_zalloc(sizeof *worker->sent_to);
	worker->inflight =
	    inflight_new(worker->loop, &(struct inflight_limits){
					   .wait_ms = settings->wait_time_mills_in_send_queue,
					   .flush_ms = settings->sync_flush_timeout,
					   .on_flush_timeout = on_flush_timeout,
					   .on_drop = on_drop,
				       });
}

/* ---- the checks ------------------------------------------------------ */

/* Always false. */
static bool __attribute__((format(printf, 3, 4)))
refuse(struct outgoing *out, int32_t code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	*out->refusal = (struct send_outcome){
		.code = code,
		.remark = arena_vprintf(out->question->arena, format, args),
	};
	va_end(args);
	return false;
}

static bool
check_service(struct outgoing *out)
{
	const struct broker *broker = out->worker->broker;
	int64_t since = broker->settings->start_accept_send_request_time_stamp;
	struct store_stats stats;

	if (since > 0 && clock_wall_ms() < since)
		return refuse(
		    out, RESPONSE_SYSTEM_ERROR, "broker unable to service, until %" PRId64, since);
	if (registrar_refusal(broker->registrar) != NULL)
		return refuse(out, RESPONSE_SERVICE_NOT_AVAILABLE, "%s",
		    registrar_refusal(broker->registrar));
	if (!store_is_busy(broker->store) && (int64_t)inflight_count(out->worker->inflight) <
						 broker->settings->send_thread_pool_queue_capacity)
		return true;
	store_get_stats(broker->store, &stats);
	return refuse(out, RESPONSE_SYSTEM_BUSY,
	    "[OVERLOAD]system busy, the disk is behind: %zu sends and %" PRId64
	    " bytes wait for it, retry later",
	    inflight_count(out->worker->inflight), stats.queued_bytes);
}

static bool
check_size(struct outgoing *out)
{
	const struct broker *broker = out->worker->broker;
	int64_t max = broker->settings->max_message_size;

	if ((int64_t)out->question->body.len > max)
		return refuse(out, RESPONSE_MESSAGE_ILLEGAL,
		    "the message is illegal, its body has %zu bytes, maxMessageSize is %" PRId64,
		    out->question->body.len, max);
	if (out->question->properties.len > RECORD_PROPERTIES_MAX)
		return refuse(out, RESPONSE_MESSAGE_ILLEGAL,
		    "the message is illegal, its properties have %zu bytes, the limit is %d",
		    out->question->properties.len, RECORD_PROPERTIES_MAX);
	return true;
}

/* A message that some broker stored before has properties of that time, which go. */
static bool
read_properties(struct outgoing *out)
{
	static const char *const old[] = { "CLUSTER", "MSG_REGION", "TRACE_ON", NULL };
	const struct broker *broker = out->worker->broker;
	struct slice properties = out->question->properties;

	properties_read(properties, &out->known);
	if (out->known.cluster.data != NULL) {
		struct buf text = { 0 };

		property_copy_without(&text, properties, old);
		properties = arena_copy(out->question->arena, buf_slice(&text));
		buf_release(&text);
		properties_read(properties, &out->known);
	}
	out->properties = properties;
	out->added = buf_slice(&broker->added_properties[broker->settings->trace_on]);
	return true;
}

/* A consumer's retry that is delayed is none, whatever its properties say. */
static bool
is_half(const struct outgoing *out)
{
	return slice_equal_nocase(out->known.transaction, SLICE("true")) &&
	       (out->question->reconsume_times <= 0 ||
		   delay_level(out->worker->broker->delays, out->known.delay) == 0);
}

static bool
refuse_time(struct outgoing *out)
{
	return refuse(out, RESPONSE_MESSAGE_ILLEGAL,
	    "timer message illegal, the delay time should be a number and not be bigger than the "
	    "max delay %" PRId64 "ms; or if set del msg, the delay time should be bigger than the "
	    "current time",
	    out->worker->broker->settings->timer_max_delay_sec * 1000);
}

/* It names a time, unless it has a delay level, which counts more. */
static bool
check_timed(struct outgoing *out)
{
	const struct broker *broker = out->worker->broker;
	struct timed_counts counts;

	if (delay_level(broker->delays, out->known.delay) != 0)
		return true;
	if (!broker->settings->timer_wheel_enable)
		return refuse(out, RESPONSE_SYSTEM_ERROR,
		    "accurate timer message is not enabled, timerWheelEnable is false");
	if (out->question->batch)
		return refuse(out, RESPONSE_MESSAGE_ILLEGAL,
		    "the message is illegal, a batch cannot be timed");
	out->timed = (struct timed){ 0 };
	enum timed_wish wish = timed_wish_of(broker, &out->known, &out->timed);

	if (wish == TIMED_WISH_BAD ||
	    (wish == TIMED_WISH_NOW && out->known.timer_delete.data != NULL))
		return refuse_time(out);
	if (wish == TIMED_WISH_NOW)
		return true;
	out->recalls = out->known.timer_delete.data != NULL;
	if (out->recalls && !broker->settings->recall_message_enable)
		return refuse(out, RESPONSE_NO_PERMISSION,
		    "recall failed, operation is forbidden: recallMessageEnable is false");
	store_timed_counts(broker->store, &counts);
	if (!out->recalls &&
	    !limits_allow(broker->limits, LIMIT_TIMERS, (uint64_t)counts.n_pending + 1))
		return refuse(out, RESPONSE_SYSTEM_ERROR, "%s", limit_remark(LIMIT_TIMERS));
	out->is_timed = true;
	return true;
}

static bool
check_kind(struct outgoing *out)
{
	const struct broker *broker = out->worker->broker;

	if (timed_is_asked(&out->known) && !check_timed(out))
		return false;
	if (!is_half(out))
		return true;
	if (broker->settings->reject_transaction_message)
		return refuse(out, RESPONSE_NO_PERMISSION,
		    "the broker[%s] sending transaction message is forbidden", broker->address);
	if (out->question->batch)
		return refuse(out, RESPONSE_MESSAGE_ILLEGAL,
		    "the message is illegal, a batch cannot be a transaction");
	if (out->known.producer_group.len == 0)
		return refuse(out, RESPONSE_MESSAGE_ILLEGAL,
		    "the message is illegal, a transaction needs the property PGROUP: nobody "
		    "could be asked about it, or end it");
	if (name_fault(NAME_GROUP, out->known.producer_group) != NULL)
		return refuse(out, RESPONSE_MESSAGE_ILLEGAL,
		    "the message is illegal, its property PGROUP %s",
		    name_fault(NAME_GROUP, out->known.producer_group));
	out->half = true;
	return true;
}

/* The group of %RETRY%group, and its name. */
static bool
find_retry_group(struct outgoing *out, struct slice *name, struct group *group)
{
	const char *why;

	*name = out->question->topic;
	name->data += strlen(TOPIC_RETRY_PREFIX);
	name->len -= strlen(TOPIC_RETRY_PREFIX);
	if (group_find_or_create(out->worker->broker, *name, group, &why))
		return true;
	return refuse(out, RESPONSE_SUBSCRIPTION_GROUP_NOT_EXIST,
	    "subscription group not exist, %.*s: %s", (int)name->len, name->data, why);
}

/*
 * The last try that is allowed has reconsumeTimes = max. A client that could not send back counts
 * the try that failed, and has a delay level of 2 more. An ordered consumer of RocketMQ 4 does not
 * count it, has a level of 3 more, and means the dead letters.
 */
static bool
came_too_often(const struct outgoing *out, const struct group *group)
{
	int32_t max = out->question->max_reconsume_times >= 0 ? out->question->max_reconsume_times
	                                                      : group->retry_max;
	int32_t times = out->question->reconsume_times, level;

	if (times != max)
		return times > max;
	return slice_to_int32(out->known.delay, &level) == -1 || level - times != LEVEL_IF_COUNTED;
}

/*
 * A message for %RETRY%group that came back too often goes to the dead letters, at once: a client
 * that falls back to such a send leaves its delay in the properties.
 */
static bool __attribute__((noinline)) route_to_retry(struct outgoing *out)
{
	struct broker *broker = out->worker->broker;
	struct slice name = out->question->topic;
	const char *why;
	struct group group;

	if (out->question->reconsume_times < 0)
		return refuse(out, RESPONSE_MESSAGE_ILLEGAL,
		    "the message is illegal, its reconsumeTimes is %" PRId32,
		    out->question->reconsume_times);
	if (!find_retry_group(out, &name, &group))
		return false;
	if (!came_too_often(out, &group))
		return true;
	out->topic = &out->found;
	if (!topic_find_or_create_dead(broker, name, &out->found, &why))
		return refuse(
		    out, RESPONSE_SYSTEM_ERROR, "cannot create the dead letter topic: %s", why);
	out->queue_id = 0;
	out->dead = true;
	return true;
}

/* Other sends have no room for a group on their stack, which is cleared. */
static inline bool
route_retry(struct outgoing *out)
{
	return !slice_starts(out->question->topic, TOPIC_RETRY_PREFIX) || route_to_retry(out);
}

static bool
refuse_forbidden(struct outgoing *out)
{
	return refuse(out, RESPONSE_NO_PERMISSION, "Sending message to topic[%.*s] is forbidden.",
	    (int)out->question->topic.len, out->question->topic.data);
}

/* It needs no template. */
static bool
create_retry_topic(struct outgoing *out)
{
	struct slice name;
	struct group group;
	const char *why;

	if (!find_retry_group(out, &name, &group))
		return false;
	if (topic_find_or_create_retry(out->worker->broker, name, group.retry_queues,
		out->question->unit_mode, &out->found, &why))
		return true;
	return refuse(out, RESPONSE_TOPIC_NOT_EXIST, "topic[%.*s] not exist: %s",
	    (int)out->question->topic.len, out->question->topic.data, why);
}

/* The topic does not exist yet. */
static bool
create_topic(struct outgoing *out)
{
	const char *why = "";
	struct topic_wish wish = {
		.name = out->question->topic,
		.template_name = out->question->template_topic,
		.queues = out->question->template_queues,
		.sys_flag = out->question->unit_mode ? TOPIC_FLAG_UNIT : 0,
	};

	if (!name_is_valid(wish.name))
		return refuse(out, RESPONSE_SYSTEM_ERROR,
		    "the topic[%.*s] is illegal: letters, digits, %%, |, - and _ only, at most %d",
		    (int)utf8_cut(wish.name, 200).len, wish.name.data, RECORD_TOPIC_MAX);
	if (topic_is_forbidden(wish.name))
		return refuse_forbidden(out);
	if (slice_starts(wish.name, TOPIC_RETRY_PREFIX))
		return create_retry_topic(out);
	if (!topic_find_or_create(out->worker->broker, &wish, &out->found, &why))
		return refuse(out, RESPONSE_TOPIC_NOT_EXIST,
		    "topic[%.*s] not exist, apply first please! %s", (int)wish.name.len,
		    wish.name.data, why);
	return true;
}

/* A topic of the table has a valid name, and only topics of the system are forbidden to senders. */
static bool
check_topic(struct outgoing *out)
{
	struct broker *broker = out->worker->broker;
	const struct topic *topic =
	    topics_find_again(broker->topics, out->question->topic, out->worker->sent_to);

	if (topic == NULL) {
		if (!create_topic(out))
			return false;
		topic = &out->found;
	} else if (topic->system && topic_is_forbidden(out->question->topic)) {
		return refuse_forbidden(out);
	}
	out->topic = topic;
	if (!(topic->perm & PERM_WRITE))
		return refuse(out, RESPONSE_NO_PERMISSION,
		    "the topic[%s] sending message is forbidden", topic->name);
	if (topic->order && !(broker->settings->broker_permission & PERM_WRITE))
		return refuse(out, RESPONSE_NO_PERMISSION,
		    "the broker[%s] sending message is forbidden", broker->address);
	return true;
}

/* Source: TopicMessageType of RocketMQ 5.3.3. */
static enum message_type
message_type(const struct outgoing *out)
{
	const struct known_properties *properties = &out->known;

	if (slice_is(properties->transaction, "true"))
		return MESSAGE_TRANSACTION;
	if (properties->delay.data != NULL || timed_is_asked(properties))
		return MESSAGE_DELAY;
	if (property_find(out->question->properties, "__SHARDINGKEY").data != NULL)
		return MESSAGE_FIFO;
	return MESSAGE_NORMAL;
}

/*
 * The same check as of RocketMQ's proxy. Retries and dead letters belong to no type, and neither do
 * messages that another broker forwards. Source: its SendMessageActivity.
 */
static bool
check_type(struct outgoing *out)
{
	if (!out->question->check_type)
		return true;

	enum message_type wanted = attributes_message_type(&out->topic->attributes);
	enum message_type type = message_type(out);

	if (type == wanted || wanted == MESSAGE_MIXED ||
	    slice_starts(out->question->topic, TOPIC_RETRY_PREFIX) ||
	    slice_starts(out->question->topic, TOPIC_DEAD_PREFIX) ||
	    property_find(out->question->properties, "TRANSFER_FLAG").data != NULL)
		return true;
	return refuse(out, RESPONSE_MESSAGE_ILLEGAL,
	    "TopicMessageType validate failed, the expected type is %s, but actual type is %s",
	    message_type_name(wanted), message_type_name(type));
}

static bool
choose_queue(struct outgoing *out)
{
	struct worker *worker = out->worker;
	int32_t n = out->topic->write_queues;
	int32_t most = n > out->topic->read_queues ? n : out->topic->read_queues;

	if (out->question->queue_id >= most)
		return refuse(out, RESPONSE_SYSTEM_ERROR,
		    "request queueId[%" PRId32 "] is illegal, topic:[%s] has %" PRId32 " queues",
		    out->question->queue_id, out->topic->name, most);
	out->queue_id = out->question->queue_id;
	if (out->queue_id < 0)
		out->queue_id = n > 0 ? (int32_t)(worker->next_queue++ % (uint32_t)n) : 0;
	return true;
}

/* ---- the records ----------------------------------------------------- */

static void
make_record(const struct outgoing *out, struct record *record)
{
	*record = (struct record){
		.queue_id = out->queue_id,
		.flag = out->question->flag,
		.sys_flag =
		    out->question->sys_flag | (out->topic->multi_tag ? SYS_FLAG_MULTI_TAGS : 0),
		.born_timestamp = out->question->born_timestamp,
		.born_host = out->question->born_host,
		.reconsume_times = out->question->reconsume_times,
		.body = out->question->body,
		.topic = slice_of(out->topic->name),
		.properties = out->properties,
		.added = out->added,
	};
}

/* A member's own properties, then those of the whole batch. */
static struct slice
join_properties(struct arena *arena, struct slice own, struct slice common)
{
	if (common.len == 0)
		return own;
	char *text = arena_alloc(arena, own.len + common.len + 1);
	size_t len = own.len;

	if (len != 0)
		memcpy(text, own.data, len);
	if (len != 0 && text[len - 1] != '\x02')
		text[len++] = '\x02';
	memcpy(text + len, common.data, common.len);
	return (struct slice){ text, len + common.len };
}

/* Read in full only when it looks like one: members' properties are not read else. */
static bool
member_is_timed(struct slice properties)
{
	struct known_properties known;

	if (properties.len == 0 ||
	    (memmem(properties.data, properties.len, "TIMER_DEL", 9) == NULL &&
		memmem(properties.data, properties.len, "__STARTDELIVERTIME", 18) == NULL))
		return false;
	properties_read(properties, &known);
	return timed_is_asked(&known);
}

static bool
batch_records(struct outgoing *out)
{
	struct batch_item item;
	struct slice rest = out->question->body;
	struct record each;
	size_t n = 0;
	int more;

	while ((more = batch_next(&rest, &item)) == 1)
		n++;
	if (more == -1 || n == 0)
		return refuse(out, RESPONSE_MESSAGE_ILLEGAL,
		    "the batch is illegal: message %zu of it cannot be read", n + 1);
	out->records = arena_alloc(out->question->arena, n * sizeof *out->records);
	make_record(out, &each);
	rest = out->question->body;
	for (; out->n_records < n; out->n_records++) {
		struct record *record = &out->records[out->n_records];

		batch_next(&rest, &item);
		if (member_is_timed(item.properties))
			return refuse(out, RESPONSE_MESSAGE_ILLEGAL,
			    "the batch is illegal: message %zu of it wants a time of its own, "
			    "which only a single message can have",
			    out->n_records + 1);
		*record = each;
		record->flag = item.flag;
		record->body = item.body;
		record->properties =
		    join_properties(out->question->arena, item.properties, out->properties);
		if (record_properties_exceed(record))
			return refuse(out, RESPONSE_MESSAGE_ILLEGAL,
			    "the properties of message %zu are too long", out->n_records + 1);
	}
	return true;
}

/* Of a dead letter: no delay, and where it came from. */
static struct slice
dead_properties(const struct outgoing *out)
{
	static const char *const replaced[] = { "DELAY", "DLQ_ORIGIN_TOPIC",
		"DLQ_ORIGIN_MESSAGE_ID", NULL };
	struct slice id = out->known.unique_key;
	struct buf text = { 0 };

	if (id.len == 0)
		id = property_find(out->properties, "ORIGIN_MESSAGE_ID");
	property_copy_without(&text, out->properties, replaced);
	dead_letter_mark(&text, property_find(out->properties, "RETRY_TOPIC"), id);

	struct slice copy = arena_copy(out->question->arena, buf_slice(&text));

	buf_release(&text);
	return copy;
}

static bool
make_records(struct outgoing *out)
{
	if (out->question->batch)
		return batch_records(out);
	out->records = arena_alloc(out->question->arena, sizeof *out->records);
	make_record(out, out->records);
	out->n_records = 1;
	if (out->dead)
		out->records[0].properties = dead_properties(out);
	return true;
}

/* A transaction's message, or one with a delay level, waits elsewhere first. */
static bool
divert(struct outgoing *out)
{
	const struct delays *delays = out->worker->broker->delays;
	int level = out->half || out->dead || out->known.delay.data == NULL
	                ? 0
	                : delay_level(delays, out->known.delay);

	if (out->is_timed && !out->half && !out->dead) {
		timed_divert(&out->records[0], &out->timed, out->question->arena);
		return true;
	}
	out->is_timed = false;
	if (out->question->batch || (!out->half && level == 0))
		return true;
	if (out->half) {
		transaction_divert(&out->records[0], out->question->arena);
	} else {
		out->tag_hash = delay_divert(delays, level, &out->records[0], out->question->arena);
		out->delayed = true;
	}
	return true;
}

/* With what was added to say where it came from, and where it goes. */
static bool
check_record(struct outgoing *out)
{
	if (!out->question->batch && record_properties_exceed(&out->records[0]))
		return refuse(out, RESPONSE_MESSAGE_ILLEGAL,
		    "the message is illegal, its properties have %zu bytes, the limit is %d with "
		    "those that the broker adds",
		    out->question->properties.len, RECORD_PROPERTIES_MAX);
	return true;
}

/* In this order; the first that says false has refused the send. */
static bool (*const steps[])(struct outgoing *out) = {
	check_service,
	check_size,
	read_properties,
	check_kind,
	check_topic,
	check_type,
	choose_queue,
	route_retry,
	make_records,
	divert,
	check_record,
};

static struct append *
make_append(const struct outgoing *out)
{
	struct store *store = out->worker->broker->store;
	struct append *append =
	    out->n_records == 1 && !out->question->batch
		? append_new_known(store, out->worker->loop, out->records, &out->known)
		: append_new(store, out->records, out->n_records);

	if (out->delayed)
		append_set_tag_hash(append, out->tag_hash);
	if (out->is_timed)
		append->timed = timed_store_change(&out->timed);
	if (out->half)
		append->half = (struct half_change){
			.op = HALF_STORE,
			.due_in_ms =
			    transaction_immunity_ms(out->worker->broker->settings, &out->known),
		};
	if (out->worker->broker->settings->broker_role == BROKER_SYNC_MASTER)
		append->copy_unasked = slice_is(property_find(out->properties, "WAIT"), "false");
	append->reply_loop = out->worker->loop;
	append->done = on_stored;
	return append;
}

/* The messages' own keys, not that of the batch. */
static struct slice *
batch_keys(const struct outgoing *out)
{
	struct slice rest = out->question->body;
	struct slice *keys = arena_alloc(out->question->arena, out->n_records * sizeof *keys);
	struct batch_item item;

	for (size_t i = 0; i < out->n_records && batch_next(&rest, &item) == 1; i++)
		keys[i] = property_first(item.properties, "UNIQ_KEY");
	return keys;
}

/* A resend within the topic's window is not stored. False: it was refused. */
static bool
set_dedup(struct outgoing *out, struct append *append, int64_t window_ms)
{
	struct slice lone = out->known.unique_key;
	struct dedup_wish wish = {
		.topic = slice_of(out->topic->name),
		.window_ms = window_ms,
		.queue_id = out->queue_id,
		.unique_keys = &lone,
	};

	if (out->known.repeated)
		lone = property_first(out->properties, "UNIQ_KEY");
	if (out->question->batch)
		wish.unique_keys = batch_keys(out);
	return append_set_dedup(append, &wish) == 0 ||
	       refuse(out, RESPONSE_MESSAGE_ILLEGAL,
		   "the batch is illegal: two of its messages have one unique key");
}

/* In the arena: a large variable on the stack is cleared each time. */
static struct outgoing *
outgoing_new(
    struct worker *worker, const struct send_question *question, struct send_outcome *refusal)
{
	struct outgoing *out = arena_alloc(question->arena, sizeof *out);

	memset(out, 0, offsetof(struct outgoing, known));
	out->worker = worker;
	out->question = question;
	out->refusal = refusal;
	return out;
}

static bool
run_steps(struct outgoing *out)
{
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		if (!steps[i](out))
			return false;
	return true;
}

bool
send_check(
    struct worker *worker, const struct send_question *question, struct send_outcome *refusal)
{
	return run_steps(outgoing_new(worker, question, refusal));
}

/* ---- a message that recalls another one -------------------------------- */

/* The reply is about the event that is stored in its place. */
static void
on_recalled(
    void *context, struct loop *loop, enum recall_outcome outcome, const struct append *event)
{
	const struct worker *worker = loop->context;
	struct send *send = context;
	struct send_outcome result = { .code = RESPONSE_SUCCESS };

	if (outcome == RECALL_DONE) {
		result.stored = true;
		result.queue_offset = event->queue_offset;
		result.msg_ids = message_ids(loop, worker->broker, event);
	} else {
		result.code =
		    outcome == RECALL_FAILED ? RESPONSE_SYSTEM_ERROR : RESPONSE_MESSAGE_ILLEGAL;
		result.remark =
		    arena_printf(&loop->arena, "recall failed, %s", recall_fault(outcome));
	}
	send->done(loop, send, &result);
	send->release(loop, send);
}

/* TIMER_DEL_UNIQKEY is topic+key, as TimerMessageStore.buildDeleteKey makes it. */
static bool
recall(struct outgoing *out, struct send *send)
{
	struct slice key = out->known.timer_delete, topic = slice_of(out->topic->name);

	if (key.len > topic.len + 1 && slice_starts(key, out->topic->name) &&
	    key.data[topic.len] == '+')
		key = (struct slice){ key.data + topic.len + 1, key.len - topic.len - 1 };
	send->queue_id = TIMED_QUEUE_EVENTS;
	timed_recall(out->worker,
	    &(struct recall_question){
		.topic = topic,
		.unique_key = key,
		.due_ms = out->timed.due_ms,
		.by = out->known.producer_group,
	    },
	    on_recalled, send);
	return true;
}

bool
send_message(struct worker *worker, const struct send_question *question, struct send *send,
    struct send_outcome *refusal)
{
	struct outgoing *out = outgoing_new(worker, question, refusal);

	if (!run_steps(out))
		return false;
	if (out->recalls && out->is_timed)
		return recall(out, send);
	struct append *append = make_append(out);

	int64_t window_ms = 1000 * out->topic->attributes.values[ATTRIBUTE_DEDUP_WINDOW];

	if (window_ms != 0 && !set_dedup(out, append, window_ms)) {
		append_free(append);
		return false;
	}
	append->context = send;
	send->queue_id = out->queue_id;
	inflight_add(worker->inflight, &send->inflight, append);
	store_append(worker->broker->store, append);
	return true;
}
