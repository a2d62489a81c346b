#include "config.h"

#include "common/net/calls.h"

#include <stddef.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"

struct call {
	struct u64map_node node; /* first: a node is a call */
	struct timer timer;
	struct calls *calls;
	struct loop *loop;
	call_done_fn *done;
	void *arg;
};

static void
finish(struct call *call, const struct command *reply, struct slice body)
{
	struct call done = *call;

	loop_drop_timer(call->loop, &call->timer);
	u64map_remove(&call->calls->waiting, &call->node);
	free(call);
	done.done(done.arg, reply, body);
}

static void
on_timeout(struct timer *timer)
{
	finish(container_of(timer, struct call, timer), NULL, SLICE_NONE);
}

int32_t
calls_opaque(struct calls *calls)
{
	do
		calls->last_opaque = calls->last_opaque == INT32_MAX ? 1 : calls->last_opaque + 1;
	while (u64map_find(&calls->waiting, (uint64_t)calls->last_opaque) != NULL);
	return calls->last_opaque;
}

void
calls_add(struct calls *calls, struct loop *loop, int32_t opaque, int timeout_ms,
    call_done_fn *done, void *arg)
{
	struct call *call = mem_alloc(sizeof *call);

	*call = (struct call){
		.node.id = (uint64_t)opaque,
		.timer.due = on_timeout,
		.calls = calls,
		.loop = loop,
		.done = done,
		.arg = arg,
	};
	u64map_add(&calls->waiting, &call->node);
	loop_set_timer(loop, &call->timer, clock_mono_ms() + timeout_ms);
}

bool
calls_reply(struct calls *calls, int32_t opaque, const struct command *reply, struct slice body)
{
	struct u64map_node *node = u64map_find(&calls->waiting, (uint64_t)opaque);

	if (node == NULL)
		return false;
	finish((struct call *)node, reply, body);
	return true;
}

void
calls_fail(struct calls *calls)
{
	size_t n = calls->waiting.n;
	uint64_t *ids = u64map_ids(&calls->waiting);

	for (size_t i = 0; i < n; i++) {
		struct u64map_node *node = u64map_find(&calls->waiting, ids[i]);

		if (node != NULL)
			finish((struct call *)node, NULL, SLICE_NONE);
	}
	free(ids);
}

void
calls_release(struct calls *calls)
{
	u64map_release(&calls->waiting);
}
