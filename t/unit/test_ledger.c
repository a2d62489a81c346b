#include "config.h"

#include <criterion/criterion.h>

#include "bench/ledger.h"

TestSuite(ledger, .timeout = 10);

static struct ledger ledger;

Test(ledger, numbers_follow_each_other)
{
	cr_assert_eq(ledger_take(&ledger, 1), 0);
	cr_assert_eq(ledger_take(&ledger, 1000000), 1);
	cr_assert_eq(ledger_take(&ledger, 1), 1000001);
	ledger_release(&ledger);
}

/* What was settled, where it was said to be, where it was found, and what that is. */
static const struct {
	enum ledger_state state;
	uint32_t queue, found_queue;
	int64_t offset, found_offset;
	enum ledger_verdict verdict;
} cases[] = {
	{ LEDGER_STORED, 3, 3, 77, 77, FOUND_RIGHT },
	{ LEDGER_STORED, 3, 3, 77, 78, FOUND_ELSEWHERE },
	{ LEDGER_STORED, 3, 4, 77, 77, FOUND_ELSEWHERE },
	{ LEDGER_STORED, LEDGER_QUEUES_MAX - 1, LEDGER_QUEUES_MAX - 1, 1ll << 39, 1ll << 39,
	    FOUND_RIGHT },
	{ LEDGER_TAKEN, 3, 3, 0, 99, FOUND_RIGHT },
	{ LEDGER_TAKEN, 3, 2, 0, 99, FOUND_ELSEWHERE },
	{ LEDGER_WITHHELD, 3, 3, 0, 0, FOUND_WITHHELD },
	{ LEDGER_UNKNOWN, 3, 3, 0, 5, FOUND_UNKNOWN },
};

#define N_CASES (sizeof cases / sizeof cases[0])

Test(ledger, what_is_found)
{
	for (size_t i = 0; i < N_CASES; i++) {
		uint64_t number = ledger_take(&ledger, 1);

		if (cases[i].state != LEDGER_UNKNOWN)
			ledger_settle(
			    &ledger, number, cases[i].state, cases[i].queue, cases[i].offset);
		cr_assert_eq(
		    ledger_find(&ledger, number, cases[i].found_queue, cases[i].found_offset),
		    cases[i].verdict, "case %zu", i);
		cr_assert_eq(
		    ledger_find(&ledger, number, cases[i].found_queue, cases[i].found_offset),
		    FOUND_TWICE, "case %zu, again", i);
	}
	cr_assert_eq(ledger.n_acknowledged, 6);
	cr_assert_eq(ledger_missing(&ledger), 0);
	cr_assert_eq(ledger_find(&ledger, N_CASES, 0, 0), FOUND_NEVER_SENT);
	ledger_release(&ledger);
}

/* A consumer may see a message before its producer has the answer. */
Test(ledger, found_before_it_was_acknowledged)
{
	ledger_take(&ledger, 4);
	for (uint64_t i = 0; i < 4; i++)
		cr_assert_eq(ledger_find(&ledger, i, 1, 10 + (int64_t)i), FOUND_UNKNOWN);
	ledger_settle(&ledger, 0, LEDGER_STORED, 1, 10);
	ledger_settle(&ledger, 1, LEDGER_STORED, 1, 99);
	ledger_settle(&ledger, 2, LEDGER_WITHHELD, 1, 0);
	ledger_settle(&ledger, 3, LEDGER_TAKEN, 1, 0);
	cr_assert_eq(ledger.n_late, 4);
	cr_assert_eq(ledger.n_late_elsewhere, 1);
	cr_assert_eq(ledger.n_late_withheld, 1);
	cr_assert_eq(ledger_missing(&ledger), 0);
	ledger_release(&ledger);
}

Test(ledger, what_is_lost_is_named)
{
	uint64_t number;
	uint32_t queue;
	int64_t offset;

	ledger_take(&ledger, 200000);
	cr_assert_not(ledger_first_missing(&ledger, &number, &queue, &offset));
	ledger_settle(&ledger, 150000, LEDGER_STORED, 7, 8);
	cr_assert_eq(ledger_missing(&ledger), 1);
	cr_assert(ledger_first_missing(&ledger, &number, &queue, &offset));
	cr_assert(number == 150000 && queue == 7 && offset == 8);
	ledger_release(&ledger);
}
