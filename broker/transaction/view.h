#ifndef BROKER_VIEW_H
#define BROKER_VIEW_H

/*
 * All that the broker knows of one half message: its entry in the table of open ones, the state of
 * its check, its record, its events and the delivered message. Each part is a question to another
 * thread. The questions are asked one after the other, because an answer may be needed for the next
 * one. A view belongs to its worker's loop.
 */

#include "broker/context.h"
#include "broker/store/half/half.h"
#include "common/protocol/transaction_body.h"

#define VIEW_TABLE 1u
#define VIEW_RECORD 2u /* or, when it is gone, a copy */
#define VIEW_EVENTS 4u
#define VIEW_DELIVERY 8u /* needs record and events */
#define VIEW_CHECK 16u   /* needs the table */
#define VIEW_ALL (VIEW_TABLE | VIEW_CHECK | VIEW_RECORD | VIEW_EVENTS | VIEW_DELIVERY)

struct transaction_view {
	struct worker *worker;
	int64_t position; /* of the half message */
	int64_t copy;     /* of its parked copy, when the caller knows one; else -1 */
	unsigned wants;
	void (*done)(struct transaction_view *view, struct loop *loop);
	void *context;
	/* the answer; the caller sets the parts that it knows and leaves them out of wants */
	struct half half;        /* state HALF_NONE: not in the table */
	const char *check_state; /* NULL: not open, or not asked for */
	struct record record;    /* size 0: gone */
	bool failed;             /* a part could not be read; the log says which */
	bool events_cut;
	/* internal */
	unsigned left;
	struct chunk *record_chunk, *events_chunk, *delivery_chunk;
	struct slice delivery; /* of the chunk: begins with the delivered record */
};

void transaction_view_start(struct transaction_view *view);
void transaction_view_release(struct transaction_view *view);
/* Whether there is or was such a half message. */
bool transaction_view_found(const struct transaction_view *view);
/* Without VIEW_TABLE and VIEW_EVENTS the state is what the caller set in view->half. Arena. */
void transaction_view_tell(
    const struct transaction_view *view, struct arena *arena, struct transaction_info *info);
/* Makes an event of the protocol; position is that of its record. Texts: arena, or from's. */
void transaction_event_tell(struct arena *arena, int64_t position, const struct half_event *from,
    struct transaction_event *to);
enum transaction_state transaction_state_of(enum half_state state);
/* The decision that an event implies; `otherwise` when it implies none. */
enum transaction_state transaction_state_after(
    const struct half_event *event, enum transaction_state otherwise);
/* All counters, as of now. */
void transaction_counts_get(const struct broker *broker, int64_t counts[N_TRANSACTION_COUNTS]);

#endif
