#include "config.h"

#include "client/error.h"
#include "client/handle.h"
#include "client/route_cache.h"
#include "client/wait.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

#include <stdlib.h>

#define TOOLS_GROUP "TOOLS_CONSUMER"
#define MAX_MESSAGES 32

/* Bits of a pull's sysFlag. */
#define PULL_SUSPEND 2
#define PULL_SUBSCRIPTION 4

struct pulling {
	struct arena arena;
	struct twinmq *mq;
	struct pull_spec pull;
	struct slice address;
	pull_done_fn *done;
	void *arg;
};

static const struct {
	int32_t code;
	enum pull_status status;
} outcomes[] = {
	{ RESPONSE_SUCCESS, PULL_FOUND },
	{ RESPONSE_PULL_NOT_FOUND, PULL_NOTHING_NEW },
	{ RESPONSE_PULL_RETRY_IMMEDIATELY, PULL_NO_MATCH },
	{ RESPONSE_PULL_OFFSET_MOVED, PULL_BAD_OFFSET },
};

static void
finish(struct pulling *pulling, const struct twinmq_error *error, const struct pull_result *result)
{
	pulling->done(pulling->arg, error, result);
	arena_release(&pulling->arena);
	free(pulling);
}

/* 0, or -1 with *error. */
static int
read_reply(const struct pulling *pulling, const struct command *reply, struct slice body,
    struct pull_result *result, struct twinmq_error *error)
{
	struct pull_reply header;
	const char *bad;

	for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++) {
		if (outcomes[i].code != reply->code)
			continue;
		if (fields_decode(pull_reply_fields, reply, &header, &bad) == -1) {
			twinmq_error_set(error, TWINMQ_BAD_ANSWER,
			    "the answer of %.*s to a pull has no %s", (int)pulling->address.len,
			    pulling->address.data, bad);
			return -1;
		}
		*result = (struct pull_result){
			.status = outcomes[i].status,
			.next_offset = header.next_begin_offset,
			.min_offset = header.min_offset,
			.max_offset = header.max_offset,
			.records = body,
		};
		return 0;
	}
	twinmq_error_of_reply(error, pulling->address, reply);
	return -1;
}

static void
on_pull_reply(
    void *arg, const struct twinmq_error *error, const struct command *reply, struct slice body)
{
	struct pulling *pulling = arg;
	struct pull_result result;
	struct twinmq_error own;

	if (error == NULL && read_reply(pulling, reply, body, &result, &own) == -1)
		error = &own;
	else if (error != NULL)
		route_cache_doubt(pulling->mq, pulling->pull.queue.topic);
	finish(pulling, error, error == NULL ? &result : NULL);
}

static void
send_pull(struct pulling *pulling)
{
	const struct pull_spec *pull = &pulling->pull;
	struct command request = { .code = REQUEST_PULL_MESSAGE };
	struct pull_header header = {
		.consumer_group = pull->group.data != NULL ? pull->group : SLICE(TOOLS_GROUP),
		.topic = pull->queue.topic,
		.queue_id = pull->queue.id,
		.queue_offset = pull->offset,
		.max_messages = pull->max_messages > 0 ? pull->max_messages : MAX_MESSAGES,
		.sys_flag = (pull->registered_version == 0 ? PULL_SUBSCRIPTION : 0) |
		            (pull->hold_ms > 0 ? PULL_SUSPEND : 0),
		.suspend_timeout_ms = pull->hold_ms,
		.sub_version = pull->registered_version,
		.subscription = pull->subscription.data != NULL ? pull->subscription : SLICE("*"),
		.expression_type = SLICE("TAG"),
		.max_bytes = -1,
		.request_source = -1,
		.broker_name = pull->queue.broker_name,
	};

	fields_encode(pull_header_fields, &header, &pulling->arena, &request);
	twinmq_call_async(pulling->mq, pulling->address, &request, SLICE(""),
	    pulling->mq->timeout_ms + pull->hold_ms, on_pull_reply, pulling);
}

static void
on_route(void *arg, const struct twinmq_error *error, const struct route *route)
{
	struct pulling *pulling = arg;
	struct twinmq_error own;
	struct slice broker = pulling->pull.queue.broker_name, address;

	if (error == NULL) {
		address = route_address(route, broker, false);
		if (address.data != NULL) {
			pulling->address = arena_copy(&pulling->arena, address);
			send_pull(pulling);
			return;
		}
		twinmq_error_set(&own, TWINMQ_NO_QUEUE, "no broker called %.*s has topic %.*s",
		    (int)broker.len, broker.data, (int)pulling->pull.queue.topic.len,
		    pulling->pull.queue.topic.data);
		error = &own;
		/* The broker may return at any moment. */
		route_cache_doubt(pulling->mq, pulling->pull.queue.topic);
	}
	finish(pulling, error, NULL);
}

static struct slice
copy_if_any(struct arena *arena, struct slice text)
{
	return text.data != NULL ? arena_copy(arena, text) : text;
}

void
twinmq_pull_async(struct twinmq *mq, const struct pull_spec *pull, pull_done_fn *done, void *arg)
{
	struct pulling *pulling = mem_zalloc(sizeof *pulling);

	pulling->mq = mq;
	pulling->pull = *pull;
	pulling->pull.queue.topic = arena_copy(&pulling->arena, pull->queue.topic);
	pulling->pull.queue.broker_name = arena_copy(&pulling->arena, pull->queue.broker_name);
	pulling->pull.group = copy_if_any(&pulling->arena, pull->group);
	pulling->pull.subscription = copy_if_any(&pulling->arena, pull->subscription);
	pulling->done = done;
	pulling->arg = arg;
	twinmq_route_async(mq, pulling->pull.queue.topic, on_route, pulling);
}

/* ---- blocking ---- */

struct blocking_pull {
	struct waiting waiting;
	struct arena *arena;
	struct pull_result *result;
};

static void
on_blocking_pull(void *arg, const struct twinmq_error *error, const struct pull_result *result)
{
	struct blocking_pull *pull = arg;

	if (error == NULL) {
		*pull->result = *result;
		pull->result->records = arena_copy(pull->arena, result->records);
	}
	waiting_done(&pull->waiting, error);
}

int
twinmq_pull(struct twinmq *mq, const struct pull_spec *pull, struct arena *arena,
    struct pull_result *result)
{
	struct blocking_pull blocking = { { .mq = mq }, arena, result };

	twinmq_pull_async(mq, pull, on_blocking_pull, &blocking);
	return waiting_wait(&blocking.waiting);
}
