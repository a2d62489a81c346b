#ifndef COMMON_SERVER_H
#define COMMON_SERVER_H

/*
 * Serving requests, for both daemons: listeners, the dispatch of a frame
 * through the table of handlers, replies now or later.
 *
 * A request is one row. `begin` runs on the connection's loop while the frame
 * still lies in the read buffer: header, body and arena are lent until it
 * returns. For a later reply, begin copies what it needs into a task, with a
 * ticket that identifies the request.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/net/conn.h"
#include "common/net/loop.h"
#include "common/protocol/command.h"
#include "common/protocol/fields.h"

enum verdict {
	VERDICT_REPLY, /* request->reply is the reply */
	VERDICT_LATER, /* the ticket was taken; ticket_reply or ticket_drop follows */
	VERDICT_NONE,  /* no reply */
};

struct reply {
	int32_t code;
	struct slice remark;        /* absent: none */
	const struct field *fields; /* with header; NULL: no typed header */
	const void *header;
	const struct reply_stencil *stencil; /* writes the same in JSON; may be NULL */
	const struct ext *ext;               /* more ext fields, raw; NULL with n_ext 0 */
	size_t n_ext;
	struct slice body;
	const struct body_part *parts; /* after the body */
	size_t n_parts;
};

/* Identifies the request that a reply is for. A value; may cross threads. */
struct ticket {
	struct conn_id conn;
	int32_t code; /* of the request */
	int32_t opaque;
	int32_t version;
	enum frame_codec codec;
	bool oneway;
	uint32_t reserved; /* bytes; see ticket_reserve */
};

struct request {
	struct server *server;
	struct loop *loop;
	struct conn *conn;
	const struct handler *handler;
	const struct command *command;
	void *header; /* decoded by handler->fields; zeroed header_size bytes when there are none */
	struct slice body;
	struct arena *arena;
	struct reply reply; /* starts as code 0, nothing else */
};

#define HANDLER_ADMIN 1u     /* changes the cluster; an access rule will ask for more */
#define HANDLER_MAIN_PORT 2u /* not on listenPort - 2 */
#define HANDLER_WRITE 4u
/* Its typed header is read in one pass with the frame: begin must not look at ext fields. */
#define HANDLER_FREQUENT 8u

struct handler {
	int32_t code;               /* a family ends at name == NULL */
	const char *name;           /* RocketMQ's, for logs, counters, the manual */
	const struct field *fields; /* NULL: no header */
	size_t header_size;
	enum verdict (*begin)(struct request *request);
	unsigned flags;
};

/*
 * A row by the request's name in common/protocol/codes.h; with a typed header, and without. Handler
 * tables include common/protocol/codes.h and common/protocol/headers.h.
 */
#define HANDLER_TYPED(request, header, begin, flags)                                               \
	{                                                                                          \
		REQUEST_##request, #request, header##_fields, sizeof(struct header), begin, flags  \
	}
#define HANDLER_PLAIN(request, begin, flags)                                                       \
	{                                                                                          \
		REQUEST_##request, #request, NULL, 0, begin, flags                                 \
	}

struct server; /* listeners on one or more loops, and the families of requests that it serves */

struct server_options {
	/* tables of handlers; the last one is NULL; the list itself is only read by server_new */
	const struct handler *const *families;
	struct loop *loops;
	int n_loops;
	int idle_ms; /* close after this much silence both ways; 0: never */
	/*
	 * More connections are closed at once, with one line a minute. When all
	 * places are taken, silent connections make room for new ones.
	 */
	int max_connections;
	int max_connections_per_address; /* 0: no limit */
	int silent_ms; /* close a connection that made no request for so long; at most idle_ms */
	size_t
	    max_unsent_bytes; /* of all connections, for peers that read too slowly; 0: no limit */
	void *context;        /* server_context */
	/* May be NULL. Called on the connection's loop before it dies. */
	void (*on_close)(struct server *server, struct conn *conn);
};

struct server *server_new(const struct server_options *options);
/* Closes listeners and connections. When the loops have ended and before they are released. */
void server_free(struct server *server);
/*
 * Listens on address:port (a literal IPv4 or IPv6 address, NULL: all of IPv4; port
 * 0: any; SO_REUSEADDR, backlog 1024). Returns the port, or -1 with errno.
 * Connections go to the loops in turn. Before the loops run, or on loop 0.
 */
int server_listen(struct server *server, const char *address, int port, unsigned flags);
/* The same port as a socket, for who accepts himself; -1 with errno. */
int server_open_port(const char *address, int port);
#define LISTEN_FAST 1u /* listenPort - 2: refuses rows with HANDLER_MAIN_PORT */
/* On loop 0, or when it does not run. Connections live on. */
void server_stop_listening(struct server *server);
void *server_context(const struct server *server);
struct server *server_of(const struct conn *conn);
/* How many requests of this code were served since the start; 0 where no row has it. Any thread. */
uint64_t server_count(const struct server *server, int32_t code);

/* What limits did since the start. Any thread. */
struct server_counts {
	int connections;        /* now */
	uint64_t over_limit;    /* refused: max_connections */
	uint64_t over_address;  /* refused: max_connections_per_address */
	uint64_t silent_closed; /* silent connections that made room */
	uint64_t slow_closed;   /* connections closed for max_unsent_bytes */
	uint64_t unsupported;   /* requests with a code that no row has */
};

struct server_counts server_counts(struct server *server);

/* For a reply after begin has returned. In begin only. */
struct ticket request_ticket(const struct request *request);
/*
 * Counts the bytes of the reply that is being read as unsent, see conn_reserve, until
 * ticket_reply or ticket_unreserve. For reads that a peer can ask for in large numbers. On the
 * ticket's own loop; the ticket is the one that will be replied to.
 */
void ticket_reserve(struct loop *loop, struct ticket *ticket, size_t bytes);
void ticket_unreserve(struct loop *loop, struct ticket *ticket);
/* On the ticket's own loop. Does nothing for closed connections and oneway requests. */
void ticket_reply(struct loop *loop, const struct ticket *ticket, const struct reply *reply);

/* What each reply of ours begins with; for the sample of a stencil. */
struct command server_reply_command(enum frame_codec codec, int32_t code, int32_t opaque);
/* Fills the reply with an error and returns VERDICT_REPLY; the text is in the arena. */
enum verdict request_refuse(struct request *request, int32_t code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A reply with code 0 and this header, which must live until begin returns. */
enum verdict request_reply(struct request *request, const struct field *fields, const void *header);
/* A reply with code 0 and this body, which lives in the arena or longer. */
enum verdict request_reply_body(struct request *request, struct slice body);

#endif
