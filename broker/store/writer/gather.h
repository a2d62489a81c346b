#ifndef STORE_GATHER_H
#define STORE_GATHER_H

/*
 * When a loop's appends are committed: at once, or when more have come. A commit costs the same
 * pages and system calls for one append as for several. So an append waits for company, but only
 * where waiting brought some lately; PostgreSQL's commit_delay and commit_siblings are the same
 * idea. A lone append never waits.
 *
 * What waiting brings cannot be seen without it: a client with one message in flight sends the next
 * one when it has the reply, however fast they follow each other. So now and then a window
 * stays open, and what came in it is what later windows wait for. A window that brought
 * nothing doubles the pause until the next try, to GATHER_PAUSE_MAX_US, 0.2 % of the time.
 *
 * A window ends early when as many appends are there as last time, when they are GATHER_ENOUGH, in
 * its middle when they are half as many, and when none came for three times as long as one usually
 * takes.
 *
 * One struct for each loop, of its thread. Times are those of clock_mono_us.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GATHER_ENOUGH 16 /* appends; more would save few bytes each */
#define GATHER_PAUSE_MIN_US 4000
#define GATHER_PAUSE_MAX_US 256000

struct gather {
	int64_t window_us; /* an append waits no longer; 0: never */
	size_t n;          /* appends that wait */
	int64_t first_us;  /* when the first of them came */
	int64_t last_us;   /* when the newest append came, waiting or not */
	int64_t gap_us;    /* from one append to the next, lately */
	size_t want;       /* as many came within a window, lately */
	bool tries;        /* this window stays open to see how many come */
	int64_t try_us;    /* the next one may from then on */
	int64_t pause_us;  /* between two of them */
};

void gather_init(struct gather *gather, int64_t window_us);
/* n appends came. */
void gather_add(struct gather *gather, size_t n, int64_t now_us);
/* Until when the appends that wait go on waiting, if none comes: now_us or earlier is at once. */
int64_t gather_until(const struct gather *gather, int64_t now_us);
/* They wait no more: gather_until said so. */
void gather_end(struct gather *gather, int64_t now_us);
/* They wait no more, for another reason, which says nothing about those that may come. */
void gather_cut(struct gather *gather);

#endif
