#include "config.h"

#include "broker/consumers/handle_client.h"

/* Clients that say that they are there, leave, or ask who else is. */

#include "broker/context.h"
#include "broker/state/client.h"
#include "broker/state/group.h"
#include "broker/consumers/push.h"
#include "broker/catalog/topic_create.h"
#include "common/protocol/bodies.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "common/json/json_body.h"
#include "common/protocol/name.h"

/* ---- 34 -------------------------------------------------------------- */

/* Only the changes of groups that want to be told. */
static void
push_to_willing(struct request *request, const struct client_changes *changes)
{
	struct broker *broker = request_broker(request);

	if (!broker->settings->notify_consumer_ids_changed_enable)
		return;
	for (size_t i = 0; i < changes->n; i++) {
		struct client_changes one = { &changes->list[i], 1 };
		struct group group;

		if (!groups_find(broker->groups, changes->list[i].group, &group) ||
		    group.notify_ids_changed)
			push_changes(broker, request->loop, &one);
	}
}

/* The tools find a group by the route of its retry topic, so that is there from the first heartbeat
 * on. */
static void
make_groups(struct broker *broker, const struct heartbeat *heartbeat)
{
	struct group group;
	struct topic topic;

	for (size_t i = 0; i < heartbeat->n_consumers; i++) {
		if (group_find_or_create(broker, heartbeat->consumers[i].group, &group) &&
		    group.retry_queues > 0)
			topic_find_or_create_retry(
			    broker, heartbeat->consumers[i].group, group.retry_queues, &topic);
	}
}

static bool
are_names_valid(const struct heartbeat *heartbeat)
{
	for (size_t i = 0; i < heartbeat->n_producers; i++) {
		if (!name_is_valid(heartbeat->producers[i]))
			return false;
	}
	for (size_t i = 0; i < heartbeat->n_consumers; i++) {
		if (!name_is_valid(heartbeat->consumers[i].group))
			return false;
	}
	return true;
}

static enum verdict
heart_beat_begin(struct request *request)
{
	struct broker *broker = request_broker(request);
	struct heartbeat heartbeat;
	struct client from = {
		.conn = conn_id_of(request->conn),
		.address = slice_of(conn_peer_text(request->conn)),
		.language = request->command->language,
		.version = request->command->version,
	};

	if (heartbeat_read(request->arena, request->body, &heartbeat) == -1)
		return heartbeat.fault != NULL
		           ? request_refuse(request, RESPONSE_SYSTEM_ERROR,
				 "a client id, group or topic %s", heartbeat.fault)
		           : request_refuse(
				 request, RESPONSE_SYSTEM_ERROR, "the body is no heartbeat");
	if (!are_names_valid(&heartbeat))
		return request_refuse(request, RESPONSE_SYSTEM_ERROR,
		    "a group's name has illegal characters or is too long");
	make_groups(broker, &heartbeat);
	struct client_changes changes =
	    clients_heartbeat(broker->clients, &from, &heartbeat, request->arena);

	push_to_willing(request, &changes);
	return VERDICT_REPLY;
}

/* ---- 35, and a connection that ends ---------------------------------- */

static enum verdict
unregister_client_begin(struct request *request)
{
	const struct unregister_client_header *header = request->header;
	struct client_changes changes = clients_unregister(request_broker(request)->clients,
	    header->client_id, header->producer_group, header->consumer_group, request->arena);

	push_to_willing(request, &changes);
	return VERDICT_REPLY;
}

void
client_connection_closed(struct broker *broker, struct conn *conn)
{
	struct arena arena = { 0 }; /* the loop's own may be in use by the request that closes */
	struct client_changes changes = clients_close(broker->clients, conn_id_of(conn), &arena);

	if (broker->settings->notify_consumer_ids_changed_enable)
		push_changes(broker, conn_loop(conn), &changes);
	arena_release(&arena);
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

	if (json == NULL)
		return request_refuse(
		    request, RESPONSE_SYSTEM_ERROR, "the body is no client configuration");
	if (wish == NULL || type.len == 0 || slice_is(type, "TAG"))
		return VERDICT_REPLY;
	return request_refuse(request, RESPONSE_SYSTEM_ERROR,
	    "The broker does not support consumer to filter message by %.*s", (int)type.len,
	    type.data);
}

const struct handler client_handlers[] = {
	HANDLER_PLAIN(HEART_BEAT, heart_beat_begin, 0),
	HANDLER_TYPED(UNREGISTER_CLIENT, unregister_client_header, unregister_client_begin, 0),
	HANDLER_TYPED(
	    GET_CONSUMER_LIST_BY_GROUP, consumer_group_header, get_consumer_list_begin, 0),
	HANDLER_PLAIN(CHECK_CLIENT_CONFIG, check_client_config_begin, 0),
	{ .name = NULL },
};
