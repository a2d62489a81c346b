#ifndef BENCH_LEDGER_H
#define BENCH_LEDGER_H

/*
 * The state of each message of a run by its number: what the broker acknowledged, and whether it
 * was found afterwards. Eight bytes a message, so that a hundred million fit. One thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEDGER_QUEUES_MAX (1u << 20)

enum ledger_state {
	LEDGER_UNKNOWN,  /* not acknowledged: it may be stored or not */
	LEDGER_STORED,   /* acknowledged with queue and offset */
	LEDGER_TAKEN,    /* acknowledged; the queue is known, the offset is not */
	LEDGER_WITHHELD, /* its transaction was rolled back or is open: no consumer may see it */
};

enum ledger_verdict {
	FOUND_RIGHT,
	FOUND_UNKNOWN,   /* it was not acknowledged */
	FOUND_ELSEWHERE, /* not where the reply said */
	FOUND_TWICE,
	FOUND_WITHHELD,
	FOUND_NEVER_SENT, /* no message has this number */
};

struct ledger {
	uint64_t **chunks;
	size_t n_chunks;
	uint64_t n; /* numbers taken */
	uint64_t n_acknowledged;
	uint64_t n_found; /* of these */
	/* Found before they were acknowledged: */
	uint64_t n_late, n_late_elsewhere, n_late_withheld;
};

void ledger_release(struct ledger *ledger);
/* Takes n consecutive numbers; returns the first. */
uint64_t ledger_take(struct ledger *ledger, uint32_t n);
/* offset: for LEDGER_STORED only. A number is settled at most once. */
void ledger_settle(struct ledger *ledger, uint64_t number, enum ledger_state state, uint32_t queue,
    int64_t offset);
enum ledger_verdict ledger_find(
    struct ledger *ledger, uint64_t number, uint32_t queue, int64_t offset);
/* How many are acknowledged and not found so far. */
uint64_t ledger_missing(const struct ledger *ledger);
/* The first of them; false when there is none. */
bool ledger_first_missing(
    const struct ledger *ledger, uint64_t *number, uint32_t *queue, int64_t *offset);

#endif
