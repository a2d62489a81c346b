#ifndef BROKER_NAME_SERVER_H
#define BROKER_NAME_SERVER_H

/*
 * One name server, as a broker sees it: the connection to it and the requests
 * that a broker sends. It knows neither the other name servers nor when a
 * registration is due. Loop 0.
 */

#include "broker/cluster/register_compose.h"
#include "broker/context.h"
#include "common/net/conn.h"
#include "common/net/resolve.h"

struct name_server;

struct name_server_events {
	/* A registration has ended; reply is NULL when none came. Both are lent. */
	void (*on_registered)(
	    struct name_server *server, const struct command *reply, struct slice body);
	/* The connection is gone, or could not be made. */
	void (*on_lost)(struct name_server *server, const char *why);
};

struct name_server {
	const struct broker *broker;
	const struct name_server_events *events;
	struct resolver *resolver;
	size_t index;              /* in the resolver */
	struct conn *conn;         /* NULL: none */
	int64_t n_sent, n_replied; /* registrations; lost ones count as replied */
	bool registered;           /* the last registration was accepted; the owner says so */
};

/* Its text in namesrvAddr; lent. */
const char *name_server_text(const struct name_server *server);
/*
 * Sends a registration, over a new connection if there is none. False when its address is not known
 * yet.
 */
bool name_server_register(struct name_server *server, const struct register_message *message);
/* A sign of life, if it would be read. */
void name_server_beat(struct name_server *server);
/* Asks where a topic is; needs a connection. */
void name_server_ask_route(
    struct name_server *server, struct slice topic, call_done_fn *done, void *arg);
/* Asks for the brokers of the cluster; needs a connection. */
void name_server_ask_cluster(struct name_server *server, call_done_fn *done, void *arg);
/* The broker leaves; needs a connection. */
void name_server_unregister(
    struct name_server *server, int timeout_ms, call_done_fn *done, void *arg);
/* on_lost follows, if there was a connection. */
void name_server_close(struct name_server *server, const char *why);

#endif
