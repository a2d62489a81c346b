#include "config.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/json/json_body.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "common/protocol/kv_table.h"
#include "common/protocol/name.h"
#include "nameserver/namesrv.h"

#define TIMEOUT_MAX_MS (24 * 3600 * 1000LL)
#define FILTER_SERVERS_MAX 64 /* of one broker; they are kept as long as it is there */

static bool
refuse_name(struct request *request, const char *field, enum name_kind kind, struct slice name)
{
	const char *fault = name_new_fault(kind, name);

	if (fault != NULL)
		request_refuse(request, RESPONSE_SYSTEM_ERROR, "%s %s: %.*s", field, fault,
		    (int)name.len, name.data);
	return fault != NULL;
}

/* A broker may ask for its own expiry time, but not to be kept for ever. */
static int64_t
fitting_timeout(int64_t timeout_ms)
{
	return timeout_ms < TIMEOUT_MAX_MS ? timeout_ms : TIMEOUT_MAX_MS;
}

/* Reads the identity of the sender. -1: the reply is a refusal. */
static int
identify(struct request *request, struct member_identity *sender)
{
	const struct register_broker_header *header = request->header;
	struct namesrv *namesrv = namesrv_of(request);

	*sender = (struct member_identity){
		.cluster = header->cluster_name,
		.broker_name = header->broker_name,
		.address = header->broker_addr,
		.ha_address = header->ha_server_addr,
		.zone = header->zone_name,
		.id = header->broker_id,
		.timeout_ms = header->heartbeat_timeout_ms > 0
		                  ? fitting_timeout(header->heartbeat_timeout_ms)
		                  : namesrv->settings->broker_channel_expired_time,
		.connection = conn_id_of(request->conn).number,
		.epoch = header->master_epoch,
	};
	if (command_ext(request->command, "enableActingMaster").data != NULL)
		sender->acting_master =
		    header->enable_acting_master ? ACTING_MASTER_YES : ACTING_MASTER_NO;
	if (sender->id < MASTER_ID) {
		request_refuse(request, RESPONSE_SYSTEM_ERROR, "brokerId is 0 or more");
		return -1;
	}
	if (refuse_name(request, "clusterName", NAME_CLUSTER, sender->cluster) ||
	    refuse_name(request, "brokerName", NAME_BROKER, sender->broker_name) ||
	    refuse_name(request, "brokerAddr", NAME_ADDRESS, sender->address))
		return -1;
	return 0;
}

static enum verdict
refuse_duplicate(struct request *request, const struct member_identity *sender, struct slice other)
{
	log_warn("a second broker of one name and id was refused name=%.*s id=%lld address=%.*s "
		 "registered=%.*s",
	    (int)sender->broker_name.len, sender->broker_name.data, (long long)sender->id,
	    (int)sender->address.len, sender->address.data, (int)other.len, other.data);
	return request_refuse(request, RESPONSE_ILLEGAL_OPERATION,
	    "%.*s with brokerId %lld is registered and alive at %.*s: give this broker its own "
	    "%s, or stop the other one",
	    (int)sender->broker_name.len, sender->broker_name.data, (long long)sender->id,
	    (int)other.len, other.data, sender->id == MASTER_ID ? "brokerName" : "brokerId");
}

static enum verdict
refuse_cluster(struct request *request, const struct member_identity *sender, struct slice cluster)
{
	return request_refuse(request, RESPONSE_SYSTEM_ERROR,
	    "the master of %.*s is in the cluster %.*s: give this slave brokerClusterName=%.*s",
	    (int)sender->broker_name.len, sender->broker_name.data, (int)cluster.len, cluster.data,
	    (int)cluster.len, cluster.data);
}

static enum verdict
refuse_full(struct request *request, enum join_status status)
{
	const struct route_limits *limits = &namesrv_of(request)->settings->limits;
	struct route_counts counts = routes_counts(namesrv_of(request)->routes);

	if (status == JOIN_MANY_BROKERS)
		return request_refuse(request, RESPONSE_SYSTEM_BUSY,
		    "%zu brokers are registered with this name server, %lld are allowed: raise "
		    "maxRegisteredBrokers, or find what registers so many",
		    counts.brokers, (long long)limits->max_brokers);
	return request_refuse(request, RESPONSE_SYSTEM_BUSY,
	    "the brokers of this name server have %zu topics, %lld are allowed with those of this "
	    "request: raise maxRegisteredTopics, or find what registers so many",
	    counts.topics, (long long)limits->max_topics);
}

/* The reply names the master, to a slave, and the ordered topics, to all. */
static enum verdict
reply_registration(struct request *request, const struct member_identity *sender)
{
	struct namesrv *namesrv = namesrv_of(request);
	struct register_broker_reply *answer = arena_zalloc(request->arena, sizeof *answer);
	const struct ext *ordered = NULL;
	size_t n_ordered;
	struct buf text = { 0 };
	struct json_out out;

	if (sender->id != MASTER_ID)
		routes_master(namesrv->routes, sender->broker_name, &answer->master_addr,
		    &answer->ha_server_addr);
	if (namesrv->settings->return_order_topic_config_to_broker)
		ordered = kv_list(namesrv->kv, SLICE(KV_ORDER_TOPICS), request->arena, &n_ordered);
	if (ordered != NULL) {
		json_out_init(&out, &text);
		kv_table_write(&out, ordered, n_ordered);
		request->reply.body = json_finish(&out, request->arena);
	}
	return request_reply(request, register_broker_reply_fields, answer);
}

static enum verdict
refuse_registration(struct request *request, bool compressed, const char *fault)
{
	if (fault != NULL)
		return request_refuse(
		    request, RESPONSE_SYSTEM_ERROR, "a topic or filter server %s", fault);
	return request_refuse(request, RESPONSE_SYSTEM_ERROR,
	    "the body is no registration: a table of topics was expected%s",
	    compressed ? ", compressed" : "");
}

static enum verdict
register_broker_begin(struct request *request)
{
	struct namesrv *namesrv = namesrv_of(request);
	const struct register_broker_header *header = request->header;
	struct member_identity sender;
	struct registration registration;
	enum join_status status;
	struct slice other;

	if (identify(request, &sender) == -1)
		return VERDICT_REPLY;
	if (header->body_crc32 != 0 && header->body_crc32 != registration_crc(request->body))
		return request_refuse(request, RESPONSE_SYSTEM_ERROR, "crc32 not match");
	if (registration_read(request->arena, request->body, header->compressed,
		request->command->version, &registration) == -1)
		return refuse_registration(request, header->compressed, registration.fault);
	if (registration.n_filter_servers > FILTER_SERVERS_MAX)
		return request_refuse(request, RESPONSE_SYSTEM_ERROR,
		    "%zu filter servers are registered, at most %d are taken",
		    registration.n_filter_servers, FILTER_SERVERS_MAX);
	status = routes_join(namesrv->routes, &sender, &registration,
	    namesrv->settings->delete_topic_with_broker_registration, clock_mono_ms(), &other);
	if (status == JOIN_DUPLICATE)
		return refuse_duplicate(request, &sender, other);
	if (status == JOIN_OTHER_CLUSTER)
		return refuse_cluster(request, &sender, other);
	if (status != JOIN_OK)
		return refuse_full(request, status);
	conn_set_data(request->conn, namesrv); /* on_conn_close removes its members */
	return reply_registration(request, &sender);
}

static enum verdict
unregister_broker_begin(struct request *request)
{
	const struct broker_identity_header *header = request->header;

	routes_leave(namesrv_of(request)->routes, header->broker_name, header->broker_id,
	    header->broker_addr);
	return VERDICT_REPLY;
}

static enum verdict
query_data_version_begin(struct request *request)
{
	struct namesrv *namesrv = namesrv_of(request);
	const struct broker_identity_header *header = request->header;
	const struct data_version *known = routes_version(namesrv->routes, header->broker_addr);
	struct data_version_reply *answer = arena_zalloc(request->arena, sizeof *answer);
	struct data_version told;
	struct buf text = { 0 };
	struct json_out out;

	if (data_version_read(json_parse(request->arena, request->body), &told) == -1)
		return request_refuse(request, RESPONSE_SYSTEM_ERROR, "the body is no DataVersion");
	answer->changed = known == NULL || !data_version_equal(known, &told);
	if (known != NULL) {
		json_out_init(&out, &text);
		data_version_write(&out, known);
		request->reply.body = json_finish(&out, request->arena);
		routes_touch(namesrv->routes, header->broker_addr, 0, clock_mono_ms());
	}
	return request_reply(request, data_version_reply_fields, answer);
}

static enum verdict
broker_heartbeat_begin(struct request *request)
{
	const struct broker_heartbeat_header *header = request->header;

	routes_touch(namesrv_of(request)->routes, header->broker_addr,
	    fitting_timeout(header->heartbeat_timeout_ms), clock_mono_ms());
	return VERDICT_REPLY;
}

static enum verdict
get_member_group_begin(struct request *request)
{
	const struct member_group_header *header = request->header;

	return request_reply_body(
	    request, routes_member_group(namesrv_of(request)->routes, request->arena,
			 header->cluster_name, header->broker_name));
}

/* 5.x brokers; 3.2.6 asked for a pair by its value under the same code, and gets "not found". */
static enum verdict
register_topic_begin(struct request *request)
{
	struct slice topic = command_ext(request->command, "topic");
	struct route route;

	if (topic.len == 0)
		return request_refuse(request, RESPONSE_QUERY_NOT_FOUND, "No config item");
	if (name_fault(NAME_TOPIC, topic) != NULL)
		return request_refuse(
		    request, RESPONSE_SYSTEM_ERROR, "the topic %s", name_fault(NAME_TOPIC, topic));
	if (route_read(request->arena, request->body, &route) == -1)
		return request_refuse(request, RESPONSE_SYSTEM_ERROR, "the body is no route");
	if (!routes_add_topic(namesrv_of(request)->routes, topic, route.queues, route.n_queues))
		return refuse_full(request, JOIN_MANY_TOPICS);
	return VERDICT_REPLY;
}

const struct handler broker_handlers[] = {
	HANDLER_TYPED(REGISTER_BROKER, register_broker_header, register_broker_begin, 0),
	HANDLER_TYPED(UNREGISTER_BROKER, broker_identity_header, unregister_broker_begin, 0),
	HANDLER_TYPED(QUERY_DATA_VERSION, broker_identity_header, query_data_version_begin, 0),
	HANDLER_TYPED(BROKER_HEARTBEAT, broker_heartbeat_header, broker_heartbeat_begin, 0),
	HANDLER_TYPED(GET_BROKER_MEMBER_GROUP, member_group_header, get_member_group_begin, 0),
	HANDLER_PLAIN(REGISTER_TOPIC_IN_NAMESRV, register_topic_begin, 0),
	{ .name = NULL },
};
