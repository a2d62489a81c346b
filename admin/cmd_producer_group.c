#include "config.h"

#include "admin/cmd.h"
#include "common/json/json_body.h"

/* The settings of producer groups at brokers: policy and check URL. */

#define FLAG_PRODUCER_GROUP                                                                        \
	{                                                                                          \
		'g', "group", FLAG_TEXT, "GROUP", FLAG_REQUIRED, 0, 0,                             \
		    "name of the producer group"                                                   \
	}

/* Reads -g into the header. 0, or -1 after admin_misuse. */
static int
read_group(struct admin *admin, struct producer_group_settings_header *header)
{
	*header = (struct producer_group_settings_header){ 0 };
	return admin_name(admin, 'g', "group", &header->group);
}

static int
do_each(struct admin *admin, enum request_code code,
    const struct producer_group_settings_header *header)
{
	struct admin_request ask = {
		.code = code, .fields = producer_group_settings_header_fields, .header = header
	};
	struct targets targets;

	if (admin_targets(admin, TARGET_MASTERS, &targets) == -1)
		return -1;
	report_text(&admin->report, "group", "Producer group", header->group);
	return admin_do_each(admin, &targets, &ask);
}

/* ---- updateProducerGroup ---- */

static const struct flag update_producer_group_flags[] = {
	FLAG_BROKER,
	FLAG_CLUSTER,
	FLAG_PRODUCER_GROUP,
	{ 'p', "policy", FLAG_TEXT, "POLICY", FLAG_ONE_OF, 0, 0, "first-wins or commit-wins-once" },
	{ 'u', "checkUrl", FLAG_TEXT, "URL", FLAG_ONE_OF, 0, 0,
	    "asked when no member is connected; empty: none" },
	{ 0 },
};

static int
update_producer_group_run(struct admin *admin)
{
	struct producer_group_settings_header header;

	if (read_group(admin, &header) == -1)
		return -1;
	header.policy = slice_of(args_text(&admin->args, 'p'));
	header.check_url = slice_of(args_text(&admin->args, 'u'));
	return do_each(admin, REQUEST_UPDATE_PRODUCER_GROUP, &header);
}

/* ---- deleteProducerGroup ---- */

static const struct flag delete_producer_group_flags[] = {
	FLAG_BROKER,
	FLAG_CLUSTER,
	FLAG_PRODUCER_GROUP,
	{ 0 },
};

static int
delete_producer_group_run(struct admin *admin)
{
	struct producer_group_settings_header header;

	if (read_group(admin, &header) == -1)
		return -1;
	return do_each(admin, REQUEST_DELETE_PRODUCER_GROUP, &header);
}

/* ---- producerGroupList ---- */

static const struct flag producer_group_list_flags[] = {
	FLAG_BROKER,
	FLAG_CLUSTER,
	{ 0 },
};

static const struct column group_columns[] = {
	{ "group", "Group", COLUMN_TEXT },
	{ "brokerName", "Broker", COLUMN_TEXT },
	{ "policy", "Policy", COLUMN_TEXT },
	{ "checkUrl", "URL", COLUMN_TEXT },
	{ NULL },
};

static int
add_groups(struct admin *admin, struct grid *grid, const struct target *target)
{
	struct admin_request ask = { .address = target->address,
		.code = REQUEST_LIST_PRODUCER_GROUPS };
	struct twinmq_reply reply;
	const struct json *list;

	if (admin_must(admin, &ask, &reply) == -1)
		return -1;
	list = json_member(json_parse(&admin->arena, reply.body), "groups");
	if (list == NULL || list->type != JSON_ARRAY)
		return admin_bad_body(admin, &ask);
	for (const struct json *one = list->first; one != NULL; one = one->next) {
		grid_text(grid, json_member_text(one, "group"));
		grid_text(grid, target->name.data != NULL ? target->name : target->address);
		grid_text(grid, json_member_text(one, "policy"));
		grid_text(grid, json_member_text(one, "checkUrl"));
	}
	return 0;
}

static int
producer_group_list_run(struct admin *admin)
{
	struct targets targets;
	struct grid grid;
	size_t n_failed = 0;

	if (admin_targets(admin, TARGET_MASTERS, &targets) == -1)
		return -1;
	grid_open(&grid, &admin->report, "producerGroups", group_columns);
	for (size_t i = 0; i < targets.n; i++)
		n_failed += add_groups(admin, &grid, &targets.list[i]) == -1;
	grid_sort(&grid, 2);
	grid_close(&grid);
	return n_failed == targets.n ? -1 : 0;
}

/* ---- producerConnection ---- */

static const struct flag producer_connection_flags[] = {
	{ 'g', "producerGroup", FLAG_TEXT, "GROUP", 0, 0, 0, "only this group" },
	{ 't', "topic", FLAG_TEXT, "TOPIC", 0, 0, 0,
	    "accepted because RocketMQ has it: only the brokers of this topic" },
	FLAG_BROKER,
	FLAG_CLUSTER,
	{ 0 },
};

static const struct column connection_columns[] = {
	{ "group", "Group", COLUMN_TEXT },
	{ "clientId", "Client", COLUMN_TEXT },
	{ "clientAddr", "Address", COLUMN_TEXT },
	{ "language", "Language", COLUMN_TEXT },
	{ "version", "Version", COLUMN_TEXT },
	{ "lastSeen", "Last heartbeat", COLUMN_TIME },
	{ "brokerName", "Broker", COLUMN_TEXT },
	{ NULL },
};

static void
add_producers(struct admin *admin, struct grid *grid, struct slice broker, const struct json *group)
{
	for (const struct json *one = group->first; one != NULL; one = one->next) {
		struct slice address = json_member_text(one, "remoteIP");

		if (slice_starts(address, "/"))
			address = (struct slice){ address.data + 1, address.len - 1 };
		grid_text(grid, group->name);
		grid_text(grid, json_member_text(one, "clientId"));
		grid_text(grid, address);
		grid_text(grid, json_member_text(one, "language"));
		grid_text(grid, version_text(&admin->arena, json_member_int64(one, "version", 0)));
		grid_int(grid, json_member_int64(one, "lastUpdateTimestamp", 0));
		grid_text(grid, broker);
	}
}

static int
add_connections(
    struct admin *admin, struct grid *grid, const struct target *target, struct slice only)
{
	struct admin_request ask = { .address = target->address,
		.code = REQUEST_GET_ALL_PRODUCER_INFO };
	struct twinmq_reply reply;

	if (admin_must(admin, &ask, &reply) == -1)
		return -1;
	const struct json *groups =
	    json_member(json_parse(&admin->arena, arena_copy(&admin->arena, reply.body)), "data");

	if (groups == NULL)
		return admin_bad_body(admin, &ask);
	for (const struct json *group = groups->first; group != NULL; group = group->next)
		if (only.data == NULL || slice_equal(only, group->name))
			add_producers(admin, grid,
			    target->name.data != NULL ? target->name : target->address, group);
	return 0;
}

/* Producers say that they are there with each heartbeat, also before they send. */
static int
producer_connection_run(struct admin *admin)
{
	struct slice group, topic;
	struct targets targets;
	struct grid grid;
	size_t n_failed = 0;

	if (admin_name(admin, 'g', "group", &group) == -1 ||
	    admin_name(admin, 't', "topic", &topic) == -1 ||
	    (topic.data != NULL ? admin_topic_brokers(admin, topic, &targets)
				: admin_targets(admin, TARGET_MASTERS, &targets)) == -1)
		return -1;
	grid_open(&grid, &admin->report, "connections", connection_columns);
	for (size_t i = 0; i < targets.n; i++)
		n_failed += add_connections(admin, &grid, &targets.list[i], group) == -1;
	grid_sort(&grid, 7);
	grid_close(&grid);
	return n_failed == targets.n ? -1 : 0;
}

const struct subcommand producer_group_commands[] = {
	{ "producerConnection", producer_connection_flags, producer_connection_run,
	    "list the connected producers of one or all groups", HTTP_MAY_READ },
	{ "updateProducerGroup", update_producer_group_flags, update_producer_group_run,
	    "set policy or check URL of a producer group", HTTP_MAY_ADMIN },
	{ "deleteProducerGroup", delete_producer_group_flags, delete_producer_group_run,
	    "delete the settings of a producer group", HTTP_MAY_ADMIN },
	{ "producerGroupList", producer_group_list_flags, producer_group_list_run,
	    "list the settings of producer groups", HTTP_MAY_READ },
	{ NULL },
};
