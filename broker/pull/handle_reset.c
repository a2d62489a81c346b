#include "config.h"

/* A tool moves a group to another place in a topic, or asks what that would mean. */

#include <stdlib.h>

#include "broker/context.h"
#include "broker/pull/reset_offset.h"
#include "common/base/mem.h"
#include "common/json/json_body.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

static void
write_dry_run(struct json_out *out, const struct reset_result *result)
{
	json_open_object(out);
	json_key(out, "queues");
	json_open_array(out);
	for (size_t i = 0; i < result->n_offsets; i++) {
		json_open_object(out);
		json_member_put_int(out, "queueId", result->offsets[i].queue.id);
		json_member_put_int(out, "before", result->before[i].offset);
		json_member_put_int(out, "after", result->offsets[i].offset);
		json_close_object(out);
	}
	json_close_array(out);
	json_close_object(out);
}

static void
on_reset(void *context, struct loop *loop, const struct reset_result *result)
{
	struct ticket *ticket = context;
	struct reply reply = { .code = result->code, .remark = result->remark };
	struct buf text = { 0 };
	struct json_out out;

	if (result->code == RESPONSE_SUCCESS) {
		json_out_init(&out, &text);
		if (result->before != NULL)
			write_dry_run(&out, result);
		else
			queue_offsets_write(
			    &out, "offsetTable", result->offsets, result->n_offsets);
		reply.body = buf_slice(&text);
	}
	ticket_reply(loop, ticket, &reply);
	buf_release(&text);
	free(ticket);
}

static enum verdict
begin_reset(struct request *request, bool dry_run)
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
		.dry_run = dry_run,
	    },
	    on_reset, ticket);
	return VERDICT_LATER;
}

static enum verdict
reset_offset_begin(struct request *request)
{
	return begin_reset(request, false);
}

static enum verdict
preview_reset_begin(struct request *request)
{
	return begin_reset(request, true);
}

const struct handler reset_handlers[] = {
	HANDLER_TYPED(
	    INVOKE_BROKER_TO_RESET_OFFSET, reset_offset_header, reset_offset_begin, HANDLER_ADMIN),
	HANDLER_TYPED(PREVIEW_RESET, reset_offset_header, preview_reset_begin, 0),
	{ .name = NULL },
};
