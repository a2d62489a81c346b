#include "config.h"

#include "bench/judge.h"

#include <stdlib.h>

#include "common/base/mem.h"

#define NOISE_LOAD "aa"

/* A figure of all runs of a load by one side, in their order; the caller frees. */
static double *
collect(
    const struct sheet *sheet, struct slice load, struct slice side, struct slice figure, size_t *n)
{
	double *values = mem_alloc((sheet->n_runs + 1) * sizeof *values);

	*n = 0;
	for (size_t i = 0; i < sheet->n_runs; i++) {
		const struct run *run = &sheet->runs[i];
		double value;

		if (!slice_equal(run->load, load) || !slice_equal(run->side, side))
			continue;
		value = run_figure(run, figure);
		if (!isnan(value))
			values[(*n)++] = value;
	}
	return values;
}

static double
median_figure(const struct sheet *sheet, struct slice load, struct slice side, struct slice figure)
{
	size_t n;
	double *values = collect(sheet, load, side, figure, &n);
	double median = median_of(values, n);

	free(values);
	return median;
}

static struct side_figures
figures_of(const struct sheet *sheet, const struct sheet_line *line, struct slice side)
{
	return (struct side_figures){
		.side = side,
		.value = median_figure(sheet, line->load, side, line->figure),
		.cpu_us =
		    median_figure(sheet, line->load, side, SLICE("brokers.cpu_us_per_message")),
		.anonymous_bytes = median_figure(
		    sheet, line->load, side, SLICE("brokers.anonymous_bytes_highest")),
		.written_bytes = median_figure(
		    sheet, line->load, side, SLICE("brokers.written_bytes_per_message")),
		.ratio = NAN,
		.interval = { NAN, NAN },
	};
}

/* The k-th run of ours in a block belongs to their k-th: A B B A makes two pairs. */
static void
compare_pairs(const struct sheet *sheet, const struct sheet_line *line, struct side_figures *other)
{
	size_t n_ours, n_theirs;
	double *ours = collect(sheet, line->load, SLICE(SHEET_OURS), line->figure, &n_ours);
	double *theirs = collect(sheet, line->load, other->side, line->figure, &n_theirs);
	size_t n = n_ours < n_theirs ? n_ours : n_theirs;

	for (size_t i = 0; i < n; i++)
		if (theirs[i] > 0)
			ours[other->n_pairs++] = ours[i] / theirs[i];
	other->ratio = median_of(ours, other->n_pairs);
	other->interval = bootstrap_of_median(ours, other->n_pairs);
	free(ours);
	free(theirs);
}

double
judge_advantage(const struct sheet_line *line, double ratio)
{
	return line->higher_is_better ? ratio : 1 / ratio;
}

static bool
reaches(const struct sheet_line *line, double value, double wanted)
{
	return line->higher_is_better ? value >= wanted : value <= wanted;
}

static enum verdict
verdict_of(const struct judgement *judgement)
{
	const struct sheet_line *line = judgement->line;
	double value = line->of_ratio
	                   ? judgement->strongest != NULL ? judgement->strongest->ratio : NAN
	                   : judgement->ours.value;

	if (isnan(value) || (isnan(line->target) && isnan(line->stretch)))
		return VERDICT_NONE;
	if (!isnan(line->stretch) && reaches(line, value, line->stretch))
		return VERDICT_STRETCH;
	if (isnan(line->target))
		return VERDICT_NONE;
	return reaches(line, value, line->target) ? VERDICT_MET : VERDICT_MISSED;
}

/* Ours, or one that was seen already. */
static bool
is_known(const struct judgement *judgement, struct slice side)
{
	for (size_t i = 0; i < judgement->n_others; i++)
		if (slice_equal(judgement->others[i].side, side))
			return true;
	return slice_is(side, SHEET_OURS);
}

bool
judge_line(const struct sheet *sheet, const struct sheet_line *line, struct judgement *out)
{
	*out = (struct judgement){
		.line = line,
		.ours = figures_of(sheet, line, SLICE(SHEET_OURS)),
	};
	for (size_t i = 0; i < sheet->n_runs && out->n_others < OPPONENTS_MAX; i++) {
		const struct run *run = &sheet->runs[i];
		struct side_figures *other = &out->others[out->n_others];

		if (!slice_equal(run->load, line->load) || is_known(out, run->side))
			continue;
		*other = figures_of(sheet, line, run->side);
		compare_pairs(sheet, line, other);
		out->n_others++;
	}
	for (size_t i = 0; i < out->n_others; i++) {
		struct side_figures *other = &out->others[i];

		if (other->n_pairs != 0 &&
		    (out->strongest == NULL || judge_advantage(line, other->ratio) <
						   judge_advantage(line, out->strongest->ratio)))
			out->strongest = other;
	}
	/* Without pairs (nothing failed, say) the figure alone is shown. */
	if (out->strongest == NULL && out->n_others != 0)
		out->strongest = &out->others[0];
	out->verdict = verdict_of(out);
	return !isnan(out->ours.value);
}

bool
judge_noise(const struct sheet *sheet, struct judgement *out, bool *noisy)
{
	for (size_t i = 0; i < sheet->n_lines; i++)
		if (slice_is(sheet->lines[i].load, NOISE_LOAD) &&
		    judge_line(sheet, &sheet->lines[i], out) && out->strongest != NULL) {
			*noisy = !(out->strongest->ratio >= AGREES_LOW &&
				   out->strongest->ratio <= AGREES_HIGH);
			return true;
		}
	return false;
}
