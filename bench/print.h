#ifndef BENCH_PRINT_H
#define BENCH_PRINT_H

/* A sheet as a table (Markdown that is readable as it is), as JSON, and as a chart. */

#include "bench/judge.h"
#include "common/base/buf.h"

void print_table(const struct sheet *sheet, struct buf *out);
void print_json(const struct sheet *sheet, struct buf *out);
void print_svg(const struct sheet *sheet, struct buf *out);

/* For all of them: a figure with its unit, as short as it can be read. Nothing for NAN. */
void print_value(enum unit unit, double value, struct buf *out);
/* What is to be reached: "at least 3 (5)". */
void print_target(const struct sheet_line *line, struct buf *out);
/* Whether all of it is there and the machine is quiet enough, as sentences */
void print_state(const struct sheet *sheet, struct buf *out);

#endif
