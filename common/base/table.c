#include "config.h"

#include "common/base/table.h"

#include <stdlib.h>

#include "common/base/mem.h"

#define FIRST_SLOTS 16

/* Where the entry with this key hangs, or would hang. Needs slots. */
static struct table_entry **
place_of(const struct table *table, struct slice key, uint64_t hash)
{
	struct table_entry **at = &table->slots[hash & (table->n_slots - 1)];

	while (*at != NULL && ((*at)->hash != hash || !slice_equal(table_key(*at), key)))
		at = &(*at)->next;
	return at;
}

static void
grow(struct table *table)
{
	struct table bigger = { .n_slots = table->n_slots != 0 ? table->n_slots * 2 : FIRST_SLOTS };

	bigger.n = table->n;
	bigger.slots = mem_zalloc(bigger.n_slots * sizeof(struct table_entry *));
	for (size_t i = 0; i < table->n_slots; i++) {
		for (struct table_entry *entry = table->slots[i], *next; entry != NULL;
		     entry = next) {
			struct table_entry **slot =
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
table_release(struct table *table, void (*free_value)(void *value))
{
	for (struct table_entry *entry = table_next(table, NULL), *next; entry != NULL;
	     entry = next) {
		next = table_next(table, entry);
		if (free_value != NULL)
			free_value(entry->value);
		free(entry);
	}
	free(table->slots);
	*table = (struct table){ 0 };
}

void *
table_find(const struct table *table, struct slice key)
{
	if (table->n == 0)
		return NULL;
	struct table_entry *entry = *place_of(table, key, slice_bucket(key));

	return entry != NULL ? entry->value : NULL;
}

void *
table_put(struct table *table, struct slice key, void *value)
{
	uint64_t hash = slice_bucket(key);

	if (table->n == table->n_slots)
		grow(table);
	struct table_entry **at = place_of(table, key, hash);

	if (*at != NULL) {
		void *before = (*at)->value;

		(*at)->value = value;
		return before;
	}
	struct table_entry *entry = mem_alloc(sizeof *entry + key.len + 1);

	*entry = (struct table_entry){ .hash = hash, .value = value, .key_len = key.len };
	if (key.len != 0)
		memcpy(entry->key, key.data, key.len);
	entry->key[key.len] = '\0';
	*at = entry;
	table->n++;
	return NULL;
}

void *
table_take(struct table *table, struct slice key)
{
	if (table->n == 0)
		return NULL;
	struct table_entry **at = place_of(table, key, slice_bucket(key));
	struct table_entry *entry = *at;

	if (entry == NULL)
		return NULL;
	void *value = entry->value;

	*at = entry->next;
	free(entry);
	table->n--;
	return value;
}

struct table_entry *
table_next(const struct table *table, const struct table_entry *entry)
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
	const struct table_entry *const *left = a;
	const struct table_entry *const *right = b;

	return slice_compare(table_key(*left), table_key(*right));
}

struct table_entry **
table_sorted(const struct table *table)
{
	struct table_entry **list = mem_alloc(table->n * sizeof *list);
	size_t n = 0;

	for (struct table_entry *entry = table_next(table, NULL); entry != NULL;
	     entry = table_next(table, entry))
		list[n++] = entry;
	qsort(list, n, sizeof *list, by_key);
	return list;
}
