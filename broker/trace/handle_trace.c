#include "config.h"

/* TRACE_MESSAGE: what the broker knows of the life of one message. */

#include <inttypes.h>
#include <stdlib.h>

#include "broker/context.h"
#include "broker/trace/message_trace.h"
#include "common/base/mem.h"
#include "common/json/json_body.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

struct trace_request {
	struct ticket ticket;
	int64_t position;
};

static void
on_traced(
    void *context, struct loop *loop, enum trace_status status, const struct message_trace *trace)
{
	struct trace_request *asked = context;
	struct reply reply = { .code = RESPONSE_SYSTEM_ERROR };
	struct json_out out;
	struct buf text = { 0 };

	switch (status) {
	case TRACE_FOUND:
		json_out_init(&out, &text);
		message_trace_write(&out, trace);
		reply = (struct reply){ .body = buf_slice(&text) };
		break;
	case TRACE_NO_MESSAGE:
		reply.remark = arena_printf(
		    &loop->arena, "can not find message by the offset, %" PRId64, asked->position);
		break;
	case TRACE_FAILED:
		reply.remark = SLICE("I/O error, see the broker's log");
		break;
	}
	ticket_reply(loop, &asked->ticket, &reply);
	buf_release(&text);
	free(asked);
}

static enum verdict
trace_message_begin(struct request *request)
{
	const struct view_message_header *header = request->header;
	struct trace_request *asked = mem_alloc(sizeof *asked);

	*asked = (struct trace_request){ request_ticket(request), header->offset };
	message_trace_start(request_worker(request), header->offset, on_traced, asked);
	return VERDICT_LATER;
}

const struct handler trace_handlers[] = {
	HANDLER_TYPED(TRACE_MESSAGE, view_message_header, trace_message_begin, 0),
	{ .name = NULL },
};
