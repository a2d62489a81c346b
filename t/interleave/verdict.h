#ifndef INTERLEAVE_VERDICT_H
#define INTERLEAVE_VERDICT_H

/*
 * The rules that a transaction's history is held against. Each is about what can be seen
 * from outside; only two need what the broker itself tells of the transaction.
 */

#include "t/interleave/history.h"
#include "t/interleave/plan.h"

enum rule {
	RULE_TWICE,
	RULE_OWN_ROLLBACK,
	RULE_CHECK_ROLLBACK,
	RULE_UNCOMMITTED,
	RULE_LOST,
	RULE_ALTERED,
	RULE_ASKED_AFTER,
	RULE_ASKED_EARLY,
	RULE_ASKED_OFTEN,
	RULE_FORGED,
	RULE_REFUSED,
	RULE_BOTH,
	RULE_UNEXPLAINED,
	RULE_PARKED,
	RULE_FORGOTTEN,
	RULE_STATE,
	RULE_CONTRADICTIONS,
	/* Not of one transaction: */
	RULE_CHANGED,
	RULE_GAP,
	RULE_STRAY,
	N_RULES
};

const char *rule_name(enum rule rule);

/* What the broker says of it, in the end. */
enum told_state {
	TOLD_NOTHING, /* not asked, or a broker that keeps no books */
	TOLD_OPEN,
	TOLD_PARKED,
	TOLD_REVOCABLE,
	TOLD_COMMITTED,
	TOLD_ROLLED_BACK,
};

struct evidence {
	const struct plan *plan;
	const struct plan_settings *settings;
	const struct history *history;
	bool altered; /* a record was not as it was sent */
	enum told_state state;
	int contradictions; /* that the broker lists; -1: it was not asked */
};

/* A bit for each rule that is broken: 1 << RULE_... */
uint32_t verdict_find(const struct evidence *evidence);

#endif
