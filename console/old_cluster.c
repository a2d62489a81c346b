#include "config.h"

/* /cluster, /ops, /monitor and /rocketmq/nsaddr of the old console. */

#include "console/old.h"

/* ---- /cluster --------------------------------------------------------- */

/* What one broker says about itself; {} when it does not answer, and the run says so. */
static void
put_runtime(struct old_call *call, struct slice address)
{
	struct admin_request ask = { .address = address, .code = REQUEST_GET_BROKER_RUNTIME_INFO };
	const struct json *table = json_member(old_ask(call, &ask), "table");

	if (table != NULL)
		old_put(&call->data, table);
	else
		json_put_raw(&call->data, SLICE("{}"));
}

static void
put_brokers(struct old_call *call, const struct json *brokers)
{
	struct json_out *out = &call->data;

	json_open_object(out);
	for (const struct json *broker = brokers != NULL ? brokers->first : NULL; broker != NULL;
	     broker = broker->next) {
		const struct json *addresses = json_member(broker, "brokerAddrs");

		json_key_slice(out, broker->name);
		json_open_object(out);
		for (const struct json *one = addresses != NULL ? addresses->first : NULL;
		     one != NULL; one = one->next) {
			json_key_slice(out, one->name);
			put_runtime(call, json_text(one));
		}
		json_close_object(out);
	}
	json_close_object(out);
}

static void
put_addresses(struct json_out *out, const struct json *brokers)
{
	static const struct old_member members[] = { { "cluster", "null" },
		{ "brokerName", "null" }, { "brokerAddrs", "{}" }, { NULL, NULL } };

	json_open_object(out);
	for (const struct json *broker = brokers != NULL ? brokers->first : NULL; broker != NULL;
	     broker = broker->next) {
		json_key_slice(out, broker->name);
		old_put_members(out, broker, members);
	}
	json_close_object(out);
}

static int
list_cluster(struct old_call *call)
{
	struct admin_request ask = { .code = REQUEST_GET_BROKER_CLUSTER_INFO };
	const struct json *info = old_ask(call, &ask);
	const struct json *brokers = json_member(info, "brokerAddrTable");

	if (info == NULL)
		return -1;
	json_open_object(&call->data);
	json_key(&call->data, "brokerServer");
	put_brokers(call, brokers);
	json_key(&call->data, "clusterInfo");
	json_open_object(&call->data);
	json_key(&call->data, "brokerAddrTable");
	put_addresses(&call->data, brokers);
	json_key(&call->data, "clusterAddrTable");
	old_put(&call->data, json_member(info, "clusterAddrTable"));
	json_close_object(&call->data);
	json_close_object(&call->data);
	return 0;
}

/* The command's document is {"ADDRESS":{"key":"value",..}}. */
static int
show_config(struct old_call *call)
{
	struct slice address;
	const struct json *result;

	if (old_need(call, "brokerAddr", &address) == -1 ||
	    old_command(call, &result, "getBrokerConfig",
		(const char *const[]){ "brokerAddr", old_text(call, address), NULL }) == -1)
		return -1;
	old_put(&call->data, result != NULL ? result->first : NULL);
	return 0;
}

/* ---- /ops, /rocketmq/nsaddr ------------------------------------------- */

static void
put_name_servers(struct old_call *call, struct buf *joined)
{
	const char *address;

	for (size_t i = 0; (address = twinmq_name_server(call->admin->mq, i)) != NULL; i++) {
		if (joined != NULL)
			buf_printf(joined, "%s%s", i != 0 ? ";" : "", address);
		else
			json_put_text(&call->data, address);
	}
}

static int
show_home(struct old_call *call)
{
	struct json_out *out = &call->data;

	json_open_object(out);
	json_member_put_bool(out, "useVIPChannel", false);
	json_key(out, "namesvrAddrList");
	json_open_array(out);
	put_name_servers(call, NULL);
	json_close_array(out);
	json_close_object(out);
	return 0;
}

static int
show_name_servers(struct old_call *call)
{
	put_name_servers(call, &call->buf);
	return 0;
}

static int
set_name_servers(struct old_call *call)
{
	struct slice list;
	struct buf now = { 0 };

	if (old_need(call, "nameSvrAddrList", &list) == -1)
		return -1;
	put_name_servers(call, &now);
	bool same = slice_equal(buf_slice(&now), list);
	buf_release(&now);
	if (!same)
		return admin_fail(call->admin,
		    "this console asks the name servers of consoleNamesrvAddr in namesrv.ini");
	json_put_bool(&call->data, true);
	return 0;
}

static int
set_vip_channel(struct old_call *call)
{
	struct slice value;

	if (old_need(call, "useVIPChannel", &value) == -1)
		return -1;
	if (slice_equal_nocase(value, SLICE("true")))
		return admin_fail(call->admin, "brokers of TwinMQ have no second port");
	json_put_bool(&call->data, true);
	return 0;
}

/* Both checks of the old console have no result. */
static int
show_status(struct old_call *call)
{
	json_put_raw(&call->data,
	    SLICE("{\"CLUSTER_HEALTH_CHECK\":null,\"TOPIC_ONLY_ONE_BROKER_CHECK\":null}"));
	return 0;
}

/* ---- /monitor --------------------------------------------------------- */

/* Kept by the name servers, "MEMBERS,BEHIND" of each group. The old console only keeps them, too.
 */
#define MONITOR_NAMESPACE "CONSOLE_CONSUMER_MONITOR"

static int
tell_name_servers(
    struct old_call *call, enum request_code code, const struct field *fields, const void *header)
{
	struct admin_request ask = { .code = code, .fields = fields, .header = header };
	struct twinmq_reply reply;
	const char *address;

	for (size_t i = 0; (address = twinmq_name_server(call->admin->mq, i)) != NULL; i++) {
		ask.address = slice_of(address);
		if (admin_must(call->admin, &ask, &reply) == -1)
			return -1;
	}
	json_put_bool(&call->data, true);
	return 0;
}

static int
set_monitor(struct old_call *call)
{
	struct kv_header header = { .space = SLICE(MONITOR_NAMESPACE) };
	int64_t members, behind;

	if (old_need(call, "consumeGroupName", &header.key) == -1 ||
	    old_need_number(call, "minCount", &members) == -1 ||
	    old_need_number(call, "maxDiffTotal", &behind) == -1)
		return -1;
	header.value =
	    arena_printf(call->arena, "%lld,%lld", (long long)members, (long long)behind);
	return tell_name_servers(call, REQUEST_PUT_KV_CONFIG, put_kv_header_fields, &header);
}

static int
delete_monitor(struct old_call *call)
{
	struct kv_header header = { .space = SLICE(MONITOR_NAMESPACE) };

	if (old_need(call, "consumeGroupName", &header.key) == -1)
		return -1;
	return tell_name_servers(call, REQUEST_DELETE_KV_CONFIG, kv_header_fields, &header);
}

static void
put_monitor(struct json_out *out, struct slice value)
{
	struct slice part;
	int64_t number;

	json_open_object(out);
	for (int i = 0; i < 2; i++) {
		number = 0;
		if (slice_next(&value, ',', &part))
			slice_to_int64(part, &number);
		json_member_put_int(out, i == 0 ? "minCount" : "maxDiffTotal", number);
	}
	json_close_object(out);
}

/* The table of all, or NULL: there is none, or admin_fail was called. */
static const struct json *
find_monitors(struct old_call *call)
{
	struct namespace_header header = { SLICE(MONITOR_NAMESPACE) };
	struct admin_request ask = { .code = REQUEST_GET_KVLIST_BY_NAMESPACE,
		.fields = namespace_header_fields,
		.header = &header };
	struct twinmq_reply reply;

	if (admin_ask(call->admin, &ask, &reply) == -1) {
		if (twinmq_error(call->admin->mq)->code != RESPONSE_QUERY_NOT_FOUND)
			admin_fail_call(call->admin);
		return NULL;
	}
	return json_member(
	    json_parse(&call->admin->arena, arena_copy(&call->admin->arena, reply.body)), "table");
}

static int
list_monitors(struct old_call *call)
{
	const struct json *table = find_monitors(call);

	json_open_object(&call->data);
	for (const struct json *one = table != NULL ? table->first : NULL; one != NULL;
	     one = one->next) {
		json_key_slice(&call->data, one->name);
		put_monitor(&call->data, json_text(one));
	}
	json_close_object(&call->data);
	return call->admin->failed ? -1 : 0;
}

static int
show_monitor(struct old_call *call)
{
	struct slice group;

	if (old_need(call, "consumeGroupName", &group) == -1)
		return -1;
	const struct json *one = json_member(find_monitors(call), old_text(call, group));

	if (one != NULL)
		put_monitor(&call->data, json_text(one));
	else
		json_put_null(&call->data);
	return call->admin->failed ? -1 : 0;
}

const struct http_route old_cluster_routes[] = {
	OLD_QUERY("/cluster/list.query", list_cluster),
	OLD_QUERY("/cluster/brokerConfig.query", show_config),
	OLD_QUERY("/ops/homePage.query", show_home),
	OLD_QUERY("/ops/rocketMqStatus.query", show_status),
	OLD_DO("/ops/updateNameSvrAddr.do", HTTP_MAY_ADMIN, set_name_servers),
	OLD_DO("/ops/updateIsVIPChannel.do", HTTP_MAY_ADMIN, set_vip_channel),
	{ "GET", "/rocketmq/nsaddr", 0, NULL, old_serve,
	    .data = &(const struct old_row){ HTTP_MAY_READ, show_name_servers, true } },
	OLD_QUERY("/monitor/consumerMonitorConfig.query", list_monitors),
	OLD_QUERY("/monitor/consumerMonitorConfigByGroupName.query", show_monitor),
	OLD_DO("/monitor/createOrUpdateConsumerMonitor.do", HTTP_MAY_WRITE, set_monitor),
	OLD_DO("/monitor/deleteConsumerMonitor.do", HTTP_MAY_WRITE, delete_monitor),
	{ NULL },
};
