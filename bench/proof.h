#ifndef BENCH_PROOF_H
#define BENCH_PROOF_H

/*
 * That a run's figures are true: every message that was acknowledged is in its queue, once, where
 * the answer said, as it was sent; nothing else is there. What does not hold makes the run void.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/protocol/record.h"

struct bench;

struct proof {
	uint64_t n_sent;           /* numbers given out */
	uint64_t n_acknowledged;   /* of these */
	uint64_t n_counted;        /* what the queues grew by, as their offsets say */
	uint64_t n_found;          /* acknowledged ones that were read back */
	uint64_t n_unacknowledged; /* there, though nobody said so: allowed */
	int64_t visible_us;        /* from the last answer until the queues had grown by all */
	/* Each of these makes it void. */
	uint64_t n_lost;
	uint64_t n_elsewhere;
	uint64_t n_twice;
	uint64_t n_withheld; /* of transactions that nobody committed */
	uint64_t n_corrupt;
	uint64_t n_foreign;
	uint64_t n_unreadable; /* offsets that could not be read */
	bool done;
	char why[300]; /* not done, or void; empty: it holds */
};

#define PROOF_NOT_OURS INT64_MIN

/* What a queue has at this offset. When it was due to be sent, or PROOF_NOT_OURS. */
int64_t proof_take(
    struct bench *bench, uint32_t queue, int64_t offset, const struct record *record);
/* Until the queues grew by all that was acknowledged. 0, or -1 when they did not in time. */
int proof_wait_visible(struct bench *bench);
/* Waits until all that was acknowledged can be seen, then reads it back. */
void proof_read_back(struct bench *bench);
/* For who reads all himself: no more will come. */
void proof_finish(struct bench *bench);
/* For who fills in the numbers himself: what makes it void. */
void proof_judge(struct bench *bench);
bool proof_holds(const struct proof *proof);

#endif
