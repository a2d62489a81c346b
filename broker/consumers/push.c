#include "config.h"

#include "broker/consumers/push.h"

#include <stdlib.h>

#include "common/base/container_of.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

/* On its way to the loop of the connection. Texts are in `text`. */
struct push {
	struct task task;
	struct conn_id to;
	int32_t code;
	bool wants_reply;
	int timeout_ms;
	struct ticket ticket;    /* whose answer it becomes */
	struct loop *reply_loop; /* of the ticket, or of done */
	push_done_fn *done;      /* of a check */
	push_answered_fn *answered;
	void *context; /* of done or answered */
	enum push_result result;
	struct ext *ext;
	size_t n_ext;
	struct slice body;
	/* the client's answer, on its way home */
	int32_t reply_code;
	struct buf reply_remark;
	struct buf reply_body;
	char text[];
};

static struct slice
put_text(char **at, struct slice from)
{
	char *start = *at;

	if (from.data == NULL)
		return from;
	if (from.len != 0)
		memcpy(start, from.data, from.len);
	*at += from.len;
	return (struct slice){ start, from.len };
}

static struct push *
push_new(struct conn_id to, int32_t code, const struct ext *ext, size_t n_ext, struct slice body)
{
	size_t size = body.len;

	for (size_t i = 0; i < n_ext; i++)
		size += ext[i].key.len + ext[i].value.len;
	struct push *push = mem_zalloc(sizeof *push + size);
	char *at = push->text;

	push->to = to;
	push->code = code;
	push->ext = mem_alloc(n_ext * sizeof *push->ext);
	push->n_ext = n_ext;
	for (size_t i = 0; i < n_ext; i++) {
		push->ext[i].key = put_text(&at, ext[i].key);
		push->ext[i].value = put_text(&at, ext[i].value);
	}
	push->body = put_text(&at, body);
	return push;
}

static void
push_free(struct push *push)
{
	buf_release(&push->reply_remark);
	buf_release(&push->reply_body);
	free(push->ext);
	free(push);
}

/* ---- the answer ------------------------------------------------------ */

static void
run_home(struct task *task, void *receiver)
{
	struct push *push = container_of(task, struct push, task);
	struct reply reply = {
		.code = push->reply_code,
		.remark =
		    push->reply_remark.data != NULL ? buf_slice(&push->reply_remark) : SLICE_NONE,
		.body = buf_slice(&push->reply_body),
	};

	ticket_reply(receiver, &push->ticket, &reply);
	push_free(push);
}

static void
run_answered(struct task *task, void *receiver)
{
	struct push *push = container_of(task, struct push, task);
	struct push_answer answer = {
		.result = push->result,
		.code = push->reply_code,
		.remark = buf_slice(&push->reply_remark),
		.body = buf_slice(&push->reply_body),
	};

	push->answered(push->context, receiver, &answer);
	push_free(push);
}

static void
on_reply(void *arg, const struct command *answer, struct slice body)
{
	struct push *push = arg;

	if (answer == NULL) {
		push->reply_code = RESPONSE_CONSUME_MSG_TIMEOUT;
		buf_printf(&push->reply_remark, "the client did not answer within %d ms",
		    push->timeout_ms);
	} else {
		push->reply_code = answer->code;
		buf_append_slice(&push->reply_remark, answer->remark);
		buf_append_slice(&push->reply_body, body);
	}
	if (answer == NULL && push->result == PUSH_SENT)
		push->result = PUSH_SILENT;
	push->task.run = push->answered != NULL ? run_answered : run_home;
	loop_post(push->reply_loop, &push->task);
}

/* ---- on the loop of the connection ----------------------------------- */

static void
write_push(struct conn *conn, struct push *push, call_done_fn *done)
{
	struct command command = {
		.codec = conn_codec(conn),
		.code = push->code,
		.language = COMMAND_LANGUAGE,
		.version = COMMAND_VERSION,
		.ext = push->ext,
		.n_ext = push->n_ext,
	};

	conn_request(conn, &command, push->body, push->timeout_ms, done, push);
}

static void
run_push(struct task *task, void *receiver)
{
	struct push *push = container_of(task, struct push, task);
	struct conn *conn = conn_find(receiver, push->to);
	bool oneway = !push->wants_reply;

	if (conn != NULL)
		write_push(conn, push, oneway ? NULL : on_reply);
	else if (!oneway)
		on_reply(push, NULL, SLICE_NONE);
	if (oneway)
		push_free(push);
}

static enum push_result
look_at(const struct conn *conn)
{
	return conn == NULL ? PUSH_GONE : conn_can_write(conn) ? PUSH_SENT : PUSH_BUSY;
}

static void
run_ask(struct task *task, void *receiver)
{
	struct push *push = container_of(task, struct push, task);
	struct conn *conn = conn_find(receiver, push->to);

	push->result = look_at(conn);
	if (push->result == PUSH_SENT)
		write_push(conn, push, on_reply);
	else
		on_reply(push, NULL, SLICE_NONE);
}

static void
run_checked(struct task *task, void *receiver)
{
	struct push *push = container_of(task, struct push, task);

	push->done(push->context, receiver, push->result);
	push_free(push);
}

static void
run_check(struct task *task, void *receiver)
{
	struct push *push = container_of(task, struct push, task);
	struct conn *conn = conn_find(receiver, push->to);

	push->result = look_at(conn);
	if (push->result == PUSH_SENT)
		write_push(conn, push, NULL);
	push->task.run = run_checked;
	loop_call(push->reply_loop, receiver, &push->task);
}

static void
run_close(struct task *task, void *receiver)
{
	struct push *push = container_of(task, struct push, task);
	struct conn *conn = conn_find(receiver, push->to);

	if (conn != NULL)
		conn_close(conn, "no heartbeat");
	push_free(push);
}

/* At once when it is this loop's connection: so it leaves before the answer at hand. */
static void
push_send(struct broker *broker, struct loop *here, struct push *push,
    void (*run)(struct task *task, void *receiver))
{
	push->task.run = run;
	loop_call(broker_loop(broker, push->to.loop), here, &push->task);
}

void
push_changes(struct broker *broker, struct loop *here, const struct client_changes *changes)
{
	for (size_t i = 0; i < changes->n; i++) {
		const struct client_change *change = &changes->list[i];
		struct ext ext = { SLICE("consumerGroup"), change->group };

		for (size_t j = 0; j < change->n_members; j++)
			push_send(broker, here,
			    push_new(change->members[j], REQUEST_NOTIFY_CONSUMER_IDS_CHANGED, &ext,
				1, SLICE_NONE),
			    run_push);
	}
}

void
push_tell(struct broker *broker, struct loop *here, const struct push_call *call)
{
	push_send(broker, here, push_new(call->to, call->code, call->ext, call->n_ext, call->body),
	    run_push);
}

void
push_forward(struct broker *broker, struct loop *here, const struct push_call *call,
    const struct ticket *ticket)
{
	struct push *push = push_new(call->to, call->code, call->ext, call->n_ext, call->body);

	push->wants_reply = true;
	push->timeout_ms = call->timeout_ms;
	push->ticket = *ticket;
	push->reply_loop = here;
	push_send(broker, here, push, run_push);
}

void
push_ask(struct broker *broker, struct loop *here, const struct push_call *call,
    push_answered_fn *answered, void *context)
{
	struct push *push = push_new(call->to, call->code, call->ext, call->n_ext, call->body);

	push->timeout_ms = call->timeout_ms;
	push->reply_loop = here;
	push->answered = answered;
	push->context = context;
	push_send(broker, here, push, run_ask);
}

enum verdict
push_relay(struct request *request, struct conn_id to, int timeout_ms)
{
	const struct command *command = request->command;
	struct ticket ticket = request_ticket(request);

	push_forward(request_broker(request), request->loop,
	    &(struct push_call){
		.to = to,
		.code = command->code,
		.ext = command->ext,
		.n_ext = command->n_ext,
		.body = request->body,
		.timeout_ms = timeout_ms,
	    },
	    &ticket);
	return VERDICT_LATER;
}

void
push_check(struct broker *broker, struct conn_id to, const struct check_transaction_header *header,
    struct slice body, push_done_fn *done, void *context)
{
	struct command command = { 0 };
	struct loop *here = broker_main_loop(broker);
	struct arena arena = { 0 };

	fields_encode(check_transaction_header_fields, header, &arena, &command);
	struct push *push =
	    push_new(to, REQUEST_CHECK_TRANSACTION_STATE, command.ext, command.n_ext, body);

	arena_release(&arena);
	push->reply_loop = here;
	push->done = done;
	push->context = context;
	push_send(broker, here, push, run_check);
}

void
push_close(struct broker *broker, struct loop *here, struct conn_id which)
{
	push_send(broker, here, push_new(which, 0, NULL, 0, SLICE_NONE), run_close);
}
