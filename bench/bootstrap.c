#include "config.h"

#include "bench/bootstrap.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

#define RESAMPLES 10000
#define OUTSIDE 0.025 /* on each side */
#define SEED 0x9e3779b97f4a7c15u

static int
compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The values are sorted. */
static double
median_in_place(double *values, size_t n)
{
	qsort(values, n, sizeof *values, compare_doubles);
	return n % 2 != 0 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

double
median_of(const double *values, size_t n)
{
	double *copy, median;

	if (n == 0)
		return NAN;
	copy = mem_alloc(n * sizeof *copy);
	memcpy(copy, values, n * sizeof *copy);
	median = median_in_place(copy, n);
	free(copy);
	return median;
}

/* xorshift64*: good enough to draw with, and the same everywhere */
static size_t
draw(uint64_t *state, size_t n)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (size_t)((*state * 0x2545f4914f6cdd1du >> 33) % n);
}

struct interval
bootstrap_of_median(const double *values, size_t n)
{
	struct interval interval = { NAN, NAN };
	uint64_t state = SEED;
	double *medians, *drawn;

	if (n == 0)
		return interval;
	medians = mem_alloc(RESAMPLES * sizeof *medians);
	drawn = mem_alloc(n * sizeof *drawn);
	for (size_t i = 0; i < RESAMPLES; i++) {
		for (size_t j = 0; j < n; j++)
			drawn[j] = values[draw(&state, n)];
		medians[i] = median_in_place(drawn, n);
	}
	qsort(medians, RESAMPLES, sizeof *medians, compare_doubles);
	interval.low = medians[(size_t)(RESAMPLES * OUTSIDE)];
	interval.high = medians[RESAMPLES - 1 - (size_t)(RESAMPLES * OUTSIDE)];
	free(medians);
	free(drawn);
	return interval;
}
