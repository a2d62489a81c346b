#include "config.h"

#include "examples/bank-transfer/book_b.h"

#include <criterion/criterion.h>

#include "t/unit/bank_rig.h"

TestSuite(book_b, .timeout = 60);

Test(book_b, money_moves_once)
{
	struct bank_rig rig;

	bank_rig_init(&rig);
	for (int i = 0; i < 3; i++)
		bank_rig_credit(&rig, 1, 5, 100 + i);
	bank_rig_credit(&rig, 2, 7, 200);
	cr_assert_eq(books_run(rig.b, "SELECT balance FROM t3 WHERE account = 2"), 12);
	cr_assert_eq(books_run(rig.b, "SELECT count(*) FROM t5"), 2);
	cr_assert_eq(books_run(rig.b, "SELECT updateTime FROM t5 WHERE id = 1"), 100);
	cr_assert_eq(books_run(rig.b, "SELECT repeats FROM bank"), 2);
	bank_rig_release(&rig);
}

Test(book_b, places_of_queues)
{
	struct message_queue first = { .broker_name = SLICE("broker-a"), .id = 1 };
	struct message_queue second = { .broker_name = SLICE("broker-b"), .id = 1 };
	const struct queue_place *places;
	struct arena arena = { 0 };
	struct bank_rig rig;

	bank_rig_init(&rig);
	book_b_add_queue(rig.b, &second, 9);
	book_b_add_queue(rig.b, &first, 4);
	book_b_read_to(rig.b, &first, 6);
	cr_assert_eq(book_b_queues(rig.b, &arena, &places), 2);
	cr_assert(slice_is(places[0].queue.broker_name, "broker-a"));
	cr_assert_eq(places[0].opened, 4);
	cr_assert_eq(places[0].next, 6);
	cr_assert_eq(places[1].next, 9);
	arena_release(&arena);
	bank_rig_release(&rig);
}
