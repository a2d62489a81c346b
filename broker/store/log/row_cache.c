#include "config.h"

#include "broker/store/log/row_cache.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

void
row_cache_release(struct row_cache *cache)
{
	for (size_t i = 0; i < ROW_CACHE_ROWS; i++)
		free(cache->rows[i].data);
	*cache = (struct row_cache){ 0 };
}

static const struct row *
use(struct row_cache *cache, struct row *row)
{
	row->used = ++cache->n_calls;
	cache->latest = row;
	return row;
}

static bool
holds(const struct row *row, int64_t position)
{
	return position >= row->position && position < row->end;
}

const struct row *
row_cache_find(struct row_cache *cache, int64_t position)
{
	if (cache->latest == NULL)
		return NULL;
	if (holds(cache->latest, position))
		return cache->latest;
	for (size_t i = 0; i < ROW_CACHE_ROWS; i++)
		if (holds(&cache->rows[i], position))
			return use(cache, &cache->rows[i]);
	return NULL;
}

const struct row *
row_cache_put(struct row_cache *cache, int64_t position, struct slice bytes)
{
	struct row *row = &cache->rows[0];

	for (size_t i = 1; i < ROW_CACHE_ROWS; i++)
		if (cache->rows[i].used < row->used)
			row = &cache->rows[i];
	if (row->cap < bytes.len) {
		free(row->data);
		row->data = mem_alloc(bytes.len);
		row->cap = bytes.len;
	}
	memcpy(row->data, bytes.data, bytes.len);
	row->position = position;
	row->end = position + (int64_t)bytes.len;
	return use(cache, row);
}
