#include "config.h"

/*
 * /dashboard of the old console, from the trends of the brokers: their steps are five minutes where
 * the old console has one, and their last 24 hours where it has whole days.
 */

#include <stdio.h>
#include <time.h>

#include "common/base/clock.h"
#include "console/old.h"

#define STATUS_NO_DATA 1 /* the status of a date without data */
#define DATE_SIZE 11

/* "yyyy-MM-dd" in local time. */
static void
write_date(int64_t at_ms, char date[DATE_SIZE])
{
	time_t at_s = (time_t)(at_ms / 1000);
	struct tm tm;

	localtime_r(&at_s, &tm);
	strftime(date, DATE_SIZE, "%Y-%m-%d", &tm);
}

/* The steps of one series. */
struct series {
	int64_t begin_ms, step_ms;
	const struct json *in, *out; /* arrays of numbers and null */
};

/* One step of the date: "TIME,RATE" of what was read, or the same with sums since midnight. */
typedef void put_step_fn(
    struct json_out *out, int64_t at_ms, const double rates[2], const int64_t sums[2]);

static void
put_broker_step(struct json_out *out, int64_t at_ms, const double rates[2], const int64_t sums[2])
{
	char text[64];

	(void)sums;
	snprintf(text, sizeof text, "%lld,%.5f", (long long)at_ms, rates[1]);
	json_put_text(out, text);
}

static void
put_topic_step(struct json_out *out, int64_t at_ms, const double rates[2], const int64_t sums[2])
{
	char text[160];

	snprintf(text, sizeof text, "%lld,%.5f,%lld,%.5f,%lld", (long long)at_ms, rates[0],
	    (long long)sums[0], rates[1], (long long)sums[1]);
	json_put_text(out, text);
}

/* Sums of the date are in sums afterwards. How many steps the date has. */
static size_t
put_steps(struct json_out *out, const struct series *series, struct slice date, put_step_fn *put,
    int64_t sums[2])
{
	const struct json *in = series->in != NULL ? series->in->first : NULL;
	const struct json *taken = series->out != NULL ? series->out->first : NULL;
	size_t n = 0;

	sums[0] = sums[1] = 0;
	for (int64_t at_ms = series->begin_ms; in != NULL || taken != NULL;
	     at_ms += series->step_ms) {
		int64_t moved[2] = { 0, 0 };
		bool known = json_int64(in, &moved[0]) == 0;
		char at[DATE_SIZE];

		known |= json_int64(taken, &moved[1]) == 0;
		in = in != NULL ? in->next : NULL;
		taken = taken != NULL ? taken->next : NULL;
		write_date(at_ms, at);
		if (!known || !slice_is(date, at))
			continue;
		const double seconds = (double)series->step_ms / 1000;
		const double rates[2] = { (double)moved[0] / seconds, (double)moved[1] / seconds };

		sums[0] += moved[0];
		sums[1] += moved[1];
		if (put != NULL)
			put(out, at_ms, rates, sums);
		n++;
	}
	return n;
}

static struct series
series_of(const struct json *result, const struct json *one)
{
	return (struct series){
		.begin_ms = json_member_int64(result, "begin", 0),
		.step_ms = json_member_int64(result, "step", 300000),
		.in = json_member(one, "in"),
		.out = json_member(one, "out"),
	};
}

static int
fail_without_data(struct old_call *call)
{
	call->status = STATUS_NO_DATA;
	return admin_fail(call->admin, "there are no data of this date: brokers keep 24 hours");
}

/* ---- brokers ---------------------------------------------------------- */

static int
show_brokers(struct old_call *call)
{
	struct targets masters;
	struct slice date;
	size_t n = 0;

	if (old_need(call, "date", &date) == -1 ||
	    admin_cluster_brokers(call->admin, SLICE_NONE, TARGET_MASTERS, &masters) == -1)
		return -1;
	json_open_object(&call->data);
	for (size_t i = 0; i < masters.n; i++) {
		const struct json *result, *list;
		struct slice name = masters.list[i].name;
		int64_t sums[2];

		if (old_command(call, &result, "trend",
			(const char *const[]){ "brokerAddr", old_text(call, name), NULL }) == -1)
			return -1;
		list = json_member(result, "series");
		json_key_slice(&call->data, arena_printf(call->arena, "%.*s:%lld", (int)name.len,
						name.data, (long long)masters.list[i].id));
		struct series series = series_of(result, list != NULL ? list->first : NULL);

		json_open_array(&call->data);
		n += put_steps(&call->data, &series, date, put_broker_step, sums);
		json_close_array(&call->data);
	}
	json_close_object(&call->data);
	return n != 0 ? 0 : fail_without_data(call);
}

/* ---- topics ----------------------------------------------------------- */

/*
 * Calls each with all series of these topics ("*": all), of all brokers together, a page after the
 * other. 0, or -1 after admin_fail.
 */
static int
each_topic(struct old_call *call, struct slice topics,
    void (*each)(struct old_call *call, const struct series *series, struct slice name, void *arg),
    void *arg)
{
	const char *flags[] = { "topic", old_text(call, topics), "clusterName", NULL, "after", NULL,
		NULL };
	const struct json *result, *list;
	struct cluster_info info;

	if (twinmq_cluster_info(call->admin->mq, &call->admin->arena, &info) == -1)
		return admin_fail_call(call->admin);
	for (size_t i = 0; i < info.n_clusters; i++) {
		flags[3] = old_text(call, info.clusters[i].name);
		flags[5] = NULL;
		do {
			if (old_command(call, &result, "trend", flags) == -1)
				return -1;
			list = json_member(result, "series");
			for (const struct json *one = list != NULL ? list->first : NULL;
			     one != NULL && admin_is_within(call->admin); one = one->next) {
				struct series series = series_of(result, one);

				each(call, &series, json_member_text(one, "name"), arg);
			}
			flags[5] = old_text(call, json_member_text(result, "next"));
		} while (flags[5] != NULL && admin_is_within(call->admin));
	}
	return call->admin->failed ? -1 : 0;
}

struct topic_listing {
	struct slice date;
	bool keyed; /* each list is a member with the topic's name */
	size_t n;
};

static void
put_topic(struct old_call *call, const struct series *series, struct slice name, void *arg)
{
	struct topic_listing *listing = arg;
	int64_t sums[2];

	if (slice_starts(name, "%RETRY%") || slice_starts(name, "%DLQ%"))
		return;
	if (!listing->keyed && listing->n != 0)
		return;
	if (listing->keyed)
		json_key_slice(&call->data, name);
	json_open_array(&call->data);
	listing->n += put_steps(&call->data, series, listing->date, put_topic_step, sums);
	json_close_array(&call->data);
}

static int
show_topics(struct old_call *call)
{
	struct slice topic = slice_trim(old_parameter(call, "topicName"));
	struct topic_listing listing = { .keyed = topic.len == 0 };

	if (old_need(call, "date", &listing.date) == -1)
		return -1;
	if (listing.keyed)
		json_open_object(&call->data);
	if (each_topic(call, listing.keyed ? SLICE("*") : topic, put_topic, &listing) == -1)
		return -1;
	if (listing.keyed)
		json_close_object(&call->data);
	return listing.n != 0 ? 0 : fail_without_data(call);
}

/* "TOPIC,READ TODAY" */
static void
put_today(struct old_call *call, const struct series *series, struct slice name, void *arg)
{
	int64_t sums[2];
	char date[DATE_SIZE];

	(void)arg;
	if (slice_starts(name, "%RETRY%") || slice_starts(name, "%DLQ%"))
		return;
	write_date(clock_wall_ms(), date);
	put_steps(&call->data, series, slice_of(date), NULL, sums);
	json_put_slice(&call->data, arena_printf(&call->admin->arena, "%.*s,%lld", (int)name.len,
					name.data, (long long)sums[1]));
}

static int
list_today(struct old_call *call)
{
	json_open_array(&call->data);
	if (each_topic(call, SLICE("*"), put_today, NULL) == -1)
		return -1;
	json_close_array(&call->data);
	return 0;
}

const struct http_route old_dashboard_routes[] = {
	OLD_QUERY("/dashboard/broker.query", show_brokers),
	OLD_QUERY("/dashboard/topic.query", show_topics),
	OLD_QUERY("/dashboard/topicCurrent", list_today),
	{ NULL },
};
