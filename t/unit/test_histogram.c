#include "config.h"

#include <criterion/criterion.h>

#include "bench/histogram.h"

TestSuite(histogram, .timeout = 10);

static struct histogram histogram;

Test(histogram, empty)
{
	cr_assert_eq(histogram_quantile(&histogram, 0.5), 0);
	cr_assert_eq(histogram_quantile(&histogram, 1), 0);
	cr_assert_float_eq(histogram_mean_us(&histogram), 0, 1e-9);
}

Test(histogram, small_times_are_exact)
{
	for (int us = 0; us < 200; us++)
		histogram_add(&histogram, us);
	cr_assert_eq(histogram_quantile(&histogram, 0), 0);
	cr_assert_eq(histogram_quantile(&histogram, 0.5), 99);
	cr_assert_eq(histogram_quantile(&histogram, 0.99), 197);
	cr_assert_eq(histogram_quantile(&histogram, 1), 199);
	cr_assert_float_eq(histogram_mean_us(&histogram), 99.5, 1e-9);
}

/* Each time, alone among larger ones, is known to within a hundredth, and never told too small. */
Test(histogram, large_times_are_near)
{
	for (int64_t us = 1; us < (int64_t)1 << 39; us = us * 9 / 8 + 1) {
		histogram = (struct histogram){ 0 };
		histogram_add(&histogram, us);
		histogram_add(&histogram, (int64_t)1 << 39);
		int64_t told = histogram_quantile(&histogram, 0.5);

		cr_assert(told >= us && told - us <= us / 100, "%lld is told as %lld",
		    (long long)us, (long long)told);
	}
}

Test(histogram, a_time_beyond_all_is_kept_as_the_largest)
{
	histogram_add(&histogram, 5);
	histogram_add(&histogram, (int64_t)1 << 55);
	cr_assert_eq(histogram_quantile(&histogram, 0.5), 5);
	cr_assert_eq(histogram.max_us, (int64_t)1 << 55);
	cr_assert_gt(histogram_quantile(&histogram, 1), (int64_t)1 << 39);
}

Test(histogram, a_clock_that_steps_back)
{
	histogram_add(&histogram, -3);
	cr_assert_eq(histogram_quantile(&histogram, 1), 0);
	cr_assert_eq(histogram.n, 1);
}

/* 10,000 answers of 1 ms, then one stall of a second: the tail shows it where it belongs. */
Test(histogram, a_stall_stands_in_the_tail)
{
	for (int i = 0; i < 10000; i++)
		histogram_add(&histogram, 1000);
	for (int i = 0; i < 100; i++)
		histogram_add(&histogram, 10000 * (i + 1));
	cr_assert_eq(histogram_quantile(&histogram, 0.5) / 10, 100);
	cr_assert_lt(histogram_quantile(&histogram, 0.99), 11000);
	cr_assert_gt(histogram_quantile(&histogram, 0.999), 850000);
}
