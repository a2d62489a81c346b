#include "config.h"

/* INVOKE_BROKER_TO_RESET_OFFSET: a tool moves a group to another place in a topic. */

#include <stdlib.h>

#include "broker/context.h"
#include "broker/pull/reset_offset.h"
#include "common/base/mem.h"
#include "common/json/json_body.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

static void
on_reset(void *context, struct loop *loop, const struct reset_result *result)
{
	struct ticket *ticket = context;
	struct reply reply = { .code = result->code, .remark = result->remark };
	struct buf text = { 0 };
	struct json_out out;

	if (result->code == RESPONSE_SUCCESS) {
		json_out_init(&out, &text);
		queue_offsets_write(&out, "offsetTable", result->offsets, result->n_offsets);
		reply.body = buf_slice(&text);
	}
	ticket_reply(loop, ticket, &reply);
	buf_release(&text);
	free(ticket);
}

static enum verdict
reset_offset_begin(struct request *request)
{
	const struct reset_offset_header *header = request->header;
	struct ticket *ticket = mem_alloc(sizeof *ticket);

	*ticket = request_ticket(request);
	reset_offsets(request_worker(request),
	    &(struct reset_wish){
		.group = header->group,
		.topic = header->topic,
		.queue_id = header->queue_id,
		.offset = header->offset,
		.timestamp = header->timestamp,
		.forward = header->is_force,
	    },
	    on_reset, ticket);
	return VERDICT_LATER;
}

const struct handler reset_handlers[] = {
	HANDLER_TYPED(
	    INVOKE_BROKER_TO_RESET_OFFSET, reset_offset_header, reset_offset_begin, HANDLER_ADMIN),
	{ .name = NULL },
};
