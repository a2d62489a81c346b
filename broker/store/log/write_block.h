#ifndef STORE_WRITE_BLOCK_H
#define STORE_WRITE_BLOCK_H

/* Why the store takes no appends: several reasons may hold at once. Any thread. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum write_block {
	WRITE_BLOCK_BROKEN = 1, /* a sync failed: until a restart */
	WRITE_BLOCK_FULL = 2,   /* SQLITE_FULL: until a probe succeeds */
	WRITE_BLOCK_LIMIT = 4,  /* above disk_refuse_percent */
	WRITE_BLOCK_LEASE = 8,  /* of a master that may not write now; its disk is well */
};

/* Those of the disk. */
#define WRITE_BLOCK_ANY (WRITE_BLOCK_BROKEN | WRITE_BLOCK_FULL | WRITE_BLOCK_LIMIT)

/* { 0 }: none. */
struct write_blocks {
	_Atomic unsigned set;
	_Atomic int64_t until_ms; /* monotonic: when the lease ends; 0: there is none to watch */
};

void write_block_set(struct write_blocks *blocks, enum write_block block);
void write_block_clear(struct write_blocks *blocks, enum write_block block);

/* which: one or more of the reasons; true when one of them holds. */
static inline bool
write_block_holds(const struct write_blocks *blocks, unsigned which)
{
	return atomic_load_explicit(&blocks->set, memory_order_relaxed) & which;
}

/* The lease ends at until_ms, or has ended. */
void write_block_lease(struct write_blocks *blocks, int64_t until_ms);
/* Whether it has ended by now. */
bool write_block_lease_over(struct write_blocks *blocks);

/* The same; one branch where no lease is watched. */
static inline bool
write_block_watches_lease(struct write_blocks *blocks)
{
	return atomic_load_explicit(&blocks->until_ms, memory_order_relaxed) != 0 &&
	       write_block_lease_over(blocks);
}

/* The most serious reason as one sentence; NULL: the store takes appends. Static. */
const char *write_block_text(const struct write_blocks *blocks);

#endif
