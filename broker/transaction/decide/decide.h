#ifndef BROKER_DECIDE_H
#define BROKER_DECIDE_H

/*
 * Deciding a transaction. A half message is stored, decided once, and asked about until then
 * (check/check.h). Every decision goes through one function, whether it comes from the producer's
 * END, a reply to a check, a URL or an operator. Any loop.
 *
 * Source of the protocol: protocol description 5.9.
 */

#include "broker/context.h"
#include "broker/state/producer_group.h"
#include "broker/store/half/half.h"

/* What shall become of a half message. Texts are copied. */
struct transaction_decision {
	enum half_event_kind kind; /* EVENT_COMMIT, EVENT_ROLLBACK, EVENT_UNKNOWN */
	enum half_source source;
	int64_t position;    /* of the half message */
	int64_t half_offset; /* its queue offset; -1: not compared */
	struct slice group;  /* of producers; absent: not compared */
	struct host who;     /* that sent it */
	struct slice by;     /* absent: only the address is known */
	struct slice reason; /* absent: none */
};

enum transaction_outcome {
	TRANSACTION_DECIDED,      /* by this decision */
	TRANSACTION_UNDECIDED,    /* EVENT_UNKNOWN: kept as an event */
	TRANSACTION_REPEATED,     /* an earlier decision was the same */
	TRANSACTION_CONTRADICTED, /* an earlier decision was the other one; kept, counted, logged */
	TRANSACTION_REFUSED,      /* it names no half message of this group; counted */
	TRANSACTION_FAILED,       /* the disk; nothing has changed */
	N_TRANSACTION_OUTCOMES
};

/*
 * Called once, on the loop of the decision. why: one sentence, lent; empty for DECIDED and
 * UNDECIDED.
 */
typedef void transaction_done_fn(
    void *context, struct loop *loop, enum transaction_outcome outcome, struct slice why);

/* done: may be called at once; NULL: nobody wants to know. */
void transaction_decide(struct worker *worker, const struct transaction_decision *decision,
    transaction_done_fn *done, void *context);

/* Since the start; atomic, any thread. */
struct transaction_counters {
	_Atomic int64_t outcomes[N_TRANSACTION_OUTCOMES];
	_Atomic int64_t commits, rollbacks, overrides;
	_Atomic int64_t asked, parked, resumed;
	_Atomic int64_t relays_refused;
};

struct transactions {
	struct transaction_counters counters;
	_Atomic int64_t next_log_ms[N_TRANSACTION_OUTCOMES]; /* clock_mono_ms */
};

#endif
