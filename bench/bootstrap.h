#ifndef BENCH_BOOTSTRAP_H
#define BENCH_BOOTSTRAP_H

/*
 * Medians, and how sure they are: resamples are drawn from what was measured, and the interval
 * holds 95 % of their medians. The draws are the same each time. Any thread.
 */

#include <stddef.h>

struct interval {
	double low, high;
};

/* NAN when there is none. The values are not changed. */
double median_of(const double *values, size_t n);
struct interval bootstrap_of_median(const double *values, size_t n);

#endif
