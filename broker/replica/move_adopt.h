#ifndef BROKER_MOVE_ADOPT_H
#define BROKER_MOVE_ADOPT_H

/*
 * Makes what waits in a RocketMQ log (move_scan.h) our own. Nothing is stored a second time: each
 * half message and each timed one gets an event that names its log position, and waits in our
 * tables from that commit on, under the position that its sender knows. The events are records, so
 * a replay of the log and a slave's copy come to the same tables. Adopting twice is refused by the
 * tables, so that all of it may be repeated after a kill.
 *
 * RocketMQ's progress is some seconds old when its broker is gone. What it has done since is found
 * in the log: a committed message names its half message, and a delivered one has the unique key of
 * the one that waited, behind it.
 *
 *   half messages   a check of RocketMQ stores the half message again. The oldest copy is adopted,
 *                   as its position is what the sender got; none, when any copy was ended
 *   delay levels    wait in the same queues here; only the progress of each queue is told
 *   pops            become records of ours on the revive topic, by which a receipt is known
 *
 * Loop 0.
 */

#include "broker/context.h"
#include "broker/replica/move_scan.h"

struct move_adopt;

struct move_adopted {
	int64_t halves, timers; /* adopted, or were before */
	int64_t popped;         /* pops */
	int64_t decided;        /* half messages that RocketMQ had committed */
	int64_t delivered;      /* delayed and timed ones that it had delivered */
};

/* done is called once, later, unless it is stopped. The scan is lent until then. */
struct move_adopt *move_adopt_start(struct broker *broker, const struct move_scan *scan,
    int64_t end, void (*done)(void *arg, bool failed), void *arg);
/* Before store_stop. NULL is ignored, as in the next one. */
void move_adopt_stop(struct move_adopt *adopt);
/* After done, or after the last task of the store ran. */
void move_adopt_free(struct move_adopt *adopt);

void move_adopt_counts(const struct move_adopt *adopt, struct move_adopted *counts);

#endif
