#ifndef INTERLEAVE_BOOKS_H
#define INTERLEAVE_BOOKS_H

/*
 * What TwinMQ's broker tells of the transactions itself (LIST_TRANSACTIONS,
 * SHOW_TRANSACTION), to be compared with what was seen from outside.
 */

#include <stdio.h>

#include "t/interleave/play.h"
#include "t/interleave/verdict.h"

/* How many transactions are open, to be asked about some time; -1: it does not tell. */
int64_t books_open(struct play *play);

struct book {
	enum told_state state;
	int contradictions;
};

/*
 * One for each trial; the caller frees the array. NULL when the broker does not tell, and why is
 * on stderr.
 */
struct book *books_read(struct play *play);
/* The broker's timeline of a trial, for a person. */
void books_print(struct play *play, const struct trial *trial, FILE *to);

#endif
