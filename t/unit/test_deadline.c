#include "config.h"

#include "common/base/deadline.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "common/base/mem.h"

TestSuite(deadline, .timeout = 30);

#define N 2000

Test(deadline, the_earliest_comes_first_whatever_was_set_moved_and_dropped)
{
	struct deadlines heap = { 0 };
	struct deadline *all = mem_zalloc(N * sizeof *all);
	size_t n_set = 0;

	srandom(7);
	for (int i = 0; i < 5 * N; i++) {
		struct deadline *one = &all[random() % N];

		if (random() % 3 == 0)
			deadlines_drop(&heap, one);
		else
			deadlines_set(&heap, one, random() % 1000);
	}
	for (int i = 0; i < N; i++)
		n_set += all[i].place != 0;
	cr_assert_eq(heap.n, n_set);
	int64_t last = 0;

	for (struct deadline *first; (first = deadlines_first(&heap)) != NULL; n_set--) {
		cr_assert_geq(first->at_ms, last);
		last = first->at_ms;
		deadlines_drop(&heap, first);
		cr_assert_eq(first->place, 0);
	}
	cr_assert_eq(n_set, 0);
	deadlines_release(&heap);
	free(all);
}
