#include "config.h"

/* Many requests that are under way together, for those who wait for all of the replies. */

#include "client/call.h"
#include "client/error.h"
#include "client/handle.h"
#include "common/protocol/codes.h"

struct joint_call {
	struct waiting waiting;
	struct arena *arena;
	size_t n_left;
};

struct listed_call {
	struct joint_call *joint;
	struct twinmq_call *call;
};

static void
on_listed_reply(
    void *arg, const struct twinmq_error *error, const struct command *reply, struct slice body)
{
	struct listed_call *self = arg;
	struct joint_call *joint = self->joint;
	struct twinmq_call *call = self->call;
	struct twinmq *mq = joint->waiting.mq;

	if (error != NULL) {
		call->error = *error;
	} else {
		command_copy(&call->reply.command, reply, joint->arena);
		call->reply.body = arena_copy(joint->arena, body);
		call->result = reply->code == RESPONSE_SUCCESS ? 0 : -1;
		if (call->result == -1)
			twinmq_error_of_reply(&call->error,
			    call->address.data != NULL
				? call->address
				: slice_of(mq->name_servers[mq->at_name_server]),
			    &call->reply.command);
	}
	if (--joint->n_left == 0)
		waiting_done(&joint->waiting, NULL);
}

void
twinmq_call_all(struct twinmq *mq, struct twinmq_call *calls, size_t n, struct arena *arena)
{
	struct listed_call *listed = arena_alloc(arena, (n + 1) * sizeof *listed);
	struct joint_call joint = { { .mq = mq }, arena, n };

	for (size_t i = 0; i < n; i++) {
		struct twinmq_call *call = &calls[i];

		call->result = -1;
		call->reply = (struct twinmq_reply){ .body = SLICE("") };
		listed[i] = (struct listed_call){ &joint, call };
		if (call->address.data == NULL)
			twinmq_call_name_server_async(
			    mq, &call->request, on_listed_reply, &listed[i]);
		else
			twinmq_call_async(mq, call->address, &call->request, call->body,
			    mq->timeout_ms, on_listed_reply, &listed[i]);
	}
	if (n != 0)
		waiting_wait(&joint.waiting);
}
