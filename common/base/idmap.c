#include "config.h"

#include "common/base/idmap.h"

#include <stdlib.h>

#include "common/base/mem.h"

#define FIRST_SLOTS 16

void
idmap_release(struct idmap *map)
{
	free(map->slots);
	*map = (struct idmap){ 0 };
}

/* Numbers that follow each other fall into different slots as they are. */
static struct idmap_node **
slot_of(const struct idmap *map, uint64_t id)
{
	return &map->slots[id & (map->n_slots - 1)];
}

static void
put(struct idmap *map, struct idmap_node *node)
{
	struct idmap_node **slot = slot_of(map, node->id);

	node->next = *slot;
	*slot = node;
}

static void
grow(struct idmap *map)
{
	struct idmap old = *map;

	map->n_slots = old.n_slots != 0 ? old.n_slots * 2 : FIRST_SLOTS;
	map->slots = mem_zalloc(map->n_slots * sizeof(struct idmap_node *));
	for (size_t i = 0; i < old.n_slots; i++)
		for (struct idmap_node *node = old.slots[i], *next; node != NULL; node = next) {
			next = node->next;
			put(map, node);
		}
	free(old.slots);
}

void
idmap_add(struct idmap *map, struct idmap_node *node)
{
	if (map->n == map->n_slots)
		grow(map);
	put(map, node);
	map->n++;
}

struct idmap_node *
idmap_find(const struct idmap *map, uint64_t id)
{
	if (map->n == 0)
		return NULL;
	for (struct idmap_node *node = *slot_of(map, id); node != NULL; node = node->next)
		if (node->id == id)
			return node;
	return NULL;
}

void
idmap_remove(struct idmap *map, struct idmap_node *node)
{
	struct idmap_node **link = slot_of(map, node->id);

	while (*link != node)
		link = &(*link)->next;
	*link = node->next;
	map->n--;
}

uint64_t *
idmap_ids(const struct idmap *map)
{
	uint64_t *ids = mem_alloc((map->n + 1) * sizeof *ids);
	size_t n = 0;

	for (size_t i = 0; i < map->n_slots; i++)
		for (struct idmap_node *node = map->slots[i]; node != NULL; node = node->next)
			ids[n++] = node->id;
	return ids;
}
