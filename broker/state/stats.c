#include "config.h"

#include "broker/state/stats.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "broker/state/stats_series.h"
#include "common/base/arena.h"
#include "common/base/mem.h"
#include "common/base/strmap.h"

#define SECONDS_KEPT 601 /* for rates over 600 s */
#define ROWS_A_LOCK 256

/* What one worker counted. */
struct part {
	pthread_mutex_t lock;
	struct stats_totals totals;
	uint64_t put_times[STATS_BUCKETS];
	uint64_t latencies[STATS_LATENCIES];
	struct strmap counts;          /* "KIND key" -> struct stats_count */
	size_t max;                    /* of counts */
	uint64_t n_uncounted;          /* as there were too many */
	struct strmap_entry *last_put; /* of counts: the topic of the last send; NULL: look it up */
};

/* One second of the totals. */
struct second {
	int64_t at_ms;
	uint64_t puts, found, missed, got;
};

struct stats {
	int n_parts;
	struct part *parts;
	pthread_mutex_t lock; /* of what follows; taken before a part's */
	struct strmap series; /* "KIND key" -> struct stats_series */
	struct second seconds[SECONDS_KEPT];
	size_t n_seconds; /* ever */
	int32_t day;      /* tm_yday of the last tick */
	uint64_t put_yesterday_morning, put_today_morning;
	uint64_t got_yesterday_morning, got_today_morning;
};

/* Upper ends in us of the buckets of putMessageDistributeTime; the last has none. */
static const int64_t bucket_ends[STATS_BUCKETS - 1] = { 0, 10000, 50000, 100000, 200000, 500000,
	1000000, 2000000, 3000000, 4000000, 5000000, 10000000 };

/* What is counted, and which of count and size a name of 315 asks for. The key of a get is
 * topic@group. */
#define KIND_PUT 'P'
#define KIND_GET 'G'
#define KIND_SEND_BACK 'B'
#define KIND_BROKER_PUT 'p'
#define KIND_BROKER_GET 'g'

static const struct view_row {
	const char *name;
	char kind;
	bool bytes;
} view_rows[] = {
	{ "TOPIC_PUT_NUMS", KIND_PUT, false },
	{ "TOPIC_PUT_SIZE", KIND_PUT, true },
	{ "GROUP_GET_NUMS", KIND_GET, false },
	{ "GROUP_GET_SIZE", KIND_GET, true },
	{ "SNDBCK_PUT_NUMS", KIND_SEND_BACK, false },
	{ "BROKER_PUT_NUMS", KIND_BROKER_PUT, false },
	{ "BROKER_GET_NUMS", KIND_BROKER_GET, false },
};

/* A kind and its key as one text: topics and groups have at most 127 bytes each. */
struct name {
	char text[2 * 128 + 2];
};

/* What does not fit is cut off. */
static void
put_part(struct name *name, size_t *len, struct slice part)
{
	size_t room = sizeof name->text - *len, n = part.len < room ? part.len : room;

	if (n != 0)
		memcpy(name->text + *len, part.data, n);
	*len += n;
}

static struct slice
name_of(struct name *name, char kind, struct slice topic, struct slice group)
{
	size_t len = 1;

	name->text[0] = kind;
	put_part(name, &len, topic);
	if (group.data != NULL) {
		put_part(name, &len, SLICE("@"));
		put_part(name, &len, group);
	}
	return (struct slice){ name->text, len };
}

struct stats *
stats_new(int n_workers, size_t max_series)
{
	struct stats *stats = mem_zalloc(sizeof *stats);

	stats->n_parts = n_workers;
	stats->day = -1;
	stats->parts = mem_zalloc((size_t)n_workers * sizeof *stats->parts);
	pthread_mutex_init(&stats->lock, NULL);
	for (int i = 0; i < n_workers; i++) {
		pthread_mutex_init(&stats->parts[i].lock, NULL);
		stats->parts[i].max = max_series;
	}
	return stats;
}

void
stats_free(struct stats *stats)
{
	if (stats == NULL)
		return;
	for (int i = 0; i < stats->n_parts; i++) {
		strmap_release(&stats->parts[i].counts, free);
		pthread_mutex_destroy(&stats->parts[i].lock);
	}
	strmap_release(&stats->series, free);
	pthread_mutex_destroy(&stats->lock);
	free(stats->parts);
	free(stats);
}

/* ---- counting -------------------------------------------------------- */

/* NULL: there are too many. Below the part's lock. */
static struct strmap_entry *
find_count(struct part *part, char kind, struct slice topic, struct slice group)
{
	struct name name;
	struct slice key = name_of(&name, kind, topic, group);

	if (part->counts.n >= part->max && strmap_find(&part->counts, key) == NULL) {
		part->n_uncounted++;
		return NULL;
	}
	struct strmap_entry *entry = strmap_get(&part->counts, key);

	if (entry->value == NULL)
		entry->value = mem_zalloc(sizeof(struct stats_count));
	return entry;
}

static void
add(struct strmap_entry *entry, uint64_t n, uint64_t bytes)
{
	struct stats_count *counted = entry != NULL ? entry->value : NULL;

	if (counted == NULL)
		return;
	counted->n += n;
	counted->bytes += bytes;
	counted->times++;
}

/* Sends of one topic follow each other. Below the part's lock. */
static inline bool
is_last_put(const struct part *part, struct slice topic)
{
	const struct strmap_entry *last = part->last_put;

	return last != NULL && last->key_len == topic.len + 1 && topic.len != 0 &&
	       memcmp(last->key + 1, topic.data, topic.len) == 0;
}

static size_t
bucket_of(int64_t took_us)
{
	size_t i = 0;

	while (i < STATS_BUCKETS - 1 && took_us >= bucket_ends[i] + (i == 0 ? 1000 : 0))
		i++;
	return i;
}

void
stats_put(struct stats *stats, int worker, struct slice topic, uint32_t n, uint64_t bytes,
    int64_t took_us)
{
	struct part *part = &stats->parts[worker];

	pthread_mutex_lock(&part->lock);
	part->totals.put_messages += n;
	part->totals.put_bytes += bytes;
	part->put_times[bucket_of(took_us)] += n;
	part->latencies[stats_latency_slot(took_us)]++;
	if (took_us > (int64_t)part->totals.put_max_us)
		part->totals.put_max_us = (uint64_t)took_us;
	if (!is_last_put(part, topic))
		part->last_put = find_count(part, KIND_PUT, topic, SLICE_NONE);
	add(part->last_put, n, bytes);
	pthread_mutex_unlock(&part->lock);
}

void
stats_put_failed(struct stats *stats, int worker)
{
	struct part *part = &stats->parts[worker];

	pthread_mutex_lock(&part->lock);
	part->totals.put_failed++;
	pthread_mutex_unlock(&part->lock);
}

void
stats_get(struct stats *stats, int worker, struct slice topic, struct slice group, uint32_t n,
    uint64_t bytes)
{
	struct part *part = &stats->parts[worker];

	pthread_mutex_lock(&part->lock);
	if (n == 0) {
		part->totals.gets_missed++;
	} else {
		part->totals.gets_found++;
		part->totals.got_messages += n;
		part->totals.got_bytes += bytes;
		add(find_count(part, KIND_GET, topic, group), n, bytes);
	}
	pthread_mutex_unlock(&part->lock);
}

void
stats_send_back(struct stats *stats, int worker, struct slice topic, struct slice group)
{
	struct part *part = &stats->parts[worker];

	pthread_mutex_lock(&part->lock);
	add(find_count(part, KIND_SEND_BACK, topic, group), 1, 0);
	pthread_mutex_unlock(&part->lock);
}

/* Whether the name (a kind, then the key) is about this topic. */
static bool
is_about(struct slice name, struct slice topic)
{
	return name.len >= topic.len + 1 && memcmp(name.data + 1, topic.data, topic.len) == 0 &&
	       (name.len == topic.len + 1 || name.data[topic.len + 1] == '@');
}

static void
forget_in(struct strmap *table, struct slice topic)
{
	for (struct strmap_entry *entry = strmap_next(table, NULL), *next; entry != NULL;
	     entry = next) {
		next = strmap_next(table, entry);
		if (is_about(strmap_key(entry), topic))
			free(strmap_take(table, strmap_key(entry)));
	}
}

void
stats_forget(struct stats *stats, struct slice topic)
{
	pthread_mutex_lock(&stats->lock);
	for (int i = 0; i < stats->n_parts; i++) {
		pthread_mutex_lock(&stats->parts[i].lock);
		stats->parts[i].last_put = NULL;
		forget_in(&stats->parts[i].counts, topic);
		pthread_mutex_unlock(&stats->parts[i].lock);
	}
	forget_in(&stats->series, topic);
	pthread_mutex_unlock(&stats->lock);
}

/* ---- bounds ---------------------------------------------------------- */

void
stats_set_max(struct stats *stats, size_t max_series)
{
	for (int i = 0; i < stats->n_parts; i++) {
		pthread_mutex_lock(&stats->parts[i].lock);
		stats->parts[i].max = max_series;
		pthread_mutex_unlock(&stats->parts[i].lock);
	}
}

void
stats_get_sizes(struct stats *stats, struct stats_sizes *sizes)
{
	*sizes = (struct stats_sizes){ 0 };
	pthread_mutex_lock(&stats->lock);
	sizes->n_series = stats->series.n;
	for (int i = 0; i < stats->n_parts; i++) {
		pthread_mutex_lock(&stats->parts[i].lock);
		sizes->n_uncounted += stats->parts[i].n_uncounted;
		pthread_mutex_unlock(&stats->parts[i].lock);
	}
	pthread_mutex_unlock(&stats->lock);
}

/* Out of the parts too: one that is counted again begins at 0. */
static void
forget_series(struct stats *stats, struct slice name)
{
	for (int i = 0; i < stats->n_parts; i++) {
		pthread_mutex_lock(&stats->parts[i].lock);
		stats->parts[i].last_put = NULL;
		free(strmap_take(&stats->parts[i].counts, name));
		pthread_mutex_unlock(&stats->parts[i].lock);
	}
	free(strmap_take(&stats->series, name));
}

/* Below the lock, as the series were sampled. */
static void
forget_idle(struct stats *stats, int64_t now_ms)
{
	for (struct strmap_entry *entry = strmap_next(&stats->series, NULL), *next; entry != NULL;
	     entry = next) {
		const struct stats_series *series = entry->value;

		next = strmap_next(&stats->series, entry);
		if (now_ms - series->counted_ms > STATS_IDLE_MS)
			forget_series(stats, strmap_key(entry));
	}
}

/* ---- once a second --------------------------------------------------- */

static void
add_totals(struct stats_totals *sum, const struct stats_totals *one)
{
	sum->put_messages += one->put_messages;
	sum->put_bytes += one->put_bytes;
	sum->put_failed += one->put_failed;
	sum->got_messages += one->got_messages;
	sum->got_bytes += one->got_bytes;
	sum->gets_found += one->gets_found;
	sum->gets_missed += one->gets_missed;
	if (one->put_max_us > sum->put_max_us)
		sum->put_max_us = one->put_max_us;
	if (one->get_max_us > sum->get_max_us)
		sum->get_max_us = one->get_max_us;
}

static struct stats_totals
totals_of(struct stats *stats)
{
	struct stats_totals sum = { 0 };

	for (int i = 0; i < stats->n_parts; i++) {
		pthread_mutex_lock(&stats->parts[i].lock);
		add_totals(&sum, &stats->parts[i].totals);
		pthread_mutex_unlock(&stats->parts[i].lock);
	}
	return sum;
}

static struct stats_series *
series_of(struct stats *stats, struct slice name)
{
	struct stats_series *series = strmap_find(&stats->series, name);

	if (series == NULL) {
		series = mem_zalloc(sizeof *series);
		strmap_put(&stats->series, name, series);
	}
	return series;
}

/* The sums of all parts, by name. */
static void
gather_counts(struct stats *stats)
{
	for (struct strmap_entry *at = strmap_next(&stats->series, NULL); at != NULL;
	     at = strmap_next(&stats->series, at))
		((struct stats_series *)at->value)->now = (struct stats_count){ 0 };
	for (int i = 0; i < stats->n_parts; i++) {
		struct part *part = &stats->parts[i];

		pthread_mutex_lock(&part->lock);
		for (struct strmap_entry *at = strmap_next(&part->counts, NULL); at != NULL;
		     at = strmap_next(&part->counts, at)) {
			const struct stats_count *one = at->value;
			struct stats_count *sum = &series_of(stats, strmap_key(at))->now;

			sum->n += one->n;
			sum->bytes += one->bytes;
			sum->times += one->times;
		}
		pthread_mutex_unlock(&part->lock);
	}
}

static void
gather_broker(struct stats *stats, const struct stats_totals *totals)
{
	struct name put, get;

	series_of(stats, name_of(&put, KIND_BROKER_PUT, SLICE_NONE, SLICE_NONE))->now =
	    (struct stats_count){ totals->put_messages, totals->put_bytes, totals->put_messages };
	series_of(stats, name_of(&get, KIND_BROKER_GET, SLICE_NONE, SLICE_NONE))->now =
	    (struct stats_count){ totals->got_messages, totals->got_bytes, totals->gets_found };
}

/* "Morning" is the first tick of a day, or the start. */
static void
watch_the_day(struct stats *stats, const struct stats_totals *totals, int64_t now_ms)
{
	time_t now = now_ms / 1000;
	struct tm tm;

	localtime_r(&now, &tm);
	if (tm.tm_yday == stats->day)
		return;
	stats->day = tm.tm_yday;
	stats->put_yesterday_morning = stats->put_today_morning;
	stats->put_today_morning = totals->put_messages;
	stats->got_yesterday_morning = stats->got_today_morning;
	stats->got_today_morning = totals->got_messages;
}

void
stats_tick(struct stats *stats, int64_t now_ms)
{
	pthread_mutex_lock(&stats->lock);
	struct stats_totals totals = totals_of(stats);

	stats->seconds[stats->n_seconds % SECONDS_KEPT] = (struct second){ now_ms,
		totals.put_messages, totals.gets_found, totals.gets_missed, totals.got_messages };
	watch_the_day(stats, &totals, now_ms);
	if (stats->n_seconds % STATS_MINUTE_STEP == 0) {
		gather_counts(stats);
		gather_broker(stats, &totals);
		for (struct strmap_entry *at = strmap_next(&stats->series, NULL); at != NULL;
		     at = strmap_next(&stats->series, at))
			stats_series_sample(at->value, now_ms, stats->n_seconds);
		forget_idle(stats, now_ms);
	}
	stats->n_seconds++;
	pthread_mutex_unlock(&stats->lock);
}

/* ---- reading --------------------------------------------------------- */

bool
stats_view(struct stats *stats, struct slice name, struct slice key, struct slice cluster,
    struct stats_view *view)
{
	const struct view_row *row = view_rows;
	const struct view_row *end = view_rows + sizeof view_rows / sizeof *view_rows;
	struct name text;

	while (row < end && !slice_is(name, row->name))
		row++;
	if (row == end)
		return false;
	if (row->kind == KIND_BROKER_PUT || row->kind == KIND_BROKER_GET) {
		if (!slice_equal(key, cluster))
			return false;
		key = SLICE_NONE;
	}
	pthread_mutex_lock(&stats->lock);
	const struct stats_series *series =
	    strmap_find(&stats->series, name_of(&text, row->kind, key, SLICE_NONE));

	if (series != NULL)
		stats_series_view(series, row->bytes, view);
	pthread_mutex_unlock(&stats->lock);
	return series != NULL;
}

static bool
find_minute(struct stats *stats, struct slice name, double *tps, double *bytes)
{
	const struct stats_series *series;

	pthread_mutex_lock(&stats->lock);
	series = strmap_find(&stats->series, name);
	if (series != NULL)
		stats_series_minute(series, tps, bytes);
	pthread_mutex_unlock(&stats->lock);
	return series != NULL;
}

double
stats_get_tps(struct stats *stats, struct slice topic, struct slice group)
{
	struct name text;
	double tps = 0, bytes;

	find_minute(stats, name_of(&text, KIND_GET, topic, group), &tps, &bytes);
	return tps;
}

bool
stats_put_rates(struct stats *stats, struct slice topic, double *tps, double *bytes)
{
	struct name text;

	return find_minute(stats, name_of(&text, KIND_PUT, topic, SLICE_NONE), tps, bytes);
}

void
stats_get_totals(struct stats *stats, struct stats_totals *totals)
{
	*totals = totals_of(stats);
}

struct each_row {
	int worker;
	void (*row)(void *arg, const struct stats_row *row);
	void *arg;
};

static void
tell_row(void *arg, const struct strmap_entry *entry)
{
	const struct each_row *each = arg;
	const struct stats_count *count = entry->value;
	struct stats_row row = { .worker = each->worker, .name = strmap_key(entry) };
	struct slice key = { entry->key + 1, entry->key_len - 1 };
	const char *at = memchr(key.data, '@', key.len);

	if (entry->key[0] != KIND_PUT && entry->key[0] != KIND_GET)
		return;
	row.topic = key;
	if (entry->key[0] == KIND_GET && at != NULL) {
		row.topic.len = (size_t)(at - key.data);
		row.group = (struct slice){ at + 1, key.len - row.topic.len - 1 };
	}
	row.n = count->n;
	row.bytes = count->bytes;
	each->row(each->arg, &row);
}

void
stats_each(struct stats *stats, void (*row)(void *arg, const struct stats_row *row), void *arg)
{
	for (int i = 0; i < stats->n_parts; i++) {
		struct part *part = &stats->parts[i];
		struct each_row each = { i, row, arg };
		struct strmap_cursor cursor = { 0 };
		bool more = true;

		while (more) {
			pthread_mutex_lock(&part->lock);
			more = strmap_visit(&part->counts, &cursor, ROWS_A_LOCK, tell_row, &each);
			pthread_mutex_unlock(&part->lock);
		}
	}
}

static const int windows[STATS_WINDOWS] = { 10, 60, 600 };

static double
rate(uint64_t before, uint64_t now, int64_t ms)
{
	return ms > 0 ? (double)(now - before) * 1000 / (double)ms : 0;
}

static void
fill_rates(const struct stats *stats, struct stats_summary *summary)
{
	if (stats->n_seconds == 0)
		return;
	const struct second *last = &stats->seconds[(stats->n_seconds - 1) % SECONDS_KEPT];

	for (int i = 0; i < STATS_WINDOWS; i++) {
		size_t back = (size_t)windows[i] < stats->n_seconds ? (size_t)windows[i]
		                                                    : stats->n_seconds - 1;
		const struct second *first =
		    &stats->seconds[(stats->n_seconds - 1 - back) % SECONDS_KEPT];
		int64_t ms = last->at_ms - first->at_ms;

		summary->put_tps[i] = rate(first->puts, last->puts, ms);
		summary->found_tps[i] = rate(first->found, last->found, ms);
		summary->missed_tps[i] = rate(first->missed, last->missed, ms);
		summary->got_tps[i] = rate(first->got, last->got, ms);
	}
}

void
stats_summarize(struct stats *stats, struct stats_summary *summary)
{
	uint64_t latencies[STATS_LATENCIES] = { 0 };

	*summary = (struct stats_summary){ 0 };
	pthread_mutex_lock(&stats->lock);
	summary->totals = totals_of(stats);
	for (int i = 0; i < stats->n_parts; i++) {
		const struct part *part = &stats->parts[i];

		pthread_mutex_lock(&stats->parts[i].lock);
		for (size_t j = 0; j < STATS_BUCKETS; j++)
			summary->put_times[j] += part->put_times[j];
		for (size_t j = 0; j < STATS_LATENCIES; j++)
			latencies[j] += part->latencies[j];
		pthread_mutex_unlock(&stats->parts[i].lock);
	}
	fill_rates(stats, summary);
	summary->put_yesterday_morning = stats->put_yesterday_morning;
	summary->put_today_morning = stats->put_today_morning;
	summary->got_yesterday_morning = stats->got_yesterday_morning;
	summary->got_today_morning = stats->got_today_morning;
	pthread_mutex_unlock(&stats->lock);
	summary->put_latency_99_ms = stats_latency_ms(latencies, 0.99);
	summary->put_latency_999_ms = stats_latency_ms(latencies, 0.999);
}
