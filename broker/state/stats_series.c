#include "config.h"

#include "broker/state/stats_series.h"

#define SLOTS_PER_OCTAVE 8

static void
keep(struct stats_ring *ring, const struct stats_sample *sample)
{
	/* The first one starts from zero: what was counted before it was seen belongs to its
	 * window. */
	if (ring->n == 0)
		ring->samples[ring->n++].at_ms = sample->at_ms - STATS_MINUTE_STEP * 1000;
	ring->samples[ring->n++ % STATS_KEPT] = *sample;
}

void
stats_series_sample(struct stats_series *series, int64_t now_ms, size_t second)
{
	struct stats_sample sample = { now_ms, series->now };
	const struct stats_ring *minute = &series->minute;

	if (minute->n == 0 ||
	    minute->samples[(minute->n - 1) % STATS_KEPT].count.times != series->now.times)
		series->counted_ms = now_ms;
	keep(&series->minute, &sample);
	if (second % STATS_HOUR_STEP == 0 || series->hour.n == 0)
		keep(&series->hour, &sample);
	if (second % STATS_DAY_STEP == 0 || series->day.n == 0)
		keep(&series->day, &sample);
}

static struct stats_rate
rate_over(const struct stats_ring *ring, bool bytes)
{
	struct stats_rate rate = { 0 };

	if (ring->n == 0)
		return rate;
	const struct stats_sample *last = &ring->samples[(ring->n - 1) % STATS_KEPT];
	const struct stats_sample *first =
	    &ring->samples[ring->n > STATS_KEPT ? ring->n % STATS_KEPT : 0];
	uint64_t sum =
	    bytes ? last->count.bytes - first->count.bytes : last->count.n - first->count.n;
	uint64_t times = last->count.times - first->count.times;
	int64_t ms = last->at_ms - first->at_ms;

	rate.sum = (int64_t)sum;
	if (ms > 0)
		rate.tps = (double)sum * 1000 / (double)ms;
	if (times > 0)
		rate.avgpt = (double)sum / (double)times;
	return rate;
}

void
stats_series_view(const struct stats_series *series, bool bytes, struct stats_view *view)
{
	view->minute = rate_over(&series->minute, bytes);
	view->hour = rate_over(&series->hour, bytes);
	view->day = rate_over(&series->day, bytes);
}

void
stats_series_minute(const struct stats_series *series, double *tps, double *bytes)
{
	*tps = rate_over(&series->minute, false).tps;
	*bytes = rate_over(&series->minute, true).tps;
}

/* Below 8 us each has a slot; above, eight slots for each doubling. */
size_t
stats_latency_slot(int64_t us)
{
	if (us < SLOTS_PER_OCTAVE)
		return us > 0 ? (size_t)us : 0;
	unsigned octave = 63u - (unsigned)__builtin_clzll((unsigned long long)us);
	size_t slot = (octave - 2) * SLOTS_PER_OCTAVE + (((size_t)us >> (octave - 3)) & 7);

	return slot < STATS_LATENCIES ? slot : STATS_LATENCIES - 1;
}

/* Where the slot ends. */
static double
slot_end_us(size_t slot)
{
	if (slot < SLOTS_PER_OCTAVE)
		return (double)slot + 1;
	size_t octave = slot / SLOTS_PER_OCTAVE + 2;
	size_t within = slot % SLOTS_PER_OCTAVE;

	return (double)((uint64_t)(SLOTS_PER_OCTAVE + within + 1) << (octave - 3));
}

double
stats_latency_ms(const uint64_t slots[STATS_LATENCIES], double part)
{
	uint64_t all = 0, below = 0;

	for (size_t i = 0; i < STATS_LATENCIES; i++)
		all += slots[i];
	if (all == 0)
		return 0;
	for (size_t i = 0; i < STATS_LATENCIES; i++) {
		below += slots[i];
		if ((double)below >= (double)all * part)
			return slot_end_us(i) / 1000;
	}
	return slot_end_us(STATS_LATENCIES - 1) / 1000;
}
