#include "config.h"

#include <assert.h>
#include <stdlib.h>

#include "client/twinmq_private.h"
#include "common/base/container_of.h"
#include "common/protocol/codes.h"
#include "common/base/mem.h"

/* A request whose answer is awaited. */
struct call {
	struct call *next;
	struct call **link; /* what points to it in the list it is on */
	struct twinmq *mq;
	struct peer *peer;
	int32_t code;
	int timeout_ms;
	twinmq_reply_fn *done;
	void *arg;
};

static void
list_add(struct call **list, struct call *call)
{
	call->next = *list;
	call->link = list;
	if (call->next != NULL)
		call->next->link = &call->next;
	*list = call;
}

static void
list_remove(struct call *call)
{
	*call->link = call->next;
	if (call->next != NULL)
		call->next->link = call->link;
}

static void
finish(struct call *call, const struct twinmq_error *error, const struct command *reply,
    struct slice body)
{
	struct call told = *call;

	list_remove(call);
	free(call);
	told.done(told.arg, error, reply, body);
}

static void
finish_failed(struct call *call)
{
	struct twinmq_error error;
	const struct peer *peer = call->peer; /* gone already when the handle is being closed */

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

void
twinmq_calls_tell_failed(struct turn_end *self)
{
	struct twinmq *mq = container_of(self, struct twinmq, tell_failed);

	if (mq->closing) {
		if (!mq->owns_loop)
			free(mq);
		return;
	}
	/* From the end: the oldest is told first, and each in a run of its own. */
	struct call *call = mq->failed;
	while (call != NULL && call->next != NULL)
		call = call->next;
	if (call == NULL)
		return;
	loop_at_turn_end(mq->loop, self);
	finish_failed(call);
}

void
twinmq_calls_end(struct twinmq *mq)
{
	assert(mq->calls == NULL);
	while (mq->failed != NULL)
		finish_failed(mq->failed);
}

/* Told later: when a connection closes, the event that knows why comes after this one. */
static void
fail_later(struct call *call)
{
	struct twinmq *mq = call->mq;

	list_remove(call);
	list_add(&mq->failed, call);
	if (!mq->closing)
		loop_at_turn_end(mq->loop, &mq->tell_failed);
}

static void
on_reply(void *arg, const struct command *reply, struct slice body)
{
	struct call *call = arg;

	if (reply == NULL)
		fail_later(call);
	else
		finish(call, NULL, reply, body);
}

void
twinmq_call_async(struct twinmq *mq, struct slice address, const struct command *request,
    struct slice body, int timeout_ms, twinmq_reply_fn *done, void *arg)
{
	struct call *call = mem_zalloc(sizeof *call);
	struct command command = *request;

	*call = (struct call){
		.mq = mq,
		.peer = peer_find(mq, address),
		.code = request->code,
		.timeout_ms = timeout_ms,
		.done = done,
		.arg = arg,
	};
	list_add(&mq->calls, call);
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

struct blocking_call {
	struct waiting waiting;
	struct arena *arena;
	struct twinmq_reply *reply;
};

static void
on_blocking_reply(
    void *arg, const struct twinmq_error *error, const struct command *reply, struct slice body)
{
	struct blocking_call *call = arg;

	if (error == NULL) {
		command_copy(&call->reply->command, reply, call->arena);
		call->reply->body = arena_copy(call->arena, body);
	}
	waiting_done(&call->waiting, error);
}

static int
check_code(struct twinmq *mq, struct slice address, const struct twinmq_reply *reply)
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
	twinmq_call_async(mq, address, request, body, mq->timeout_ms, on_blocking_reply, &call);
	if (waiting_wait(&call.waiting) == -1)
		return -1;
	return check_code(mq, address, reply);
}

/* ---- name servers ---- */

struct name_server_call {
	struct twinmq *mq;
	struct arena arena;
	struct command request;
	size_t first; /* the first one asked */
	size_t tried;
	struct buf why;
	twinmq_reply_fn *done;
	void *arg;
};

static void ask_next(struct name_server_call *call);

static void
end_name_server_call(struct name_server_call *call, const struct twinmq_error *error,
    const struct command *reply, struct slice body)
{
	call->done(call->arg, error, reply, body);
	buf_release(&call->why);
	arena_release(&call->arena);
	free(call);
}

static void
on_name_server_reply(
    void *arg, const struct twinmq_error *error, const struct command *reply, struct slice body)
{
	struct name_server_call *call = arg;
	struct twinmq *mq = call->mq;

	if (error == NULL) {
		mq->at_name_server = (call->first + call->tried) % mq->n_name_servers;
		end_name_server_call(call, NULL, reply, body);
		return;
	}
	buf_printf(&call->why, "%s%s", call->why.len != 0 ? "; " : "", error->text);
	if (++call->tried < mq->n_name_servers && !mq->closing) {
		ask_next(call);
		return;
	}
	struct twinmq_error all;
	twinmq_error_set(
	    &all, TWINMQ_NO_NAME_SERVER, "no name server answers: %s", buf_text(&call->why));
	end_name_server_call(call, &all, NULL, SLICE(""));
}

static void
ask_next(struct name_server_call *call)
{
	struct twinmq *mq = call->mq;
	const char *address = mq->name_servers[(call->first + call->tried) % mq->n_name_servers];

	twinmq_call_async(mq, slice_of(address), &call->request, SLICE(""), mq->timeout_ms,
	    on_name_server_reply, call);
}

void
twinmq_call_name_server_async(
    struct twinmq *mq, const struct command *request, twinmq_reply_fn *done, void *arg)
{
	struct name_server_call *call = mem_zalloc(sizeof *call);

	call->mq = mq;
	call->first = mq->at_name_server;
	call->done = done;
	call->arg = arg;
	command_copy(&call->request, request, &call->arena);
	ask_next(call);
}

int
twinmq_call_name_server(struct twinmq *mq, const struct command *request, struct arena *arena,
    struct twinmq_reply *reply)
{
	struct blocking_call call = { { .mq = mq }, arena, reply };

	*reply = (struct twinmq_reply){ .body = SLICE("") };
	twinmq_call_name_server_async(mq, request, on_blocking_reply, &call);
	if (waiting_wait(&call.waiting) == -1)
		return -1;
	return check_code(mq, slice_of(mq->name_servers[mq->at_name_server]), reply);
}
