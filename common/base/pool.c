#include "config.h"

#include "common/base/pool.h"

#include <stddef.h>
#include <stdlib.h>

#include "common/base/mem.h"

void *
pool_alloc_block(size_t n_steps)
{
	struct pool_block *block = mem_alloc(n_steps * POOL_STEP);

	block->n_steps = n_steps;
	return block->memory;
}

void
pool_release(struct pool *pool)
{
	for (size_t i = 0; i < POOL_CLASSES; i++) {
		for (struct pool_block *block = pool->kept[i], *next; block != NULL; block = next) {
			next = block->next;
			free(block);
		}
	}
	*pool = (struct pool){ 0 };
}
