#include "config.h"

#include "common/filter/filter_cache.h"

#include <stdlib.h>

#include "common/base/hash.h"
#include "common/base/mem.h"

#define N_PLACES 64 /* a power of two */

struct filter_cache {
	struct filter *places[N_PLACES];
};

struct filter_cache *
filter_cache_new(void)
{
	return mem_zalloc(sizeof(struct filter_cache));
}

void
filter_cache_free(struct filter_cache *cache)
{
	if (cache == NULL)
		return;
	for (size_t i = 0; i < N_PLACES; i++)
		filter_unref(cache->places[i]);
	free(cache);
}

struct filter *
filter_cache_take(struct filter_cache *cache, struct slice expression, struct filter_fault *fault)
{
	struct filter **place = &cache->places[(hash_of(expression) >> 32) & (N_PLACES - 1)];

	if (*place != NULL && slice_equal(filter_expression(*place), expression))
		return filter_ref(*place);
	struct filter *filter = filter_compile(expression, fault);

	if (filter == NULL)
		return NULL;
	filter_unref(*place);
	*place = filter;
	return filter_ref(filter);
}
