#ifndef BROKER_REPLY_MESSAGE_H
#define BROKER_REPLY_MESSAGE_H

/*
 * The second half of a request between clients. The requester sends a message that names itself
 * (REPLY_TO_CLIENT); its consumer sends the reply here. The broker pushes the reply to the
 * connection of the requester's last heartbeat, and stores it too if storeReplyMessageEnable.
 * Whatever protocol the reply came by. On the thread of the worker's loop, unless it says
 * otherwise. Source: protocol description 2.3, ReplyMessageProcessor.
 */

#include "broker/send/send.h"

/* One reply. The front embeds it in what it has to keep. */
struct reply_message {
	/* Called once, with the result; `stored` may be false with code 0. */
	void (*done)(
	    struct loop *loop, struct reply_message *reply, const struct send_outcome *result);
	/* Called last, after done or at the end of the broker: the memory is the front's again. */
	void (*release)(struct loop *loop, struct reply_message *reply);
	/* These belong to reply_message.c. */
	struct send send;
	int n_open;           /* the storing, the pushing */
	bool known;           /* the next is complete */
	bool delivered;       /* the requester took it */
	struct slice remark;  /* why not */
	int32_t queue_id;     /* as asked, or as stored */
	int64_t queue_offset; /* if stored */
	struct slice msg_ids;
	size_t bytes;
	struct arena arena;
};

/* Texts are lent for the call of reply_message_send. */
struct reply_question {
	struct send_question message;
	struct slice producer_group; /* of the replier; the requester is told */
};

/*
 * Checks the reply like a message, and sends it. True: done and release will be called. False: it
 * was refused; *refusal says why, and neither will be called.
 */
bool reply_message_send(struct worker *worker, const struct reply_question *question,
    struct reply_message *reply, struct send_outcome *refusal);

#endif
