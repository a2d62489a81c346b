#ifndef BROKER_MESSAGE_TRACE_H
#define BROKER_MESSAGE_TRACE_H

/*
 * The life of one message, as the broker knows it without any help of clients: when it was stored,
 * which groups it is for, which client got it when, when its group acknowledged it, and its copies
 * that were sent back or are dead. Records, copies and offsets are on disk; deliveries and the
 * times of acknowledgements are what state/delivery.h remembers. The parts are read one after the
 * other. On the loop of the worker.
 */

#include "broker/context.h"
#include "common/protocol/message_trace.h"

enum trace_status {
	TRACE_FOUND,
	TRACE_NO_MESSAGE, /* there is none at that position */
	TRACE_FAILED,     /* a record could not be read; logged */
};

/* trace, in the arena of the call, only with TRACE_FOUND. */
typedef void trace_done_fn(
    void *context, struct loop *loop, enum trace_status status, const struct message_trace *trace);

/* position: of the message's record in the log. done is called once, later. */
void message_trace_start(
    struct worker *worker, int64_t position, trace_done_fn *done, void *context);

#endif
