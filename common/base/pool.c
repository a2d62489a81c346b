#include "config.h"

#include "common/base/pool.h"

#include <stddef.h>
#include <stdlib.h>

#include "common/base/container_of.h"
#include "common/base/mem.h"

struct pool_block {
	struct pool_block *next; /* while it is kept */
	size_t n_steps;
	_Alignas(max_align_t) char memory[];
};

/* What is freed twice or used afterwards is found when nothing is kept. */
#ifdef WITH_SANITIZERS
#define KEPT_BYTES 0
#else
#define KEPT_BYTES POOL_BYTES
#endif

void *
pool_alloc(struct pool *pool, size_t size)
{
	size_t n_steps = (sizeof(struct pool_block) + size + POOL_STEP - 1) / POOL_STEP;
	struct pool_block *block = n_steps < POOL_CLASSES ? pool->kept[n_steps] : NULL;

	if (block != NULL) {
		pool->kept[n_steps] = block->next;
		pool->kept_bytes -= n_steps * POOL_STEP;
	} else {
		block = mem_alloc(n_steps * POOL_STEP);
		block->n_steps = n_steps;
	}
	return block->memory;
}

void
pool_free(struct pool *pool, void *memory)
{
	struct pool_block *block = container_of(memory, struct pool_block, memory);
	size_t bytes = block->n_steps * POOL_STEP;

	if (block->n_steps >= POOL_CLASSES || pool->kept_bytes + bytes > KEPT_BYTES) {
		free(block);
		return;
	}
	block->next = pool->kept[block->n_steps];
	pool->kept[block->n_steps] = block;
	pool->kept_bytes += bytes;
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
