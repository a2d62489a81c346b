#ifndef STORE_QUEUE_INDEX_H
#define STORE_QUEUE_INDEX_H

/*
 * Finds what belongs to a queue, by topic and queue id or by number: the
 * writer's queues and each loop's tail_queues. One thread at a time.
 *
 * Open addressing with the hash beside the pointer, so that 40,000 queues cost
 * 1.3 MB and a look-up touches one line before it meets its queue.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/slice.h"

struct queue_slot {
	uint64_t hash;
	void *queue; /* NULL: free */
};

struct queue_index {
	bool (*is)(const void *queue, struct slice topic, int32_t queue_id);
	struct queue_slot *slots;
	size_t n_slots; /* a power of two */
	size_t n;
	void **by_number;
	size_t n_numbers; /* the highest number + 1 */
	size_t numbers_cap;
};

uint64_t queue_hash(struct slice topic, int32_t queue_id);
void queue_index_release(struct queue_index *index);
void *queue_index_find(
    const struct queue_index *index, uint64_t hash, struct slice topic, int32_t queue_id);
void queue_index_add(struct queue_index *index, uint64_t hash, int32_t number, void *queue);
void queue_index_remove(
    struct queue_index *index, uint64_t hash, int32_t number, const void *queue);

/* NULL when there is none of that number (any more). */
static inline void *
queue_index_at(const struct queue_index *index, int64_t number)
{
	return number >= 0 && (size_t)number < index->n_numbers ? index->by_number[number] : NULL;
}

#endif
