#ifndef COMMON_TIMER_HEAP_H
#define COMMON_TIMER_HEAP_H

/*
 * Moments at which something is due, in a heap, earliest first. The owner
 * embeds the struct; setting and dropping one allocates nothing and costs no
 * system call. One thread. Loops carry one heap: see loop_set_timer.
 */

#include <stddef.h>
#include <stdint.h>

struct timer {
	int64_t at_ms; /* of clock_mono_ms */
	void (*due)(struct timer *self);
	size_t place; /* in the heap, from 1; 0: not set */
};

struct timer_heap {
	struct timer **heap;
	size_t n;
	size_t cap;
};

void timer_heap_release(struct timer_heap *timers);
/* Sets it, or moves it when it is set already. */
void timer_heap_set(struct timer_heap *timers, struct timer *timer, int64_t at_ms);
/* Nothing happens when it is not set. */
void timer_heap_drop(struct timer_heap *timers, struct timer *timer);
/* The earliest, lent; NULL when there is none. */
struct timer *timer_heap_first(const struct timer_heap *timers);

#endif
