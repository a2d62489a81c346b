#include "config.h"

#include "client/call.h"

#include <assert.h>
#include <stdlib.h>

#include "client/error.h"
#include "client/handle.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"

/* A request in flight. */
struct client_call {
	LIST_ENTRY(client_call) entry; /* of the handle's calls, or of those that failed */
	struct twinmq *mq;
	struct client_peer *peer;
	int32_t code;
	int timeout_ms;
	twinmq_reply_fn *done;
	void *arg;
};

static void
finish(struct client_call *call, const struct twinmq_error *error, const struct command *reply,
    struct slice body)
{
	struct client_call told = *call;

	LIST_REMOVE(call, entry);
	free(call);
	told.done(told.arg, error, reply, body);
}

static void
finish_failed(struct client_call *call)
{
	struct twinmq_error error;
	const struct client_peer *peer = call->peer; /* freed when the handle is closing */

	if (call->mq->closing)
		twinmq_error_set(&error, TWINMQ_CLOSED, "the handle was closed");
	else if (peer->conn == NULL)
		twinmq_error_set(&error, TWINMQ_UNREACHABLE, "%s is not reachable: %s",
		    peer->address, peer->why);
	else
		twinmq_error_set(&error, TWINMQ_TIMEOUT, "%s did not answer %s within %d ms",
		    peer->address, request_code_name(call->code), call->timeout_ms);
	finish(call, &error, NULL, SLICE(""));
}

static void
tell_failed(struct turn_end *self)
{
	struct twinmq *mq = container_of(self, struct twinmq, tell_failed);

	if (mq->closing) {
		if (!mq->owns_loop)
			free(mq);
		return;
	}
	/* One call per end of turn, the oldest (the last in the list) first. */
	struct client_call *call = LIST_FIRST(&mq->failed);
	while (call != NULL && LIST_NEXT(call, entry) != NULL)
		call = LIST_NEXT(call, entry);
	if (call == NULL)
		return;
	loop_at_turn_end(mq->loop, self);
	finish_failed(call);
}

void
calls_init(struct twinmq *mq)
{
	LIST_INIT(&mq->calls);
	LIST_INIT(&mq->failed);
	mq->tell_failed.run = tell_failed;
}

void
calls_end(struct twinmq *mq)
{
	assert(LIST_EMPTY(&mq->calls));
	while (!LIST_EMPTY(&mq->failed))
		finish_failed(LIST_FIRST(&mq->failed));
}

/* Reports the failure at the end of the turn: the reason comes with a later event. */
static void
fail_later(struct client_call *call)
{
	struct twinmq *mq = call->mq;

	LIST_REMOVE(call, entry);
	LIST_INSERT_HEAD(&mq->failed, call, entry);
	if (!mq->closing)
		loop_at_turn_end(mq->loop, &mq->tell_failed);
}

static void
on_reply(void *arg, const struct command *reply, struct slice body)
{
	struct client_call *call = arg;

	if (reply == NULL)
		fail_later(call);
	else
		finish(call, NULL, reply, body);
}

void
twinmq_call_async(struct twinmq *mq, struct slice address, const struct command *request,
    struct slice body, int timeout_ms, twinmq_reply_fn *done, void *arg)
{
	struct client_call *call = mem_zalloc(sizeof *call);
	struct command command = *request;

	timeout_ms = time_left(mq, timeout_ms);
	*call = (struct client_call){
		.mq = mq,
		.peer = peer_find(mq, address),
		.code = request->code,
		.timeout_ms = timeout_ms,
		.done = done,
		.arg = arg,
	};
	LIST_INSERT_HEAD(&mq->calls, call, entry);
	struct conn *conn = peer_connect(call->peer);
	if (conn == NULL) {
		fail_later(call);
		return;
	}
	command.version = COMMAND_VERSION;
	command.language = COMMAND_LANGUAGE;
	command.flag = 0;
	conn_request(conn, &command, body, timeout_ms, on_reply, call);
}

void
twinmq_send_oneway(
    struct twinmq *mq, struct slice address, const struct command *request, struct slice body)
{
	struct conn *conn = peer_connect(peer_find(mq, address));
	struct command command = *request;

	if (conn == NULL)
		return;
	command.version = COMMAND_VERSION;
	command.language = COMMAND_LANGUAGE;
	conn_request(conn, &command, body, 0, NULL, NULL);
}

void
command_copy(struct command *to, const struct command *from, struct arena *arena)
{
	struct ext *ext = arena_alloc(arena, (from->n_ext + 1) * sizeof *ext);

	*to = *from;
	for (size_t i = 0; i < from->n_ext; i++) {
		ext[i].key = arena_copy(arena, from->ext[i].key);
		ext[i].value = arena_copy(arena, from->ext[i].value);
	}
	to->ext = from->ext != NULL ? ext : NULL;
	if (from->remark.data != NULL)
		to->remark = arena_copy(arena, from->remark);
}

/* ---- blocking ---- */

void
blocking_call_done(
    void *arg, const struct twinmq_error *error, const struct command *reply, struct slice body)
{
	struct blocking_call *call = arg;

	if (error == NULL) {
		command_copy(&call->reply->command, reply, call->arena);
		call->reply->body = arena_copy(call->arena, body);
	}
	waiting_done(&call->waiting, error);
}

int
reply_check(struct twinmq *mq, struct slice address, const struct twinmq_reply *reply)
{
	if (reply->command.code == RESPONSE_SUCCESS)
		return 0;
	twinmq_error_of_reply(&mq->error, address, &reply->command);
	return -1;
}

int
twinmq_call(struct twinmq *mq, struct slice address, const struct command *request,
    struct slice body, struct arena *arena, struct twinmq_reply *reply)
{
	struct blocking_call call = { { .mq = mq }, arena, reply };

	*reply = (struct twinmq_reply){ .body = SLICE("") };
	twinmq_call_async(mq, address, request, body, mq->timeout_ms, blocking_call_done, &call);
	if (waiting_wait(&call.waiting) == -1)
		return -1;
	return reply_check(mq, address, reply);
}
