#ifndef INTERLEAVE_MODEL_H
#define INTERLEAVE_MODEL_H

/*
 * What a transaction may have come to. The model is the state machine that the manual
 * promises; since nobody outside knows the order in which a broker saw votes that
 * overlapped, every order that the ticks allow is tried, and those that do not explain an
 * answer are dropped. What is left are the worlds that may be; the broker's must be one
 * of them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "t/interleave/history.h"
#include "t/interleave/plan.h"

enum model_state {
	MODEL_UNDECIDED,
	MODEL_COMMITTED,
	MODEL_ROLLED_BACK,
	MODEL_REVOCABLE, /* rolled back by a check; the sender may commit it, once */
	N_MODEL_STATES
};

const char *model_state_name(enum model_state state);

/* COMMIT or ROLLBACK, of a member. */
struct ballot {
	enum vote vote;
	enum reply reply;
	bool from_check;
	bool sure; /* counts in every world, as those with a reply do */
	uint64_t begun, ended;
};

struct worlds {
	/* Bit c: some order ends in this state with c contradictions. */
	uint32_t contradictions[N_MODEL_STATES];
};

/* At most PLAN_VOTES_MAX ballots. */
void model_explore(
    enum plan_group policy, const struct ballot *ballots, size_t n, struct worlds *worlds);
/* The ballots of a history; how many. */
size_t model_ballots(const struct history *history, struct ballot *ballots);
bool worlds_any(const struct worlds *worlds);
/* Whether one of them has this: delivered or not, and so many contradictions (-1: any number). */
bool worlds_have(const struct worlds *worlds, bool delivered, int contradictions);
/* Whether nobody decided it, in one of them. */
bool worlds_undecided(const struct worlds *worlds);

#endif
