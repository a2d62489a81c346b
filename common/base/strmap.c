#include "config.h"

#include "common/base/strmap.h"

#include <stdlib.h>

#include "common/base/hash.h"
#include "common/base/mem.h"

#define FIRST_SLOTS 16

/* Where the entry with this key hangs, or would hang. Needs slots. */
static struct strmap_entry **
place_of(const struct strmap *table, struct slice key, uint64_t hash)
{
	struct strmap_entry **at = &table->slots[hash & (table->n_slots - 1)];

	while (*at != NULL && ((*at)->hash != hash || !slice_equal(strmap_key(*at), key)))
		at = &(*at)->next;
	return at;
}

static void
grow(struct strmap *table)
{
	struct strmap bigger = { .n_slots =
				     table->n_slots != 0 ? table->n_slots * 2 : FIRST_SLOTS };

	bigger.n = table->n;
	bigger.slots = mem_zalloc(bigger.n_slots * sizeof(struct strmap_entry *));
	for (size_t i = 0; i < table->n_slots; i++) {
		for (struct strmap_entry *entry = table->slots[i], *next; entry != NULL;
		     entry = next) {
			struct strmap_entry **slot =
			    &bigger.slots[entry->hash & (bigger.n_slots - 1)];

			next = entry->next;
			entry->next = *slot;
			*slot = entry;
		}
	}
	free(table->slots);
	*table = bigger;
}

void
strmap_release(struct strmap *table, void (*free_value)(void *value))
{
	for (struct strmap_entry *entry = strmap_next(table, NULL), *next; entry != NULL;
	     entry = next) {
		next = strmap_next(table, entry);
		if (free_value != NULL)
			free_value(entry->value);
		free(entry);
	}
	free(table->slots);
	*table = (struct strmap){ 0 };
}

void *
strmap_find(const struct strmap *table, struct slice key)
{
	if (table->n == 0)
		return NULL;
	struct strmap_entry *entry = *place_of(table, key, hash_of(key));

	return entry != NULL ? entry->value : NULL;
}

struct strmap_entry *
strmap_get(struct strmap *table, struct slice key)
{
	uint64_t hash = hash_of(key);

	if (table->n == table->n_slots)
		grow(table);
	struct strmap_entry **at = place_of(table, key, hash);
	struct strmap_entry *entry = *at;

	if (entry != NULL)
		return entry;
	entry = mem_alloc(sizeof *entry + key.len + 1);
	*entry = (struct strmap_entry){ .hash = hash, .key_len = key.len };
	if (key.len != 0)
		memcpy(entry->key, key.data, key.len);
	entry->key[key.len] = '\0';
	*at = entry;
	table->n++;
	return entry;
}

void *
strmap_put(struct strmap *table, struct slice key, void *value)
{
	struct strmap_entry *entry = strmap_get(table, key);
	void *before = entry->value;

	entry->value = value;
	return before;
}

/* The entry at this link leaves the table. */
static void *
unlink_entry(struct strmap *table, struct strmap_entry **link)
{
	struct strmap_entry *entry = *link;
	void *value = entry->value;

	*link = entry->next;
	free(entry);
	table->n--;
	return value;
}

void *
strmap_take(struct strmap *table, struct slice key)
{
	struct strmap_entry **at;

	if (table->n == 0)
		return NULL;
	at = place_of(table, key, hash_of(key));
	return *at != NULL ? unlink_entry(table, at) : NULL;
}

void *
strmap_remove(struct strmap *table, struct strmap_entry *entry)
{
	struct strmap_entry **at = &table->slots[entry->hash & (table->n_slots - 1)];

	while (*at != entry)
		at = &(*at)->next;
	return unlink_entry(table, at);
}

struct strmap_entry *
strmap_next(const struct strmap *table, const struct strmap_entry *entry)
{
	size_t slot = 0;

	if (entry != NULL) {
		if (entry->next != NULL)
			return entry->next;
		slot = (entry->hash & (table->n_slots - 1)) + 1;
	}
	while (slot < table->n_slots && table->slots[slot] == NULL)
		slot++;
	return slot < table->n_slots ? table->slots[slot] : NULL;
}

static int
by_key(const void *a, const void *b)
{
	const struct strmap_entry *const *left = a;
	const struct strmap_entry *const *right = b;

	return slice_compare(strmap_key(*left), strmap_key(*right));
}

struct strmap_entry **
strmap_sorted(const struct strmap *table)
{
	struct strmap_entry **list = mem_alloc(table->n * sizeof *list);
	size_t n = 0;

	for (struct strmap_entry *entry = strmap_next(table, NULL); entry != NULL;
	     entry = strmap_next(table, entry))
		list[n++] = entry;
	qsort(list, n, sizeof *list, by_key);
	return list;
}

bool
strmap_visit(const struct strmap *table, struct strmap_cursor *cursor, size_t max,
    void (*each)(void *arg, const struct strmap_entry *entry), void *arg)
{
	size_t n = 0;

	if (cursor->n_slots != table->n_slots)
		*cursor = (struct strmap_cursor){ 0, table->n_slots };
	/* An empty slot counts as well, or a sparse table would be one portion. */
	for (; cursor->slot < table->n_slots && n < max; cursor->slot++, n++)
		for (const struct strmap_entry *at = table->slots[cursor->slot]; at != NULL;
		     at = at->next, n++)
			each(arg, at);
	return cursor->slot < table->n_slots;
}
