#ifndef STORE_APPEND_H
#define STORE_APPEND_H

/*
 * Appends as the writer sees them: what append_new laid out. Building one needs no thread of the
 * store; writer/submit.c hands it over.
 */

#include "broker/store/base.h"

/* What an append knows of one of its records. */
struct append_item {
	int64_t tag_hash;
	uint32_t size;
	uint32_t n_keys;
};

/* One block of memory: this, an item for each record, the key hashes, the records. */
struct append_layout {
	struct append append; /* first: what store.h shows of it */
	int32_t queue_id;
	bool own_tag_hash;
	uint64_t queue_hash;
	struct append_item *items; /* one per record */
	uint64_t *keys;            /* hashes, of one record after the other */
	struct pool *pool;         /* whose memory it is; NULL: malloc's */
};

static inline const struct append_layout *
append_layout(const struct append *append)
{
	return (const struct append_layout *)append;
}

/* What stands for a topic and for a unique key of it in struct append_dedup; in this process. */
uint64_t dedup_topic_hash(struct slice topic);
struct dedup_key dedup_key_of(uint64_t topic_hash, struct slice unique_key);
/* How much of store_options.queued_bytes it takes, with what is stored along with it. */
int64_t append_queued_bytes(const struct append *append);
/* Its task calls `done` when the reply loop runs it. */
void append_ready(struct append *append, enum append_status status);
/* The replies of each loop, in base->loops' order, get it with this status. */
void append_finish(struct store_base *base, struct append *append, enum append_status status,
    struct task_chain *replies);

#endif
