#ifndef STORE_SEGMENT_CUT_H
#define STORE_SEGMENT_CUT_H

/* Ends a segment at an earlier log position, so that it can be the newest one. At start. */

#include <stdint.h>

#include "broker/store/log/segment.h"

/* A number of the segment's info that is to be no higher than this. */
struct segment_mark {
	char name[16];
	int64_t most;
	bool needed; /* it is set where the segment does not have it */
};

struct segment_cut {
	int64_t position; /* begin of a record, or where the log ends */
	const struct segment_mark *marks;
	size_t n_marks;
};

/*
 * Removes what lies behind the position, in one synced transaction: records, tags, index entries,
 * and the queues that were born there. Queues that were dropped there are back. One of SQLite's
 * codes; repeating it does no harm.
 */
int segment_cut(
    const struct log_dir *dir, const struct segment *segment, const struct segment_cut *cut);

#endif
