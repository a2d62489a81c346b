#include "config.h"

/*
 * SEND_REPLY_MESSAGE and its short-named twin: a consumer replies to the request of another client.
 */

#include "broker/context.h"
#include "broker/reply/reply_message.h"
#include "broker/send/send_front.h"
#include "common/base/container_of.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

/* A reply that came as a frame. */
struct remote_reply {
	struct reply_message reply;
	struct ticket ticket;
};

static void
on_done(struct loop *loop, struct reply_message *reply, const struct send_outcome *result)
{
	send_front_reply(loop, &container_of(reply, struct remote_reply, reply)->ticket, result);
}

static void
on_release(struct loop *loop, struct reply_message *reply)
{
	pool_free(&loop->pool, container_of(reply, struct remote_reply, reply));
}

static enum verdict
send_reply_begin(struct request *request)
{
	const struct send_header *header = request->header;
	struct remote_reply *remote = pool_alloc(&request->loop->pool, sizeof *remote);
	struct reply_question question = {
		.message = send_front_question(request),
		.producer_group = header->producer_group,
	};
	struct send_outcome refusal;

	*remote = (struct remote_reply){
		.reply = { .done = on_done, .release = on_release },
		.ticket = request_ticket(request),
	};
	if (reply_message_send(request_worker(request), &question, &remote->reply, &refusal))
		return VERDICT_LATER;
	pool_free(&request->loop->pool, remote);
	return send_front_refuse(request, &refusal);
}

const struct handler reply_handlers[] = {
	HANDLER_TYPED(SEND_REPLY_MESSAGE, send_header, send_reply_begin, HANDLER_WRITE),
	{ REQUEST_SEND_REPLY_MESSAGE_V2, "SEND_REPLY_MESSAGE_V2", send_header_v2_fields,
	    sizeof(struct send_header), send_reply_begin, HANDLER_WRITE },
	{ .name = NULL },
};
