#ifndef COMMON_FILTER_CACHE_H
#define COMMON_FILTER_CACHE_H

/*
 * Filters by their expression, so that one that comes with each pull or heartbeat is compiled once.
 * Bounded: a newer expression takes the place of another. Belongs to one loop.
 */

#include "common/filter/filter.h"

struct filter_cache;

struct filter_cache *filter_cache_new(void);
void filter_cache_free(struct filter_cache *cache);
/* As filter_compile: a reference for the caller, or NULL and *fault. */
struct filter *filter_cache_take(
    struct filter_cache *cache, struct slice expression, struct filter_fault *fault);

#endif
