#ifndef STORE_WRITE_BLOCK_H
#define STORE_WRITE_BLOCK_H

/* Why the store takes no appends: several reasons may hold at once. Any thread. */

#include <stdatomic.h>
#include <stdbool.h>

enum write_block {
	WRITE_BLOCK_BROKEN = 1, /* a sync failed: until a restart */
	WRITE_BLOCK_FULL = 2,   /* SQLITE_FULL: until a probe succeeds */
	WRITE_BLOCK_LIMIT = 4,  /* above disk_refuse_percent */
};

#define WRITE_BLOCK_ANY (WRITE_BLOCK_BROKEN | WRITE_BLOCK_FULL | WRITE_BLOCK_LIMIT)

/* { 0 }: none. */
struct write_blocks {
	_Atomic unsigned set;
};

void write_block_set(struct write_blocks *blocks, enum write_block block);
void write_block_clear(struct write_blocks *blocks, enum write_block block);

/* which: one or more of the reasons; true when one of them holds. */
static inline bool
write_block_holds(const struct write_blocks *blocks, unsigned which)
{
	return atomic_load_explicit(&blocks->set, memory_order_relaxed) & which;
}

/* The most serious reason as one sentence; NULL: the store takes appends. Static. */
const char *write_block_text(const struct write_blocks *blocks);

#endif
