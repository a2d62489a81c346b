#ifndef BENCH_LEDGER_H
#define BENCH_LEDGER_H

/*
 * What a run did with each of its messages, by number, and what was found of
 * them afterwards: eight bytes each, so that a hundred million fit. One thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEDGER_QUEUES_MAX (1u << 20)

enum ledger_state {
	LEDGER_UNKNOWN,  /* not acknowledged: may be there or not */
	LEDGER_STORED,   /* acknowledged, with its place */
	LEDGER_TAKEN,    /* acknowledged; which queue is known, the offset is not */
	LEDGER_WITHHELD, /* of a transaction that was rolled back or is open: nobody may see it */
};

enum ledger_verdict {
	FOUND_RIGHT,
	FOUND_UNKNOWN,   /* nobody acknowledged it */
	FOUND_ELSEWHERE, /* not where the answer said */
	FOUND_TWICE,
	FOUND_WITHHELD,
	FOUND_NEVER_SENT, /* a number that was not given out */
};

struct ledger {
	uint64_t **chunks;
	size_t n_chunks;
	uint64_t n; /* numbers given out */
	uint64_t n_acknowledged;
	uint64_t n_found; /* of these */
	/* Of those that were found before they were acknowledged: */
	uint64_t n_late, n_late_elsewhere, n_late_withheld;
};

void ledger_release(struct ledger *ledger);
/* The first of n numbers that follow each other. */
uint64_t ledger_take(struct ledger *ledger, uint32_t n);
/* offset counts with LEDGER_STORED only. Each number is settled at most once. */
void ledger_settle(struct ledger *ledger, uint64_t number, enum ledger_state state, uint32_t queue,
    int64_t offset);
enum ledger_verdict ledger_find(
    struct ledger *ledger, uint64_t number, uint32_t queue, int64_t offset);
/* Acknowledged and not found so far. */
uint64_t ledger_missing(const struct ledger *ledger);
/* The first of those; false when there is none. */
bool ledger_first_missing(
    const struct ledger *ledger, uint64_t *number, uint32_t *queue, int64_t *offset);

#endif
