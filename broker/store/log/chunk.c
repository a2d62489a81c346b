#include "config.h"

#include "broker/store/log/chunk.h"

#include <stdlib.h>

#include "common/base/mem.h"

struct chunk *
chunk_new(int64_t position, size_t len)
{
	struct chunk *chunk = mem_alloc(sizeof *chunk + len);

	atomic_init(&chunk->refs, 1);
	chunk->position = position;
	chunk->len = len;
	return chunk;
}

struct chunk *
chunk_ref(struct chunk *chunk)
{
	atomic_fetch_add_explicit(&chunk->refs, 1, memory_order_relaxed);
	return chunk;
}

void
chunk_unref(struct chunk *chunk)
{
	if (chunk != NULL && atomic_fetch_sub_explicit(&chunk->refs, 1, memory_order_acq_rel) == 1)
		free(chunk);
}

void
chunk_release(void *chunk)
{
	chunk_unref(chunk);
}
