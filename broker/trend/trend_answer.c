#include "config.h"

/* The reply to a question: series as arrays, one number for each point of time. */

#include <stdlib.h>

#include "broker/trend/trend_private.h"
#include "common/base/mem.h"
#include "common/json/json.h"

#define CELLS_MAX 100000 /* values in one reply: 4 MB of memory */

struct answer {
	struct trends *trends;
	const struct trend_job *job;
	struct trend_series **series;
	size_t n, cap;
	bool cut;                  /* there are more behind the last one */
	struct trend_value *cells; /* n times points */
	bool *known;               /* of each point: the broker was at work */
	struct trend_disk *disks;
	int64_t begin_ms;
};

/* ---- which ------------------------------------------------------------------------------- */

static void
want(struct answer *answer, struct trend_series *series)
{
	if (series->wanted != 0)
		return;
	if (answer->n == answer->cap) {
		answer->cap = answer->cap != 0 ? 2 * answer->cap : 64;
		answer->series =
		    mem_realloc(answer->series, answer->cap * sizeof(struct trend_series *));
	}
	answer->series[answer->n++] = series;
	series->wanted = answer->n;
}

static int
by_key(const void *a, const void *b)
{
	const struct trend_series *left = *(struct trend_series *const *)a;
	const struct trend_series *right = *(struct trend_series *const *)b;

	return slice_compare(left->key, right->key);
}

static struct slice
name_of(const struct trend_series *series)
{
	return (struct slice){ series->key.data + 1, series->key.len - 1 };
}

static void
want_named(struct answer *answer)
{
	struct slice names = slice_of(answer->job->names), name;

	while (slice_next(&names, ',', &name)) {
		name = slice_trim(name);
		char *key = mem_alloc(name.len + 1);

		key[0] = trend_letter(answer->job->kind);
		if (name.len != 0)
			memcpy(key + 1, name.data, name.len);
		struct trend_series *series =
		    strmap_find(&answer->trends->series, (struct slice){ key, name.len + 1 });

		if (series != NULL)
			want(answer, series);
		free(key);
	}
}

static void
want_all(struct answer *answer)
{
	const struct trends *trends = answer->trends;
	struct slice after = slice_of(answer->job->after != NULL ? answer->job->after : "");

	for (size_t i = 0; i < trends->n_ids; i++) {
		struct trend_series *series = trends->series_by_id[i];

		if (series != NULL && series->key.data[0] == trend_letter(answer->job->kind) &&
		    slice_compare(name_of(series), after) > 0)
			want(answer, series);
	}
}

/* Those of the question in order of names, at most as many as fit; their places are then known. */
static void
choose(struct answer *answer)
{
	size_t most = CELLS_MAX / (size_t)answer->job->points;

	if (answer->job->limit > 0 && (size_t)answer->job->limit < most)
		most = (size_t)answer->job->limit;
	if (answer->job->names != NULL)
		want_named(answer);
	else
		want_all(answer);
	if (answer->n != 0)
		qsort(answer->series, answer->n, sizeof(struct trend_series *), by_key);
	for (size_t i = 0; i < answer->n; i++)
		answer->series[i]->wanted = i < most ? i + 1 : 0;
	answer->cut = answer->n > most;
	if (answer->cut)
		answer->n = most;
}

/* ---- values ------------------------------------------------------------------------------ */

static void
add_value(struct trend_value *to, const struct trend_value *value)
{
	to->in += value->in;
	to->in_bytes += value->in_bytes;
	to->out += value->out;
	to->out_bytes += value->out_bytes;
	if (value->lag > to->lag)
		to->lag = value->lag;
}

/* The place of a step among the points; -1: outside. */
static int64_t
point_of(const struct answer *answer, int64_t step_ms)
{
	int64_t step = (step_ms - answer->begin_ms) / TREND_STEP_MS;

	return step_ms < answer->begin_ms || step >= TREND_STEPS
	           ? -1
	           : step * answer->job->points / TREND_STEPS;
}

static void
on_step(void *arg, const struct trend_row *row)
{
	struct answer *answer = arg;
	int64_t point = point_of(answer, row->step_ms);
	struct slice data = row->data;
	struct trend_value value;
	uint32_t id;

	if (point == -1)
		return;
	answer->known[point] = true;
	answer->disks[point] = row->disk;
	while (trend_data_next(&data, &id, &value)) {
		const struct trend_series *series =
		    id < answer->trends->n_ids ? answer->trends->series_by_id[id] : NULL;

		if (series != NULL && series->wanted != 0)
			add_value(
			    &answer->cells[(series->wanted - 1) * (size_t)answer->job->points +
					   (size_t)point],
			    &value);
	}
}

static void
add_current(struct answer *answer)
{
	int64_t point = point_of(answer, answer->trends->step_ms);

	if (point == -1)
		return;
	answer->known[point] = true;
	answer->disks[point] = answer->trends->disk;
	for (size_t i = 0; i < answer->n; i++)
		add_value(&answer->cells[i * (size_t)answer->job->points + (size_t)point],
		    &answer->series[i]->now);
}

/* ---- the text ---------------------------------------------------------------------------- */

static int64_t
value_in(const struct trend_value *value)
{
	return (int64_t)value->in;
}

static int64_t
value_in_bytes(const struct trend_value *value)
{
	return (int64_t)value->in_bytes;
}

static int64_t
value_out(const struct trend_value *value)
{
	return (int64_t)value->out;
}

static int64_t
value_out_bytes(const struct trend_value *value)
{
	return (int64_t)value->out_bytes;
}

static int64_t
value_lag(const struct trend_value *value)
{
	return value->lag;
}

#define KIND_BIT(kind) (1u << (kind))

static const struct member {
	const char *name;
	int64_t (*get)(const struct trend_value *value);
	unsigned kinds;
} members[] = {
	{ "in", value_in, KIND_BIT(TREND_BROKER) | KIND_BIT(TREND_TOPIC) },
	{ "inBytes", value_in_bytes, KIND_BIT(TREND_BROKER) | KIND_BIT(TREND_TOPIC) },
	{ "out", value_out, ~0u },
	{ "outBytes", value_out_bytes, ~0u },
	{ "lag", value_lag, KIND_BIT(TREND_GROUP) },
};

/* A point at which the broker was not at work is null. */
static void
put_series(struct json_out *out, const struct answer *answer, size_t i)
{
	size_t points = (size_t)answer->job->points;
	const struct trend_value *cells = &answer->cells[i * points];

	json_open_object(out);
	json_member_put_slice(out, "name", name_of(answer->series[i]));
	for (size_t m = 0; m < sizeof members / sizeof *members; m++) {
		if ((members[m].kinds & KIND_BIT(answer->job->kind)) == 0)
			continue;
		json_key(out, members[m].name);
		json_open_array(out);
		for (size_t point = 0; point < points; point++)
			if (answer->known[point])
				json_put_int(out, members[m].get(&cells[point]));
			else
				json_put_null(out);
		json_close_array(out);
	}
	json_close_object(out);
}

static void
put_disk(struct json_out *out, const struct answer *answer, const char *name, bool used)
{
	json_key(out, name);
	json_open_array(out);
	for (int32_t point = 0; point < answer->job->points; point++)
		if (answer->known[point])
			json_put_int(
			    out, used ? answer->disks[point].used : answer->disks[point].total);
		else
			json_put_null(out);
	json_close_array(out);
}

static void
write_answer(const struct answer *answer, struct buf *body)
{
	struct json_out out;

	json_out_init(&out, body);
	json_open_object(&out);
	json_member_put_int(&out, "begin", answer->begin_ms);
	json_member_put_int(&out, "step", TREND_STEP_MS * (TREND_STEPS / answer->job->points));
	json_member_put_text(&out, "kind", trend_kind_name(answer->job->kind));
	json_key(&out, "series");
	json_open_array(&out);
	for (size_t i = 0; i < answer->n; i++)
		put_series(&out, answer, i);
	json_close_array(&out);
	if (answer->job->kind == TREND_BROKER) {
		put_disk(&out, answer, "diskUsed", true);
		put_disk(&out, answer, "diskTotal", false);
	}
	if (answer->cut && answer->n != 0)
		json_member_put_slice(&out, "next", name_of(answer->series[answer->n - 1]));
	json_close_object(&out);
}

void
trend_answer(struct trends *trends, struct trend_job *job)
{
	struct answer answer = { .trends = trends,
		.job = job,
		.begin_ms = trends->step_ms - (TREND_STEPS - 1) * TREND_STEP_MS };
	size_t points = (size_t)job->points;

	choose(&answer);
	answer.cells = mem_zalloc((answer.n * points + 1) * sizeof *answer.cells);
	answer.known = mem_zalloc(points * sizeof *answer.known);
	answer.disks = mem_zalloc(points * sizeof *answer.disks);
	trend_db_each(trends, answer.begin_ms, on_step, &answer);
	add_current(&answer);
	write_answer(&answer, &job->body);
	for (size_t i = 0; i < answer.n; i++)
		answer.series[i]->wanted = 0;
	free(answer.series);
	free(answer.cells);
	free(answer.known);
	free(answer.disks);
}
