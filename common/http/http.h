#ifndef COMMON_HTTP_H
#define COMMON_HTTP_H

/*
 * A small HTTP/1.1 server on a loop and a thread of its own, so that neither a scrape of ten
 * thousand topics nor a slow client ever stops a loop that has messages.
 *
 * A route is one row: method, path, right, handler. The handler answers an exchange at once, or
 * sends it to another loop with http_go and answers when it is back. One connection has one
 * exchange at a time: pipelined requests wait in its buffer, and when that is full, in the socket.
 *
 * Every answer has an X-Request-Id, and every refusal is a problem document (RFC 9457). Bounds:
 * connections, bytes of a head and of a body, bytes of all connections together, the time for
 * a request to come, for an answer to be taken, and between two requests.
 *
 * It is not libevent's evhttp, because that one answers a malformed request by itself, in HTML,
 * has no bound for connections that are silent, and none for a head that comes byte by byte.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "common/base/buf.h"
#include "common/http/http_request.h"
#include "common/http/http_rights.h"
#include "common/net/loop.h"

struct http_server;
struct http_conn;
struct http_exchange;

/* ---- the principal, and its rights ------------------------------------ */

struct http_principal {
	struct slice name;
	unsigned rights; /* HTTP_MAY_... */
};

/*
 * Fills the principal of the request; texts may live in the arena. False: the request names one
 * that is unknown or not proven; the answer is 401.
 */
typedef bool http_identify_fn(void *context, const struct http_request *request,
    struct arena *arena, struct http_principal *principal);

/* ---- the transport --------------------------------------------------- */

/* How bytes come and go; both as read(2) and write(2) of a socket that does not block. */
struct http_transport {
	void *(*open)(void *context, int fd); /* for a new connection; NULL is no failure */
	ssize_t (*receive)(void *session, int fd, void *data, size_t size);
	ssize_t (*send)(void *session, int fd, const void *data, size_t len);
	void (*close)(void *session);
};

extern const struct http_transport http_plain;

/* ---- routes ---------------------------------------------------------- */

struct http_route {
	const char *method; /* the table ends at NULL; HEAD is served by the rows of GET */
	const char *path;   /* "/v1/topics/{topic}": a part in braces takes any text */
	unsigned right;     /* HTTP_MAY_...; 0: everybody */
	/* Media types that a body may have, separated by blanks; NULL: there is no body. */
	const char *takes;
	void (*serve)(struct http_exchange *exchange);
	bool always;      /* also while options.refuses has a reason */
	bool empty;       /* there may be no body all the same */
	const void *data; /* the handler's own */
};

/* ---- an exchange: one request and its answer ------------------------- */

struct http_exchange {
	struct task task; /* for http_go */
	struct http_server *server;
	const struct http_route *route;
	struct http_request request;
	struct http_principal principal;
	struct slice id;           /* of X-Request-Id */
	struct arena arena;        /* lives as long as the exchange */
	void *state;               /* the handler's */
	_Atomic bool gone;         /* nobody waits for the answer any more; any thread */
	const char *cache_control; /* of the answer; NULL: no-store */
	/* internal */
	LIST_ENTRY(http_exchange) in_all;
	struct http_conn *conn; /* NULL: closed */
	void (*step)(struct http_exchange *exchange, struct loop *loop);
	struct loop *origin;
	void (*on_gone)(struct http_exchange *exchange); /* of an answer that stays open */
	/* Of such an answer, for the handler to set: all that was sent has left. It may send more,
	 * and does not end it. NULL: nobody wants to know. */
	void (*on_drained)(struct http_exchange *exchange);
	struct buf extra; /* more header fields of the answer */
	struct buf body;  /* the memory of request.body */
};

void *http_context(const struct http_exchange *exchange);
/* The n-th part of the path that stands in braces, from 0. */
struct slice http_part(const struct http_exchange *exchange, int n);
/*
 * A number among the parameters: the value, `absent` when there is none; -1 after a problem was
 * answered: it is no number of min .. max.
 */
int http_number(struct http_exchange *exchange, const char *name, int64_t min, int64_t max,
    int64_t absent, int64_t *value);
/* The step runs on that loop, which owns the exchange until it calls http_return. */
void http_go(struct http_exchange *exchange, struct loop *loop,
    void (*step)(struct http_exchange *exchange, struct loop *loop));
/* The step runs on the server's loop, which answers there. From any loop. */
void http_return(struct http_exchange *exchange,
    void (*step)(struct http_exchange *exchange, struct loop *loop));
/* 0, or -1 after 401 or 403: the principal has not all of these rights. For a row that asks less.
 */
int http_needs(struct http_exchange *exchange, unsigned right);
/* The address of the client; zeroed when it is gone. On the server's loop. */
void http_peer(const struct http_exchange *exchange, struct sockaddr_storage *address);
/* One more field of the answer; control characters of the value become blanks. */
void http_add_field(struct http_exchange *exchange, const char *name, struct slice value);
/*
 * The answer: takes the body. On the server's loop; the exchange is gone afterwards. A large one
 * for which max_memory has no room becomes a 503.
 */
void http_answer(
    struct http_exchange *exchange, int status, const char *content_type, struct buf *body);
void http_answer_json(struct http_exchange *exchange, int status, struct buf *body);
/* The same with a problem document. */
void http_problem(struct http_exchange *exchange, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- an answer that stays open: server-sent events -------------------- */

/*
 * Begins an answer of status 200 that stays open and gets bytes by http_stream_send. It has no
 * length: its end is that of the connection. 0, or -1 when nobody reads it (the client is gone, or
 * the request was a HEAD): the exchange is gone then. All of this on the server's loop.
 *
 * on_gone: the client left, or took nothing for request_time_ms, or too much was unsent. It is
 * called once, never from within http_stream_send; at the latest in http_server_free, by the thread
 * that calls that. A handler ends every open answer with http_stream_end, one that is gone as well:
 * in on_gone, or when the exchange is back from another loop.
 */
int http_stream_begin(struct http_exchange *exchange, const char *content_type,
    void (*on_gone)(struct http_exchange *exchange));
/*
 * Sends bytes, or keeps them until the client takes them. -1: it is gone, or more than
 * max_unsent_bytes would wait for it, so that it is dropped. Keeps the rest of max_memory, too.
 */
int http_stream_send(struct http_exchange *exchange, struct slice bytes, size_t max_unsent_bytes);
/* What is unsent is still sent. The exchange is gone afterwards. */
void http_stream_end(struct http_exchange *exchange);

/* ---- the server ------------------------------------------------------ */

struct http_options {
	const char *address;                    /* a literal */
	int port;                               /* 0: any */
	const struct http_route *const *tables; /* the last one is NULL */
	const char *allowed_hosts; /* names separated by blanks, commas or ;; NULL: none */
	int max_connections;
	int64_t max_head_bytes;
	int64_t max_body_bytes;
	int64_t max_memory;      /* of all requests and answers */
	int64_t request_time_ms; /* for a request to come whole; for any of an answer to be taken */
	int64_t idle_ms;
	const struct http_transport *transport;
	void *transport_context;
	http_identify_fn *identify; /* NULL: everybody may read, nobody may do more */
	void *identify_context;
	/* NULL, or why requests of this route are refused now (503): static. Any thread. May be
	 * NULL. */
	const char *(*refuses)(void *context, const struct http_route *route);
	void *context; /* http_context */
};

struct http_counts {
	int connections;     /* now */
	int64_t memory;      /* bytes of requests and answers now */
	uint64_t requests;   /* that were answered, those with a problem included */
	uint64_t refused;    /* of them with a status from 400 on */
	uint64_t over_limit; /* connections refused, or closed while silent, for max_connections */
	uint64_t late;       /* connections closed since a request or a reader was too slow */
};

/* Listens; NULL and errno when it cannot. Serves from http_start on. */
struct http_server *http_server_new(const struct http_options *options);
int http_port(const struct http_server *server);
/* The thread begins. */
void http_start(struct http_server *server);
/* The thread ends; what is with other loops may still return and is dropped. */
void http_stop(struct http_server *server);
/* After the other loops were drained. NULL: nothing to do. */
void http_server_free(struct http_server *server);
struct loop *http_loop(struct http_server *server);
struct http_counts http_counts(const struct http_server *server); /* any thread */

#endif
