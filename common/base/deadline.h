#ifndef COMMON_DEADLINE_H
#define COMMON_DEADLINE_H

/*
 * Moments at which something is due, in a heap, earliest first. The owner
 * embeds the struct; setting and dropping one allocates nothing and costs no
 * system call. One thread. Loops carry one heap: see loop_set_deadline.
 */

#include <stddef.h>
#include <stdint.h>

struct deadline {
	int64_t at_ms; /* of clock_mono_ms */
	void (*due)(struct deadline *self);
	size_t place; /* in the heap, from 1; 0: not set */
};

struct deadlines {
	struct deadline **heap;
	size_t n;
	size_t cap;
};

void deadlines_release(struct deadlines *deadlines);
/* Sets it, or moves it when it is set already. */
void deadlines_set(struct deadlines *deadlines, struct deadline *deadline, int64_t at_ms);
/* Nothing happens when it is not set. */
void deadlines_drop(struct deadlines *deadlines, struct deadline *deadline);
/* The earliest, lent; NULL when there is none. */
struct deadline *deadlines_first(const struct deadlines *deadlines);

#endif
