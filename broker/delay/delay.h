#ifndef BROKER_DELAY_H
#define BROKER_DELAY_H

/*
 * Delayed messages. One that asks for a delay level is stored in the queue of
 * that level on SCHEDULE_TOPIC_XXXX; all of a level wait equally long, so each
 * queue is in order of due times, and only its head has to be watched. Due
 * messages are appended to their real topic, in order; one whose topic was deleted meanwhile is
 * dropped. How far each level came is changed in the commit that delivers, and shown as the offset
 * of DELAY_GROUP. The store keeps segments that hold messages behind it. Messages with a time of
 * their own are timed_message.h's. Source: protocol description 5.7.
 *
 * The levels are read by any loop; the watching belongs to loop 0.
 */

#include "broker/context.h"
#include "broker/store/store.h"
#include "common/base/arena.h"
#include "common/protocol/record.h"

#define DELAY_TOPIC "SCHEDULE_TOPIC_XXXX"
#define DELAY_LEVELS_MAX 64

struct delays;

/* At start, before the store runs, when the offsets were read: what is still to be delivered. */
void delays_load(struct broker *broker);
/* At start, once the store runs; -1 after a line when messageDelayLevel cannot be read. */
int delays_start(struct broker *broker);
void delays_free(struct delays *delays);
/* Messages dropped since the start, because their topic was deleted. Any thread. */
int64_t delays_dropped(const struct delays *delays);
/*
 * How late the message of a level is that could not be delivered yet, of all levels the longest; 0:
 * none is late. Any thread.
 */
int64_t delays_late_ms(const struct delays *delays);

/*
 * What a due time of that clock is compared with: the wall clock, or one that starts at the wall
 * clock and then follows the monotonic clock. Any thread.
 */
int64_t delays_now_ms(const struct delays *delays, enum timed_clock clock);

/* The level that a property DELAY asks for, clamped to those there are; 0: none. */
int delay_level(const struct delays *delays, struct slice text);
/*
 * Sends the record to the queue of its level. Its properties (arena) keep the real topic and
 * queue, and in DELAY_DUE when it is due. Returns that time (ms; the wall clock of the start, then
 * at the pace of the monotonic clock), which the queue entry carries as tag hash.
 */
int64_t delay_divert(
    const struct delays *delays, int level, struct record *record, struct arena *arena);

#endif
