#ifndef INTERLEAVE_PLAN_H
#define INTERLEAVE_PLAN_H

/*
 * What will be done to one transaction: drawn from a seed, so that a failure can be played
 * again. Steps are done in order by the members of its group; answers are what the
 * members say when the broker asks, whenever that is.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "t/interleave/history.h"

#define PLAN_STEPS_MAX 6
#define PLAN_ANSWERS_MAX 3
#define PLAN_VOTES_MAX 16 /* all that may decide: see model_explore */

enum step_kind {
	STEP_END,
	STEP_WRONG_GROUP,    /* an END in the name of another group */
	STEP_WRONG_POSITION, /* .. of a place in the log where no half message is */
	STEP_WRONG_OFFSET,   /* .. with the queue offset of another half message */
	STEP_RESUME,
	N_STEP_KINDS
};

enum step_when {
	WHEN_NOW,
	WHEN_ANSWERED, /* after a check was answered; or when none comes for long */
	WHEN_PARKED,   /* after it was parked; left out when it is decided */
};

struct step {
	enum step_kind kind;
	enum step_when when;
	enum vote vote;
	int pause_ms; /* before it, after `when` */
	bool beside;  /* does not wait for the answer of the step before */
	bool oneway;
	bool twin;
};

struct check_reply {
	enum vote vote;
	int pause_ms;
	bool silent;
	bool oneway;
	bool twice;
};

struct plan {
	uint32_t number;
	unsigned group; /* of N_GROUPS */
	int immunity_s; /* 0: the broker's transactionTimeOut */
	size_t n_steps, n_replies;
	struct step steps[PLAN_STEPS_MAX];
	struct check_reply replies[PLAN_ANSWERS_MAX]; /* the last one also to all further checks */
};

struct plan_settings {
	uint64_t seed;
	int timeout_ms;      /* the broker's transactionTimeOut */
	int interval_ms;     /* transactionCheckInterval */
	int n_checks;        /* transactionCheckMax; at most 4 */
	bool oneway_unknown; /* the broker does not answer a two-way UNKNOWN */
};

enum plan_group { GROUP_FIRST_WINS, GROUP_COMMIT_WINS_ONCE, N_GROUPS };

void plan_make(const struct plan_settings *settings, uint32_t number, struct plan *plan);

/* A generator of numbers that look random; each use has a seed of its own. */
uint64_t plan_random(uint64_t *state);
/* From 0 to n - 1. */
int plan_random_below(uint64_t *state, int n);

#endif
