#ifndef STORE_LISTEN_H
#define STORE_LISTEN_H

/* What the store's listener (store.h) is told. The holder of the batch lock. */

#include "broker/store/log/chunk.h"
#include "broker/store/writer/writer.h"

static inline bool
listen_is_wanted(const struct writer *writer)
{
	return writer->listener != NULL &&
	       atomic_load_explicit(&writer->listener->wanted, memory_order_acquire);
}

/* The batch's records, in the chunk, were committed. */
void listen_tell_growth(struct writer *writer, struct chunk *chunk);
/* The changes of meta.db of these jobs were committed. */
void listen_tell_metas(struct writer *writer, const struct task *first);

#endif
