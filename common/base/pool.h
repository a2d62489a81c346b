#ifndef COMMON_POOL_H
#define COMMON_POOL_H

/*
 * Memory that goes out with what a thread sends on its way and is freed by the
 * same thread when that comes home. Malloc keeps seven blocks of a size at
 * hand, and none above a kilobyte; a loop has 64 on their way. The pool keeps those that
 * came back, by size, up to POOL_BYTES in all. One thread.
 */

#include <stddef.h>

#define POOL_STEP 256     /* blocks are as long as a multiple of this */
#define POOL_CLASSES 17   /* and kept up to 4 KiB; longer ones are malloc's */
#define POOL_BYTES 262144 /* kept at most */

struct pool_block;

struct pool {
	struct pool_block *kept[POOL_CLASSES]; /* of n POOL_STEPs */
	size_t kept_bytes;
};

/* All zero is an empty one. */
void *pool_alloc(struct pool *pool, size_t size);
void pool_free(struct pool *pool, void *memory);
/* What is out is not freed. */
void pool_release(struct pool *pool);

#endif
