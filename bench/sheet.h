#ifndef BENCH_SHEET_H
#define BENCH_SHEET_H

/*
 * What bench/compare wants to know (a row a line of the table) and what it measured (a line a run),
 * as read from its files. One thread; all text lives in the sheet's arena.
 */

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/json/json.h"

#define SHEET_OURS "a" /* the side that all is about */

enum unit {
	UNIT_RATE, /* a second */
	UNIT_US,
	UNIT_MS,
	UNIT_BYTES,
	UNIT_COUNT,
};

struct sheet_line {
	struct slice id, load, figure, what;
	enum unit unit;
	bool higher_is_better;
	bool of_ratio;          /* the target is a ratio to the other side, else a figure of ours */
	double target, stretch; /* NAN: none */
};

struct run {
	struct slice load, side;
	int64_t block;
	const struct json *json;
};

struct side_label {
	struct slice side, label;
};

struct sheet {
	struct arena arena;
	struct buf lines_text, results_text;
	struct sheet_line *lines;
	size_t n_lines;
	struct run *runs;
	size_t n_runs;
	struct side_label *labels;
	size_t n_labels;
	struct slice *notes;
	size_t n_notes;
	struct slice title, when, machine, version;
	struct slice incomplete; /* why it is not all that was wanted; absent when it is */
};

/* 0, or -1 after one line on stderr that says what is wrong where. */
int sheet_read(struct sheet *sheet, const char *lines_path, const char *results_path);
/* The same from texts, which are copied. */
int sheet_take(struct sheet *sheet, struct slice lines, struct slice results);
void sheet_release(struct sheet *sheet);
/* As people call it. */
struct slice sheet_label(const struct sheet *sheet, struct slice side);
/* A number in the JSON of a run by its path, with dots; NAN when it is not there. */
double run_figure(const struct run *run, struct slice path);

#endif
