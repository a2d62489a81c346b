#include "config.h"

#include "common/net/conn_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/clock.h"
#include "common/protocol/codes.h"
#include "common/base/log.h"
#include "common/base/mem.h"

#define CARRY_MAX (8u << 10) /* a longer beginning of a frame is read on where it lies */
#define SPARE_OUTBOXES 16
#define SPARE_OUTBOX_BYTES (64u << 10)
#define TLS_HANDSHAKE 0x16 /* first byte; a frame of this length is none */

/* Sending. */

static struct outbox *
outbox_of(struct conn *conn)
{
	struct conns *conns = conns_of(conn->loop);

	if (conn->out != NULL)
		return conn->out;
	conn->out = conns->spare;
	if (conn->out != NULL) {
		conns->spare = conn->out->next;
		conns->n_spare--;
	} else {
		conn->out = mem_zalloc(sizeof *conn->out);
	}
	return conn->out;
}

void
conn_give_back_outbox(struct conn *conn)
{
	struct conns *conns = conns_of(conn->loop);
	struct outbox *box = conn->out;

	if (box == NULL)
		return;
	conn->out = NULL;
	if (conns->n_spare < SPARE_OUTBOXES && outbox_size(box) <= SPARE_OUTBOX_BYTES) {
		outbox_clear(box);
		box->next = conns->spare;
		conns->spare = box;
		conns->n_spare++;
	} else {
		outbox_release(box);
		free(box);
	}
}

void
conn_wait_writable(struct conn *conn)
{
	if (conn->blocked)
		return;
	if (conn->writable == NULL) {
		conn->writable = event_new(
		    conn->loop->base, conn->fd, EV_WRITE | EV_PERSIST, conn_on_writable, conn);
		if (conn->writable == NULL)
			fatal("event cannot be made");
	}
	event_add(conn->writable, NULL);
	conn->blocked = true;
	conn->wrote_ms = clock_mono_ms();
}

void
conn_stop_waiting_writable(struct conn *conn)
{
	if (conn->blocked)
		event_del(conn->writable);
	conn->blocked = false;
}

/* Writes what the socket takes. */
static void
write_out(struct conn *conn)
{
	struct iovec *pieces = conns_of(conn->loop)->pieces;

	while (conn_unsent(conn) != 0) {
		int n = outbox_gather(conn->out, pieces, IOV_MAX);
		struct msghdr message = { .msg_iov = pieces, .msg_iovlen = (size_t)n };
		ssize_t sent = sendmsg(conn->fd, &message, MSG_NOSIGNAL);

		if (sent == -1 && errno == EINTR)
			continue;
		if (sent == -1 && errno != EAGAIN) {
			conn_close(conn, strerror(errno));
			return;
		}
		if (sent != -1) {
			outbox_sent(conn->out, (size_t)sent);
			conn->wrote_ms = conn->active_ms = clock_mono_ms();
		}
		if (sent == -1 || (n < IOV_MAX && conn_unsent(conn) != 0)) {
			conn_wait_writable(conn);
			return;
		}
	}
	conn_stop_waiting_writable(conn);
	conn_give_back_outbox(conn);
}

static bool
takes_frames(const struct conn *conn)
{
	return conn->state != CONN_ENDING && conn->state != CONN_CLOSED;
}

/* What was appended leaves at the end of the turn, or now when it is much. */
static void
send_soon(struct conn *conn)
{
	if (conn->out->unsent > CONN_OUT_HIGH && conn->state == CONN_OPEN && !conn->blocked)
		write_out(conn);
	if (conn_unsent(conn) > CONN_OUT_MAX)
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

/* Receiving. */

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
	struct command command;
	enum command_status status = command_decode(&conn->loop->arena, frame, &command);

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
		if (conn_unsent(conn) > CONN_OUT_HIGH && conn->state == CONN_OPEN)
			pause_reading(conn);
	}
	return done;
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
 * Keeps the len bytes behind the done ones at data, which is the connection's
 * own buffer or the loop's. Memory for a frame follows the bytes that have arrived, never
 * what its length says.
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
		set_in_cap(conn, len < conn->need / 2 ? len * 2 : conn->need);
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

void
conn_on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;
	char *data = conns_of(conn->loop)->scratch;
	size_t len = conn->state == CONN_OPEN ? conn->in.len : 0;
	size_t room = CONN_SCRATCH_BYTES - len;

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

void
conn_go_on(struct conn *conn)
{
	write_out(conn);
	if (conn->state == CONN_ENDING && conn->out == NULL && !conn->shut) {
		shutdown(conn->fd, SHUT_WR);
		conn->shut = true;
	}
	if (conn->state == CONN_OPEN && conn->paused && conn_unsent(conn) < CONN_OUT_HIGH / 2)
		resume_reading(conn);
}

void
conn_on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;

	(void)fd;
	(void)what;
	if (conn->state == CONN_CONNECTING)
		conn_end_connecting(conn);
	else
		conn_go_on(conn);
}
