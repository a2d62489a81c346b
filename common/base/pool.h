#ifndef COMMON_POOL_H
#define COMMON_POOL_H

/*
 * A cache of freed memory blocks for one thread. A loop allocates a block for each append and
 * frees it when the append comes back committed; with 64 appends in flight that is more than
 * malloc's own cache holds (seven blocks of a size, none above a kilobyte). The pool keeps freed
 * blocks by size, POOL_BYTES at most. One thread.
 */

#include <stddef.h>
#include <stdlib.h>

#include "common/base/container_of.h"

#define POOL_STEP 256     /* sizes are rounded up to a multiple of this */
#define POOL_CLASSES 17   /* blocks up to 4 KiB are kept; longer ones go to malloc */
#define POOL_BYTES 262144 /* kept at most */

struct pool_block {
	struct pool_block *next; /* while it is kept */
	size_t n_steps;
	_Alignas(max_align_t) char memory[];
};

struct pool {
	struct pool_block *kept[POOL_CLASSES]; /* of n POOL_STEPs */
	size_t kept_bytes;
};

/* { 0 } is an empty pool. */
static inline void *pool_alloc(struct pool *pool, size_t size);
static inline void pool_free(struct pool *pool, void *memory);
/* Frees the kept blocks. Blocks in use must be freed with free. */
void pool_release(struct pool *pool);

/* What is freed twice or used afterwards is found when nothing is kept. */
#ifdef WITH_SANITIZERS
#define POOL_KEPT_BYTES 0
#else
#define POOL_KEPT_BYTES POOL_BYTES
#endif

/* A new block; the way of pool_alloc when none is kept. */
void *pool_alloc_block(size_t n_steps);

static inline void *
pool_alloc(struct pool *pool, size_t size)
{
	size_t n_steps = (sizeof(struct pool_block) + size + POOL_STEP - 1) / POOL_STEP;
	struct pool_block *block = n_steps < POOL_CLASSES ? pool->kept[n_steps] : NULL;

	if (block == NULL)
		return pool_alloc_block(n_steps);
	pool->kept[n_steps] = block->next;
	pool->kept_bytes -= n_steps * POOL_STEP;
	return block->memory;
}

static inline void
pool_free(struct pool *pool, void *memory)
{
	struct pool_block *block = container_of(memory, struct pool_block, memory);
	size_t bytes = block->n_steps * POOL_STEP;

	if (block->n_steps >= POOL_CLASSES || pool->kept_bytes + bytes > POOL_KEPT_BYTES) {
		free(block);
		return;
	}
	block->next = pool->kept[block->n_steps];
	pool->kept[block->n_steps] = block;
	pool->kept_bytes += bytes;
}

#endif
