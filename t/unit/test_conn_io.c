#include "config.h"

#include <malloc.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "t/unit/conn_rig.h"

TestSuite(conn_io, .timeout = 60);

Test(conn_io, frames_may_be_split_anywhere)
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

Test(conn_io, frames_may_come_byte_by_byte)
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

Test(conn_io, many_frames_in_one_read_keep_their_order)
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

Test(conn_io, large_frames_are_taken_up_to_the_limit)
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
	{ "\x00\x00\x00\x00", 4, "not a frame" }, /* no room for the prefix */
	{ "\x00\x00\x00\x03\x00\x00\x00", 7, "not a frame" },
	{ "\x01\x00\x00\x00", 4, "not a frame" }, /* 16 MiB and the length field */
	{ "\x00\xff\xff\xfd", 4, "not a frame" }, /* one byte too many */
	{ "\xff\xff\xff\xff", 4, "not a frame" }, /* negative */
	{ "\x80\x00\x00\x00", 4, "not a frame" },
	{ "\x00\x00\x00\x08\x00\x00\x00\x05", 8, "not a frame" }, /* the header goes beyond it */
	{ "\x00\x00\x00\x08\x07\x00\x00\x04", 8, "not a frame" }, /* unknown codec */
	{ "GET / HTTP/1.1\r\n\r\n", 18, "not a frame" },
	{ "\x16\x03\x01\x02\x00\x01\x00\x01", 8, "TLS is not enabled" },
	{ "\x00\x00\x00\x08\x00\x00\x00\x04{]{]", 12, "a header that cannot be understood" },
	{ "\x00\x00\x00\x08\x01\x00\x00\x04\x00\x01\x02\x03", 12,
	    "a header that cannot be understood" },
};

Test(conn_io, bytes_that_are_no_frame_close_it)
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

Test(conn_io, an_unusable_header_with_an_opaque_is_answered)
{
	struct buf out = { 0 };
	struct command reply;
	struct rig rig;

	rig_init(&rig);
	put_json(&out, "{\"code\":[],\"flag\":2,\"opaque\":7}");
	put_json(&out, "{\"code\":[],\"flag\":0,\"opaque\":8}");
	net_send(&rig.loop, rig.fd, out.data, out.len);
	struct frame frame = next_frame(&rig);

	cr_assert_eq(command_decode(&rig.loop.arena, &frame, &reply), COMMAND_OK);
	cr_assert_eq(reply.opaque, 8, "oneway requests are not answered");
	cr_assert_eq(reply.code, RESPONSE_SYSTEM_ERROR);
	cr_assert_eq(reply.flag, COMMAND_FLAG_RESPONSE);
	cr_assert_neq(reply.remark.len, 0);
	cr_assert_eq(rig.n_requests, 0);
	cr_assert_not_null(rig.conn);
	buf_release(&out);
	rig_release(&rig);
}

Test(conn_io, memory_follows_the_bytes_not_the_length_field)
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
ask_back(struct rig *rig, const struct command *command, struct slice body)
{
	const struct command ask = { .code = 39 };
	const struct command reply = { .opaque = command->opaque, .flag = COMMAND_FLAG_RESPONSE };

	conn_request(rig->conn, &ask, SLICE("ping"), 20000, on_reply, rig);
	conn_send(rig->conn, &reply, body, NULL, 0);
}

Test(conn_io, requests_go_both_ways_under_equal_opaques)
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
	NET_UNTIL(&rig.loop, rig.n_replies == 49);
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

Test(conn_io, a_request_times_out_and_a_late_reply_is_ignored)
{
	const struct command ask = { .code = 39 };
	struct buf out = { 0 };
	struct command command;
	struct rig rig;

	rig_init(&rig);
	conn_request(rig.conn, &ask, SLICE("ping"), 10, on_reply, &rig);
	conn_request(rig.conn, &ask, SLICE("ping"), 20000, on_reply, &rig);
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
	NET_UNTIL(&rig.loop, rig.n_replies == 1);
	cr_assert_eq(rig.n_failed, 1);
	buf_release(&out);
	rig_release(&rig);
}

/* Back-pressure. */

Test(conn_io, a_peer_that_does_not_read_is_not_read_from)
{
	struct buf out = { 0 };
	struct rig rig;

	rig_init(&rig);
	rig.handle = reply_large;
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
		struct command reply;

		cr_assert_eq(frame.body.len, 7 + LARGE_ANSWER);
		cr_assert_eq(command_decode(&rig.loop.arena, &frame, &reply), COMMAND_OK);
		cr_assert_eq(reply.opaque, i);
	}
	NET_UNTIL(&rig.loop, conn_can_write(rig.conn));
	cr_assert_eq(rig.n_requests, 1000);
	cr_assert_eq(rig.n_released, 1000);
	buf_release(&out);
	rig_release(&rig);
}

Test(conn_io, a_peer_that_never_reads_is_closed)
{
	struct buf out = { 0 };
	struct rig rig;

	rig_init(&rig);
	rig.handle = reply_large;
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

Test(conn_io, what_waits_to_be_sent_has_an_end)
{
	const struct command push = { .code = 40 };
	const struct body_part part = { large_reply, LARGE_ANSWER, NULL, count_release };
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

/* What is being read for the peer counts as if it waited to be sent already. */
static void
reserve(struct rig *rig, const struct command *command, struct slice body)
{
	(void)command;
	(void)body;
	conn_reserve(rig->conn, CONN_OUT_HIGH / 2);
}

Test(conn_io, reserved_bytes_hold_further_requests)
{
	struct buf out = { 0 };
	struct rig rig;

	rig_init(&rig);
	rig.handle = reserve;
	for (int i = 1; i <= 10; i++)
		net_put_request(&out, 10, i, 0, SLICE("read"));
	net_send(&rig.loop, rig.fd, out.data, out.len);
	net_step(&rig.loop, 5);
	cr_assert_eq(rig.n_requests, 3);
	cr_assert_not(conn_can_write(rig.conn));
	conn_unreserve(rig.conn, CONN_OUT_HIGH);
	net_step(&rig.loop, 5);
	cr_assert_eq(rig.n_requests, 3, "a half is still too much");
	conn_unreserve(rig.conn, CONN_OUT_HIGH / 2);
	net_step(&rig.loop, 5);
	cr_assert_eq(rig.n_requests, 6);
	buf_release(&out);
	rig_release(&rig);
}

Test(conn_io, a_loop_sheds_those_that_do_not_read)
{
	struct buf out = { 0 };
	struct rig rig;

	rig_init(&rig);
	conn_limit_unsent(&rig.loop, LARGE_ANSWER * 4);
	rig.handle = reply_large;
	for (int i = 1; i <= 1000; i++)
		net_put_request(&out, 10, i, 0, SLICE("large: "));
	net_send(&rig.loop, rig.fd, out.data, out.len);
	NET_UNTIL(&rig.loop, rig.n_closed == 1);
	cr_assert_str_eq(rig.why, "too much waits for peers that do not read");
	cr_assert_eq(rig.loop.n_shed, 1);
	cr_assert_eq(rig.n_requests, rig.n_released);
	buf_release(&out);
	rig_release(&rig);
}
