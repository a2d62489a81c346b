#ifndef BROKER_DECIDE_H
#define BROKER_DECIDE_H

/*
 * Transactions: a half message is stored, decided once, and asked about until
 * it is (check.h). Deciding goes through one function, whoever
 * decides: the producer's END, a check's answer, a URL, a person. Any loop.
 *
 * Source of the protocol: protocol description 5.9.
 */

#include "broker/context.h"
#include "broker/state/producer_group.h"
#include "broker/store/half/half.h"

/* A vote on a half message. Texts are copied. */
struct transaction_vote {
	enum half_event_kind kind; /* EVENT_COMMIT, EVENT_ROLLBACK, EVENT_UNKNOWN */
	enum half_source source;
	int64_t position;    /* of the half message */
	int64_t half_offset; /* its queue offset; -1: not checked */
	struct slice group;  /* of producers; absent: not checked */
	struct host who;
	struct slice by;
	struct slice reason;
};

enum transaction_outcome {
	TRANSACTION_DECIDED,      /* by this vote */
	TRANSACTION_NOTED,        /* UNKNOWN: kept as an event */
	TRANSACTION_REPEATED,     /* was decided so before */
	TRANSACTION_CONTRADICTED, /* was decided otherwise before; kept, counted, logged, refused */
	TRANSACTION_REFUSED,      /* the vote names no half message of this group; counted */
	TRANSACTION_FAILED,       /* the disk; nothing has changed */
	N_TRANSACTION_OUTCOMES
};

/* why: one sentence, lent; empty for DECIDED and NOTED. On the loop that voted. */
typedef void transaction_done_fn(
    void *context, struct loop *loop, enum transaction_outcome outcome, struct slice why);

void transaction_vote(struct worker *worker, const struct transaction_vote *vote,
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
