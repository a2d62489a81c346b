#include "config.h"

#include "bench/ledger.h"

#include <stdlib.h>

#include "common/base/mem.h"

#define CHUNK (1u << 17)
/* An entry: found (1 bit), state (3), queue (20), offset (40). */
#define SEEN (1ull << 63)
#define STATE_SHIFT 60
#define STATE_MASK 7u
#define QUEUE_SHIFT 40
#define OFFSET_MASK ((1ull << QUEUE_SHIFT) - 1)
#define PLACE_MASK ((1ull << STATE_SHIFT) - 1)

void
ledger_release(struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->n_chunks; i++)
		free(ledger->chunks[i]);
	free(ledger->chunks);
	*ledger = (struct ledger){ 0 };
}

static uint64_t *
entry_of(const struct ledger *ledger, uint64_t number)
{
	return &ledger->chunks[number / CHUNK][number % CHUNK];
}

static enum ledger_state
state_of(uint64_t entry)
{
	return (enum ledger_state)(entry >> STATE_SHIFT & STATE_MASK);
}

static uint32_t
queue_of(uint64_t entry)
{
	return (uint32_t)(entry >> QUEUE_SHIFT) % LEDGER_QUEUES_MAX;
}

static bool
is_acknowledged(uint64_t entry)
{
	return state_of(entry) == LEDGER_STORED || state_of(entry) == LEDGER_TAKEN;
}

uint64_t
ledger_take(struct ledger *ledger, uint32_t n)
{
	uint64_t first = ledger->n;

	ledger->n += n;
	while (ledger->n > ledger->n_chunks * CHUNK) {
		ledger->chunks =
		    mem_realloc(ledger->chunks, (ledger->n_chunks + 1) * sizeof *ledger->chunks);
		ledger->chunks[ledger->n_chunks++] = mem_zalloc(CHUNK * sizeof(uint64_t));
	}
	return first;
}

/* Queue and offset as stored in an entry. */
static uint64_t
place_of(uint32_t queue, int64_t offset)
{
	return (uint64_t)(queue % LEDGER_QUEUES_MAX) << QUEUE_SHIFT |
	       ((uint64_t)offset & OFFSET_MASK);
}

static bool
is_right(enum ledger_state state, uint64_t said, uint64_t found)
{
	uint64_t mask = state == LEDGER_STORED ? PLACE_MASK : PLACE_MASK & ~OFFSET_MASK;

	return (said & mask) == (found & mask);
}

void
ledger_settle(
    struct ledger *ledger, uint64_t number, enum ledger_state state, uint32_t queue, int64_t offset)
{
	uint64_t *entry = entry_of(ledger, number);
	uint64_t said = place_of(queue, offset), found = *entry & PLACE_MASK;
	bool seen = (*entry & SEEN) != 0;

	*entry = (seen ? SEEN : 0) | (uint64_t)state << STATE_SHIFT | said;
	ledger->n_acknowledged += is_acknowledged(*entry);
	/* A consumer may be faster than the reply to the producer. */
	if (!seen)
		return;
	ledger->n_late++;
	ledger->n_late_withheld += state == LEDGER_WITHHELD;
	if (!is_acknowledged(*entry))
		return;
	ledger->n_found++;
	ledger->n_late_elsewhere += !is_right(state, said, found);
}

enum ledger_verdict
ledger_find(struct ledger *ledger, uint64_t number, uint32_t queue, int64_t offset)
{
	if (number >= ledger->n)
		return FOUND_NEVER_SENT;

	uint64_t *entry = entry_of(ledger, number);
	uint64_t found = place_of(queue, offset);
	enum ledger_state state = state_of(*entry);

	if ((*entry & SEEN) != 0)
		return FOUND_TWICE;
	*entry |= SEEN;
	switch (state) {
	case LEDGER_UNKNOWN:
		*entry |= found;
		return FOUND_UNKNOWN;
	case LEDGER_STORED:
	case LEDGER_TAKEN:
		ledger->n_found++;
		return is_right(state, *entry, found) ? FOUND_RIGHT : FOUND_ELSEWHERE;
	case LEDGER_WITHHELD:
		break;
	}
	return FOUND_WITHHELD;
}

uint64_t
ledger_missing(const struct ledger *ledger)
{
	return ledger->n_acknowledged - ledger->n_found;
}

bool
ledger_first_missing(
    const struct ledger *ledger, uint64_t *number, uint32_t *queue, int64_t *offset)
{
	for (*number = 0; *number < ledger->n; ++*number) {
		uint64_t entry = *entry_of(ledger, *number);

		if (!is_acknowledged(entry) || (entry & SEEN) != 0)
			continue;
		*queue = queue_of(entry);
		*offset = state_of(entry) == LEDGER_STORED ? (int64_t)(entry & OFFSET_MASK) : -1;
		return true;
	}
	return false;
}
