#include "config.h"

#include <criterion/criterion.h>

#include "broker/state/stats.h"
#include "broker/state/stats_series.h"

TestSuite(stats, .timeout = 20);

#define START_MS INT64_C(1700000000000)

/* Ticks for so many seconds. */
static void
pass(struct stats *stats, int64_t *now_ms, int seconds)
{
	for (int i = 0; i < seconds; i++) {
		*now_ms += 1000;
		stats_tick(stats, *now_ms);
	}
}

Test(stats, totals_are_summed_over_workers)
{
	struct stats *stats = stats_new(2, 1000);
	struct stats_summary summary;

	stats_put(stats, 0, SLICE("T"), 3, 300, 500);
	stats_put(stats, 1, SLICE("T"), 1, 100, 20000);
	stats_put_failed(stats, 1);
	stats_get(stats, 0, SLICE("T"), SLICE("G"), 2, 200);
	stats_get(stats, 1, SLICE("T"), SLICE("G"), 0, 0);
	stats_summarize(stats, &summary);
	cr_assert_eq(summary.totals.put_messages, 4);
	cr_assert_eq(summary.totals.put_bytes, 400);
	cr_assert_eq(summary.totals.put_failed, 1);
	cr_assert_eq(summary.totals.gets_found, 1);
	cr_assert_eq(summary.totals.gets_missed, 1);
	cr_assert_eq(summary.totals.got_messages, 2);
	cr_assert_eq(summary.put_times[0], 3);
	cr_assert_eq(summary.put_times[2], 1);
	cr_assert_eq(summary.totals.put_max_us, 20000);
	stats_free(stats);
}

Test(stats, rates)
{
	struct stats *stats = stats_new(1, 1000);
	struct stats_summary summary;
	int64_t now_ms = START_MS;

	stats_tick(stats, now_ms);
	for (int i = 0; i < 20; i++) {
		stats_put(stats, 0, SLICE("T"), 5, 500, 100);
		pass(stats, &now_ms, 1);
	}
	stats_summarize(stats, &summary);
	cr_assert_float_eq(summary.put_tps[0], 5, 0.001, "10 s: %f", summary.put_tps[0]);
	cr_assert_float_eq(
	    summary.put_tps[1], 5, 0.001, "60 s, as far as there are any: %f", summary.put_tps[1]);
	pass(stats, &now_ms, 30);
	stats_summarize(stats, &summary);
	cr_assert_float_eq(summary.put_tps[0], 0, 0.001);
	cr_assert_float_eq(summary.put_tps[1], 2, 0.001, "100 in 50 s: %f", summary.put_tps[1]);
	pass(stats, &now_ms, 1000);
	stats_summarize(stats, &summary);
	cr_assert_float_eq(summary.put_tps[2], 0, 0.001);
	stats_free(stats);
}

Test(stats, views_by_topic_and_group)
{
	struct stats *stats = stats_new(2, 1000);
	struct stats_view view;
	int64_t now_ms = START_MS;

	stats_tick(stats, now_ms);
	cr_assert_not(stats_view(stats, SLICE("TOPIC_PUT_NUMS"), SLICE("T"), SLICE("C"), &view));
	for (int i = 0; i < 60; i++) {
		stats_put(stats, i % 2, SLICE("T"), 2, 100, 100);
		stats_get(stats, i % 2, SLICE("T"), SLICE("G"), 1, 50);
		pass(stats, &now_ms, 1);
	}
	cr_assert(stats_view(stats, SLICE("TOPIC_PUT_NUMS"), SLICE("T"), SLICE("C"), &view));
	cr_assert(
	    view.minute.sum >= 100 && view.minute.sum <= 120, "%lld", (long long)view.minute.sum);
	cr_assert_float_eq(view.minute.tps, 2, 0.2);
	cr_assert_float_eq(view.minute.avgpt, 2, 0.01);
	cr_assert(stats_view(stats, SLICE("TOPIC_PUT_SIZE"), SLICE("T"), SLICE("C"), &view));
	cr_assert_float_eq(view.minute.tps, 100, 10);
	cr_assert(stats_view(stats, SLICE("GROUP_GET_NUMS"), SLICE("T@G"), SLICE("C"), &view));
	cr_assert_float_eq(stats_get_tps(stats, SLICE("T"), SLICE("G")), 1, 0.1);
	cr_assert(stats_view(stats, SLICE("BROKER_PUT_NUMS"), SLICE("C"), SLICE("C"), &view));
	cr_assert_not(stats_view(stats, SLICE("BROKER_PUT_NUMS"), SLICE("D"), SLICE("C"), &view));
	cr_assert_not(stats_view(stats, SLICE("NO_SUCH_NAME"), SLICE("T"), SLICE("C"), &view));
	stats_forget(stats, SLICE("T"));
	cr_assert_not(stats_view(stats, SLICE("TOPIC_PUT_NUMS"), SLICE("T"), SLICE("C"), &view));
	cr_assert_not(stats_view(stats, SLICE("GROUP_GET_NUMS"), SLICE("T@G"), SLICE("C"), &view));
	stats_free(stats);
}

Test(stats, forgetting_spares_longer_names)
{
	struct stats *stats = stats_new(1, 1000);
	struct stats_view view;

	stats_put(stats, 0, SLICE("T"), 1, 1, 1);
	stats_put(stats, 0, SLICE("T2"), 1, 1, 1);
	stats_forget(stats, SLICE("T"));
	stats_tick(stats, START_MS);
	cr_assert(stats_view(stats, SLICE("TOPIC_PUT_NUMS"), SLICE("T2"), SLICE("C"), &view));
	cr_assert_not(stats_view(stats, SLICE("TOPIC_PUT_NUMS"), SLICE("T"), SLICE("C"), &view));
	stats_free(stats);
}

/* The counter of the last send is kept at hand, but not beyond its end. */
Test(stats, a_topic_that_is_forgotten_begins_anew)
{
	struct stats *stats = stats_new(1, 2);
	struct stats_view view;
	int64_t now_ms = START_MS;

	stats_tick(stats, now_ms);
	stats_put(stats, 0, SLICE("T"), 5, 1, 1);
	stats_put(stats, 0, SLICE("T"), 5, 1, 1);
	stats_forget(stats, SLICE("T"));
	for (int i = 0; i < 60; i++) {
		stats_put(stats, 0, SLICE("T"), 1, 1, 1);
		stats_put(stats, 0, SLICE("U"), 2, 1, 1);
		stats_put(stats, 0, SLICE("TU"), 3, 1, 1); /* too many: not counted */
		stats_put(stats, 0, SLICE("U"), 2, 1, 1);
		pass(stats, &now_ms, 1);
	}
	cr_assert(stats_view(stats, SLICE("TOPIC_PUT_NUMS"), SLICE("T"), SLICE("C"), &view));
	cr_assert_float_eq(view.minute.tps, 1, 0.2);
	cr_assert(stats_view(stats, SLICE("TOPIC_PUT_NUMS"), SLICE("U"), SLICE("C"), &view));
	cr_assert_float_eq(view.minute.tps, 4, 0.8);
	cr_assert_not(stats_view(stats, SLICE("TOPIC_PUT_NUMS"), SLICE("TU"), SLICE("C"), &view));
	stats_free(stats);
}

Test(stats, latency_slots_are_narrow_and_in_order)
{
	uint64_t slots[STATS_LATENCIES] = { 0 };

	cr_assert_eq(stats_latency_slot(-1), 0);
	cr_assert_eq(stats_latency_slot(INT64_MAX), STATS_LATENCIES - 1);
	for (int64_t us = 1; us < 10000000; us += us / 16 + 1) {
		cr_assert(
		    stats_latency_slot(us) >= stats_latency_slot(us - 1), "%lld", (long long)us);
		memset(slots, 0, sizeof slots);
		slots[stats_latency_slot(us)] = 1;
		double ms = stats_latency_ms(slots, 0.99);

		cr_assert(ms * 1000 > (double)us, "%lld", (long long)us);
		cr_assert(
		    ms * 1000 <= (double)us * 1.13 + 1, "%lld gave %f", (long long)us, ms * 1000);
	}
	memset(slots, 0, sizeof slots);
	cr_assert_eq(stats_latency_ms(slots, 0.99), 0);
}

Test(stats, limit_and_idle_series)
{
	struct stats *stats = stats_new(1, 2);
	struct stats_summary summary;
	struct stats_sizes sizes;
	struct stats_view view;
	int64_t now_ms = START_MS;

	stats_put(stats, 0, SLICE("T"), 1, 1, 1);
	stats_put(stats, 0, SLICE("U"), 1, 1, 1);
	stats_put(stats, 0, SLICE("V"), 1, 1, 1);
	stats_summarize(stats, &summary);
	cr_assert_eq(summary.totals.put_messages, 3);
	stats_tick(stats, now_ms);
	stats_get_sizes(stats, &sizes);
	cr_assert_eq(sizes.n_uncounted, 1);
	cr_assert_not(stats_view(stats, SLICE("TOPIC_PUT_NUMS"), SLICE("V"), SLICE("C"), &view));
	/* T goes on, U does not. */
	for (int hour = 0; hour < 25; hour++) {
		stats_put(stats, 0, SLICE("T"), 1, 1, 1);
		now_ms += 3590 * 1000;
		pass(stats, &now_ms, 10);
	}
	cr_assert(stats_view(stats, SLICE("TOPIC_PUT_NUMS"), SLICE("T"), SLICE("C"), &view));
	cr_assert_not(stats_view(stats, SLICE("TOPIC_PUT_NUMS"), SLICE("U"), SLICE("C"), &view));
	stats_put(stats, 0, SLICE("V"), 1, 1, 1);
	pass(stats, &now_ms, 10);
	cr_assert(stats_view(stats, SLICE("TOPIC_PUT_NUMS"), SLICE("V"), SLICE("C"), &view),
	    "there is room again");
	stats_free(stats);
}
