#ifndef BROKER_RECENT_H
#define BROKER_RECENT_H

/*
 * The newest commits, kept for slaves that are at the end of the log: they get them from memory.
 * One list is of all slaves, and its size is bounded; a slave that is further behind reads from the
 * store. Belongs to the thread that ships.
 */

#include <stddef.h>
#include <stdint.h>

#include "broker/store/store.h"

#define RECENT_NEWS 4096 /* a power of two */

struct recent {
	struct store_news *ring[RECENT_NEWS];
	size_t first, n;
	size_t bytes, max_bytes; /* one commit is kept, whatever its size */
	int64_t lost_seq;        /* meta_seq of the newest that is not kept any more */
};

void recent_init(struct recent *recent, size_t max_bytes);
void recent_clear(struct recent *recent);
/* Takes it; makes room for it. */
void recent_add(struct recent *recent, struct store_news *news);
/* The commit that has the record at this position; NULL: none here. Lent until the next add. */
const struct store_news *recent_find(const struct recent *recent, int64_t position);
/* The first one with a higher meta_seq; NULL: none. Lent likewise. */
const struct store_news *recent_after(const struct recent *recent, int64_t meta_seq);

#endif
