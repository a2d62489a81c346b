#ifndef COMMON_IDMAP_H
#define COMMON_IDMAP_H

/*
 * A hash table from numbers that are given out one after the other to the
 * structs that embed its nodes. { 0 } is an empty one. One thread.
 */

#include <stddef.h>
#include <stdint.h>

struct idmap_node {
	struct idmap_node *next;
	uint64_t id;
};

struct idmap {
	struct idmap_node **slots;
	size_t n_slots; /* a power of two, or 0 */
	size_t n;
};

void idmap_release(struct idmap *map);
/* node->id is set and not in the table. */
void idmap_add(struct idmap *map, struct idmap_node *node);
struct idmap_node *idmap_find(const struct idmap *map, uint64_t id);
void idmap_remove(struct idmap *map, struct idmap_node *node);
/* The numbers of all, for a walk during which nodes come and go; the caller frees it. */
uint64_t *idmap_ids(const struct idmap *map);

#endif
