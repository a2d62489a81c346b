#include "config.h"

#include <stdio.h>

#include "admin/cmd.h"
#include "admin/message.h"
#include "common/json/json_body.h"

#define KEY_MAX 64

/* ---- what may be done with it ---- */

/* Lets one client of a group consume the message now. */
static int
consume_directly(struct admin *admin, const struct found_message *message)
{
	const struct record *record = &message->record;
	struct consume_directly_header header = {
		.consumer_group = slice_of(args_text(&admin->args, 'g')),
		.client_id = slice_of(args_text(&admin->args, 'd')),
		.msg_id = message_offset_id(admin, record),
		.topic = record->topic,
	};
	struct admin_request ask = { message->address, REQUEST_CONSUME_MESSAGE_DIRECTLY,
		consume_directly_header_fields, &header, SLICE("") };
	struct report *report = &admin->report;
	struct twinmq_reply reply;

	if (admin_must(admin, &ask, &reply) == -1)
		return -1;
	const struct json *result = json_parse(&admin->arena, reply.body);
	if (result == NULL)
		return admin_bad_body(admin, &ask);
	report_enter(report, NULL, "Consumed directly");
	report_text(report, "msgId", "Offset id", header.msg_id);
	report_text(report, "consumeResult", "Result", json_member_text(result, "consumeResult"));
	report_text(report, "remark", "Remark", json_member_text(result, "remark"));
	report_int(
	    report, "spentTimeMills", "Spent ms", json_member_int64(result, "spentTimeMills", 0));
	report_text(report, "order", "Ordered",
	    json_member_bool(result, "order", false) ? SLICE("true") : SLICE("false"));
	report_text(report, "autoCommit", "Auto commit",
	    json_member_bool(result, "autoCommit", false) ? SLICE("true") : SLICE("false"));
	report_leave(report);
	return 0;
}

static bool
is_set_by_sending(struct slice name)
{
	static const char *const names[] = { "KEYS", "TAGS", "UNIQ_KEY", "WAIT", "DELAY", "CLUSTER",
		"TRAN_MSG", "PGROUP", "MIN_OFFSET", "MAX_OFFSET", "REAL_TOPIC", "REAL_QID", NULL };

	for (size_t i = 0; names[i] != NULL; i++)
		if (slice_is(name, names[i]))
			return true;
	return false;
}

/* Sends a new message with the same content. */
static int
resend(struct admin *admin, const struct record *record)
{
	struct message message = {
		.topic = record->topic,
		.tags = property_find(record->properties, "TAGS"),
		.keys = property_find(record->properties, "KEYS"),
		.flag = record->flag,
		.queue_id = MESSAGE_ANY_QUEUE,
	};
	struct slice rest = record->properties, name, value;
	struct ext *properties =
	    arena_alloc(&admin->arena, (record->properties.len / 2 + 1) * sizeof *properties);
	struct send_result result;

	if (record_plain_body(record, FRAME_MAX_BYTES, &admin->arena, &message.body) == -1)
		return admin_fail(admin, "the body is compressed in a way that is not known here");
	while (property_next(&rest, &name, &value))
		if (!is_set_by_sending(name))
			properties[message.n_properties++] = (struct ext){ name, value };
	message.properties = properties;
	struct producer *producer =
	    producer_new(admin->mq, &(struct producer_options){ .group = "ReSendMsgById" });
	int sent = producer_send(producer, &message, &admin->arena, &result);
	producer_free(producer);
	if (sent == -1)
		return admin_fail_call(admin);
	report_enter(&admin->report, NULL, "Sent again");
	report_text(&admin->report, "originalMsgId", "Was", message_name(admin, record));
	report_text(
	    &admin->report, "msgId", "Is", arena_copy(&admin->arena, slice_of(result.unique_id)));
	report_text(&admin->report, "offsetMsgId", "Offset id", result.message_id);
	report_text(
	    &admin->report, "sendStatus", "Status", slice_of(send_status_name(result.code)));
	report_text(&admin->report, "brokerName", "Broker", result.queue.broker_name);
	report_int(&admin->report, "queueId", "Queue id", result.queue.id);
	report_int(&admin->report, "queueOffset", "Queue offset", result.queue_offset);
	report_leave(&admin->report);
	return 0;
}

static int
serve_message(struct admin *admin, const struct found_message *message)
{
	if (args_has(&admin->args, 'g') && args_has(&admin->args, 'd'))
		return consume_directly(admin, message);
	if (args_number(&admin->args, 's', 0) != 0)
		return resend(admin, &message->record);
	return message_show(admin, message, SHOW_TRACKS);
}

/* ---- queryMsgById ---- */

static const struct flag query_by_id_flags[] = {
	{ 'i', "msgId", FLAG_TEXT, "ID", FLAG_REQUIRED, 0, 0,
	    "offset id or unique id; several separated by ," },
	{ 't', "topic", FLAG_TEXT, "TOPIC", 0, 0, 0,
	    "topic of the message; without it, all topics are searched for a unique id" },
	{ 'g', "consumerGroup", FLAG_TEXT, "GROUP", 0, 0, 0,
	    "with -d: have a client of this group consume it now" },
	{ 'd', "clientId", FLAG_TEXT, "ID", FLAG_WRITES, 0, 0, "id of that client" },
	{ 's', "sendMessage", FLAG_BOOL, "BOOL", FLAG_WRITES, 0, 0, "send it once more" },
	{ 'u', "unitName", FLAG_TEXT, "NAME", 0, 0, 0,
	    "accepted because RocketMQ has it; no effect" },
	FLAG_BODY_FILE,
	{ 0 },
};

static int
query_by_id_run(struct admin *admin)
{
	struct slice ids = slice_of(args_text(&admin->args, 'i')), id;
	struct slice topic;
	size_t n = 0;
	int result = 0;

	if (admin_name(admin, 't', "topic", &topic) == -1)
		return -1;
	report_open_list(&admin->report, "messages");
	while (result == 0 && slice_next(&ids, ',', &id)) {
		struct found_message message;

		id = slice_trim(id);
		if (id.len == 0)
			continue;
		result = message_find(admin, id, topic, &message);
		if (result == 0)
			result = serve_message(admin, &message);
		n++;
	}
	report_close_list(&admin->report);
	return n != 0 ? result : admin_misuse(admin, "-i (--msgId) names no id");
}

/* ---- queryMsgByUniqueKey ---- */

static const struct flag query_by_unique_key_flags[] = {
	{ 'i', "msgId", FLAG_TEXT, "ID", FLAG_REQUIRED, 0, 0, "unique id" },
	FLAG_TOPIC("topic of the message"),
	{ 'g', "consumerGroup", FLAG_TEXT, "GROUP", 0, 0, 0,
	    "with -d: have a client of this group consume it now" },
	{ 'd', "clientId", FLAG_TEXT, "ID", FLAG_WRITES, 0, 0, "id of that client" },
	{ 'a', "showAll", FLAG_SWITCH, NULL, 0, 0, 0, "all with this id, not only the oldest" },
	FLAG_BODY_FILE,
	{ 0 },
};

static int
query_by_unique_key_run(struct admin *admin)
{
	struct slice id = slice_trim(slice_of(args_text(&admin->args, 'i')));
	struct key_query query = { SLICE_NONE, id, true, MESSAGE_UNIQUE_KEY_MAX, 0, INT64_MAX };
	struct found_messages found;
	int result = 0;

	if (admin_name(admin, 't', "topic", &query.topic) == -1)
		return -1;
	if (message_query(admin, &query, &found) == -1)
		return -1;
	if (found.n == 0)
		return admin_fail(admin, "no message of topic %.*s has the unique id %.*s",
		    (int)query.topic.len, query.topic.data, (int)id.len, id.data);
	size_t n = args_has(&admin->args, 'a') ? found.n : 1;
	report_open_list(&admin->report, "messages");
	for (size_t i = 0; i < n && result == 0; i++)
		result = serve_message(admin, &found.list[i]);
	report_close_list(&admin->report);
	return result;
}

/* ---- queryMsgByKey ---- */

static const struct flag query_by_key_flags[] = {
	FLAG_TOPIC("topic of the messages"),
	{ 'k', "msgKey", FLAG_TEXT, "KEY", FLAG_REQUIRED, 0, 0, "one of their keys" },
	{ 'b', "beginTimestamp", FLAG_TIME, "TIME", 0, 0, 0,
	    "stored at or after: ms since 1970, now, or yyyy-MM-dd#HH:mm:ss:SSS" },
	{ 'e', "endTimestamp", FLAG_TIME, "TIME", 0, 0, 0, "stored at or before" },
	{ 'm', "maxNum", FLAG_INT, "N", 0, 1, 1024, "maximum from each broker (default 64)" },
	{ 0 },
};

static const struct column key_columns[] = {
	{ "msgId", "Message id", COLUMN_TEXT },
	{ "queueId", "QID", COLUMN_INT },
	{ "queueOffset", "Offset", COLUMN_INT },
	{ "storeHost", "Broker", COLUMN_TEXT },
	{ "storeTimestamp", "Stored", COLUMN_TIME },
	{ "offsetId", "Offset id", COLUMN_TEXT },
	{ NULL },
};

static int
query_by_key_run(struct admin *admin)
{
	struct key_query query = {
		.key = slice_trim(slice_of(args_text(&admin->args, 'k'))),
		.max_messages = (int32_t)args_number(&admin->args, 'm', KEY_MAX),
		.begin_ms = args_number(&admin->args, 'b', 0),
		.end_ms = args_number(&admin->args, 'e', INT64_MAX),
	};
	struct found_messages found;
	struct grid grid;

	if (admin_name(admin, 't', "topic", &query.topic) == -1)
		return -1;
	if (message_query(admin, &query, &found) == -1)
		return -1;
	if (found.n == 0)
		return admin_fail(admin, "no message of topic %.*s has the key %.*s",
		    (int)query.topic.len, query.topic.data, (int)query.key.len, query.key.data);
	grid_open(&grid, &admin->report, "messages", key_columns);
	for (size_t i = 0; i < found.n; i++) {
		const struct record *record = &found.list[i].record;

		grid_text(&grid, message_name(admin, record));
		grid_int(&grid, record->queue_id);
		grid_int(&grid, record->queue_offset);
		grid_text(&grid, host_text(&admin->arena, &record->store_host));
		grid_int(&grid, record->store_timestamp);
		grid_text(&grid, message_offset_id(admin, record));
	}
	grid_close(&grid);
	return 0;
}

/* ---- queryMsgByOffset ---- */

static const struct flag query_by_offset_flags[] = {
	FLAG_TOPIC("topic of the message"),
	{ 'b', "brokerName", FLAG_TEXT, "BROKER", FLAG_REQUIRED, 0, 0, "name of the broker" },
	{ 'i', "queueId", FLAG_INT, "N", FLAG_REQUIRED, 0, INT32_MAX, "number of the queue" },
	{ 'o', "offset", FLAG_INT, "N", FLAG_REQUIRED, 0, INT64_MAX, "offset in the queue" },
	FLAG_BODY_FILE,
	{ 0 },
};

static int
query_by_offset_run(struct admin *admin)
{
	struct pull_spec pull = {
		.queue = {
			.broker_name = slice_trim(slice_of(args_text(&admin->args, 'b'))),
			.id = (int32_t)args_number(&admin->args, 'i', 0),
		},
		.offset = args_number(&admin->args, 'o', 0),
		.max_messages = 1,
	};
	struct found_message found = { 0 };
	struct pull_result result;
	struct targets brokers;

	if (admin_name(admin, 't', "topic", &pull.queue.topic) == -1)
		return -1;
	if (twinmq_pull(admin->mq, &pull, &admin->arena, &result) == -1)
		return admin_fail_call(admin);
	if (result.status != PULL_FOUND ||
	    !pulled_next(&result.records, SLICE_NONE, &found.record) ||
	    found.record.queue_offset != pull.offset)
		return admin_fail(admin,
		    "queue %d of topic %.*s on %.*s has no offset %lld; it has %lld to %lld",
		    (int)pull.queue.id, (int)pull.queue.topic.len, pull.queue.topic.data,
		    (int)pull.queue.broker_name.len, pull.queue.broker_name.data,
		    (long long)pull.offset, (long long)result.min_offset,
		    (long long)result.max_offset - 1);
	if (admin_topic_brokers(admin, pull.queue.topic, &brokers) == -1)
		return -1;
	for (size_t i = 0; i < brokers.n; i++)
		if (slice_equal(brokers.list[i].name, pull.queue.broker_name))
			found.address = brokers.list[i].address;
	report_open_list(&admin->report, "messages");
	int shown = message_show(admin, &found, SHOW_TRACKS);
	report_close_list(&admin->report);
	return shown;
}

/* ---- queryCq ---- */

#define ENTRIES_DEFAULT 10

static const struct flag query_cq_flags[] = {
	FLAG_TOPIC("name of the topic"),
	{ 'q', "queue", FLAG_INT, "N", FLAG_REQUIRED, 0, INT32_MAX, "number of the queue" },
	{ 'i', "index", FLAG_INT, "N", FLAG_REQUIRED, 0, INT64_MAX, "offset of the first entry" },
	{ 'c', "count", FLAG_INT, "N", 0, 1, 1024, "so many entries (default 10)" },
	{ 'b', "broker", FLAG_TEXT, "BROKER", 0, 0, 0,
	    "host:port of the broker, or its name; else the first that has the topic" },
	{ 'g', "consumer", FLAG_TEXT, "GROUP", 0, 0, 0, "show what this group subscribes to, too" },
	{ 0 },
};

static const struct column cq_columns[] = {
	{ "index", "Index", COLUMN_INT },
	{ "physicOffset", "Log position", COLUMN_INT },
	{ "physicSize", "Size", COLUMN_INT },
	{ "tagsCode", "Tag hash", COLUMN_INT },
	{ NULL },
};

static void
show_cq_subscription(struct admin *admin, const struct json *body)
{
	const struct json *subscription = json_member(body, "subscriptionData");
	struct slice filter = json_member_text(body, "filterData");
	struct report *report = &admin->report;

	if (filter.data != NULL)
		report_text(report, "filterData", "Group", filter);
	if (subscription == NULL || !json_is_object(subscription))
		return;
	report_enter(report, "subscriptionData", "Subscription");
	report_text(
	    report, "expressionType", "Type", json_member_text(subscription, "expressionType"));
	report_text(report, "subString", "Expression", json_member_text(subscription, "subString"));
	report_int(
	    report, "subVersion", "Version", json_member_int64(subscription, "subVersion", 0));
	report_leave(report);
}

static void
show_cq_entries(struct admin *admin, const struct json *entries, int64_t index)
{
	struct grid grid;

	grid_open(&grid, &admin->report, "queueData", cq_columns);
	for (const struct json *one = entries != NULL ? entries->first : NULL; one != NULL;
	     one = one->next) {
		grid_int(&grid, index++);
		grid_int(&grid, json_member_int64(one, "physicOffset", 0));
		grid_int(&grid, json_member_int64(one, "physicSize", 0));
		grid_int(&grid, json_member_int64(one, "tagsCode", 0));
	}
	grid_close(&grid);
}

static int
query_cq_run(struct admin *admin)
{
	struct query_queue_header header = {
		.queue_id = (int32_t)args_number(&admin->args, 'q', 0),
		.index = args_number(&admin->args, 'i', 0),
		.count = (int32_t)args_number(&admin->args, 'c', ENTRIES_DEFAULT),
	};
	struct admin_request ask = { .code = REQUEST_QUERY_CONSUME_QUEUE,
		.fields = query_queue_header_fields,
		.header = &header };
	struct twinmq_reply reply;
	struct targets targets;

	if (admin_name(admin, 't', "topic", &header.topic) == -1 ||
	    admin_name(admin, 'g', "group", &header.consumer_group) == -1 ||
	    (args_has(&admin->args, 'b')
		    ? admin_targets(admin, TARGET_MASTERS, &targets) == -1
		    : admin_topic_brokers(admin, header.topic, &targets) == -1))
		return -1;
	ask.address = targets.list[0].address;
	if (admin_must(admin, &ask, &reply) == -1)
		return -1;
	const struct json *body = json_parse(&admin->arena, reply.body);
	if (body == NULL || !json_is_object(body))
		return admin_bad_body(admin, &ask);
	report_text(&admin->report, "broker", "Broker", ask.address);
	report_int(&admin->report, "minQueueIndex", "Min index",
	    json_member_int64(body, "minQueueIndex", 0));
	report_int(&admin->report, "maxQueueIndex", "Max index",
	    json_member_int64(body, "maxQueueIndex", 0));
	show_cq_subscription(admin, body);
	show_cq_entries(admin, json_member(body, "queueData"), header.index);
	return 0;
}

const struct subcommand query_commands[] = {
	{ "queryMsgById", query_by_id_flags, query_by_id_run,
	    "show a message by its offset id or unique id", HTTP_MAY_READ },
	{ "queryMsgByKey", query_by_key_flags, query_by_key_run, "list the messages with a key",
	    HTTP_MAY_READ },
	{ "queryMsgByUniqueKey", query_by_unique_key_flags, query_by_unique_key_run,
	    "show a message by the unique id its producer gave it", HTTP_MAY_READ },
	{ "queryMsgByOffset", query_by_offset_flags, query_by_offset_run,
	    "show the message at an offset of a queue", HTTP_MAY_READ },
	{ "queryCq", query_cq_flags, query_cq_run, "show the entries of a queue's index",
	    HTTP_MAY_READ },
	{ NULL },
};
