#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

/*
 * A histogram of times in a fixed amount of memory. Classes grow with the time, so that each time
 * is known to within 1 %. { 0 } is an empty histogram. One thread.
 */

#include <stdint.h>

#define HISTOGRAM_STEPS_LOG2 7 /* 128 classes for each doubling: under 1 % wide */
#define HISTOGRAM_DOUBLINGS 34 /* up to 2^40 us */
#define HISTOGRAM_CLASSES ((HISTOGRAM_DOUBLINGS + 1) << HISTOGRAM_STEPS_LOG2)

struct histogram {
	uint64_t n;
	uint64_t sum_us;
	int64_t max_us;
	uint64_t classes[HISTOGRAM_CLASSES];
};

/* A negative time counts as 0. */
void histogram_add(struct histogram *histogram, int64_t us);
/* The time that `share` (0 .. 1) of all times do not exceed; 0 for an empty histogram. */
int64_t histogram_quantile(const struct histogram *histogram, double share);
double histogram_mean_us(const struct histogram *histogram);

#endif
