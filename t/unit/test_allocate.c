#include "config.h"

#include "client/allocate.h"

#include <criterion/criterion.h>

TestSuite(allocate, .timeout = 30);

/* The shares of AllocateMessageQueueAveragely for 10 queues and 4 members: 3 3 2 2. */
Test(allocate, evenly)
{
	const size_t firsts[] = { 0, 3, 6, 8 }, counts[] = { 3, 3, 2, 2 };

	for (size_t i = 0; i < 4; i++) {
		struct queue_share share = allocate_evenly(10, 4, i);

		cr_assert_eq(share.first, firsts[i]);
		cr_assert_eq(share.n, counts[i]);
	}
}

Test(allocate, each_queue_has_one_owner)
{
	for (size_t n_queues = 0; n_queues < 40; n_queues++)
		for (size_t n_members = 1; n_members < 40; n_members++) {
			size_t next = 0;

			for (size_t i = 0; i < n_members; i++) {
				struct queue_share share = allocate_evenly(n_queues, n_members, i);

				cr_assert(share.n == 0 || share.first == next);
				next += share.n;
			}
			cr_assert_eq(next, n_queues);
		}
}

Test(allocate, order_of_queues)
{
	struct message_queue a = { SLICE("T"), SLICE("broker-a"), 2 };
	struct message_queue b = { SLICE("T"), SLICE("broker-a"), 10 };
	struct message_queue c = { SLICE("T"), SLICE("broker-b"), 0 };
	struct message_queue d = { SLICE("U"), SLICE("broker-a"), 0 };

	cr_assert_lt(message_queue_compare(&a, &b), 0);
	cr_assert_lt(message_queue_compare(&b, &c), 0);
	cr_assert_lt(message_queue_compare(&c, &d), 0);
	cr_assert_eq(message_queue_compare(&d, &d), 0);
}
