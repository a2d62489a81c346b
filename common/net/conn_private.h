#ifndef COMMON_CONN_PRIVATE_H
#define COMMON_CONN_PRIVATE_H

/* Shared by conn.c (the life of a connection) and conn_io.c (what goes through it). */

#include <limits.h>
#include <netinet/in.h>
#include <sys/uio.h>

#include "common/net/conn.h"

#define CONN_SCRATCH_BYTES (128u << 10)

/* What the connections of a loop share, so that an idle one holds no buffer. */
struct conns {
	struct loop_part part; /* first: loop->conns */
	struct loop *loop;
	struct u64map by_number;
	uint64_t last_number;
	struct outbox *spare;
	size_t n_spare;
	int64_t tls_line_ms; /* when the next line about TLS may be logged */
	struct iovec pieces[IOV_MAX];
	char scratch[CONN_SCRATCH_BYTES];
};

enum conn_state {
	CONN_CONNECTING,
	CONN_OPEN,
	CONN_ENDING, /* what was written still leaves; what comes is thrown away */
	CONN_CLOSED, /* memory goes at the end of the turn */
};

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct conn {
	struct u64map_node node; /* first: a node is a connection */
	struct loop *loop;
	const struct conn_events *events;
	void *context;
	void *data;
	struct turn_end turn_end;
	struct timer timer; /* to connect, of silence, to end */
	struct event *readable;
	struct event *writable; /* NULL until a first short write */
	struct buf in;          /* the beginning of a frame; frames, while paused */
	size_t need;            /* bytes of the frame that began, as far as known */
	struct outbox *out;     /* NULL: nothing to send */
	struct calls calls;
	int64_t active_ms;  /* when bytes last went either way */
	int64_t partial_ms; /* when the frame that began last doubled; 0: none began */
	int64_t wrote_ms;   /* when bytes last left, or had to begin to wait */
	const char *why;    /* it ends, or could not begin */
	char *peer_text;
	union address peer;
	int fd;
	int listener_port;
	int idle_ms;
	int32_t version;
	enum command_language language;
	enum frame_codec codec;
	enum conn_state state;
	bool paused;  /* no frames are handled: too much is unsent */
	bool blocked; /* waits to become writable */
	bool shut;    /* our side is closed */
};

static inline struct conns *
conns_of(struct loop *loop)
{
	return (struct conns *)loop->conns;
}

static inline size_t
conn_unsent(const struct conn *conn)
{
	return conn->out != NULL ? conn->out->unsent : 0;
}

/* Event callbacks; arg is the connection. */
void conn_on_readable(evutil_socket_t fd, short what, void *arg);
void conn_on_writable(evutil_socket_t fd, short what, void *arg);
/* Writes what the socket takes, then reads on where it had to pause. */
void conn_go_on(struct conn *conn);
/* The socket that was connecting became writable. */
void conn_end_connecting(struct conn *conn);
void conn_wait_writable(struct conn *conn);
void conn_stop_waiting_writable(struct conn *conn);
void conn_give_back_outbox(struct conn *conn);

#endif
