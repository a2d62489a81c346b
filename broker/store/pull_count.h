#ifndef STORE_PULL_COUNT_H
#define STORE_PULL_COUNT_H

/* Where a pull ends: one rule for the tail, what was read ahead, and the readers. */

#include "broker/store/store.h"

/* How far a pull got; the same rules for tail and readers. */
struct pull_count {
	int32_t n_messages;
	int32_t n_scanned;
	int64_t n_bytes;
	int64_t cost; /* of filters evaluated: filter_cost */
};

/* A pull with a filter stops behind it, so that a loop or a reader is not held up for long. */
#define PULL_COST_MAX 4000000

enum pull_verdict { PULL_TAKE, PULL_SKIP, PULL_STOP };

static inline bool
pull_passes(const struct pull_limits *limits, int32_t code)
{
	for (size_t i = 0; i < limits->n_tag_codes; i++)
		if (limits->tag_codes[i] == code)
			return true;
	return limits->tag_codes == NULL;
}

static inline bool
pull_is_full(const struct pull_limits *limits, const struct pull_count *count, uint32_t size)
{
	if (count->n_messages > 0 && (count->n_messages >= limits->max_messages ||
					 count->n_bytes + size > limits->max_bytes))
		return true;
	return limits->max_scan > 0 && count->n_scanned >= limits->max_scan;
}

/* Asks about the next entry; STOP leaves it for the next pull. */
static inline enum pull_verdict
pull_next(const struct pull_limits *limits, struct pull_count *count, uint32_t size, int32_t code)
{
	if (pull_is_full(limits, count, size))
		return PULL_STOP;
	count->n_scanned++;
	if (!pull_passes(limits, code))
		return PULL_SKIP;
	count->n_messages++;
	count->n_bytes += size;
	return PULL_TAKE;
}

/* The same with limits->filter, about the record itself. One that is cut off does not pass. */
static inline enum pull_verdict
pull_next_filtered(
    const struct pull_limits *limits, struct pull_count *count, const char *record, uint32_t size)
{
	struct slice properties = SLICE_NONE;

	if (pull_is_full(limits, count, size) || count->cost >= PULL_COST_MAX)
		return PULL_STOP;
	count->n_scanned++;
	bool whole = record_properties(record, size, &properties) == 0;

	count->cost += filter_cost(limits->filter, properties.len);
	if (!whole || !filter_matches(limits->filter, properties))
		return PULL_SKIP;
	count->n_messages++;
	count->n_bytes += size;
	return PULL_TAKE;
}

#endif
