#include "config.h"

/* LOCK_BATCH_MQ and UNLOCK_BATCH_MQ: the locks of ordered consumers. */

#include <stdlib.h>

#include "broker/consumers/lock_queues.h"
#include "broker/context.h"
#include "broker/state/group.h"
#include "common/base/mem.h"
#include "common/json/json_body.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

#define NO_LOCK_BATCH "the body is no set of queues of a group's client"

/* A reply that waits until the new holders are on disk. */
struct waiting_lock {
	struct ticket ticket;
	const char *why;
	struct buf body;
};

static void
on_saved(void *context, struct loop *loop)
{
	struct waiting_lock *waiting = context;

	ticket_reply(loop, &waiting->ticket,
	    &(struct reply){ .remark = slice_of(waiting->why), .body = buf_slice(&waiting->body) });
	buf_release(&waiting->body);
	free(waiting);
}

static enum verdict
lock_batch_begin(struct request *request)
{
	struct broker *broker = request_broker(request);
	struct lock_batch batch;
	struct group group;
	struct buf text = { 0 };
	struct json_out out;

	if (lock_batch_read(request->arena, request->body, &batch) == -1)
		return request_refuse(request, RESPONSE_SYSTEM_ERROR, NO_LOCK_BATCH);
	if (!groups_find(broker->groups, batch.group, &group))
		return request_refuse(request, RESPONSE_SUBSCRIPTION_GROUP_NOT_EXIST,
		    "subscription group [%.*s] does not exist", (int)batch.group.len,
		    batch.group.data);
	struct locked_queues locked =
	    lock_queues(broker, request->loop, conn_id_of(request->conn), &batch);

	json_out_init(&out, &text);
	lock_reply_write(&out, locked.held, locked.n_held);
	if (locked.unsaved) {
		struct waiting_lock *waiting = mem_alloc(sizeof *waiting);

		*waiting = (struct waiting_lock){ request_ticket(request), locked.why, text };
		lock_queues_save(broker, request->loop, &batch, &locked, on_saved, waiting);
		return VERDICT_LATER;
	}
	request->reply.remark = slice_of(locked.why);
	return request_reply_body(request, json_finish(&out, request->arena));
}

static enum verdict
unlock_batch_begin(struct request *request)
{
	struct lock_batch batch;

	if (lock_batch_read(request->arena, request->body, &batch) == -1)
		return request_refuse(request, RESPONSE_SYSTEM_ERROR, NO_LOCK_BATCH);
	unlock_queues(request_broker(request), request->loop, &batch);
	return VERDICT_REPLY;
}

const struct handler lock_handlers[] = {
	HANDLER_PLAIN(LOCK_BATCH_MQ, lock_batch_begin, 0),
	HANDLER_PLAIN(UNLOCK_BATCH_MQ, unlock_batch_begin, 0),
	{ .name = NULL },
};
