#include "config.h"

#include "common/base/deadline.h"

#include <stdlib.h>

#include "common/base/mem.h"

#define FIRST_CAP 16

/* heap[0] is not used: the children of i are 2i and 2i + 1. */

void
deadlines_release(struct deadlines *deadlines)
{
	free(deadlines->heap);
	*deadlines = (struct deadlines){ 0 };
}

static void
put(struct deadlines *deadlines, size_t place, struct deadline *deadline)
{
	deadlines->heap[place] = deadline;
	deadline->place = place;
}

static void
sift_up(struct deadlines *deadlines, struct deadline *deadline, size_t place)
{
	while (place > 1 && deadlines->heap[place / 2]->at_ms > deadline->at_ms) {
		put(deadlines, place, deadlines->heap[place / 2]);
		place /= 2;
	}
	put(deadlines, place, deadline);
}

static void
sift_down(struct deadlines *deadlines, struct deadline *deadline, size_t place)
{
	struct deadline **heap = deadlines->heap;

	for (size_t child = 2 * place; child <= deadlines->n; child = 2 * place) {
		if (child < deadlines->n && heap[child + 1]->at_ms < heap[child]->at_ms)
			child++;
		if (heap[child]->at_ms >= deadline->at_ms)
			break;
		put(deadlines, place, heap[child]);
		place = child;
	}
	put(deadlines, place, deadline);
}

static void
settle(struct deadlines *deadlines, struct deadline *deadline, size_t place)
{
	sift_up(deadlines, deadline, place);
	sift_down(deadlines, deadline, deadline->place);
}

void
deadlines_set(struct deadlines *deadlines, struct deadline *deadline, int64_t at_ms)
{
	deadline->at_ms = at_ms;
	if (deadline->place == 0) {
		if (deadlines->n + 1 >= deadlines->cap) {
			deadlines->cap = deadlines->cap != 0 ? deadlines->cap * 2 : FIRST_CAP;
			deadlines->heap = mem_realloc(
			    deadlines->heap, deadlines->cap * sizeof(struct deadline *));
		}
		deadline->place = ++deadlines->n;
	}
	settle(deadlines, deadline, deadline->place);
}

void
deadlines_drop(struct deadlines *deadlines, struct deadline *deadline)
{
	size_t place = deadline->place;

	if (place == 0)
		return;
	struct deadline *last = deadlines->heap[deadlines->n--];

	if (last != deadline)
		settle(deadlines, last, place);
	deadline->place = 0;
}

struct deadline *
deadlines_first(const struct deadlines *deadlines)
{
	return deadlines->n != 0 ? deadlines->heap[1] : NULL;
}
