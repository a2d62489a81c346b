#ifndef INTERLEAVE_REPORT_H
#define INTERLEAVE_REPORT_H

/* All that was seen held against the rules, counted and printed. */

#include "t/interleave/play.h"
#include "t/interleave/verdict.h"

struct report {
	uint64_t broken[N_RULES];
	uint64_t n_broken;      /* transactions that break a rule, and what is wrong besides */
	bool is_known[N_RULES]; /* the rule could be looked at */
};

/* Tells of the first breaches on stderr. 0, or -1 when something cannot be read. */
int report_make(struct play *play, struct report *report);
/* The table. */
void report_print(const struct play *play, const struct report *report);

#endif
