#ifndef BROKER_LISTING_H
#define BROKER_LISTING_H

/*
 * LIST_TRANSACTIONS. Undecided transactions come from the store's table, decisions and
 * contradictions from the events, newest first, and transactions with a key from the index of keys.
 * One request examines a bounded number and returns a cursor for the next request. A listing
 * belongs to its worker's loop.
 */

#include "broker/context.h"
#include "common/protocol/headers.h"

struct listing;

/* NULL: *why says what is wrong with the header (static). */
struct listing *listing_new(
    struct worker *worker, const struct list_transactions_header *header, const char **why);
/* Calls done once: body is the answer, lent, or failed (a disk error; the log says what). */
void listing_start(struct listing *listing,
    void (*done)(void *context, struct loop *loop, struct slice body, bool failed), void *context);
void listing_free(struct listing *listing); /* in done, or instead of the start */

#endif
