#include "config.h"

#include "broker/cluster/name_server.h"

#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

/* ---- the connection -------------------------------------------------- */

static void
on_request(struct conn *conn, const struct command *command, struct slice body)
{
	(void)conn; /* name servers send no requests */
	(void)command;
	(void)body;
}

static void
on_close(struct conn *conn, const char *why)
{
	struct name_server *server = conn_context(conn);

	server->conn = NULL;
	server->registered = false;
	server->events->on_lost(server, why);
}

static const struct conn_events events = {
	.on_request = on_request,
	.on_close = on_close,
};

static int
timeout_of(const struct name_server *server)
{
	return (int)server->broker->settings->register_broker_timeout_mills;
}

static struct conn *
connection_to(struct name_server *server)
{
	const struct resolved *at = resolver_get(server->resolver, server->index);

	if (server->conn == NULL && at->len != 0)
		server->conn = conn_connect(broker_main_loop(server->broker),
		    (const struct sockaddr *)&at->address, at->len, timeout_of(server), &events,
		    server);
	return server->conn;
}

const char *
name_server_text(const struct name_server *server)
{
	return resolver_get(server->resolver, server->index)->text;
}

void
name_server_close(struct name_server *server, const char *why)
{
	if (server->conn != NULL)
		conn_close(server->conn, why);
}

/* ---- requests -------------------------------------------------------- */

static void
on_registered(void *arg, const struct command *reply, struct slice body)
{
	struct name_server *server = arg;

	server->n_replied++;
	server->events->on_registered(server, reply, body);
}

bool
name_server_register(struct name_server *server, const struct register_message *message)
{
	struct conn *conn = connection_to(server);
	struct arena arena = { 0 };

	if (conn == NULL)
		return false;
	struct register_broker_header header = register_header(server->broker, message);
	struct command command = command_request(REQUEST_REGISTER_BROKER);

	server->n_sent++;
	fields_encode(register_broker_header_fields, &header, &arena, &command);
	conn_request(
	    conn, &command, buf_slice(&message->body), timeout_of(server), on_registered, server);
	arena_release(&arena);
	return true;
}

/*
 * With it, a broker that froze or was cut off leaves the routes in seconds. Oneway: name servers of
 * 4.x do not know it and would not reply.
 */
void
name_server_beat(struct name_server *server)
{
	const struct broker *broker = server->broker;
	struct arena arena = { 0 };
	struct broker_heartbeat_header header = {
		.cluster_name = slice_of(broker->settings->broker_cluster_name),
		.broker_addr = slice_of(broker->address),
		.broker_name = slice_of(broker->settings->broker_name),
		.broker_id = atomic_load(&broker->id),
		.heartbeat_timeout_ms = broker->settings->broker_not_active_timeout_millis,
	};
	struct command command = command_request(REQUEST_BROKER_HEARTBEAT);

	if (server->conn == NULL || !server->registered || !conn_can_write(server->conn))
		return;
	fields_encode(broker_heartbeat_header_fields, &header, &arena, &command);
	conn_request(server->conn, &command, SLICE(""), 0, NULL, NULL);
	arena_release(&arena);
}

void
name_server_ask_route(struct name_server *server, struct slice topic, call_done_fn *done, void *arg)
{
	struct command command = command_request(REQUEST_GET_ROUTEINFO_BY_TOPIC);
	struct route_header header = { .topic = topic, .accept_standard_json = true };
	struct arena arena = { 0 };

	fields_encode(route_header_fields, &header, &arena, &command);
	conn_request(server->conn, &command, SLICE(""), timeout_of(server), done, arg);
	arena_release(&arena);
}

void
name_server_ask_cluster(struct name_server *server, call_done_fn *done, void *arg)
{
	struct command command = command_request(REQUEST_GET_BROKER_CLUSTER_INFO);

	conn_request(server->conn, &command, SLICE(""), timeout_of(server), done, arg);
}

void
name_server_unregister(struct name_server *server, int timeout_ms, call_done_fn *done, void *arg)
{
	const struct broker *broker = server->broker;
	struct arena arena = { 0 };
	struct broker_identity_header header = {
		.broker_name = slice_of(broker->settings->broker_name),
		.broker_addr = slice_of(broker->address),
		.cluster_name = slice_of(broker->settings->broker_cluster_name),
		.broker_id = atomic_load(&broker->id),
	};
	struct command command = command_request(REQUEST_UNREGISTER_BROKER);

	fields_encode(broker_identity_header_fields, &header, &arena, &command);
	conn_request(server->conn, &command, SLICE(""), timeout_ms, done, arg);
	arena_release(&arena);
}
