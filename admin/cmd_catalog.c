#include "config.h"

#include "admin/cmd.h"

/* What brokers keep about a topic or a group, member by member. */

static const struct flag topic_flags[] = {
	FLAG_TOPIC("name of the topic"),
	FLAG_BROKER,
	{ 'c', "clusterName", FLAG_TEXT, "CLUSTER", 0, 0, 0, "only the brokers of this cluster" },
	{ 0 },
};

static const struct flag group_flags[] = {
	{ 'g', "groupName", FLAG_TEXT, "GROUP", FLAG_REQUIRED, 0, 0, "name of the group" },
	FLAG_BROKER,
	{ 'c', "clusterName", FLAG_TEXT, "CLUSTER", 0, 0, 0, "only the brokers of this cluster" },
	{ 0 },
};

static void
show_members(struct admin *admin, const struct target *target, const struct json *object)
{
	struct report *report = &admin->report;

	report_enter(report, NULL, NULL);
	report_text(report, "brokerName", "Broker",
	    target->name.data != NULL ? target->name : target->address);
	for (const struct json *at = object->first; at != NULL; at = at->next) {
		const char *name =
		    arena_printf(&admin->arena, "%.*s", (int)at->name.len, at->name.data).data;

		report_text(report, name, name, at->text);
	}
	report_leave(report);
}

static int
show_configs(struct admin *admin, struct admin_request *ask)
{
	struct targets targets;
	bool one = args_has(&admin->args, 'b') || args_has(&admin->args, 'c');
	size_t n_found = 0;

	if ((one ? admin_targets(admin, TARGET_MASTERS, &targets)
		 : admin_cluster_brokers(admin, SLICE_NONE, TARGET_MASTERS, &targets)) == -1)
		return -1;
	report_open_list(&admin->report, "brokers");
	for (size_t i = 0; i < targets.n; i++) {
		struct twinmq_reply reply;
		const struct json *json;

		ask->address = targets.list[i].address;
		if (admin_ask(admin, ask, &reply) == -1) {
			if (n_found == 0 && i + 1 == targets.n)
				return admin_fail_call(admin);
			continue; /* this broker does not have it */
		}
		json = json_parse(&admin->arena, reply.body);
		if (json == NULL || json->type != JSON_OBJECT)
			return admin_bad_body(admin, ask);
		show_members(admin, &targets.list[i], json);
		n_found++;
	}
	report_close_list(&admin->report);
	return 0;
}

static int
topic_config_run(struct admin *admin)
{
	struct topic_header header;

	if (admin_name(admin, 't', "topic", &header.topic) == -1)
		return -1;
	return show_configs(admin, &(struct admin_request){ .code = REQUEST_GET_TOPIC_CONFIG,
				       .fields = topic_header_fields,
				       .header = &header });
}

static int
consumer_config_run(struct admin *admin)
{
	struct group_header header;

	if (admin_name(admin, 'g', "group", &header.group) == -1)
		return -1;
	return show_configs(
	    admin, &(struct admin_request){ .code = REQUEST_GET_SUBSCRIPTIONGROUP_CONFIG,
		       .fields = group_header_fields,
		       .header = &header });
}

const struct subcommand catalog_commands[] = {
	{ "getTopicConfig", topic_flags, topic_config_run,
	    "show what brokers keep about a topic, its attributes, too", HTTP_MAY_READ },
	{ "getConsumerConfig", group_flags, consumer_config_run,
	    "show what brokers keep about a consumer group", HTTP_MAY_READ },
	{ NULL },
};
