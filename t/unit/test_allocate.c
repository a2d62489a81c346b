#include "config.h"

#include "broker/pop/allocate.h"

#include <criterion/criterion.h>

TestSuite(allocate, .timeout = 10);

/* What AllocateMessageQueueAveragely answers: the first queue, and how many. */
static void
java_averagely(size_t n_queues, size_t member, size_t n_members, size_t *first, size_t *n)
{
	size_t rest = n_queues % n_members;
	size_t size =
	    n_queues <= n_members ? 1 : n_queues / n_members + (rest > 0 && member < rest);

	*first = rest > 0 && member < rest ? member * size : member * size + rest;
	*n = *first >= n_queues ? 0 : size < n_queues - *first ? size : n_queues - *first;
	if (n_queues <= n_members) {
		*first = member;
		*n = member < n_queues;
	}
}

Test(allocate, averagely_is_that_of_java)
{
	allocate_fn *avg = allocate_find(SLICE("AVG"));

	for (size_t n_queues = 1; n_queues < 20; n_queues++) {
		for (size_t n_members = 1; n_members < 20; n_members++) {
			for (size_t member = 0; member < n_members; member++) {
				size_t first, n;

				java_averagely(n_queues, member, n_members, &first, &n);
				for (size_t queue = 0; queue < n_queues; queue++)
					cr_assert_eq(avg(queue, n_queues, member, n_members),
					    queue >= first && queue < first + n,
					    "queue %zu of %zu, member %zu of %zu", queue, n_queues,
					    member, n_members);
			}
		}
	}
}

/* Whatever the strategy and the share, every queue has a member. */
Test(allocate, each_queue_has_a_member)
{
	static const char *const names[] = { "AVG", "AVG_BY_CIRCLE" };

	for (size_t i = 0; i < 2; i++) {
		allocate_fn *strategy = allocate_find(slice_of(names[i]));

		for (size_t n_queues = 1; n_queues < 12; n_queues++) {
			for (size_t n_members = 1; n_members < 12; n_members++) {
				for (size_t queue = 0; queue < n_queues; queue++) {
					size_t n = 0, n_shared = 0;

					for (size_t member = 0; member < n_members; member++) {
						n += strategy(queue, n_queues, member, n_members);
						n_shared += allocate_shared(strategy, queue,
						    n_queues, member, n_members, 1);
					}
					cr_assert_eq(n, 1);
					cr_assert_geq(n_shared, 1);
				}
			}
		}
	}
}

Test(allocate, all_queues)
{
	cr_assert(allocate_is_all(0, 9));
	cr_assert(allocate_is_all(-1, 9));
	cr_assert(allocate_is_all(8, 9));
	cr_assert_not(allocate_is_all(7, 9));
	cr_assert_null(allocate_find(SLICE("CONSISTENT_HASH")));
}
