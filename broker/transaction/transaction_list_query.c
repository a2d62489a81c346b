#include "config.h"

#include "broker/transaction/listing.h"

#include <inttypes.h>

#include "broker/transaction/transaction_list_private.h"
#include "common/base/clock.h"
#include "common/base/mem.h"

#define LIMIT_MAX 1000

static const struct wanted wanted_states[] = {
	{ "all", ~0u, false, FROM_TABLE, FROM_DECISIONS },
	{ "open", 1u << TRANSACTION_OPEN, false, FROM_TABLE, FROM_NOWHERE },
	{ "parked", 1u << TRANSACTION_PARKED, false, FROM_TABLE, FROM_NOWHERE },
	{ "revocable", 1u << TRANSACTION_REVOCABLE, false, FROM_TABLE, FROM_NOWHERE },
	{ "committed", 1u << TRANSACTION_COMMITTED, false, FROM_DECISIONS, FROM_NOWHERE },
	{ "rolledBack", 1u << TRANSACTION_ROLLED_BACK, false, FROM_DECISIONS, FROM_NOWHERE },
	{ "contradiction", ~0u, true, FROM_CONTRADICTIONS, FROM_NOWHERE },
};

static const struct wanted *
find_wanted(struct slice name)
{
	if (name.len == 0)
		return &wanted_states[0];
	for (size_t i = 0; i < sizeof wanted_states / sizeof wanted_states[0]; i++)
		if (slice_is(name, wanted_states[i].name))
			return &wanted_states[i];
	return NULL;
}

/* The letter of a cursor. */
static const char source_letters[] = "TDCK";

/* "T17" and so on, as an answer said. */
static int
read_cursor(struct listing *listing, struct slice cursor)
{
	const char *letter = memchr(source_letters, cursor.data[0], sizeof source_letters - 1);
	struct slice number = { cursor.data + 1, cursor.len - 1 };
	enum source source;

	if (letter == NULL || slice_to_int64(number, &listing->offset) == -1 || listing->offset < 0)
		return -1;
	source = (enum source)(letter - source_letters);
	if (source != listing->source &&
	    (listing->source == FROM_KEY || source != listing->wanted->next))
		return -1;
	if (source == FROM_TABLE && listing->offset > UINT32_MAX)
		return -1;
	listing->source = source;
	listing->begun = source == FROM_TABLE;
	listing->table_cursor = source == FROM_TABLE ? (uint32_t)listing->offset : 0;
	return 0;
}

struct slice
listing_cursor(const struct listing *listing, struct arena *arena)
{
	if (listing->source == FROM_NOWHERE)
		return SLICE_NONE;
	return arena_printf(arena, "%c%" PRId64, source_letters[listing->source],
	    listing->source == FROM_TABLE ? (int64_t)listing->table_cursor : listing->offset);
}

struct listing *
listing_new(struct worker *worker, const struct list_transactions_header *header, const char **why)
{
	const struct wanted *wanted = find_wanted(header->state);
	struct listing *listing;

	*why = NULL;
	if (wanted == NULL)
		*why = "state is none of open, parked, revocable, committed, rolledBack, "
		       "contradiction, all";
	else if (header->limit < 1)
		*why = "limit is less than 1";
	else if (header->older_than_ms < 0)
		*why = "olderThanMs is negative";
	if (*why != NULL)
		return NULL;
	listing = mem_zalloc(sizeof *listing);
	listing->worker = worker;
	listing->wanted = wanted;
	listing->group = arena_copy(&listing->arena, header->group);
	listing->topic = arena_copy(&listing->arena, header->topic);
	listing->key = arena_copy(&listing->arena, header->key);
	listing->stored_before_ms =
	    header->older_than_ms == 0 ? INT64_MAX : clock_wall_ms() - header->older_than_ms;
	listing->limit = header->limit < LIMIT_MAX ? (size_t)header->limit : LIMIT_MAX;
	listing->source = header->key.len != 0 ? FROM_KEY : wanted->first;
	listing->offset = INT64_MAX;
	if (header->cursor.len != 0 && read_cursor(listing, header->cursor) == -1) {
		*why = "cursor is not of an answer to this question";
		listing_free(listing);
		return NULL;
	}
	return listing;
}

bool
listing_wants(const struct listing *listing, const struct transaction_info *info)
{
	if ((listing->wanted->states & 1u << info->state) == 0)
		return false;
	if (listing->group.len != 0 && !slice_equal(info->group, listing->group))
		return false;
	if (listing->topic.len != 0 && !slice_equal(info->topic, listing->topic))
		return false;
	return listing->stored_before_ms == INT64_MAX ||
	       (info->stored_ms != 0 && info->stored_ms <= listing->stored_before_ms);
}
