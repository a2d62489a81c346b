#include "config.h"

#include <poll.h>
#include <stdio.h>

#include "admin/cmd.h"
#include "common/base/clock.h"
#include "common/protocol/name_list.h"
#include "common/protocol/queue_stats.h"
#include "common/protocol/topic_config.h"

#define ORDER_NAMESPACE "ORDER_TOPIC_CONFIG"
#define QUEUES_MAX 1024
#define ROUTE_WAIT_MS 3000
#define ROUTE_POLL_MS 5

/* ---- updateTopic ---- */

static const struct flag update_topic_flags[] = {
	FLAG_BROKER,
	FLAG_CLUSTER,
	FLAG_TOPIC("name of the topic"),
	{ 'r', "readQueueNums", FLAG_INT, "N", 0, 1, QUEUES_MAX,
	    "queues to read from (default 8)" },
	{ 'w', "writeQueueNums", FLAG_INT, "N", 0, 1, QUEUES_MAX,
	    "queues to write to (default 8)" },
	{ 'p', "perm", FLAG_PERM, "PERM", 0, 0, 0, "2 (W), 4 (R) or 6 (RW, the default)" },
	{ 'o', "order", FLAG_BOOL, "BOOL", 0, 0, 0,
	    "ordered: name servers keep its set of queues" },
	{ 'u', "unit", FLAG_BOOL, "BOOL", 0, 0, 0, "it is a topic of a unit" },
	{ 's', "hasUnitSub", FLAG_BOOL, "BOOL", 0, 0, 0, "units subscribe to it" },
	{ 'a', "attributes", FLAG_TEXT, "LIST", 0, 0, 0,
	    "attributes to set and to remove: +key=value,-key" },
	{ 0 },
};

/* The attributes that the first target keeps, as JSON; {} when it cannot tell. */
static struct slice
kept_attributes(struct admin *admin, const struct targets *targets, struct slice topic)
{
	struct topic_header header = { topic };
	struct admin_request ask = { .address = targets->list[0].address,
		.code = REQUEST_GET_TOPIC_CONFIG,
		.fields = topic_header_fields,
		.header = &header };
	struct twinmq_reply reply;
	struct topic_config config;

	if (admin_ask(admin, &ask, &reply) == -1 ||
	    topic_config_read(json_parse(&admin->arena, reply.body), &config) == -1 ||
	    config.attributes.data == NULL)
		return SLICE("{}");
	return config.attributes;
}

static void
show_topic(
    struct admin *admin, const struct create_topic_header *header, const struct targets *targets)
{
	struct report *report = &admin->report;

	report_enter(report, "topicConfig", "Topic");
	report_text(report, "topicName", "Name", header->topic);
	report_int(report, "readQueueNums", "Read queues", header->read_queues);
	report_int(report, "writeQueueNums", "Write queues", header->write_queues);
	report_text(report, "perm", "Permission", slice_of(perm_text(header->perm)));
	report_text(report, "topicFilterType", "Filter type", header->topic_filter_type);
	report_int(report, "topicSysFlag", "System flag", header->topic_sys_flag);
	report_text(report, "order", "Ordered", header->order ? SLICE("true") : SLICE("false"));
	report_text(
	    report, "attributes", "Attributes", kept_attributes(admin, targets, header->topic));
	report_leave(report);
}

/* Whether the pair "name:number" of an order configuration belongs to one of the targets. */
static bool
names_target(struct slice pair, const struct targets *targets)
{
	const char *colon = memchr(pair.data, ':', pair.len);
	struct slice name = { pair.data, colon != NULL ? (size_t)(colon - pair.data) : pair.len };

	for (size_t i = 0; i < targets->n; i++)
		if (slice_equal(targets->list[i].name, name))
			return true;
	return false;
}

/* Writes the order configuration, "broker-a:8;broker-b:8"; pairs of other brokers stay. */
static int
put_order_conf(
    struct admin *admin, const struct targets *targets, const struct create_topic_header *topic)
{
	struct kv_header header = { .space = SLICE(ORDER_NAMESPACE), .key = topic->topic };
	struct admin_request ask = {
		.code = REQUEST_GET_KV_CONFIG, .fields = kv_header_fields, .header = &header
	};
	struct twinmq_reply reply;
	struct buf conf = { 0 };
	struct slice old = SLICE(""), pair;

	if (admin_ask(admin, &ask, &reply) == 0)
		old = command_ext(&reply.command, "value");
	else if (twinmq_error(admin->mq)->code != RESPONSE_QUERY_NOT_FOUND)
		return admin_fail_call(admin);
	for (size_t i = 0; i < targets->n; i++)
		buf_printf(&conf, "%s%.*s:%d", conf.len != 0 ? ";" : "",
		    (int)targets->list[i].name.len, targets->list[i].name.data,
		    (int)topic->write_queues);
	while (old.len != 0 && slice_next(&old, ';', &pair))
		if (pair.len != 0 && !names_target(pair, targets))
			buf_printf(&conf, ";%.*s", (int)pair.len, pair.data);
	header.value = arena_copy(&admin->arena, buf_slice(&conf));
	buf_release(&conf);
	report_text(&admin->report, "orderConf", "Order", header.value);
	ask.code = REQUEST_PUT_KV_CONFIG;
	ask.fields = put_kv_header_fields;
	return admin_do_each_name_server(admin, &ask);
}

/* An order configuration needs the broker's name; -b may have given only the address. */
static int
name_targets(struct admin *admin, struct targets *targets)
{
	struct targets all;

	if (targets->n != 1 || targets->list[0].name.data != NULL)
		return 0;
	if (admin_cluster_brokers(admin, SLICE_NONE, TARGET_MASTERS, &all) == -1)
		return -1;
	for (size_t i = 0; i < all.n; i++)
		if (slice_equal(all.list[i].address, targets->list[0].address)) {
			*targets = (struct targets){ &all.list[i], 1 };
			return 0;
		}
	return admin_fail(admin,
	    "no registered master has the address %.*s, so no order can be kept for it",
	    (int)targets->list[0].address.len, targets->list[0].address.data);
}

/* Whether the route has the new numbers of queues for the broker. */
static bool
is_routed(
    const struct route *route, const struct target *target, const struct create_topic_header *topic)
{
	for (size_t i = 0; i < route->n_queues; i++) {
		const struct queue_data *queues = &route->queues[i];

		if (slice_equal(queues->broker_name, target->name))
			return queues->read_queues == topic->read_queues &&
			       queues->write_queues == topic->write_queues;
	}
	return false;
}

/* True also when the name server does not reply: do not wait for it. */
static bool
knows_topic(struct admin *admin, const char *name_server, const struct targets *targets,
    const struct create_topic_header *topic)
{
	struct route_header header = { .topic = topic->topic, .accept_standard_json = true };
	struct admin_request ask = { slice_of(name_server), REQUEST_GET_ROUTEINFO_BY_TOPIC,
		route_header_fields, &header, SLICE("") };
	struct twinmq_reply reply;
	struct route route;

	if (admin_ask(admin, &ask, &reply) == -1)
		return twinmq_error(admin->mq)->code != RESPONSE_TOPIC_NOT_EXIST;
	if (route_read(&admin->arena, reply.body, &route) == -1)
		return true;
	for (size_t i = 0; i < targets->n; i++)
		if (targets->list[i].name.data != NULL &&
		    !is_routed(&route, &targets->list[i], topic))
			return false;
	return true;
}

/* Brokers register a topic a moment later; wait, so that the next command finds it. */
static void
wait_for_routes(
    struct admin *admin, const struct targets *targets, const struct create_topic_header *topic)
{
	int64_t deadline_ms = clock_mono_ms() + ROUTE_WAIT_MS;
	const char *address;

	for (size_t i = 0; (address = twinmq_name_server(admin->mq, i)) != NULL; i++)
		while (!knows_topic(admin, address, targets, topic)) {
			if (clock_mono_ms() >= deadline_ms) {
				report_note(&admin->report,
				    "Name server %s does not know of it yet.", address);
				break;
			}
			poll(NULL, 0, ROUTE_POLL_MS);
		}
}

static int
update_topic_run(struct admin *admin)
{
	const struct args *args = &admin->args;
	struct create_topic_header header = {
		.default_topic = SLICE("TBW102"),
		.read_queues = (int32_t)args_number(args, 'r', 8),
		.write_queues = (int32_t)args_number(args, 'w', 8),
		.perm = (int32_t)args_number(args, 'p', 6),
		.topic_filter_type = SLICE("SINGLE_TAG"),
		.topic_sys_flag = (args_number(args, 'u', 0) != 0 ? TOPIC_FLAG_UNIT : 0) |
		                  (args_number(args, 's', 0) != 0 ? TOPIC_FLAG_UNIT_SUB : 0),
		.order = args_number(args, 'o', 0) != 0,
		.attributes = slice_of(args_text(args, 'a')),
	};
	struct admin_request ask = { .code = REQUEST_UPDATE_AND_CREATE_TOPIC,
		.fields = create_topic_header_fields,
		.header = &header };
	struct targets targets;

	if (admin_name(admin, 't', "topic", &header.topic) == -1 ||
	    admin_targets(admin, TARGET_MASTERS, &targets) == -1 ||
	    (header.order && name_targets(admin, &targets) == -1))
		return -1;
	if (header.order && put_order_conf(admin, &targets, &header) == -1)
		return -1;
	if (admin_do_each(admin, &targets, &ask) == -1)
		return -1;
	if (!admin->failed)
		wait_for_routes(admin, &targets, &header);
	show_topic(admin, &header, &targets);
	return 0;
}

/* ---- updateOrderConf ---- */

static const struct flag update_order_conf_flags[] = {
	FLAG_TOPIC("name of the topic"),
	{ 'm', "method", FLAG_TEXT, "METHOD", FLAG_REQUIRED, 0, 0,
	    "get, put or delete what the name servers keep" },
	{ 'v', "orderConf", FLAG_TEXT, "CONF", 0, 0, 0,
	    "with put: the queues of each broker, as broker-a:8;broker-b:8" },
	{ 0 },
};

/* Whether clients can read it: their parser throws at another form, and then they have no route. */
static bool
is_order_conf(struct slice conf)
{
	struct slice pair, name;
	int64_t queues;

	if (conf.len == 0)
		return false;
	while (conf.len != 0) {
		if (!slice_next(&conf, ';', &pair) || !slice_next(&pair, ':', &name) ||
		    name.len == 0 || slice_to_int64(pair, &queues) == -1 || queues < 1 ||
		    queues > QUEUES_MAX)
			return false;
	}
	return true;
}

static int
get_order_conf(struct admin *admin, const struct admin_request *ask)
{
	struct twinmq_reply reply;

	if (admin_must(admin, ask, &reply) == -1)
		return -1;
	report_text(&admin->report, "orderConf", "Order", command_ext(&reply.command, "value"));
	return 0;
}

static int
update_order_conf_run(struct admin *admin)
{
	struct slice method = slice_trim(slice_of(args_text(&admin->args, 'm')));
	struct kv_header header = {
		.space = SLICE(ORDER_NAMESPACE),
		.value = slice_trim(slice_of(args_text(&admin->args, 'v'))),
	};
	struct admin_request ask = { .fields = kv_header_fields, .header = &header };

	if (admin_name(admin, 't', "topic", &header.key) == -1)
		return -1;
	if (!slice_is(method, "put") && header.value.data != NULL)
		return admin_misuse(admin, "-v (--orderConf) goes with -m put only");
	report_text(&admin->report, "topic", "Topic", header.key);
	if (slice_is(method, "get")) {
		ask.code = REQUEST_GET_KV_CONFIG;
		return get_order_conf(admin, &ask);
	}
	if (slice_is(method, "delete")) {
		ask.code = REQUEST_DELETE_KV_CONFIG;
		return admin_do_each_name_server(admin, &ask);
	}
	if (!slice_is(method, "put"))
		return admin_misuse(admin, "-m (--method) must be get, put or delete, not \"%.*s\"",
		    (int)method.len, method.data);
	if (!is_order_conf(header.value))
		return admin_misuse(
		    admin, "-m put wants -v (--orderConf) BROKER:QUEUES, several separated by ;");
	report_text(&admin->report, "orderConf", "Order", header.value);
	ask.code = REQUEST_PUT_KV_CONFIG;
	ask.fields = put_kv_header_fields;
	return admin_do_each_name_server(admin, &ask);
}

/* ---- deleteTopic ---- */

static const struct flag delete_topic_flags[] = {
	FLAG_TOPIC("name of the topic"),
	{ 'c', "clusterName", FLAG_TEXT, "CLUSTER", FLAG_REQUIRED, 0, 0,
	    "delete it from this cluster" },
	{ 0 },
};

int
delete_topic_everywhere(
    struct admin *admin, struct slice topic, struct slice cluster, const struct targets *targets)
{
	struct topic_header broker_header = { topic };
	struct delete_route_header route_header = { topic, cluster };
	struct kv_header kv_header = { .space = SLICE(ORDER_NAMESPACE), .key = topic };
	const char *address;
	struct admin_request broker_ask = { .code = REQUEST_DELETE_TOPIC_IN_BROKER,
		.fields = topic_header_fields,
		.header = &broker_header };
	struct admin_request route_ask = { .code = REQUEST_DELETE_TOPIC_IN_NAMESRV,
		.fields = delete_route_header_fields,
		.header = &route_header };

	if (admin_do_each(admin, targets, &broker_ask) == -1 ||
	    admin_do_each_name_server(admin, &route_ask) == -1)
		return -1;
	/* The topic may have no order configuration; errors were reported before. */
	for (size_t i = 0; (address = twinmq_name_server(admin->mq, i)) != NULL; i++)
		admin_ask(admin,
		    &(struct admin_request){ slice_of(address), REQUEST_DELETE_KV_CONFIG,
			kv_header_fields, &kv_header, SLICE("") },
		    &(struct twinmq_reply){ 0 });
	return 0;
}

static int
delete_topic_run(struct admin *admin)
{
	struct slice topic;
	struct slice cluster = slice_trim(slice_of(args_text(&admin->args, 'c')));
	struct targets targets;

	if (admin_name(admin, 't', "topic", &topic) == -1 ||
	    admin_targets(admin, TARGET_MASTERS, &targets) == -1)
		return -1;
	report_text(&admin->report, "topic", "Deleted topic", topic);
	return delete_topic_everywhere(admin, topic, cluster, &targets);
}

/* ---- topicList ---- */

static const struct flag topic_list_flags[] = {
	{ 'c', "clusterModel", FLAG_SWITCH, NULL, 0, 0, 0,
	    "with the clusters and the consumer groups of each topic" },
	{ 0 },
};

static const struct column topic_model_columns[] = {
	{ "cluster", "Cluster", COLUMN_TEXT },
	{ "topic", "Topic", COLUMN_TEXT },
	{ "consumerGroup", "Consumer group", COLUMN_TEXT },
	{ NULL },
};

/* Adds the groups of one broker that other brokers did not have. */
static void
add_groups(struct admin *admin, struct grid *grid, struct slice topic, const struct target *target,
    size_t first_row)
{
	struct topic_header header = { topic };
	struct admin_request ask = { target->address, REQUEST_QUERY_TOPIC_CONSUME_BY_WHO,
		topic_header_fields, &header, SLICE("") };
	struct twinmq_reply reply;
	const struct slice *groups;
	size_t n;

	if (admin_ask(admin, &ask, &reply) == -1 ||
	    name_list_read(&admin->arena, reply.body, "groupList", &groups, &n) == -1) {
		admin_fail_call(admin);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (grid_has(grid, first_row, 0, target->cluster, 2, groups[i]))
			continue;
		grid_text(grid, target->cluster);
		grid_text(grid, topic);
		grid_text(grid, groups[i]);
	}
}

static void
add_topic_model(struct admin *admin, struct grid *grid, struct slice topic)
{
	size_t first_row = grid_rows(grid);
	struct targets targets;

	if (slice_starts(topic, "%RETRY%") || slice_starts(topic, "%DLQ%"))
		return;
	if (admin_topic_brokers(admin, topic, &targets) == -1)
		return;
	for (size_t i = 0; i < targets.n; i++)
		add_groups(admin, grid, topic, &targets.list[i], first_row);
	for (size_t i = 0; i < targets.n; i++) {
		if (grid_has(grid, first_row, 0, targets.list[i].cluster, 1, topic))
			continue;
		grid_text(grid, targets.list[i].cluster);
		grid_text(grid, topic);
		grid_text(grid, SLICE(""));
	}
}

static int
topic_list_run(struct admin *admin)
{
	struct admin_request ask = { .code = REQUEST_GET_ALL_TOPIC_LIST_FROM_NAMESERVER };
	struct twinmq_reply reply;
	struct topic_list list;
	struct grid grid;

	if (admin_must(admin, &ask, &reply) == -1)
		return -1;
	if (topic_list_read(&admin->arena, reply.body, &list) == -1)
		return admin_bad_body(admin, &ask);
	if (!args_has(&admin->args, 'c')) {
		report_names(&admin->report, "topics", list.topics, list.n_topics);
		return 0;
	}
	grid_open(&grid, &admin->report, "topics", topic_model_columns);
	for (size_t i = 0; i < list.n_topics; i++)
		add_topic_model(admin, &grid, list.topics[i]);
	grid_sort(&grid, 3);
	grid_close(&grid);
	return 0;
}

/* ---- topicRoute ---- */

static const struct flag topic_route_flags[] = {
	FLAG_TOPIC("name of the topic"),
	{ 'l', "list", FLAG_SWITCH, NULL, 0, 0, 0, "one row per broker only" },
	{ 0 },
};

static const struct column route_broker_columns[] = {
	{ "cluster", "Cluster", COLUMN_TEXT },
	{ "brokerName", "Broker", COLUMN_TEXT },
	{ "brokerId", "BID", COLUMN_INT },
	{ "address", "Address", COLUMN_TEXT },
	{ NULL },
};

static const struct column route_queue_columns[] = {
	{ "brokerName", "Broker", COLUMN_TEXT },
	{ "readQueueNums", "Read queues", COLUMN_INT },
	{ "writeQueueNums", "Write queues", COLUMN_INT },
	{ "perm", "Permission", COLUMN_INT },
	{ "permText", "", COLUMN_TEXT },
	{ "topicSysFlag", "System flag", COLUMN_INT },
	{ NULL },
};

static const struct column filter_server_columns[] = {
	{ "address", "Broker", COLUMN_TEXT },
	{ "filterServer", "Filter server", COLUMN_TEXT },
	{ NULL },
};

static void
show_route_brokers(struct admin *admin, const struct route *route)
{
	struct grid grid;

	grid_open(&grid, &admin->report, "brokers", route_broker_columns);
	for (size_t i = 0; i < route->n_brokers; i++) {
		const struct broker_data *broker = &route->brokers[i];

		for (size_t j = 0; j < broker->n_addresses; j++) {
			grid_text(&grid, broker->cluster);
			grid_text(&grid, broker->name);
			grid_int(&grid, broker->addresses[j].id);
			grid_text(&grid, broker->addresses[j].address);
		}
	}
	grid_sort(&grid, 3);
	grid_close(&grid);
}

static void
show_route_queues(struct admin *admin, const struct route *route)
{
	struct grid grid;

	grid_open(&grid, &admin->report, "queues", route_queue_columns);
	for (size_t i = 0; i < route->n_queues; i++) {
		const struct queue_data *queues = &route->queues[i];

		grid_text(&grid, queues->broker_name);
		grid_int(&grid, queues->read_queues);
		grid_int(&grid, queues->write_queues);
		grid_int(&grid, queues->perm);
		grid_text(&grid, slice_of(perm_text(queues->perm)));
		grid_int(&grid, queues->sys_flag);
	}
	grid_sort(&grid, 1);
	grid_close(&grid);
}

static void
show_filter_servers(struct admin *admin, const struct route *route)
{
	struct grid grid;

	grid_open(&grid, &admin->report, "filterServers", filter_server_columns);
	for (size_t i = 0; i < route->n_filter_servers; i++)
		for (size_t j = 0; j < route->filter_servers[i].n_servers; j++) {
			grid_text(&grid, route->filter_servers[i].broker_address);
			grid_text(&grid, route->filter_servers[i].servers[j]);
		}
	grid_close(&grid);
}

static int
topic_route_run(struct admin *admin)
{
	struct slice topic;
	struct route route;

	if (admin_name(admin, 't', "topic", &topic) == -1)
		return -1;
	if (twinmq_route(admin->mq, topic, &admin->arena, &route) == -1)
		return admin_fail_call(admin);
	if (args_has(&admin->args, 'l')) {
		show_route_queues(admin, &route);
		return 0;
	}
	report_text(&admin->report, "topic", "Topic", topic);
	if (route.order_conf.data != NULL)
		report_text(&admin->report, "orderTopicConf", "Order", route.order_conf);
	show_route_brokers(admin, &route);
	show_route_queues(admin, &route);
	if (route.n_filter_servers != 0)
		show_filter_servers(admin, &route);
	return 0;
}

/* ---- topicStatus ---- */

static const struct flag topic_status_flags[] = {
	FLAG_TOPIC("name of the topic"),
	{ 'c', "cluster", FLAG_TEXT, "CLUSTER", 0, 0, 0, "only the brokers of this cluster" },
	{ 0 },
};

static const struct column topic_status_columns[] = {
	{ "brokerName", "Broker", COLUMN_TEXT },
	{ "queueId", "QID", COLUMN_INT },
	{ "minOffset", "Min offset", COLUMN_INT },
	{ "maxOffset", "Max offset", COLUMN_INT },
	{ "lastUpdated", "Last updated", COLUMN_TIME },
	{ NULL },
};

static int
add_topic_status(struct admin *admin, struct grid *grid, struct slice topic, struct slice address)
{
	struct topic_header header = { topic };
	struct admin_request ask = { address, REQUEST_GET_TOPIC_STATS_INFO, topic_header_fields,
		&header, SLICE("") };
	struct twinmq_reply reply;
	const struct queue_stats *stats;
	size_t n;

	if (admin_must(admin, &ask, &reply) == -1)
		return -1;
	if (topic_stats_read(&admin->arena, reply.body, &stats, &n) == -1)
		return admin_bad_body(admin, &ask);
	for (size_t i = 0; i < n; i++) {
		grid_text(grid, stats[i].queue.broker_name);
		grid_int(grid, stats[i].queue.id);
		grid_int(grid, stats[i].min_offset);
		grid_int(grid, stats[i].max_offset);
		grid_int(grid, stats[i].last_update);
	}
	return 0;
}

static int
topic_status_run(struct admin *admin)
{
	struct slice topic;
	struct slice cluster = slice_of(args_text(&admin->args, 'c'));
	struct targets targets;
	struct grid grid;
	size_t n_asked = 0, n_failed = 0;

	if (admin_name(admin, 't', "topic", &topic) == -1 ||
	    admin_topic_brokers(admin, topic, &targets) == -1)
		return -1;
	grid_open(&grid, &admin->report, "queues", topic_status_columns);
	for (size_t i = 0; i < targets.n; i++) {
		if (cluster.data != NULL && !slice_equal(targets.list[i].cluster, cluster))
			continue;
		n_asked++;
		n_failed += add_topic_status(admin, &grid, topic, targets.list[i].address) == -1;
	}
	grid_sort(&grid, 2);
	grid_close(&grid);
	if (n_asked == 0)
		return admin_fail(admin, "topic %.*s is not in cluster %.*s; see topicClusterList",
		    (int)topic.len, topic.data, (int)cluster.len, cluster.data);
	return n_failed == n_asked ? -1 : 0;
}

/* ---- topicClusterList ---- */

static const struct flag topic_cluster_list_flags[] = {
	FLAG_TOPIC("name of the topic"),
	{ 0 },
};

static int
topic_cluster_list_run(struct admin *admin)
{
	struct slice topic;
	struct targets targets;

	if (admin_name(admin, 't', "topic", &topic) == -1 ||
	    admin_topic_brokers(admin, topic, &targets) == -1)
		return -1;
	struct slice *names = arena_alloc(&admin->arena, (targets.n + 1) * sizeof *names);
	size_t n = 0;
	for (size_t i = 0; i < targets.n; i++) /* sorted by cluster */
		if (n == 0 || !slice_equal(names[n - 1], targets.list[i].cluster))
			names[n++] = targets.list[i].cluster;
	report_names(&admin->report, "clusters", names, n);
	return 0;
}

const struct subcommand topic_commands[] = {
	{ "updateTopic", update_topic_flags, update_topic_run, "create a topic or change one",
	    HTTP_MAY_WRITE },
	{ "updateOrderConf", update_order_conf_flags, update_order_conf_run,
	    "get, put or delete the queues of an ordered topic", HTTP_MAY_ADMIN },
	{ "deleteTopic", delete_topic_flags, delete_topic_run,
	    "delete a topic from brokers and name servers", HTTP_MAY_ADMIN },
	{ "topicList", topic_list_flags, topic_list_run, "list all topics", HTTP_MAY_READ },
	{ "topicRoute", topic_route_flags, topic_route_run, "show where a topic is",
	    HTTP_MAY_READ },
	{ "topicStatus", topic_status_flags, topic_status_run,
	    "show the offsets of a topic's queues", HTTP_MAY_READ },
	{ "topicClusterList", topic_cluster_list_flags, topic_cluster_list_run,
	    "list the clusters that have a topic", HTTP_MAY_READ },
	{ NULL },
};
