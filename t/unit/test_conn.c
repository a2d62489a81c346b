#include "config.h"

#include "common/net/conn.h"

#include <malloc.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "common/base/mem.h"
#include "t/unit/conn_rig.h"

TestSuite(conn, .timeout = 60);

/* Connecting. */

static void
on_connect(struct conn *conn, const char *why)
{
	struct rig *rig = conn_context(conn);

	snprintf(rig->connected, sizeof rig->connected, "%s", why != NULL ? why : "yes");
}

static const struct conn_events outgoing = {
	.on_request = on_request,
	.on_close = on_close,
	.on_connect = on_connect,
};

static struct conn *
connect_out(struct rig *rig, int port, int timeout_ms)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return conn_connect(
	    &rig->loop, (struct sockaddr *)&to, sizeof to, timeout_ms, &outgoing, rig);
}

static void
pong(struct rig *rig, const struct command *command, struct slice body)
{
	const struct command reply = {
		.codec = command->codec,
		.opaque = command->opaque,
		.flag = COMMAND_FLAG_RESPONSE,
	};

	cr_assert(slice_is(body, "ping"));
	conn_send(rig->conn, &reply, SLICE("pong"), NULL, 0);
}

Test(conn, requests_may_be_sent_before_it_is_connected)
{
	const struct command ask = {
		.codec = FRAME_BINARY, .code = 35, .version = 317, .language = LANGUAGE_GO
	};
	struct rig rig;

	rig_init(&rig);
	rig.handle = pong;
	close(rig.fd);
	struct conn *out = connect_out(&rig, rig.port, 5000);

	for (int i = 0; i < 3; i++)
		conn_request(out, &ask, SLICE("ping"), 5000, on_reply, &rig);
	rig.conn = conn_accept(&rig.loop, accept4(rig.listener, NULL, NULL, SOCK_NONBLOCK),
	    rig.port, NULL, &events, &rig);
	NET_UNTIL(&rig.loop, rig.n_replies == 3);
	cr_assert_str_eq(rig.connected, "yes");
	cr_assert_eq(conn_codec(rig.conn), FRAME_BINARY);
	cr_assert_eq(conn_version(rig.conn), 317);
	cr_assert_eq(conn_language(rig.conn), LANGUAGE_GO);
	cr_assert_eq(conn_listener_port(rig.conn), rig.port);
	cr_assert_eq(strncmp(conn_peer_text(rig.conn), "127.0.0.1:", 10), 0);
	cr_assert_eq(conn_find(&rig.loop, conn_id_of(out)), out);
	cr_assert_eq(conn_peer_host(out).port, rig.port);
	rig.fd = -1;
	rig_release(&rig);
}

static void
on_unasked(struct conn *conn, const struct command *command, struct slice body)
{
	struct rig *rig = conn_context(conn);

	cr_assert_eq(command->opaque, 77777);
	cr_assert(slice_is(body, "pong"));
	rig->n_requests += 100;
}

/* A frame that somebody else encoded, in two pieces, and its answer, which no request waits for. */
Test(conn, a_frame_that_is_made_already)
{
	static const struct conn_events with_replies = {
		.on_request = on_request,
		.on_close = on_close,
		.on_reply = on_unasked,
	};
	const struct command ask = { .code = 35, .opaque = 77777 };
	struct buf frame = { 0 };
	struct rig rig;

	rig_init(&rig);
	rig.handle = pong;
	close(rig.fd);
	command_encode(&frame, &ask, SLICE("ping"), 4);
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)rig.port) };
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	struct conn *out =
	    conn_connect(&rig.loop, (struct sockaddr *)&to, sizeof to, 5000, &with_replies, &rig);
	conn_send_frame(out, (struct slice){ frame.data, frame.len - 2 }, SLICE("ng"));
	conn_request(out, &ask, SLICE("ping"), 5000, on_reply, &rig);
	rig.conn = conn_accept(&rig.loop, accept4(rig.listener, NULL, NULL, SOCK_NONBLOCK),
	    rig.port, NULL, &events, &rig);
	NET_UNTIL(&rig.loop, rig.n_replies == 1);
	cr_assert_eq(rig.n_requests, 102);
	/* On one that ends it is dropped. */
	conn_close_gently(out, "enough");
	conn_send_frame(out, buf_slice(&frame), SLICE(""));
	NET_UNTIL(&rig.loop, rig.n_closed >= 2);
	cr_assert_eq(rig.n_requests, 102);
	buf_release(&frame);
	rig.fd = -1;
	rig_release(&rig);
}

Test(conn, a_connection_that_fails_says_so_once)
{
	const struct command ask = { .code = 35 };
	struct rig rig;
	struct conn *waiting[8];

	rig_init(&rig);
	int refused = net_listen(&(int){ 0 });
	struct sockaddr_in address;
	socklen_t len = sizeof address;

	getsockname(refused, (struct sockaddr *)&address, &len);
	close(refused);
	conn_request(connect_out(&rig, ntohs(address.sin_port), 5000), &ask, SLICE("ping"), 5000,
	    on_reply, &rig);
	NET_UNTIL(&rig.loop, rig.connected[0] != '\0');
	cr_assert_str_eq(rig.connected, strerror(ECONNREFUSED));
	cr_assert_eq(rig.n_failed, 1);
	cr_assert_eq(rig.n_closed, 0);

	/* A queue of accepted connections that is full leaves the next ones waiting. */
	listen(rig.listener, 0);
	for (int i = 0; i < 8; i++)
		waiting[i] = connect_out(&rig, rig.port, 50);
	cr_assert_not_null(waiting[7]);
	NET_UNTIL(&rig.loop, strcmp(rig.connected, "connect timed out") == 0);
	cr_assert_eq(rig.n_closed, 0);
	rig_release(&rig);
}

/* The end. */

static void
close_at_third(struct rig *rig, const struct command *command, struct slice body)
{
	check_order(rig, command, body);
	if (rig->n_requests == 3)
		conn_close(rig->conn, "enough");
}

Test(conn, closing_inside_a_request_drops_the_rest)
{
	struct buf out = { 0 };
	struct rig rig;

	rig_init(&rig);
	struct conn_id id = conn_id_of(rig.conn);

	cr_assert_eq(id.loop, 3);
	rig.handle = close_at_third;
	put_numbered(&out, 10);
	net_send(&rig.loop, rig.fd, out.data, out.len);
	cr_assert_eq(rig.n_requests, 3);
	cr_assert_eq(rig.n_closed, 1);
	cr_assert_str_eq(rig.why, "enough");
	cr_assert_null(conn_find(&rig.loop, id));
	cr_assert(net_is_closed(rig.fd));
	buf_release(&out);
	rig_release(&rig);
}

static void
reply_and_end(struct rig *rig, const struct command *command, struct slice body)
{
	reply_large(rig, command, body);
	conn_close_gently(rig->conn, "good bye");
}

Test(conn, a_gentle_close_lets_the_reply_leave)
{
	static const bool peer_closes[] = { true, false };

	for (int i = 0; i < 2; i++) {
		struct buf out = { 0 };
		struct rig rig;

		rig_init(&rig);
		rig.handle = reply_and_end;
		put_numbered(&out, 10);
		net_send(&rig.loop, rig.fd, out.data, out.len);
		cr_assert_eq(next_frame(&rig).body.len, 6 + LARGE_ANSWER);
		NET_UNTIL(&rig.loop, net_is_closed(rig.fd));
		cr_assert_eq(rig.n_requests, 1);
		cr_assert_eq(rig.n_closed, 0, "it waits for the peer");
		if (peer_closes[i])
			shutdown(rig.fd, SHUT_WR);
		NET_UNTIL(&rig.loop, rig.n_closed == 1);
		cr_assert_str_eq(rig.why, "good bye");
		buf_release(&out);
		rig_release(&rig);
	}
}

Test(conn, silence_closes_it_and_traffic_keeps_it)
{
	struct buf out = { 0 };
	struct rig rig;

	rig_init(&rig);
	conn_set_idle(rig.conn, 60);
	net_put_request(&out, 10, 1, 0, SLICE(""));
	for (int i = 0; i < 10; i++) {
		net_send(&rig.loop, rig.fd, out.data, out.len);
		net_step(&rig.loop, 15);
	}
	cr_assert_eq(rig.n_closed, 0);
	NET_UNTIL(&rig.loop, rig.n_closed == 1);
	cr_assert_str_eq(rig.why, "idle");
	buf_release(&out);
	rig_release(&rig);
}

Test(conn, a_frame_that_trickles_is_closed)
{
	struct rig rig;

	rig_init(&rig);
	conn_set_idle(rig.conn, 80);
	net_send(&rig.loop, rig.fd, "\x00\x00\xff\x00\x00\x00\x00\x10", 8);
	for (int i = 0; i < 1000 && rig.n_closed == 0; i++) {
		send(rig.fd, "x", 1, MSG_NOSIGNAL);
		net_step(&rig.loop, 5);
	}
	cr_assert_eq(rig.n_closed, 1);
	cr_assert_str_eq(rig.why, "a frame does not arrive");
	rig_release(&rig);
}

#define N_CONNS 2000

Test(conn, two_thousand_idle_ones_cost_little)
{
	struct rlimit files = { 0 };
	struct rig rig;
	int *fds = mem_alloc(N_CONNS * sizeof *fds);
	struct conn_id *ids = mem_alloc(N_CONNS * sizeof *ids);
	struct buf out = { 0 };

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_max < 2 * N_CONNS + 50)
		cr_skip("not enough descriptors");
	rig_init(&rig);
	net_put_request(&out, 10, 1, 0, SLICE("hello"));
	size_t before = mallinfo2().uordblks;

	for (int i = 0; i < N_CONNS; i++) {
		if (i != 0)
			rig_connect(&rig);
		fds[i] = rig.fd;
		ids[i] = conn_id_of(rig.conn);
		conn_set_idle(rig.conn, 60000);
		net_send(&rig.loop, rig.fd, out.data, out.len);
	}
	NET_UNTIL(&rig.loop, rig.n_requests == N_CONNS);
	size_t each = (mallinfo2().uordblks - before) / N_CONNS;

	cr_log_info("%zu bytes a connection", each);
	cr_assert_lt(each, 1024);
	for (int i = 0; i < N_CONNS; i += 2)
		close(fds[i]);
	NET_UNTIL(&rig.loop, rig.n_closed == N_CONNS / 2);
	for (int i = 0; i < N_CONNS; i++)
		cr_assert_eq(conn_find(&rig.loop, ids[i]) != NULL, i % 2 == 1);
	conn_close_all(&rig.loop, &out, "none has this context");
	cr_assert_eq(rig.n_closed, N_CONNS / 2);
	conn_close_all(&rig.loop, &rig, "all");
	cr_assert_eq(rig.n_closed, N_CONNS);
	for (int i = 1; i < N_CONNS - 1; i += 2)
		close(fds[i]);
	buf_release(&out);
	free(fds);
	free(ids);
	rig_release(&rig);
}
