#include "config.h"

/* PULL_MESSAGE and LITE_PULL_MESSAGE: fields to a wish, its result to a reply. */

#include <assert.h>

#include "broker/context.h"
#include "broker/pull/pull.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

#define PULL_FLAG_COMMIT 1
#define PULL_FLAG_SUSPEND 2
#define PULL_FLAG_SUBSCRIPTION 4
#define VERSION_THAT_FOLLOWS_RESETS 413 /* V5_0_0; older clients are told with 220 */

static_assert(sizeof(struct ticket) <= PULL_KEPT_BYTES, "a pull keeps the ticket of its request");

static struct pull_reply
reply_header(const struct pulled *pulled)
{
	return (struct pull_reply){
		.next_begin_offset = pulled->next_offset,
		.min_offset = pulled->min_offset,
		.max_offset = pulled->max_offset,
		.suggest_broker_id = pulled->suggested_id,
		.topic_sys_flag = -1, /* these three: not sent */
		.group_sys_flag = -1,
		.forbidden_type = -1,
	};
}

static struct reply
reply_of(const struct pulled *pulled, const struct pull_reply *header)
{
	return (struct reply){
		.code = pulled->code,
		.remark = pulled->remark,
		.fields = pulled->reached_store ? pull_reply_fields : NULL,
		.header = header,
		.parts = pulled->parts,
		.n_parts = pulled->n_parts,
	};
}

static struct ticket *
ticket_of(struct pull *pull)
{
	return (struct ticket *)(void *)pull->kept;
}

static void
keep(struct pull *pull, const void *request)
{
	*ticket_of(pull) = request_ticket(request);
}

static void
on_done(struct loop *loop, struct pull *pull, const struct pulled *pulled)
{
	struct pull_reply header = reply_header(pulled);
	struct reply reply = reply_of(pulled, &header);

	ticket_reply(loop, ticket_of(pull), &reply);
}

static void
on_expect(struct loop *loop, struct pull *pull, size_t bytes)
{
	if (bytes != 0)
		ticket_reserve(loop, ticket_of(pull), bytes);
	else
		ticket_unreserve(loop, ticket_of(pull));
}

static enum verdict
pull_message_begin(struct request *request)
{
	static const struct pull_front front = { keep, on_done, on_expect };
	const struct pull_header *header = request->header;
	struct pull_wish wish = {
		.topic = header->topic,
		.group = header->consumer_group,
		.queue_id = header->queue_id,
		.offset = header->queue_offset,
		.max_messages = header->max_messages,
		.max_bytes = header->max_bytes,
		.wait_ms = header->sys_flag & PULL_FLAG_SUSPEND ? header->suspend_timeout_ms : 0,
		.follows_resets = request->command->version >= VERSION_THAT_FOLLOWS_RESETS,
		.commit_offset = header->sys_flag & PULL_FLAG_COMMIT ? header->commit_offset : -1,
		.own_filter = header->sys_flag & PULL_FLAG_SUBSCRIPTION,
		.subscription = header->subscription,
		.expression_type = header->expression_type,
		.member = conn_id_of(request->conn),
		.peer = conn_peer_host(request->conn),
		.sub_version = header->sub_version,
		.arena = request->arena,
		.front = &front,
		.request = request,
	};
	struct pulled pulled;

	if (!pull_message(request_worker(request), &wish, &pulled))
		return VERDICT_LATER;
	struct pull_reply *fields = arena_alloc(request->arena, sizeof *fields);

	*fields = reply_header(&pulled);
	request->reply = reply_of(&pulled, fields);
	return VERDICT_REPLY;
}

const struct handler pull_handlers[] = {
	HANDLER_TYPED(
	    PULL_MESSAGE, pull_header, pull_message_begin, HANDLER_MAIN_PORT | HANDLER_FREQUENT),
	HANDLER_TYPED(LITE_PULL_MESSAGE, pull_header, pull_message_begin,
	    HANDLER_MAIN_PORT | HANDLER_FREQUENT),
	{ .name = NULL },
};
