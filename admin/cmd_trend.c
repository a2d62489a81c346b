#include "config.h"

/* trend, alarmList: the last 24 hours as brokers keep them, and what is above its threshold. */

#include <stdlib.h>

#include "admin/cmd.h"
#include "common/base/mem.h"
#include "common/base/strmap.h"

#define POINTS_DEFAULT 288
#define SPARK_WIDTH 24
#define UNKNOWN INT64_MIN /* of a point: no broker was at work */

/* ---- trend ---- */

static const struct flag trend_flags[] = {
	FLAG_BROKER,
	FLAG_CLUSTER,
	{ 't', "topic", FLAG_TEXT, "LIST", 0, 0, 0,
	    "of these topics, separated by ,; * stands for all" },
	{ 'g', "group", FLAG_TEXT, "LIST", 0, 0, 0,
	    "of these consumer groups; without -t and -g, of brokers" },
	{ 'p', "points", FLAG_INT, "N", 0, 1, 288,
	    "points of time, a divisor of 288 (default 288: each five minutes)" },
	{ 'm', "maxNum", FLAG_INT, "N", 0, 1, 100000,
	    "with *: so many series at once (default: as many as fit)" },
	{ 'a', "after", FLAG_TEXT, "NAME", 0, 0, 0,
	    "with *: go on behind this name, the next of the last reply" },
	{ 0 },
};

enum trend_part {
	PART_IN,
	PART_IN_BYTES,
	PART_OUT,
	PART_OUT_BYTES,
	PART_LAG,
	PART_USED,
	PART_TOTAL,
	N_TREND_PARTS
};

static const char *const part_names[N_TREND_PARTS] = { "in", "inBytes", "out", "outBytes", "lag",
	"diskUsed", "diskTotal" };

/* One series over all brokers. */
struct merged {
	int64_t *parts[N_TREND_PARTS]; /* NULL: it has none; arena */
};

struct merge {
	struct admin *admin;
	struct query_trend_header header;
	size_t points;
	int64_t begin_ms, step_ms;
	struct strmap table; /* name -> struct merged */
	struct slice next;   /* the least of the brokers'; absent: that was all */
};

static void
add_part(struct merge *merge, struct merged *series, enum trend_part part, const struct json *list)
{
	struct arena *arena = &merge->admin->arena;
	size_t i = 0;

	if (list == NULL)
		return;
	if (series->parts[part] == NULL) {
		series->parts[part] = arena_alloc(arena, merge->points * sizeof(int64_t));
		for (size_t n = 0; n < merge->points; n++)
			series->parts[part][n] = UNKNOWN;
	}
	for (const struct json *one = list->first; one != NULL && i < merge->points;
	     one = one->next, i++) {
		int64_t *to = &series->parts[part][i], number;

		if (json_int64(one, &number) == 0)
			*to = *to == UNKNOWN ? number : *to + number;
	}
}

static void
add_series(struct merge *merge, const struct json *body)
{
	const struct json *list = json_member(body, "series");

	for (const struct json *one = list != NULL ? list->first : NULL; one != NULL;
	     one = one->next) {
		struct strmap_entry *entry =
		    strmap_get(&merge->table, json_member_text(one, "name"));

		if (entry->value == NULL)
			entry->value = arena_zalloc(&merge->admin->arena, sizeof(struct merged));
		for (int part = 0; part < PART_USED; part++)
			add_part(merge, entry->value, (enum trend_part)part,
			    json_member(one, part_names[part]));
		for (int part = PART_USED; part < N_TREND_PARTS; part++)
			add_part(merge, entry->value, (enum trend_part)part,
			    json_member(body, part_names[part]));
	}
	struct slice next = json_member_text(body, "next");

	if (next.data != NULL && (merge->next.data == NULL || slice_compare(next, merge->next) < 0))
		merge->next = next;
	merge->begin_ms = json_member_int64(body, "begin", merge->begin_ms);
	merge->step_ms = json_member_int64(body, "step", merge->step_ms);
}

static int
ask_trend(struct merge *merge, struct slice address)
{
	struct admin *admin = merge->admin;
	struct admin_request ask = { address, REQUEST_QUERY_TREND, query_trend_header_fields,
		&merge->header, SLICE("") };
	struct twinmq_reply reply;

	if (admin_must(admin, &ask, &reply) == -1)
		return -1;
	const struct json *body = json_parse(&admin->arena, arena_copy(&admin->arena, reply.body));

	if (body == NULL)
		return admin_bad_body(admin, &ask);
	add_series(merge, body);
	return 0;
}

/* A name that one broker has behind its last one may be incomplete: it comes with the next page. */
static bool
is_whole(const struct merge *merge, struct slice name)
{
	return merge->next.data == NULL || slice_compare(name, merge->next) <= 0;
}

static void
put_array(struct json_out *out, const char *key, const int64_t *numbers, size_t n)
{
	json_key(out, key);
	json_open_array(out);
	for (size_t i = 0; i < n; i++)
		if (numbers[i] == UNKNOWN)
			json_put_null(out);
		else
			json_put_int(out, numbers[i]);
	json_close_array(out);
}

static void
write_merged(const struct merge *merge, struct strmap_entry **sorted, struct json_out *out)
{
	json_member_put_int(out, "begin", merge->begin_ms);
	json_member_put_int(out, "step", merge->step_ms);
	json_member_put_slice(out, "kind", merge->header.kind);
	json_key(out, "series");
	json_open_array(out);
	for (size_t i = 0; i < merge->table.n; i++) {
		const struct merged *series = sorted[i]->value;

		if (!is_whole(merge, strmap_key(sorted[i])))
			continue;
		json_open_object(out);
		json_member_put_slice(out, "name", strmap_key(sorted[i]));
		for (int part = 0; part < N_TREND_PARTS; part++)
			if (series->parts[part] != NULL)
				put_array(
				    out, part_names[part], series->parts[part], merge->points);
		json_close_object(out);
	}
	json_close_array(out);
	if (merge->next.data != NULL)
		json_member_put_slice(out, "next", merge->next);
}

/* ---- as text ---- */

static const struct column trend_columns[] = {
	{ "name", "Name", COLUMN_TEXT },
	{ "in", "In", COLUMN_INT },
	{ "out", "Out", COLUMN_INT },
	{ "lag", "Lag now", COLUMN_TEXT },
	{ "hours", "24 hours until now", COLUMN_TEXT },
	{ NULL },
};

static int64_t
sum_of(const struct merge *merge, const int64_t *numbers)
{
	int64_t sum = 0;

	for (size_t i = 0; numbers != NULL && i < merge->points; i++)
		if (numbers[i] != UNKNOWN)
			sum += numbers[i];
	return sum;
}

/* How much moved, one character for each hour. */
static struct slice
spark(const struct merge *merge, const struct merged *series)
{
	static const char heights[] = " .:-=+*#";
	int64_t sums[SPARK_WIDTH] = { 0 }, most = 1;
	char text[SPARK_WIDTH];
	static const enum trend_part moved[] = { PART_IN, PART_OUT };

	for (size_t part = 0; part < 2; part++) {
		const int64_t *numbers = series->parts[moved[part]];

		for (size_t i = 0; numbers != NULL && i < merge->points; i++)
			if (numbers[i] != UNKNOWN)
				sums[i * SPARK_WIDTH / merge->points] += numbers[i];
	}
	for (size_t i = 0; i < SPARK_WIDTH; i++)
		if (sums[i] > most)
			most = sums[i];
	for (size_t i = 0; i < SPARK_WIDTH; i++) {
		double height = (double)sums[i] * (double)(sizeof heights - 2) / (double)most;

		text[i] = sums[i] == 0 ? ' ' : heights[height < 1 ? 1 : (size_t)height];
	}
	return arena_printf(&merge->admin->arena, "|%.*s|", SPARK_WIDTH, text);
}

static void
show_merged(const struct merge *merge, struct strmap_entry **sorted)
{
	struct grid grid;

	grid_open(&grid, &merge->admin->report, "series", trend_columns);
	for (size_t i = 0; i < merge->table.n; i++) {
		const struct merged *series = sorted[i]->value;
		const int64_t *lag = series->parts[PART_LAG];

		if (!is_whole(merge, strmap_key(sorted[i])))
			continue;
		grid_text(&grid, strmap_key(sorted[i]));
		grid_int(&grid, sum_of(merge, series->parts[PART_IN]));
		grid_int(&grid, sum_of(merge, series->parts[PART_OUT]));
		if (lag != NULL && lag[merge->points - 1] != UNKNOWN)
			grid_printf(&grid, "%lld", (long long)lag[merge->points - 1]);
		else
			grid_text(&grid, SLICE("-"));
		grid_text(&grid, spark(merge, series));
	}
	grid_close(&grid);
	if (merge->next.data != NULL)
		report_note(&merge->admin->report, "There are more: -a %.*s", (int)merge->next.len,
		    merge->next.data);
}

/* ---- the command ---- */

static int
read_trend_flags(struct merge *merge)
{
	struct args *args = &merge->admin->args;
	struct slice topics = slice_trim(slice_of(args_text(args, 't')));
	struct slice groups = slice_trim(slice_of(args_text(args, 'g')));

	if (args_has(args, 't') && args_has(args, 'g'))
		return admin_misuse(
		    merge->admin, "-t (--topic) and -g (--group) exclude each other");
	merge->points = (size_t)args_number(args, 'p', POINTS_DEFAULT);
	if (POINTS_DEFAULT % merge->points != 0)
		return admin_misuse(merge->admin, "-p (--points) must divide %d", POINTS_DEFAULT);
	merge->header = (struct query_trend_header){
		.kind = args_has(args, 't')   ? SLICE("topic")
		        : args_has(args, 'g') ? SLICE("group")
		                              : SLICE("broker"),
		.name = args_has(args, 't') ? topics : groups,
		.after = slice_of(args_text(args, 'a')),
		.points = (int32_t)merge->points,
		.limit = (int32_t)args_number(args, 'm', 0),
	};
	if (slice_is(merge->header.name, "*"))
		merge->header.name = SLICE_NONE;
	return 0;
}

static int
trend_run(struct admin *admin)
{
	struct merge merge = { .admin = admin };
	struct targets targets;
	size_t n_failed = 0;

	if (read_trend_flags(&merge) == -1 || admin_targets(admin, TARGET_MASTERS, &targets) == -1)
		return -1;
	for (size_t i = 0; i < targets.n; i++)
		n_failed += ask_trend(&merge, targets.list[i].address) == -1;
	struct strmap_entry **sorted = strmap_sorted(&merge.table);

	if (n_failed == targets.n)
		;
	else if (admin->report.as_json)
		write_merged(&merge, sorted, report_json(&admin->report));
	else
		show_merged(&merge, sorted);
	free(sorted);
	strmap_release(&merge.table, NULL);
	return n_failed == targets.n ? -1 : 0;
}

/* ---- alarmList ---- */

static const struct flag alarm_list_flags[] = {
	FLAG_BROKER,
	FLAG_CLUSTER,
	{ 'e', "ended", FLAG_SWITCH, NULL, 0, 0, 0, "those that ended lately, too" },
	{ 0 },
};

static const struct column alarm_columns[] = {
	{ "broker", "Broker", COLUMN_TEXT },
	{ "kind", "Kind", COLUMN_TEXT },
	{ "subject", "Subject", COLUMN_TEXT },
	{ "value", "Value", COLUMN_INT },
	{ "threshold", "Threshold", COLUMN_INT },
	{ "unit", "Unit", COLUMN_TEXT },
	{ "since", "Since", COLUMN_TIME },
	{ "until", "Until", COLUMN_TIME },
	{ NULL },
};

static void
put_alarms(struct grid *grid, struct slice broker, const struct json *list)
{
	for (const struct json *one = list != NULL ? list->first : NULL; one != NULL;
	     one = one->next) {
		grid_text(grid, broker);
		grid_text(grid, json_member_text(one, "kind"));
		grid_text(grid, json_member_text(one, "subject"));
		grid_int(grid, json_member_int64(one, "value", 0));
		grid_int(grid, json_member_int64(one, "threshold", 0));
		grid_text(grid, json_member_text(one, "unit"));
		grid_int(grid, json_member_int64(one, "since", 0));
		grid_int(grid, json_member_int64(one, "until", 0));
	}
}

static int
alarm_list_run(struct admin *admin)
{
	struct targets targets;
	struct grid grid;
	size_t n_failed = 0;

	if (admin_targets(admin, TARGET_MASTERS, &targets) == -1)
		return -1;
	grid_open(&grid, &admin->report, "alarms", alarm_columns);
	for (size_t i = 0; i < targets.n; i++) {
		const struct target *target = &targets.list[i];
		struct admin_request ask = { .address = target->address,
			.code = REQUEST_LIST_ALARMS };
		struct twinmq_reply reply;
		const struct json *body = NULL;

		if (admin_must(admin, &ask, &reply) == 0)
			body = json_parse(&admin->arena, arena_copy(&admin->arena, reply.body));
		n_failed += body == NULL;
		struct slice name = target->name.data != NULL ? target->name : target->address;

		put_alarms(&grid, name, json_member(body, "alarms"));
		if (args_has(&admin->args, 'e'))
			put_alarms(&grid, name, json_member(body, "ended"));
	}
	grid_close(&grid);
	return n_failed == targets.n ? -1 : 0;
}

const struct subcommand trend_commands[] = {
	{ "trend", trend_flags, trend_run,
	    "show what moved in the last 24 hours: brokers, topics, groups and their lag",
	    HTTP_MAY_READ },
	{ "alarmList", alarm_list_flags, alarm_list_run,
	    "list alarms: lags, disks and parked transactions above their thresholds",
	    HTTP_MAY_READ },
	{ NULL },
};
