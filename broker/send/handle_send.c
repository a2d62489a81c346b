#include "config.h"

#include "broker/send/handle_send.h"

/*
 * SEND_MESSAGE, its short-named twin, and batches. The message is laid out as
 * a record here, on the loop, straight from the frame; the writer only gives
 * it its places. Checks and answers: protocol description 2.2.
 */

#include <inttypes.h>
#include <stdlib.h>

#include "broker/context.h"
#include "broker/delay/delay.h"
#include "broker/state/group.h"
#include "broker/cluster/register.h"
#include "broker/retention/retention.h"
#include "broker/send/inflight.h"
#include "broker/state/stats.h"
#include "broker/state/topic.h"
#include "broker/catalog/topic_create.h"
#include "broker/transaction/decide/half_message.h"
#include "common/base/clock.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "common/protocol/name.h"

#define TOPIC_SYS_FLAG_UNIT 1
#define VERSION_WITH_MAX_RECONSUME 121 /* V3_4_9: clients from here on say their own limit */

/* What one send is about, once the checks are through. */
struct outgoing {
	struct topic topic;
	int32_t queue_id;
	struct record *records;
	size_t n_records;
	struct known_properties properties;
	bool half; /* it waits for the end of its transaction */
	bool dead; /* it came back too often, and goes to the dead letters */
	bool delayed;
	int64_t tag_hash; /* of a delayed message: when it is due */
};

/* ---- the answer ------------------------------------------------------ */

/* Offset ids of all records, joined by commas. */
static struct slice
message_ids(struct loop *loop, const struct broker *broker, const struct append *append)
{
	const char *at = append->records;
	int64_t position = append->position;

	if (append->n_records == 1)
		return message_id(&loop->arena, &broker->host, position);
	struct slice id = message_id(&loop->arena, &broker->host, position);
	char *text = arena_alloc(&loop->arena, append->n_records * (id.len + 1)), *end = text;

	for (uint32_t i = 0; i < append->n_records; i++) {
		uint32_t size = be32_get(at + RECORD_AT_SIZE);

		memcpy(end, id.data, id.len);
		message_id_move(end, id.len, position);
		end[id.len] = ',';
		end += id.len + 1;
		at += size;
		position += size;
	}
	return (struct slice){ text, (size_t)(end - text) - 1 };
}

static void
reply_stored(struct loop *loop, const struct inflight_send *send, int32_t code)
{
	const struct worker *worker = loop->context;
	const struct broker *broker = worker->broker;
	const struct append *append = send->append;
	struct send_answer header = {
		.msg_id = message_ids(loop, broker, append),
		.queue_id = send->queue_id,
		.queue_offset = append->queue_offset,
		.msg_region = slice_of(broker->settings->region_id),
		.trace_on = broker->settings->trace_on ? SLICE("true") : SLICE("false"),
	};
	struct reply reply = { .code = code, .fields = send_reply_fields, .header = &header };

	if (code == RESPONSE_FLUSH_DISK_TIMEOUT)
		reply.remark = SLICE("stored, but the disk did not confirm it in syncFlushTimeout");
	ticket_reply(loop, &send->ticket, &reply);
}

static void
reply_failed(struct loop *loop, const struct inflight_send *send)
{
	const struct worker *worker = loop->context;
	struct store_stats stats;
	struct reply reply = { 0 };

	switch (send->append->status) {
	case APPEND_OK:
	case APPEND_NOT_OPEN:
		return;
	case APPEND_FAILED:
		store_get_stats(worker->broker->store, &stats);
		reply.code =
		    stats.writable ? RESPONSE_SYSTEM_ERROR : RESPONSE_SERVICE_NOT_AVAILABLE;
		reply.remark =
		    stats.writable
			? SLICE("not stored: the disk reported an error, see the broker's log")
			: slice_of(stats.write_block);
		break;
	case APPEND_DISK_FULL:
		reply.code = RESPONSE_SERVICE_NOT_AVAILABLE;
		reply.remark = retention_disk_text(worker->broker, &loop->arena);
		break;
	case APPEND_CANCELLED:
		reply.code = RESPONSE_SYSTEM_BUSY;
		reply.remark = arena_printf(&loop->arena,
		    "[TIMEOUT_CLEAN_QUEUE]broker busy, the disk is behind: not stored after "
		    "%" PRId64 "ms in the queue",
		    (clock_mono_us() - send->since_us) / 1000);
		break;
	}
	ticket_reply(loop, &send->ticket, &reply);
}

static void
count(struct worker *worker, const struct inflight_send *send)
{
	const struct append *append = send->append;

	if (append->status != APPEND_OK) {
		stats_put_failed(worker->broker->stats, worker->loop->index);
		return;
	}
	stats_put(worker->broker->stats, worker->loop->index, append->topic, append->n_records,
	    append->size, clock_mono_us() - send->since_us);
}

static void
on_stored(struct append *append, struct loop *loop)
{
	struct worker *worker = loop->context;
	struct inflight_send *send = append->context;

	count(worker, send);
	if (!send->replied && append->status == APPEND_OK)
		reply_stored(loop, send, RESPONSE_SUCCESS);
	else if (!send->replied)
		reply_failed(loop, send);
	inflight_remove(worker->inflight, send);
	append_free(append);
}

static void
on_flush_timeout(struct loop *loop, struct inflight_send *send)
{
	reply_stored(loop, send, RESPONSE_FLUSH_DISK_TIMEOUT);
}

void
send_attach(struct worker *worker)
{
	const struct broker_settings *settings = worker->broker->settings;

	worker->inflight =
	    inflight_new(worker->loop, &(struct inflight_limits){
					   .wait_ms = settings->wait_time_mills_in_send_queue,
					   .flush_ms = settings->sync_flush_timeout,
					   .on_flush_timeout = on_flush_timeout,
				       });
}

/* ---- the checks ------------------------------------------------------ */

/* Clients read MSG_REGION from refusals too. */
static enum verdict
with_region(struct request *request, enum verdict verdict)
{
	const struct broker_settings *settings = request_broker(request)->settings;
	struct send_answer *header = arena_zalloc(request->arena, sizeof *header);

	header->msg_region = slice_of(settings->region_id);
	header->trace_on = settings->trace_on ? SLICE("true") : SLICE("false");
	request->reply.fields = send_refusal_fields;
	request->reply.header = header;
	return verdict;
}

static enum verdict
check_service(struct request *request, const struct send_header *header, struct outgoing *out)
{
	const struct broker *broker = request_broker(request);
	int64_t since = broker->settings->start_accept_send_request_time_stamp;
	struct store_stats stats;

	(void)header;
	(void)out;
	if (clock_wall_ms() < since)
		return request_refuse(request, RESPONSE_SYSTEM_ERROR,
		    "broker unable to service, until %" PRId64, since);
	if (registrar_refusal(broker->registrar) != NULL)
		return request_refuse(request, RESPONSE_SERVICE_NOT_AVAILABLE, "%s",
		    registrar_refusal(broker->registrar));
	if (!store_is_busy(broker->store) &&
	    (int64_t)inflight_count(request_worker(request)->inflight) <
		broker->settings->send_thread_pool_queue_capacity)
		return VERDICT_NONE;
	store_get_stats(broker->store, &stats);
	return request_refuse(request, RESPONSE_SYSTEM_BUSY,
	    "[OVERLOAD]system busy, the disk is behind: %zu sends and %" PRId64
	    " bytes wait for it, retry later",
	    inflight_count(request_worker(request)->inflight), stats.queued_bytes);
}

static enum verdict
check_size(struct request *request, const struct send_header *header, struct outgoing *out)
{
	const struct broker *broker = request_broker(request);
	int64_t max = broker->settings->max_message_size;

	(void)out;
	if ((int64_t)request->body.len > max)
		return request_refuse(request, RESPONSE_MESSAGE_ILLEGAL,
		    "the message is illegal, its body has %zu bytes, maxMessageSize is %" PRId64,
		    request->body.len, max);
	if (header->properties.len > RECORD_PROPERTIES_MAX)
		return request_refuse(request, RESPONSE_MESSAGE_ILLEGAL,
		    "the message is illegal, its properties have %zu bytes, the limit is %d",
		    header->properties.len, RECORD_PROPERTIES_MAX);
	return VERDICT_NONE;
}

/* A consumer's retry that is delayed is none, whatever its properties say. */
static bool
is_half(const struct broker *broker, const struct send_header *header, const struct outgoing *out)
{
	return slice_equal_nocase(out->properties.transaction, SLICE("true")) &&
	       (header->reconsume_times <= 0 ||
		   delay_level(broker->delays, out->properties.delay) == 0);
}

static enum verdict
check_kind(struct request *request, const struct send_header *header, struct outgoing *out)
{
	const struct broker *broker = request_broker(request);

	properties_read(header->properties, &out->properties);
	if (out->properties.timer.data != NULL &&
	    delay_level(broker->delays, out->properties.delay) == 0)
		return request_refuse(request, RESPONSE_MESSAGE_ILLEGAL,
		    "the message is illegal, this broker has no timers: TIMER_DELAY_SEC, "
		    "TIMER_DELAY_MS and TIMER_DELIVER_MS are not supported, use a delay level");
	if (!is_half(broker, header, out))
		return VERDICT_NONE;
	if (broker->settings->reject_transaction_message)
		return request_refuse(request, RESPONSE_NO_PERMISSION,
		    "the broker[%s] sending transaction message is forbidden", broker->address);
	if (header->batch)
		return request_refuse(request, RESPONSE_MESSAGE_ILLEGAL,
		    "the message is illegal, a batch cannot be a transaction");
	if (out->properties.producer_group.len == 0)
		return request_refuse(request, RESPONSE_MESSAGE_ILLEGAL,
		    "the message is illegal, a transaction needs the property PGROUP: nobody "
		    "could be asked about it, or end it");
	if (name_fault(NAME_GROUP, out->properties.producer_group) != NULL)
		return request_refuse(request, RESPONSE_MESSAGE_ILLEGAL,
		    "the message is illegal, its property PGROUP %s",
		    name_fault(NAME_GROUP, out->properties.producer_group));
	out->half = true;
	return VERDICT_NONE;
}

/*
 * A message for %RETRY%group that came back too often goes to the dead letters, at once: a client
 * that falls back to such a send leaves its delay in the properties.
 */
static enum verdict
route_retry(struct request *request, const struct send_header *header, struct outgoing *out)
{
	struct broker *broker = request_broker(request);
	struct slice name = header->topic;
	const char *why;
	struct group group;

	if (!slice_starts(name, "%RETRY%"))
		return VERDICT_NONE;
	name.data += strlen("%RETRY%");
	name.len -= strlen("%RETRY%");
	if (!group_find_or_create(broker, name, &group, &why))
		return request_refuse(request, RESPONSE_SUBSCRIPTION_GROUP_NOT_EXIST,
		    "subscription group not exist, %.*s: %s", (int)name.len, name.data, why);

	int32_t max = group.retry_max;

	if (request->command->version >= VERSION_WITH_MAX_RECONSUME &&
	    header->max_reconsume_times >= 0)
		max = header->max_reconsume_times;
	if (header->reconsume_times < max)
		return VERDICT_NONE;
	if (!topic_find_or_create_dead(broker, name, &out->topic, &why))
		return request_refuse(
		    request, RESPONSE_SYSTEM_ERROR, "cannot create the dead letter topic: %s", why);
	out->queue_id = 0;
	out->dead = true;
	return VERDICT_NONE;
}

static enum verdict
check_topic(struct request *request, const struct send_header *header, struct outgoing *out)
{
	struct broker *broker = request_broker(request);
	struct topic *topic = &out->topic;
	const char *why = "";
	struct topic_wish wish = {
		.name = header->topic,
		.template_name = header->default_topic,
		.queues = header->default_topic_queues,
		.sys_flag = header->unit_mode ? TOPIC_SYS_FLAG_UNIT : 0,
	};

	if (!name_is_valid(header->topic))
		return request_refuse(request, RESPONSE_SYSTEM_ERROR,
		    "the topic[%.*s] is illegal: letters, digits, %%, |, - and _ only, at most %d",
		    (int)(header->topic.len > 200 ? 200 : header->topic.len), header->topic.data,
		    RECORD_TOPIC_MAX);
	if (topic_is_forbidden(header->topic))
		return request_refuse(request, RESPONSE_NO_PERMISSION,
		    "Sending message to topic[%.*s] is forbidden.", (int)header->topic.len,
		    header->topic.data);
	if (!topic_find_or_create(broker, &wish, topic, &why))
		return request_refuse(request, RESPONSE_TOPIC_NOT_EXIST,
		    "topic[%.*s] not exist, apply first please! %s", (int)header->topic.len,
		    header->topic.data, why);
	if (!(topic->perm & PERM_WRITE))
		return request_refuse(request, RESPONSE_NO_PERMISSION,
		    "the topic[%s] sending message is forbidden", topic->name);
	if (topic->order && !(broker->settings->broker_permission & PERM_WRITE))
		return request_refuse(request, RESPONSE_NO_PERMISSION,
		    "the broker[%s] sending message is forbidden", broker->address);
	return VERDICT_NONE;
}

static enum verdict
choose_queue(struct request *request, const struct send_header *header, struct outgoing *out)
{
	struct worker *worker = request_worker(request);
	int32_t n = out->topic.write_queues;
	int32_t most = n > out->topic.read_queues ? n : out->topic.read_queues;

	if (header->queue_id >= most)
		return request_refuse(request, RESPONSE_SYSTEM_ERROR,
		    "request queueId[%" PRId32 "] is illegal, topic:[%s] has %" PRId32 " queues",
		    header->queue_id, out->topic.name, most);
	out->queue_id = header->queue_id;
	if (out->queue_id < 0)
		out->queue_id = n > 0 ? (int32_t)(worker->next_queue++ % (uint32_t)n) : 0;
	return VERDICT_NONE;
}

/* ---- the records ----------------------------------------------------- */

static struct record
one_record(
    const struct request *request, const struct send_header *header, const struct outgoing *out)
{
	return (struct record){
		.queue_id = out->queue_id,
		.flag = header->flag,
		.sys_flag = header->sys_flag | (out->topic.multi_tag ? SYS_FLAG_MULTI_TAGS : 0),
		.born_timestamp = header->born_timestamp,
		.born_host = conn_peer_host(request->conn),
		.reconsume_times = header->reconsume_times,
		.body = request->body,
		.topic = slice_of(out->topic.name),
		.properties = header->properties,
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

static enum verdict
batch_records(struct request *request, const struct send_header *header, struct outgoing *out)
{
	struct batch_item item;
	struct slice rest = request->body;
	struct record each = one_record(request, header, out);
	size_t n = 0;
	int more;

	while ((more = batch_next(&rest, &item)) == 1)
		n++;
	if (more == -1 || n == 0)
		return request_refuse(request, RESPONSE_MESSAGE_ILLEGAL,
		    "the batch is illegal: message %zu of it cannot be read", n + 1);
	out->records = arena_alloc(request->arena, n * sizeof *out->records);
	rest = request->body;
	for (; out->n_records < n; out->n_records++) {
		struct record *record = &out->records[out->n_records];

		batch_next(&rest, &item);
		*record = each;
		record->flag = item.flag;
		record->body = item.body;
		record->properties =
		    join_properties(request->arena, item.properties, header->properties);
		if (record->properties.len > RECORD_PROPERTIES_MAX)
			return request_refuse(request, RESPONSE_MESSAGE_ILLEGAL,
			    "the properties of message %zu are too long", out->n_records + 1);
	}
	return VERDICT_NONE;
}

static enum verdict
make_records(struct request *request, const struct send_header *header, struct outgoing *out)
{
	if (header->batch)
		return batch_records(request, header, out);
	out->records = arena_alloc(request->arena, sizeof *out->records);
	out->records[0] = one_record(request, header, out);
	out->n_records = 1;
	if (out->dead)
		out->records[0].properties = properties_drop(
		    header->properties, &out->properties, PROPERTY_DELAY, request->arena);
	return VERDICT_NONE;
}

/* A transaction's message, or one with a delay level, waits elsewhere first. */
static enum verdict
divert(struct request *request, const struct send_header *header, struct outgoing *out)
{
	const struct delays *delays = request_broker(request)->delays;
	int level = out->half || out->dead ? 0 : delay_level(delays, out->properties.delay);

	if (header->batch || (!out->half && level == 0))
		return VERDICT_NONE;
	if (out->half) {
		transaction_divert(&out->records[0], request->arena);
	} else {
		out->tag_hash = delay_divert(delays, level, &out->records[0], request->arena);
		out->delayed = true;
	}
	if (out->records[0].properties.len > RECORD_PROPERTIES_MAX)
		return request_refuse(request, RESPONSE_MESSAGE_ILLEGAL,
		    "the message is illegal, its properties leave no room for its real topic");
	return VERDICT_NONE;
}

/* In this order; the first that does not say VERDICT_NONE is the answer. */
static enum verdict (*const steps[])(
    struct request *request, const struct send_header *header, struct outgoing *out) = {
	check_service,
	check_size,
	check_kind,
	check_topic,
	choose_queue,
	route_retry,
	make_records,
	divert,
};

static enum verdict
send_message_begin(struct request *request)
{
	struct worker *worker = request_worker(request);
	struct store *store = worker->broker->store;
	const struct send_header *header = request->header;
	struct outgoing out = { 0 };

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		enum verdict verdict = steps[i](request, header, &out);

		if (verdict != VERDICT_NONE)
			return with_region(request, verdict);
	}
	struct append *append =
	    out.n_records == 1 && !header->batch
		? append_new_known(store, request->loop, out.records, &out.properties)
		: append_new(store, out.records, out.n_records);
	struct ticket ticket = request_ticket(request);
	struct inflight_send *send = inflight_add(worker->inflight, append, &ticket);

	if (out.delayed)
		append_set_tag_hash(append, out.tag_hash);
	if (out.half)
		append->half = (struct half_change){
			.op = HALF_STORE,
			.wait_ms =
			    transaction_first_wait_ms(worker->broker->settings, &out.properties),
		};
	send->queue_id = out.queue_id;
	append->reply_loop = request->loop;
	append->done = on_stored;
	append->context = send;
	store_append(store, append);
	return VERDICT_LATER;
}

const struct handler send_handlers[] = {
	HANDLER_TYPED(SEND_MESSAGE, send_header, send_message_begin, HANDLER_WRITE),
	{ REQUEST_SEND_MESSAGE_V2, "SEND_MESSAGE_V2", send_header_v2_fields,
	    sizeof(struct send_header), send_message_begin, HANDLER_WRITE },
	{ REQUEST_SEND_BATCH_MESSAGE, "SEND_BATCH_MESSAGE", send_header_v2_fields,
	    sizeof(struct send_header), send_message_begin, HANDLER_WRITE },
	{ .name = NULL },
};
