#ifndef COMMON_METRICS_TEXT_H
#define COMMON_METRICS_TEXT_H

/*
 * Metrics as text: OpenMetrics 1.0.0, or Prometheus' text format 0.0.4 for clients that do not ask
 * for the former. Both say the same; a counter's family has no _total in OpenMetrics, and its text
 * ends with # EOF. One thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/http/http.h"

enum metric_type {
	METRIC_GAUGE,
	METRIC_COUNTER, /* its name ends in _total */
	METRIC_HISTOGRAM,
};

struct metrics_text {
	struct buf text;
	bool open_metrics;
	const char *family; /* the last one */
	bool first;         /* no label of the sample yet */
};

/* The format that the client asked for. */
void metrics_begin(struct metrics_text *metrics, const struct http_exchange *exchange);
/* A family; its samples follow, and belong together. */
void metrics_family(
    struct metrics_text *metrics, const char *name, enum metric_type type, const char *help);
/* A sample: its name is that of the family and the suffix. Labels follow, then the value. */
void metrics_sample(struct metrics_text *metrics, const char *suffix);
void metrics_label(struct metrics_text *metrics, const char *name, struct slice value);
/* A label as text, and such texts, separated by commas: for what many samples have. */
struct slice metrics_label_text(struct arena *arena, const char *name, struct slice value);
void metrics_labels(struct metrics_text *metrics, struct slice labels);
void metrics_int(struct metrics_text *metrics, int64_t value);
/* With six decimals. */
void metrics_double(struct metrics_text *metrics, double value);
/* A family of one sample without labels. */
void metrics_one(struct metrics_text *metrics, const char *name, enum metric_type type,
    const char *help, double value);
void metrics_answer(struct metrics_text *metrics, struct http_exchange *exchange);

/* What every daemon says: of its process, and of its HTTP server. */
void metrics_of_process(struct metrics_text *metrics);
void metrics_of_http(struct metrics_text *metrics, const struct http_server *server);

#endif
