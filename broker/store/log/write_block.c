#include "config.h"

#include "broker/store/log/write_block.h"

#include <stddef.h>

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
	return NULL;
}
