#ifndef COMMON_POOL_H
#define COMMON_POOL_H

/*
 * A cache of freed memory blocks for one thread. A loop allocates a block for each append and
 * frees it when the append comes back committed; with 64 appends in flight that is more than
 * malloc's own cache holds (seven blocks of a size, none above a kilobyte). The pool keeps freed
 * blocks by size, POOL_BYTES at most. One thread.
 */

#include <stddef.h>

#define POOL_STEP 256     /* sizes are rounded up to a multiple of this */
#define POOL_CLASSES 17   /* blocks up to 4 KiB are kept; longer ones go to malloc */
#define POOL_BYTES 262144 /* kept at most */

struct pool_block;

struct pool {
	struct pool_block *kept[POOL_CLASSES]; /* of n POOL_STEPs */
	size_t kept_bytes;
};

/* { 0 } is an empty pool. */
void *pool_alloc(struct pool *pool, size_t size);
void pool_free(struct pool *pool, void *memory);
/* Frees the kept blocks. Blocks in use must be freed with free. */
void pool_release(struct pool *pool);

#endif
