#include "config.h"

#include "bench/histogram.h"

#define STEPS (1u << HISTOGRAM_STEPS_LOG2)

/*
 * Below 2 * STEPS a class is 1 us wide. Above, each doubling has STEPS classes; the bits below the
 * highest one select the class.
 */
static uint32_t
class_of(uint64_t us)
{
	uint32_t highest = us >= STEPS ? 63 - (uint32_t)__builtin_clzll(us) : HISTOGRAM_STEPS_LOG2;
	uint32_t shift = highest - HISTOGRAM_STEPS_LOG2;
	uint64_t class = ((uint64_t)shift << HISTOGRAM_STEPS_LOG2) + (us >> shift);

	return class < HISTOGRAM_CLASSES ? (uint32_t) class : HISTOGRAM_CLASSES - 1;
}

/* The largest time of the class. */
static int64_t
top_of(uint32_t class)
{
	uint32_t shift = class < 2 * STEPS ? 0 : (class >> HISTOGRAM_STEPS_LOG2) - 1;
	uint64_t step = class - (shift << HISTOGRAM_STEPS_LOG2);

	return (int64_t)(((step + 1) << shift) - 1);
}

void
histogram_add(struct histogram *histogram, int64_t us)
{
	if (us < 0)
		us = 0;
	histogram->n++;
	histogram->sum_us += (uint64_t)us;
	if (us > histogram->max_us)
		histogram->max_us = us;
	histogram->classes[class_of((uint64_t)us)]++;
}

int64_t
histogram_quantile(const struct histogram *histogram, double share)
{
	double wanted = share * (double)histogram->n;
	uint64_t seen = 0;

	for (uint32_t class = 0; class < HISTOGRAM_CLASSES; class ++) {
		seen += histogram->classes[class];
		if (seen != 0 && (double)seen >= wanted)
			return top_of(class) < histogram->max_us ? top_of(class)
			                                         : histogram->max_us;
	}
	return histogram->max_us;
}

double
histogram_mean_us(const struct histogram *histogram)
{
	return histogram->n != 0 ? (double)histogram->sum_us / (double)histogram->n : 0;
}
