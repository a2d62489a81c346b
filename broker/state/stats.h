#ifndef BROKER_STATS_H
#define BROKER_STATS_H

/*
 * Counters of the broker: totals for rates (28) and per topic and group for
 * VIEW_BROKER_STATS_DATA (315). Each worker counts into a part of its own, so
 * counting costs an uncontended lock; loop 0 adds the parts up once a second.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/slice.h"

struct stats;

/* max_series: how many topics and groups are counted one by one. */
struct stats *stats_new(int n_workers, size_t max_series);
void stats_free(struct stats *stats);

/* n messages of `bytes` (records) were acknowledged took_us after they came in. `worker`: index of
 * the loop. */
void stats_put(struct stats *stats, int worker, struct slice topic, uint32_t n, uint64_t bytes,
    int64_t took_us);
void stats_put_failed(struct stats *stats, int worker);
/* A pull was answered with n messages; with 0 it found nothing. */
void stats_get(struct stats *stats, int worker, struct slice topic, struct slice group, uint32_t n,
    uint64_t bytes);
/* A consumer sent one back. */
void stats_send_back(struct stats *stats, int worker, struct slice topic, struct slice group);
/* The topic is gone, its counters too. Any thread. */
void stats_forget(struct stats *stats, struct slice topic);

/* Loop 0, once a second. Series that counted nothing for STATS_IDLE_MS are forgotten. */
void stats_tick(struct stats *stats, int64_t now_ms);
/* Another limit. Any thread. */
void stats_set_max(struct stats *stats, size_t max_series);

#define STATS_IDLE_MS (24 * 3600 * INT64_C(1000))

struct stats_sizes {
	size_t n_series;
	uint64_t n_uncounted; /* what was not counted one by one, as there were too many, since the
	                         start */
};

void stats_get_sizes(struct stats *stats, struct stats_sizes *sizes);

/* What changed over a window. */
struct stats_rate {
	int64_t sum;
	double tps;   /* a second */
	double avgpt; /* sum per time */
};

struct stats_view {
	struct stats_rate minute, hour, day;
};

/* 315: name as TOPIC_PUT_NUMS; the cluster's name is the key of BROKER_*. False when nothing was
 * counted. Any thread. */
bool stats_view(struct stats *stats, struct slice name, struct slice key, struct slice cluster,
    struct stats_view *view);
/* The consumption of a group, messages a second over the last minute (208). Any thread. */
double stats_get_tps(struct stats *stats, struct slice topic, struct slice group);
/* What a topic got over the last minute, messages and bytes a second. False, and both as they were:
 * nothing was counted. Any thread. */
bool stats_put_rates(struct stats *stats, struct slice topic, double *tps, double *bytes);

/* What one loop has counted of a thing since the start, or since the thing was forgotten. */
struct stats_row {
	int worker;
	struct slice name;         /* of topic, group and what was counted; lent, as they are */
	struct slice topic, group; /* group absent: messages that came in, else that went to it */
	uint64_t n, bytes;
};

/* All sends and pulls, loop by loop, under the loop's lock in portions. A row may come twice: the
 * later one counts. Any thread. */
void stats_each(
    struct stats *stats, void (*row)(void *arg, const struct stats_row *row), void *arg);

/* Totals since the start. */
struct stats_totals {
	uint64_t put_messages, put_bytes, put_failed;
	uint64_t got_messages, got_bytes;
	uint64_t gets_found, gets_missed;
	uint64_t put_max_us, get_max_us;
};

#define STATS_WINDOWS 3 /* 10 s, 60 s, 600 s */
#define STATS_BUCKETS 13

struct stats_summary {
	struct stats_totals totals;
	double put_tps[STATS_WINDOWS];
	double found_tps[STATS_WINDOWS];
	double missed_tps[STATS_WINDOWS];
	double got_tps[STATS_WINDOWS];     /* messages */
	uint64_t put_times[STATS_BUCKETS]; /* as putMessageDistributeTime counts them */
	double put_latency_99_ms, put_latency_999_ms;
	uint64_t put_yesterday_morning, put_today_morning;
	uint64_t got_yesterday_morning, got_today_morning;
};

void stats_get_totals(struct stats *stats, struct stats_totals *totals); /* any thread */
void stats_summarize(struct stats *stats, struct stats_summary *summary);

#endif
