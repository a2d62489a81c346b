#ifndef BROKER_CONSUMERS_TIME_SPAN_H
#define BROKER_CONSUMERS_TIME_SPAN_H

/*
 * The times of a group in the queues of a topic: of the oldest and the newest message, and of the
 * last one that it consumed. On the loop of the worker.
 */

#include "broker/context.h"
#include "common/protocol/message_queue.h"

/* Times are ms since 1970 of the store; -1: there is no such message. */
struct time_span {
	struct message_queue queue;
	int64_t min_ms, max_ms;
	int64_t consumed_ms; /* min_ms when the group consumed none */
	int64_t behind_ms;   /* since the next message was stored; 0: there is none */
};

/* Called once, perhaps before time_spans returns. ok: the store could be read. Lent. */
typedef void time_spans_fn(
    void *context, struct loop *loop, bool ok, const struct time_span *spans, size_t n_spans);
/* Of the first n_queues queues of the topic. */
void time_spans(struct worker *worker, struct slice group, const struct message_queue *queues,
    size_t n_queues, time_spans_fn *done, void *context);

#endif
