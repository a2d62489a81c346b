#include "config.h"

#include "common/base/u64map.h"

#include <stdlib.h>

#include "common/base/mem.h"

#define FIRST_SLOTS 16

void
u64map_release(struct u64map *map)
{
	free(map->slots);
	*map = (struct u64map){ 0 };
}

/* Numbers that follow each other fall into different slots as they are. */
static struct u64map_node **
slot_of(const struct u64map *map, uint64_t id)
{
	return &map->slots[id & (map->n_slots - 1)];
}

static void
put(struct u64map *map, struct u64map_node *node)
{
	struct u64map_node **slot = slot_of(map, node->id);

	node->next = *slot;
	*slot = node;
}

static void
grow(struct u64map *map)
{
	struct u64map old = *map;

	map->n_slots = old.n_slots != 0 ? old.n_slots * 2 : FIRST_SLOTS;
	map->slots = mem_zalloc(map->n_slots * sizeof(struct u64map_node *));
	for (size_t i = 0; i < old.n_slots; i++)
		for (struct u64map_node *node = old.slots[i], *next; node != NULL; node = next) {
			next = node->next;
			put(map, node);
		}
	free(old.slots);
}

void
u64map_add(struct u64map *map, struct u64map_node *node)
{
	if (map->n == map->n_slots)
		grow(map);
	put(map, node);
	map->n++;
}

struct u64map_node *
u64map_find(const struct u64map *map, uint64_t id)
{
	if (map->n == 0)
		return NULL;
	for (struct u64map_node *node = *slot_of(map, id); node != NULL; node = node->next)
		if (node->id == id)
			return node;
	return NULL;
}

void
u64map_remove(struct u64map *map, struct u64map_node *node)
{
	struct u64map_node **link = slot_of(map, node->id);

	while (*link != node)
		link = &(*link)->next;
	*link = node->next;
	map->n--;
}

uint64_t *
u64map_ids(const struct u64map *map)
{
	uint64_t *ids = mem_alloc((map->n + 1) * sizeof *ids);
	size_t n = 0;

	for (size_t i = 0; i < map->n_slots; i++)
		for (struct u64map_node *node = map->slots[i]; node != NULL; node = node->next)
			ids[n++] = node->id;
	return ids;
}
