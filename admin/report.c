#include "config.h"

#include "admin/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/mem.h"

#define FACT_WIDTH 20 /* columns before the value of a fact */

void
report_init(struct report *report, bool as_json)
{
	*report = (struct report){ .as_json = as_json };
	json_out_init(&report->json, &report->buf);
	if (as_json)
		json_open_object(&report->json);
}

void
report_release(struct report *report)
{
	buf_release(&report->buf);
	arena_release(&report->arena);
}

struct slice
report_finish(struct report *report)
{
	if (report->as_json) {
		json_close_object(&report->json);
		buf_append_char(&report->buf, '\n');
	}
	return buf_slice(&report->buf);
}

int
report_print(struct report *report)
{
	report_finish(report);
	/* The text has no NUL: JSON escapes it, and put_printable prints a ?. */
	return fputs(buf_text(&report->buf), stdout) != EOF && fflush(stdout) == 0 ? 0 : -1;
}

struct slice
time_text(struct arena *arena, int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	char text[32];

	if (ms <= 0 || localtime_r(&seconds, &tm) == NULL)
		return SLICE("-");
	strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm);
	return arena_printf(arena, "%s,%03d", text, (int)(ms % 1000));
}

/* The number of characters in UTF-8 text. */
static size_t
width_of(struct slice text)
{
	size_t width = 0;

	for (size_t i = 0; i < text.len; i++)
		width += ((unsigned char)text.data[i] & 0xC0) != 0x80;
	return width;
}

static void
pad(struct buf *buf, size_t from, size_t to)
{
	while (from++ < to)
		buf_append_char(buf, ' ');
}

/* Replaces control characters other than line ends and tabs, because this goes to a terminal. */
static void
put_printable(struct buf *buf, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		buf_append_char(
		    buf, (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f ? '?' : (char)c);
	}
}

static void
put_title(struct report *report, const char *title)
{
	size_t width = width_of(slice_of(title)) + 1;

	buf_append_text(&report->buf, title);
	buf_append_char(&report->buf, ':');
	pad(&report->buf, width, FACT_WIDTH);
	buf_append_char(&report->buf, ' ');
}

void
report_text(struct report *report, const char *key, const char *title, struct slice value)
{
	if (report->as_json) {
		json_member_put_slice(&report->json, key, value);
		return;
	}
	put_title(report, title);
	put_printable(&report->buf, value);
	buf_append_char(&report->buf, '\n');
}

void
report_int(struct report *report, const char *key, const char *title, int64_t value)
{
	if (report->as_json) {
		json_member_put_int(&report->json, key, value);
		return;
	}
	put_title(report, title);
	buf_append_int(&report->buf, value);
	buf_append_char(&report->buf, '\n');
}

void
report_time(struct report *report, const char *key, const char *title, int64_t ms)
{
	if (report->as_json) {
		json_member_put_int(&report->json, key, ms);
		return;
	}
	report_text(report, key, title, time_text(&report->arena, ms));
}

void
report_note(struct report *report, const char *format, ...)
{
	va_list args;
	char line[1024];

	if (report->as_json)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	put_printable(&report->buf, slice_of(line));
	buf_append_char(&report->buf, '\n');
}

void
report_list(struct report *report, const char *key, const struct slice *items, size_t n)
{
	if (report->as_json) {
		json_key(&report->json, key);
		json_open_array(&report->json);
	}
	for (size_t i = 0; i < n; i++) {
		if (report->as_json) {
			json_put_slice(&report->json, items[i]);
			continue;
		}
		put_printable(&report->buf, items[i]);
		buf_append_char(&report->buf, '\n');
	}
	if (report->as_json)
		json_close_array(&report->json);
}

static int
compare_slices(const void *a, const void *b)
{
	return slice_compare(*(const struct slice *)a, *(const struct slice *)b);
}

void
report_names(struct report *report, const char *key, const struct slice *names, size_t n)
{
	struct slice *sorted = arena_alloc(&report->arena, (n + 1) * sizeof *sorted);

	if (n != 0) {
		memcpy(sorted, names, n * sizeof *sorted);
		qsort(sorted, n, sizeof *sorted, compare_slices);
	}
	report_list(report, key, sorted, n);
}

void
report_open_list(struct report *report, const char *key)
{
	if (!report->as_json)
		return;
	json_key(&report->json, key);
	json_open_array(&report->json);
}

void
report_close_list(struct report *report)
{
	if (report->as_json)
		json_close_array(&report->json);
}

void
report_enter(struct report *report, const char *key, const char *title)
{
	if (report->as_json) {
		if (key != NULL)
			json_key(&report->json, key);
		json_open_object(&report->json);
		return;
	}
	if (report->buf.len != 0)
		buf_append_char(&report->buf, '\n');
	if (title != NULL)
		buf_printf(&report->buf, "%s\n", title);
}

void
report_leave(struct report *report)
{
	if (report->as_json)
		json_close_object(&report->json);
}

struct json_out *
report_json(struct report *report)
{
	return report->as_json ? &report->json : NULL;
}

static int
compare_pairs(const void *a, const void *b)
{
	return slice_compare(((const struct ext *)a)->key, ((const struct ext *)b)->key);
}

static void
put_pairs(struct report *report, struct slice title, const struct ext *pairs, size_t n)
{
	size_t widest = 0;

	for (size_t i = 0; i < n; i++)
		if (width_of(pairs[i].key) > widest)
			widest = width_of(pairs[i].key);
	if (report->buf.len != 0)
		buf_append_char(&report->buf, '\n');
	buf_printf(&report->buf, "%.*s\n", (int)title.len, title.data);
	for (size_t i = 0; i < n; i++) {
		put_printable(&report->buf, pairs[i].key);
		pad(&report->buf, width_of(pairs[i].key), widest + 2);
		put_printable(&report->buf, pairs[i].value);
		buf_append_char(&report->buf, '\n');
	}
}

void
report_pairs(struct report *report, struct slice title, const struct ext *pairs, size_t n)
{
	struct ext *sorted = arena_alloc(&report->arena, (n + 1) * sizeof *sorted);

	if (n != 0) {
		memcpy(sorted, pairs, n * sizeof *sorted);
		qsort(sorted, n, sizeof *sorted, compare_pairs);
	}
	if (!report->as_json) {
		put_pairs(report, title, sorted, n);
		return;
	}
	json_key_slice(&report->json, title);
	json_open_object(&report->json);
	for (size_t i = 0; i < n; i++) {
		json_key_slice(&report->json, sorted[i].key);
		json_put_slice(&report->json, sorted[i].value);
	}
	json_close_object(&report->json);
}

void
grid_open(struct grid *grid, struct report *report, const char *key, const struct column *columns)
{
	*grid = (struct grid){ .report = report, .key = key, .columns = columns };
	while (columns[grid->n_columns].key != NULL)
		grid->n_columns++;
}

static struct cell *
add_cell(struct grid *grid)
{
	if (grid->n_cells == grid->cap_cells) {
		grid->cap_cells = grid->cap_cells != 0 ? 2 * grid->cap_cells : 64;
		grid->cells = mem_realloc(grid->cells, grid->cap_cells * sizeof *grid->cells);
	}
	struct cell *cell = &grid->cells[grid->n_cells++];
	*cell = (struct cell){ 0 };
	return cell;
}

void
grid_text(struct grid *grid, struct slice text)
{
	add_cell(grid)->text = arena_copy(&grid->report->arena, text);
}

void
grid_printf(struct grid *grid, const char *format, ...)
{
	va_list args;
	char text[1024];

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	grid_text(grid, slice_of(text));
}

void
grid_int(struct grid *grid, int64_t number)
{
	add_cell(grid)->number = number;
}

size_t
grid_rows(const struct grid *grid)
{
	return grid->n_cells / grid->n_columns;
}

bool
grid_has(const struct grid *grid, size_t first_row, size_t column_a, struct slice a,
    size_t column_b, struct slice b)
{
	for (size_t row = first_row; row < grid_rows(grid); row++) {
		const struct cell *cells = &grid->cells[row * grid->n_columns];

		if (slice_equal(cells[column_a].text, a) && slice_equal(cells[column_b].text, b))
			return true;
	}
	return false;
}

/* A row with its grid, because qsort's comparison has no argument for the grid. */
struct grid_row {
	const struct grid *grid;
	const struct cell *cells;
	size_t by;
};

static int
compare_rows(const void *left, const void *right)
{
	const struct grid_row *a = left, *b = right;

	for (size_t i = 0; i < a->by; i++) {
		int order = a->grid->columns[i].type == COLUMN_TEXT
		                ? slice_compare(a->cells[i].text, b->cells[i].text)
		                : (a->cells[i].number > b->cells[i].number) -
		                      (a->cells[i].number < b->cells[i].number);

		if (order != 0)
			return order;
	}
	return 0;
}

void
grid_sort(struct grid *grid, size_t by)
{
	size_t n = grid_rows(grid);
	struct grid_row *rows = mem_alloc(n * sizeof *rows);
	struct cell *sorted = mem_alloc(grid->n_cells * sizeof *sorted);

	for (size_t i = 0; i < n; i++)
		rows[i] = (struct grid_row){ grid, &grid->cells[i * grid->n_columns], by };
	qsort(rows, n, sizeof *rows, compare_rows);
	for (size_t i = 0; i < n; i++)
		memcpy(
		    &sorted[i * grid->n_columns], rows[i].cells, grid->n_columns * sizeof *sorted);
	free(rows);
	free(grid->cells);
	grid->cells = sorted;
	grid->cap_cells = grid->n_cells;
}

static void
put_json_rows(const struct grid *grid)
{
	struct json_out *json = &grid->report->json;

	json_key(json, grid->key);
	json_open_array(json);
	for (size_t i = 0; i < grid->n_cells; i++) {
		const struct column *column = &grid->columns[i % grid->n_columns];

		if (i % grid->n_columns == 0)
			json_open_object(json);
		if (column->type == COLUMN_TEXT)
			json_member_put_slice(json, column->key, grid->cells[i].text);
		else
			json_member_put_int(json, column->key, grid->cells[i].number);
		if (i % grid->n_columns == grid->n_columns - 1)
			json_close_object(json);
	}
	json_close_array(json);
}

/* Turns numbers and times into text, for the widths. */
static void
make_texts(struct grid *grid)
{
	struct arena *arena = &grid->report->arena;

	for (size_t i = 0; i < grid->n_cells; i++) {
		struct cell *cell = &grid->cells[i];
		enum column_type type = grid->columns[i % grid->n_columns].type;

		if (type == COLUMN_INT || (type == COLUMN_SIZE && cell->number != 0))
			cell->text = arena_printf(arena, "%lld", (long long)cell->number);
		else if (type == COLUMN_TIME)
			cell->text = time_text(arena, cell->number);
		else if (cell->text.len == 0)
			cell->text = SLICE("-");
	}
}

/* Numbers are aligned right; the last column has no trailing blanks. */
static void
put_cell(const struct grid *grid, size_t column, struct slice text, size_t width)
{
	struct buf *buf = &grid->report->buf;
	bool right =
	    grid->columns[column].type == COLUMN_INT || grid->columns[column].type == COLUMN_SIZE;
	bool last = column == grid->n_columns - 1;

	if (right)
		pad(buf, width_of(text), width);
	put_printable(buf, text);
	if (!right && !last)
		pad(buf, width_of(text), width);
	buf_append_text(buf, last ? "\n" : "  ");
}

static void
put_text_rows(struct grid *grid)
{
	size_t *widths = mem_zalloc(grid->n_columns * sizeof *widths);

	if (grid->report->buf.len != 0)
		buf_append_char(&grid->report->buf, '\n');
	make_texts(grid);
	for (size_t i = 0; i < grid->n_columns; i++)
		widths[i] = width_of(slice_of(grid->columns[i].title));
	for (size_t i = 0; i < grid->n_cells; i++) {
		size_t width = width_of(grid->cells[i].text);

		if (width > widths[i % grid->n_columns])
			widths[i % grid->n_columns] = width;
	}
	for (size_t i = 0; i < grid->n_columns; i++)
		put_cell(grid, i, slice_of(grid->columns[i].title), widths[i]);
	for (size_t i = 0; i < grid->n_cells; i++)
		put_cell(
		    grid, i % grid->n_columns, grid->cells[i].text, widths[i % grid->n_columns]);
	free(widths);
}

void
grid_close(struct grid *grid)
{
	if (grid->report->as_json)
		put_json_rows(grid);
	else
		put_text_rows(grid);
	free(grid->cells);
	grid->cells = NULL;
}
