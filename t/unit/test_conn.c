#include "config.h"

#include "common/conn.h"

#include <malloc.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "common/codes.h"
#include "common/mem.h"
#include "t/unit/net_util.h"

TestSuite(conn, .timeout = 60);

/* One connection between a socket of the test and a loop on its thread. */
struct rig {
	struct loop loop;
	int listener;
	int port;
	int fd;            /* the peer's end */
	struct conn *conn; /* ours; NULL once closed */
	struct buf in;     /* what the peer received */
	size_t last_size;  /* of its last frame */
	void (*handle)(struct rig *rig, const struct command *command, struct slice body);
	int n_requests;
	int n_closed;
	char why[64];       /* of on_close */
	char connected[64]; /* of on_connect */
	int n_answers;
	int n_failed;
	int n_released;
};

static void
on_request(struct conn *conn, const struct command *command, struct slice body)
{
	struct rig *rig = conn_context(conn);

	rig->n_requests++;
	if (rig->handle != NULL)
		rig->handle(rig, command, body);
}

static void
on_close(struct conn *conn, const char *why)
{
	struct rig *rig = conn_context(conn);

	rig->n_closed++;
	snprintf(rig->why, sizeof rig->why, "%s", why);
	if (rig->conn == conn)
		rig->conn = NULL;
}

static const struct conn_events events = { .on_request = on_request, .on_close = on_close };

static void
rig_connect(struct rig *rig)
{
	rig->fd = net_connect(rig->port);
	int accepted = accept4(rig->listener, NULL, NULL, SOCK_NONBLOCK);

	cr_assert_neq(accepted, -1);
	rig->conn = conn_accept(&rig->loop, accepted, rig->port, &events, rig);
}

static void
rig_init(struct rig *rig)
{
	*rig = (struct rig){ 0 };
	loop_init(&rig->loop, 3);
	rig->listener = net_listen(&rig->port);
	rig_connect(rig);
}

static void
rig_release(struct rig *rig)
{
	loop_release(&rig->loop);
	buf_release(&rig->in);
	close(rig->fd);
	close(rig->listener);
}

static struct frame
next_frame(struct rig *rig)
{
	return net_next_frame(&rig->loop, rig->fd, &rig->in, &rig->last_size);
}

/* The opaque of each request is its number, the body its text. */
static void
check_order(struct rig *rig, const struct command *command, struct slice body)
{
	char text[32];

	snprintf(text, sizeof text, "body %d", command->opaque);
	cr_assert_eq(command->opaque, rig->n_requests);
	cr_assert(slice_is(body, text));
}

static void
put_numbered(struct buf *out, int n)
{
	char text[32];

	for (int i = 1; i <= n; i++) {
		snprintf(text, sizeof text, "body %d", i);
		net_put_request(out, 10, i, 0, slice_of(text));
	}
}

Test(conn, frames_may_be_split_anywhere)
{
	struct buf out = { 0 };

	put_numbered(&out, 2);
	for (size_t at = 0; at <= out.len; at++) {
		struct rig rig;

		rig_init(&rig);
		rig.handle = check_order;
		net_send(&rig.loop, rig.fd, out.data, at);
		net_send(&rig.loop, rig.fd, out.data + at, out.len - at);
		cr_assert_eq(rig.n_requests, 2);
		rig_release(&rig);
	}
	buf_release(&out);
}

Test(conn, frames_may_come_byte_by_byte)
{
	struct buf out = { 0 };
	struct rig rig;

	rig_init(&rig);
	rig.handle = check_order;
	put_numbered(&out, 5);
	for (size_t i = 0; i < out.len; i++)
		net_send(&rig.loop, rig.fd, out.data + i, 1);
	cr_assert_eq(rig.n_requests, 5);
	buf_release(&out);
	rig_release(&rig);
}

Test(conn, many_frames_in_one_read_keep_their_order)
{
	struct buf out = { 0 };
	struct rig rig;

	rig_init(&rig);
	rig.handle = check_order;
	put_numbered(&out, 5000);
	net_send(&rig.loop, rig.fd, out.data, out.len);
	NET_UNTIL(&rig.loop, rig.n_requests == 5000);
	buf_release(&out);
	rig_release(&rig);
}

static void
check_large(struct rig *rig, const struct command *command, struct slice body)
{
	(void)rig;
	(void)command;
	for (size_t i = 0; i < body.len; i += 4099)
		cr_assert_eq(body.data[i], (char)(i * 31));
}

static void
put_large(struct buf *out, size_t frame_bytes)
{
	size_t header_bytes;

	net_put_request(out, 10, 1, 0, SLICE(""));
	header_bytes = out->len;
	char *body = mem_alloc(frame_bytes);

	for (size_t i = 0; i < frame_bytes; i++)
		body[i] = (char)(i * 31);
	out->len = 0;
	net_put_request(out, 10, 1, 0, (struct slice){ body, frame_bytes - header_bytes });
	cr_assert_eq(out->len, frame_bytes);
	free(body);
}

Test(conn, large_frames_are_taken_up_to_the_limit)
{
	static const size_t sizes[] = { 8191, 8192, 8193, 131071, 131072, 131073, 1000000,
		FRAME_MAX_BYTES };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct buf out = { 0 };
		struct rig rig;

		rig_init(&rig);
		rig.handle = check_large;
		put_large(&out, sizes[i]);
		net_put_request(&out, 10, 2, 0, SLICE(""));
		net_send(&rig.loop, rig.fd, out.data, out.len);
		NET_UNTIL(&rig.loop, rig.n_requests == 2);
		buf_release(&out);
		rig_release(&rig);
	}
}

/* Bytes that are no frame, and what they are closed with. */
static const struct bad {
	const char *bytes;
	size_t len;
	const char *why;
} bads[] = {
	{ "\x00\x00\x00\x00", 4, "not a frame" },                 /* no room for the prefix */
	{ "\x00\x00\x00\x03\x00\x00\x00", 7, "not a frame" },
	{ "\x01\x00\x00\x00", 4, "not a frame" },                 /* 16 MiB and the length field */
	{ "\x00\xff\xff\xfd", 4, "not a frame" },                 /* one byte too many */
	{ "\xff\xff\xff\xff", 4, "not a frame" },                 /* negative */
	{ "\x80\x00\x00\x00", 4, "not a frame" },
	{ "\x00\x00\x00\x08\x00\x00\x00\x05", 8, "not a frame" }, /* the header goes beyond it */
	{ "\x00\x00\x00\x08\x07\x00\x00\x04", 8, "not a frame" }, /* unknown codec */
	{ "GET / HTTP/1.1\r\n\r\n", 18, "not a frame" },
	{ "\x16\x03\x01\x02\x00\x01\x00\x01", 8, "TLS is not enabled" },
	{ "\x00\x00\x00\x08\x00\x00\x00\x04{]{]", 12, "a header that cannot be understood" },
	{ "\x00\x00\x00\x08\x01\x00\x00\x04\x00\x01\x02\x03", 12,
	    "a header that cannot be understood" },
};

Test(conn, bytes_that_are_no_frame_close_it)
{
	for (size_t i = 0; i < sizeof bads / sizeof *bads; i++) {
		struct rig rig;

		rig_init(&rig);
		net_send(&rig.loop, rig.fd, bads[i].bytes, bads[i].len);
		NET_UNTIL(&rig.loop, rig.n_closed == 1);
		cr_assert_str_eq(rig.why, bads[i].why, "row %zu: %s", i, rig.why);
		cr_assert(net_is_closed(rig.fd));
		cr_assert_eq(rig.n_requests, 0);
		rig_release(&rig);
	}
}

static void
put_json(struct buf *out, const char *json)
{
	buf_put_u32(out, (uint32_t)(4 + strlen(json)));
	buf_put_u32(out, (uint32_t)strlen(json));
	buf_append_text(out, json);
}

Test(conn, an_unusable_header_with_an_opaque_is_answered)
{
	struct buf out = { 0 };
	struct command answer;
	struct rig rig;

	rig_init(&rig);
	put_json(&out, "{\"code\":[],\"flag\":2,\"opaque\":7}");
	put_json(&out, "{\"code\":[],\"flag\":0,\"opaque\":8}");
	net_send(&rig.loop, rig.fd, out.data, out.len);
	struct frame frame = next_frame(&rig);

	cr_assert_eq(command_decode(&rig.loop.arena, &frame, &answer), COMMAND_OK);
	cr_assert_eq(answer.opaque, 8, "oneway requests are not answered");
	cr_assert_eq(answer.code, RESPONSE_SYSTEM_ERROR);
	cr_assert_eq(answer.flag, COMMAND_FLAG_RESPONSE);
	cr_assert_neq(answer.remark.len, 0);
	cr_assert_eq(rig.n_requests, 0);
	cr_assert_not_null(rig.conn);
	buf_release(&out);
	rig_release(&rig);
}

Test(conn, memory_follows_the_bytes_not_the_length_field)
{
	struct rig rigs[8];
	size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;

	for (int i = 0; i < 8; i++) {
		rig_init(&rigs[i]);
		net_send(&rigs[i].loop, rigs[i].fd, "\x00\xff\xff\x00\x00\x00\x00\x10", 8);
		for (int k = 0; k < 10; k++)
			net_send(&rigs[i].loop, rigs[i].fd, "0123456789abcdef", 16);
	}
	size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;

	cr_assert_lt(after - before, 8 * 400000u, "the scratch buffers of 8 loops, no more");
	for (int i = 0; i < 8; i++)
		rig_release(&rigs[i]);
}

/* Both ways. */

static void
ask_back_answered(void *arg, const struct command *answer, struct slice body)
{
	struct rig *rig = arg;

	if (answer == NULL) {
		rig->n_failed++;
		return;
	}
	rig->n_answers++;
	cr_assert_eq(answer->code, 0);
	cr_assert(slice_is(body, "pong"));
}

static void
ask_back(struct rig *rig, const struct command *command, struct slice body)
{
	const struct command ask = { .code = 39 };
	const struct command answer = { .opaque = command->opaque, .flag = COMMAND_FLAG_RESPONSE };

	conn_request(rig->conn, &ask, SLICE("ping"), 20000, ask_back_answered, rig);
	conn_send(rig->conn, &answer, body, NULL, 0);
}

Test(conn, requests_go_both_ways_under_equal_opaques)
{
	struct buf out = { 0 };
	struct command command;
	struct rig rig;
	int n_asked = 0;

	rig_init(&rig);
	rig.handle = ask_back;
	for (int i = 1; i <= 50; i++)
		net_put_request(&out, 10, i, 0, SLICE("hello"));
	net_send(&rig.loop, rig.fd, out.data, out.len);
	for (int left = 100; left > 0; left--) {
		struct frame frame = next_frame(&rig);

		cr_assert_eq(command_decode(&rig.loop.arena, &frame, &command), COMMAND_OK);
		if ((command.flag & COMMAND_FLAG_RESPONSE) != 0) {
			cr_assert(slice_is(frame.body, "hello"));
			continue;
		}
		cr_assert(slice_is(frame.body, "ping"));
		cr_assert_eq(command.version, COMMAND_VERSION);
		out.len = 0;
		net_put_request(&out, 0, command.opaque, COMMAND_FLAG_RESPONSE, SLICE("pong"));
		if (++n_asked != 50) /* the last one waits for ever */
			net_send(&rig.loop, rig.fd, out.data, out.len);
	}
	NET_UNTIL(&rig.loop, rig.n_answers == 49);
	out.len = 0;
	net_put_request(&out, 0, 4711, COMMAND_FLAG_RESPONSE, SLICE("nobody asked"));
	net_send(&rig.loop, rig.fd, out.data, out.len);
	cr_assert_eq(rig.n_failed, 0);
	conn_close(rig.conn, "test");
	cr_assert_eq(rig.n_failed, 1, "waiting requests fail with the connection");
	cr_assert_eq(rig.n_closed, 1);
	buf_release(&out);
	rig_release(&rig);
}

Test(conn, a_request_times_out_and_a_late_answer_is_ignored)
{
	const struct command ask = { .code = 39 };
	struct buf out = { 0 };
	struct command command;
	struct rig rig;

	rig_init(&rig);
	conn_request(rig.conn, &ask, SLICE("ping"), 10, ask_back_answered, &rig);
	conn_request(rig.conn, &ask, SLICE("ping"), 20000, ask_back_answered, &rig);
	conn_request(rig.conn, &ask, SLICE("ping"), 0, NULL, NULL);
	NET_UNTIL(&rig.loop, rig.n_failed == 1);
	for (int i = 0; i < 2; i++) {
		struct frame frame = next_frame(&rig);

		cr_assert_eq(command_decode(&rig.loop.arena, &frame, &command), COMMAND_OK);
		cr_assert_eq(command.flag, 0);
		net_put_request(&out, 0, command.opaque, COMMAND_FLAG_RESPONSE, SLICE("pong"));
	}
	struct frame frame = next_frame(&rig);

	cr_assert_eq(command_decode(&rig.loop.arena, &frame, &command), COMMAND_OK);
	cr_assert_eq(command.flag, COMMAND_FLAG_ONEWAY);
	net_send(&rig.loop, rig.fd, out.data, out.len);
	NET_UNTIL(&rig.loop, rig.n_answers == 1);
	cr_assert_eq(rig.n_failed, 1);
	buf_release(&out);
	rig_release(&rig);
}

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
	const struct command answer = {
		.codec = command->codec,
		.opaque = command->opaque,
		.flag = COMMAND_FLAG_RESPONSE,
	};

	cr_assert(slice_is(body, "ping"));
	conn_send(rig->conn, &answer, SLICE("pong"), NULL, 0);
}

Test(conn, requests_may_be_sent_before_it_is_connected)
{
	const struct command ask = { .codec = FRAME_BINARY, .code = 35, .version = 317,
		.language = LANGUAGE_GO };
	struct rig rig;

	rig_init(&rig);
	rig.handle = pong;
	close(rig.fd);
	struct conn *out = connect_out(&rig, rig.port, 5000);

	for (int i = 0; i < 3; i++)
		conn_request(out, &ask, SLICE("ping"), 5000, ask_back_answered, &rig);
	rig.conn = conn_accept(&rig.loop, accept4(rig.listener, NULL, NULL, SOCK_NONBLOCK),
	    rig.port, &events, &rig);
	NET_UNTIL(&rig.loop, rig.n_answers == 3);
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
	    ask_back_answered, &rig);
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

/* Back-pressure. */

#define LARGE_ANSWER 65536

static char large_answer[LARGE_ANSWER];

static void
count_release(void *owner)
{
	((struct rig *)owner)->n_released++;
}

static void
answer_large(struct rig *rig, const struct command *command, struct slice body)
{
	const struct command answer = { .opaque = command->opaque, .flag = COMMAND_FLAG_RESPONSE };
	const struct body_part part = { large_answer, LARGE_ANSWER, rig, count_release };

	conn_send(rig->conn, &answer, body, &part, 1);
}

Test(conn, a_peer_that_does_not_read_is_not_read_from)
{
	struct buf out = { 0 };
	struct rig rig;

	rig_init(&rig);
	rig.handle = answer_large;
	for (int i = 1; i <= 1000; i++)
		net_put_request(&out, 10, i, 0, SLICE("large: "));
	net_send(&rig.loop, rig.fd, out.data, out.len);
	net_step(&rig.loop, 50);
	cr_assert_lt(rig.n_requests, 1000);
	cr_assert_not(conn_can_write(rig.conn));
	/* What the kernel took is released, what it did not is hardly more than CONN_OUT_HIGH. */
	cr_assert_leq((rig.n_requests - rig.n_released - 2) * LARGE_ANSWER, (int)CONN_OUT_HIGH);
	for (int i = 1; i <= 1000; i++) {
		struct frame frame = next_frame(&rig);
		struct command answer;

		cr_assert_eq(frame.body.len, 7 + LARGE_ANSWER);
		cr_assert_eq(command_decode(&rig.loop.arena, &frame, &answer), COMMAND_OK);
		cr_assert_eq(answer.opaque, i);
	}
	NET_UNTIL(&rig.loop, conn_can_write(rig.conn));
	cr_assert_eq(rig.n_requests, 1000);
	cr_assert_eq(rig.n_released, 1000);
	buf_release(&out);
	rig_release(&rig);
}

Test(conn, a_peer_that_never_reads_is_closed)
{
	struct buf out = { 0 };
	struct rig rig;

	rig_init(&rig);
	rig.handle = answer_large;
	conn_set_idle(rig.conn, 100);
	for (int i = 1; i <= 1000; i++)
		net_put_request(&out, 10, i, 0, SLICE(""));
	net_send(&rig.loop, rig.fd, out.data, out.len);
	NET_UNTIL(&rig.loop, rig.n_closed == 1);
	net_step(&rig.loop, 0);
	cr_assert_eq(rig.n_released, rig.n_requests, "what could not be sent is released");
	buf_release(&out);
	rig_release(&rig);
}

Test(conn, what_waits_to_be_sent_has_an_end)
{
	const struct command push = { .code = 40 };
	const struct body_part part = { large_answer, LARGE_ANSWER, NULL, count_release };
	struct rig rig;
	int n = 0;

	rig_init(&rig);
	for (; rig.n_closed == 0 && n < 2000; n++) {
		struct body_part one = part;

		one.owner = &rig;
		conn_send(rig.conn, &push, SLICE(""), &one, 1);
	}
	cr_assert_str_eq(rig.why, "too much waits to be sent");
	net_step(&rig.loop, 0);
	cr_assert_eq(rig.n_released, n);
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
answer_and_end(struct rig *rig, const struct command *command, struct slice body)
{
	answer_large(rig, command, body);
	conn_close_gently(rig->conn, "good bye");
}

Test(conn, a_gentle_close_lets_the_answer_leave)
{
	static const bool peer_closes[] = { true, false };

	for (int i = 0; i < 2; i++) {
		struct buf out = { 0 };
		struct rig rig;

		rig_init(&rig);
		rig.handle = answer_and_end;
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
