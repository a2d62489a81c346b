#include "config.h"

#include "common/base/timer_heap.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "common/base/mem.h"

TestSuite(deadline, .timeout = 30);

#define N 2000

Test(deadline, the_earliest_comes_first_whatever_was_set_moved_and_dropped)
{
	struct timer_heap heap = { 0 };
	struct timer *all = mem_zalloc(N * sizeof *all);
	size_t n_set = 0;

	srandom(7);
	for (int i = 0; i < 5 * N; i++) {
		struct timer *one = &all[random() % N];

		if (random() % 3 == 0)
			timer_heap_drop(&heap, one);
		else
			timer_heap_set(&heap, one, random() % 1000);
	}
	for (int i = 0; i < N; i++)
		n_set += all[i].place != 0;
	cr_assert_eq(heap.n, n_set);
	int64_t last = 0;

	for (struct timer *first; (first = timer_heap_first(&heap)) != NULL; n_set--) {
		cr_assert_geq(first->at_ms, last);
		last = first->at_ms;
		timer_heap_drop(&heap, first);
		cr_assert_eq(first->place, 0);
	}
	cr_assert_eq(n_set, 0);
	timer_heap_release(&heap);
	free(all);
}
