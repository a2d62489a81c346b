#ifndef BROKER_SEND_H
#define BROKER_SEND_H

/*
 * Sending, whatever protocol the message came by: a front turns its request into a send_question,
 * and the send_outcome, which comes later, into its reply. All on the thread of the worker's loop.
 */

#include "broker/context.h"
#include "broker/send/inflight.h"
#include "common/protocol/record.h"

/* Texts are lent for the call of send_message. */
struct send_question {
	struct slice topic;
	struct slice properties; /* name 0x01 value 0x02 ... */
	struct slice body;       /* of a batch: its messages, see batch_next */
	bool batch;
	int32_t queue_id; /* -1: any */
	int32_t flag;
	int32_t sys_flag;
	int64_t born_timestamp; /* ms */
	struct host born_host;
	int32_t reconsume_times;
	int32_t max_reconsume_times; /* for a %RETRY% topic; -1: what the group says */
	/* Of a topic that does not exist yet. */
	struct slice template_topic;
	int32_t template_queues;
	bool unit_mode;
	bool check_type;     /* refuse a kind that contradicts the topic's message.type */
	struct arena *arena; /* of the remark, when the send is refused */
};

/* Texts live in the loop's arena. */
struct send_outcome {
	int32_t code; /* of common/protocol/codes.h */
	struct slice remark;
	bool stored; /* the next three are set; so with codes 10, 11 and 12, too */
	int32_t queue_id;
	int64_t queue_offset;       /* of the first message */
	struct slice msg_ids;       /* offset ids, joined by commas */
	struct slice recall_handle; /* of a timed message; absent: none */
};

/* One send. The front embeds it in what it has to keep for the reply. */
struct send {
	/* Called once, with the result. */
	void (*done)(struct loop *loop, struct send *send, const struct send_outcome *result);
	/* Called last, after done or at the end of the broker: the memory is the front's again. */
	void (*release)(struct loop *loop, struct send *send);
	/* These belong to send.c. */
	struct inflight_send inflight;
	int32_t queue_id;
};

/*
 * Checks the message and hands it to the writer. True: done and release will be called. False: it
 * was refused; *refusal says why, and neither will be called.
 */
bool send_message(struct worker *worker, const struct send_question *question, struct send *send,
    struct send_outcome *refusal);
/* The same checks for a message that is not stored. */
bool send_check(
    struct worker *worker, const struct send_question *question, struct send_outcome *refusal);
/* What all messages get: their cluster, their region, and whether clients trace them. */
void send_start(struct broker *broker);
void send_end(struct broker *broker);
/* What a worker needs before its first send. At start, before the loops run. */
void send_attach(struct worker *worker);

#endif
