#ifndef COMMON_U64MAP_H
#define COMMON_U64MAP_H

/*
 * A hash table from numbers that are given out one after the other to the
 * structs that embed its nodes. { 0 } is an empty one. One thread.
 */

#include <stddef.h>
#include <stdint.h>

struct u64map_node {
	struct u64map_node *next;
	uint64_t id;
};

struct u64map {
	struct u64map_node **slots;
	size_t n_slots; /* a power of two, or 0 */
	size_t n;
};

void u64map_release(struct u64map *map);
/* node->id is set and not in the table. */
void u64map_add(struct u64map *map, struct u64map_node *node);
struct u64map_node *u64map_find(const struct u64map *map, uint64_t id);
void u64map_remove(struct u64map *map, struct u64map_node *node);
/* The numbers of all, for a walk during which nodes come and go; the caller frees it. */
uint64_t *u64map_ids(const struct u64map *map);

#endif
