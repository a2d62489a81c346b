#ifndef BROKER_TRANSACTION_H
#define BROKER_TRANSACTION_H

/*
 * Operations on transactions, without a protocol: a front (handle_end.c) turns its request into one
 * call, and the outcome into its reply. Any loop.
 */

#include "broker/transaction/decide/decide.h"

/* What a producer says became of its transaction. Texts are copied. */
struct end_question {
	enum half_event_kind decision; /* EVENT_COMMIT, EVENT_ROLLBACK, EVENT_UNKNOWN */
	bool from_check;               /* it replies to a check */
	int64_t position;              /* of the half message in the log */
	int64_t half_offset;           /* in its queue */
	struct slice group;            /* of the producer */
	struct slice id;               /* of the transaction */
	struct host who;               /* the peer that sent it */
	struct slice relayed_for;      /* the producer's peer at another master; absent: none */
};

/*
 * Ends a transaction, or forwards the END to the master that asked through this one. done is called
 * once, perhaps at once.
 */
void transaction_end(struct worker *worker, const struct end_question *end,
    transaction_done_fn *done, void *context);
/* An END that a front could not read is counted as refused. */
void transaction_end_refused(struct broker *broker);

#endif
