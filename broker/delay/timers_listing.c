#include "config.h"

#include "broker/delay/timers_listing.h"

#include <inttypes.h>
#include <stdlib.h>

#include "broker/delay/delay.h"
#include "broker/store/store.h"
#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/json/json_body.h"
#include "common/protocol/timer_list.h"

#define LIMIT_MAX 1000  /* rows of one reply */
#define EFFORT_MAX 1000 /* messages that one request looks at */
#define TIME_MAX_MS 500 /* however busy the store is */
#define PAGE 64

/* The due times of one clock, a page at a time. */
struct timers_page {
	struct timed rows[PAGE];
	size_t n, at;
	struct timed after; /* where the next row is looked for */
	bool ended;
};

struct timers_listing {
	struct worker *worker;
	void (*done)(void *context, struct loop *loop, struct slice body, bool failed);
	void *context;
	struct arena arena;
	struct slice topic; /* empty: any */
	int64_t to_ms;
	size_t limit;
	/* what the due times of a clock lack to those of the wall clock, at the start */
	int64_t to_wall_ms[N_TIMED_CLOCKS];
	struct timers_page pages[N_TIMED_CLOCKS];
	struct timed row; /* at hand */
	size_t n_rows, n_scanned;
	int64_t started_ms; /* clock_mono_ms */
	bool failed;
	struct buf text;
	struct json_out out;
};

static void go_on(struct timers_listing *listing);

/* ---- the question -------------------------------------------------------- */

/* "DUE,POSITION;DUE,POSITION", for each clock as an answer said. */
static int
read_timers_cursor(struct timers_listing *listing, struct slice cursor)
{
	for (int clock = 0; clock < N_TIMED_CLOCKS; clock++) {
		struct timed *after = &listing->pages[clock].after;
		struct slice part, number;

		if (!slice_next(&cursor, ';', &part) || !slice_next(&part, ',', &number) ||
		    slice_to_int64(number, &after->due_ms) == -1 ||
		    slice_to_int64(part, &after->position) == -1 || after->due_ms < 0 ||
		    after->due_ms > TIMED_DUE_MAX_MS || after->position < 0)
			return -1;
	}
	return cursor.len == 0 ? 0 : -1;
}

static struct slice
timers_cursor(const struct timers_listing *listing, struct arena *arena)
{
	const struct timed *steady = &listing->pages[TIMED_STEADY].after;
	const struct timed *wall = &listing->pages[TIMED_WALL].after;

	return arena_printf(arena, "%" PRId64 ",%" PRId64 ";%" PRId64 ",%" PRId64, steady->due_ms,
	    steady->position, wall->due_ms, wall->position);
}

static void
begin_at(struct timers_listing *listing, int64_t from_ms)
{
	for (int clock = 0; clock < N_TIMED_CLOCKS; clock++) {
		int64_t due_ms = from_ms - listing->to_wall_ms[clock];

		listing->pages[clock].after = (struct timed){
			.due_ms = due_ms < 0                  ? 0
			          : due_ms > TIMED_DUE_MAX_MS ? TIMED_DUE_MAX_MS
			                                      : due_ms,
			.clock = (enum timed_clock)clock,
		};
	}
}

struct timers_listing *
timers_listing_new(struct worker *worker, const struct list_timers_header *header, const char **why)
{
	struct timers_listing *listing;

	*why = NULL;
	if (header->limit < 1)
		*why = "limit is less than 1";
	else if (header->from_ms < 0 || header->to_ms < 0)
		*why = "a time is negative";
	if (*why != NULL)
		return NULL;
	listing = mem_zalloc(sizeof *listing);
	listing->worker = worker;
	listing->topic = arena_copy(&listing->arena, header->topic);
	listing->to_ms = header->to_ms == 0 ? INT64_MAX : header->to_ms;
	listing->limit = header->limit < LIMIT_MAX ? (size_t)header->limit : LIMIT_MAX;
	for (int clock = 0; clock < N_TIMED_CLOCKS; clock++)
		listing->to_wall_ms[clock] = clock_wall_ms() - delays_now_ms(worker->broker->delays,
								   (enum timed_clock)clock);
	begin_at(listing, header->from_ms);
	if (header->cursor.len != 0 && read_timers_cursor(listing, header->cursor) == -1) {
		*why = "cursor is not of an answer to this question";
		timers_listing_free(listing);
		return NULL;
	}
	return listing;
}

/* ---- a page of due times -------------------------------------------------- */

static void
on_page(struct timed_job *job, struct loop *reply_loop)
{
	struct timers_listing *listing = job->context;
	struct timers_page *page = &listing->pages[job->after.clock];

	(void)reply_loop;
	memcpy(page->rows, job->found, job->n * sizeof job->found[0]);
	page->n = job->n;
	page->at = 0;
	page->ended = job->n < PAGE;
	timed_job_free(job);
	go_on(listing);
}

static void
load_page(struct timers_listing *listing, const struct timers_page *page)
{
	struct timed_job *job = timed_job_new(TIMED_LIST, PAGE);

	job->reply_loop = listing->worker->loop;
	job->done = on_page;
	job->context = listing;
	job->after = page->after;
	store_timed(listing->worker->broker->store, job);
}

/* ---- a row ----------------------------------------------------------------- */

static void
write_timer(struct timers_listing *listing, const struct record *record,
    const struct known_properties *known, struct arena *arena)
{
	struct timer_info timer = {
		.due_ms = listing->row.due_ms + listing->to_wall_ms[listing->row.clock],
		.topic = known->real_topic,
		.msg_id = message_id(arena, &record->store_host, record->position),
		.unique_id = known->unique_key,
		.keys = known->keys,
		.tags = known->tags,
		.stored_ms = record->store_timestamp,
		.body_bytes = (int64_t)record->body.len,
	};
	int64_t queue = 0;

	if (slice_to_int64(known->real_queue, &queue) == 0)
		timer.queue_id = (int32_t)queue;
	timer_info_write(&listing->out, &timer);
	listing->n_rows++;
}

static void
on_record(struct read_job *job, struct loop *reply_loop)
{
	struct timers_listing *listing = job->context;
	struct known_properties known = { 0 };
	struct record record;

	listing->failed |= job->status == READ_FAILED;
	/* One that is delivered by now, or cannot be read, is passed. */
	if (job->status == READ_FOUND &&
	    record_decode(job->chunk->data, job->chunk->len, &record) == 0) {
		properties_read(record.properties, &known);
		if (slice_is(record.topic, TIMED_TOPIC) && known.real_topic.data != NULL &&
		    (listing->topic.len == 0 || slice_equal(known.real_topic, listing->topic)))
			write_timer(listing, &record, &known, &reply_loop->arena);
	}
	read_job_free(job);
	go_on(listing);
}

static void
read_row(struct timers_listing *listing)
{
	struct read_job *job = read_position_new(listing->row.position);

	listing->n_scanned++;
	job->reply_loop = listing->worker->loop;
	job->done = on_record;
	job->context = listing;
	store_read(listing->worker->broker->store, job);
}

/* ---- one after the other ---------------------------------------------------- */

/* The page with the soonest row. NULL: one must be loaded first, *load, or all are at their end. */
static struct timers_page *
soonest(struct timers_listing *listing, struct timers_page **load)
{
	struct timers_page *best = NULL;
	int64_t best_ms = INT64_MAX;

	*load = NULL;
	for (int clock = 0; clock < N_TIMED_CLOCKS; clock++) {
		struct timers_page *page = &listing->pages[clock];

		if (page->at == page->n && !page->ended) {
			*load = page;
			return NULL;
		}
		if (page->at == page->n)
			continue;
		int64_t due_ms = page->rows[page->at].due_ms + listing->to_wall_ms[clock];

		if (best == NULL || due_ms < best_ms) {
			best = page;
			best_ms = due_ms;
		}
	}
	return best_ms <= listing->to_ms ? best : NULL;
}

static void
finish(struct timers_listing *listing, bool more)
{
	struct loop *loop = listing->worker->loop;
	struct timer_list end = { .scanned = (int64_t)listing->n_scanned };
	struct timed_counts counts;

	store_timed_counts(listing->worker->broker->store, &counts);
	end.pending = counts.n_pending;
	if (more)
		end.cursor = timers_cursor(listing, &loop->arena);
	timer_list_close(&listing->out, &end);
	listing->done(listing->context, loop, buf_slice(&listing->text), listing->failed);
}

static void
go_on(struct timers_listing *listing)
{
	struct timers_page *load, *page = soonest(listing, &load);

	if (load != NULL) {
		load_page(listing, load);
		return;
	}
	if (page == NULL || listing->failed) {
		finish(listing, false);
		return;
	}
	/* Each reply looks at one at least, so that a client makes progress. */
	if (listing->n_scanned != 0 &&
	    (listing->n_rows >= listing->limit || listing->n_scanned >= EFFORT_MAX ||
		clock_mono_ms() - listing->started_ms >= TIME_MAX_MS)) {
		finish(listing, true);
		return;
	}
	listing->row = page->rows[page->at++];
	page->after = listing->row;
	read_row(listing);
}

void
timers_listing_start(struct timers_listing *listing,
    void (*done)(void *context, struct loop *loop, struct slice body, bool failed), void *context)
{
	listing->started_ms = clock_mono_ms();
	listing->done = done;
	listing->context = context;
	json_out_init(&listing->out, &listing->text);
	timer_list_open(&listing->out);
	go_on(listing);
}

void
timers_listing_free(struct timers_listing *listing)
{
	arena_release(&listing->arena);
	buf_release(&listing->text);
	free(listing);
}
