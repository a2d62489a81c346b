#ifndef BROKER_WAITING_H
#define BROKER_WAITING_H

/*
 * Pops of one loop that wait for messages, by topic and group. One event wakes one pop of a group:
 * when it leaves something, it wakes the next. Only that loop's thread, but for the counts.
 */

#include "broker/pop/pop_private.h"
#include "broker/store/tail/tail.h"

struct waiting_pops;

struct waiting_pops *waiting_new(
    struct worker *worker, void (*look_again)(struct pop *pop), void (*time_over)(struct pop *pop));
/* Calls `drop` for each that waits. */
void waiting_free(struct waiting_pops *waiting, void (*drop)(struct pop *pop));
/* Until deadline_ms (clock_mono_ms). False: too many wait, for this queue or in all. */
bool waiting_add(struct waiting_pops *waiting, struct pop *pop, int64_t deadline_ms);
/* One of the group that would take from this queue, -1: from any. */
void waiting_wake(
    struct waiting_pops *waiting, struct slice group, struct slice topic, int32_t queue_id);
void waiting_wake_all(struct waiting_pops *waiting);

#endif
