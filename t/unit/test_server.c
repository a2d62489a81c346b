#include "config.h"

#include "common/net/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "t/unit/net_util.h"

TestSuite(server, .timeout = 60);

#define N_LATER 8

/* The context of the server under test. */
struct rig {
	struct loop loop;
	struct server *server;
	int port;
	int fast_port;
	int fd;
	struct buf in;
	size_t last_size;
	struct ticket tickets[N_LATER];
	int n_tickets;
	int n_begun;
	int n_closed;
	int n_released;
};

static struct rig *
rig_of(const struct request *request)
{
	return server_context(request->server);
}

struct echo_header {
	struct slice topic;
	int32_t queue_id;
	int64_t offset;
	bool order;
};

static const struct field echo_fields[] = {
	FIELD_ROW("topic", FIELD_TOPIC, echo_header, topic, true, 0),
	FIELD_ROW("queueId", FIELD_INT32, echo_header, queue_id, true, 0),
	FIELD_ROW("offset", FIELD_INT64, echo_header, offset, false, -1),
	FIELD_ROW("order", FIELD_BOOL, echo_header, order, false, 0),
	FIELD_END,
};

static enum verdict
echo_begin(struct request *request)
{
	const struct echo_header *header = request->header;

	rig_of(request)->n_begun++;
	cr_assert_eq(header->offset, -1);
	request->reply.body = request->body;
	return request_reply(request, echo_fields, header);
}

static enum verdict
later_begin(struct request *request)
{
	struct rig *rig = rig_of(request);

	rig->tickets[rig->n_tickets++] = request_ticket(request);
	return VERDICT_LATER;
}

static enum verdict
silent_begin(struct request *request)
{
	rig_of(request)->n_begun++;
	return VERDICT_NONE;
}

static enum verdict
close_begin(struct request *request)
{
	conn_close(request->conn, "the handler wants it");
	return request_refuse(request, RESPONSE_NO_PERMISSION, "never seen");
}

static void
count_release(void *owner)
{
	((struct rig *)owner)->n_released++;
}

static char large[FRAME_MAX_BYTES];

static enum verdict
parts_begin(struct request *request)
{
	struct rig *rig = rig_of(request);
	struct body_part *parts = arena_alloc(request->arena, 2 * sizeof *parts);
	static const struct ext ext[] = { { { "more", 4 }, { "yes", 3 } } };
	static const struct echo_header typed = { { "T", 1 }, 3, -1, false };

	parts[0] = (struct body_part){ "one ", 4, rig, count_release };
	parts[1] = (struct body_part){ "two", 3, rig, count_release };
	if (slice_is(request->body, "large"))
		parts[0] = (struct body_part){ large, sizeof large, rig, count_release };
	request->reply = (struct reply){
		.ext = ext,
		.n_ext = 1,
		.parts = parts,
		.n_parts = 2,
	};
	if (request->body.len != 0)
		request_reply(request, echo_fields, &typed);
	return VERDICT_REPLY;
}

static const struct handler handlers[] = {
	{ 10, "ECHO", echo_fields, sizeof(struct echo_header), echo_begin, 0 },
	{ 11, "LATER", NULL, 0, later_begin, HANDLER_MAIN_PORT },
	{ 200050, "PARTS", NULL, 0, parts_begin, 0 },
	{ 35, "SILENT", NULL, 0, silent_begin, 0 },
	{ 36, "CLOSE", NULL, 0, close_begin, 0 },
	{ 0 },
};

static const struct handler *const families[] = { handlers, NULL };

static void
on_close(struct server *server, struct conn *conn)
{
	cr_assert_eq(server_of(conn), server);
	((struct rig *)server_context(server))->n_closed++;
}

static void
rig_init(struct rig *rig, int max_connections, int idle_ms)
{
	*rig = (struct rig){ 0 };
	loop_init(&rig->loop, 0);
	rig->server = server_new(&(struct server_options){
	    .families = families,
	    .loops = &rig->loop,
	    .n_loops = 1,
	    .idle_ms = idle_ms,
	    .max_connections = max_connections,
	    .context = rig,
	    .on_close = on_close,
	});
	rig->port = server_listen(rig->server, "127.0.0.1", 0, 0);
	rig->fast_port = server_listen(rig->server, "127.0.0.1", 0, LISTEN_FAST);
	cr_assert_gt(rig->port, 0);
	cr_assert_gt(rig->fast_port, 0);
	rig->fd = net_connect(rig->port);
}

static void
rig_release(struct rig *rig)
{
	server_free(rig->server);
	loop_release(&rig->loop);
	buf_release(&rig->in);
	close(rig->fd);
}

static void
send_request(
    struct rig *rig, struct command command, const struct ext *ext, size_t n_ext, struct slice body)
{
	struct buf out = { 0 };

	command.ext = ext;
	command.n_ext = n_ext;
	command_encode(&out, &command, body, body.len);
	net_send(&rig->loop, rig->fd, out.data, out.len);
	buf_release(&out);
}

/* The next answer; what it points to lives until the next one. */
static struct command
next_reply(struct rig *rig, struct slice *body)
{
	struct frame frame = net_next_frame(&rig->loop, rig->fd, &rig->in, &rig->last_size);
	static struct arena arena;
	struct command answer;

	arena_reset(&arena);
	cr_assert_eq(command_decode(&arena, &frame, &answer), COMMAND_OK);
	cr_assert_eq(answer.flag, COMMAND_FLAG_RESPONSE);
	cr_assert_eq(answer.language, LANGUAGE_JAVA);
	cr_assert_eq(answer.version, COMMAND_VERSION);
	cr_assert_eq(answer.codec, frame.codec);
	*body = frame.body;
	return answer;
}

Test(server, a_typed_request_is_answered_in_its_own_codec)
{
	static const struct ext ext[] = {
		{ { "queueId", 7 }, { "3", 1 } },
		{ { "unknown", 7 }, { "x", 1 } },
		{ { "topic", 5 }, { "TopicTest", 9 } },
	};
	struct rig rig;
	struct slice body;

	rig_init(&rig, 10, 0);
	for (int codec = FRAME_JSON; codec <= FRAME_BINARY; codec++) {
		const struct command request = {
			.code = 10, .opaque = 77 + codec, .codec = (enum frame_codec)codec
		};

		send_request(&rig, request, ext, 3, SLICE("hello"));
		struct command answer = next_reply(&rig, &body);

		cr_assert_eq(answer.codec, request.codec);
		cr_assert_eq(answer.opaque, request.opaque);
		cr_assert_eq(answer.code, 0);
		cr_assert_null(answer.remark.data);
		cr_assert(slice_is(command_ext(&answer, "topic"), "TopicTest"));
		cr_assert(slice_is(command_ext(&answer, "queueId"), "3"));
		cr_assert_null(command_ext(&answer, "offset").data);
		cr_assert(slice_is(body, "hello"));
	}
	cr_assert_eq(server_count(rig.server, 10), 2);
	cr_assert_eq(server_count(rig.server, 11), 0);
	rig_release(&rig);
}

/* Requests that are refused before their handler. */
static const struct refused {
	int32_t code;
	const char *queue_id;
	const char *topic;
	int32_t answer;
	const char *remark;
} refusals[] = {
	{ 10, NULL, "T", 1, "ECHO: the field queueId is missing" },
	{ 10, "3", NULL, 1, "ECHO: the field topic is missing" },
	{ 10, "3x", "T", 1, "ECHO: the field queueId is no number of 32 bits" },
	{ 10, "99999999999", "T", 1, "ECHO: the field queueId is no number of 32 bits" },
	{ 10, "3", "T\n<0>forged", 1, "ECHO: the field topic has a control character" },
	{ 10, "3", "T\xff", 1, "ECHO: the field topic is not UTF-8" },
	{ 9999, "3", "T", 3, " request type 9999 not supported" },
	{ 0, "3", "T", 3, " request type 0 not supported" },
	{ -10, "3", "T", 3, " request type -10 not supported" },
	{ 2003, "3", "T", 3, " request type 2003 not supported: GET_COLD_DATA_FLOW_CTR_INFO" },
};

Test(server, bad_requests_are_answered_with_code_and_reason)
{
	struct rig rig;
	struct slice body;

	rig_init(&rig, 10, 0);
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
		const struct refused *row = &refusals[i];
		struct ext ext[2];
		size_t n = 0;

		if (row->queue_id != NULL)
			ext[n++] = (struct ext){ SLICE("queueId"), slice_of(row->queue_id) };
		if (row->topic != NULL)
			ext[n++] = (struct ext){ SLICE("topic"), slice_of(row->topic) };
		send_request(
		    &rig, (struct command){ .code = row->code, .opaque = 5 }, ext, n, SLICE(""));
		struct command answer = next_reply(&rig, &body);

		cr_assert_eq(answer.opaque, 5);
		cr_assert_eq(answer.code, row->answer, "row %zu", i);
		cr_assert(slice_is(answer.remark, row->remark), "row %zu: %.*s", i,
		    (int)answer.remark.len, answer.remark.data);
	}
	cr_assert_eq(rig.n_begun, 0);
	rig_release(&rig);
}

Test(server, the_fast_port_refuses_what_belongs_to_the_main_port)
{
	struct rig rig;
	struct slice body;

	rig_init(&rig, 10, 0);
	close(rig.fd);
	rig.fd = net_connect(rig.fast_port);
	send_request(&rig, (struct command){ .code = 11, .opaque = 1 }, NULL, 0, SLICE(""));
	struct command answer = next_reply(&rig, &body);

	cr_assert_eq(answer.code, RESPONSE_REQUEST_CODE_NOT_SUPPORTED);
	cr_assert_eq(rig.n_tickets, 0);
	send_request(&rig, (struct command){ .code = 200050, .opaque = 2 }, NULL, 0, SLICE(""));
	answer = next_reply(&rig, &body);
	cr_assert_eq(answer.code, 0);
	rig_release(&rig);
}

Test(server, oneway_requests_are_never_answered)
{
	static const int32_t codes[] = { 10, 11, 9999, 200050, 35 };
	struct rig rig;
	struct slice body;

	rig_init(&rig, 10, 0);
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		send_request(&rig,
		    (struct command){ .code = codes[i], .flag = COMMAND_FLAG_ONEWAY }, NULL, 0,
		    SLICE("x"));
	cr_assert_eq(rig.n_tickets, 1);
	ticket_reply(&rig.loop, &rig.tickets[0], &(struct reply){ .code = 1 });
	cr_assert_eq(rig.n_released, 2, "the parts of an answer that is not sent");
	send_request(&rig, (struct command){ .code = 9999, .opaque = 8 }, NULL, 0, SLICE(""));
	struct command answer = next_reply(&rig, &body);

	cr_assert_eq(answer.opaque, 8, "the first answer is to the last request");
	rig_release(&rig);
}

Test(server, parts_and_raw_fields_follow_what_is_typed)
{
	struct rig rig;
	struct slice body;

	rig_init(&rig, 10, 0);
	send_request(&rig, (struct command){ .code = 200050 }, NULL, 0, SLICE(""));
	struct command answer = next_reply(&rig, &body);

	cr_assert(slice_is(body, "one two"));
	cr_assert_eq(answer.n_ext, 1);
	cr_assert(slice_is(command_ext(&answer, "more"), "yes"));
	send_request(&rig, (struct command){ .code = 200050 }, NULL, 0, SLICE("typed"));
	answer = next_reply(&rig, &body);
	cr_assert_eq(answer.n_ext, 3);
	cr_assert(slice_is(command_ext(&answer, "more"), "yes"));
	cr_assert(slice_is(command_ext(&answer, "topic"), "T"));
	cr_assert_eq(rig.n_released, 4);
	send_request(&rig, (struct command){ .code = 200050 }, NULL, 0, SLICE("large"));
	answer = next_reply(&rig, &body);
	cr_assert_eq(answer.code, RESPONSE_SYSTEM_ERROR, "no frame can be as large as this");
	cr_assert_eq(rig.n_released, 6);
	rig_release(&rig);
}

Test(server, replies_may_come_later_and_in_any_order)
{
	static const int order[N_LATER] = { 3, 0, 7, 1, 6, 2, 5, 4 };
	struct rig rig;
	struct slice body;

	rig_init(&rig, 10, 0);
	for (int i = 0; i < N_LATER; i++)
		send_request(&rig,
		    (struct command){ .code = 11,
			.opaque = 100 + i,
			.codec = i % 2 == 0 ? FRAME_JSON : FRAME_BINARY },
		    NULL, 0, SLICE(""));
	NET_UNTIL(&rig.loop, rig.n_tickets == N_LATER);
	for (int i = 0; i < N_LATER; i++)
		ticket_reply(&rig.loop, &rig.tickets[order[i]],
		    &(struct reply){ .code = order[i], .body = SLICE("late") });
	for (int i = 0; i < N_LATER; i++) {
		struct command answer = next_reply(&rig, &body);

		cr_assert_eq(answer.opaque, 100 + order[i]);
		cr_assert_eq(answer.code, order[i]);
		cr_assert_eq(answer.codec, order[i] % 2 == 0 ? FRAME_JSON : FRAME_BINARY);
		cr_assert(slice_is(body, "late"));
	}
	rig_release(&rig);
}

Test(server, a_ticket_outlives_its_connection)
{
	struct rig rig;

	rig_init(&rig, 10, 0);
	send_request(&rig, (struct command){ .code = 11, .opaque = 1 }, NULL, 0, SLICE(""));
	NET_UNTIL(&rig.loop, rig.n_tickets == 1);
	close(rig.fd);
	NET_UNTIL(&rig.loop, rig.n_closed == 1);
	rig.fd = net_connect(rig.port); /* may well get the same descriptor */
	NET_UNTIL(&rig.loop, conn_find(&rig.loop, (struct conn_id){ 0, 2 }) != NULL);
	const struct body_part part = { "x", 1, &rig, count_release };

	ticket_reply(&rig.loop, &rig.tickets[0], &(struct reply){ .parts = &part, .n_parts = 1 });
	cr_assert_eq(rig.n_released, 1);
	net_step(&rig.loop, 5);
	cr_assert(net_receive(rig.fd, &rig.in));
	cr_assert_eq(rig.in.len, 0);
	rig_release(&rig);
}

Test(server, a_handler_may_close_its_connection)
{
	struct rig rig;

	rig_init(&rig, 10, 0);
	send_request(&rig, (struct command){ .code = 36, .opaque = 1 }, NULL, 0, SLICE(""));
	NET_UNTIL(&rig.loop, rig.n_closed == 1);
	cr_assert(net_is_closed(rig.fd));
	rig_release(&rig);
}

/* Sends a request, and waits until the server counted it. */
static int
speak(struct rig *rig, int fd)
{
	uint64_t before = server_count(rig->server, 10);
	struct buf out = { 0 };

	net_put_request(&out, 10, 1, 0, SLICE(""));
	net_send(&rig->loop, fd, out.data, out.len);
	buf_release(&out);
	NET_UNTIL(&rig->loop, server_count(rig->server, 10) == before + 1);
	return fd;
}

Test(server, too_many_connections_are_refused_until_others_go)
{
	struct rig rig;
	int fds[4];

	rig_init(&rig, 3, 0);
	speak(&rig, rig.fd);
	for (int i = 0; i < 2; i++)
		fds[i] = speak(&rig, net_connect(rig.port));
	for (int i = 2; i < 4; i++)
		fds[i] = net_connect(rig.port);
	net_step(&rig.loop, 5);
	cr_assert_not(net_is_closed(fds[1]));
	cr_assert(net_is_closed(fds[2]), "rig.fd is one of three");
	cr_assert(net_is_closed(fds[3]));
	close(fds[0]);
	NET_UNTIL(&rig.loop, rig.n_closed == 1);
	close(fds[2]);
	fds[2] = net_connect(rig.port);
	net_step(&rig.loop, 5);
	cr_assert_not(net_is_closed(fds[2]));
	cr_assert_eq(server_counts(rig.server).connections, 3);
	cr_assert_eq(server_counts(rig.server).over_limit, 2);
	cr_assert_eq(server_counts(rig.server).silent_closed, 0);
	for (int i = 1; i < 4; i++)
		close(fds[i]);
	rig_release(&rig);
}

Test(server, silent_connections_make_room)
{
	struct rig rig;
	int fds[4];

	rig_init(&rig, 3, 0);
	speak(&rig, rig.fd);
	for (int i = 0; i < 4; i++)
		fds[i] = net_connect(rig.port);
	net_step(&rig.loop, 5);
	cr_assert_not(net_is_closed(rig.fd), "it made a request");
	cr_assert(net_is_closed(fds[0]), "the oldest go first");
	cr_assert(net_is_closed(fds[1]));
	cr_assert_not(net_is_closed(fds[2]));
	cr_assert_not(net_is_closed(fds[3]));
	cr_assert_eq(server_counts(rig.server).connections, 3);
	cr_assert_eq(server_counts(rig.server).silent_closed, 2);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
	rig_release(&rig);
}

Test(server, connections_wait_when_there_are_no_descriptors)
{
	struct rig rig;
	struct slice body;
	struct rlimit files;
	struct rlimit few;

	rig_init(&rig, 10, 0);
	getrlimit(RLIMIT_NOFILE, &files);
	few = files;
	few.rlim_cur = (rlim_t)rig.fd + 1;
	setrlimit(RLIMIT_NOFILE, &few);
	net_step(&rig.loop, 30);
	cr_assert_eq(conn_find(&rig.loop, (struct conn_id){ 0, 1 }), NULL);
	setrlimit(RLIMIT_NOFILE, &files);
	send_request(&rig, (struct command){ .code = 9999, .opaque = 1 }, NULL, 0, SLICE(""));
	cr_assert_eq(next_reply(&rig, &body).opaque, 1);
	rig_release(&rig);
}

Test(server, silent_connections_are_closed)
{
	struct rig rig;

	rig_init(&rig, 10, 30);
	NET_UNTIL(&rig.loop, rig.n_closed == 1);
	cr_assert(net_is_closed(rig.fd));
	rig_release(&rig);
}

Test(server, listens_on_literal_addresses_only_and_again_after_giving_up)
{
	struct rig rig;

	rig_init(&rig, 10, 0);
	errno = 0;
	cr_assert_eq(server_listen(rig.server, "localhost", 0, 0), -1);
	cr_assert_eq(errno, EINVAL);
	cr_assert_eq(server_listen(rig.server, "127.0.0.1", 70000, 0), -1);
	cr_assert_eq(server_listen(rig.server, "127.0.0.1", rig.port, 0), -1);
	cr_assert_eq(errno, EADDRINUSE);
	if (server_listen(rig.server, "::1", 0, 0) == -1)
		cr_log_info("no IPv6 here: %s", strerror(errno));
	server_stop_listening(rig.server);
	for (int i = 0; i < 50; i++) {
		cr_assert_eq(server_listen(rig.server, NULL, rig.port, 0), rig.port);
		server_stop_listening(rig.server);
	}
	rig_release(&rig);
}
