#include "config.h"

#include "bench/sheet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

#define LINE_FIELDS 9
#define RUN_FIELDS 4

static int
complain(const char *where, struct slice line)
{
	fprintf(stderr, "mqbench-report: %s is not understood: %.*s\n", where,
	    line.len > 200 ? 200 : (int)line.len, line.data);
	return -1;
}

/* How many fields there are; at most max are filled. */
static size_t
split(struct slice line, char separator, size_t max, struct slice fields[])
{
	struct slice part;
	size_t n = 0;

	while (slice_next(&line, separator, &part)) {
		if (n < max)
			fields[n] = slice_trim(part);
		n++;
	}
	return n;
}

/* NAN for anything else. */
static double
number_of(struct slice text)
{
	double number;

	return slice_to_double(text, &number) == 0 ? number : NAN;
}

static int
unit_of(struct slice text, enum unit *unit)
{
	static const char *const names[] = {
		[UNIT_RATE] = "rate",
		[UNIT_US] = "us",
		[UNIT_MS] = "ms",
		[UNIT_BYTES] = "bytes",
		[UNIT_COUNT] = "count",
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (slice_is(text, names[i])) {
			*unit = (enum unit)i;
			return 0;
		}
	return -1;
}

/* id | load | figure | unit | better | of | target | stretch | what */
static int
take_line(struct sheet *sheet, struct slice text)
{
	struct slice fields[LINE_FIELDS];
	struct sheet_line *line;

	sheet->lines = mem_realloc(sheet->lines, (sheet->n_lines + 1) * sizeof *sheet->lines);
	line = &sheet->lines[sheet->n_lines];
	if (split(text, '|', LINE_FIELDS, fields) != LINE_FIELDS ||
	    unit_of(fields[3], &line->unit) == -1)
		return complain("a line of the table", text);
	line->id = fields[0];
	line->load = fields[1];
	line->figure = fields[2];
	line->higher_is_better = slice_is(fields[4], "higher");
	line->of_ratio = slice_is(fields[5], "ratio");
	line->target = number_of(fields[6]);
	line->stretch = number_of(fields[7]);
	line->what = fields[8];
	sheet->n_lines++;
	return 0;
}

/* load TAB side TAB block TAB JSON */
static int
take_run(struct sheet *sheet, struct slice text)
{
	struct slice fields[RUN_FIELDS];
	struct run *run;

	sheet->runs = mem_realloc(sheet->runs, (sheet->n_runs + 1) * sizeof *sheet->runs);
	run = &sheet->runs[sheet->n_runs];
	if (split(text, '\t', RUN_FIELDS, fields) != RUN_FIELDS ||
	    slice_to_int64(fields[2], &run->block) == -1 ||
	    (run->json = json_parse(&sheet->arena, fields[3])) == NULL)
		return complain("a run", text);
	run->load = fields[0];
	run->side = fields[1];
	sheet->n_runs++;
	return 0;
}

/* #name TAB value: what there is to say about all of it */
static int
take_remark(struct sheet *sheet, struct slice text)
{
	const struct {
		const char *name;
		struct slice *value;
	} values[] = {
		{ "#title", &sheet->title },
		{ "#when", &sheet->when },
		{ "#machine", &sheet->machine },
		{ "#version", &sheet->version },
		{ "#incomplete", &sheet->incomplete },
	};
	struct slice fields[3] = { SLICE(""), SLICE(""), SLICE("") };
	size_t n = split(text, '\t', 3, fields);

	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
		if (n == 2 && slice_is(fields[0], values[i].name)) {
			*values[i].value = fields[1];
			return 0;
		}
	if (n == 2 && slice_is(fields[0], "#note")) {
		sheet->notes =
		    mem_realloc(sheet->notes, (sheet->n_notes + 1) * sizeof *sheet->notes);
		sheet->notes[sheet->n_notes++] = fields[1];
		return 0;
	}
	if (n == 3 && slice_is(fields[0], "#side")) {
		sheet->labels =
		    mem_realloc(sheet->labels, (sheet->n_labels + 1) * sizeof *sheet->labels);
		sheet->labels[sheet->n_labels++] = (struct side_label){ fields[1], fields[2] };
		return 0;
	}
	return complain("a remark", text);
}

static int
parse(struct sheet *sheet)
{
	struct slice rest = buf_slice(&sheet->lines_text), line;

	while (slice_next(&rest, '\n', &line))
		if (slice_trim(line).len != 0 && line.data[0] != '#' &&
		    take_line(sheet, line) == -1)
			return -1;
	rest = buf_slice(&sheet->results_text);
	while (slice_next(&rest, '\n', &line)) {
		if (slice_trim(line).len == 0)
			continue;
		if ((line.data[0] == '#' ? take_remark : take_run)(sheet, line) == -1)
			return -1;
	}
	return 0;
}

static int
read_file(const char *path, struct buf *text)
{
	FILE *in = fopen(path, "re");
	size_t n = 0;

	if (in == NULL) {
		fprintf(stderr, "mqbench-report: %s: %s\n", path, strerror(errno));
		return -1;
	}
	do {
		text->len += n;
		n = fread(buf_reserve(text, 65536), 1, 65536, in);
	} while (n != 0);
	fclose(in);
	return 0;
}

int
sheet_read(struct sheet *sheet, const char *lines_path, const char *results_path)
{
	*sheet = (struct sheet){ 0 };
	if (read_file(lines_path, &sheet->lines_text) == -1 ||
	    read_file(results_path, &sheet->results_text) == -1)
		return -1;
	return parse(sheet);
}

int
sheet_take(struct sheet *sheet, struct slice lines, struct slice results)
{
	*sheet = (struct sheet){ 0 };
	buf_append_slice(&sheet->lines_text, lines);
	buf_append_slice(&sheet->results_text, results);
	return parse(sheet);
}

void
sheet_release(struct sheet *sheet)
{
	free(sheet->lines);
	free(sheet->runs);
	free(sheet->labels);
	free(sheet->notes);
	buf_release(&sheet->lines_text);
	buf_release(&sheet->results_text);
	arena_release(&sheet->arena);
}

struct slice
sheet_label(const struct sheet *sheet, struct slice side)
{
	for (size_t i = 0; i < sheet->n_labels; i++)
		if (slice_equal(sheet->labels[i].side, side))
			return sheet->labels[i].label;
	return side;
}

double
run_figure(const struct run *run, struct slice path)
{
	const struct json *at = run->json;
	struct slice part;

	while (at != NULL && slice_next(&path, '.', &part)) {
		const struct json *member = at->type == JSON_OBJECT ? at->first : NULL;

		while (member != NULL && !slice_equal(member->name, part))
			member = member->next;
		at = member;
	}
	return at != NULL ? number_of(json_text(at)) : NAN;
}
