#ifndef BROKER_RECALL_H
#define BROKER_RECALL_H

/*
 * Recalling a timed message before its time: found by topic, unique key and time, ended by the same
 * compare-and-set as its delivery. So it is either recalled or delivered. Any loop.
 *
 * The handle that a sender gets is RocketMQ 5's (RecallMessageHandle): base64 of "v1 topic broker
 * time key". The time is TIMER_OUT_MS itself; RocketMQ adds one to it because it rounds down.
 */

#include "broker/context.h"
#include "broker/store/store.h"
#include "common/base/arena.h"

/* Texts are copied. */
struct recall_question {
	struct slice topic, unique_key;
	int64_t due_ms;
	struct slice by; /* a group of producers; absent: nobody says */
};

enum recall_outcome {
	RECALL_DONE,
	RECALL_REPEATED, /* it was recalled before */
	RECALL_LATE,     /* it was delivered, or dropped */
	RECALL_UNKNOWN,  /* no message with this key is timed so */
	RECALL_FAILED,   /* the disk; nothing has changed */
};

/* Called once, on the worker's loop. event: the stored record about it (DONE), else NULL; lent. */
typedef void recall_done_fn(
    void *context, struct loop *loop, enum recall_outcome outcome, const struct append *event);

void timed_recall(struct worker *worker, const struct recall_question *question,
    recall_done_fn *done, void *context);
/* Why not, as the end of a sentence; static. */
const char *recall_fault(enum recall_outcome outcome);

/* ---- handles ---- */

struct recall_handle {
	struct slice topic, broker_name, unique_key;
	int64_t due_ms;
};

struct slice recall_handle_text(struct arena *arena, const struct recall_handle *handle);
/* 0, or -1 when it is no handle. due_ms is -1 when the time is no number. */
int recall_handle_parse(struct arena *arena, struct slice text, struct recall_handle *handle);
/* The handle of a stored append of a timed message; absent: it cannot be recalled. */
struct slice recall_handle_of(
    const struct broker *broker, const struct append *append, struct arena *arena);

#endif
