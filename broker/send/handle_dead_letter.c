#include "config.h"

/* REPLAY_DEAD_LETTER: a group gets one of its dead letters once more. */

#include <stdlib.h>

#include "broker/send/dead_letter.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"
#include "common/json/json_body.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

struct letter_request {
	struct letter_replay replay;
	struct ticket ticket;
};

static void
on_replayed(struct loop *loop, struct letter_replay *replay, const struct replay_outcome *result)
{
	struct letter_request *letter = container_of(replay, struct letter_request, replay);
	struct reply reply = { .code = result->code, .remark = result->remark };
	struct buf text = { 0 };
	struct json_out out;

	if (result->code == RESPONSE_SUCCESS) {
		json_out_init(&out, &text);
		json_open_object(&out);
		json_member_put_slice(&out, "topic", result->topic);
		json_member_put_slice(&out, "msgId", result->msg_id);
		json_close_object(&out);
		reply.body = buf_slice(&text);
	}
	ticket_reply(loop, &letter->ticket, &reply);
	buf_release(&text);
	free(letter);
}

static enum verdict
replay_dead_letter_begin(struct request *request)
{
	const struct replay_dead_letter_header *header = request->header;
	struct letter_request *letter;
	struct group group;

	if (!groups_find(request_broker(request)->groups, header->group, &group))
		return request_refuse(request, RESPONSE_SUBSCRIPTION_GROUP_NOT_EXIST,
		    "Group %.*s does not exist", (int)header->group.len, header->group.data);
	letter = mem_zalloc(sizeof *letter);
	letter->ticket = request_ticket(request);
	letter->replay.done = on_replayed;
	dead_letter_replay(request_worker(request), &group, header->offset, &letter->replay);
	return VERDICT_LATER;
}

const struct handler dead_letter_handlers[] = {
	HANDLER_TYPED(
	    REPLAY_DEAD_LETTER, replay_dead_letter_header, replay_dead_letter_begin, HANDLER_ADMIN),
	{ .name = NULL },
};
