#ifndef BROKER_FIND_H
#define BROKER_FIND_H

/*
 * Finds half messages by an id: a transaction id (several messages may have the same), a log
 * position, or the offset id of the half message, of its parked copy or of the delivered message.
 * A search belongs to its worker's loop.
 */

#include "broker/context.h"

#define TRANSACTION_FIND_MAX 16

struct transaction_search {
	struct worker *worker;
	struct slice id; /* lent until done */
	void (*done)(struct transaction_search *search, struct loop *loop);
	void *context;
	/* the answer: log positions of half messages, oldest first, and of parked copies (-1: not
	 * known) */
	int64_t positions[TRANSACTION_FIND_MAX], copies[TRANSACTION_FIND_MAX];
	size_t n;
	bool cut;    /* there are more, older ones */
	bool failed; /* a record could not be read; the log says which */
	/* internal */
	size_t step;
	int64_t position;
	struct host host; /* that the id names; ip_len 0: none */
};

/* done may be called at once. */
void transaction_find(struct transaction_search *search);

#endif
