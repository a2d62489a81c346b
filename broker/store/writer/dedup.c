#include "config.h"

#include "broker/store/writer/dedup.h"

#include <stdlib.h>

#include "common/base/mem.h"
#include "common/base/wire.h"
#include "common/protocol/record.h"

#define CHUNK_BITS 12
#define CHUNK_ENTRIES (1u << CHUNK_BITS)
#define FIRST_SLOTS 1024u
#define NO_ENTRY UINT32_MAX
#define SWEPT_BY_ADD 2 /* entries looked at: a round is done when half as many keys came */
#define SWEPT_WHEN_FULL 64

void
dedup_init(struct dedup *dedup, int64_t max)
{
	*dedup = (struct dedup){
		.first_free = NO_ENTRY,
		.max = max < (int64_t)NO_ENTRY - CHUNK_ENTRIES ? (uint32_t)max
		                                               : NO_ENTRY - CHUNK_ENTRIES,
	};
}

void
dedup_release(struct dedup *dedup)
{
	for (uint32_t i = 0; i < dedup->n_entries; i += CHUNK_ENTRIES)
		free(dedup->chunks[i >> CHUNK_BITS]);
	free(dedup->chunks);
	free(dedup->slots);
	free(dedup->added);
}

/* ---- entries --------------------------------------------------------- */

static struct dedup_entry *
entry_at(const struct dedup *dedup, uint32_t number)
{
	return &dedup->chunks[number >> CHUNK_BITS][number & (CHUNK_ENTRIES - 1)];
}

static void
add_chunk(struct dedup *dedup)
{
	uint32_t first = dedup->n_entries;
	struct dedup_entry *chunk = mem_zalloc(CHUNK_ENTRIES * sizeof *chunk);

	dedup->chunks =
	    mem_realloc(dedup->chunks, ((first >> CHUNK_BITS) + 1) * sizeof dedup->chunks[0]);
	dedup->chunks[first >> CHUNK_BITS] = chunk;
	dedup->n_entries += CHUNK_ENTRIES;
	for (uint32_t i = 0; i < CHUNK_ENTRIES; i++)
		chunk[i].next = i + 1 < CHUNK_ENTRIES ? first + i + 1 : NO_ENTRY;
	dedup->first_free = first;
}

/* ---- slots ----------------------------------------------------------- */

static uint32_t *
slot_of(const struct dedup *dedup, const struct dedup_key *key)
{
	return &dedup->slots[(uint32_t)key->high & (dedup->n_slots - 1)];
}

static void
link_entry(struct dedup *dedup, uint32_t number)
{
	struct dedup_entry *entry = entry_at(dedup, number);
	uint32_t *slot = slot_of(dedup, &entry->key);

	entry->next = *slot;
	*slot = number;
}

static void
grow_slots(struct dedup *dedup)
{
	dedup->n_slots = dedup->n_slots != 0 ? 2 * dedup->n_slots : FIRST_SLOTS;
	dedup->slots = mem_realloc(dedup->slots, dedup->n_slots * sizeof dedup->slots[0]);
	for (uint32_t i = 0; i < dedup->n_slots; i++)
		dedup->slots[i] = NO_ENTRY;
	for (uint32_t i = 0; i < dedup->n_entries; i++)
		if (entry_at(dedup, i)->key.low != 0)
			link_entry(dedup, i);
}

static uint32_t
find(const struct dedup *dedup, const struct dedup_key *key)
{
	uint32_t number = dedup->n_slots != 0 ? *slot_of(dedup, key) : NO_ENTRY;

	while (number != NO_ENTRY) {
		const struct dedup_entry *entry = entry_at(dedup, number);

		if (entry->key.high == key->high && entry->key.low == key->low)
			break;
		number = entry->next;
	}
	return number;
}

static void
drop(struct dedup *dedup, uint32_t number)
{
	struct dedup_entry *entry = entry_at(dedup, number);
	uint32_t *link = slot_of(dedup, &entry->key);

	while (*link != number)
		link = &entry_at(dedup, *link)->next;
	*link = entry->next;
	*entry = (struct dedup_entry){ .next = dedup->first_free };
	dedup->first_free = number;
	dedup->n--;
}

static uint32_t
put(struct dedup *dedup, const struct dedup_entry *entry)
{
	if (dedup->n == dedup->n_slots)
		grow_slots(dedup);
	if (dedup->first_free == NO_ENTRY)
		add_chunk(dedup);
	uint32_t number = dedup->first_free;
	struct dedup_entry *to = entry_at(dedup, number);

	dedup->first_free = to->next;
	*to = *entry;
	link_entry(dedup, number);
	dedup->n++;
	return number;
}

/* ---- windows --------------------------------------------------------- */

static bool
is_old(const struct dedup_entry *entry, int64_t now_ms)
{
	return now_ms - entry->stored_ms >= (int64_t)entry->window_s * 1000;
}

static void
sweep(struct dedup *dedup, int64_t now_ms, uint32_t n)
{
	for (uint32_t i = 0; i < n && dedup->n_entries != 0; i++) {
		uint32_t number = dedup->swept < dedup->n_entries ? dedup->swept : 0;
		const struct dedup_entry *entry = entry_at(dedup, number);

		dedup->swept = number + 1;
		if (entry->key.low != 0 && is_old(entry, now_ms))
			drop(dedup, number);
	}
}

/* The entry of a key, if it counts. One that is too old by now goes. */
static const struct dedup_entry *
find_young(struct dedup *dedup, const struct append_dedup *wanted, uint32_t item, int64_t now_ms)
{
	uint32_t number = find(dedup, &wanted->items[item].key);

	if (number == NO_ENTRY)
		return NULL;
	const struct dedup_entry *entry = entry_at(dedup, number);

	if (!is_old(entry, now_ms) && now_ms - entry->stored_ms < wanted->window_ms)
		return entry;
	drop(dedup, number);
	return NULL;
}

enum append_status
dedup_check(struct dedup *dedup, struct append *append, int64_t now_ms)
{
	struct append_dedup *wanted = append->dedup;
	int32_t queue_id = wanted->queue_id;
	int64_t queue_offset = 0, newest_position = -1;
	uint32_t n_found = 0;

	for (uint32_t i = 0; i < append->n_records; i++) {
		const struct dedup_entry *entry =
		    wanted->items[i].key.low != 0 ? find_young(dedup, wanted, i, now_ms) : NULL;

		if (entry == NULL)
			continue;
		if (n_found++ == 0) {
			queue_id = entry->queue_id;
			queue_offset = entry->queue_offset;
		}
		wanted->items[i].position = entry->position;
		if (entry->position > newest_position)
			newest_position = entry->position;
	}
	if (n_found == append->n_records) {
		wanted->queue_id = queue_id;
		append->queue_offset = queue_offset;
		append->position = newest_position;
		return APPEND_DUPLICATE;
	}
	if (n_found != 0)
		return APPEND_MIXED;
	if (dedup->n + append->n_records <= dedup->max)
		return APPEND_OK;
	sweep(dedup, now_ms, SWEPT_WHEN_FULL);
	return dedup->n + append->n_records <= dedup->max ? APPEND_OK : APPEND_KEYS_FULL;
}

static void
note_added(struct dedup *dedup, uint32_t number)
{
	if (dedup->n_added == dedup->cap_added) {
		dedup->cap_added = dedup->cap_added != 0 ? 2 * dedup->cap_added : 64;
		dedup->added = mem_realloc(dedup->added, dedup->cap_added * sizeof dedup->added[0]);
	}
	dedup->added[dedup->n_added++] = number;
}

void
dedup_add(struct dedup *dedup, const struct append *append, int64_t now_ms)
{
	const struct append_dedup *wanted = append->dedup;
	const char *record = append->records;
	int64_t position = append->position;

	for (uint32_t i = 0; i < append->n_records; i++) {
		uint32_t size = be32_get(record + RECORD_AT_SIZE);

		if (wanted->items[i].key.low != 0)
			note_added(
			    dedup, put(dedup, &(struct dedup_entry){
						  .key = wanted->items[i].key,
						  .topic_hash = wanted->topic_hash,
						  .position = position,
						  .queue_offset = append->queue_offset + i,
						  .stored_ms = now_ms,
						  .window_s = (int32_t)(wanted->window_ms / 1000),
						  .queue_id = wanted->queue_id,
					      }));
		record += size;
		position += size;
	}
	sweep(dedup, now_ms, SWEPT_BY_ADD * append->n_records);
}

void
dedup_settle(struct dedup *dedup)
{
	dedup->n_added = 0;
}

void
dedup_undo(struct dedup *dedup)
{
	while (dedup->n_added != 0)
		drop(dedup, dedup->added[--dedup->n_added]);
}

void
dedup_forget(struct dedup *dedup, uint64_t topic_hash)
{
	for (uint32_t i = 0; i < dedup->n_entries; i++)
		if (entry_at(dedup, i)->key.low != 0 &&
		    entry_at(dedup, i)->topic_hash == topic_hash)
			drop(dedup, i);
}

bool
dedup_load(struct dedup *dedup, const struct dedup_entry *entry)
{
	uint32_t number = find(dedup, &entry->key);

	if (number != NO_ENTRY) {
		struct dedup_entry *known = entry_at(dedup, number);
		uint32_t next = known->next;

		if (entry->position < known->position) {
			*known = *entry;
			known->next = next;
		}
		return true;
	}
	if (dedup->n >= dedup->max)
		return false;
	put(dedup, entry);
	return true;
}
