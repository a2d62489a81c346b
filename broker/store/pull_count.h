#ifndef STORE_PULL_COUNT_H
#define STORE_PULL_COUNT_H

/* Where a pull ends: one rule for the tail, what was read ahead, and the readers. */

#include "broker/store/store.h"

/* How far a pull got; the same rules for tail and readers. */
struct pull_count {
	int32_t n_messages;
	int32_t n_scanned;
	int64_t n_bytes;
};

enum pull_verdict { PULL_TAKE, PULL_SKIP, PULL_STOP };

static inline bool
pull_passes(const struct pull_limits *limits, int32_t code)
{
	for (size_t i = 0; i < limits->n_tag_codes; i++)
		if (limits->tag_codes[i] == code)
			return true;
	return limits->tag_codes == NULL;
}

/* Asks about the next entry; STOP leaves it for the next pull. */
static inline enum pull_verdict
pull_next(const struct pull_limits *limits, struct pull_count *count, uint32_t size, int32_t code)
{
	if (count->n_messages > 0 && (count->n_messages >= limits->max_messages ||
					 count->n_bytes + size > limits->max_bytes))
		return PULL_STOP;
	if (limits->max_scan > 0 && count->n_scanned >= limits->max_scan)
		return PULL_STOP;
	count->n_scanned++;
	if (!pull_passes(limits, code))
		return PULL_SKIP;
	count->n_messages++;
	count->n_bytes += size;
	return PULL_TAKE;
}

#endif
