#include "config.h"

#include "broker/store/closer/pace.h"

#include <criterion/criterion.h>

#define SECOND_US INT64_C(1000000)
#define SEGMENT_BYTES (256 << 20)

TestSuite(pace, .timeout = 10);

/* Seconds that a whole segment takes when each step itself takes so long. */
static int64_t
seconds(int64_t fill_us, int64_t step_us, bool busy, bool hurry)
{
	struct pace pace;
	int64_t now = 7 * SECOND_US, n_commits = 0;

	pace_begin(&pace, SEGMENT_BYTES, fill_us, now);
	for (int step = 0; step < SEGMENT_BYTES / PACE_STEP_BYTES; step++) {
		n_commits += busy;
		now += step_us;
		now += pace_pause_us(&pace, n_commits, hurry, now);
	}
	return (now - 7 * SECOND_US + SECOND_US / 2) / SECOND_US;
}

Test(pace, twice_as_fast_as_segments_fill)
{
	cr_assert_eq(seconds(4 * SECOND_US, 1000, true, false), 2);
	cr_assert_eq(seconds(6 * SECOND_US, 1000, true, false), 3);
}

Test(pace, but_not_slower_than_64_megabytes_a_second)
{
	cr_assert_eq(seconds(3600 * SECOND_US, 1000, true, false), 4);
}

Test(pace, a_slow_disk_gets_no_pause)
{
	cr_assert_eq(seconds(10 * SECOND_US, 20000, true, false), 20);
}

Test(pace, nor_does_an_idle_store_or_one_that_waits)
{
	cr_assert_leq(seconds(3600 * SECOND_US, 1000, false, false), 2);
	cr_assert_eq(seconds(3600 * SECOND_US, 1000, true, true), 1);
}

/* A step that took long is not made up for by a burst. */
Test(pace, no_burst_after_a_slow_step)
{
	struct pace pace;

	pace_begin(&pace, SEGMENT_BYTES, 6 * SECOND_US, 0);
	cr_assert_eq(pace_pause_us(&pace, 1, false, SECOND_US), 0);
	cr_assert_gt(pace_pause_us(&pace, 2, false, SECOND_US + 100), 2500);
}
