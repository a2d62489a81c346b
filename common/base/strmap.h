#ifndef COMMON_STRMAP_H
#define COMMON_STRMAP_H

/*
 * A hash table from text to pointers. Keys are copied, values are the
 * caller's. { 0 } is an empty table. One thread, or the caller's lock.
 *
 * A loop over the entries may take the current one if it has fetched the next one before: taking
 * does not move other entries, putting may.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/slice.h"

struct strmap_entry {
	struct strmap_entry *next; /* in its slot */
	uint64_t hash;
	void *value;
	size_t key_len;
	char key[]; /* ends in NUL */
};

struct strmap {
	struct strmap_entry **slots;
	size_t n_slots; /* a power of two, or 0 */
	size_t n;
};

/* free_value may be NULL. */
void strmap_release(struct strmap *table, void (*free_value)(void *value));
void *strmap_find(const struct strmap *table, struct slice key); /* NULL: not there */
/* The value that was there before, or NULL. The value must not be NULL. */
void *strmap_put(struct strmap *table, struct slice key, void *value);
/* The entry with this key; a new one has the value NULL, which the caller sets at once. */
struct strmap_entry *strmap_get(struct strmap *table, struct slice key);
/* Removes the entry and returns its value; NULL: not there. */
void *strmap_take(struct strmap *table, struct slice key);
/* The same for an entry; frees its key. */
void *strmap_remove(struct strmap *table, struct strmap_entry *entry);
/* The entry after this one (NULL: the first) in no order; NULL at the end. */
struct strmap_entry *strmap_next(const struct strmap *table, const struct strmap_entry *entry);
/* All entries in order of keys; the caller frees the array, not the entries. */
struct strmap_entry **strmap_sorted(const struct strmap *table);

/* Where a walk in portions stands; { 0 } is its beginning. */
struct strmap_cursor {
	size_t slot, n_slots;
};

/*
 * Visits about max entries from there on, for callers that give their lock back between portions.
 * False: those were the last ones. After a growth the walk starts anew: an entry may come twice.
 */
bool strmap_visit(const struct strmap *table, struct strmap_cursor *cursor, size_t max,
    void (*each)(void *arg, const struct strmap_entry *entry), void *arg);

static inline struct slice
strmap_key(const struct strmap_entry *entry)
{
	return (struct slice){ entry->key, entry->key_len };
}

#endif
