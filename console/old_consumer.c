#include "config.h"

/* /consumer, /producer, and /topic/queryConsumerByTopic.query of the old console. */

#include <stdlib.h>

#include "admin/consume.h"
#include "common/base/strmap.h"
#include "common/protocol/name_list.h"
#include "common/protocol/queue_offset.h"
#include "console/old.h"

/* ---- groups ----------------------------------------------------------- */

struct group_row {
	struct slice group;
	struct consume_state state;
	bool known; /* else state is empty */
};

/* A group that no broker knows has a row of its own; that is no failure. */
static void
ask_group(struct old_call *call, struct group_row *row)
{
	bool failed = call->admin->failed;

	row->known = consume_state_ask(call->admin, row->group, &row->state) == 0;
	if (!row->known)
		row->state = (struct consume_state){ 0 };
	call->admin->failed = failed;
}

static const char *
type_name(enum consume_type type)
{
	return type == CONSUME_ACTIVELY ? "CONSUME_ACTIVELY" : "CONSUME_PASSIVELY";
}

static void
put_group(struct old_call *call, const struct group_row *row)
{
	const struct consume_state *state = &row->state;
	struct json_out *out = &call->data;
	bool online = state->n_members != 0;

	json_open_object(out);
	json_member_put_slice(out, "group", row->group);
	json_member_put_slice(out, "version",
	    online ? version_text(&call->admin->arena, state->min_version) : SLICE_NONE);
	json_member_put_int(out, "count", (int64_t)state->n_members);
	json_member_put_text(out, "consumeType", online ? type_name(state->type) : NULL);
	json_member_put_text(out, "messageModel", online ? message_model_name(state->model) : NULL);
	json_member_put_int(out, "consumeTps", (int64_t)state->tps);
	json_member_put_int(out, "diffTotal", row->known ? state->behind : -1);
	json_close_object(out);
}

/* The most members first, then the most behind. */
static int
compare_groups(const void *left, const void *right)
{
	const struct group_row *a = left, *b = right;
	int64_t a_behind = a->known ? a->state.behind : -1;
	int64_t b_behind = b->known ? b->state.behind : -1;

	if (a->state.n_members != b->state.n_members)
		return a->state.n_members < b->state.n_members ? 1 : -1;
	if (a_behind != b_behind)
		return a_behind < b_behind ? 1 : -1;
	return slice_compare(a->group, b->group);
}

/* {"name":settings,..} of one master; NULL after admin_fail. */
static const struct json *
ask_settings(struct old_call *call, struct slice address)
{
	struct admin_request ask = { .address = address,
		.code = REQUEST_GET_ALL_SUBSCRIPTIONGROUP_CONFIG };
	const struct json *body = old_ask(call, &ask);

	return json_member(body, "subscriptionGroupTable");
}

static int
list_groups(struct old_call *call)
{
	struct strmap names = { 0 };
	struct targets masters;
	size_t n = 0;

	if (admin_cluster_brokers(call->admin, SLICE_NONE, TARGET_MASTERS, &masters) == -1)
		return -1;
	for (size_t i = 0; i < masters.n; i++) {
		const struct json *table = ask_settings(call, masters.list[i].address);

		for (const struct json *one = table != NULL ? table->first : NULL; one != NULL;
		     one = one->next)
			strmap_put(&names, one->name, call);
	}
	struct group_row *rows = arena_zalloc(&call->admin->arena, (names.n + 1) * sizeof *rows);
	for (struct strmap_entry *entry = NULL;
	     (entry = strmap_next(&names, entry)) != NULL && admin_is_within(call->admin); n++) {
		rows[n].group = arena_copy(&call->admin->arena, strmap_key(entry));
		ask_group(call, &rows[n]);
	}
	strmap_release(&names, NULL);
	qsort(rows, n, sizeof *rows, compare_groups);
	json_open_array(&call->data);
	for (size_t i = 0; i < n; i++)
		put_group(call, &rows[i]);
	json_close_array(&call->data);
	return call->admin->failed ? -1 : 0;
}

static int
show_group(struct old_call *call)
{
	struct group_row row = { 0 };

	if (old_need(call, "consumerGroup", &row.group) == -1)
		return -1;
	ask_group(call, &row);
	put_group(call, &row);
	return 0;
}

/* ---- progress --------------------------------------------------------- */

static int
compare_progress(const void *left, const void *right)
{
	const struct message_queue *a = &((const struct consume_progress *)left)->queue,
				   *b = &((const struct consume_progress *)right)->queue;
	int order = slice_compare(a->topic, b->topic);

	if (order == 0)
		order = slice_compare(a->broker_name, b->broker_name);
	return order != 0 ? order : (a->id > b->id) - (a->id < b->id);
}

static void
put_queue(
    struct json_out *out, const struct consume_state *state, const struct consume_progress *queue)
{
	const struct queue_owner *owner = consume_state_owner(state, &queue->queue);

	json_open_object(out);
	json_member_put_slice(out, "brokerName", queue->queue.broker_name);
	json_member_put_int(out, "queueId", queue->queue.id);
	json_member_put_int(out, "brokerOffset", queue->broker_offset);
	json_member_put_int(out, "consumerOffset", queue->consumer_offset);
	json_member_put_slice(out, "clientInfo", owner != NULL ? owner->client_id : SLICE_NONE);
	json_member_put_int(out, "lastTimestamp", queue->last_timestamp);
	json_close_object(out);
}

/* The queues of one topic, n of them. */
static void
put_topic(struct json_out *out, const struct consume_state *state, struct slice topic,
    const struct consume_progress *queues, size_t n)
{
	int64_t behind = 0, last_ms = 0;

	for (size_t i = 0; i < n; i++) {
		behind += queues[i].broker_offset - queues[i].consumer_offset;
		if (queues[i].last_timestamp > last_ms)
			last_ms = queues[i].last_timestamp;
	}
	json_open_object(out);
	json_member_put_slice(out, "topic", topic);
	json_member_put_int(out, "diffTotal", behind);
	json_member_put_int(out, "lastTimestamp", last_ms);
	json_key(out, "queueStatInfoList");
	json_open_array(out);
	for (size_t i = 0; i < n; i++)
		put_queue(out, state, &queues[i]);
	json_close_array(out);
	json_close_object(out);
}

/* How many queues from `from` on are of its topic. */
static size_t
same_topic(const struct consume_state *state, size_t from)
{
	size_t to = from;

	while (to < state->n_queues &&
	       slice_equal(state->queues[to].queue.topic, state->queues[from].queue.topic))
		to++;
	return to - from;
}

/* With owners, in order. */
static int
ask_progress(struct old_call *call, struct slice group, struct consume_state *state)
{
	if (consume_state_ask(call->admin, group, state) == -1)
		return -1;
	consume_state_ask_owners(call->admin, group, state);
	if (state->n_queues != 0)
		qsort(state->queues, state->n_queues, sizeof *state->queues, compare_progress);
	return 0;
}

static int
show_progress(struct old_call *call)
{
	struct consume_state state;
	struct slice group;

	if (old_need(call, "consumerGroup", &group) == -1 ||
	    ask_progress(call, group, &state) == -1)
		return -1;
	json_open_array(&call->data);
	for (size_t i = 0, n; i < state.n_queues; i += n) {
		n = same_topic(&state, i);
		put_topic(&call->data, &state, state.queues[i].queue.topic, &state.queues[i], n);
	}
	json_close_array(&call->data);
	return 0;
}

/* The group's queues of one topic; none when nobody knows the group. */
static void
put_progress_of(struct old_call *call, struct slice group, struct slice topic)
{
	bool failed = call->admin->failed;
	struct consume_state state;

	if (ask_progress(call, group, &state) == -1)
		state = (struct consume_state){ 0 };
	call->admin->failed = failed;
	for (size_t i = 0, n; i < state.n_queues; i += n) {
		n = same_topic(&state, i);
		if (!slice_equal(state.queues[i].queue.topic, topic))
			continue;
		put_topic(&call->data, &state, topic, &state.queues[i], n);
		return;
	}
	put_topic(&call->data, &state, topic, NULL, 0);
}

static int
show_topic_progress(struct old_call *call)
{
	struct topic_header header;
	struct admin_request ask = { .code = REQUEST_QUERY_TOPIC_CONSUME_BY_WHO,
		.fields = topic_header_fields,
		.header = &header };
	const struct json *groups;
	struct targets brokers;

	if (old_need(call, "topic", &header.topic) == -1 ||
	    admin_topic_brokers(call->admin, header.topic, &brokers) == -1)
		return -1;
	ask.address = brokers.n != 0 ? brokers.list[0].address : SLICE("");
	groups = json_member(old_ask(call, &ask), "groupList");
	json_open_object(&call->data);
	for (const struct json *one = groups != NULL ? groups->first : NULL; one != NULL;
	     one = one->next) {
		json_key_slice(&call->data, json_text(one));
		put_progress_of(call, json_text(one), header.topic);
	}
	json_close_object(&call->data);
	return call->admin->failed ? -1 : 0;
}

/* ---- members ---------------------------------------------------------- */

static const struct old_member subscription[] = { { "classFilterMode", "false" },
	{ "topic", "null" }, { "subString", "null" }, { "tagsSet", "[]" }, { "codeSet", "[]" },
	{ "subVersion", "0" }, { "filterClassSource", "null" }, { NULL, NULL } };

static void
put_connections(struct old_call *call, const struct json *list)
{
	static const struct old_member connection[] = { { "clientId", "null" },
		{ "clientAddr", "null" }, { "language", "null" }, { "version", "0" },
		{ NULL, NULL } };
	struct json_out *out = &call->data;

	json_key(out, "connectionSet");
	json_open_array(out);
	for (const struct json *one = list != NULL ? list->first : NULL; one != NULL;
	     one = one->next) {
		json_open_object(out);
		old_put_inner(out, one, connection);
		json_member_put_slice(out, "versionDesc",
		    version_text(&call->admin->arena, json_member_int64(one, "version", 0)));
		json_close_object(out);
	}
	json_close_array(out);
}

/* The reply of the first broker that has members; NULL after admin_fail. */
static const struct json *
ask_first(struct old_call *call, const struct targets *brokers, struct admin_request *ask)
{
	struct twinmq_reply reply;

	for (size_t i = 0; i < brokers->n; i++) {
		ask->address = brokers->list[i].address;
		if (admin_ask(call->admin, ask, &reply) == 0)
			return json_parse(
			    &call->admin->arena, arena_copy(&call->admin->arena, reply.body));
	}
	admin_fail_call(call->admin);
	return NULL;
}

static int
group_brokers(struct old_call *call, struct slice group, struct targets *brokers)
{
	return admin_topic_brokers(call->admin,
	    arena_printf(&call->admin->arena, "%s%.*s", RETRY_PREFIX, (int)group.len, group.data),
	    brokers);
}

static int
show_members(struct old_call *call)
{
	static const struct old_member rest[] = { { "consumeType", "null" },
		{ "messageModel", "null" }, { "consumeFromWhere", "null" }, { NULL, NULL } };
	struct consumer_group_header header;
	struct admin_request ask = { .code = REQUEST_GET_CONSUMER_CONNECTION_LIST,
		.fields = consumer_group_header_fields,
		.header = &header };
	struct json_out *out = &call->data;
	const struct json *body, *table;
	struct targets brokers;

	if (old_need(call, "consumerGroup", &header.consumer_group) == -1 ||
	    group_brokers(call, header.consumer_group, &brokers) == -1 ||
	    (body = ask_first(call, &brokers, &ask)) == NULL)
		return -1;
	json_open_object(out);
	put_connections(call, json_member(body, "connectionSet"));
	json_key(out, "subscriptionTable");
	json_open_object(out);
	table = json_member(body, "subscriptionTable");
	for (const struct json *one = table != NULL ? table->first : NULL; one != NULL;
	     one = one->next) {
		json_key_slice(out, one->name);
		old_put_members(out, one, subscription);
	}
	json_close_object(out);
	old_put_inner(out, body, rest);
	json_close_object(out);
	return 0;
}

static int
show_running(struct old_call *call)
{
	static const struct old_member members[] = { { "properties", "{}" }, { "mqTable", "{}" },
		{ "statusTable", "{}" }, { "jstack", "null" }, { NULL, NULL } };
	struct running_info_header header;
	struct admin_request ask = { .code = REQUEST_GET_CONSUMER_RUNNING_INFO,
		.fields = running_info_header_fields,
		.header = &header };
	const struct json *body, *list;
	struct targets brokers;

	if (old_need(call, "consumerGroup", &header.consumer_group) == -1 ||
	    old_need(call, "clientId", &header.client_id) == -1 ||
	    group_brokers(call, header.consumer_group, &brokers) == -1)
		return -1;
	header.jstack = slice_equal_nocase(old_parameter(call, "jstack"), SLICE("true"));
	body = ask_first(call, &brokers, &ask);
	if (body == NULL)
		return -1;
	json_open_object(&call->data);
	old_put_inner(&call->data, body, members);
	json_key(&call->data, "subscriptionSet");
	json_open_array(&call->data);
	list = json_member(body, "subscriptionSet");
	for (const struct json *one = list != NULL ? list->first : NULL; one != NULL;
	     one = one->next)
		old_put_members(&call->data, one, subscription);
	json_close_array(&call->data);
	json_close_object(&call->data);
	return 0;
}

static int
show_producers(struct old_call *call)
{
	struct producer_group_header header;
	struct admin_request ask = { .code = REQUEST_GET_PRODUCER_CONNECTION_LIST,
		.fields = producer_group_header_fields,
		.header = &header };
	const struct json *body;
	struct targets brokers;
	struct slice topic;

	if (old_need(call, "producerGroup", &header.producer_group) == -1 ||
	    old_need(call, "topic", &topic) == -1 ||
	    admin_topic_brokers(call->admin, topic, &brokers) == -1 ||
	    (body = ask_first(call, &brokers, &ask)) == NULL)
		return -1;
	json_open_object(&call->data);
	put_connections(call, json_member(body, "connectionSet"));
	json_close_object(&call->data);
	return 0;
}

/* ---- settings --------------------------------------------------------- */

/* Members, and the values of a group that does not say. */
static const struct old_member settings[] = { { "groupName", "null" }, { "consumeEnable", "true" },
	{ "consumeFromMinEnable", "true" }, { "consumeBroadcastEnable", "true" },
	{ "retryQueueNums", "1" }, { "retryMaxTimes", "16" }, { "brokerId", "0" },
	{ "whichBrokerWhenConsumeSlowly", "1" }, { "notifyConsumerIdsChangedEnable", "true" },
	{ NULL, NULL } };

/* Calls put for each master that keeps the group. */
static int
each_keeper(struct old_call *call,
    void (*put)(struct json_out *out, struct slice broker_name, const struct json *kept))
{
	struct targets masters;
	struct slice group;

	if (old_need(call, "consumerGroup", &group) == -1 ||
	    admin_cluster_brokers(call->admin, SLICE_NONE, TARGET_MASTERS, &masters) == -1)
		return -1;
	json_open_array(&call->data);
	for (size_t i = 0; i < masters.n; i++) {
		const struct json *kept =
		    json_member(ask_settings(call, masters.list[i].address), old_text(call, group));

		if (kept != NULL)
			put(&call->data, masters.list[i].name, kept);
	}
	json_close_array(&call->data);
	return call->admin->failed ? -1 : 0;
}

static void
put_keeper(struct json_out *out, struct slice broker_name, const struct json *kept)
{
	(void)kept;
	json_put_slice(out, broker_name);
}

static void
put_kept(struct json_out *out, struct slice broker_name, const struct json *kept)
{
	json_open_object(out);
	json_member_put_slice(out, "clusterNameList", SLICE_NONE);
	json_key(out, "brokerNameList");
	json_open_array(out);
	json_put_slice(out, broker_name);
	json_close_array(out);
	json_key(out, "subscriptionGroupConfig");
	old_put_members(out, kept, settings);
	json_close_object(out);
}

static int
list_keepers(struct old_call *call)
{
	return each_keeper(call, put_keeper);
}

static int
show_settings(struct old_call *call)
{
	return each_keeper(call, put_kept);
}

/* ---- changes ---------------------------------------------------------- */

static int
ask_masters(struct old_call *call, struct admin_request *ask)
{
	struct twinmq_reply reply;
	struct targets masters;

	if (old_named_masters(call, &masters) == -1)
		return -1;
	for (size_t i = 0; i < masters.n; i++) {
		ask->address = masters.list[i].address;
		if (admin_must(call->admin, ask, &reply) == -1)
			return -1;
	}
	json_put_bool(&call->data, true);
	return 0;
}

static int
update_group(struct old_call *call)
{
	struct admin_request ask = { .code = REQUEST_UPDATE_AND_CREATE_SUBSCRIPTIONGROUP };
	struct buf body = { 0 };
	struct json_out out;

	json_out_init(&out, &body);
	old_put_members(&out, json_member(call->body, "subscriptionGroupConfig"), settings);
	ask.body = arena_copy(&call->admin->arena, buf_slice(&body));
	buf_release(&body);
	return ask_masters(call, &ask);
}

static int
delete_group(struct old_call *call)
{
	struct delete_group_header header = { .group_name =
						  json_member_text(call->body, "groupName") };
	struct admin_request ask = { .code = REQUEST_DELETE_SUBSCRIPTIONGROUP,
		.fields = delete_group_header_fields,
		.header = &header };

	if (header.group_name.len == 0)
		return admin_fail(call->admin, "groupName is missing");
	return ask_masters(call, &ask);
}

static int
reset_broker(struct old_call *call, const struct reset_offset_header *header, struct slice address,
    struct json_out *out)
{
	struct admin_request ask = { address, REQUEST_INVOKE_BROKER_TO_RESET_OFFSET,
		reset_offset_header_fields, header, SLICE("") };
	const struct queue_offset *offsets;
	struct twinmq_reply reply;
	size_t n;

	if (admin_must(call->admin, &ask, &reply) == -1)
		return -1;
	if (queue_offsets_read(&call->admin->arena, reply.body, "offsetTable", &offsets, &n) == -1)
		return admin_bad_body(call->admin, &ask);
	for (size_t i = 0; i < n; i++) {
		json_open_object(out);
		json_member_put_slice(out, "brokerName", offsets[i].queue.broker_name);
		json_member_put_int(out, "queueId", offsets[i].queue.id);
		json_member_put_int(out, "brokerOffset", 0);
		json_member_put_int(out, "consumerOffset", 0);
		json_member_put_int(out, "timestampOffset", 0);
		json_member_put_int(out, "rollbackOffset", offsets[i].offset);
		json_close_object(out);
	}
	return 0;
}

/* A group that fails says so in its own member, and the others go on. */
static void
reset_group(
    struct old_call *call, struct reset_offset_header *header, const struct targets *brokers)
{
	struct admin *admin = call->admin;
	struct json_out *out = &call->data, list;
	struct buf moved = { 0 };
	bool done = true;

	json_out_init(&list, &moved);
	json_open_array(&list);
	admin->failed = false;
	for (size_t i = 0; i < brokers->n && done; i++)
		done = reset_broker(call, header, brokers->list[i].address, &list) == 0;
	json_close_array(&list);
	json_key_slice(out, header->group);
	json_open_object(out);
	json_member_put_bool(out, "status", done);
	json_member_put_slice(out, "errMsg", done ? SLICE_NONE : slice_of(admin->error));
	json_key(out, "rollbackStatsList");
	json_put_raw(out, done ? buf_slice(&moved) : SLICE("[]"));
	json_close_object(out);
	buf_release(&moved);
	admin->failed = false;
	admin->error[0] = '\0';
}

static int
reset_offsets(struct old_call *call)
{
	const struct json *groups = json_member(call->body, "consumerGroupList");
	struct reset_offset_header header = {
		.topic = json_member_text(call->body, "topic"),
		.timestamp = json_member_int64(call->body, "resetTime", 0),
		.is_force = json_member_bool(call->body, "force", false),
		.queue_id = -1,
		.offset = -1,
	};
	struct targets brokers;

	if (header.topic.len == 0 || groups == NULL || groups->type != JSON_ARRAY)
		return admin_fail(call->admin, "topic and consumerGroupList are needed");
	if (admin_topic_brokers(call->admin, header.topic, &brokers) == -1)
		return -1;
	json_open_object(&call->data);
	for (const struct json *one = groups->first; one != NULL; one = one->next) {
		header.group = json_text(one);
		if (header.group.len != 0)
			reset_group(call, &header, &brokers);
	}
	json_close_object(&call->data);
	return 0;
}

const struct http_route old_consumer_routes[] = {
	OLD_QUERY("/consumer/groupList.query", list_groups),
	OLD_QUERY("/consumer/group.query", show_group),
	OLD_QUERY("/consumer/queryTopicByConsumer.query", show_progress),
	OLD_QUERY("/topic/queryConsumerByTopic.query", show_topic_progress),
	OLD_QUERY("/consumer/consumerConnection.query", show_members),
	OLD_QUERY("/consumer/consumerRunningInfo.query", show_running),
	OLD_QUERY("/consumer/fetchBrokerNameList.query", list_keepers),
	OLD_QUERY("/consumer/examineSubscriptionGroupConfig.query", show_settings),
	OLD_QUERY("/producer/producerConnection.query", show_producers),
	OLD_DO("/consumer/createOrUpdate.do", HTTP_MAY_WRITE, update_group),
	OLD_DO("/consumer/deleteSubGroup.do", HTTP_MAY_ADMIN, delete_group),
	OLD_DO("/consumer/resetOffset.do", HTTP_MAY_WRITE, reset_offsets),
	{ NULL },
};
