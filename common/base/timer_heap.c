#include "config.h"

#include "common/base/timer_heap.h"

#include <stdlib.h>

#include "common/base/mem.h"

#define FIRST_CAP 16

/* heap[0] is not used: the children of i are 2i and 2i + 1. */

void
timer_heap_release(struct timer_heap *timers)
{
	free(timers->heap);
	*timers = (struct timer_heap){ 0 };
}

static void
put(struct timer_heap *timers, size_t place, struct timer *timer)
{
	timers->heap[place] = timer;
	timer->place = place;
}

static void
sift_up(struct timer_heap *timers, struct timer *timer, size_t place)
{
	while (place > 1 && timers->heap[place / 2]->at_ms > timer->at_ms) {
		put(timers, place, timers->heap[place / 2]);
		place /= 2;
	}
	put(timers, place, timer);
}

static void
sift_down(struct timer_heap *timers, struct timer *timer, size_t place)
{
	struct timer **heap = timers->heap;

	for (size_t child = 2 * place; child <= timers->n; child = 2 * place) {
		if (child < timers->n && heap[child + 1]->at_ms < heap[child]->at_ms)
			child++;
		if (heap[child]->at_ms >= timer->at_ms)
			break;
		put(timers, place, heap[child]);
		place = child;
	}
	put(timers, place, timer);
}

static void
settle(struct timer_heap *timers, struct timer *timer, size_t place)
{
	sift_up(timers, timer, place);
	sift_down(timers, timer, timer->place);
}

void
timer_heap_set(struct timer_heap *timers, struct timer *timer, int64_t at_ms)
{
	timer->at_ms = at_ms;
	if (timer->place == 0) {
		if (timers->n + 1 >= timers->cap) {
			timers->cap = timers->cap != 0 ? timers->cap * 2 : FIRST_CAP;
			timers->heap =
			    mem_realloc(timers->heap, timers->cap * sizeof(struct timer *));
		}
		timer->place = ++timers->n;
	}
	settle(timers, timer, timer->place);
}

void
timer_heap_drop(struct timer_heap *timers, struct timer *timer)
{
	size_t place = timer->place;

	if (place == 0)
		return;
	struct timer *last = timers->heap[timers->n--];

	if (last != timer)
		settle(timers, last, place);
	timer->place = 0;
}

struct timer *
timer_heap_first(const struct timer_heap *timers)
{
	return timers->n != 0 ? timers->heap[1] : NULL;
}
