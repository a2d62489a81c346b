#include "config.h"

#include "broker/replica/move_scan.h"

#include <inttypes.h>
#include <stdlib.h>

#include "broker/catalog/system_topic.h"
#include "broker/state/offset.h"
#include "broker/store/half/half.h"
#include "broker/store/store.h"
#include "broker/store/tail/tail.h"
#include "broker/store/timed/timed.h"
#include "common/base/log.h"
#include "common/base/mem.h"

#define HALF_QUEUES 16 /* RocketMQ makes one */
#define POP_QUEUES 8   /* of a revive topic */
#define READ_MESSAGES 1024
#define READ_BYTES (1 << 20)

struct number_list {
	int64_t *at;
	size_t n, cap;
};

/* A deletion: the key of what it deletes, and its time. */
struct deletion {
	uint64_t key;
};

struct move_scan {
	struct broker *broker;
	struct loop *loop;
	int64_t end;
	void (*done)(void *arg, bool failed);
	void *arg;
	bool stopped;
	/* the queue at hand */
	size_t step;
	int32_t queue_id;
	int32_t queue; /* its number */
	int64_t offset, until;
	void (*take)(struct move_scan *scan, const struct record *record);
	/* results */
	struct number_list ended[HALF_QUEUES]; /* queue offsets of half messages, sorted */
	struct waiting_half *halves;
	size_t n_halves, halves_cap;
	int64_t timers_from_ms;
	struct waiting_timer *timers;
	size_t n_timers, timers_cap;
	struct move_pops pops;
	struct deletion *deletions;
	size_t n_deletions, deletions_cap;
};

static void next_step(struct move_scan *scan);
static void take_pop(struct move_scan *scan, const struct record *record);

/* Makes room for one more; returns the array. */
static void *
grown(void *array, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return array;
	*cap = *cap != 0 ? 2 * *cap : 64;
	return mem_realloc(array, *cap * size);
}

/* ---- what the records say -------------------------------------------------- */

static int
compare_numbers(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

/* "17,", or "17,18,23,", or "17". */
static void
take_end(struct move_scan *scan, const struct record *record)
{
	struct number_list *list = &scan->ended[scan->queue_id];
	struct slice rest = record->body, part;
	int64_t offset;

	if (!slice_is(property_find(record->properties, "TAGS"), "d"))
		return;
	while (rest.len != 0 && slice_next(&rest, ',', &part)) {
		if (slice_to_int64(slice_trim(part), &offset) == -1)
			continue;
		list->at = grown(list->at, list->n, &list->cap, sizeof list->at[0]);
		list->at[list->n++] = offset;
	}
}

bool
move_scan_is_ended(const struct move_scan *scan, int32_t queue_id, int64_t queue_offset)
{
	const struct number_list *list;

	if (queue_id < 0 || queue_id >= HALF_QUEUES || scan->ended[queue_id].n == 0)
		return false;
	list = &scan->ended[queue_id];
	return bsearch(&queue_offset, list->at, list->n, sizeof list->at[0], compare_numbers) !=
	       NULL;
}

/* The same text at the same time is the same message. */
static uint64_t
key_of(struct slice text, int64_t due_ms)
{
	return slice_hash(text) ^ (uint64_t)due_ms * UINT64_C(0x9E3779B97F4A7C15);
}

static void
take_half(struct move_scan *scan, const struct record *record)
{
	struct slice name = property_find(record->properties, "UNIQ_KEY");

	scan->halves =
	    grown(scan->halves, scan->n_halves, &scan->halves_cap, sizeof scan->halves[0]);
	scan->halves[scan->n_halves++] = (struct waiting_half){
		.key = name.len != 0 ? slice_hash(name) : key_of(SLICE(""), record->position),
		.position = record->position,
		.ended = move_scan_is_ended(scan, record->queue_id, record->queue_offset),
	};
}

static void
take_timer(struct move_scan *scan, const struct record *record)
{
	struct known_properties known;
	struct timed timed;

	properties_read(record->properties, &known);
	if (!timed_of_properties(&known, &timed) || timed.due_ms < scan->timers_from_ms)
		return;
	if (slice_starts(known.real_topic, REVIVE_TOPIC_PREFIX)) {
		move_pops_take(&scan->pops, record);
		return;
	}
	if (known.timer_delete.len != 0) {
		scan->deletions = grown(scan->deletions, scan->n_deletions, &scan->deletions_cap,
		    sizeof scan->deletions[0]);
		scan->deletions[scan->n_deletions++] =
		    (struct deletion){ key_of(known.timer_delete, timed.due_ms) };
		return;
	}
	struct slice name = arena_printf(&scan->loop->arena, "%.*s+%.*s", (int)known.real_topic.len,
	    known.real_topic.data != NULL ? known.real_topic.data : "", (int)known.unique_key.len,
	    known.unique_key.data != NULL ? known.unique_key.data : "");
	struct waiting_timer timer = {
		.key = key_of(name, timed.due_ms),
		.plain = key_of(known.unique_key, timed.due_ms),
		.position = record->position,
		.due_ms = timed.due_ms,
	};

	/* One without a name is like no other. */
	if (known.unique_key.len == 0)
		timer.key = timer.plain = key_of(SLICE(""), ~record->position);
	scan->timers =
	    grown(scan->timers, scan->n_timers, &scan->timers_cap, sizeof scan->timers[0]);
	scan->timers[scan->n_timers++] = timer;
}

/* ---- reading a queue -------------------------------------------------------- */

static void read_on(struct move_scan *scan);

static void
take_records(struct move_scan *scan, const struct chunk *chunk)
{
	struct record record;

	for (size_t at = 0; chunk != NULL && at < chunk->len; at += record.size) {
		if (record_decode(chunk->data + at, chunk->len - at, &record) == -1)
			return;
		if (record.position < scan->end || scan->take == take_pop)
			scan->take(scan, &record);
		arena_reset(&scan->loop->arena);
	}
}

static void
on_read(struct read_job *job, struct loop *loop)
{
	struct move_scan *scan = job->context;
	enum read_status status = job->status;

	(void)loop;
	if (scan->stopped) {
		read_job_free(job);
		return;
	}
	if (status == READ_FOUND)
		take_records(scan, job->chunk);
	if (status == READ_CORRUPT) {
		log_error("a record of a system topic cannot be read and is skipped "
			  "offset=%" PRId64,
		    scan->offset);
		scan->offset++;
	} else {
		scan->offset = status == READ_FOUND || status == READ_NO_MATCH
		                   ? job->in_queue.next_offset
		                   : scan->until;
	}
	read_job_free(job);
	if (status == READ_FAILED)
		scan->done(scan->arg, true);
	else
		read_on(scan);
}

static void
read_on(struct move_scan *scan)
{
	struct read_job *job;

	if (scan->offset >= scan->until) {
		next_step(scan);
		return;
	}
	job = read_queue_new(scan->queue, scan->offset,
	    &(struct pull_limits){ .max_messages = READ_MESSAGES,
		.max_bytes = READ_BYTES,
		.max_scan = READ_MESSAGES });
	job->reply_loop = scan->loop;
	job->done = on_read;
	job->context = scan;
	store_read(scan->broker->store, job);
}

/* From the progress of the group on, or all when group is absent. False: there is nothing. */
static bool
aim(struct move_scan *scan, struct slice topic, int32_t queue_id, struct slice group)
{
	struct broker *broker = scan->broker;
	const struct tail_queue *queue = tail_find(broker->workers[0].tail, topic, queue_id);

	if (queue == NULL)
		return false;
	scan->queue_id = queue_id;
	scan->queue = queue->number;
	scan->offset = queue->min_offset;
	scan->until = queue->max_offset;
	int64_t progress =
	    group.len != 0 ? offsets_find(broker->offsets, group, topic, queue_id) : -1;

	if (progress > scan->offset)
		scan->offset = progress;
	return scan->offset < scan->until;
}

/* ---- one of each --------------------------------------------------------------- */

static int
compare_halves(const void *a, const void *b)
{
	const struct waiting_half *left = a, *right = b;

	if (left->key != right->key)
		return left->key > right->key ? 1 : -1;
	return (left->position > right->position) - (left->position < right->position);
}

static int
compare_half_positions(const void *a, const void *b)
{
	const struct waiting_half *left = a, *right = b;

	return (left->position > right->position) - (left->position < right->position);
}

/* Leaves the oldest of each, and none of which a copy was ended. */
static void
settle_halves(struct move_scan *scan)
{
	size_t n = 0, next;

	if (scan->n_halves == 0)
		return;
	qsort(scan->halves, scan->n_halves, sizeof scan->halves[0], compare_halves);
	for (size_t i = 0; i < scan->n_halves; i = next) {
		struct waiting_half oldest = scan->halves[i];

		for (next = i; next < scan->n_halves && scan->halves[next].key == oldest.key;
		     next++)
			oldest.ended |= scan->halves[next].ended;
		if (!oldest.ended)
			scan->halves[n++] = oldest;
	}
	scan->n_halves = n;
	if (n != 0)
		qsort(scan->halves, n, sizeof scan->halves[0], compare_half_positions);
}

/* ---- the steps ----------------------------------------------------------------- */

static int
compare_timers(const void *a, const void *b)
{
	const struct waiting_timer *left = a, *right = b;

	if (left->key != right->key)
		return left->key > right->key ? 1 : -1;
	return left->position < right->position ? 1 : -1; /* the newest first */
}

static int
compare_positions(const void *a, const void *b)
{
	const struct waiting_timer *left = a, *right = b;

	return (left->position > right->position) - (left->position < right->position);
}

static int
compare_deletions(const void *a, const void *b)
{
	const struct deletion *left = a, *right = b;

	return (left->key > right->key) - (left->key < right->key);
}

static bool
is_deleted(const struct move_scan *scan, uint64_t key)
{
	const struct deletion wanted = { key };

	return scan->n_deletions != 0 && bsearch(&wanted, scan->deletions, scan->n_deletions,
					     sizeof wanted, compare_deletions) != NULL;
}

/* Leaves the newest of each, and none that is deleted. */
static void
settle_timers(struct move_scan *scan)
{
	size_t n = 0;

	if (scan->n_timers == 0)
		return;
	if (scan->n_deletions != 0)
		qsort(scan->deletions, scan->n_deletions, sizeof scan->deletions[0],
		    compare_deletions);
	qsort(scan->timers, scan->n_timers, sizeof scan->timers[0], compare_timers);
	for (size_t i = 0; i < scan->n_timers; i++) {
		const struct waiting_timer timer = scan->timers[i];

		if ((i > 0 && n > 0 && scan->timers[n - 1].key == timer.key) ||
		    is_deleted(scan, timer.key) || is_deleted(scan, timer.plain))
			continue;
		scan->timers[n++] = timer;
	}
	scan->n_timers = n;
	if (n != 0)
		qsort(scan->timers, n, sizeof scan->timers[0], compare_positions);
}

/* Steps 0, 1: the ends of queue 0, its half messages; 2, 3: those of queue 1 ... */
static bool
begin_half_step(struct move_scan *scan)
{
	int32_t queue_id = (int32_t)scan->step / 2;
	struct number_list *ended = &scan->ended[queue_id];

	if (scan->step % 2 == 0) {
		scan->take = take_end;
		return aim(scan, SLICE(HALF_EVENT_TOPIC), queue_id, SLICE(HALF_GROUP));
	}
	if (ended->n != 0)
		qsort(ended->at, ended->n, sizeof ended->at[0], compare_numbers);
	scan->take = take_half;
	return aim(scan, SLICE(HALF_TOPIC), queue_id, SLICE(HALF_GROUP));
}

static void
take_pop(struct move_scan *scan, const struct record *record)
{
	if (record->position < scan->end)
		move_pops_take(&scan->pops, record);
	else
		move_pops_take_ours(&scan->pops, record);
}

/* RocketMQ's progress on a revive topic is the offset of the last record that it has settled. */
static bool
begin_pop_step(struct move_scan *scan, int32_t queue_id)
{
	struct slice topic = arena_printf(&scan->loop->arena, REVIVE_TOPIC_PREFIX "%s",
	    scan->broker->settings->broker_cluster_name);

	scan->take = take_pop;
	if (!aim(scan, topic, queue_id, SLICE(REVIVE_GROUP)))
		return false;
	if (offsets_find(scan->broker->offsets, SLICE(REVIVE_GROUP), topic, queue_id) ==
	    scan->offset)
		scan->offset++;
	return scan->offset < scan->until;
}

/* Half messages first; pops before the wheel, which has their later acknowledgements. */
static bool
begin_step(struct move_scan *scan)
{
	if (scan->step < (size_t)2 * HALF_QUEUES)
		return begin_half_step(scan);
	if (scan->step < (size_t)2 * HALF_QUEUES + POP_QUEUES)
		return begin_pop_step(scan, (int32_t)scan->step - 2 * HALF_QUEUES);
	scan->take = take_timer;
	return aim(scan, SLICE(TIMED_TOPIC), TIMED_QUEUE_MESSAGES, SLICE_NONE);
}

static void
next_step(struct move_scan *scan)
{
	while (++scan->step <= (size_t)2 * HALF_QUEUES + POP_QUEUES)
		if (begin_step(scan)) {
			read_on(scan);
			return;
		}
	settle_halves(scan);
	settle_timers(scan);
	scan->done(scan->arg, false);
}

/* A first task, so that done is never called by the start. */
static void
on_begin(struct half_job *job, struct loop *loop)
{
	struct move_scan *scan = job->context;

	(void)loop;
	half_job_free(job);
	if (scan->stopped)
		return;
	if (begin_step(scan))
		read_on(scan);
	else
		next_step(scan);
}

struct move_scan *
move_scan_start(struct broker *broker, int64_t end, void (*done)(void *arg, bool failed), void *arg)
{
	struct move_scan *scan = mem_zalloc(sizeof *scan);
	struct half_job *job = half_job_new(HALF_FIND);

	*scan = (struct move_scan){
		.broker = broker,
		.loop = broker_main_loop(broker),
		.end = end,
		.done = done,
		.arg = arg,
		.timers_from_ms =
		    offsets_find(broker->offsets, SLICE(WHEEL_GROUP), SLICE(TIMED_TOPIC), 0),
	};
	job->position = -1;
	job->reply_loop = scan->loop;
	job->done = on_begin;
	job->context = scan;
	store_halves(broker->store, job);
	return scan;
}

void
move_scan_stop(struct move_scan *scan)
{
	if (scan != NULL)
		scan->stopped = true;
}

void
move_scan_free(struct move_scan *scan)
{
	if (scan == NULL)
		return;
	for (int i = 0; i < HALF_QUEUES; i++)
		free(scan->ended[i].at);
	move_pops_release(&scan->pops);
	free(scan->halves);
	free(scan->timers);
	free(scan->deletions);
	free(scan);
}

const struct move_pops *
move_scan_pops(const struct move_scan *scan)
{
	return &scan->pops;
}

const struct waiting_half *
move_scan_halves(const struct move_scan *scan, size_t *n)
{
	*n = scan->n_halves;
	return scan->halves;
}

const struct waiting_timer *
move_scan_timers(const struct move_scan *scan, size_t *n)
{
	*n = scan->n_timers;
	return scan->timers;
}
