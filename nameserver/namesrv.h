#ifndef NAMESERVER_NAMESRV_H
#define NAMESERVER_NAMESRV_H

/*
 * The name server as a program, and the state that its handlers use. Everything
 * runs on one loop, so nothing here needs a lock.
 */

#include "common/account/account_http.h"
#include "common/daemon/daemon.h"
#include "common/http/http.h"
#include "common/net/server.h"
#include "nameserver/kv.h"
#include "nameserver/options.h"
#include "nameserver/routes.h"

struct namesrv {
	struct daemon *daemon;
	const struct namesrv_settings *settings;
	struct routes *routes;
	struct kv *kv;
	struct server *server;
	struct accounts *accounts; /* NULL: no client can prove its identity */
	struct http_server *http;  /* NULL: none */
	struct console *console;   /* NULL: none */
	struct quorum *quorum;     /* NULL: this server takes part in none */
	int n_controller_jobs;     /* at the quorum now */
	bool stopping;
	struct event *scan;
	uint64_t n_kv_refused; /* pairs over maxKvPairs or maxKvBytes, since the start */
};

extern const struct program namesrv_program;
extern const struct handler *const namesrv_families[]; /* commands.c */
extern const struct handler *const namesrv_witness_families[];

static inline struct namesrv *
namesrv_of(const struct request *request)
{
	return ((struct daemon *)server_context(request->server))->context;
}

/* The ordered queues of a topic, for its route; absent: none. */
struct slice namesrv_order_conf(const struct namesrv *namesrv, struct slice topic);

#endif
