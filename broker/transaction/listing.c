#include "config.h"

#include "broker/transaction/listing.h"

#include <inttypes.h>
#include <stdlib.h>

#include "broker/store/store.h"
#include "broker/store/tail/tail.h"
#include "broker/transaction/view.h"
#include "common/base/clock.h"
#include "common/base/mem.h"

#define LIMIT_MAX 1000          /* rows of one reply */
#define EFFORT_MAX 1000         /* of one request: half messages and events that it looks at */
#define EFFORT_WRITER 16        /* of one for whose sake the writer is asked */
#define TIME_MAX_MS 500         /* however busy the store is */
#define ANSWER_BYTES (4u << 20) /* an answer that is this long is finished */
#define PAGE_HALVES 64
#define PAGE_EVENTS 128
#define PAGE_KEYS 16 /* bodies come along: */
#define PAGE_KEY_BYTES (256 << 10)

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

/* ---- the question -------------------------------------------------------- */

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

/* Where the next reply goes on; absent: this is the last. Arena. */
static struct slice
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

static bool
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

static void go_on(struct listing *listing);

/* ---- rows ----------------------------------------------------------------- */

/* Keeps only the contradictions, or only the last decision. */
static void
narrow_events(const struct listing *listing, struct arena *arena, struct transaction_info *info)
{
	struct transaction_event *kept = arena_alloc(arena, (info->n_events + 1) * sizeof *kept);
	size_t n = 0;

	for (size_t i = 0; i < info->n_events; i++) {
		const struct transaction_event *event = &info->events[i];

		if (listing->wanted->contradicted) {
			if (slice_is(event->what, half_event_name(EVENT_CONTRADICT)))
				kept[n++] = *event;
		} else if (slice_is(event->what, half_event_name(EVENT_COMMIT)) ||
			   slice_is(event->what, half_event_name(EVENT_ROLLBACK))) {
			kept[0] = *event;
			n = 1;
		}
	}
	info->events = kept;
	info->n_events = n;
}

/* Makes the row of an event and its half message. False: the event is not listed. */
static bool
tell_event(struct listing *listing, struct arena *arena, struct transaction_info *info)
{
	const struct listed_event *from = listing->event;
	struct transaction_event *event = arena_alloc(arena, sizeof *event);

	/* the list shows the current state: skip a rollback that was or may yet be overridden */
	if (listing->source == FROM_DECISIONS && from->event.revocable &&
	    (info->state != TRANSACTION_ROLLED_BACK || info->n_events == 0 ||
		info->events[0].position != from->position))
		return false;
	info->state = transaction_state_after(&from->event, TRANSACTION_STATE_UNKNOWN);
	transaction_event_tell(arena, from->position, &from->event, event);
	info->queue_offset = from->event.half_offset;
	info->events = event;
	info->n_events = 1;
	return true;
}

static void
on_viewed(struct transaction_view *view, struct loop *loop)
{
	struct listing *listing = view->context;
	struct transaction_info info;
	bool counts = true;

	transaction_view_tell(view, &loop->arena, &info);
	narrow_events(listing, &loop->arena, &info);
	if (listing->event != NULL)
		counts = tell_event(listing, &loop->arena, &info);
	if (listing->source == FROM_KEY && listing->wanted->contradicted)
		counts = info.n_events != 0;
	if (counts && listing_wants(listing, &info)) {
		transaction_info_write(&listing->out, &info);
		listing->n_rows++;
	}
	transaction_view_release(view);
	go_on(listing);
}

static void
view(struct listing *listing, int64_t position, unsigned wants)
{
	listing->view.worker = listing->worker;
	listing->view.position = position;
	listing->view.wants = wants;
	listing->view.done = on_viewed;
	listing->view.context = listing;
	transaction_view_start(&listing->view);
}

/* ---- from the table -------------------------------------------------------- */

static void
on_halves(struct half_job *job, struct loop *reply_loop)
{
	struct listing *listing = job->context;

	(void)reply_loop;
	listing->table_cursor = job->cursor;
	listing->n = job->n;
	listing->halves = arena_alloc(&listing->page_arena, (job->n + 1) * sizeof *job->halves);
	if (job->n != 0)
		memcpy(listing->halves, job->halves, job->n * sizeof *job->halves);
	half_job_free(job);
	go_on(listing);
}

/* Asks for at most as many as fit into this reply, as a cursor points between two pages. */
static void
load_halves(struct listing *listing)
{
	size_t rows = listing->limit - listing->n_rows, scans = EFFORT_MAX - listing->effort;
	struct half_job *job = half_job_new(HALF_LIST);

	listing->begun = true;
	job->reply_loop = listing->worker->loop;
	job->done = on_halves;
	job->context = listing;
	job->cursor = listing->table_cursor;
	job->max = rows < scans ? rows : scans;
	if (job->max > PAGE_HALVES)
		job->max = PAGE_HALVES;
	store_halves(listing->worker->broker->store, job);
}

static bool
has_halves(const struct listing *listing)
{
	return !listing->begun || listing->table_cursor != 0;
}

static bool
take_half(struct listing *listing)
{
	const struct half *half = &listing->halves[--listing->n];

	if ((listing->wanted->states & 1u << transaction_state_of(half->state)) == 0)
		return false;
	listing->view = (struct transaction_view){ .copy = -1, .half = *half };
	view(listing, half->position, VIEW_RECORD);
	return true;
}

/* ---- from the events -------------------------------------------------------- */

static const struct tail_queue *
event_queue(const struct listing *listing)
{
	int32_t id =
	    listing->source == FROM_DECISIONS ? EVENT_QUEUE_DECISIONS : EVENT_QUEUE_CONTRADICTIONS;

	return tail_find(listing->worker->tail, SLICE(HALF_EVENT_TOPIC), id);
}

static void
add_event(struct listing *listing, const struct record *record)
{
	struct listed_event *event = &listing->events[listing->n];

	if (listing->n == PAGE_EVENTS || half_event_parse(record, &event->event) == -1)
		return;
	event->offset = record->queue_offset;
	event->position = record->position;
	event->event.by = arena_copy(&listing->page_arena, event->event.by);
	event->event.reason = arena_copy(&listing->page_arena, event->event.reason);
	listing->n++;
}

static void on_events(struct read_job *job, struct loop *reply_loop);

static void
read_events(struct listing *listing, int32_t queue, int64_t from)
{
	struct read_job *job = read_queue_new(queue, from,
	    &(struct pull_limits){
		.max_messages = (int32_t)(listing->offset - from),
		.max_bytes = INT32_MAX,
		.max_scan = INT32_MAX,
	    });

	job->reply_loop = listing->worker->loop;
	job->done = on_events;
	job->context = listing;
	store_read(listing->worker->broker->store, job);
}

/* A page ends early at an unreadable record; the record is skipped and the rest is read. */
static void
on_events(struct read_job *job, struct loop *reply_loop)
{
	struct listing *listing = job->context;
	int64_t at = job->in_queue.offset, next = job->in_queue.next_offset;
	bool is_part = job->status == READ_FOUND || job->status == READ_CORRUPT;
	struct slice rest = { "", 0 };
	struct record record;
	int32_t queue = job->in_queue.queue;

	(void)reply_loop;
	listing->failed |= job->status == READ_FAILED;
	if (job->status == READ_FOUND)
		rest = (struct slice){ job->chunk->data, job->chunk->len };
	while (record_decode(rest.data, rest.len, &record) == 0) {
		add_event(listing, &record);
		rest.data += record.size;
		rest.len -= record.size;
	}
	read_job_free(job);
	if (is_part && next > at && next < listing->offset) {
		read_events(listing, queue, next);
		return;
	}
	if (listing->n == 0)
		listing->offset = listing->page_begin;
	go_on(listing);
}

static bool
has_events(const struct listing *listing)
{
	const struct tail_queue *queue = event_queue(listing);

	return queue != NULL && listing->offset > queue->min_offset &&
	       queue->max_offset > queue->min_offset;
}

static void
load_events(struct listing *listing)
{
	const struct tail_queue *queue = event_queue(listing);

	if (listing->offset > queue->max_offset)
		listing->offset = queue->max_offset;
	listing->page_begin = listing->offset - PAGE_EVENTS;
	if (listing->page_begin < queue->min_offset)
		listing->page_begin = queue->min_offset;
	listing->events = arena_alloc(&listing->page_arena, PAGE_EVENTS * sizeof *listing->events);
	read_events(listing, queue->number, listing->page_begin);
}

static bool
take_event(struct listing *listing)
{
	const struct listed_event *event = &listing->events[--listing->n];
	enum transaction_state state =
	    transaction_state_after(&event->event, TRANSACTION_STATE_UNKNOWN);
	bool may_change = listing->source == FROM_DECISIONS && event->event.revocable;

	listing->offset = listing->n != 0 ? event->offset : listing->page_begin;
	if ((listing->wanted->states & 1u << state) == 0)
		return false;
	listing->effort += may_change ? EFFORT_WRITER : 0;
	listing->event = event;
	listing->view = (struct transaction_view){ .copy = -1 };
	view(listing, event->event.position,
	    VIEW_RECORD | (may_change ? VIEW_TABLE | VIEW_EVENTS : 0));
	return true;
}

/* ---- by key ------------------------------------------------------------------ */

static void
on_keys(struct read_job *job, struct loop *reply_loop)
{
	struct listing *listing = job->context;
	struct slice rest = { "", 0 };
	struct record record;

	(void)reply_loop;
	listing->failed |= job->status == READ_FAILED;
	listing->last_page = !job->by_key.more;
	if (job->status == READ_FOUND) {
		listing->chunk = job->chunk;
		job->chunk = NULL;
		rest = (struct slice){ listing->chunk->data, listing->chunk->len };
	}
	listing->records = arena_alloc(
	    &listing->page_arena, ((size_t)job->n_records + 1) * sizeof *listing->records);
	while (record_decode(rest.data, rest.len, &record) == 0) {
		listing->records[listing->n++] = record;
		rest.data += record.size;
		rest.len -= record.size;
	}
	read_job_free(job);
	go_on(listing);
}

static bool
has_keys(const struct listing *listing)
{
	return !listing->last_page && listing->offset > 0;
}

static void
load_keys(struct listing *listing)
{
	struct read_job *job = read_key_new(SLICE(HALF_TOPIC), listing->key, PAGE_KEYS);

	job->reply_loop = listing->worker->loop;
	job->done = on_keys;
	job->context = listing;
	job->by_key.before = listing->offset;
	job->by_key.max_bytes = PAGE_KEY_BYTES;
	store_read(listing->worker->broker->store, job);
}

static bool
take_key(struct listing *listing)
{
	const struct record *record = &listing->records[--listing->n];

	listing->offset = record->position;
	listing->effort += EFFORT_WRITER;
	listing->view = (struct transaction_view){ .copy = -1, .record = *record };
	view(listing, record->position, VIEW_TABLE | VIEW_EVENTS);
	return true;
}

/* ---- one after the other ------------------------------------------------------- */

static const struct source_functions {
	bool (*has_more)(const struct listing *listing); /* pages */
	void (*load)(struct listing *listing);           /* asks for the next page */
	bool (*take)(struct listing *listing); /* asks for the next row; false: it is passed */
} functions[] = {
	[FROM_TABLE] = { has_halves, load_halves, take_half },
	[FROM_DECISIONS] = { has_events, load_events, take_event },
	[FROM_CONTRADICTIONS] = { has_events, load_events, take_event },
	[FROM_KEY] = { has_keys, load_keys, take_key },
};

static void
drop_page(struct listing *listing)
{
	if (listing->chunk != NULL)
		chunk_unref(listing->chunk);
	listing->chunk = NULL;
	arena_reset(&listing->page_arena);
	listing->n = 0;
}

/* A page of the table is always finished, as its cursor points behind it. Each reply examines at
 * least one element, so that a client makes progress. */
static bool
is_full(const struct listing *listing)
{
	if (listing->n_scanned == 0 || (listing->source == FROM_TABLE && listing->n != 0))
		return false;
	return listing->n_rows >= listing->limit || listing->effort >= EFFORT_MAX ||
	       listing->text.len >= ANSWER_BYTES ||
	       clock_mono_ms() - listing->started_ms >= TIME_MAX_MS;
}

/* Goes to the next source when one is exhausted. True: a page must be loaded. */
static bool
find_source(struct listing *listing)
{
	while (listing->source != FROM_NOWHERE && !functions[listing->source].has_more(listing)) {
		bool is_first = listing->source == listing->wanted->first;

		listing->source = is_first ? listing->wanted->next : FROM_NOWHERE;
		listing->offset = INT64_MAX;
	}
	return listing->source != FROM_NOWHERE;
}

static bool
take(struct listing *listing)
{
	listing->n_scanned++;
	listing->effort++;
	listing->event = NULL;
	return functions[listing->source].take(listing);
}

static void
go_on(struct listing *listing)
{
	struct loop *loop = listing->worker->loop;
	struct transaction_list end = { 0 };

	while (!listing->failed && (listing->n != 0 || find_source(listing)) && !is_full(listing)) {
		if (listing->n == 0) {
			drop_page(listing);
			functions[listing->source].load(listing);
			return;
		}
		if (take(listing))
			return;
	}
	end.scanned = (int64_t)listing->n_scanned;
	end.cursor = listing_cursor(listing, &loop->arena);
	transaction_counts_get(listing->worker->broker, end.counts);
	transaction_list_close(&listing->out, &end);
	listing->done(listing->context, loop, buf_slice(&listing->text), listing->failed);
}

void
listing_start(struct listing *listing,
    void (*done)(void *context, struct loop *loop, struct slice body, bool failed), void *context)
{
	listing->started_ms = clock_mono_ms();
	listing->done = done;
	listing->context = context;
	json_out_init(&listing->out, &listing->text);
	transaction_list_open(&listing->out);
	go_on(listing);
}

void
listing_free(struct listing *listing)
{
	drop_page(listing);
	arena_release(&listing->page_arena);
	arena_release(&listing->arena);
	buf_release(&listing->text);
	free(listing);
}
