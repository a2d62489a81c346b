#include "config.h"

#include "common/net/conn.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/net/conn_private.h"
#include "common/base/log.h"
#include "common/base/mem.h"

#define ENDING_MS 1000

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
		conn_go_on(conn);
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
	conn_stop_waiting_writable(conn);
	if (conn->fd != -1)
		close(conn->fd);
	loop_drop_timer(conn->loop, &conn->timer);
	u64map_remove(&conns_of(conn->loop)->by_number, &conn->node);
	loop_at_turn_end(conn->loop, &conn->turn_end);
	conn_give_back_outbox(conn);
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

	for (struct outbox *box = conns->spare, *next; box != NULL; box = next) {
		next = box->next;
		outbox_release(box);
		free(box);
	}
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
	    event_new(conn->loop->base, conn->fd, EV_READ | EV_PERSIST, conn_on_readable, conn);
	if (conn->readable == NULL || event_add(conn->readable, NULL) == -1)
		fatal("event cannot be made");
	conn_set_idle(conn, conn->idle_ms);
}

struct conn *
conn_accept(
    struct loop *loop, int fd, int local_port, const struct conn_events *events, void *context)
{
	struct conn *conn = conn_new(loop, fd, events, context);
	socklen_t len = sizeof conn->peer;

	if (getpeername(fd, &conn->peer.any, &len) == -1)
		conn->peer.any.sa_family = AF_UNSPEC;
	conn->listener_port = local_port;
	be_open(conn);
	return conn;
}

/* The socket became writable while it was connecting. */
void
conn_end_connecting(struct conn *conn)
{
	int error = 0;
	socklen_t len = sizeof error;

	if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		error = errno;
	if (error != 0) {
		conn_close(conn, strerror(error));
		return;
	}
	conn_stop_waiting_writable(conn);
	conn->active_ms = clock_mono_ms();
	be_open(conn);
	loop_at_turn_end(conn->loop, &conn->turn_end);
	if (conn->events->on_connect != NULL)
		conn->events->on_connect(conn, NULL);
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
	conn_wait_writable(conn);
	loop_set_timer(loop, &conn->timer, conn->active_ms + timeout_ms);
	return conn;
}

/* What is known of it. */

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
	return conn->state <= CONN_OPEN && conn_unsent(conn) < CONN_OUT_HIGH;
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
