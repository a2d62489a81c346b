#ifndef INTERLEAVE_HISTORY_H
#define INTERLEAVE_HISTORY_H

/*
 * What one transaction went through, as seen from outside the broker: what was sent
 * and when, what was answered and when, and what arrived. A tick is a place in the order
 * of all that the harness did and saw; what ended before another thing began was
 * before it, all else may have been either way round.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum vote { VOTE_UNKNOWN, VOTE_COMMIT, VOTE_ROLLBACK, N_VOTES };

const char *vote_name(enum vote vote);

enum entry_kind {
	ENTRY_HALF,      /* the half message was sent */
	ENTRY_END,       /* END_TRANSACTION, of a member's own accord */
	ENTRY_ANSWER,    /* END_TRANSACTION, as it was asked */
	ENTRY_FORGED,    /* END_TRANSACTION that names a wrong group, position or offset */
	ENTRY_RESUME,    /* RESUME_CHECK_HALF_MESSAGE */
	ENTRY_ASKED,     /* CHECK_TRANSACTION_STATE came */
	ENTRY_DELIVERED, /* it was read from its topic */
	ENTRY_PARKED,    /* it was read from the topic of those that nobody decided */
	N_ENTRY_KINDS
};

enum reply {
	REPLY_NONE, /* oneway, or lost with the broker */
	REPLY_ACCEPTED,
	REPLY_CONTRADICTED, /* it was decided otherwise before */
	REPLY_REFUSED,      /* names no half message, they say */
};

#define TICK_NEVER UINT64_MAX

struct entry {
	enum entry_kind kind;
	enum vote vote;
	enum reply reply;
	int32_t code; /* of the reply */
	bool oneway;
	bool twin; /* by the other member of the group */
	bool sure; /* the broker has it and was not killed just then, although it did not reply */
	bool harmless;              /* ASKED: may have left before the decision did */
	uint64_t begun, ended;      /* ticks; TICK_NEVER: nobody knows that it did */
	int64_t begun_ms, ended_ms; /* clock_mono_ms */
	int64_t position;           /* ASKED, ANSWER: of the half message, as the broker named it */
};

struct history {
	struct entry *entries;
	size_t n, cap;
};

void history_release(struct history *history);
/* The index of a copy of it. */
size_t history_add(struct history *history, const struct entry *entry);
size_t history_count(const struct history *history, enum entry_kind kind);
/* For a person; times are relative to zero_ms. */
void history_print(const struct history *history, int64_t zero_ms, FILE *to);

#endif
