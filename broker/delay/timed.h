#ifndef BROKER_TIMED_H
#define BROKER_TIMED_H

/*
 * Delivers timed messages when they are due. Their records are read a second before, a bounded
 * number and size of them; at their time they are appended to their real topic, and the same commit
 * ends their wait. One whose topic was deleted meanwhile is dropped. Those that keep an old segment
 * are carried forward: stored again, by the same kind of append. Loop 0.
 */

#include "broker/context.h"
#include "broker/store/store.h"

struct timed_messages;

/* At start, once delays run. */
struct timed_messages *timed_messages_start(struct broker *broker);
void timed_messages_free(struct timed_messages *all);
/* A message was stored by this change: looks again in time. Any thread. */
void timed_messages_hint(struct timed_messages *all, const struct timed_change *stored);

/* Since the start; any thread. */
struct timed_totals {
	int64_t delivered, recalled, dropped, carried;
	int64_t late_ms; /* of the one that waits for its delivery longest; 0: none is late */
};

void timed_messages_totals(const struct timed_messages *all, struct timed_totals *totals);
void timed_messages_count_recalled(struct timed_messages *all);

#endif
