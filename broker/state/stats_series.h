#ifndef BROKER_STATS_SERIES_H
#define BROKER_STATS_SERIES_H

/*
 * A counter over time, as VIEW_BROKER_STATS_DATA shows it: samples each ten
 * seconds for the last minute, each ten minutes for the hour, each four hours for the
 * day; and latencies in slots that grow by an eighth. No lock of its own.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/state/stats.h"

#define STATS_MINUTE_STEP 10 /* seconds; others are multiples of it */
#define STATS_HOUR_STEP 600
#define STATS_DAY_STEP 14400
#define STATS_KEPT 7 /* samples of each kind: six steps */

#define STATS_LATENCIES 256

struct stats_count {
	uint64_t n;
	uint64_t bytes;
	uint64_t times; /* how often it was counted */
};

struct stats_sample {
	int64_t at_ms;
	struct stats_count count;
};

struct stats_ring {
	struct stats_sample samples[STATS_KEPT];
	size_t n; /* ever */
};

struct stats_series {
	struct stats_count now;
	int64_t counted_ms; /* when it last grew, as of the samples */
	struct stats_ring minute, hour, day;
};

/* `now` belongs to the second-th second. */
void stats_series_sample(struct stats_series *series, int64_t now_ms, size_t second);
void stats_series_view(const struct stats_series *series, bool bytes, struct stats_view *view);
/* Messages and bytes a second over the last minute. */
void stats_series_minute(const struct stats_series *series, double *tps, double *bytes);

size_t stats_latency_slot(int64_t us);
/* The latency that this part (0.99) of all stays below; 0 when there are none. */
double stats_latency_ms(const uint64_t slots[STATS_LATENCIES], double part);

#endif
