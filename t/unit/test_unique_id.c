#include "config.h"

#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "client/twinmq.h"
#include "common/base/clock.h"

TestSuite(unique_id, .timeout = 10);

/* Bytes at .. at + n of the id as a number. */
static uint64_t
number_at(const char *id, size_t at, size_t n)
{
	uint64_t number = 0;

	for (size_t i = 2 * at; i < 2 * (at + n); i++) {
		const char *digit = strchr("0123456789ABCDEF", id[i]);

		cr_assert_not_null(digit, "%c in %s", id[i], id);
		number = number << 4 | (uint64_t)(digit - (const char *)"0123456789ABCDEF");
	}
	return number;
}

Test(unique_id, is_made_as_java_clients_make_it)
{
	char id[UNIQUE_ID_LEN + 1], next[UNIQUE_ID_LEN + 1];

	unique_id_make(id);
	unique_id_make(next);
	cr_assert_eq(strlen(id), UNIQUE_ID_LEN);
	cr_assert_eq(number_at(id, 4, 2), (uint64_t)(getpid() & 0xffff));
	cr_assert_eq(strncmp(id, next, 20), 0, "%s and %s are of one process", id, next);
	cr_assert_eq(number_at(next, 14, 2), (number_at(id, 14, 2) + 1) & 0xffff);
	cr_assert_leq(number_at(id, 10, 4), number_at(next, 10, 4));
	cr_assert_lt(number_at(id, 10, 4), 32ULL * 24 * 3600 * 1000, "more than a month");
}

Test(unique_id, its_time_begins_anew_each_month)
{
	char id[UNIQUE_ID_LEN + 1];
	int64_t day_ms = 24LL * 3600 * 1000;
	uint64_t last;
	int n_restarts = 0;

	unique_id_make(id);
	last = number_at(id, 10, 4);
	for (int day = 1; day <= 365; day++) {
		clock_shift_for_test(day * day_ms, 0);
		unique_id_make(id);
		if (number_at(id, 10, 4) < last)
			n_restarts++;
		last = number_at(id, 10, 4);
	}
	clock_shift_for_test(0, 0);
	cr_assert_eq(n_restarts, 12);
}
