#ifndef BROKER_POP_H
#define BROKER_POP_H

/*
 * Popping, whatever protocol the request came by. A pop takes messages that no member of the group
 * has, from any queue of a topic or from one. They are invisible to the group for a time. Within it
 * a receipt acknowledges a message or changes its time; what is not acknowledged is revived: stored
 * once more on the group's retry topic, or with the dead letters. Ordered: a queue gives nothing
 * more until its messages are acknowledged or visible again.
 *
 * What happens is recorded on the revive topic, and a reply leaves after the commit of its record.
 * All on the thread of the worker's loop.
 */

#include <stdalign.h>
#include <stdint.h>

#include "broker/context.h"
#include "broker/state/checkpoint.h"
#include "broker/store/store.h"

#define POP_KEPT_BYTES 64
#define POP_INVISIBLE_MAX_MS (12 * 3600 * INT64_C(1000)) /* as RocketMQ's proxy */
#define POP_WAIT_MAX_MS 300000

struct pop;

/* What was popped of one queue. */
struct pop_piece {
	struct slice topic; /* of the queue: the topic of the wish, or a retry topic */
	bool retry;
	int32_t queue_id;
	int64_t start_offset;
	const int64_t *offsets; /* of the messages, */
	const uint16_t *counts; /* ... and how often each was popped before, if ordered */
	size_t n;
};

/* Texts and lists live in the loop's arena, or in the pop. */
struct popped {
	int32_t code; /* of common/protocol/codes.h */
	struct slice remark;
	bool looked; /* the next four are set */
	int64_t pop_time, invisible_ms;
	bool ordered;
	int64_t rest; /* messages that are left for the group */
	const struct pop_piece *pieces;
	size_t n_pieces;
	const struct body_part
	    *parts; /* records; the receiver of the result sends or releases them */
	size_t n_parts;
	bool found; /* a question: there are messages */
	bool full;  /* ... too many wait: this one did not */
};

/* The other side of a pop. */
struct pop_front {
	/* Called first: puts into the pop's place to keep what the reply needs. */
	void (*keep)(void *kept, const void *request);
	/* Whether anybody waits for the reply still. */
	bool (*waits)(struct loop *loop, const void *kept);
	/* Called once, maybe before pop_messages returns. */
	void (*done)(struct loop *loop, void *kept, const struct popped *popped);
};

/* Texts are lent for the call. */
struct pop_wish {
	struct slice group, topic;
	int32_t queue_id; /* -1: any */
	int32_t max_messages;
	int64_t invisible_ms;
	int64_t wait_ms; /* for a message, when there is none; 0: not at all */
	bool from_first; /* a group without an offset starts at the first message, else at the last
	                  */
	bool ordered;
	struct slice attempt; /* ordered: the same pop once more; absent: a new one */
	struct slice expression, expression_type;
	bool only_ask;         /* whether there are messages: takes none */
	struct conn_id member; /* the client, for traces */
	struct host peer;
	const struct pop_front *front;
	const void *request; /* the front's, for keep */
};

void pop_messages(struct worker *worker, const struct pop_wish *wish);
/* How many pops of the group wait for this queue, -1: for any. */
size_t pop_count_waiting(struct broker *broker, const struct group_queue *queue);
/* There may be something for the group: one pop of each loop that waits looks again. Any loop. */
void pop_wake(struct broker *broker, struct loop *here, struct slice group, struct slice topic);

/* ---- receipts --------------------------------------------------------- */

/* Messages of one pop of one queue. */
struct pop_receipt {
	struct group_queue queue; /* its topic is that of the queue, also a retry topic */
	int64_t start_offset, pop_time;
	bool ordered;
	const int64_t *offsets;
	size_t n_offsets;
};

struct ack_result {
	int32_t code;
	struct slice remark;  /* static, or in the loop's arena */
	int64_t pop_time;     /* of the new receipt, when the time was changed, */
	int64_t invisible_ms; /* ... which counts from there */
};

typedef void ack_done_fn(void *context, struct loop *loop, const struct ack_result *result);

/* Acknowledges. done is called once, maybe at once. */
void ack_messages(struct worker *worker, const struct pop_receipt *list, size_t n,
    ack_done_fn *done, void *context);
/* One message becomes visible in invisible_ms from now. */
void change_invisible(struct worker *worker, const struct pop_receipt *receipt,
    int64_t invisible_ms, ack_done_fn *done, void *context);

/* ---- at start and end -------------------------------------------------- */

/* What a worker needs before its first pop; before the loops run. */
void pop_attach(struct worker *worker);
void pop_detach(struct worker *worker);

#endif
