#ifndef COMMON_HTTP_PRIVATE_H
#define COMMON_HTTP_PRIVATE_H

/* What the files of common/http share. The server's thread, but for what says otherwise. */

#include <pthread.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "common/http/http.h"

#define HTTP_ID_MAX 64 /* bytes of an X-Request-Id that is taken over */

TAILQ_HEAD(http_conn_list, http_conn);

struct http_server {
	struct http_options options;
	struct loop loop;
	pthread_t thread;
	bool runs;
	int fd;
	int port;
	struct event *acceptable;
	struct timer back_off; /* of accepting, when there is no descriptor left */
	struct http_conn_list all;
	struct http_conn_list
	    quiet; /* no request has come whole; the one that waits longest first */
	LIST_HEAD(, http_exchange) exchanges;
	int n_exchanges;            /* those that nobody waits for included */
	uint64_t id_begin, id_next; /* of X-Request-Id */
	char own_name[256];         /* the host's, for Host */
	_Atomic int n_connections;
	_Atomic int64_t memory;
	_Atomic uint64_t n_requests, n_refused, n_over_limit, n_late;
};

enum http_conn_state {
	HTTP_CONN_HEAD,   /* waits for a head */
	HTTP_CONN_BODY,   /* ... for the body of its exchange */
	HTTP_CONN_SERVE,  /* ... for the answer */
	HTTP_CONN_WRITE,  /* ... for the peer to take it */
	HTTP_CONN_STREAM, /* ... for more of an answer that stays open */
	HTTP_CONN_LINGER, /* ... for the peer to close */
};

struct http_conn {
	TAILQ_ENTRY(http_conn) in_all, in_quiet;
	struct http_server *server;
	int fd;
	enum http_conn_state state;
	void *session; /* the transport's */
	struct event *readable, *writable;
	struct timer timer;
	struct buf in;
	struct buf out[2]; /* the head of an answer, and its body if that is large */
	size_t n_sent;     /* of out[0], then of out[1] */
	struct http_exchange *exchange;
	int64_t charged;       /* of server->memory, for a body or an answer */
	int64_t input_charged; /* ... and for what came and is no body yet */
	bool quiet;            /* in that list */
	bool reads;            /* readable is added */
	bool writes;
	bool last;  /* closes after this answer */
	bool ended; /* the peer sends no more */
	bool advancing, dead;
};

/* http_conn.c */
void http_conn_accept(struct http_server *server, int fd);
void http_conn_close(struct http_conn *conn);
/* The answer lies in conn->out. */
void http_conn_answered(struct http_conn *conn);
/* The head of an answer that stays open lies in conn->out[0]. */
void http_conn_stream(struct http_conn *conn);
/* More of it. -1: too much is unsent, and the connection will be closed. */
int http_conn_stream_more(struct http_conn *conn, struct slice bytes, size_t max_unsent_bytes);
void http_conn_end_stream(struct http_conn *conn);
/* Counts bytes of memory for the connection; below 0: fewer. */
void http_conn_charge(struct http_conn *conn, int64_t bytes);

/* http_exchange.c */
struct http_exchange *http_exchange_new(struct http_conn *conn, struct slice head);
void http_exchange_free(struct http_exchange *exchange);
/* Answers what no handler answers any more. */
void http_exchange_refuse(struct http_exchange *exchange, const struct http_refusal *refusal);

/*
 * http_guard.c: finds the route and the principal, and checks what can be checked before the body.
 * 0, or -1 after a problem was answered.
 */
int http_guard(struct http_exchange *exchange);

#endif
