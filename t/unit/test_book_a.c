#include "config.h"

#include "examples/bank-transfer/book_a.h"

#include <criterion/criterion.h>

#include "t/unit/bank_rig.h"

TestSuite(book_a, .timeout = 60);

static int64_t
balance(struct bank_rig *rig, int64_t account)
{
	return books_run_with(
	    rig->a, "SELECT balance FROM t1 WHERE account = ?1", BOOKS_NUMBERS(account));
}

Test(book_a, debit_and_log_are_one)
{
	struct bank_rig rig;

	bank_rig_init(&rig);
	cr_assert_eq(bank_rig_book(&rig, 1, 1000), DECISION_COMMIT);
	cr_assert_eq(balance(&rig, 1), OPENING_BALANCE - 1);
	cr_assert_eq(books_run(rig.a, "SELECT updateTime FROM t2 WHERE state = 'booked'"), 1000);
	bank_rig_release(&rig);
}

Test(book_a, too_little_money)
{
	struct bank_rig rig;
	struct transfer transfer = { .id = 1, .from = 1, .to = 1, .amount = OPENING_BALANCE + 1 };
	struct transaction_half half = bank_rig_half(7);

	bank_rig_init(&rig);
	cr_assert_eq(book_a_transfer(rig.a, &transfer, &half, 1), DECISION_ROLLBACK);
	cr_assert_eq(balance(&rig, 1), OPENING_BALANCE);
	cr_assert_eq(book_a_verdict(rig.a, 1, SLICE("7"), 2), DECISION_ROLLBACK);
	bank_rig_release(&rig);
}

Test(book_a, the_row_is_the_verdict)
{
	struct bank_rig rig;

	bank_rig_init(&rig);
	bank_rig_book(&rig, 1, 1);
	cr_assert_eq(book_a_verdict(rig.a, 1, SLICE("1"), 2), DECISION_COMMIT);
	/* The same transfer under an id of a half message that was sent before, and lost sight of.
	 */
	cr_assert_eq(book_a_verdict(rig.a, 1, SLICE("other"), 2), DECISION_ROLLBACK);
	cr_assert_eq(book_a_verdict(rig.a, 1, SLICE("1"), 3), DECISION_COMMIT);
	bank_rig_release(&rig);
}

/* The broker was told ROLLBACK: the local transaction that comes after it must not book. */
Test(book_a, a_refusal_stands)
{
	struct bank_rig rig;

	bank_rig_init(&rig);
	cr_assert_eq(book_a_verdict(rig.a, 1, SLICE("1"), 1), DECISION_ROLLBACK);
	cr_assert_eq(bank_rig_book(&rig, 1, 2), DECISION_ROLLBACK);
	cr_assert_eq(balance(&rig, 1), OPENING_BALANCE);
	cr_assert_eq(book_a_verdict(rig.a, 1, SLICE("1"), 3), DECISION_ROLLBACK);
	bank_rig_release(&rig);
}

Test(book_a, books_held_by_another)
{
	struct bank_rig rig;

	bank_rig_init(&rig);
	sqlite3 *twin = books_open(rig.directory, BOOKS_A, NULL);
	sqlite3_busy_timeout(twin, 1);
	books_begin(rig.a);
	cr_assert_eq(book_a_verdict(twin, 1, SLICE("1"), 1), DECISION_UNKNOWN);
	books_commit(rig.a);
	cr_assert_eq(book_a_verdict(twin, 1, SLICE("1"), 1), DECISION_ROLLBACK);
	books_close(twin);
	bank_rig_release(&rig);
}

Test(book_a, numbers_are_taken_once)
{
	struct bank_rig rig;

	bank_rig_init(&rig);
	cr_assert_eq(book_a_take(rig.a, 2), 1);
	cr_assert_eq(book_a_take(rig.a, 2), 2);
	cr_assert_eq(book_a_take(rig.a, 2), -1);
	cr_assert_eq(book_a_take(rig.a, 3), 3);
	bank_rig_release(&rig);
}

Test(book_a, one_in_three_is_too_much)
{
	int64_t n = 0;

	for (int64_t id = 1; id <= 3000; id++) {
		struct transfer order = book_a_order(1, id);

		cr_assert(order.amount > 0 && order.from >= 1 && order.from <= ACCOUNTS);
		n += order.amount > OPENING_BALANCE;
	}
	cr_assert(n > 900 && n < 1100, "%lld", (long long)n);
}
