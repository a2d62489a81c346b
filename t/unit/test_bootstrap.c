#include "config.h"

#include <criterion/criterion.h>
#include <math.h>

#include "bench/bootstrap.h"

TestSuite(bootstrap, .timeout = 10);

Test(bootstrap, medians)
{
	static const double values[] = { 5, 1, 4, 2, 100 };

	cr_assert(isnan(median_of(values, 0)));
	cr_assert_float_eq(median_of(values, 1), 5, 1e-12);
	cr_assert_float_eq(median_of(values, 4), 3, 1e-12);
	cr_assert_float_eq(median_of(values, 5), 4, 1e-12);
	cr_assert_float_eq(values[0], 5, 1e-12, "the values stay as they were");
}

Test(bootstrap, interval_of_few)
{
	static const double one[] = { 3 }, two[] = { 2, 4 };
	struct interval interval = bootstrap_of_median(one, 0);

	cr_assert(isnan(interval.low) && isnan(interval.high));
	interval = bootstrap_of_median(one, 1);
	cr_assert(interval.low == 3 && interval.high == 3);
	interval = bootstrap_of_median(two, 2);
	cr_assert(interval.low == 2 && interval.high == 4);
}

/* Many values close to each other say more than a few that are far apart, and always the same. */
Test(bootstrap, interval_of_many)
{
	double near[100];
	struct interval interval, again;

	for (int i = 0; i < 100; i++)
		near[i] = 3 + (i - 49.5) / 100;
	interval = bootstrap_of_median(near, 100);
	cr_assert(
	    interval.low > 2.8 && interval.low < 3 && interval.high > 3 && interval.high < 3.2,
	    "%f to %f", interval.low, interval.high);
	again = bootstrap_of_median(near, 100);
	cr_assert(interval.low == again.low && interval.high == again.high);
}
