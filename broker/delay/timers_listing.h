#ifndef BROKER_TIMERS_LISTING_H
#define BROKER_TIMERS_LISTING_H

/*
 * LIST_TIMERS: timed messages that wait, in the order of their due times. One stored in the last
 * seconds may be missing, as its row in timer.db is written a moment later. One request looks at a
 * bounded number and returns a cursor for the next one. A listing belongs to its worker's loop.
 */

#include "broker/context.h"
#include "common/protocol/headers.h"

struct timers_listing;

/* NULL: *why says what is wrong with the header (static). */
struct timers_listing *timers_listing_new(
    struct worker *worker, const struct list_timers_header *header, const char **why);
/* Calls done once: body is the answer, lent, or failed (a disk error; the log says what). */
void timers_listing_start(struct timers_listing *listing,
    void (*done)(void *context, struct loop *loop, struct slice body, bool failed), void *context);
void timers_listing_free(struct timers_listing *listing); /* in done, or instead of the start */

#endif
