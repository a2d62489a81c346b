#include "config.h"

/* Clients that arrive, leave, or ask for the other members of their group. */

#include "broker/consumers/heartbeat.h"
#include "broker/context.h"
#include "broker/state/client.h"
#include "common/filter/filter_cache.h"
#include "common/json/json_body.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "common/protocol/name_list.h"

/* ---- 34, 35 ---------------------------------------------------------- */

static enum verdict
heart_beat_begin(struct request *request)
{
	struct heartbeat heartbeat;
	struct client from = {
		.conn = conn_id_of(request->conn),
		.address = slice_of(conn_peer_text(request->conn)),
		.language = request->command->language,
		.version = request->command->version,
	};

	if (heartbeat_read(request->arena, request->body, &heartbeat) == -1)
		return heartbeat.fault != NULL ? request_refuse(request, RESPONSE_SYSTEM_ERROR,
						     "a client id %s", heartbeat.fault)
		                               : request_refuse(request, RESPONSE_SYSTEM_ERROR,
						     "the body is no heartbeat");
	struct client_refusal refusal =
	    client_beat(request_broker(request), request->loop, &from, &heartbeat);

	if (refusal.why != NULL)
		return request_refuse(request, refusal.code, "%s", refusal.why);
	if (heartbeat.fault != NULL)
		return request_refuse(request, RESPONSE_SYSTEM_ERROR,
		    "a group or topic %s: it was left out", heartbeat.fault);
	return VERDICT_REPLY;
}

static enum verdict
unregister_client_begin(struct request *request)
{
	const struct unregister_client_header *header = request->header;

	client_leave(request_broker(request), request->loop, header->client_id,
	    header->producer_group, header->consumer_group);
	return VERDICT_REPLY;
}

/* ---- 38 -------------------------------------------------------------- */

static enum verdict
get_consumer_list_begin(struct request *request)
{
	const struct consumer_group_header *header = request->header;
	struct buf text = { 0 };
	struct json_out out;
	size_t n;
	const struct slice *ids = clients_list_ids(
	    request_broker(request)->clients, header->consumer_group, request->arena, &n);

	if (ids == NULL)
		return request_refuse(request, RESPONSE_SYSTEM_ERROR,
		    "no consumer for this group, %.*s", (int)header->consumer_group.len,
		    header->consumer_group.data);
	json_out_init(&out, &text);
	name_list_write(&out, "consumerIdList", ids, n);
	return request_reply_body(request, json_finish(&out, request->arena));
}

/* ---- 46 -------------------------------------------------------------- */

static enum verdict
check_client_config_begin(struct request *request)
{
	const struct json *json = json_parse(request->arena, request->body);
	const struct json *wish = json_member(json, "subscriptionData");
	struct slice type = json_member_text(wish, "expressionType");
	struct filter_fault fault;

	if (json == NULL)
		return request_refuse(
		    request, RESPONSE_SYSTEM_ERROR, "the body is no client configuration");
	if (wish == NULL || type.len == 0 || slice_is(type, "TAG"))
		return VERDICT_REPLY;
	if (!request_broker(request)->settings->enable_property_filter || !slice_is(type, "SQL92"))
		return request_refuse(request, RESPONSE_SYSTEM_ERROR,
		    "The broker does not support consumer to filter message by %.*s", (int)type.len,
		    type.data);
	struct filter *filter = filter_cache_take(
	    request_worker(request)->filters, json_member_text(wish, "subString"), &fault);

	if (filter == NULL)
		return request_refuse(request, RESPONSE_SUBSCRIPTION_PARSE_FAILED,
		    "the expression is no SQL92: %s", fault.text);
	filter_unref(filter);
	return VERDICT_REPLY;
}

const struct handler client_handlers[] = {
	HANDLER_PLAIN(HEART_BEAT, heart_beat_begin, 0),
	HANDLER_TYPED(UNREGISTER_CLIENT, unregister_client_header, unregister_client_begin, 0),
	HANDLER_TYPED(
	    GET_CONSUMER_LIST_BY_GROUP, consumer_group_header, get_consumer_list_begin, 0),
	HANDLER_PLAIN(CHECK_CLIENT_CONFIG, check_client_config_begin, 0),
	{ .name = NULL },
};
