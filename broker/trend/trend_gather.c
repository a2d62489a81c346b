#include "config.h"

/* The values of the current step: from the counters, and from the offsets of groups. */

#include <stdlib.h>
#include <string.h>

#include "broker/consumers/progress.h"
#include "broker/state/limit.h"
#include "broker/state/offset.h"
#include "broker/state/stats.h"
#include "broker/store/store.h"
#include "broker/trend/trend_private.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"

#define QUEUES_A_TURN 256
#define ENTRIES_A_LOCK 128

/* ---- series ------------------------------------------------------------------------------ */

/* The place of a series that nobody has any more, or a new one. */
static uint32_t
free_id(struct trends *trends)
{
	for (size_t i = trends->series.n < trends->n_ids ? 0 : trends->n_ids; i < trends->n_ids;
	     i++)
		if (trends->series_by_id[i] == NULL)
			return (uint32_t)i;
	trends->series_by_id =
	    mem_realloc(trends->series_by_id, (trends->n_ids + 1) * sizeof(struct trend_series *));
	return (uint32_t)trends->n_ids++;
}

struct trend_series *
trend_series_get(struct trends *trends, enum trend_kind kind, struct slice name)
{
	char text[256];
	size_t len = 1 + (name.len < sizeof text - 1 ? name.len : sizeof text - 1);

	text[0] = trend_letter(kind);
	if (len > 1)
		memcpy(text + 1, name.data, len - 1);
	struct slice key = { text, len };
	struct trend_series *series = strmap_find(&trends->series, key);

	if (series != NULL)
		return series;
	if (kind != TREND_BROKER &&
	    !limits_allow(trends->broker->limits, LIMIT_TREND_SERIES, trends->series.n + 1))
		return NULL;
	series = mem_zalloc(sizeof *series);
	strmap_put(&trends->series, key, series);
	series->key = strmap_key(strmap_get(&trends->series, key));
	series->id = free_id(trends);
	trends->series_by_id[series->id] = series;
	return series;
}

/* ---- counters ---------------------------------------------------------------------------- */

/* A row that comes twice takes back what it gave before. */
static void
on_row(void *arg, const struct stats_row *row)
{
	struct trends *trends = arg;
	struct strmap_entry *entry = strmap_get(&trends->counters, row->name);
	struct trend_counter *counter = entry->value;

	if (counter == NULL) {
		counter = entry->value = mem_zalloc(sizeof *counter);
		counter->worker = -1;
	}
	if (counter->worker == row->worker) {
		counter->n -= counter->part_n;
		counter->bytes -= counter->part_bytes;
	}
	counter->worker = row->worker;
	counter->part_n = row->n;
	counter->part_bytes = row->bytes;
	counter->n += row->n;
	counter->bytes += row->bytes;
}

static uint64_t
grown(uint64_t begin, uint64_t now)
{
	return now >= begin ? now - begin : now; /* it was forgotten, and began again at 0 */
}

/* The name is a kind and a topic, or a topic@group: see stats_row. */
static void
add_counter(struct trends *trends, struct slice name, const struct trend_counter *counter)
{
	uint64_t n = grown(counter->begin_n, counter->n);
	uint64_t bytes = grown(counter->begin_bytes, counter->bytes);
	struct slice topic = { name.data + 1, name.len - 1 };
	const char *at = memchr(topic.data, '@', topic.len);
	struct slice group =
	    at != NULL ? (struct slice){ at + 1, topic.len - (size_t)(at - topic.data) - 1 }
		       : SLICE_NONE;
	struct trend_series *series;

	if (n == 0)
		return;
	if (at != NULL)
		topic.len = (size_t)(at - topic.data);
	series = trend_series_get(trends, TREND_TOPIC, topic);
	if (series != NULL && at == NULL) {
		series->now.in += n;
		series->now.in_bytes += bytes;
	} else if (series != NULL) {
		series->now.out += n;
		series->now.out_bytes += bytes;
	}
	series = at != NULL ? trend_series_get(trends, TREND_GROUP, group) : NULL;
	if (series != NULL) {
		series->now.out += n;
		series->now.out_bytes += bytes;
	}
}

static void
gather_broker(struct trends *trends)
{
	struct trend_series *series =
	    trend_series_get(trends, TREND_BROKER, slice_of(trends->broker->settings->broker_name));
	struct stats_totals totals;
	struct store_stats stats;

	stats_get_totals(trends->broker->stats, &totals);
	series->now.in = totals.put_messages - trends->broker_begin[0];
	series->now.in_bytes = totals.put_bytes - trends->broker_begin[1];
	series->now.out = totals.got_messages - trends->broker_begin[2];
	series->now.out_bytes = totals.got_bytes - trends->broker_begin[3];
	store_get_stats(trends->broker->store, &stats);
	trends->disk = (struct trend_disk){ stats.disk_total - stats.disk_free, stats.disk_total };
}

void
trend_gather_counts(struct trends *trends)
{
	for (struct strmap_entry *at = strmap_next(&trends->counters, NULL); at != NULL;
	     at = strmap_next(&trends->counters, at)) {
		struct trend_counter *counter = at->value;

		counter->n = counter->bytes = 0;
		counter->worker = -1;
	}
	for (size_t i = 0; i < trends->n_ids; i++)
		if (trends->series_by_id[i] != NULL)
			trends->series_by_id[i]->now =
			    (struct trend_value){ .lag = trends->series_by_id[i]->now.lag };
	stats_each(trends->broker->stats, on_row, trends);
	for (struct strmap_entry *at = strmap_next(&trends->counters, NULL); at != NULL;
	     at = strmap_next(&trends->counters, at))
		add_counter(trends, strmap_key(at), at->value);
	gather_broker(trends);
}

void
trend_gather_next(struct trends *trends)
{
	for (struct strmap_entry *at = strmap_next(&trends->counters, NULL), *next; at != NULL;
	     at = next) {
		struct trend_counter *counter = at->value;

		next = strmap_next(&trends->counters, at);
		counter->begin_n = counter->n;
		counter->begin_bytes = counter->bytes;
		if (counter->worker == -1) /* forgotten meanwhile */
			free(strmap_remove(&trends->counters, at));
	}
	const struct trend_series *broker =
	    trend_series_get(trends, TREND_BROKER, slice_of(trends->broker->settings->broker_name));

	trends->broker_begin[0] += broker->now.in;
	trends->broker_begin[1] += broker->now.in_bytes;
	trends->broker_begin[2] += broker->now.out;
	trends->broker_begin[3] += broker->now.out_bytes;
	for (size_t i = 0; i < trends->n_ids; i++)
		if (trends->series_by_id[i] != NULL)
			trends->series_by_id[i]->now =
			    (struct trend_value){ .lag = trends->series_by_id[i]->now.lag };
}

/* ---- lags: the thread asks ---------------------------------------------------------------- */

struct lag_names {
	struct trend_lags *lags;
	struct slice group;
	struct client_group *online; /* NULL: the group is not connected */
};

static void
on_offset(void *arg, const struct offset_row *row)
{
	struct lag_names *names = arg;
	struct trend_lags *lags = names->lags;
	const struct trend_lag *last = lags->n != 0 ? &lags->list[lags->n - 1] : NULL;

	if (last != NULL && last->group.data == names->group.data &&
	    slice_equal(last->topic, row->topic))
		return;
	if (names->online != NULL && !progress_shows(names->online, row->topic))
		return;
	if (lags->n == lags->cap) {
		lags->cap = lags->cap != 0 ? 2 * lags->cap : 64;
		lags->list = mem_realloc(lags->list, lags->cap * sizeof *lags->list);
	}
	lags->list[lags->n++] =
	    (struct trend_lag){ names->group, arena_copy(&lags->arena, row->topic), 0 };
}

struct group_names {
	struct arena *arena;
	struct slice *list;
	size_t n, cap;
};

static void
on_group(void *arg, struct slice group)
{
	struct group_names *names = arg;

	if (group_is_internal(group))
		return;
	if (names->n == names->cap) {
		names->cap = names->cap != 0 ? 2 * names->cap : 64;
		names->list = mem_realloc(names->list, names->cap * sizeof *names->list);
	}
	names->list[names->n++] = arena_copy(names->arena, group);
}

static int
by_name(const void *a, const void *b)
{
	return slice_compare(*(const struct slice *)a, *(const struct slice *)b);
}

static int
by_group_and_topic(const void *a, const void *b)
{
	const struct trend_lag *left = a, *right = b;
	int order = slice_compare(left->group, right->group);

	return order != 0 ? order : slice_compare(left->topic, right->topic);
}

static void
name_topics(struct trend_lags *lags, struct broker *broker, struct slice group)
{
	struct lag_names names = { .lags = lags, .group = group };
	struct strmap_cursor cursor = { 0 };
	struct arena arena = { 0 };
	struct client_group online;

	if (clients_find_group(broker->clients, group, &arena, &online))
		names.online = &online;
	while (offsets_visit(broker->offsets, group, &cursor, ENTRIES_A_LOCK, on_offset, &names))
		;
	arena_release(&arena);
}

/* Which groups and topics there are; a table that grew meanwhile may have shown some twice. */
static void
name_lags(struct trend_lags *lags, struct broker *broker)
{
	struct group_names groups = { .arena = &lags->arena };
	struct strmap_cursor cursor = { 0 };
	size_t n = 0;

	while (offsets_visit_groups(broker->offsets, &cursor, ENTRIES_A_LOCK, on_group, &groups))
		;
	if (groups.n != 0)
		qsort(groups.list, groups.n, sizeof *groups.list, by_name);
	for (size_t i = 0; i < groups.n; i++)
		if (i == 0 || !slice_equal(groups.list[i], groups.list[i - 1]))
			name_topics(lags, broker, groups.list[i]);
	free(groups.list);
	if (lags->n != 0)
		qsort(lags->list, lags->n, sizeof *lags->list, by_group_and_topic);
	for (size_t i = 0; i < lags->n; i++)
		if (i == 0 || by_group_and_topic(&lags->list[i], &lags->list[n - 1]) != 0)
			lags->list[n++] = lags->list[i];
	lags->n = n;
}

/* ---- lags: loop 0 answers ------------------------------------------------------------------ */

static void
on_lags(struct task *task, void *arg)
{
	struct trend_lags *lags = container_of(task, struct trend_lags, task);
	struct trends *trends = arg;

	for (size_t i = 0; i < trends->n_ids; i++)
		if (trends->series_by_id[i] != NULL)
			trends->series_by_id[i]->now.lag = 0;
	for (size_t i = 0; i < lags->n; i++) {
		const struct trend_lag *one = &lags->list[i];
		struct trend_series *series =
		    one->lag > 0 ? trend_series_get(trends, TREND_GROUP, one->group) : NULL;

		if (series != NULL)
			series->now.lag += one->lag;
	}
	trend_on_surveyed(trends);
}

/* At most n queues of the next topic, which may have more; how many they were, and at least 1. */
static int32_t
measure_some(struct trend_lags *lags, struct worker *worker, int32_t n)
{
	struct trend_lag *one = &lags->list[lags->at];
	struct topic topic;
	int32_t left = 0;

	if (topics_find(worker->broker->topics, one->topic, &topic))
		left = topic.read_queues - lags->queue;
	if (left <= n) {
		n = left > 0 ? left : 0;
		lags->at++;
	}
	one->lag += progress_lag(worker, one->group, one->topic, lags->queue, n);
	lags->queue = left > n ? lags->queue + n : 0;
	return n > 0 ? n : 1;
}

static void
measure_portion(struct task *task, void *arg)
{
	struct trend_lags *lags = container_of(task, struct trend_lags, task);
	struct loop *loop = arg;

	for (int32_t left = QUEUES_A_TURN; lags->at < lags->n && left > 0;)
		left -= measure_some(lags, loop->context, left);
	if (lags->at < lags->n) {
		loop_post(loop, task);
		return;
	}
	task->run = on_lags;
	mailbox_post(&lags->trends->inbox, task);
}

void
trend_gather_lags(struct trends *trends)
{
	struct trend_lags *lags = &trends->lags;

	arena_reset(&lags->arena);
	lags->n = lags->at = 0;
	lags->queue = 0;
	name_lags(lags, trends->broker);
	if (lags->n == 0) {
		on_lags(&lags->task, trends);
		return;
	}
	lags->task.run = measure_portion;
	loop_post(broker_main_loop(trends->broker), &lags->task);
}

void
trend_gather_release(struct trends *trends)
{
	arena_release(&trends->lags.arena);
	free(trends->lags.list);
	strmap_release(&trends->counters, free);
	strmap_release(&trends->series, free);
	free(trends->series_by_id);
}
