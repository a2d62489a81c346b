#include "config.h"

#include "broker/store/half/half_table.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

#define CHUNK_BITS 12
#define CHUNK_ENTRIES (1u << CHUNK_BITS)
#define FIRST_SLOTS 1024u
#define NO_ENTRY UINT32_MAX

void
half_table_release(struct half_table *table)
{
	for (uint32_t i = 0; i < table->n_entries; i += CHUNK_ENTRIES)
		free(table->chunks[i >> CHUNK_BITS]);
	free(table->chunks);
	free(table->slots);
	free(table->heap);
	free(table->before);
	free(table->changes);
	*table = (struct half_table){ 0 };
}

/* ---- entries by number ----------------------------------------------- */

static struct half_entry *
entry_at(const struct half_table *table, uint32_t number)
{
	return &table->chunks[number >> CHUNK_BITS][number & (CHUNK_ENTRIES - 1)];
}

const struct half_entry *
half_table_at(const struct half_table *table, uint32_t number)
{
	if (number >= table->n_entries || entry_at(table, number)->state == HALF_NONE)
		return NULL;
	return entry_at(table, number);
}

static void
add_chunk(struct half_table *table)
{
	uint32_t first = table->n_entries;
	struct half_entry *chunk = mem_zalloc(CHUNK_ENTRIES * sizeof *chunk);

	table->chunks =
	    mem_realloc(table->chunks, ((first >> CHUNK_BITS) + 1) * sizeof table->chunks[0]);
	table->chunks[first >> CHUNK_BITS] = chunk;
	table->n_entries += CHUNK_ENTRIES;
	for (uint32_t i = 0; i < CHUNK_ENTRIES; i++)
		chunk[i].position = i + 1 < CHUNK_ENTRIES ? first + i + 1 : NO_ENTRY;
	table->first_free = first;
}

static uint32_t
take_number(struct half_table *table)
{
	if (table->n == table->n_entries)
		add_chunk(table);
	uint32_t number = table->first_free;

	table->first_free = (uint32_t)entry_at(table, number)->position;
	return number;
}

static void
give_number(struct half_table *table, uint32_t number)
{
	*entry_at(table, number) = (struct half_entry){ .position = table->first_free };
	table->first_free = number;
}

/* ---- entries by position --------------------------------------------- */

/* Two rounds of mixing: positions often have a regular stride, and one product maps some strides
 * to few slots. */
static uint32_t
hash_of(int64_t position)
{
	uint64_t hash = (uint64_t)position * UINT64_C(0x9E3779B97F4A7C15);

	hash = (hash ^ hash >> 29) * UINT64_C(0xBF58476D1CE4E5B9);
	return (uint32_t)(hash >> 32);
}

/* The slot that holds it, or the empty one where it belongs. */
static uint32_t
find_slot(const struct half_table *table, int64_t position)
{
	uint32_t hash = hash_of(position), mask = table->n_slots - 1, at = hash & mask;

	for (; table->slots[at].held != 0; at = (at + 1) & mask)
		if (table->slots[at].hash == hash &&
		    entry_at(table, table->slots[at].held - 1)->position == position)
			break;
	return at;
}

struct half_entry *
half_table_find(const struct half_table *table, int64_t position)
{
	if (table->n == 0)
		return NULL;
	uint32_t held = table->slots[find_slot(table, position)].held;

	return held != 0 ? entry_at(table, held - 1) : NULL;
}

/* For one more. */
static void
make_room(struct half_table *table)
{
	struct half_slot *old = table->slots;
	uint32_t n_old = table->n_slots;

	if (table->n < n_old / 4 * 3)
		return;
	table->n_slots = n_old != 0 ? n_old * 2 : FIRST_SLOTS;
	table->slots = mem_zalloc(table->n_slots * sizeof table->slots[0]);
	for (uint32_t i = 0, mask = table->n_slots - 1; i < n_old; i++) {
		uint32_t at = old[i].hash & mask;

		if (old[i].held == 0)
			continue;
		while (table->slots[at].held != 0)
			at = (at + 1) & mask;
		table->slots[at] = old[i];
	}
	free(old);
}

/* Moves later entries of the probe sequence up, so that a look-up never stops at the gap. */
static void
empty_slot(struct half_table *table, uint32_t slot)
{
	struct half_slot *slots = table->slots;
	uint32_t mask = table->n_slots - 1;

	for (uint32_t at = (slot + 1) & mask; slots[at].held != 0; at = (at + 1) & mask) {
		if (((at - slots[at].hash) & mask) < ((at - slot) & mask))
			continue;
		slots[slot] = slots[at];
		slot = at;
	}
	slots[slot] = (struct half_slot){ 0 };
}

/* ---- who is due ------------------------------------------------------ */

static void
set_place(struct half_table *table, uint32_t place, uint32_t number)
{
	table->heap[place] = number;
	entry_at(table, number)->place = place;
}

static int64_t
due_at(const struct half_table *table, uint32_t place)
{
	return entry_at(table, table->heap[place])->due_ms;
}

static void
settle_place(struct half_table *table, uint32_t number)
{
	const struct half_entry *entry = entry_at(table, number);
	uint32_t place = entry->place;

	for (; place > 1 && due_at(table, place / 2) > entry->due_ms; place /= 2)
		set_place(table, place, table->heap[place / 2]);
	for (uint32_t child = 2 * place; child <= table->n_due; child = 2 * place) {
		if (child < table->n_due && due_at(table, child + 1) < due_at(table, child))
			child++;
		if (due_at(table, child) >= entry->due_ms)
			break;
		set_place(table, place, table->heap[child]);
		place = child;
	}
	set_place(table, place, number);
}

static void
set_due(struct half_table *table, uint32_t number, int64_t due_ms)
{
	struct half_entry *entry = entry_at(table, number);

	entry->due_ms = due_ms;
	entry->taken = false;
	if (entry->place == 0) {
		if (table->n_due + 1 >= table->heap_cap) {
			table->heap_cap = table->heap_cap != 0 ? table->heap_cap * 2 : 64;
			table->heap =
			    mem_realloc(table->heap, table->heap_cap * sizeof table->heap[0]);
		}
		entry->place = ++table->n_due;
	}
	settle_place(table, number);
}

static void
drop_due(struct half_table *table, uint32_t number)
{
	struct half_entry *entry = entry_at(table, number);
	uint32_t last = table->n_due != 0 ? table->heap[table->n_due] : 0;

	if (entry->place == 0)
		return;
	table->n_due--;
	if (last != number) {
		set_place(table, entry->place, last);
		settle_place(table, last);
	}
	entry->place = 0;
}

struct half_entry *
half_table_soonest(const struct half_table *table)
{
	return table->n_due != 0 ? entry_at(table, table->heap[1]) : NULL;
}

void
half_table_set_due(struct half_table *table, struct half_entry *entry, int64_t due_ms)
{
	set_due(table, table->heap[entry->place], due_ms);
}

/* ---- setting and removing -------------------------------------------- */

/* The number in the slot; an empty slot gets a new entry. */
static uint32_t
fill_slot(struct half_table *table, uint32_t slot, int64_t position)
{
	if (table->slots[slot].held == 0) {
		uint32_t number = take_number(table);

		*entry_at(table, number) = (struct half_entry){ .position = position, .copy = -1 };
		table->slots[slot] = (struct half_slot){ hash_of(position), number + 1 };
		table->n++;
	}
	return table->slots[slot].held - 1;
}

static void
set_state(struct half_table *table, uint32_t number, enum half_state state)
{
	struct half_entry *entry = entry_at(table, number);

	if (entry->state != HALF_NONE)
		table->n_of[entry->state]--;
	entry->state = (uint8_t)state;
	if (state != HALF_NONE)
		table->n_of[state]++;
	if (state == HALF_OPEN)
		set_due(table, number, entry->due_ms);
	else
		drop_due(table, number);
}

/* The table is empty: gives the memory of many entries back. */
static void
release_empty(struct half_table *table)
{
	struct half_table kept = {
		.before = table->before,
		.n_before = table->n_before,
		.before_cap = table->before_cap,
		.changes = table->changes,
		.n_changes = table->n_changes,
		.changes_cap = table->changes_cap,
		.expire_before = table->expire_before,
	};

	table->before = NULL;
	table->changes = NULL;
	half_table_release(table);
	*table = kept;
}

static void
clear_slot(struct half_table *table, uint32_t slot)
{
	uint32_t number = table->slots[slot].held - 1;

	set_state(table, number, HALF_NONE);
	empty_slot(table, slot);
	give_number(table, number);
	table->n--;
}

void
half_table_load(struct half_table *table, const struct half_entry *image)
{
	make_room(table);
	uint32_t number = fill_slot(table, find_slot(table, image->position), image->position);
	struct half_entry *entry = entry_at(table, number);

	entry->copy = image->copy;
	entry->due_ms = image->due_ms;
	entry->n_asked = image->n_asked;
	entry->kept = image->kept;
	set_state(table, number, image->state);
}

void
half_table_forget(struct half_table *table, int64_t position)
{
	uint32_t slot = table->n != 0 ? find_slot(table, position) : 0;

	if (table->n != 0 && table->slots[slot].held != 0)
		clear_slot(table, slot);
}

/* ---- changes --------------------------------------------------------- */

#define STATE(name) (1u << HALF_##name)

static const unsigned allowed_from[] = {
	[HALF_OP_NONE] = ~0u,
	[HALF_STORE] = STATE(NONE),
	[HALF_COMMIT] = STATE(OPEN) | STATE(PARKED),
	[HALF_ROLLBACK] = STATE(OPEN) | STATE(PARKED),
	[HALF_OVERRIDE] = STATE(REVOCABLE),
	[HALF_ASK] = STATE(OPEN),
	[HALF_PARK] = STATE(OPEN),
	[HALF_RESUME] = STATE(OPEN) | STATE(PARKED),
	[HALF_ADOPT] = STATE(NONE),
};

bool
half_table_allows(const struct half_table *table, struct half_change *change)
{
	const struct half_entry *entry = NULL;
	unsigned allowed = allowed_from[change->op];

	/* An irrevocable rollback also ends a revocable one. */
	if (change->op == HALF_ROLLBACK && !change->revocable)
		allowed |= STATE(REVOCABLE);
	if (change->op != HALF_OP_NONE && change->op != HALF_STORE)
		entry = half_table_find(table, change->position);
	change->found = entry != NULL ? entry->state : HALF_NONE;
	return (allowed & (1u << change->found)) != 0;
}

/* slot: where it is, or an empty one. */
static void
note_before(struct half_table *table, uint32_t slot, int64_t position)
{
	uint32_t held = table->slots[slot].held;

	if (table->n_before == table->before_cap) {
		table->before_cap = table->before_cap != 0 ? table->before_cap * 2 : 64;
		table->before =
		    mem_realloc(table->before, table->before_cap * sizeof table->before[0]);
	}
	table->before[table->n_before++] = (struct half_before){
		.entry = held != 0 ? *entry_at(table, held - 1)
		                   : (struct half_entry){ .position = position, .copy = -1 },
		.number = held != 0 ? held - 1 : NO_ENTRY,
	};
}

static void
change_entry(struct half_entry *entry, const struct half_change *change, int64_t record,
    int n_asked, int64_t now_ms)
{
	entry->due_ms = now_ms + change->due_in_ms;
	if (change->op == HALF_PARK)
		entry->copy = record;
	if (change->op == HALF_RESUME)
		entry->n_asked = 0;
	if (change->op == HALF_ASK && (n_asked >= 0 || entry->n_asked < UINT16_MAX))
		entry->n_asked = (uint16_t)(n_asked >= 0 ? n_asked : entry->n_asked + 1);
}

void
half_table_apply(struct half_table *table, const struct half_change *change, int64_t record,
    int n_asked, int64_t now_ms)
{
	int64_t position = change->op == HALF_STORE ? record : change->position;

	if (change->op == HALF_OP_NONE)
		return;
	make_room(table);
	uint32_t slot = find_slot(table, position);

	note_before(table, slot, position);
	if (change->op == HALF_COMMIT || change->op == HALF_OVERRIDE ||
	    (change->op == HALF_ROLLBACK && !change->revocable)) {
		if (table->slots[slot].held != 0)
			clear_slot(table, slot);
		return;
	}
	uint32_t number = fill_slot(table, slot, position);

	table->before[table->n_before - 1].number = number;
	change_entry(entry_at(table, number), change, record, n_asked, now_ms);
	if (change->op == HALF_PARK)
		set_state(table, number, HALF_PARKED);
	else
		set_state(table, number, change->op == HALF_ROLLBACK ? HALF_REVOCABLE : HALF_OPEN);
}

struct half_entry *
half_table_changed(const struct half_table *table, const struct half_changed *change)
{
	if (change->number >= table->n_entries)
		return NULL;
	struct half_entry *entry = entry_at(table, change->number);

	return entry->state != HALF_NONE && entry->position == change->position ? entry : NULL;
}

void
half_table_settle(struct half_table *table, int64_t at)
{
	for (size_t i = 0; i < table->n_before; i++) {
		const struct half_before *before = &table->before[i];
		const struct half_changed change = {
			.position = before->entry.position,
			.at = at,
			.number = before->number,
			.kept = before->entry.kept,
		};

		/* It was stored and decided without a row: meta.db needs no change. */
		if (!change.kept && half_table_changed(table, &change) == NULL)
			continue;
		if (table->n_changes == table->changes_cap) {
			table->changes_cap = table->changes_cap != 0 ? table->changes_cap * 2 : 64;
			table->changes = mem_realloc(
			    table->changes, table->changes_cap * sizeof table->changes[0]);
		}
		table->changes[table->n_changes++] = change;
	}
	table->n_before = 0;
	if (table->n == 0 && table->n_entries > CHUNK_ENTRIES)
		release_empty(table);
}

void
half_table_undo(struct half_table *table)
{
	while (table->n_before > 0) {
		const struct half_before before = table->before[--table->n_before];

		if (before.entry.state != HALF_NONE)
			half_table_load(table, &before.entry);
		else if (before.number != NO_ENTRY)
			clear_slot(table, find_slot(table, before.entry.position));
	}
}

/* ---- records that go ------------------------------------------------- */

bool
half_table_may_expire(struct half_table *table, int64_t before, int64_t now_ms)
{
	bool may = true;

	for (uint32_t i = 0; i < table->n_entries; i++) {
		const struct half_entry *entry = entry_at(table, i);

		if (entry->state != HALF_OPEN || half_entry_record(entry) >= before)
			continue;
		set_due(table, i, now_ms);
		may = false;
	}
	if (!may)
		table->expire_before = before;
	return may;
}

int64_t
half_table_expire(struct half_table *table, int64_t before, int64_t at)
{
	int64_t n_parked = 0;

	for (uint32_t i = 0; i < table->n_entries; i++) {
		const struct half_entry entry = *entry_at(table, i);

		if (entry.state == HALF_NONE || half_entry_record(&entry) >= before)
			continue;
		n_parked += entry.state == HALF_PARKED;
		uint32_t slot = find_slot(table, entry.position);

		note_before(table, slot, entry.position);
		clear_slot(table, slot);
	}
	half_table_settle(table, at);
	return n_parked;
}

void
half_table_cut(struct half_table *table, int64_t end, int64_t now_ms)
{
	for (uint32_t i = 0; i < table->n_entries; i++) {
		struct half_entry *entry = entry_at(table, i);

		if (entry->state == HALF_NONE || (entry->position < end && entry->copy < end))
			continue;
		uint32_t slot = find_slot(table, entry->position);

		note_before(table, slot, entry->position);
		if (entry->position >= end) {
			clear_slot(table, slot);
			continue;
		}
		entry->copy = -1;
		entry->due_ms = now_ms;
		set_state(table, i, HALF_OPEN);
	}
	half_table_settle(table, end);
}
