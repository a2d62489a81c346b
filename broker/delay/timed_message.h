#ifndef BROKER_TIMED_MESSAGE_H
#define BROKER_TIMED_MESSAGE_H

/*
 * Messages with a time of their own (RocketMQ 5): TIMER_DELAY_SEC, TIMER_DELAY_MS,
 * TIMER_DELIVER_MS, and __STARTDELIVERTIME of the commercial clients. Until then they wait on
 * TIMED_TOPIC (store/timed/timed.h); TIMER_OUT_MS says for when. Source: HookUtils and
 * TimerMessageStore of 5.3.3. Any loop.
 *
 * RocketMQ rounds the time down to a second, here it is exact to the millisecond and never early.
 */

#include "broker/context.h"
#include "broker/store/store.h"
#include "common/base/arena.h"
#include "common/protocol/record.h"

/* Whether the properties name a time, whatever it is. One that was timed before does not. */
static inline bool
timed_is_asked(const struct known_properties *known)
{
	return (known->timer_delay_sec.data != NULL || known->timer_delay_ms.data != NULL ||
		   known->timer_deliver_ms.data != NULL ||
		   known->start_deliver_time.data != NULL) &&
	       known->timer_out_ms.data == NULL;
}

enum timed_wish {
	TIMED_WISH_NOW,   /* at once: the time is past */
	TIMED_WISH_LATER, /* *timed says when */
	TIMED_WISH_BAD,   /* it is no number, or later than timerMaxDelaySec allows */
};

/* timed_is_asked was asked before. */
enum timed_wish timed_wish_of(
    const struct broker *broker, const struct known_properties *known, struct timed *timed);
/* Sends the record to TIMED_TOPIC; its properties (arena) keep the real topic, queue and time. */
void timed_divert(struct record *record, const struct timed *timed, struct arena *arena);
/* For its append. */
struct timed_change timed_store_change(const struct timed *timed);

/* What is kept about one that was recalled or dropped. Texts are copied; absent ones are left out.
 */
struct timed_event {
	const char *kind;                       /* "recall" or "drop" */
	int64_t mark;                           /* timed_mark or timed_level_mark */
	struct slice topic, unique_key, due_ms; /* of the message */
	struct slice by;                        /* a group of producers */
	struct slice reason;
};

/* A record for TIMED_QUEUE_EVENTS; without a reply loop yet. */
struct append *timed_event_append(struct worker *worker, const struct timed_event *event);

#endif
