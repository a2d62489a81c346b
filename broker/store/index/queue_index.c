#include "config.h"

#include "broker/store/index/queue_index.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/mem.h"

#define SLOTS_MIN 64

uint64_t
queue_hash(struct slice topic, int32_t queue_id)
{
	uint64_t hash = hash_of(topic) + (uint32_t)queue_id * UINT64_C(0x9e3779b97f4a7c15);

	hash ^= hash >> 32;
	return hash * UINT64_C(0xd6e8feb86659fd93);
}

void
queue_index_release(struct queue_index *index)
{
	free(index->slots);
	free(index->by_number);
	index->slots = NULL;
	index->by_number = NULL;
	index->n_slots = index->n = index->n_numbers = index->numbers_cap = 0;
}

/* The high bits are the well-mixed ones of a product. */
static size_t
home_slot(const struct queue_index *index, uint64_t hash)
{
	return (size_t)(hash >> 32) & (index->n_slots - 1);
}

void *
queue_index_find(
    const struct queue_index *index, uint64_t hash, struct slice topic, int32_t queue_id)
{
	if (index->n_slots == 0)
		return NULL;
	for (size_t i = home_slot(index, hash);; i = (i + 1) & (index->n_slots - 1)) {
		const struct queue_slot *slot = &index->slots[i];

		if (slot->queue == NULL)
			return NULL;
		if (slot->hash == hash && index->is(slot->queue, topic, queue_id))
			return slot->queue;
	}
}

static void
put(struct queue_index *index, uint64_t hash, void *queue)
{
	size_t i = home_slot(index, hash);

	while (index->slots[i].queue != NULL)
		i = (i + 1) & (index->n_slots - 1);
	index->slots[i] = (struct queue_slot){ hash, queue };
}

static void
grow(struct queue_index *index)
{
	struct queue_slot *old = index->slots;
	size_t n_old = index->n_slots;

	index->n_slots = n_old != 0 ? 2 * n_old : SLOTS_MIN;
	index->slots = mem_zalloc(index->n_slots * sizeof old[0]);
	for (size_t i = 0; i < n_old; i++)
		if (old[i].queue != NULL)
			put(index, old[i].hash, old[i].queue);
	free(old);
}

static void
set_number(struct queue_index *index, size_t number, void *queue)
{
	if (number >= index->numbers_cap) {
		size_t cap = index->numbers_cap != 0 ? index->numbers_cap : SLOTS_MIN;

		while (cap <= number)
			cap *= 2;
		index->by_number = mem_realloc(index->by_number, cap * sizeof(void *));
		index->numbers_cap = cap;
	}
	for (; index->n_numbers <= number; index->n_numbers++)
		index->by_number[index->n_numbers] = NULL;
	index->by_number[number] = queue;
}

void
queue_index_add(struct queue_index *index, uint64_t hash, int32_t number, void *queue)
{
	if (2 * (index->n + 1) > index->n_slots)
		grow(index);
	put(index, hash, queue);
	index->n++;
	set_number(index, (size_t)number, queue);
}

void
queue_index_remove(struct queue_index *index, uint64_t hash, int32_t number, const void *queue)
{
	size_t mask = index->n_slots - 1;
	size_t hole = home_slot(index, hash);

	while (index->slots[hole].queue != queue)
		hole = (hole + 1) & mask;
	/* Entries that were pushed behind the hole, because it was taken, move up. */
	for (size_t i = (hole + 1) & mask; index->slots[i].queue != NULL; i = (i + 1) & mask) {
		size_t home = home_slot(index, index->slots[i].hash);

		if (((i - home) & mask) >= ((i - hole) & mask)) {
			index->slots[hole] = index->slots[i];
			hole = i;
		}
	}
	index->slots[hole].queue = NULL;
	index->n--;
	index->by_number[number] = NULL;
}
