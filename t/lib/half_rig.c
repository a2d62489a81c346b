#include "config.h"

#include "t/lib/half_rig.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/wire.h"

/* ---- ops ------------------------------------------------------------ */

/* What stands in the log for an operation: a record of this topic first, if any, and the event. */
static const struct op_records {
	const char *topic;
	bool has_event;
	enum half_event_kind event;
} ops[] = {
	[HALF_STORE] = { HALF_TOPIC, false, 0 },
	[HALF_COMMIT] = { HALF_REAL_TOPIC, true, EVENT_COMMIT },
	[HALF_ROLLBACK] = { NULL, true, EVENT_ROLLBACK },
	[HALF_OVERRIDE] = { HALF_REAL_TOPIC, true, EVENT_COMMIT },
	[HALF_ASK] = { NULL, true, EVENT_ASK },
	[HALF_PARK] = { HALF_PARKED_TOPIC, true, EVENT_PARK },
	[HALF_RESUME] = { NULL, true, EVENT_RESUME },
	[HALF_ADOPT] = { NULL, true, EVENT_ADOPT },
};

struct submitted {
	struct rig *rig;
	struct half_outcome *outcome;
};

static void
on_done(struct append *append, struct loop *reply_loop)
{
	struct submitted *submitted = append->context;

	(void)reply_loop;
	*submitted->outcome = (struct half_outcome){
		.status = append->status,
		.found = append->half.found,
		.position = append->position,
	};
	if (--submitted->rig->outstanding == 0)
		loop_stop(&submitted->rig->loop);
	free(submitted);
	append_free(append);
}

static struct append *
event_append(
    struct rig *rig, const struct half_change *change, int32_t n_asked, struct arena *arena)
{
	struct half_event event = {
		.kind = ops[change->op].event,
		.source = SOURCE_SENDER,
		.revocable = change->revocable,
		.override = change->op == HALF_OVERRIDE,
		.position = change->position,
		.time_ms = clock_wall_ms(),
		.retry_delay_ms = change->due_in_ms,
		.n_asked = n_asked,
		.who = rig->options.store_host,
	};

	return half_event_append(rig->store, &rig->loop, arena, &event);
}

static struct append *
message_append(struct rig *rig, const struct half_change *change, const char *topic)
{
	struct record record = {
		.born_timestamp = clock_wall_ms(),
		.born_host = rig->options.store_host,
		.prepared_offset = change->op == HALF_STORE ? 0 : change->position,
		.body = SLICE("money"),
		.topic = slice_of(topic),
		.properties = SLICE(
		    "TRAN_MSG\001true\002PGROUP\001PG\002REAL_TOPIC\001T\002REAL_QID\0010\002"),
	};

	return append_new(rig->store, &record, 1);
}

void
half_submit(struct rig *rig, const struct half_change *change, int32_t n_asked,
    struct half_outcome *outcome)
{
	const struct op_records *op = &ops[change->op];
	struct submitted *submitted = mem_alloc(sizeof *submitted);
	struct arena arena = { 0 };
	struct append *event = op->has_event ? event_append(rig, change, n_asked, &arena) : NULL;
	struct append *append = op->topic != NULL ? message_append(rig, change, op->topic) : event;

	if (append != event)
		append->companion = event;
	*submitted = (struct submitted){ rig, outcome };
	append->half = *change;
	append->reply_loop = &rig->loop;
	append->done = on_done;
	append->context = submitted;
	rig->outstanding++;
	store_append(rig->store, append);
	arena_release(&arena);
}

struct half_outcome
half_change(struct rig *rig, const struct half_change *change)
{
	struct half_outcome outcome;
	int32_t n_asked = change->op == HALF_ASK ? half_find(rig, change->position).n_asked + 1 : 0;

	half_submit(rig, change, n_asked, &outcome);
	rig_wait(rig);
	return outcome;
}

struct half_outcome
half_op(struct rig *rig, enum half_op op, int64_t position)
{
	return half_change(
	    rig, &(struct half_change){ .op = op, .position = position, .due_in_ms = 60000 });
}

int64_t
half_store(struct rig *rig, int64_t due_in_ms)
{
	struct half_outcome outcome =
	    half_change(rig, &(struct half_change){ .op = HALF_STORE, .due_in_ms = due_in_ms });

	if (outcome.status != APPEND_OK)
		fatal("half message was not stored status=%d", outcome.status);
	return outcome.position;
}

/* ---- the table ------------------------------------------------------- */

static void
on_answered(struct half_job *job, struct loop *reply_loop)
{
	struct rig *rig = job->context;

	(void)reply_loop;
	if (--rig->outstanding == 0)
		loop_stop(&rig->loop);
}

static struct half_job *
run_job(struct rig *rig, struct half_job *job)
{
	job->reply_loop = &rig->loop;
	job->done = on_answered;
	job->context = rig;
	rig->outstanding++;
	store_halves(rig->store, job);
	rig_wait(rig);
	return job;
}

struct half_job *
half_ask(
    struct rig *rig, enum half_query query, int64_t position, size_t max, int64_t retry_delay_ms)
{
	struct half_job *job = half_job_new(query);

	job->position = position;
	job->max = max;
	job->retry_delay_ms = retry_delay_ms;
	return run_job(rig, job);
}

struct half
half_find(struct rig *rig, int64_t position)
{
	struct half_job *job = half_ask(rig, HALF_FIND, position, 1, 0);
	struct half half = job->n != 0 ? job->halves[0] : (struct half){ .state = HALF_NONE };

	half_job_free(job);
	return half;
}

static int
by_position(const void *one, const void *other)
{
	int64_t a = ((const struct half *)one)->position,
		b = ((const struct half *)other)->position;

	return a < b ? -1 : a > b;
}

struct half *
half_list(struct rig *rig, size_t *n)
{
	struct half *all = NULL;
	uint32_t cursor = 0;

	*n = 0;
	do {
		struct half_job *job = half_job_new(HALF_LIST);

		job->cursor = cursor;
		job->max = 100;
		run_job(rig, job);
		if (job->n > job->max)
			fatal("more than was asked for n=%zu", job->n);
		all = mem_realloc(all, (*n + job->n + 1) * sizeof *all);
		if (job->n != 0)
			memcpy(all + *n, job->halves, job->n * sizeof *all);
		*n += job->n;
		cursor = job->cursor;
		half_job_free(job);
	} while (cursor != 0);
	if (*n != 0)
		qsort(all, *n, sizeof *all, by_position);
	return all;
}

/* ---- what the log says ----------------------------------------------- */

struct expected {
	int64_t position;
	enum half_state state;
	int32_t n_asked;
	int n_committed, n_delivered;
};

struct log_view {
	struct expected *halves; /* by position */
	size_t n;
	int n_strangers; /* events and deliveries of none of them */
};

static struct expected *
expected_find(const struct log_view *view, int64_t position)
{
	size_t low = 0, high = view->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (view->halves[middle].position < position)
			low = middle + 1;
		else
			high = middle;
	}
	return low < view->n && view->halves[low].position == position ? &view->halves[low] : NULL;
}

static void
see_half(struct log_view *view, const struct record *record)
{
	/* Doubles at powers of two. */
	if ((view->n & (view->n - 1)) == 0)
		view->halves = mem_realloc(
		    view->halves, (view->n != 0 ? 2 * view->n : 1) * sizeof *view->halves);
	view->halves[view->n++] =
	    (struct expected){ .position = record->position, .state = HALF_OPEN };
}

static void
see_event(struct log_view *view, const struct record *record)
{
	struct half_event event;
	struct expected *half;

	if (half_event_parse(record, &event) == -1)
		fatal("event cannot be read position=%lld", (long long)record->position);
	half = expected_find(view, event.position);
	if (half == NULL) {
		view->n_strangers++;
		return;
	}
	if (event.kind == EVENT_ASK) {
		half->n_asked++;
	} else if (event.kind == EVENT_PARK) {
		half->state = HALF_PARKED;
	} else if (event.kind == EVENT_RESUME || event.kind == EVENT_ADOPT) {
		half->state = HALF_OPEN;
		half->n_asked = 0;
	} else if (event.kind == EVENT_COMMIT) {
		half->state = HALF_NONE;
		half->n_committed++;
	} else if (event.kind == EVENT_ROLLBACK) {
		half->state = event.revocable ? HALF_REVOCABLE : HALF_NONE;
	}
}

static void
see_delivery(struct log_view *view, const struct record *record)
{
	struct expected *half = expected_find(view, record->prepared_offset);

	if (half != NULL)
		half->n_delivered++;
	else
		view->n_strangers++;
}

/* Collects copies of all records of a topic's queues, in the order of the log. */
struct gathered {
	char **records;
	size_t n;
};

static void
gather(struct rig *rig, const char *topic, int32_t queue_id, struct gathered *all)
{
	struct tail_queue *queue = tail_find(rig->tail, slice_of(topic), queue_id);

	if (queue == NULL)
		return;
	for (int64_t offset = queue->min_offset; offset < queue->max_offset;) {
		struct read_job *job = rig_pull(rig, queue->number, offset, 1000);

		if (job->status != READ_FOUND)
			fatal("queue has a gap topic=%s offset=%lld", topic, (long long)offset);
		all->records = mem_realloc(
		    all->records, (all->n + (size_t)job->n_records) * sizeof *all->records);
		for (size_t at = 0; at < job->chunk->len;) {
			uint32_t size = be32_get(job->chunk->data + at);

			all->records[all->n] = mem_alloc(size);
			memcpy(all->records[all->n++], job->chunk->data + at, size);
			at += size;
		}
		offset = job->in_queue.next_offset;
		read_job_free(job);
	}
}

static int
by_log(const void *one, const void *other)
{
	int64_t a = (int64_t)be64_get(*(char *const *)one + RECORD_AT_POSITION);
	int64_t b = (int64_t)be64_get(*(char *const *)other + RECORD_AT_POSITION);

	return a < b ? -1 : a > b;
}

static void
see_all(struct rig *rig, struct log_view *view, const char *topic, int32_t n_queues,
    void (*see)(struct log_view *view, const struct record *record))
{
	struct gathered all = { 0 };
	struct record record;

	for (int32_t id = 0; id < n_queues; id++)
		gather(rig, topic, id, &all);
	if (all.n != 0)
		qsort(all.records, all.n, sizeof *all.records, by_log);
	for (size_t i = 0; i < all.n; i++) {
		if (record_decode(all.records[i], be32_get(all.records[i]), &record) == -1)
			fatal("not a record");
		see(view, &record);
		free(all.records[i]);
	}
	free(all.records);
}

static struct log_view
look(struct rig *rig)
{
	struct log_view view = { 0 };

	see_all(rig, &view, HALF_TOPIC, 1, see_half);
	see_all(rig, &view, HALF_EVENT_TOPIC, N_EVENT_QUEUES, see_event);
	see_all(rig, &view, HALF_REAL_TOPIC, 1, see_delivery);
	return view;
}

size_t
half_deliveries(struct rig *rig, int64_t position)
{
	struct log_view view = look(rig);
	struct expected *half = expected_find(&view, position);
	size_t n = half != NULL ? (size_t)half->n_delivered : 0;

	free(view.halves);
	return n;
}

static char *complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

static char *
complain(const char *format, ...)
{
	char text[200];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return mem_strdup(text);
}

static char *
compare_one(const struct expected *expected, const struct half *half)
{
	if (expected->n_delivered != expected->n_committed || expected->n_delivered > 1)
		return complain("position %" PRId64 ": %d deliveries, %d commits",
		    expected->position, expected->n_delivered, expected->n_committed);
	if (half->state != expected->state)
		return complain("position %" PRId64 ": state %d, the log says %d",
		    expected->position, half->state, expected->state);
	if (half->state == HALF_OPEN && half->n_asked != expected->n_asked)
		return complain("position %" PRId64 ": asked %d times, the log says %d",
		    expected->position, (int)half->n_asked, (int)expected->n_asked);
	return NULL;
}

static char *
compare_counts(struct rig *rig, const int64_t n[HALF_REVOCABLE + 1])
{
	struct half_counts counts;

	store_half_counts(rig->store, &counts);
	if (counts.n_open != n[HALF_OPEN] || counts.n_parked != n[HALF_PARKED] ||
	    counts.n_revocable != n[HALF_REVOCABLE])
		return complain("%" PRId64 " open, %" PRId64 " parked, %" PRId64
				" revocable; the log says %" PRId64 ", %" PRId64 ", %" PRId64,
		    counts.n_open, counts.n_parked, counts.n_revocable, n[HALF_OPEN],
		    n[HALF_PARKED], n[HALF_REVOCABLE]);
	if ((counts.next_due_ms == INT64_MAX) != (counts.n_open == 0))
		return complain("something is due and nothing is open, or the reverse");
	return NULL;
}

char *
half_check(struct rig *rig)
{
	struct log_view view = look(rig);
	int64_t n_in_state[HALF_REVOCABLE + 1] = { 0 };
	size_t n, at = 0;
	struct half *halves = half_list(rig, &n);
	char *why = NULL;

	for (size_t i = 0; i < view.n && why == NULL; i++) {
		struct half half = { .position = view.halves[i].position, .state = HALF_NONE };

		if (at < n && halves[at].position == half.position)
			half = halves[at++];
		n_in_state[view.halves[i].state]++;
		why = compare_one(&view.halves[i], &half);
	}
	if (why == NULL && at != n)
		why = complain("%zu in the table that the log has not", n - at);
	if (why == NULL && view.n_strangers != 0)
		why = complain("%d events or deliveries of no half message", view.n_strangers);
	if (why == NULL)
		why = compare_counts(rig, n_in_state);
	free(halves);
	free(view.halves);
	return why;
}
