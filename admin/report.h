#ifndef ADMIN_REPORT_H
#define ADMIN_REPORT_H

/*
 * The result of a command, as text for people or as one JSON document. The command reports facts
 * (name and value), grids (rows and columns), lists and notes. In text, facts and columns are
 * aligned; in JSON, all are members of one object. Nothing is written before report_print, so a
 * command that fails prints no partial result. Texts are copied. One thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/json/json.h"
#include "common/protocol/command.h"

struct report {
	bool as_json;
	struct buf buf;
	struct json_out json;
	struct arena arena;
};

void report_init(struct report *report, bool as_json);
void report_release(struct report *report);
/* The whole report; lent until report_release. Nothing can be reported afterwards. */
struct slice report_finish(struct report *report);
/* The same, to stdout; 0, or -1 when that failed. */
int report_print(struct report *report);

/* "Title:   value"; in JSON a member with that key. */
void report_text(struct report *report, const char *key, const char *title, struct slice value);
void report_int(struct report *report, const char *key, const char *title, int64_t value);
/* ms since 1970, in text as local time. */
void report_time(struct report *report, const char *key, const char *title, int64_t ms);
/* A line of text; left out in JSON. */
void report_note(struct report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Texts, one on a line; in JSON an array. */
void report_list(struct report *report, const char *key, const struct slice *items, size_t n);
/* The same, sorted. */
void report_names(struct report *report, const char *key, const struct slice *names, size_t n);
/* "key   value" for each, sorted, below the title; in JSON an object under that title. */
void report_pairs(struct report *report, struct slice title, const struct ext *pairs, size_t n);
/* In JSON an array of that key, whose elements are entered with key NULL. */
void report_open_list(struct report *report, const char *key);
void report_close_list(struct report *report);
/* Facts until report_leave belong to an object of that key; in text its title (NULL: none) stands
 * above them. */
void report_enter(struct report *report, const char *key, const char *title);
void report_leave(struct report *report);
/* The JSON writer, for data with a JSON form of its own; NULL when the report is text. */
struct json_out *report_json(struct report *report);

enum column_type {
	COLUMN_TEXT,
	COLUMN_INT,
	COLUMN_SIZE, /* a number that is shown as - when it is 0 */
	COLUMN_TIME, /* ms; 0 is shown as - */
};

struct column {
	const char *key;
	const char *title;
	enum column_type type;
};

struct cell {
	struct slice text; /* COLUMN_TEXT */
	int64_t number;    /* the others */
};

/* Rows of one grid; columns end at key == NULL. Cells are put row by row, left to right. */
struct grid {
	struct report *report;
	const char *key;
	const struct column *columns;
	size_t n_columns;
	struct cell *cells;
	size_t n_cells, cap_cells;
};

void grid_open(
    struct grid *grid, struct report *report, const char *key, const struct column *columns);
void grid_text(struct grid *grid, struct slice text);
void grid_printf(struct grid *grid, const char *format, ...) __attribute__((format(printf, 2, 3)));
void grid_int(struct grid *grid, int64_t number);
size_t grid_rows(const struct grid *grid);
/* Whether a row from first_row on has the texts a and b in these two columns. */
bool grid_has(const struct grid *grid, size_t first_row, size_t column_a, struct slice a,
    size_t column_b, struct slice b);
/* Sorts the rows by their first `by` columns. */
void grid_sort(struct grid *grid, size_t by);
/* Adds the grid to its report and frees it. */
void grid_close(struct grid *grid);

/* "yyyy-MM-dd HH:mm:ss,SSS" in local time; 0 and less: "-". Into the arena. */
struct slice time_text(struct arena *arena, int64_t ms);

#endif
