#ifndef BENCH_SUMMARY_H
#define BENCH_SUMMARY_H

/* The results of a run, for people and for programs. */

#include "common/base/buf.h"

struct bench;

void summary_text(const struct bench *bench, struct buf *out);
/* One JSON object and a line end. */
void summary_json(const struct bench *bench, struct buf *out);
/* In an open loop: less than 99 % of the wanted rate was reached. */
bool summary_is_saturated(const struct bench *bench);

#endif
