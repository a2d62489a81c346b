#include "config.h"

/* For the tools: which clients are connected, and what one of them says of itself. */

#include <stdlib.h>

#include "broker/consumers/member_offsets.h"
#include "broker/consumers/push.h"
#include "broker/context.h"
#include "broker/state/client.h"
#include "common/base/mem.h"
#include "common/json/json_body.h"
#include "common/protocol/codes.h"
#include "common/protocol/connection_list.h"
#include "common/protocol/headers.h"

#define RUNNING_INFO_TIMEOUT_MS 10000
#define VERSION_WITH_CONSUMER_STATUS 28 /* V3_0_7_SNAPSHOT */
#define VERSION_WITH_RUNNING_INFO 62    /* V3_1_8_SNAPSHOT */

static enum verdict
reply_connections(struct request *request, const struct client *clients, size_t n,
    const struct consumer_state *consumer)
{
	struct client_connection *list = arena_alloc(request->arena, n * sizeof *list);
	struct buf text = { 0 };
	struct json_out out;

	for (size_t i = 0; i < n; i++)
		list[i] = (struct client_connection){ clients[i].id, clients[i].address,
			clients[i].language, clients[i].version };
	json_out_init(&out, &text);
	connection_list_write(
	    &out, &(struct connection_list){
		      .connections = list, .n_connections = n, .consumer = consumer });
	return request_reply_body(request, json_finish(&out, request->arena));
}

static enum verdict
get_consumer_connections_begin(struct request *request)
{
	const struct consumer_group_header *header = request->header;
	struct client_group group;

	if (!clients_find_group(
		request_broker(request)->clients, header->consumer_group, request->arena, &group))
		return request_refuse(request, RESPONSE_CONSUMER_NOT_ONLINE,
		    "the consumer group[%.*s] not online", (int)header->consumer_group.len,
		    header->consumer_group.data);
	struct consumer_state state = { group.type, group.model, group.from, group.subscriptions,
		group.n_subscriptions,
		clients_find_conflict(
		    request_broker(request)->clients, header->consumer_group, request->arena) };

	return reply_connections(request, group.members, group.n_members, &state);
}

static enum verdict
get_producer_connections_begin(struct request *request)
{
	const struct producer_group_header *header = request->header;
	size_t n;
	const struct client *producers = clients_list_producers(
	    request_broker(request)->clients, header->producer_group, request->arena, &n);

	if (producers == NULL)
		return request_refuse(request, RESPONSE_SYSTEM_ERROR,
		    "the producer group[%.*s] not exist", (int)header->producer_group.len,
		    header->producer_group.data);
	return reply_connections(request, producers, n, NULL);
}

static void
write_producer(struct json_out *out, const struct client *client, struct arena *arena)
{
	json_open_object(out);
	json_member_put_slice(out, "clientId", client->id);
	json_member_put_text(out, "language", command_language_name(client->language));
	json_member_put_int(out, "lastUpdateTimestamp", client->last_seen_ms);
	json_member_put_slice(out, "remoteIP",
	    arena_printf(arena, "/%.*s", (int)client->address.len, client->address.data));
	json_member_put_int(out, "version", client->version);
	json_close_object(out);
}

static enum verdict
get_all_producers_begin(struct request *request)
{
	struct clients *clients = request_broker(request)->clients;
	struct buf text = { 0 };
	struct json_out out;
	size_t n_groups, n;
	const struct slice *groups =
	    clients_list_producer_groups(clients, request->arena, &n_groups);

	json_out_init(&out, &text);
	json_open_object(&out);
	json_key(&out, "data");
	json_open_object(&out);
	for (size_t i = 0; i < n_groups; i++) {
		const struct client *list =
		    clients_list_producers(clients, groups[i], request->arena, &n);

		json_key_slice(&out, groups[i]);
		json_open_array(&out);
		for (size_t j = 0; j < n; j++)
			write_producer(&out, &list[j], request->arena);
		json_close_array(&out);
	}
	json_close_object(&out);
	json_close_object(&out);
	return request_reply_body(request, json_finish(&out, request->arena));
}

static enum verdict
get_running_info_begin(struct request *request)
{
	const struct running_info_header *header = request->header;
	struct client member;

	if (!clients_find_member(request_broker(request)->clients, header->consumer_group,
		header->client_id, request->arena, &member))
		return request_refuse(request, RESPONSE_SYSTEM_ERROR,
		    "The Consumer <%.*s> <%.*s> not online", (int)header->consumer_group.len,
		    header->consumer_group.data, (int)header->client_id.len,
		    header->client_id.data);
	if (member.version < VERSION_WITH_RUNNING_INFO)
		return request_refuse(request, RESPONSE_SYSTEM_ERROR,
		    "The Consumer <%.*s> Version <%d> too low to finish, please upgrade it to "
		    "V3_1_8_SNAPSHOT",
		    (int)header->client_id.len, header->client_id.data, member.version);
	return push_relay(request, member.conn, RUNNING_INFO_TIMEOUT_MS);
}

/* ---- 223: {"consumerTable":{"client":{{"brokerName":...}:7}}} --------- */

static void
on_offsets(void *context, struct loop *loop, const struct member_offsets *members, size_t n_members)
{
	struct ticket *ticket = context;
	struct buf text = { 0 };
	struct json_out out;

	json_out_init(&out, &text);
	json_open_object(&out);
	json_key(&out, "consumerTable");
	json_open_object(&out);
	for (size_t i = 0; i < n_members; i++) {
		json_key_slice(&out, members[i].client_id);
		queue_offsets_write_table(&out, members[i].list, members[i].n);
	}
	json_close_object(&out);
	json_close_object(&out);
	struct reply reply = { .code = RESPONSE_SUCCESS, .body = buf_slice(&text) };

	ticket_reply(loop, ticket, &reply);
	buf_release(&text);
	free(ticket);
}

/* A client is named by its id, in the field clientAddr. */
static enum verdict
get_consumer_status_begin(struct request *request)
{
	const struct consumer_status_header *header = request->header;
	struct broker *broker = request_broker(request);
	struct client_group group;

	if (!clients_find_group(broker->clients, header->group, request->arena, &group))
		return request_refuse(request, RESPONSE_SYSTEM_ERROR,
		    "No Any Consumer online in the consumer group: [%.*s]", (int)header->group.len,
		    header->group.data);
	struct client *members = arena_alloc(request->arena, group.n_members * sizeof *members);
	size_t n = 0;

	for (size_t i = 0; i < group.n_members; i++) {
		if (header->client_addr.len != 0 &&
		    !slice_equal(header->client_addr, group.members[i].id))
			continue;
		if (group.members[i].version < VERSION_WITH_CONSUMER_STATUS)
			return request_refuse(request, RESPONSE_SYSTEM_ERROR,
			    "the client does not support this feature. version=%d",
			    group.members[i].version);
		members[n++] = group.members[i];
	}
	struct ticket *ticket = mem_alloc(sizeof *ticket);

	*ticket = request_ticket(request);
	member_offsets_ask(broker, request->loop,
	    &(struct offset_question){ header->topic, header->group, members, n }, on_offsets,
	    ticket);
	return VERDICT_LATER;
}

const struct handler connection_handlers[] = {
	HANDLER_TYPED(
	    GET_CONSUMER_CONNECTION_LIST, consumer_group_header, get_consumer_connections_begin, 0),
	HANDLER_TYPED(
	    GET_PRODUCER_CONNECTION_LIST, producer_group_header, get_producer_connections_begin, 0),
	HANDLER_PLAIN(GET_ALL_PRODUCER_INFO, get_all_producers_begin, 0),
	HANDLER_TYPED(INVOKE_BROKER_TO_GET_CONSUMER_STATUS, consumer_status_header,
	    get_consumer_status_begin, 0),
	HANDLER_TYPED(GET_CONSUMER_RUNNING_INFO, running_info_header, get_running_info_begin, 0),
	{ .name = NULL },
};
