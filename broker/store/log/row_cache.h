#ifndef STORE_ROW_CACHE_H
#define STORE_ROW_CACHE_H

/*
 * Log rows that a reader has read lately. Queues share rows: a client that reads a backlog of eight
 * queues needs each row eight times. { 0 } is an empty cache. One thread.
 */

#include <stddef.h>
#include <stdint.h>

#include "common/base/slice.h"

#define ROW_CACHE_ROWS 64 /* of SEGMENT_ROW_BYTES at most: what a few consumers are at */

struct row {
	int64_t position;
	int64_t end;
	uint64_t used; /* when, in calls; 0: never */
	char *data;
	size_t cap;
};

struct row_cache {
	struct row rows[ROW_CACHE_ROWS];
	uint64_t n_calls;
	struct row *latest; /* most records follow the one before; NULL: the cache is empty */
};

void row_cache_release(struct row_cache *cache);
/* The row that holds the position; NULL when it is not there. Lent until the next put. */
const struct row *row_cache_find(struct row_cache *cache, int64_t position);
/* Copies the row in place of the one that was not used for longest. Lent likewise. */
const struct row *row_cache_put(struct row_cache *cache, int64_t position, struct slice bytes);

#endif
