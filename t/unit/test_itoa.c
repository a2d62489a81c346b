#include "config.h"

#include "common/base/itoa.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

TestSuite(decimal, .timeout = 10);

static void
check(int64_t number)
{
	char at[ITOA_MAX], expected[ITOA_MAX + 1];
	size_t len = (size_t)snprintf(expected, sizeof expected, "%" PRId64, number);
	uint64_t again;

	cr_assert_eq(itoa_put(at, number), len, "%s", expected);
	cr_assert_arr_eq(at, expected, len);
	if (number < 0)
		return;
	cr_assert_eq(itoa_take(at, len, &again), len, "%s", expected);
	cr_assert_eq((int64_t)again, number);
}

Test(decimal, is_put_as_printf_does)
{
	int64_t power = 1;

	check(INT64_MIN);
	check(INT64_MAX);
	check(0);
	for (int digits = 1; digits <= 18; digits++, power *= 10) {
		check(power - 1);
		check(power);
		check(power + 1);
		check(-power);
		check(1 - power);
	}
}

Test(decimal, takes_digits_only)
{
	static const struct {
		const char *text;
		size_t n;
		uint64_t number;
	} rows[] = {
		{ "", 0, 0 },
		{ "x1", 0, 0 },
		{ "-1", 0, 0 },
		{ "12,3", 2, 12 },
		{ "7/", 1, 7 },
		{ "7:", 1, 7 },
		{ "9999999999999999999", 19, UINT64_C(9999999999999999999) },
		{ "99999999999999999999", 19, UINT64_C(9999999999999999999) },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t number;

		cr_expect_eq(itoa_take(rows[i].text, strlen(rows[i].text), &number), rows[i].n,
		    "%s", rows[i].text);
		cr_expect_eq(number, rows[i].number, "%s", rows[i].text);
	}
}
