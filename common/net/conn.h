#ifndef COMMON_CONN_H
#define COMMON_CONN_H

/*
 * A connection that carries frames, seen from either end: both sides may send
 * requests. It reads into its own linear buffer, frames are handled where they
 * lie, and all that a turn of the loop wrote leaves with one writev.
 * Belongs to its loop; other threads name it by struct conn_id.
 *
 * Back-pressure: above CONN_OUT_HIGH unsent and reserved bytes the connection
 * handles no more frames and stops reading. It is closed above CONN_OUT_MAX
 * unsent bytes, and when its peer does not read for the idle time. A loop may
 * also limit the unsent bytes of all its connections together.
 *
 * Closing is safe anywhere, in callbacks too. From then on the events below and
 * conn_find ignore the connection; its memory is freed at the end of the turn.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/net/calls.h"
#include "common/net/loop.h"
#include "common/net/outbox.h"
#include "common/protocol/command.h"
#include "common/protocol/record.h"
#include "common/protocol/reply_stencil.h"

#define CONN_OUT_HIGH (4u << 20) /* bytes */
#define CONN_OUT_MAX (64u << 20)

struct conn;

struct conn_id {
	uint32_t loop;
	uint64_t number; /* never used twice; 0 is none */
};

struct conn_events {
	/* A request arrived; command and body are lent until it returns. */
	void (*on_request)(struct conn *conn, const struct command *command, struct slice body);
	/*
	 * The typed header of requests with this code, which on_request then may get instead of
	 * their ext fields; see struct command_types. The context is the connection's. May be NULL.
	 */
	const struct field *(*fields_of)(void *context, int32_t code, size_t *header_size);
	/* The connection closed; the pointer is dead after this call. May be NULL. */
	void (*on_close)(struct conn *conn, const char *why);
	/*
	 * Outgoing only: connected, or (why != NULL) failed, and then on_close does not follow.
	 * NULL: one that fails is told to on_close.
	 */
	void (*on_connect)(struct conn *conn, const char *why);
	/* A reply that no conn_request waits for, lent like a request. NULL: ignored. */
	void (*on_reply)(struct conn *conn, const struct command *command, struct slice body);
};

/*
 * Takes the accepted, non-blocking socket. local_port: which listener it came through. peer: as
 * accept said; NULL: the socket is asked.
 */
struct conn *conn_accept(struct loop *loop, int fd, int local_port,
    const struct sockaddr_storage *peer, const struct conn_events *events, void *context);
/* Starts connecting. Requests may be sent at once; they wait for the connection. */
struct conn *conn_connect(struct loop *loop, const struct sockaddr *address, socklen_t len,
    int timeout_ms, const struct conn_events *events, void *context);
/* Unsent bytes are dropped, waiting requests are answered with NULL, on_close is called. */
void conn_close(struct conn *conn, const char *why);
/*
 * Closes once all output was sent and the peer has closed its side, or after 1 s. No more
 * requests are handled; output from now on is dropped.
 */
void conn_close_gently(struct conn *conn, const char *why);

/*
 * Sends a reply or any other frame: header, body, then at most 64 Ki parts. The parts are
 * released when they were sent or dropped.
 */
void conn_send(struct conn *conn, const struct command *command, struct slice body,
    const struct body_part *parts, size_t n_parts);

/*
 * Sends a frame that the caller encoded, in two pieces. For callers that send nearly the same
 * frame many times. The reply to a request comes to on_reply.
 */
void conn_send_frame(struct conn *conn, struct slice begin, struct slice end);

/* Sends a reply without a body from its stencil. */
void conn_send_stencil(
    struct conn *conn, const struct reply_stencil *stencil, int32_t opaque, const void *header);

/*
 * Sends a request under an opaque of our own and calls done once: with the reply, lent until
 * done returns, or with NULL after timeout_ms or when the connection closed. With done == NULL
 * the request is oneway.
 */
void conn_request(struct conn *conn, const struct command *command, struct slice body,
    int timeout_ms, call_done_fn *done, void *arg);

/*
 * Closes after idle_ms without bytes either way, after idle_ms without the peer reading our
 * output, and when a frame does not double its bytes in idle_ms. 0, the default: never.
 */
void conn_set_idle(struct conn *conn, int idle_ms);
/* Closes all connections of the loop that have this context; NULL: all. */
void conn_close_all(struct loop *loop, const void *context, const char *why);
struct conn_id conn_id_of(const struct conn *conn);
/* NULL: it is closed. Only for connections of this loop. */
struct conn *conn_find(struct loop *loop, struct conn_id id);
struct loop *conn_loop(const struct conn *conn);

/*
 * Bytes that will be sent once they are read from the disk. They count as
 * unsent until the same number is unreserved, so a peer that does not read
 * cannot have more read for it.
 */
void conn_reserve(struct conn *conn, size_t bytes);
void conn_unreserve(struct conn *conn, size_t bytes);
/*
 * Limits what waits in this loop for peers that read too slowly, 0: no limit.
 * Above it the loop closes connections, those first that hold many bytes for a
 * long time.
 */
void conn_limit_unsent(struct loop *loop, size_t max_bytes);

/*
 * A connection without a request yet counts as silent: it is closed after
 * silent_ms like an idle one, and is the first to go when there is no room.
 * conn_speaks ends that and sets the idle time; the caller does so at the first
 * request.
 */
void conn_be_silent(struct conn *conn, int silent_ms);
bool conn_is_silent(const struct conn *conn);
void conn_speaks(struct conn *conn, int idle_ms);
/* Closes the connection that has been silent longest; false: there is none. */
bool conn_close_silent(struct loop *loop, const char *why);
void *conn_context(const struct conn *conn);
struct host conn_peer_host(const struct conn *conn);
const char *conn_peer_text(struct conn *conn); /* "1.2.3.4:5678", lent */
int conn_listener_port(const struct conn *conn);
bool conn_can_write(const struct conn *conn); /* unsent and reserved: below CONN_OUT_HIGH */
/* Remembers the peer's language, version and codec. Requests to it use this codec. */
void conn_learn(struct conn *conn, const struct command *command);
enum frame_codec conn_codec(const struct conn *conn);
enum command_language conn_language(const struct conn *conn);
int32_t conn_version(const struct conn *conn);
/* A pointer for the owner's use; starts as NULL. */
void *conn_data(const struct conn *conn);
void conn_set_data(struct conn *conn, void *data);

#endif
