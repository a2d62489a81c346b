#include "config.h"

/* SEND_MESSAGE, its short-named twin, and batches: fields to a send, its result to a reply. */

#include "broker/context.h"
#include "broker/send/send_front.h"
#include "common/base/container_of.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

/* A send that came as a frame. */
struct remote_send {
	struct send send;
	struct ticket ticket;
};

static void
on_done(struct loop *loop, struct send *send, const struct send_outcome *result)
{
	send_front_reply(loop, &container_of(send, struct remote_send, send)->ticket, result);
}

static void
on_release(struct loop *loop, struct send *send)
{
	pool_free(&loop->pool, container_of(send, struct remote_send, send));
}

static enum verdict
send_message_begin(struct request *request)
{
	struct remote_send *remote = pool_alloc(&request->loop->pool, sizeof *remote);
	struct send_question question = send_front_question(request);
	struct send_outcome refusal;

	remote->ticket = request_ticket(request);
	remote->send.done = on_done;
	remote->send.release = on_release;
	if (send_message(request_worker(request), &question, &remote->send, &refusal))
		return VERDICT_LATER;
	pool_free(&request->loop->pool, remote);
	return send_front_refuse(request, &refusal);
}

const struct handler send_handlers[] = {
	HANDLER_TYPED(
	    SEND_MESSAGE, send_header, send_message_begin, HANDLER_WRITE | HANDLER_FREQUENT),
	{ REQUEST_SEND_MESSAGE_V2, "SEND_MESSAGE_V2", send_header_v2_fields,
	    sizeof(struct send_header), send_message_begin, HANDLER_WRITE | HANDLER_FREQUENT },
	{ REQUEST_SEND_BATCH_MESSAGE, "SEND_BATCH_MESSAGE", send_header_v2_fields,
	    sizeof(struct send_header), send_message_begin, HANDLER_WRITE | HANDLER_FREQUENT },
	{ .name = NULL },
};
