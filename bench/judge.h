#ifndef BENCH_JUDGE_H
#define BENCH_JUDGE_H

/*
 * What a line of the table says: runs that took turns are compared in pairs, and the median of
 * their ratios counts. Any thread.
 */

#include "bench/bootstrap.h"
#include "bench/sheet.h"

#define OPPONENTS_MAX 4
/* Between these a broker and itself must be, or nothing can be concluded. */
#define AGREES_LOW 0.95
#define AGREES_HIGH 1.05

enum verdict {
	VERDICT_NONE, /* there is no target, or nothing to hold against it */
	VERDICT_MISSED,
	VERDICT_MET,
	VERDICT_STRETCH,
};

/* Medians of a side's runs; NAN: not known */
struct side_figures {
	struct slice side;
	double value, cpu_us, anonymous_bytes, written_bytes;
	/* ours divided by theirs */
	double ratio;
	struct interval interval;
	size_t n_pairs;
};

struct judgement {
	const struct sheet_line *line;
	struct side_figures ours;
	struct side_figures others[OPPONENTS_MAX];
	size_t n_others;
	const struct side_figures *strongest; /* of the others, NULL when there is none */
	enum verdict verdict;
};

/* False when there is no run of ours. */
bool judge_line(const struct sheet *sheet, const struct sheet_line *line, struct judgement *out);
/* How often better than the other side: more than 1 is good, whatever is measured. */
double judge_advantage(const struct sheet_line *line, double ratio);
/* TwinMQ against itself; false when that was not measured. */
bool judge_noise(const struct sheet *sheet, struct judgement *out, bool *noisy);

#endif
