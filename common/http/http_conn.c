#include "config.h"

/*
 * A connection: what came waits in one buffer, one exchange is served at a time, its answer is
 * written, and then the next head is looked for. advance() does that as far as it goes without
 * waiting; events and answers call it. It never calls itself, so pipelined requests need no stack.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/http/http_private.h"

#define READ_BYTES 16384
#define LINGER_MS 1000
#define BYTES_PER_MORE_TIME (1 << 20) /* a large answer has more time */

static void advance(struct http_conn *conn);

/* ---- plain TCP ------------------------------------------------------- */

static void *
plain_open(void *context, int fd)
{
	(void)context;
	(void)fd;
	return NULL;
}

static ssize_t
plain_receive(void *session, int fd, void *data, size_t size)
{
	(void)session;
	return recv(fd, data, size, 0);
}

static ssize_t
plain_send(void *session, int fd, const void *data, size_t len)
{
	(void)session;
	return send(fd, data, len, MSG_NOSIGNAL);
}

static void
plain_close(void *session)
{
	(void)session;
}

const struct http_transport http_plain = { plain_open, plain_receive, plain_send, plain_close };

/* ---- waiting --------------------------------------------------------- */

static void
want_reads(struct http_conn *conn, bool wanted)
{
	if (conn->reads == wanted)
		return;
	conn->reads = wanted;
	if (wanted ? event_add(conn->readable, NULL) : event_del(conn->readable))
		fatal("event cannot be changed");
}

static void
want_writes(struct http_conn *conn, bool wanted)
{
	if (conn->writes == wanted)
		return;
	conn->writes = wanted;
	if (wanted ? event_add(conn->writable, NULL) : event_del(conn->writable))
		fatal("event cannot be changed");
}

static void
set_quiet(struct http_conn *conn, bool quiet)
{
	if (conn->quiet == quiet)
		return;
	conn->quiet = quiet;
	if (quiet)
		TAILQ_INSERT_TAIL(&conn->server->quiet, conn, in_quiet);
	else
		TAILQ_REMOVE(&conn->server->quiet, conn, in_quiet);
}

static void
set_timer(struct http_conn *conn, int64_t after_ms)
{
	loop_set_timer(&conn->server->loop, &conn->timer, clock_mono_ms() + after_ms);
}

void
http_conn_charge(struct http_conn *conn, int64_t bytes)
{
	conn->charged += bytes;
	atomic_fetch_add(&conn->server->memory, bytes);
}

/* Counts the input buffer; a body was counted when its head came. */
static void
charge_input(struct http_conn *conn, int64_t bytes)
{
	atomic_fetch_add(&conn->server->memory, bytes - conn->input_charged);
	conn->input_charged = bytes;
}

/* ---- life ------------------------------------------------------------ */

void
http_conn_close(struct http_conn *conn)
{
	struct http_server *server = conn->server;
	struct http_exchange *exchange = conn->exchange;
	bool streams = conn->state == HTTP_CONN_STREAM;

	conn->dead = true;
	if (conn->advancing)
		return; /* advance() does it */
	if (exchange != NULL && (conn->state == HTTP_CONN_SERVE || streams)) {
		atomic_store(&exchange->gone, true);
		exchange->conn = NULL;
	} else if (exchange != NULL) {
		http_exchange_free(exchange);
	}
	set_quiet(conn, false);
	TAILQ_REMOVE(&server->all, conn, in_all);
	loop_drop_timer(&server->loop, &conn->timer);
	event_free(conn->readable);
	event_free(conn->writable);
	server->options.transport->close(conn->session);
	close(conn->fd);
	http_conn_charge(conn, -conn->charged);
	charge_input(conn, 0);
	atomic_fetch_sub(&server->n_connections, 1);
	buf_release(&conn->in);
	buf_release(&conn->out[0]);
	buf_release(&conn->out[1]);
	free(conn);
	if (exchange != NULL && streams)
		exchange->on_gone(exchange);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct http_conn *conn = arg;

	(void)fd;
	(void)what;
	advance(conn);
}

static void
on_time(struct timer *timer)
{
	struct http_conn *conn = container_of(timer, struct http_conn, timer);

	if (conn->state == HTTP_CONN_BODY || conn->state == HTTP_CONN_WRITE ||
	    conn->state == HTTP_CONN_STREAM || (conn->state == HTTP_CONN_HEAD && conn->in.len != 0))
		atomic_fetch_add(&conn->server->n_late, 1);
	http_conn_close(conn);
}

void
http_conn_accept(struct http_server *server, int fd)
{
	struct http_conn *conn = mem_zalloc(sizeof *conn);

	conn->server = server;
	conn->fd = fd;
	conn->timer.due = on_time;
	conn->session = server->options.transport->open(server->options.transport_context, fd);
	conn->readable = event_new(server->loop.base, fd, EV_READ | EV_PERSIST, on_readable, conn);
	conn->writable = event_new(server->loop.base, fd, EV_WRITE | EV_PERSIST, on_readable, conn);
	if (conn->readable == NULL || conn->writable == NULL)
		fatal("event cannot be made");
	TAILQ_INSERT_TAIL(&server->all, conn, in_all);
	atomic_fetch_add(&server->n_connections, 1);
	set_quiet(conn, true);
	set_timer(conn, server->options.idle_ms);
	want_reads(conn, true);
}

/* ---- reading --------------------------------------------------------- */

/* How much input may wait here in this state. */
static size_t
room(const struct http_conn *conn)
{
	size_t most = (size_t)conn->server->options.max_head_bytes;

	if (conn->state == HTTP_CONN_BODY)
		most = (size_t)conn->exchange->request.body_bytes;
	return conn->in.len < most ? most - conn->in.len : 0;
}

/* True: something came. */
static bool
receive(struct http_conn *conn)
{
	bool drops = conn->state == HTTP_CONN_LINGER || conn->state == HTTP_CONN_STREAM;
	size_t size = room(conn);
	ssize_t n;

	if (drops)
		conn->in.len = 0;
	size = size > READ_BYTES || drops ? READ_BYTES : size;
	want_reads(conn, size != 0 && !conn->ended);
	if (conn->ended && conn->state != HTTP_CONN_SERVE)
		conn->dead = true; /* what came does not make a whole request */
	if (!conn->reads)
		return false;
	if (buf_try_grow(&conn->in, size) == -1) {
		conn->dead = true;
		return false;
	}
	n = conn->server->options.transport->receive(
	    conn->session, conn->fd, conn->in.data + conn->in.len, size);
	if (n > 0) {
		if (conn->in.len == 0 && conn->state == HTTP_CONN_HEAD)
			set_timer(conn, conn->server->options.request_time_ms);
		conn->in.len += (size_t)n;
		return true;
	}
	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
		if (conn->in.len == 0)
			buf_release(&conn->in); /* a silent connection costs no buffer */
		return false;
	}
	conn->ended = true;
	want_reads(conn, false);
	if (conn->exchange != NULL)
		atomic_store(&conn->exchange->gone, true);
	if (n == -1 || conn->state != HTTP_CONN_SERVE)
		conn->dead = true;
	return false;
}

/* ---- the steps of advance: true when there may be more to do ---------- */

static void
be_served(struct http_conn *conn)
{
	struct http_exchange *exchange = conn->exchange;

	conn->state = HTTP_CONN_SERVE;
	set_quiet(conn, false);
	loop_drop_timer(&conn->server->loop, &conn->timer);
	exchange->route->serve(exchange);
}

static bool
take_too_much(struct http_conn *conn)
{
	struct http_exchange *exchange;

	if (conn->in.len < (size_t)conn->server->options.max_head_bytes)
		return false;
	exchange = http_exchange_new(conn, SLICE_NONE);
	http_exchange_refuse(
	    exchange, &(struct http_refusal){
			  431, "The head of the request is too long (httpMaxHeadBytes)." });
	return true;
}

/* Whether there is memory for the body, and for one more exchange. */
static bool
is_affordable(const struct http_exchange *exchange)
{
	const struct http_server *server = exchange->server;

	return atomic_load(&server->memory) + exchange->request.body_bytes <=
	           server->options.max_memory &&
	       server->n_exchanges <= 2 * server->options.max_connections;
}

static void
start_body(struct http_conn *conn)
{
	struct http_exchange *exchange = conn->exchange;
	struct http_transport const *transport = conn->server->options.transport;
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

	conn->state = HTTP_CONN_BODY;
	http_conn_charge(conn, exchange->request.body_bytes);
	/* The buffers of the socket are empty, so this small one fits or the peer is gone. */
	if (exchange->request.expects_continue && conn->in.len == 0 &&
	    transport->send(conn->session, conn->fd, go_on, sizeof go_on - 1) == -1)
		conn->dead = true;
}

static bool
take_head(struct http_conn *conn)
{
	size_t len = http_head_length(buf_slice(&conn->in));
	struct http_exchange *exchange;

	if (len == 0)
		return take_too_much(conn);
	exchange = http_exchange_new(conn, (struct slice){ conn->in.data, len });
	buf_drain(&conn->in, len);
	if (exchange == NULL || http_guard(exchange) == -1)
		return true;
	if (!is_affordable(exchange)) {
		http_add_field(exchange, "Retry-After", SLICE("1"));
		http_problem(exchange, 503, "The server has no memory left for more requests.");
	} else if (exchange->request.body_bytes != 0) {
		start_body(conn);
	} else {
		be_served(conn);
	}
	return true;
}

static bool
take_body(struct http_conn *conn)
{
	struct http_exchange *exchange = conn->exchange;
	size_t len = (size_t)exchange->request.body_bytes;

	if (conn->in.len < len)
		return false;
	if (conn->in.len == len) {
		exchange->body = conn->in;
		conn->in = (struct buf){ 0 };
	} else {
		buf_append(&exchange->body, conn->in.data, len);
		buf_drain(&conn->in, len);
	}
	exchange->request.body = (struct slice){ exchange->body.data, len };
	be_served(conn);
	return true;
}

void
http_conn_answered(struct http_conn *conn)
{
	size_t len = conn->out[0].len + conn->out[1].len;

	conn->state = HTTP_CONN_WRITE;
	conn->n_sent = 0;
	set_quiet(conn, false);
	http_conn_charge(conn, (int64_t)len - conn->charged);
	set_timer(
	    conn, conn->server->options.request_time_ms * (int64_t)(1 + len / BYTES_PER_MORE_TIME));
	advance(conn);
}

/* The answer has left. */
static bool
go_on(struct http_conn *conn)
{
	buf_release(&conn->out[0]);
	buf_release(&conn->out[1]);
	http_conn_charge(conn, -conn->charged);
	want_writes(conn, false);
	if (conn->ended && conn->in.len == 0) {
		conn->dead = true;
		return false;
	}
	if (conn->last) {
		/* Closed at once, it would send a reset for what is unread, and the answer be lost.
		 */
		shutdown(conn->fd, SHUT_WR);
		conn->state = HTTP_CONN_LINGER;
		set_timer(conn, LINGER_MS);
		return true;
	}
	conn->state = HTTP_CONN_HEAD;
	set_quiet(conn, true);
	set_timer(conn, conn->in.len == 0 ? conn->server->options.idle_ms
					  : conn->server->options.request_time_ms);
	return true;
}

/* True: all of it has left. */
static bool
give(struct http_conn *conn)
{
	for (size_t skipped = 0, i = 0; i < 2; skipped += conn->out[i++].len) {
		while (conn->n_sent < skipped + conn->out[i].len) {
			size_t at = conn->n_sent - skipped;
			ssize_t n = conn->server->options.transport->send(
			    conn->session, conn->fd, conn->out[i].data + at, conn->out[i].len - at);

			if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
				want_writes(conn, true);
				return false;
			}
			if (n == -1 && errno != EINTR) {
				conn->dead = true;
				return false;
			}
			conn->n_sent += n > 0 ? (size_t)n : 0;
		}
	}
	return true;
}

static bool
give_answer(struct http_conn *conn)
{
	if (give(conn))
		return go_on(conn);
	want_reads(conn, false); /* the next request can wait, too */
	return false;
}

/* ---- an answer that stays open --------------------------------------- */

void
http_conn_stream(struct http_conn *conn)
{
	conn->state = HTTP_CONN_STREAM;
	conn->n_sent = 0;
	conn->last = true;
	set_quiet(conn, false);
	http_conn_charge(conn, (int64_t)conn->out[0].len - conn->charged);
	set_timer(conn, conn->server->options.request_time_ms);
	/* Not advance(), which may close it: the handler has the exchange in its hands. */
	want_writes(conn, true);
}

void
http_conn_end_stream(struct http_conn *conn)
{
	conn->state = HTTP_CONN_WRITE;
	set_timer(conn, conn->server->options.request_time_ms);
	advance(conn);
}

int
http_conn_stream_more(struct http_conn *conn, struct slice bytes, size_t max_unsent_bytes)
{
	struct http_server *server = conn->server;
	struct buf *out = &conn->out[0];

	if (out->len - conn->n_sent + bytes.len > max_unsent_bytes ||
	    atomic_load(&server->memory) + (int64_t)bytes.len > server->options.max_memory) {
		atomic_fetch_add(&server->n_late, 1);
		conn->dead = true;
		/* Closed by advance() in the next turn: this is called from anywhere. */
		event_active(conn->writable, EV_WRITE, 1);
		return -1;
	}
	if (conn->n_sent == out->len)
		set_timer(conn, server->options.request_time_ms);
	buf_drain(out, conn->n_sent);
	conn->n_sent = 0;
	buf_append_slice(out, bytes);
	http_conn_charge(conn, (int64_t)out->len - conn->charged);
	want_writes(conn, true);
	return 0;
}

/* What comes from the client is dropped, but its end is the end of the answer. */
static bool
stream_on(struct http_conn *conn)
{
	size_t n_sent = conn->n_sent;

	if (conn->out[0].len == 0) {
		receive(conn);
	} else if (give(conn)) {
		buf_release(&conn->out[0]);
		conn->n_sent = 0;
		http_conn_charge(conn, -conn->charged);
		want_writes(conn, false);
		loop_drop_timer(&conn->server->loop, &conn->timer);
		if (conn->exchange->on_drained != NULL)
			conn->exchange->on_drained(conn->exchange);
		receive(conn);
	} else if (!conn->dead) {
		if (conn->n_sent != n_sent)
			set_timer(conn, conn->server->options.request_time_ms);
		receive(conn);
	}
	return false;
}

static bool
step(struct http_conn *conn)
{
	switch (conn->state) {
	case HTTP_CONN_HEAD:
		return (conn->in.len != 0 && take_head(conn)) || receive(conn);
	case HTTP_CONN_BODY:
		return take_body(conn) || receive(conn);
	case HTTP_CONN_WRITE:
		return give_answer(conn);
	case HTTP_CONN_STREAM:
		return stream_on(conn);
	case HTTP_CONN_SERVE:
	case HTTP_CONN_LINGER:
		return receive(conn);
	}
	return false;
}

static void
advance(struct http_conn *conn)
{
	if (conn->advancing)
		return;
	conn->advancing = true;
	while (!conn->dead && step(conn))
		;
	conn->advancing = false;
	charge_input(conn, conn->state == HTTP_CONN_BODY ? 0 : (int64_t)conn->in.cap);
	if (conn->dead)
		http_conn_close(conn);
}
