#include "config.h"

#include "common/net/conn.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "common/protocol/header_pattern.h"

#define SCRATCH_BYTES (128u << 10)
#define CARRY_MAX (8u << 10) /* a longer beginning of a frame is read on where it lies */
#define TLS_HANDSHAKE 0x16   /* first byte; a frame of this length is none */
#define ENDING_MS 1000

/* Buffers and lists of all connections of a loop, so that an idle connection holds no buffer. */
struct conns {
	struct loop_part part; /* first: loop->conns */
	struct loop *loop;
	struct u64map by_number;
	uint64_t last_number;
	TAILQ_HEAD(conn_list, conn) silent; /* oldest first */
	struct conn_list blocked;
	size_t unsent;     /* of the blocked ones */
	size_t max_unsent; /* 0: no limit */
	struct turn_end shed;
	struct outbox_pool outboxes;
	struct header_patterns patterns; /* of requests */
	int64_t tls_line_ms;             /* when the next line about TLS may be logged */
	struct iovec pieces[IOV_MAX];
	char scratch[SCRATCH_BYTES];
};

enum conn_state {
	CONN_CONNECTING,
	CONN_OPEN,
	CONN_ENDING, /* output is still sent, input is thrown away */
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
	TAILQ_ENTRY(conn) of_silent;
	TAILQ_ENTRY(conn) of_blocked;
	size_t charged;  /* what conns->unsent has of it */
	size_t reserved; /* for what is being read */
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
	bool silent;  /* made no request yet, in conns->silent */
	bool paused;  /* no frames are handled: too much is unsent */
	bool blocked; /* waits to become writable */
	bool shut;    /* our side is closed */
};

static struct conns *
conns_of(struct loop *loop)
{
	return (struct conns *)loop->conns;
}

static size_t
unsent_bytes(const struct conn *conn)
{
	return conn->out != NULL ? conn->out->unsent : 0;
}

/* -- sending ------------------------------------------------------------------------ */

static void on_writable(evutil_socket_t fd, short what, void *arg);

static struct outbox *
outbox_of(struct conn *conn)
{
	if (conn->out == NULL)
		conn->out = outbox_take(&conns_of(conn->loop)->outboxes);
	return conn->out;
}

static void
give_back_outbox(struct conn *conn)
{
	if (conn->out != NULL)
		outbox_put(&conns_of(conn->loop)->outboxes, conn->out);
	conn->out = NULL;
}

/* Counts the unsent bytes of a blocked connection for the limit of the loop. */
static void
charge(struct conn *conn)
{
	struct conns *conns = conns_of(conn->loop);
	size_t now = conn->blocked ? unsent_bytes(conn) : 0;

	conns->unsent += now - conn->charged;
	conn->charged = now;
	if (conns->max_unsent != 0 && conns->unsent > conns->max_unsent)
		loop_at_turn_end(conn->loop, &conns->shed);
}

static void
wait_writable(struct conn *conn)
{
	if (conn->blocked)
		return;
	if (conn->writable == NULL) {
		conn->writable =
		    event_new(conn->loop->base, conn->fd, EV_WRITE | EV_PERSIST, on_writable, conn);
		if (conn->writable == NULL)
			fatal("event cannot be made");
	}
	event_add(conn->writable, NULL);
	conn->blocked = true;
	TAILQ_INSERT_TAIL(&conns_of(conn->loop)->blocked, conn, of_blocked);
	conn->wrote_ms = clock_mono_ms();
}

static void
stop_waiting_writable(struct conn *conn)
{
	if (!conn->blocked)
		return;
	event_del(conn->writable);
	conn->blocked = false;
	TAILQ_REMOVE(&conns_of(conn->loop)->blocked, conn, of_blocked);
	charge(conn);
}

static void
write_out(struct conn *conn)
{
	bool progress = false;
	enum outbox_status status = OUTBOX_EMPTY;

	if (conn->out != NULL)
		status = outbox_send(conn->out, conn->fd, conns_of(conn->loop)->pieces, &progress);
	if (progress)
		conn->wrote_ms = conn->active_ms = clock_mono_ms();
	switch (status) {
	case OUTBOX_BLOCKED:
		wait_writable(conn);
		charge(conn);
		break;
	case OUTBOX_FAILED:
		conn_close(conn, strerror(errno));
		break;
	case OUTBOX_EMPTY:
		stop_waiting_writable(conn);
		give_back_outbox(conn);
		break;
	}
}

/* The weight of a connection when one has to be closed: unsent bytes times stalled time. */
static double
weight(const struct conn *conn, int64_t now_ms)
{
	return (double)conn->charged * (double)(now_ms - conn->wrote_ms + 1);
}

static struct conn *
heaviest(const struct conns *conns)
{
	int64_t now_ms = clock_mono_ms();
	struct conn *found = NULL, *conn;

	TAILQ_FOREACH(conn, &conns->blocked, of_blocked)
		if (found == NULL || weight(conn, now_ms) > weight(found, now_ms))
			found = conn;
	return found;
}

static void
on_shed(struct turn_end *self)
{
	struct conns *conns = container_of(self, struct conns, shed);
	struct conn *conn;

	while (conns->unsent > conns->max_unsent && (conn = heaviest(conns)) != NULL) {
		log_warn("connection closed: too much waits for peers that do not read peer=%s "
			 "bytes=%zu bytes_of_all=%zu limit=%zu",
		    conn_peer_text(conn), conn->charged, conns->unsent, conns->max_unsent);
		atomic_fetch_add_explicit(&conns->loop->n_shed, 1, memory_order_relaxed);
		conn_close(conn, "too much waits for peers that do not read");
	}
}

static bool
takes_frames(const struct conn *conn)
{
	return conn->state != CONN_ENDING && conn->state != CONN_CLOSED;
}

/* Sends the output at the end of the turn, or now when it is much. */
static void
send_soon(struct conn *conn)
{
	if (conn->out->unsent > CONN_OUT_HIGH && conn->state == CONN_OPEN && !conn->blocked)
		write_out(conn);
	if (conn->blocked)
		charge(conn);
	if (unsent_bytes(conn) > CONN_OUT_MAX)
		conn_close(conn, "too much waits to be sent");
	else
		loop_at_turn_end(conn->loop, &conn->turn_end);
}

void
conn_send_frame(struct conn *conn, struct slice begin, struct slice end)
{
	if (!takes_frames(conn))
		return;
	struct outbox *box = outbox_of(conn);

	buf_append_slice(&box->bytes, begin);
	buf_append_slice(&box->bytes, end);
	outbox_appended(box, begin.len + end.len);
	send_soon(conn);
}

void
conn_send_stencil(
    struct conn *conn, const struct reply_stencil *stencil, int32_t opaque, const void *header)
{
	if (!takes_frames(conn))
		return;
	struct outbox *box = outbox_of(conn);
	size_t before = box->bytes.len;

	reply_stencil_put(stencil, &box->bytes, opaque, header);
	outbox_appended(box, box->bytes.len - before);
	send_soon(conn);
}

void
conn_send(struct conn *conn, const struct command *command, struct slice body,
    const struct body_part *parts, size_t n_parts)
{
	size_t body_len = body.len;

	if (!takes_frames(conn)) {
		for (size_t i = 0; i < n_parts; i++)
			body_part_release(&parts[i]);
		return;
	}
	for (size_t i = 0; i < n_parts; i++)
		body_len += parts[i].len;
	struct outbox *box = outbox_of(conn);
	size_t before = box->bytes.len;

	command_encode(&box->bytes, command, body, body_len);
	outbox_appended(box, box->bytes.len - before);
	for (size_t i = 0; i < n_parts; i++)
		outbox_add_part(box, &parts[i]);
	send_soon(conn);
}

void
conn_request(struct conn *conn, const struct command *command, struct slice body, int timeout_ms,
    call_done_fn *done, void *arg)
{
	struct command request = *command;

	request.opaque = calls_opaque(&conn->calls);
	request.flag = done != NULL ? 0 : COMMAND_FLAG_ONEWAY;
	if (request.version == 0)
		request.version = COMMAND_VERSION;
	if (done != NULL)
		calls_add(&conn->calls, conn->loop, request.opaque, timeout_ms, done, arg);
	conn_send(conn, &request, body, NULL, 0);
}

/* -- receiving ---------------------------------------------------------------------- */

static void
pause_reading(struct conn *conn)
{
	conn->paused = true;
	event_del(conn->readable);
}

static void
reply_error(struct conn *conn, const struct command *request)
{
	const struct command reply = {
		.codec = request->codec,
		.code = RESPONSE_SYSTEM_ERROR,
		.language = COMMAND_LANGUAGE,
		.version = COMMAND_VERSION,
		.opaque = request->opaque,
		.flag = COMMAND_FLAG_RESPONSE,
		.remark = SLICE("the header of the request cannot be understood"),
	};

	conn_send(conn, &reply, SLICE(""), NULL, 0);
}

static void
handle_request(struct conn *conn, const struct command *command, struct slice body)
{
	conn_learn(conn, command);
	conn->events->on_request(conn, command, body);
}

static void
handle_reply(struct conn *conn, int32_t opaque, const struct command *reply, struct slice body)
{
	if (calls_reply(&conn->calls, opaque, reply, body))
		return;
	if (reply != NULL && conn->events->on_reply != NULL)
		conn->events->on_reply(conn, reply, body);
}

static void
handle_frame(struct conn *conn, const struct frame *frame)
{
	const struct command_types types = { conn->events->fields_of, conn->context,
		&conns_of(conn->loop)->patterns };
	struct command command;
	enum command_status status = command_decode_typed(
	    &conn->loop->arena, frame, types.fields_of != NULL ? &types : NULL, &command);

	if (status == COMMAND_BAD)
		conn_close(conn, "a header that cannot be understood");
	else if ((command.flag & COMMAND_FLAG_RESPONSE) != 0)
		handle_reply(
		    conn, command.opaque, status == COMMAND_OK ? &command : NULL, frame->body);
	else if (status == COMMAND_OK)
		handle_request(conn, &command, frame->body);
	else if ((command.flag & COMMAND_FLAG_ONEWAY) == 0)
		reply_error(conn, &command);
}

static void
refuse_bytes(struct conn *conn, char first)
{
	struct conns *conns = conns_of(conn->loop);
	int64_t now_ms = clock_mono_ms();

	if (first == TLS_HANDSHAKE && now_ms >= conns->tls_line_ms) {
		conns->tls_line_ms = now_ms + 60000;
		log_warn("TLS is not enabled peer=%s", conn_peer_text(conn));
	}
	conn_close(conn, first == TLS_HANDSHAKE ? "TLS is not enabled" : "not a frame");
}

/* Handles the frames in data; how many bytes they were. */
static size_t
handle_frames(struct conn *conn, const char *data, size_t len)
{
	struct frame frame;
	size_t done = 0;

	while (done < len && conn->state == CONN_OPEN && !conn->paused) {
		enum frame_status status = frame_read(data + done, len - done, &frame, &conn->need);

		if (status == FRAME_MORE)
			break;
		if (status == FRAME_BAD) {
			refuse_bytes(conn, data[done]);
			break;
		}
		done += frame.size;
		handle_frame(conn, &frame);
		arena_reset(&conn->loop->arena);
		if (unsent_bytes(conn) + conn->reserved > CONN_OUT_HIGH && conn->state == CONN_OPEN)
			pause_reading(conn);
	}
	return done;
}

/* Room for more of a frame, whose size a peer chose. -1: there is not as much memory. */
static int
grow_in(struct conn *conn, size_t cap)
{
	char *data = mem_try_realloc(conn->in.data, cap);

	if (data == NULL)
		return -1;
	conn->in.data = data;
	conn->in.cap = cap;
	return 0;
}

static void
set_in_cap(struct conn *conn, size_t cap)
{
	if (cap != conn->in.cap)
		conn->in.data = mem_realloc(conn->in.data, cap);
	conn->in.cap = cap;
}

static size_t
fitting_cap(size_t len)
{
	size_t cap = 256;

	while (cap < len)
		cap *= 2;
	return cap;
}

/*
 * Keeps the len bytes behind the handled ones at data, which is the connection's buffer or the
 * loop's. Memory for a frame grows with the bytes that arrived, never with its length field.
 */
static void
keep_rest(struct conn *conn, const char *data, size_t done, size_t len)
{
	bool progress = done != 0 || conn->partial_ms == 0;

	if (len == 0) {
		buf_release(&conn->in);
		conn->partial_ms = 0;
		return;
	}
	if (data == conn->in.data) {
		memmove(conn->in.data, data + done, len);
		if (len <= CARRY_MAX)
			set_in_cap(conn, fitting_cap(len));
	} else {
		set_in_cap(conn, fitting_cap(len));
		memcpy(conn->in.data, data + done, len);
	}
	conn->in.len = len;
	if (len > CARRY_MAX && len == conn->in.cap && !conn->paused) {
		if (grow_in(conn, len < conn->need / 2 ? len * 2 : conn->need) == -1) {
			conn_close(conn, "no memory for the rest of its frame");
			return;
		}
		progress = true;
	}
	if (conn->paused)
		conn->partial_ms = 0;
	else if (progress)
		conn->partial_ms = clock_mono_ms();
}

static void
take_in(struct conn *conn, const char *data, size_t len)
{
	size_t done = handle_frames(conn, data, len);

	if (conn->state == CONN_OPEN)
		keep_rest(conn, data, done, len - done);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;
	char *data = conns_of(conn->loop)->scratch;
	size_t len = conn->state == CONN_OPEN ? conn->in.len : 0;
	size_t room = SCRATCH_BYTES - len;

	(void)what;
	if (len > CARRY_MAX) {
		data = conn->in.data;
		room = conn->in.cap - len;
	} else if (len != 0) {
		memcpy(data, conn->in.data, len);
	}
	ssize_t n = recv(fd, data + len, room, 0);

	if (n == 0) {
		conn_close(conn, conn->state == CONN_ENDING ? conn->why : "closed by peer");
	} else if (n == -1) {
		if (errno != EAGAIN && errno != EINTR)
			conn_close(conn, strerror(errno));
	} else {
		conn->active_ms = clock_mono_ms();
		conn->loop->pressed |= (size_t)n == room;
		if (conn->state == CONN_OPEN)
			take_in(conn, data, len + (size_t)n);
	}
}

static void
resume_reading(struct conn *conn)
{
	conn->paused = false;
	event_add(conn->readable, NULL);
	if (conn->in.len != 0)
		take_in(conn, conn->in.data, conn->in.len);
}

static void
go_on(struct conn *conn)
{
	write_out(conn);
	if (conn->state == CONN_ENDING && conn->out == NULL && !conn->shut) {
		shutdown(conn->fd, SHUT_WR);
		conn->shut = true;
	}
	if (conn->state == CONN_OPEN && conn->paused &&
	    unsent_bytes(conn) + conn->reserved < CONN_OUT_HIGH / 2)
		resume_reading(conn);
}

/* -- the life of a connection ------------------------------------------------------- */

static void
conn_free(struct conn *conn)
{
	while (conn->calls.waiting.n != 0)
		calls_fail(&conn->calls);
	calls_release(&conn->calls);
	buf_release(&conn->in);
	if (conn->readable != NULL)
		event_free(conn->readable);
	if (conn->writable != NULL)
		event_free(conn->writable);
	free(conn->peer_text);
	free(conn);
}

static void
on_turn_end(struct turn_end *self)
{
	struct conn *conn = container_of(self, struct conn, turn_end);

	if (conn->state == CONN_CLOSED)
		conn_free(conn);
	else if (conn->state == CONN_CONNECTING && conn->why != NULL)
		conn_close(conn, conn->why);
	else if (conn->state != CONN_CONNECTING && !conn->blocked)
		go_on(conn);
}

static void
check_silence(struct conn *conn)
{
	int64_t oldest_ms = conn->active_ms;
	const char *why = "idle";

	if (conn->partial_ms != 0 && conn->partial_ms < oldest_ms) {
		oldest_ms = conn->partial_ms;
		why = "a frame does not arrive";
	}
	if (conn->blocked && conn->wrote_ms < oldest_ms) {
		oldest_ms = conn->wrote_ms;
		why = "does not read what we send";
	}
	if (clock_mono_ms() >= oldest_ms + conn->idle_ms)
		conn_close(conn, why);
	else
		loop_set_timer(conn->loop, &conn->timer, oldest_ms + conn->idle_ms);
}

static void
on_due(struct timer *self)
{
	struct conn *conn = container_of(self, struct conn, timer);

	if (conn->state == CONN_CONNECTING)
		conn_close(conn, "connect timed out");
	else if (conn->state == CONN_ENDING)
		conn_close(conn, conn->why);
	else
		check_silence(conn);
}

void
conn_set_idle(struct conn *conn, int idle_ms)
{
	conn->idle_ms = idle_ms;
	if (conn->state != CONN_OPEN)
		return;
	if (idle_ms != 0)
		loop_set_timer(conn->loop, &conn->timer, clock_mono_ms() + idle_ms);
	else
		loop_drop_timer(conn->loop, &conn->timer);
}

static void
drop_silence(struct conn *conn)
{
	if (conn->silent)
		TAILQ_REMOVE(&conns_of(conn->loop)->silent, conn, of_silent);
}

void
conn_close(struct conn *conn, const char *why)
{
	bool connecting = conn->state == CONN_CONNECTING;

	if (conn->state == CONN_CLOSED)
		return;
	conn->state = CONN_CLOSED;
	if (log_wants(LOG_LEVEL_DEBUG))
		log_debug("connection closed peer=%s why=\"%s\"", conn_peer_text(conn), why);
	if (conn->readable != NULL)
		event_del(conn->readable);
	stop_waiting_writable(conn);
	drop_silence(conn);
	if (conn->fd != -1)
		close(conn->fd);
	loop_drop_timer(conn->loop, &conn->timer);
	u64map_remove(&conns_of(conn->loop)->by_number, &conn->node);
	loop_at_turn_end(conn->loop, &conn->turn_end);
	give_back_outbox(conn);
	calls_fail(&conn->calls);
	if (connecting && conn->events->on_connect != NULL)
		conn->events->on_connect(conn, why);
	else if (conn->events->on_close != NULL)
		conn->events->on_close(conn, why);
}

void
conn_close_gently(struct conn *conn, const char *why)
{
	if (conn->state == CONN_CONNECTING)
		conn_close(conn, why);
	if (conn->state != CONN_OPEN)
		return;
	conn->state = CONN_ENDING;
	conn->why = why;
	if (conn->paused)
		event_add(conn->readable, NULL);
	loop_set_timer(conn->loop, &conn->timer, clock_mono_ms() + ENDING_MS);
	loop_at_turn_end(conn->loop, &conn->turn_end);
}

void
conn_close_all(struct loop *loop, const void *context, const char *why)
{
	struct conns *conns = conns_of(loop);

	if (conns == NULL)
		return;
	size_t n = conns->by_number.n;
	uint64_t *ids = u64map_ids(&conns->by_number);

	for (size_t i = 0; i < n; i++) {
		struct conn *conn = (struct conn *)u64map_find(&conns->by_number, ids[i]);

		if (conn != NULL && (context == NULL || conn->context == context))
			conn_close(conn, why);
	}
	free(ids);
	/* The context may go: another one at its address may have other tables. */
	header_patterns_release(&conns->patterns);
}

static void
conns_close(struct loop_part *part)
{
	conn_close_all(((struct conns *)part)->loop, NULL, "the loop ends");
}

static void
conns_release(struct loop_part *part)
{
	struct conns *conns = (struct conns *)part;

	outbox_pool_release(&conns->outboxes);
	u64map_release(&conns->by_number);
	free(conns);
}

static struct conns *
conns_get(struct loop *loop)
{
	struct conns *conns = conns_of(loop);

	if (conns != NULL)
		return conns;
	conns = mem_alloc(sizeof *conns); /* its buffers stay untouched until they are needed */
	memset(conns, 0, offsetof(struct conns, pieces));
	conns->part = (struct loop_part){ conns_close, conns_release };
	conns->loop = loop;
	conns->shed.run = on_shed;
	TAILQ_INIT(&conns->silent);
	TAILQ_INIT(&conns->blocked);
	loop->conns = &conns->part;
	return conns;
}

static struct conn *
conn_new(struct loop *loop, int fd, const struct conn_events *events, void *context)
{
	struct conns *conns = conns_get(loop);
	struct conn *conn = mem_zalloc(sizeof *conn);

	conn->node.id = ++conns->last_number;
	u64map_add(&conns->by_number, &conn->node);
	conn->loop = loop;
	conn->fd = fd;
	conn->events = events;
	conn->context = context;
	conn->turn_end.run = on_turn_end;
	conn->timer.due = on_due;
	conn->active_ms = clock_mono_ms();
	conn->language = LANGUAGE_UNKNOWN;
	return conn;
}

static void
be_open(struct conn *conn)
{
	static const int on = 1;

	setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	conn->state = CONN_OPEN;
	conn->readable =
	    event_new(conn->loop->base, conn->fd, EV_READ | EV_PERSIST, on_readable, conn);
	if (conn->readable == NULL || event_add(conn->readable, NULL) == -1)
		fatal("event cannot be made");
	conn_set_idle(conn, conn->idle_ms);
}

struct conn *
conn_accept(struct loop *loop, int fd, int local_port, const struct sockaddr_storage *peer,
    const struct conn_events *events, void *context)
{
	struct conn *conn = conn_new(loop, fd, events, context);
	socklen_t len = sizeof conn->peer;

	if (peer != NULL)
		memcpy(&conn->peer, peer, sizeof conn->peer);
	else if (getpeername(fd, &conn->peer.any, &len) == -1)
		conn->peer.any.sa_family = AF_UNSPEC;
	conn->listener_port = local_port;
	be_open(conn);
	return conn;
}

/* The socket became writable while it was connecting. */
static void
end_connecting(struct conn *conn)
{
	int error = 0;
	socklen_t len = sizeof error;

	if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		error = errno;
	if (error != 0) {
		conn_close(conn, strerror(error));
		return;
	}
	stop_waiting_writable(conn);
	conn->active_ms = clock_mono_ms();
	be_open(conn);
	loop_at_turn_end(conn->loop, &conn->turn_end);
	if (conn->events->on_connect != NULL)
		conn->events->on_connect(conn, NULL);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;

	(void)fd;
	(void)what;
	if (conn->state == CONN_CONNECTING)
		end_connecting(conn);
	else
		go_on(conn);
}

struct conn *
conn_connect(struct loop *loop, const struct sockaddr *address, socklen_t len, int timeout_ms,
    const struct conn_events *events, void *context)
{
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct conn *conn = conn_new(loop, fd, events, context);

	memcpy(&conn->peer, address, len < sizeof conn->peer ? len : sizeof conn->peer);
	if (fd == -1 || (connect(fd, address, len) == -1 && errno != EINPROGRESS)) {
		conn->why = strerror(errno);
		loop_at_turn_end(loop, &conn->turn_end);
		return conn;
	}
	wait_writable(conn);
	loop_set_timer(loop, &conn->timer, conn->active_ms + timeout_ms);
	return conn;
}

/* -- limits --------------------------------------------------------------------------- */

void
conn_reserve(struct conn *conn, size_t bytes)
{
	conn->reserved += bytes;
}

void
conn_unreserve(struct conn *conn, size_t bytes)
{
	conn->reserved -= bytes;
	if (conn->paused)
		loop_at_turn_end(conn->loop, &conn->turn_end);
}

void
conn_limit_unsent(struct loop *loop, size_t max_bytes)
{
	conns_get(loop)->max_unsent = max_bytes;
}

void
conn_be_silent(struct conn *conn, int silent_ms)
{
	conn->silent = true;
	TAILQ_INSERT_TAIL(&conns_of(conn->loop)->silent, conn, of_silent);
	conn_set_idle(conn, silent_ms);
}

bool
conn_is_silent(const struct conn *conn)
{
	return conn->silent;
}

void
conn_speaks(struct conn *conn, int idle_ms)
{
	drop_silence(conn);
	conn->silent = false;
	conn_set_idle(conn, idle_ms);
}

bool
conn_close_silent(struct loop *loop, const char *why)
{
	struct conns *conns = conns_of(loop);
	struct conn *oldest = conns != NULL ? TAILQ_FIRST(&conns->silent) : NULL;

	if (oldest == NULL)
		return false;
	conn_close(oldest, why);
	return true;
}

/* -- properties --------------------------------------------------------------------- */

struct conn_id
conn_id_of(const struct conn *conn)
{
	return (struct conn_id){ (uint32_t)conn->loop->index, conn->node.id };
}

struct conn *
conn_find(struct loop *loop, struct conn_id id)
{
	struct conns *conns = conns_of(loop);

	if (conns == NULL || id.loop != (uint32_t)loop->index)
		return NULL;
	return (struct conn *)u64map_find(&conns->by_number, id.number);
}

struct loop *
conn_loop(const struct conn *conn)
{
	return conn->loop;
}

void *
conn_context(const struct conn *conn)
{
	return conn->context;
}

struct host
conn_peer_host(const struct conn *conn)
{
	return host_of(&conn->peer.any);
}

const char *
conn_peer_text(struct conn *conn)
{
	struct host host = conn_peer_host(conn);

	if (conn->peer_text == NULL)
		conn->peer_text = slice_dup(host_text(&conn->loop->arena, &host));
	return conn->peer_text;
}

int
conn_listener_port(const struct conn *conn)
{
	return conn->listener_port;
}

bool
conn_can_write(const struct conn *conn)
{
	return conn->state <= CONN_OPEN && unsent_bytes(conn) + conn->reserved < CONN_OUT_HIGH;
}

void
conn_learn(struct conn *conn, const struct command *command)
{
	conn->language = command->language;
	conn->version = command->version;
	conn->codec = command->codec;
}

enum frame_codec
conn_codec(const struct conn *conn)
{
	return conn->codec;
}

enum command_language
conn_language(const struct conn *conn)
{
	return conn->language;
}

int32_t
conn_version(const struct conn *conn)
{
	return conn->version;
}

void *
conn_data(const struct conn *conn)
{
	return conn->data;
}

void
conn_set_data(struct conn *conn, void *data)
{
	conn->data = data;
}
