#ifndef BROKER_TIMERS_H
#define BROKER_TIMERS_H

/*
 * Periodic work of the broker, on loop 0: counters and retention each second,
 * expired clients each ten seconds, offsets to disk each
 * flushConsumerOffsetInterval.
 */

#include "broker/context.h"

struct retention;
struct timers;

/* Before the loops run. */
struct timers *timers_start(struct broker *broker);
/* NULL is allowed. */
void timers_free(struct timers *timers);
/* Lent; its atomic members may be read by any thread. */
const struct retention *timers_retention(const struct timers *timers);

#endif
