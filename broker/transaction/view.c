#include "config.h"

#include "broker/transaction/view.h"

#include "broker/delay/timed_message.h"
#include "broker/store/store.h"
#include "broker/transaction/check/check.h"
#include "broker/transaction/decide/decide.h"
#include "broker/transaction/decide/half_message.h"
#include "common/base/clock.h"

#define EVENTS_MAX 256 /* newest ones of a half message that are shown */
#define TEXT_MAX                                                                                   \
	4096 /* bytes of one text that are shown: clients may store more than people read */

static void go_on(struct transaction_view *view);

/* ---- questions -------------------------------------------------------- */

static void
submit(struct transaction_view *view, struct read_job *job,
    void (*done)(struct read_job *job, struct loop *reply_loop))
{
	job->reply_loop = view->worker->loop;
	job->done = done;
	job->context = view;
	store_read(view->worker->broker->store, job);
}

static void
submit_position(struct transaction_view *view, int64_t position,
    void (*done)(struct read_job *job, struct loop *reply_loop))
{
	submit(view, read_position_new(position), done);
}

/* Moves the records from the job to the caller; NULL when there are none. */
static struct chunk *
take_chunk(struct transaction_view *view, struct read_job *job)
{
	struct chunk *chunk = job->status == READ_FOUND ? job->chunk : NULL;

	if (job->status == READ_CORRUPT || job->status == READ_FAILED)
		view->failed = true;
	if (chunk != NULL)
		job->chunk = NULL;
	return chunk;
}

static void
on_table(struct half_job *job, struct loop *reply_loop)
{
	struct transaction_view *view = job->context;

	(void)reply_loop;
	view->half = (struct half){ .position = view->position, .copy = -1 };
	if (job->n != 0)
		view->half = job->halves[0];
	half_job_free(job);
	go_on(view);
}

static bool
ask_table(struct transaction_view *view)
{
	struct half_job *job = half_job_new(HALF_FIND);

	job->reply_loop = view->worker->loop;
	job->done = on_table;
	job->context = view;
	job->position = view->position;
	store_halves(view->worker->broker->store, job);
	return true;
}

static void
on_check_state(void *context, struct loop *loop, const char *state)
{
	struct transaction_view *view = context;

	(void)loop;
	view->check_state = state;
	go_on(view);
}

static bool
ask_check_state(struct transaction_view *view)
{
	if (view->half.state != HALF_OPEN)
		return false;
	transaction_checks_ask_state(
	    view->worker->broker, view->worker->loop, view->position, on_check_state, view);
	return true;
}

/* Keeps the record when it is one of this topic. */
static void
keep_record(struct transaction_view *view, struct chunk *chunk, const char *topic)
{
	if (chunk == NULL)
		return;
	if (record_decode(chunk->data, chunk->len, &view->record) == 0 &&
	    slice_is(view->record.topic, topic)) {
		view->record_chunk = chunk;
		return;
	}
	view->record = (struct record){ 0 };
	chunk_unref(chunk);
}

static void
on_copy(struct read_job *job, struct loop *reply_loop)
{
	struct transaction_view *view = job->context;

	(void)reply_loop;
	keep_record(view, take_chunk(view, job), HALF_PARKED_TOPIC);
	read_job_free(job);
	go_on(view);
}

static void
on_record(struct read_job *job, struct loop *reply_loop)
{
	struct transaction_view *view = job->context;
	int64_t copy = view->half.state != HALF_NONE ? view->half.copy : view->copy;

	(void)reply_loop;
	keep_record(view, take_chunk(view, job), HALF_TOPIC);
	read_job_free(job);
	if (view->record.size == 0 && copy >= 0)
		submit_position(view, copy, on_copy);
	else
		go_on(view);
}

static bool
ask_record(struct transaction_view *view)
{
	submit_position(view, view->position, on_record);
	return true;
}

static void
submit_key(struct transaction_view *view, struct slice topic, struct slice key,
    void (*done)(struct read_job *job, struct loop *reply_loop))
{
	submit(view, read_key_new(topic, key, EVENTS_MAX), done);
}

/* Puts those of the older records that precede the first event before the events. */
static void
put_before(struct transaction_view *view, struct chunk *older)
{
	struct chunk *newer = view->events_chunk, *both;
	struct record first, record;
	size_t n = 0;

	if (record_decode(newer->data, newer->len, &first) == 0)
		while (record_decode(older->data + n, older->len - n, &record) == 0 &&
		       record.position < first.position)
			n += record.size;
	both = chunk_new(-1, n + newer->len);
	memcpy(both->data, older->data, n);
	memcpy(both->data + n, newer->data, newer->len);
	chunk_unref(older);
	chunk_unref(newer);
	view->events_chunk = both;
}

static void
on_decisions(struct read_job *job, struct loop *reply_loop)
{
	struct transaction_view *view = job->context;
	struct chunk *chunk = take_chunk(view, job);

	(void)reply_loop;
	read_job_free(job);
	if (chunk != NULL)
		put_before(view, chunk);
	go_on(view);
}

/* Only the newest EVENTS_MAX events were read; the decision may be older, so it is read alone. */
static void
on_events(struct read_job *job, struct loop *reply_loop)
{
	struct transaction_view *view = job->context;

	view->events_chunk = take_chunk(view, job);
	view->events_cut = view->events_chunk != NULL && job->n_records == EVENTS_MAX;
	read_job_free(job);
	if (view->events_cut)
		submit_key(view, SLICE(HALF_EVENT_TOPIC),
		    half_decision_key(&reply_loop->arena, view->position), on_decisions);
	else
		go_on(view);
}

static bool
ask_events(struct transaction_view *view)
{
	struct arena *arena = &view->worker->loop->arena;

	submit_key(view, SLICE(HALF_EVENT_TOPIC), half_event_key(arena, view->position), on_events);
	return true;
}

/* ---- events ----------------------------------------------------------- */

/* The next event of those that were read, in order of the log; false at the end. */
static bool
next_event(struct slice *rest, struct record *record, struct half_event *event)
{
	while (record_decode(rest->data, rest->len, record) == 0) {
		rest->data += record->size;
		rest->len -= record->size;
		if (half_event_parse(record, event) == 0)
			return true;
	}
	return false;
}

static struct slice
events_of(const struct transaction_view *view)
{
	const struct chunk *chunk = view->events_chunk;

	return chunk != NULL ? (struct slice){ chunk->data, chunk->len } : SLICE("");
}

/*
 * Repeats and contradictions imply the decision when older events are cut. They are ignored when a
 * decision is known: the repeat of a check's rollback may be stored after a commit that overrode
 * this rollback.
 */
enum transaction_state
transaction_state_after(const struct half_event *event, enum transaction_state otherwise)
{
	bool is_decided =
	    otherwise == TRANSACTION_COMMITTED || otherwise == TRANSACTION_ROLLED_BACK;
	bool commit = event->kind == EVENT_COMMIT ||
	              (event->kind == EVENT_REPEAT && event->claimed == EVENT_COMMIT) ||
	              (event->kind == EVENT_CONTRADICT && event->claimed == EVENT_ROLLBACK);
	bool rollback = event->kind == EVENT_ROLLBACK ||
	                (event->kind == EVENT_REPEAT && event->claimed == EVENT_ROLLBACK) ||
	                (event->kind == EVENT_CONTRADICT && event->claimed == EVENT_COMMIT);

	if (is_decided && event->kind != EVENT_COMMIT && event->kind != EVENT_ROLLBACK)
		return otherwise;
	if (commit)
		return TRANSACTION_COMMITTED;
	return rollback ? TRANSACTION_ROLLED_BACK : otherwise;
}

enum transaction_state
transaction_state_of(enum half_state state)
{
	static const enum transaction_state states[] = {
		[HALF_NONE] = TRANSACTION_STATE_UNKNOWN,
		[HALF_OPEN] = TRANSACTION_OPEN,
		[HALF_PARKED] = TRANSACTION_PARKED,
		[HALF_REVOCABLE] = TRANSACTION_REVOCABLE,
	};

	return states[state];
}

/* The table alone knows open, parked and revocable; the events tell what was decided since. */
static enum transaction_state
state_of(const struct transaction_view *view)
{
	enum transaction_state state = transaction_state_of(view->half.state);
	struct slice rest = events_of(view);
	struct half_event event;
	struct record record;

	while (next_event(&rest, &record, &event))
		state = transaction_state_after(&event, state);
	if (state == TRANSACTION_ROLLED_BACK && view->half.state == HALF_REVOCABLE)
		return TRANSACTION_REVOCABLE;
	return state;
}

void
transaction_event_tell(struct arena *arena, int64_t position, const struct half_event *from,
    struct transaction_event *to)
{
	bool tells_claim = from->kind == EVENT_REPEAT || from->kind == EVENT_CONTRADICT;

	*to = (struct transaction_event){
		.position = position,
		.time_ms = from->time_ms,
		.what = slice_of(half_event_name(from->kind)),
		.via = slice_of(half_source_name(from->source)),
		.who = from->who.port != 0 ? host_text(arena, &from->who) : SLICE_NONE,
		.by = from->by,
		.said = tells_claim ? slice_of(half_event_name(from->claimed)) : SLICE_NONE,
		.reason = from->reason,
		.revocable = from->revocable,
		.override = from->override,
		.retry_delay_ms = from->retry_delay_ms,
		.asked = from->n_asked,
	};
	if (to->by.len > TEXT_MAX)
		to->by.len = TEXT_MAX;
	if (to->reason.len > TEXT_MAX)
		to->reason.len = TEXT_MAX;
}

/* ---- the delivered message --------------------------------------------- */

/* A message that waited names in place of its half message the wait that it ended (timed_mark). */
static bool
came_from(const struct record *record, const struct transaction_view *view)
{
	if (record->prepared_offset >= 0)
		return record->prepared_offset == view->position;
	return record->born_timestamp == view->record.born_timestamp;
}

/* Looks for the record that this half message became. */
static void
on_delivery(struct read_job *job, struct loop *reply_loop)
{
	struct transaction_view *view = job->context;
	struct chunk *chunk = take_chunk(view, job);
	struct slice rest = chunk != NULL ? (struct slice){ chunk->data, chunk->len } : SLICE("");
	struct record record;

	(void)reply_loop;
	read_job_free(job);
	while (record_decode(rest.data, rest.len, &record) == 0) {
		if (came_from(&record, view)) {
			view->delivery = rest;
			view->delivery_chunk = chunk;
		}
		rest.data += record.size;
		rest.len -= record.size;
	}
	if (chunk != NULL && view->delivery_chunk == NULL)
		chunk_unref(chunk);
	go_on(view);
}

/* The delivered record ends where the event of its commit begins, and its size is known. */
static bool
ask_committed(struct transaction_view *view, const struct record *delivered)
{
	struct slice rest = events_of(view);
	struct half_event event;
	struct record record;
	int64_t committed_at = -1;

	while (next_event(&rest, &record, &event))
		if (event.kind == EVENT_COMMIT)
			committed_at = record.position;
	if (committed_at < 0)
		return false;
	submit_position(view, committed_at - (int64_t)record_size(delivered), on_delivery);
	return true;
}

/* A delayed message is stored later, away from the event: it is found by its id. */
static bool
ask_delivery(struct transaction_view *view)
{
	struct arena *arena = &view->worker->loop->arena;
	struct record delivered = view->record;
	struct known_properties known;

	if (delivered.size == 0)
		return false;
	properties_read(delivered.properties, &known);
	if (!transaction_restore(&delivered, &known, arena))
		return false;
	if (known.delay.len == 0 && !timed_is_asked(&known))
		return ask_committed(view, &delivered);
	submit_key(view, delivered.topic, transaction_id(arena, &view->record), on_delivery);
	return true;
}

static const struct transaction_delivery *
delivery_of(const struct transaction_view *view, struct arena *arena)
{
	struct transaction_delivery *delivery;
	struct record record;

	if (view->delivery_chunk == NULL ||
	    record_decode(view->delivery.data, view->delivery.len, &record) == -1)
		return NULL;
	delivery = arena_alloc(arena, sizeof *delivery);
	*delivery = (struct transaction_delivery){
		.topic = record.topic,
		.msg_id = message_id(arena, &record.store_host, record.position),
		.queue_id = record.queue_id,
		.queue_offset = record.queue_offset,
		.position = record.position,
		.stored_ms = record.store_timestamp,
	};
	return delivery;
}

/* ---- one after the other ------------------------------------------------ */

static const struct step {
	unsigned what;
	bool (*ask)(struct transaction_view *view); /* false: there is nothing to ask */
} steps[] = {
	{ VIEW_TABLE, ask_table },
	{ VIEW_CHECK, ask_check_state },
	{ VIEW_RECORD, ask_record },
	{ VIEW_EVENTS, ask_events },
	{ VIEW_DELIVERY, ask_delivery },
};

static void
go_on(struct transaction_view *view)
{
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		bool wanted = (view->left & steps[i].what) != 0;

		view->left &= ~steps[i].what;
		if (wanted && steps[i].ask(view))
			return;
	}
	view->done(view, view->worker->loop);
}

void
transaction_view_start(struct transaction_view *view)
{
	view->left = view->wants;
	go_on(view);
}

void
transaction_view_release(struct transaction_view *view)
{
	struct chunk *const chunks[] = { view->record_chunk, view->events_chunk,
		view->delivery_chunk };

	for (size_t i = 0; i < sizeof chunks / sizeof chunks[0]; i++)
		if (chunks[i] != NULL)
			chunk_unref(chunks[i]);
	view->record_chunk = view->events_chunk = view->delivery_chunk = NULL;
}

/* ---- telling ------------------------------------------------------------ */

bool
transaction_view_found(const struct transaction_view *view)
{
	return view->record.size != 0 || view->half.state != HALF_NONE ||
	       view->events_chunk != NULL;
}

static struct slice
text_of(struct slice value)
{
	if (value.len > TEXT_MAX)
		value.len = TEXT_MAX;
	return value;
}

static void
tell_record(const struct transaction_view *view, struct arena *arena, struct transaction_info *info)
{
	struct known_properties known;
	const struct record *record = &view->record;
	struct record real = *record;

	if (record->size == 0)
		return;
	info->id = transaction_id(arena, record);
	info->msg_id = message_id(arena, &record->store_host, view->position);
	if (record->position == view->position)
		info->queue_offset = record->queue_offset;
	properties_read(record->properties, &known);
	info->group = text_of(known.producer_group);
	info->keys = text_of(known.keys);
	info->tags = text_of(known.tags);
	if (transaction_restore(&real, &known, arena))
		info->topic = real.topic;
	info->stored_ms = record->store_timestamp;
	info->age_ms = clock_wall_ms() - record->store_timestamp;
	info->born_ms = record->born_timestamp;
	info->born_host = host_text(arena, &record->born_host);
	info->size_bytes = record->size;
}

static void
tell_events(const struct transaction_view *view, struct arena *arena, struct transaction_info *info)
{
	struct slice rest = events_of(view);
	struct transaction_event *list;
	struct half_event event;
	struct record record;

	if (rest.len == 0)
		return;
	list = arena_alloc(arena, 2 * EVENTS_MAX * sizeof *list);
	while (info->n_events < 2 * EVENTS_MAX && next_event(&rest, &record, &event)) {
		transaction_event_tell(arena, record.position, &event, &list[info->n_events++]);
		info->queue_offset = event.half_offset;
	}
	info->events = list;
	info->events_cut = view->events_cut;
}

void
transaction_view_tell(
    const struct transaction_view *view, struct arena *arena, struct transaction_info *info)
{
	*info = (struct transaction_info){
		.position = view->position,
		.queue_offset = -1,
		.state = state_of(view),
		.asked = view->half.state != HALF_NONE ? view->half.n_asked : 0,
		.next_ask_ms = -1,
		.delivery = delivery_of(view, arena),
	};
	tell_record(view, arena, info);
	tell_events(view, arena, info);
	if (info->state == TRANSACTION_OPEN && view->check_state != NULL)
		info->check_state = slice_of(view->check_state);
	if (info->state == TRANSACTION_OPEN && view->half.due_ms != INT64_MAX) {
		int64_t left = view->half.due_ms - clock_mono_ms();

		info->next_ask_ms = left > 0 ? left : 0;
	}
}

void
transaction_counts_get(const struct broker *broker, int64_t counts[N_TRANSACTION_COUNTS])
{
	struct transaction_counters *counters = &broker->transactions->counters;
	struct half_counts now;

	store_half_counts(broker->store, &now);
	counts[COUNT_OPEN] = now.n_open;
	counts[COUNT_PARKED] = now.n_parked;
	counts[COUNT_REVOCABLE] = now.n_revocable;
	counts[COUNT_COMMITTED] = counters->commits;
	counts[COUNT_ROLLED_BACK] = counters->rollbacks;
	counts[COUNT_OVERRIDDEN] = counters->overrides;
	counts[COUNT_CONTRADICTIONS] = counters->outcomes[TRANSACTION_CONTRADICTED];
	counts[COUNT_REPEATS] = counters->outcomes[TRANSACTION_REPEATED];
	counts[COUNT_UNKNOWN_ANSWERS] = counters->outcomes[TRANSACTION_UNDECIDED];
	counts[COUNT_REFUSED] = counters->outcomes[TRANSACTION_REFUSED];
	counts[COUNT_FAILED] = counters->outcomes[TRANSACTION_FAILED];
	counts[COUNT_ASKED] = counters->asked;
	counts[COUNT_TIMES_PARKED] = counters->parked;
	counts[COUNT_RESUMED] = counters->resumed;
	counts[COUNT_RELAYS_REFUSED] = counters->relays_refused;
}
