#ifndef BROKER_TIMERS_H
#define BROKER_TIMERS_H

/*
 * Periodic work of the broker on loop 0: counters and retention every second,
 * expired clients every ten seconds, offsets to disk every
 * flushConsumerOffsetInterval.
 */

#include "broker/context.h"

struct retention;
struct timers;

/* Before the loops run. */
struct timers *timers_start(struct broker *broker);
/* Accepts NULL. */
void timers_free(struct timers *timers);
/* Borrowed; any thread may read the atomic members. */
const struct retention *timers_retention(const struct timers *timers);

#endif
