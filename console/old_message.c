#include "config.h"

/* /message of the old console. */

#include "admin/message.h"
#include "admin/message_browse.h"
#include "common/base/utf8.h"
#include "common/protocol/connection_list.h"
#include "console/old.h"

#define BY_KEY_MAX 64
#define BY_TIME_MAX 2000
#define BODY_MAX_BYTES (16u << 20) /* of a body that was compressed */

/* ---- one message ------------------------------------------------------ */

static void
put_properties(struct json_out *out, struct slice properties)
{
	struct slice name, value;

	json_key(out, "properties");
	json_open_object(out);
	while (property_next(&properties, &name, &value)) {
		json_key_slice(out, name);
		json_put_slice(out, value);
	}
	json_close_object(out);
}

/* As Java makes a String of bytes: what is no UTF-8 becomes U+FFFD. */
static void
put_body(struct old_call *call, const struct record *record)
{
	struct slice body, piece;
	struct buf text = { 0 };

	if (record_plain_body(record, BODY_MAX_BYTES, &call->admin->arena, &body) == -1)
		body = record->body;
	for (; body.len != 0; body.data += piece.len, body.len -= piece.len) {
		piece = (struct slice){ body.data, utf8_character(body) };
		if (piece.len == 0)
			buf_append_text(&text, "\xef\xbf\xbd");
		buf_append_slice(&text, piece);
		piece.len += piece.len == 0;
	}
	json_put_slice(&call->data, buf_slice(&text));
	buf_release(&text);
}

static void
put_message(struct old_call *call, const struct record *record, bool with_body)
{
	struct json_out *out = &call->data;
	struct admin *admin = call->admin;

	json_open_object(out);
	json_member_put_int(out, "queueId", record->queue_id);
	json_member_put_int(out, "storeSize", record->size);
	json_member_put_int(out, "queueOffset", record->queue_offset);
	json_member_put_int(out, "sysFlag", record->sys_flag);
	json_member_put_int(out, "bornTimestamp", record->born_timestamp);
	json_member_put_slice(out, "bornHost", host_text(&admin->arena, &record->born_host));
	json_member_put_int(out, "storeTimestamp", record->store_timestamp);
	json_member_put_slice(out, "storeHost", host_text(&admin->arena, &record->store_host));
	json_member_put_slice(out, "msgId", message_name(admin, record));
	json_member_put_int(out, "commitLogOffset", record->position);
	json_member_put_int(out, "bodyCRC", record->body_crc);
	json_member_put_int(out, "reconsumeTimes", record->reconsume_times);
	json_member_put_int(out, "preparedTransactionOffset", record->prepared_offset);
	json_member_put_slice(out, "topic", record->topic);
	json_member_put_int(out, "flag", record->flag);
	put_properties(out, record->properties);
	json_key(out, "messageBody");
	if (with_body)
		put_body(call, record);
	else
		json_put_null(out);
	json_close_object(out);
}

static void
put_tracks(struct old_call *call, const struct found_message *found)
{
	const struct message_track *tracks;
	struct json_out *out = &call->data;
	size_t n;

	json_key(out, "messageTrackList");
	json_open_array(out);
	if (message_tracks(call->admin, found, &tracks, &n) == -1)
		n = 0;
	for (size_t i = 0; i < n; i++) {
		json_open_object(out);
		json_member_put_slice(out, "consumerGroup", tracks[i].group);
		json_member_put_text(out, "trackType", tracks[i].type);
		json_member_put_slice(out, "exceptionDesc", tracks[i].why);
		json_close_object(out);
	}
	json_close_array(out);
}

static int
show_message(struct old_call *call)
{
	struct slice id, topic = slice_trim(old_parameter(call, "topic"));
	struct found_message found;

	if (old_need(call, "msgId", &id) == -1 ||
	    message_find(call->admin, id, topic.len != 0 ? topic : SLICE_NONE, &found) == -1)
		return -1;
	json_open_object(&call->data);
	put_tracks(call, &found);
	json_key(&call->data, "messageView");
	put_message(call, &found.record, true);
	json_close_object(&call->data);
	return 0;
}

/* ---- several ---------------------------------------------------------- */

static int
list_by_key(struct old_call *call)
{
	struct key_query query = { .max_messages = BY_KEY_MAX, .end_ms = INT64_MAX };
	struct found_messages found;

	if (old_need(call, "topic", &query.topic) == -1 ||
	    old_need(call, "key", &query.key) == -1 ||
	    message_query(call->admin, &query, &found) == -1)
		return -1;
	if (found.n == 0)
		return admin_fail(call->admin, "no message of topic %.*s has the key %.*s",
		    (int)query.topic.len, query.topic.data, (int)query.key.len, query.key.data);
	json_open_array(&call->data);
	for (size_t i = 0; i < found.n && i < BY_KEY_MAX; i++)
		put_message(call, &found.list[i].record, true);
	json_close_array(&call->data);
	return 0;
}

static void
put_found(void *arg, const struct record *record)
{
	put_message(arg, record, false);
}

/* The readable queues of the route. */
static int
find_queues(struct old_call *call, struct browse *browse)
{
	struct admin *admin = call->admin;
	struct message_queue *queues;
	struct route route;
	size_t n = 0;

	if (twinmq_route(admin->mq, browse->topic, &admin->arena, &route) == -1)
		return admin_fail_call(admin);
	for (size_t i = 0; i < route.n_queues; i++)
		n += (size_t)(route.queues[i].read_queues > 0 ? route.queues[i].read_queues : 0);
	queues = arena_alloc(&admin->arena, (n + 1) * sizeof *queues);
	for (size_t i = 0; i < route.n_queues; i++)
		for (int32_t id = 0; id < route.queues[i].read_queues; id++)
			queues[browse->n_queues++] = (struct message_queue){ browse->topic,
				route.queues[i].broker_name, id };
	browse->queues = queues;
	return 0;
}

static int
list_by_time(struct old_call *call)
{
	struct browse browse = {
		.newest = true, .max = BY_TIME_MAX, .on_message = put_found, .arg = call
	};

	if (old_need(call, "topic", &browse.topic) == -1 ||
	    old_need_number(call, "begin", &browse.begin_ms) == -1 ||
	    old_need_number(call, "end", &browse.end_ms) == -1 || find_queues(call, &browse) == -1)
		return -1;
	json_open_array(&call->data);
	if (message_browse(call->admin, &browse) == -1)
		return -1;
	json_close_array(&call->data);
	return 0;
}

/* ---- consumeMessageDirectly.do ---------------------------------------- */

/* The first member of the group; absent after admin_fail. */
static struct slice
find_member(struct old_call *call, struct slice group, struct slice address)
{
	struct consumer_group_header header = { group };
	struct admin_request ask = { address, REQUEST_GET_CONSUMER_CONNECTION_LIST,
		consumer_group_header_fields, &header, SLICE("") };
	struct connection_list list;
	struct twinmq_reply reply;

	if (admin_must(call->admin, &ask, &reply) == -1)
		return SLICE_NONE;
	if (connection_list_read(&call->admin->arena, reply.body, &list) == -1) {
		admin_bad_body(call->admin, &ask);
		return SLICE_NONE;
	}
	for (size_t i = 0; i < list.n_connections; i++)
		if (list.connections[i].client_id.len != 0)
			return list.connections[i].client_id;
	admin_fail(call->admin, "the group has no members");
	return SLICE_NONE;
}

static int
consume_directly(struct old_call *call)
{
	static const struct old_member members[] = { { "order", "false" }, { "autoCommit", "true" },
		{ "consumeResult", "null" }, { "remark", "null" }, { "spentTimeMills", "0" },
		{ NULL, NULL } };
	struct consume_directly_header header = { .client_id =
						      slice_trim(old_parameter(call, "clientId")) };
	struct admin_request ask = { .code = REQUEST_CONSUME_MESSAGE_DIRECTLY,
		.fields = consume_directly_header_fields,
		.header = &header };
	struct found_message found;
	const struct json *result;
	struct slice id;

	if (old_need(call, "topic", &header.topic) == -1 ||
	    old_need(call, "consumerGroup", &header.consumer_group) == -1 ||
	    old_need(call, "msgId", &id) == -1 ||
	    message_find(call->admin, id, header.topic, &found) == -1)
		return -1;
	ask.address = found.address;
	header.msg_id = message_offset_id(call->admin, &found.record);
	if (header.client_id.len == 0)
		header.client_id = find_member(call, header.consumer_group, found.address);
	if (header.client_id.len == 0 || (result = old_ask(call, &ask)) == NULL)
		return -1;
	old_put_members(&call->data, result, members);
	return 0;
}

const struct http_route old_message_routes[] = {
	OLD_QUERY("/message/viewMessage.query", show_message),
	OLD_QUERY("/message/queryMessageByTopicAndKey.query", list_by_key),
	OLD_QUERY("/message/queryMessageByTopic.query", list_by_time),
	OLD_DO("/message/consumeMessageDirectly.do", HTTP_MAY_WRITE, consume_directly),
	{ NULL },
};
