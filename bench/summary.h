#ifndef BENCH_SUMMARY_H
#define BENCH_SUMMARY_H

/* What a run found, for people and for programs. */

#include "common/base/buf.h"

struct bench;

void summary_text(const struct bench *bench, struct buf *out);
/* One object and a line end. */
void summary_json(const struct bench *bench, struct buf *out);
/* Open loop: less than 99 % of the rate that was asked for. */
bool summary_is_saturated(const struct bench *bench);

#endif
