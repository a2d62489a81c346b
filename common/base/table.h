#ifndef COMMON_TABLE_H
#define COMMON_TABLE_H

/*
 * A hash table from text to pointers. Keys are copied, values are the
 * caller's. { 0 } is an empty table. One thread, or the caller's lock.
 *
 * A walk may take the entry it is at, if it asked for the next one before:
 * taking never moves the others. Putting may.
 */

#include <stddef.h>
#include <stdint.h>

#include "common/base/slice.h"

struct table_entry {
	struct table_entry *next; /* in its slot */
	uint64_t hash;
	void *value;
	size_t key_len;
	char key[]; /* ends in NUL */
};

struct table {
	struct table_entry **slots;
	size_t n_slots; /* a power of two, or 0 */
	size_t n;
};

/* free_value may be NULL. */
void table_release(struct table *table, void (*free_value)(void *value));
void *table_find(const struct table *table, struct slice key); /* NULL: not there */
/* The value that was there before, or NULL. The value must not be NULL. */
void *table_put(struct table *table, struct slice key, void *value);
/* Out of the table: the value is the caller's. NULL: not there. */
void *table_take(struct table *table, struct slice key);
/* The entry after this one (NULL: the first) in no order; NULL at the end. */
struct table_entry *table_next(const struct table *table, const struct table_entry *entry);
/* All entries in order of keys; the caller frees the array, not the entries. */
struct table_entry **table_sorted(const struct table *table);

static inline struct slice
table_key(const struct table_entry *entry)
{
	return (struct slice){ entry->key, entry->key_len };
}

#endif
