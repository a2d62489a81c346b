#ifndef BENCH_PROOF_H
#define BENCH_PROOF_H

/*
 * The proof that a run's figures are true: each acknowledged message is in its queue exactly once,
 * where the reply said, as it was sent, and nothing else is there. Otherwise the run is void.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/protocol/record.h"

struct bench;

struct proof {
	uint64_t n_sent;           /* numbers given out */
	uint64_t n_acknowledged;   /* of these */
	uint64_t n_counted;        /* growth of the queues by their offsets */
	uint64_t n_found;          /* acknowledged and read back */
	uint64_t n_unacknowledged; /* read back but not acknowledged: allowed */
	int64_t visible_us;        /* time from the last reply until all were visible */
	/* Each of these makes the run void. */
	uint64_t n_lost;
	uint64_t n_elsewhere;
	uint64_t n_twice;
	uint64_t n_withheld; /* of transactions that were not committed */
	uint64_t n_corrupt;
	uint64_t n_foreign;
	uint64_t n_unreadable; /* offsets that could not be read */
	bool done;
	char why[300]; /* why the proof is not done or void; "": it holds */
};

#define PROOF_NOT_OURS INT64_MIN

/* Takes the record at this offset of a queue. Returns its due time, or PROOF_NOT_OURS. */
int64_t proof_take(
    struct bench *bench, uint32_t queue, int64_t offset, const struct record *record);
/* Waits until all acknowledged messages are visible. 0, or -1 when they are not in time. */
int proof_wait_visible(struct bench *bench);
/* The same, then reads them back. */
void proof_read_back(struct bench *bench);
/* For callers that read back themselves: no more records will come. */
void proof_finish(struct bench *bench);
/* For callers that fill in the numbers themselves: decides whether the run is void. */
void proof_judge(struct bench *bench);
bool proof_holds(const struct proof *proof);

#endif
