#include "config.h"

#include "common/protocol/connection_list.h"

#include "common/json/json_body.h"
#include "common/protocol/name.h"

static void
write_connection(struct json_out *out, const struct client_connection *connection)
{
	json_open_object(out);
	json_member_put_slice(out, "clientAddr", connection->address);
	json_member_put_slice(out, "clientId", connection->client_id);
	json_member_put_text(out, "language", command_language_name(connection->language));
	json_member_put_int(out, "version", connection->version);
	json_close_object(out);
}

static void
write_consumer_state(struct json_out *out, const struct consumer_state *consumer)
{
	json_member_put_text(out, "consumeFromWhere", consume_from_name(consumer->from));
	json_member_put_text(out, "consumeType", consume_type_name(consumer->type));
	json_member_put_text(out, "messageModel", message_model_name(consumer->model));
	json_key(out, "subscriptionTable");
	json_open_object(out);
	for (size_t i = 0; i < consumer->n_subscriptions; i++) {
		json_key_slice(out, consumer->subscriptions[i].topic);
		subscription_write(out, &consumer->subscriptions[i]);
	}
	json_close_object(out);
	if (consumer->conflict.len != 0)
		json_member_put_slice(out, "subscriptionConflict", consumer->conflict);
}

void
connection_list_write(struct json_out *out, const struct connection_list *list)
{
	json_open_object(out);
	json_key(out, "connectionSet");
	json_open_array(out);
	for (size_t i = 0; i < list->n_connections; i++)
		write_connection(out, &list->connections[i]);
	json_close_array(out);
	if (list->consumer != NULL)
		write_consumer_state(out, list->consumer);
	json_close_object(out);
}

static int
read_connection(struct arena *arena, const struct json *json, void *item)
{
	struct client_connection *connection = item;

	(void)arena;
	if (name_member(json, "clientId", NAME_CLIENT_ID, &connection->client_id) == -1 ||
	    name_member(json, "clientAddr", NAME_ADDRESS, &connection->address) == -1)
		return -1;
	connection->language = command_language_of(json_member_text(json, "language"));
	connection->version = json_member_int32(json, "version", 0);
	return connection->client_id.data != NULL ? 0 : -1;
}

static int
read_subscription(struct arena *arena, const struct json *json, void *item)
{
	return subscription_read(arena, json, item);
}

int
connection_list_read(struct arena *arena, struct slice body, struct connection_list *list)
{
	const struct json *json = json_parse(arena, body);
	struct consumer_state *consumer;

	*list = (struct connection_list){ 0 };
	if (!json_is_object(json))
		return -1;
	list->connections = json_items(arena, json_member(json, "connectionSet"), JSON_ARRAY,
	    sizeof *list->connections, read_connection, &list->n_connections);
	if (list->connections == NULL)
		return -1;
	if (json_member(json, "subscriptionTable") == NULL)
		return 0;
	consumer = arena_zalloc(arena, sizeof *consumer);
	consumer->type = consume_type_read(json_member(json, "consumeType"), CONSUME_PASSIVELY);
	consumer->model = message_model_read(json_member(json, "messageModel"), MODEL_CLUSTERING);
	consumer->from =
	    consume_from_read(json_member(json, "consumeFromWhere"), CONSUME_FROM_LAST_OFFSET);
	consumer->subscriptions =
	    json_items(arena, json_member(json, "subscriptionTable"), JSON_OBJECT,
		sizeof *consumer->subscriptions, read_subscription, &consumer->n_subscriptions);
	consumer->conflict = json_member_text(json, "subscriptionConflict");
	list->consumer = consumer;
	if (consumer->subscriptions == NULL)
		return -1;
	return subscriptions_fault(consumer->subscriptions, consumer->n_subscriptions) == NULL ? 0
	                                                                                       : -1;
}
