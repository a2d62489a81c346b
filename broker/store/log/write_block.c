#include "config.h"

#include "broker/store/log/write_block.h"

#include <stddef.h>

#include "common/base/clock.h"

void
write_block_set(struct write_blocks *blocks, enum write_block block)
{
	atomic_fetch_or(&blocks->set, (unsigned)block);
}

void
write_block_clear(struct write_blocks *blocks, enum write_block block)
{
	atomic_fetch_and(&blocks->set, ~(unsigned)block);
}

void
write_block_lease(struct write_blocks *blocks, int64_t until_ms)
{
	atomic_store(&blocks->until_ms, until_ms);
	if (clock_mono_ms() < until_ms)
		write_block_clear(blocks, WRITE_BLOCK_LEASE);
	else
		write_block_set(blocks, WRITE_BLOCK_LEASE);
}

bool
write_block_lease_over(struct write_blocks *blocks)
{
	if (clock_mono_ms() < atomic_load(&blocks->until_ms))
		return false;
	write_block_set(blocks, WRITE_BLOCK_LEASE);
	return true;
}

const char *
write_block_text(const struct write_blocks *blocks)
{
	if (write_block_holds(blocks, WRITE_BLOCK_BROKEN))
		return "the disk failed to sync, nothing is stored until the broker is restarted";
	if (write_block_holds(blocks, WRITE_BLOCK_FULL))
		return "the store's disk is full, nothing is stored until there is space";
	if (write_block_holds(blocks, WRITE_BLOCK_LIMIT))
		return "the store's disk is fuller than the limit, nothing is stored until there "
		       "is space";
	if (write_block_holds(blocks, WRITE_BLOCK_LEASE))
		return "this broker has no lease of the quorum to write: another one may be the "
		       "master";
	return NULL;
}
