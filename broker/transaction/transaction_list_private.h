#ifndef BROKER_TRANSACTION_LIST_PRIVATE_H
#define BROKER_TRANSACTION_LIST_PRIVATE_H

/*
 * A listing: transaction_list_query.c knows what was asked for and where to go
 * on, listing.c where rows come from.
 */

#include "broker/transaction/listing.h"
#include "broker/transaction/view.h"

/* Where rows come from. */
enum source {
	FROM_TABLE,
	FROM_DECISIONS,
	FROM_CONTRADICTIONS,
	FROM_KEY,
	FROM_NOWHERE,
};

/* A state that may be asked for. */
struct wanted {
	const char *name;
	unsigned states; /* bits of enum transaction_state */
	bool contradicted;
	enum source first, next;
};

struct listed_event {
	int64_t offset; /* in its queue */
	int64_t position;
	struct half_event event;
};

struct listing {
	struct worker *worker;
	void (*done)(void *context, struct loop *loop, struct slice body, bool failed);
	void *context;
	/* what was asked for */
	struct arena arena;
	struct slice group, topic, key;
	int64_t stored_before_ms;
	const struct wanted *wanted;
	size_t limit;
	/* so far */
	struct buf text;
	struct json_out out;
	size_t n_rows, n_scanned;
	size_t effort;      /* questions to other threads, more or less */
	int64_t started_ms; /* clock_mono_ms */
	bool failed;
	/* where to go on */
	enum source source;
	bool begun;            /* table: the first page was asked for */
	uint32_t table_cursor; /* table */
	int64_t offset;        /* events: those below; keys: log positions below */
	/* the page at hand; its elements are taken from the last to the first */
	size_t n;
	int64_t page_begin; /* events: of this offset */
	struct arena page_arena;
	struct half *halves;
	struct listed_event *events;
	struct record *records;
	struct chunk *chunk; /* of records */
	bool last_page;      /* keys */
	/* the element at hand */
	struct transaction_view view;
	const struct listed_event *event; /* NULL: it is no event */
};

/* Where the next answer goes on; absent: this is the last. Arena. */
struct slice listing_cursor(const struct listing *listing, struct arena *arena);
bool listing_wants(const struct listing *listing, const struct transaction_info *info);

#endif
