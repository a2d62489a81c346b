#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

/* What a run found, for people and for programs. */

#include "common/buf.h"

struct bench;

void report_text(const struct bench *bench, struct buf *out);
/* One object and a line end. */
void report_json(const struct bench *bench, struct buf *out);
/* Open loop: less than 99 % of the rate that was asked for. */
bool report_is_saturated(const struct bench *bench);

#endif
