#include "config.h"

/* CONSUMER_SEND_MSG_BACK: fields to a send back, its result to a reply. */

#include "broker/context.h"
#include "broker/send/send_back.h"
#include "common/base/container_of.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

#define VERSION_WITH_MAX_RECONSUME 121 /* V3_4_9 */

/* A message that came back by a frame. */
struct remote_back {
	struct send_back back;
	struct ticket ticket;
};

static void
on_done(struct loop *loop, struct send_back *back, const struct back_outcome *result)
{
	struct remote_back *remote = container_of(back, struct remote_back, back);
	struct reply reply = { .code = result->code, .remark = result->remark };

	ticket_reply(loop, &remote->ticket, &reply);
	pool_free(&loop->pool, remote);
}

static enum verdict
send_back_begin(struct request *request)
{
	const struct send_back_header *header = request->header;
	struct remote_back *remote = pool_alloc(&request->loop->pool, sizeof *remote);
	bool says_max = request->command->version >= VERSION_WITH_MAX_RECONSUME;
	struct back_question question = {
		.group = header->group,
		.position = header->offset,
		.delay_level = header->delay_level,
		.max_times = says_max ? header->max_reconsume_times : -1,
		.unit_mode = header->unit_mode,
	};
	struct back_outcome outcome;

	remote->ticket = request_ticket(request);
	remote->back.done = on_done;
	if (send_back(request_worker(request), &question, &remote->back, &outcome))
		return VERDICT_LATER;
	pool_free(&request->loop->pool, remote);
	request->reply = (struct reply){ .code = outcome.code, .remark = outcome.remark };
	return VERDICT_REPLY;
}

const struct handler send_back_handlers[] = {
	HANDLER_TYPED(CONSUMER_SEND_MSG_BACK, send_back_header, send_back_begin, HANDLER_WRITE),
	{ .name = NULL },
};
