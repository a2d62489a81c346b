#ifndef BROKER_HTTP_H
#define BROKER_HTTP_H

/*
 * The broker's HTTP port: metrics, health and the API of mq-http(7). Handlers run on the thread of
 * the HTTP server. What only a loop knows is asked there: the exchange goes to it and comes back.
 */

#include "broker/context.h"
#include "common/http/http.h"

enum broker_phase {
	BROKER_STARTS,
	BROKER_SERVES,
	BROKER_STOPS,
};

/*
 * Listens and serves: while the broker starts, health only. -1 after one line in the log: the port
 * cannot be had. Before the store opens.
 */
int broker_http_start(struct broker *broker, int listen_port);
/* Opens the accounts of clients that write, and makes httpTokenFile. When the store is open. */
void broker_http_open_accounts(struct broker *broker);
/* Any thread. */
void broker_http_set_phase(struct broker *broker, enum broker_phase phase);
/* The thread ends, once the loops have. */
void broker_http_stop(struct broker *broker);
/* Runs what came back since; false: nothing did. When the thread has ended. */
bool broker_http_drain(struct broker *broker);
/* When what was on its way to loops has come back. */
void broker_http_free(struct broker *broker);

/* ---- for the files of this room -------------------------------------- */

struct broker_http {
	struct http_server *server;          /* NULL: there is no HTTP */
	_Atomic(struct accounts *) accounts; /* NULL: no client may write */
	_Atomic int phase;
	uint32_t next_loop; /* for an operation; the server's thread */
	/* event streams (api_events.c) */
	LIST_HEAD(, event_stream) streams;
	size_t n_streams;
	struct timer heartbeat;
	bool stopped; /* the server's thread has ended */
};

static inline struct broker *
exchange_broker(const struct http_exchange *exchange)
{
	return http_context(exchange);
}

/* The loop that is asked when any can tell: the last one, as the first one has other work. */
static inline struct loop *
broker_view_loop(struct broker *broker)
{
	return broker_loop(broker, (uint32_t)broker->n_workers - 1);
}

extern const struct http_route health_routes[], metrics_routes[];
extern const struct http_route *const broker_http_tables[]; /* all of them; the last is NULL */

#endif
