#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "admin/cmd.h"
#include "admin/consume.h"
#include "common/protocol/assignment.h"
#include "common/protocol/connection_list.h"
#include "common/protocol/name_list.h"
#include "common/protocol/queue_stats.h"

/* ---- updateSubGroup ---- */

static const struct flag update_group_flags[] = {
	FLAG_BROKER,
	FLAG_CLUSTER,
	{ 'g', "groupName", FLAG_TEXT, "GROUP", FLAG_REQUIRED, 0, 0, "name of the group" },
	{ 's', "consumeEnable", FLAG_BOOL, "BOOL", 0, 0, 0, "it may consume (default true)" },
	{ 'm', "consumeFromMinEnable", FLAG_BOOL, "BOOL", 0, 0, 0,
	    "it may start at the oldest message (default false)" },
	{ 'd', "consumeBroadcastEnable", FLAG_BOOL, "BOOL", 0, 0, 0,
	    "it may broadcast (default false)" },
	{ 'o', "consumeMessageOrderly", FLAG_BOOL, "BOOL", 0, 0, 0,
	    "its gRPC consumers get messages in order (default false)" },
	{ 'q', "retryQueueNums", FLAG_INT, "N", 0, 0, 1024,
	    "queues of its retry topic (default 1)" },
	{ 'r', "retryMaxTimes", FLAG_INT, "N", 0, 0, 1000000,
	    "retries before a message is dead (default 16)" },
	{ 'p', "groupRetryPolicy", FLAG_TEXT, "JSON", 0, 0, 0,
	    "delays between retries, as JSON of RocketMQ 5 (default its 18 delays)" },
	{ 'i', "brokerId", FLAG_INT, "ID", 0, 0, INT64_MAX,
	    "broker id to consume from (default 0, the master)" },
	{ 'w', "whichBrokerWhenConsumeSlowly", FLAG_INT, "ID", 0, 0, INT64_MAX,
	    "broker id for consumers far behind (default 1)" },
	{ 'a', "notifyConsumerIdsChanged", FLAG_BOOL, "BOOL", 0, 0, 0,
	    "tell members when one joins or leaves (default true)" },
	{ 0 },
};

/* The members of the body, in Java's order. */
static const struct group_setting {
	const char *name;
	const char *title;
	char letter;
	bool is_switch;
	int64_t absent;
} group_settings[] = {
	{ "brokerId", "Broker id", 'i', false, 0 },
	{ "consumeBroadcastEnable", "May broadcast", 'd', true, 0 },
	{ "consumeEnable", "May consume", 's', true, 1 },
	{ "consumeFromMinEnable", "May start at min", 'm', true, 0 },
	{ "consumeMessageOrderly", "In order", 'o', true, 0 },
	{ "notifyConsumerIdsChangedEnable", "Told of members", 'a', true, 1 },
	{ "retryMaxTimes", "Retries", 'r', false, 16 },
	{ "retryQueueNums", "Retry queues", 'q', false, 1 },
	{ "whichBrokerWhenConsumeSlowly", "Broker if slow", 'w', false, 1 },
};

#define N_GROUP_SETTINGS (sizeof group_settings / sizeof group_settings[0])

static struct slice
group_body(struct admin *admin, struct slice group)
{
	struct buf buf = { 0 };
	struct json_out json;

	json_out_init(&json, &buf);
	json_open_object(&json);
	json_member_put_slice(&json, "groupName", group);
	for (size_t i = 0; i < N_GROUP_SETTINGS; i++) {
		const struct group_setting *setting = &group_settings[i];
		int64_t value = args_number(&admin->args, setting->letter, setting->absent);

		if (setting->is_switch)
			json_member_put_bool(&json, setting->name, value != 0);
		else
			json_member_put_int(&json, setting->name, value);
	}
	if (args_has(&admin->args, 'p')) {
		json_key(&json, "groupRetryPolicy");
		json_put_raw(&json, slice_of(args_text(&admin->args, 'p')));
	}
	json_close_object(&json);
	struct slice body = arena_copy(&admin->arena, buf_slice(&buf));
	buf_release(&buf);
	return body;
}

static void
show_group(struct admin *admin, struct slice group)
{
	struct report *report = &admin->report;

	report_enter(report, "subscriptionGroupConfig", "Consumer group");
	report_text(report, "groupName", "Name", group);
	for (size_t i = 0; i < N_GROUP_SETTINGS; i++) {
		const struct group_setting *setting = &group_settings[i];
		int64_t value = args_number(&admin->args, setting->letter, setting->absent);

		if (setting->is_switch)
			report_text(report, setting->name, setting->title,
			    value != 0 ? SLICE("true") : SLICE("false"));
		else
			report_int(report, setting->name, setting->title, value);
	}
	if (args_has(&admin->args, 'p'))
		report_text(report, "groupRetryPolicy", "Retry policy",
		    slice_of(args_text(&admin->args, 'p')));
	report_leave(report);
}

static int
update_group_run(struct admin *admin)
{
	struct admin_request ask = { .code = REQUEST_UPDATE_AND_CREATE_SUBSCRIPTIONGROUP };
	struct targets targets;
	struct slice group;

	if (args_has(&admin->args, 'p') &&
	    json_parse(&admin->arena, slice_of(args_text(&admin->args, 'p'))) == NULL)
		return admin_misuse(admin, "groupRetryPolicy is no JSON");
	if (admin_name(admin, 'g', "group", &group) == -1 ||
	    admin_targets(admin, TARGET_MASTERS, &targets) == -1)
		return -1;
	ask.body = group_body(admin, group);
	if (admin_do_each(admin, &targets, &ask) == -1)
		return -1;
	show_group(admin, group);
	return 0;
}

/* ---- setConsumeMode ---- */

static const struct flag consume_mode_flags[] = {
	FLAG_BROKER,
	FLAG_CLUSTER,
	{ 't', "topicName", FLAG_TEXT, "TOPIC", FLAG_REQUIRED, 0, 0, "name of the topic" },
	{ 'g', "groupName", FLAG_TEXT, "GROUP", FLAG_REQUIRED, 0, 0, "name of the group" },
	{ 'm', "mode", FLAG_TEXT, "MODE", FLAG_REQUIRED, 0, 0, "PULL or POP" },
	{ 'q', "popShareQueueNum", FLAG_INT, "N", 0, 0, 1000000,
	    "with POP, a client also pops the queues of this many others (default 0: all queues)" },
	{ 0 },
};

static int
consume_mode_run(struct admin *admin)
{
	struct admin_request ask = { .code = REQUEST_SET_MESSAGE_REQUEST_MODE };
	struct request_mode_setting setting = {
		.mode = REQUEST_MODE_PULL,
		.share_queues = (int32_t)args_number(&admin->args, 'q', 0),
	};
	struct slice mode = slice_of(args_text(&admin->args, 'm'));
	struct targets targets;
	struct buf body = { 0 };
	struct json_out json;

	if (slice_is(mode, request_mode_name(REQUEST_MODE_POP)))
		setting.mode = REQUEST_MODE_POP;
	else if (!slice_is(mode, request_mode_name(REQUEST_MODE_PULL)))
		return admin_misuse(admin, "mode is PULL or POP");
	if (admin_name(admin, 't', "topic", &setting.topic) == -1 ||
	    admin_name(admin, 'g', "group", &setting.group) == -1 ||
	    admin_targets(admin, TARGET_MASTERS, &targets) == -1)
		return -1;
	json_out_init(&json, &body);
	request_mode_write(&json, &setting);
	ask.body = arena_copy(&admin->arena, buf_slice(&body));
	buf_release(&body);
	if (admin_do_each(admin, &targets, &ask) == -1)
		return -1;
	report_text(&admin->report, "topic", "Topic", setting.topic);
	report_text(&admin->report, "consumerGroup", "Group", setting.group);
	report_text(&admin->report, "mode", "Mode", mode);
	report_int(&admin->report, "popShareQueueNum", "Shared with", setting.share_queues);
	return 0;
}

/* ---- deleteSubGroup ---- */

static const struct flag delete_group_flags[] = {
	FLAG_BROKER,
	{ 'c', "clusterName", FLAG_TEXT, "CLUSTER", 0, 0, 0,
	    "all masters of this cluster, and the group's retry and dead letter topics" },
	{ 'g', "groupName", FLAG_TEXT, "GROUP", FLAG_REQUIRED, 0, 0, "name of the group" },
	{ 'r', "removeOffset", FLAG_BOOL, "BOOL", 0, 0, 0, "delete its offsets (default false)" },
	{ 0 },
};

static int
delete_group_topic(struct admin *admin, const char *key, const char *title, const char *prefix,
    struct slice group, const struct targets *targets)
{
	struct slice topic =
	    arena_printf(&admin->arena, "%s%.*s", prefix, (int)group.len, group.data);

	report_enter(&admin->report, key, title);
	report_text(&admin->report, "topic", "Deleted topic", topic);
	int result = delete_topic_everywhere(admin, topic, targets->list[0].cluster, targets);
	report_leave(&admin->report);
	return result;
}

static int
delete_group_run(struct admin *admin)
{
	bool remove = args_number(&admin->args, 'r', 0) != 0;
	struct delete_group_header header = {
		.remove_offset = remove,
		.clean_offset = remove,
	};
	struct admin_request ask = { .code = REQUEST_DELETE_SUBSCRIPTIONGROUP,
		.fields = delete_group_header_fields,
		.header = &header };
	struct targets targets;

	if (!args_has(&admin->args, 'b') && !args_has(&admin->args, 'c'))
		return admin_misuse(admin, "say where: -c CLUSTER, or -b BROKER");
	if (admin_name(admin, 'g', "group", &header.group_name) == -1 ||
	    admin_targets(admin, TARGET_MASTERS, &targets) == -1)
		return -1;
	report_text(&admin->report, "group", "Deleted group", header.group_name);
	if (admin_do_each(admin, &targets, &ask) == -1)
		return -1;
	if (args_has(&admin->args, 'b'))
		return 0;
	if (delete_group_topic(admin, "retryTopic", "Retry topic", RETRY_PREFIX, header.group_name,
		&targets) == -1)
		return -1;
	return delete_group_topic(
	    admin, "deadLetterTopic", "Dead letter topic", "%DLQ%", header.group_name, &targets);
}

/* ---- consumerProgress ---- */

static const struct flag consumer_progress_flags[] = {
	{ 'g', "groupName", FLAG_TEXT, "GROUP", 0, 0, 0,
	    "all queues of this group; without it, one row for each group" },
	{ 's', "showClientIP", FLAG_BOOL, "BOOL", 0, 0, 0,
	    "also show the client that has the queue; needs -g" },
	{ 'c', "cluster", FLAG_TEXT, "CLUSTER", 0, 0, 0, "only the brokers of this cluster" },
	{ 0 },
};

static const struct column group_columns[] = {
	{ "group", "Group", COLUMN_TEXT },
	{ "count", "Members", COLUMN_INT },
	{ "version", "Version", COLUMN_TEXT },
	{ "type", "Type", COLUMN_TEXT },
	{ "model", "Model", COLUMN_TEXT },
	{ "tps", "TPS", COLUMN_INT },
	{ "diffTotal", "Behind", COLUMN_INT },
	{ NULL },
};

static const struct column progress_columns[] = {
	{ "topic", "Topic", COLUMN_TEXT },
	{ "brokerName", "Broker", COLUMN_TEXT },
	{ "queueId", "QID", COLUMN_INT },
	{ "brokerOffset", "Broker offset", COLUMN_INT },
	{ "consumerOffset", "Consumer offset", COLUMN_INT },
	{ "clientIP", "Client", COLUMN_TEXT },
	{ "diff", "Behind", COLUMN_INT },
	{ "lastTime", "Last consumed", COLUMN_TIME },
	{ "lastCommit", "Last commit", COLUMN_TIME },
	{ NULL },
};

static int64_t
behind(const struct consume_progress *queue)
{
	return queue->broker_offset - queue->consumer_offset;
}

static const char *
type_text(enum consume_type type)
{
	static const char *const names[] = { "PULL", "PUSH", "POP" };

	return names[type];
}

/* Adds a row. A group without members is no error and has zeros. */
static void
add_group(
    struct admin *admin, struct grid *grid, struct slice group, const struct consume_state *state)
{
	bool online = state->n_members != 0;

	grid_text(grid, group);
	grid_int(grid, (int64_t)state->n_members);
	grid_text(
	    grid, online ? version_text(&admin->arena, state->min_version) : SLICE("OFFLINE"));
	grid_text(grid, online ? slice_of(type_text(state->type)) : SLICE(""));
	grid_text(grid, online ? slice_of(message_model_name(state->model)) : SLICE(""));
	grid_int(grid, (int64_t)state->tps);
	grid_int(grid, state->behind);
}

static int
show_all_groups(struct admin *admin)
{
	struct admin_request ask = { .code = REQUEST_GET_ALL_TOPIC_LIST_FROM_NAMESERVER };
	struct twinmq_reply reply;
	struct topic_list list;
	struct grid grid;
	size_t n = 0;

	if (admin_must(admin, &ask, &reply) == -1)
		return -1;
	if (topic_list_read(&admin->arena, reply.body, &list) == -1)
		return admin_bad_body(admin, &ask);
	struct slice *groups = arena_alloc(&admin->arena, (list.n_topics + 1) * sizeof *groups);
	struct consume_state *states =
	    arena_alloc(&admin->arena, (list.n_topics + 1) * sizeof *states);

	for (size_t i = 0; i < list.n_topics; i++)
		if (slice_starts(list.topics[i], RETRY_PREFIX))
			groups[n++] = (struct slice){ list.topics[i].data + strlen(RETRY_PREFIX),
				list.topics[i].len - strlen(RETRY_PREFIX) };
	consume_states_ask(admin, groups, n, states);
	grid_open(&grid, &admin->report, "groups", group_columns);
	for (size_t i = 0; i < n; i++)
		if (states[i].known)
			add_group(admin, &grid, groups[i], &states[i]);
	grid_sort(&grid, 1);
	grid_close(&grid);
	return 0;
}

static int
show_one_group(struct admin *admin, struct slice group)
{
	struct consume_state state;
	struct grid grid;

	if (consume_state_ask(admin, group, &state) == -1)
		return -1;
	if (args_number(&admin->args, 's', 0) != 0)
		consume_state_ask_owners(admin, group, &state);
	report_text(&admin->report, "group", "Group", group);
	grid_open(&grid, &admin->report, "queues", progress_columns);
	for (size_t i = 0; i < state.n_queues; i++) {
		const struct consume_progress *queue = &state.queues[i];
		const struct queue_owner *owner = consume_state_owner(&state, &queue->queue);

		grid_text(&grid, queue->queue.topic);
		grid_text(&grid, queue->queue.broker_name);
		grid_int(&grid, queue->queue.id);
		grid_int(&grid, queue->broker_offset);
		grid_int(&grid, queue->consumer_offset);
		grid_text(&grid, owner != NULL ? owner->client : SLICE_NONE);
		grid_int(&grid, behind(queue));
		grid_int(&grid, queue->last_timestamp);
		grid_int(&grid, queue->committed_ms);
	}
	grid_sort(&grid, 3);
	grid_close(&grid);
	report_text(&admin->report, "consumeTps", "Consume TPS",
	    arena_printf(&admin->arena, "%.2f", state.tps));
	report_int(&admin->report, "diffTotal", "Behind in all", state.behind);
	return 0;
}

static int
consumer_progress_run(struct admin *admin)
{
	struct slice group;

	if (admin_name(admin, 'g', "group", &group) == -1)
		return -1;
	return group.data == NULL ? show_all_groups(admin) : show_one_group(admin, group);
}

/* ---- consumerStatus ---- */

static const struct flag consumer_status_flags[] = {
	{ 'g', "consumerGroup", FLAG_TEXT, "GROUP", FLAG_REQUIRED, 0, 0, "name of the group" },
	FLAG_BROKER,
	FLAG_CLUSTER,
	{ 0 },
};

static const struct flag consumer_connection_flags[] = {
	{ 'g', "consumerGroup", FLAG_TEXT, "GROUP", FLAG_REQUIRED, 0, 0, "name of the group" },
	FLAG_BROKER,
	FLAG_CLUSTER,
	{ 0 },
};

static const struct column member_columns[] = {
	{ "clientId", "Client", COLUMN_TEXT },
	{ "clientAddr", "Address", COLUMN_TEXT },
	{ "language", "Language", COLUMN_TEXT },
	{ "version", "Version", COLUMN_TEXT },
	{ "brokerName", "Broker", COLUMN_TEXT },
	{ NULL },
};

static const struct column subscription_columns[] = {
	{ "topic", "Topic", COLUMN_TEXT },
	{ "expressionType", "Type", COLUMN_TEXT },
	{ "expression", "Expression", COLUMN_TEXT },
	{ "brokerName", "Broker", COLUMN_TEXT },
	{ NULL },
};

/* What the brokers know of one group. */
struct group_status {
	struct grid members, subscriptions;
	struct slice conflicts[16];
	size_t n_conflicts;
	const char *from, *model, *type; /* NULL: no member was seen */
};

static void
add_status(struct admin *admin, struct group_status *status, struct slice broker,
    const struct connection_list *list)
{
	const struct consumer_state *consumer = list->consumer;

	for (size_t i = 0; i < list->n_connections; i++) {
		const struct client_connection *one = &list->connections[i];

		grid_text(&status->members, one->client_id);
		grid_text(&status->members, one->address);
		grid_text(&status->members, slice_of(command_language_name(one->language)));
		grid_text(&status->members, version_text(&admin->arena, one->version));
		grid_text(&status->members, broker);
	}
	for (size_t i = 0; consumer != NULL && i < consumer->n_subscriptions; i++) {
		grid_text(&status->subscriptions, consumer->subscriptions[i].topic);
		grid_text(&status->subscriptions, consumer->subscriptions[i].expression_type);
		grid_text(&status->subscriptions, consumer->subscriptions[i].expression);
		grid_text(&status->subscriptions, broker);
	}
	if (consumer == NULL)
		return;
	status->from = consume_from_name(consumer->from);
	status->model = message_model_name(consumer->model);
	status->type = consume_type_name(consumer->type);
	if (consumer->conflict.len != 0 &&
	    status->n_conflicts < sizeof status->conflicts / sizeof *status->conflicts)
		status->conflicts[status->n_conflicts++] =
		    arena_printf(&admin->arena, "on %.*s, %.*s", (int)broker.len, broker.data,
			(int)consumer->conflict.len, consumer->conflict.data);
}

/* A broker without members of the group is none of ours. */
static int
ask_status(struct admin *admin, const struct target *target, struct slice group,
    struct group_status *status)
{
	struct consumer_group_header header = { .consumer_group = group };
	struct admin_request ask = { target->address, REQUEST_GET_CONSUMER_CONNECTION_LIST,
		consumer_group_header_fields, &header, SLICE_NONE };
	struct twinmq_reply reply = { 0 };
	struct connection_list list;

	if (admin_ask(admin, &ask, &reply) == -1)
		return twinmq_error(admin->mq)->code == RESPONSE_CONSUMER_NOT_ONLINE
		           ? 0
		           : admin_fail_call(admin);
	if (connection_list_read(&admin->arena, reply.body, &list) == -1)
		return admin_bad_body(admin, &ask);
	add_status(
	    admin, status, target->name.data != NULL ? target->name : target->address, &list);
	return 0;
}

static void
report_conflicts(struct admin *admin, const struct group_status *status)
{
	if (status->n_conflicts != 0)
		report_note(&admin->report,
		    "Members of the group subscribe differently: messages will be missed.");
	else
		report_note(&admin->report, "All members subscribe to the same.");
	report_list(&admin->report, "conflicts", status->conflicts, status->n_conflicts);
}

static int
consumer_status_run(struct admin *admin)
{
	struct group_status status = { 0 };
	struct targets targets;
	struct slice group;

	if (admin_name(admin, 'g', "group", &group) == -1 ||
	    admin_targets(admin, TARGET_MASTERS, &targets) == -1)
		return -1;
	grid_open(&status.members, &admin->report, "connections", member_columns);
	grid_open(&status.subscriptions, &admin->report, "subscriptions", subscription_columns);
	for (size_t i = 0; i < targets.n; i++)
		ask_status(admin, &targets.list[i], group, &status);
	report_text(&admin->report, "group", "Group", group);
	report_text(&admin->report, "consumeType", "Type", slice_of(status.type));
	report_text(&admin->report, "messageModel", "Model", slice_of(status.model));
	report_text(
	    &admin->report, "consumeFromWhere", "A new group begins at", slice_of(status.from));
	bool any = grid_rows(&status.members) != 0;

	grid_sort(&status.members, 5);
	grid_close(&status.members);
	grid_sort(&status.subscriptions, 4);
	grid_close(&status.subscriptions);
	if (!any)
		return admin->failed ? -1
		                     : admin_fail(admin, "no member of group %.*s is connected",
					   (int)group.len, group.data);
	report_conflicts(admin, &status);
	return 0;
}

const struct subcommand group_commands[] = {
	{ "consumerProgress", consumer_progress_flags, consumer_progress_run,
	    "show how far one or all consumer groups are behind", HTTP_MAY_READ },
	{ "consumerStatus", consumer_status_flags, consumer_status_run,
	    "show the members of a consumer group, and whether they subscribe to the same",
	    HTTP_MAY_READ },
	{ "consumerConnection", consumer_connection_flags, consumer_status_run,
	    "the same, by RocketMQ's name", HTTP_MAY_READ },
	{ "updateSubGroup", update_group_flags, update_group_run,
	    "create a consumer group or change one", HTTP_MAY_WRITE },
	{ "setConsumeMode", consume_mode_flags, consume_mode_run,
	    "let the clients of a group pull or pop a topic", HTTP_MAY_WRITE },
	{ "deleteSubGroup", delete_group_flags, delete_group_run, "delete a consumer group",
	    HTTP_MAY_ADMIN },
	{ NULL },
};
