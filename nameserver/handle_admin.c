#include "config.h"

#include <inttypes.h>

#include "common/base/log.h"
#include "common/json/json_body.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "common/protocol/kv_table.h"
#include "common/protocol/name_list.h"
#include "nameserver/namesrv.h"

static enum verdict
get_cluster_info_begin(struct request *request)
{
	return request_reply_body(request, routes_cluster_info(namesrv_of(request)->routes));
}

static enum verdict
reply_topics(
    struct request *request, struct slice broker_addr, const struct slice *topics, size_t n_topics)
{
	struct topic_list list = {
		.broker_addr = broker_addr, .topics = topics, .n_topics = n_topics
	};
	struct buf text = { 0 };
	struct json_out out;

	json_out_init(&out, &text);
	topic_list_write(&out, &list);
	return request_reply_body(request, json_finish(&out, request->arena));
}

static enum verdict
refuse_disabled(struct request *request)
{
	return request_refuse(request, RESPONSE_SYSTEM_ERROR, "disable");
}

static enum verdict
get_all_topics_begin(struct request *request)
{
	struct namesrv *namesrv = namesrv_of(request);
	const struct slice *topics;
	size_t n;

	if (!namesrv->settings->enable_all_topic_list)
		return refuse_disabled(request);
	topics = routes_topics(namesrv->routes, request->arena, &n);
	return reply_topics(request, SLICE_NONE, topics, n);
}

static enum verdict
get_cluster_topics_begin(struct request *request)
{
	struct namesrv *namesrv = namesrv_of(request);
	const struct cluster_header *header = request->header;
	const struct slice *topics;
	size_t n;

	if (!namesrv->settings->enable_topic_list)
		return refuse_disabled(request);
	topics = routes_topics_of_cluster(namesrv->routes, request->arena, header->cluster, &n);
	return reply_topics(request, SLICE_NONE, topics, n);
}

static enum verdict
get_system_topics_begin(struct request *request)
{
	struct namesrv *namesrv = namesrv_of(request);
	const struct slice *topics;
	size_t n;

	if (!namesrv->settings->enable_topic_list)
		return refuse_disabled(request);
	topics = routes_system_topics(namesrv->routes, request->arena, &n);
	return reply_topics(request, routes_any_address(namesrv->routes), topics, n);
}

static enum verdict
reply_flagged(struct request *request, int32_t mask, int32_t flags)
{
	struct namesrv *namesrv = namesrv_of(request);
	const struct slice *topics;
	size_t n;

	if (!namesrv->settings->enable_topic_list)
		return refuse_disabled(request);
	topics = routes_topics_flagged(namesrv->routes, request->arena, mask, flags, &n);
	return reply_topics(request, SLICE_NONE, topics, n);
}

static enum verdict
get_unit_topics_begin(struct request *request)
{
	return reply_flagged(request, TOPIC_FLAG_UNIT, TOPIC_FLAG_UNIT);
}

static enum verdict
get_unit_sub_topics_begin(struct request *request)
{
	return reply_flagged(request, TOPIC_FLAG_UNIT_SUB, TOPIC_FLAG_UNIT_SUB);
}

static enum verdict
get_unit_sub_ununit_topics_begin(struct request *request)
{
	return reply_flagged(request, TOPIC_FLAG_UNIT | TOPIC_FLAG_UNIT_SUB, TOPIC_FLAG_UNIT_SUB);
}

static enum verdict
reply_count(struct request *request, const struct field *fields, int32_t topic_count)
{
	struct write_perm_reply *reply = arena_alloc(request->arena, sizeof *reply);

	reply->topic_count = topic_count;
	return request_reply(request, fields, reply);
}

static enum verdict
wipe_write_perm_begin(struct request *request)
{
	const struct broker_name_header *header = request->header;

	return reply_count(request, wipe_write_perm_reply_fields,
	    routes_forbid_write(namesrv_of(request)->routes, header->broker_name));
}

static enum verdict
add_write_perm_begin(struct request *request)
{
	const struct broker_name_header *header = request->header;

	return reply_count(request, add_write_perm_reply_fields,
	    routes_allow_write(namesrv_of(request)->routes, header->broker_name));
}

static enum verdict
delete_topic_begin(struct request *request)
{
	const struct delete_route_header *header = request->header;

	routes_delete_topic(namesrv_of(request)->routes, header->topic, header->cluster_name);
	log_info("topic deleted name=%.*s cluster=%.*s by=%s", (int)header->topic.len,
	    header->topic.data, (int)header->cluster_name.len, header->cluster_name.data,
	    conn_peer_text(request->conn));
	return VERDICT_REPLY;
}

/* ---- 28: a table of texts, as brokers answer it ---- */

static enum verdict
get_runtime_info_begin(struct request *request)
{
	struct namesrv *namesrv = namesrv_of(request);
	struct route_counts routes = routes_counts(namesrv->routes);
	struct kv_counts kv = kv_counts(namesrv->kv);
	struct server_counts server = server_counts(namesrv->server);
	const struct {
		const char *name;
		uint64_t value;
	} counts[] = {
		{ "connections", (uint64_t)server.connections },
		{ "connectionsClosedSilent", server.silent_closed },
		{ "connectionsClosedSlow", server.slow_closed },
		{ "connectionsRefused", server.over_limit },
		{ "connectionsRefusedOfAddress", server.over_address },
		{ "kvBytes", kv.bytes },
		{ "kvPairs", kv.pairs },
		{ "kvPairsRefused", namesrv->n_kv_refused },
		{ "logLinesSuppressed", log_suppressed() },
		{ "lostTopics", routes.lost },
		{ "registeredBrokers", routes.brokers },
		{ "registeredTopics", routes.topics },
		{ "registrationsRefused", routes.refused },
		{ "requestsNotSupported", server.unsupported },
	};
	struct ext pairs[sizeof counts / sizeof *counts];
	struct buf text = { 0 };
	struct json_out out;

	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		pairs[i] = (struct ext){ slice_of(counts[i].name),
			arena_printf(request->arena, "%" PRIu64, counts[i].value) };
	json_out_init(&out, &text);
	kv_table_write(&out, pairs, sizeof pairs / sizeof *pairs);
	return request_reply_body(request, json_finish(&out, request->arena));
}

const struct handler admin_handlers[] = {
	HANDLER_PLAIN(GET_BROKER_RUNTIME_INFO, get_runtime_info_begin, 0),
	HANDLER_PLAIN(GET_BROKER_CLUSTER_INFO, get_cluster_info_begin, 0),
	HANDLER_PLAIN(GET_ALL_TOPIC_LIST_FROM_NAMESERVER, get_all_topics_begin, 0),
	HANDLER_TYPED(GET_TOPICS_BY_CLUSTER, cluster_header, get_cluster_topics_begin, 0),
	HANDLER_PLAIN(GET_SYSTEM_TOPIC_LIST_FROM_NS, get_system_topics_begin, 0),
	HANDLER_PLAIN(GET_UNIT_TOPIC_LIST, get_unit_topics_begin, 0),
	HANDLER_PLAIN(GET_HAS_UNIT_SUB_TOPIC_LIST, get_unit_sub_topics_begin, 0),
	HANDLER_PLAIN(GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST, get_unit_sub_ununit_topics_begin, 0),
	HANDLER_TYPED(
	    WIPE_WRITE_PERM_OF_BROKER, broker_name_header, wipe_write_perm_begin, HANDLER_ADMIN),
	HANDLER_TYPED(
	    ADD_WRITE_PERM_OF_BROKER, broker_name_header, add_write_perm_begin, HANDLER_ADMIN),
	HANDLER_TYPED(
	    DELETE_TOPIC_IN_NAMESRV, delete_route_header, delete_topic_begin, HANDLER_ADMIN),
	{ .name = NULL },
};
