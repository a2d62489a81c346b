#include "config.h"

#include "broker/replica/move_adopt.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "broker/catalog/system_topic.h"
#include "broker/state/offset.h"
#include "broker/state/revive_record.h"
#include "broker/store/half/half.h"
#include "broker/store/store.h"
#include "broker/store/tail/tail.h"
#include "broker/store/timed/timed.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/protocol/record.h"

#define DELAY_TOPIC "SCHEDULE_TOPIC_XXXX"
#define OPEN_MAX 256  /* appends with the writer */
#define COPIES_MAX 32 /* of a half message; RocketMQ checks 15 times */
#define KEYS_MAX 64   /* records with the unique key that are looked at */
#define EARLY_MS 2000 /* RocketMQ rounds times down to a second */
#define LEVEL_MESSAGES 32

enum adopt_phase { ADOPT_HALVES, ADOPT_TIMERS, ADOPT_POPS, ADOPT_LEVELS, ADOPT_ENDED };

/* The half message at hand, and its copies. */
struct copies {
	int64_t at[COPIES_MAX]; /* log positions */
	size_t n;
	bool ended;
};

struct move_adopt {
	struct broker *broker;
	struct loop *loop;
	const struct move_scan *scan;
	int64_t end;
	int64_t last_ms; /* store time of the newest record: later, RocketMQ delivered nothing */
	void (*done)(void *arg, bool failed);
	void *arg;
	bool stopped, failed;
	enum adopt_phase phase;
	size_t i;   /* of the half messages or timed ones */
	int n_open; /* appends with the writer */
	bool waits; /* for some of them */
	/* the message at hand */
	struct chunk *chunk;
	struct record record;
	struct known_properties known;
	struct copies copies;
	/* the level at hand */
	int32_t level;
	int64_t offset, until;
	int32_t queue;
	size_t at; /* in the chunk, behind the record */
	/* pops */
	const struct strmap_entry *pop; /* the last one that was adopted; NULL: none */
	char *revive_topic;
	struct meta_job *progress;
	struct move_adopted counts;
};

static void step(struct move_adopt *adopt);

/* ---- the end ----------------------------------------------------------------- */

static void
drop_chunk(struct move_adopt *adopt)
{
	if (adopt->chunk != NULL)
		chunk_unref(adopt->chunk);
	adopt->chunk = NULL;
}

static void
finish(struct move_adopt *adopt)
{
	adopt->phase = ADOPT_ENDED;
	if (adopt->n_open == 0 && !adopt->stopped)
		adopt->done(adopt->arg, adopt->failed);
}

static void
fail(struct move_adopt *adopt)
{
	adopt->failed = true;
	finish(adopt);
}

/* ---- events -------------------------------------------------------------------- */

static void
on_stored(struct append *append, struct loop *loop)
{
	struct move_adopt *adopt = append->context;
	enum append_status status = append->status;

	(void)loop;
	append_free(append);
	adopt->n_open--;
	/* NOT_OPEN: it was adopted before. */
	if (status != APPEND_OK && status != APPEND_NOT_OPEN)
		adopt->failed = true;
	if (adopt->stopped)
		return;
	if (adopt->phase == ADOPT_ENDED) {
		finish(adopt);
	} else if (adopt->waits && adopt->n_open < OPEN_MAX / 2) {
		adopt->waits = false;
		step(adopt);
	}
}

static void
submit(struct move_adopt *adopt, struct append *append)
{
	append->frees = true;
	append->reply_loop = adopt->loop;
	append->done = on_stored;
	append->context = adopt;
	adopt->n_open++;
	store_append(adopt->broker->store, append);
}

static void
adopt_half(struct move_adopt *adopt, const struct record *half)
{
	struct broker *broker = adopt->broker;
	int64_t immunity_ms =
	    half_immunity_ms(adopt->known.immunity, broker->settings->transaction_time_out);
	int64_t left_ms = half->store_timestamp + immunity_ms - clock_wall_ms();
	struct half_event event = {
		.kind = EVENT_ADOPT,
		.source = SOURCE_BROKER,
		.position = half->position,
		.half_offset = half->queue_offset,
		.time_ms = clock_wall_ms(),
		.retry_delay_ms = left_ms > 0 ? left_ms : 0,
		.reason = SLICE("a RocketMQ broker stored it, and this one took over"),
	};
	struct append *append =
	    half_event_append(broker->store, adopt->loop, &adopt->loop->arena, &event);

	append->half = (struct half_change){
		.op = HALF_ADOPT,
		.position = half->position,
		.due_in_ms = event.retry_delay_ms,
	};
	adopt->counts.halves++;
	submit(adopt, append);
}

static void
adopt_timer(struct move_adopt *adopt, const struct waiting_timer *timer)
{
	struct record record = {
		.topic = SLICE(TIMED_TOPIC),
		.queue_id = TIMED_QUEUE_EVENTS,
		.born_timestamp = clock_wall_ms(),
		.born_host = adopt->broker->host,
		.prepared_offset = timed_adopt_mark(timer->position),
		.body = SLICE("0"),
		.properties = arena_printf(&adopt->loop->arena,
		    "TAGS\001adopt\002TIMER_OUT_MS\001%" PRId64 "\002", timer->due_ms),
	};
	struct append *append = append_new(adopt->broker->store, &record, 1);

	append->timed = (struct timed_change){
		.op = TIMED_ADOPT,
		.clock = TIMED_WALL,
		.due_ms = timer->due_ms,
		.position = timer->position,
	};
	adopt->counts.timers++;
	submit(adopt, append);
}

/* ---- reads ----------------------------------------------------------------------- */

static void
ask(struct move_adopt *adopt, struct read_job *job,
    void (*done)(struct read_job *job, struct loop *loop))
{
	job->reply_loop = adopt->loop;
	job->done = done;
	job->context = adopt;
	store_read(adopt->broker->store, job);
}

/* False: nobody waits for it, or the disk failed. Frees the job then. */
static bool
is_wanted(struct move_adopt *adopt, struct read_job *job)
{
	if (!adopt->stopped && job->status != READ_FAILED)
		return true;
	read_job_free(job);
	if (!adopt->stopped)
		fail(adopt);
	return false;
}

/* The record of the answer is at hand. False: there is none that can be read. */
static bool
take_record(struct move_adopt *adopt, struct read_job *job)
{
	drop_chunk(adopt);
	adopt->chunk = job->chunk;
	job->chunk = NULL;
	if (adopt->chunk == NULL ||
	    record_decode(adopt->chunk->data, adopt->chunk->len, &adopt->record) == -1)
		return false;
	properties_read(adopt->record.properties, &adopt->known);
	return true;
}

/* The next record of a chunk from `*at` on, without those behind the end of RocketMQ's log. */
static bool
next_record(
    const struct move_adopt *adopt, const struct chunk *chunk, size_t *at, struct record *record)
{
	while (chunk != NULL && *at < chunk->len &&
	       record_decode(chunk->data + *at, chunk->len - *at, record) == 0) {
		*at += record->size;
		if (record->position < adopt->end)
			return true;
	}
	return false;
}

/* Whether RocketMQ delivered the message at hand: a record of its topic that came later. */
static bool
was_delivered(const struct move_adopt *adopt, const struct chunk *chunk)
{
	const struct record *waited = &adopt->record;
	struct record record;
	size_t at = 0;

	while (next_record(adopt, chunk, &at, &record)) {
		if (record.position <= waited->position ||
		    record.reconsume_times != waited->reconsume_times ||
		    !slice_equal(record.topic, adopt->known.real_topic))
			continue;
		struct slice due = property_find(record.properties, "TIMER_OUT_MS");

		if (slice_equal(due.data != NULL ? due : SLICE(""),
			adopt->known.timer_out_ms.data != NULL ? adopt->known.timer_out_ms
							       : SLICE("")))
			return true;
	}
	return false;
}

/* ---- half messages ------------------------------------------------------------- */

static void
next_half(struct move_adopt *adopt)
{
	adopt->i++;
	step(adopt);
}

static bool
is_copy(const struct move_adopt *adopt, int64_t position)
{
	for (size_t i = 0; i < adopt->copies.n; i++)
		if (adopt->copies.at[i] == position)
			return true;
	return false;
}

/* Records of the real topic: a committed one names its half message. */
static void
on_committed(struct read_job *job, struct loop *loop)
{
	struct move_adopt *adopt = job->context;
	bool committed = false;
	struct record record;

	(void)loop;
	if (!is_wanted(adopt, job))
		return;
	for (size_t at = 0; next_record(adopt, job->chunk, &at, &record);)
		committed |= (record.sys_flag & SYS_FLAG_TRANSACTION) == SYS_FLAG_COMMIT &&
		             is_copy(adopt, record.prepared_offset);
	read_job_free(job);
	if (committed)
		adopt->counts.decided++;
	else
		adopt_half(adopt, &adopt->record);
	next_half(adopt);
}

/* The half message at hand and its copies: the oldest takes its place. */
static void
take_copies(struct move_adopt *adopt, struct read_job *job)
{
	struct slice topic = adopt->known.real_topic, group = adopt->known.producer_group;
	const struct record *oldest = NULL;
	struct record record, found;

	adopt->copies = (struct copies){ .at = { adopt->record.position }, .n = 1 };
	for (size_t at = 0; next_record(adopt, job->chunk, &at, &record);) {
		struct known_properties known;

		properties_read(record.properties, &known);
		if (!slice_equal(known.real_topic, topic) ||
		    !slice_equal(known.producer_group, group))
			continue;
		if (adopt->copies.n < COPIES_MAX && !is_copy(adopt, record.position))
			adopt->copies.at[adopt->copies.n++] = record.position;
		adopt->copies.ended |=
		    move_scan_is_ended(adopt->scan, record.queue_id, record.queue_offset);
		if (record.position <
		    (oldest != NULL ? oldest->position : adopt->record.position)) {
			found = record;
			oldest = &found;
		}
	}
	if (oldest == NULL)
		return;
	drop_chunk(adopt);
	adopt->chunk = chunk_ref(job->chunk);
	adopt->record = found;
	properties_read(adopt->record.properties, &adopt->known);
}

static void
on_copies(struct read_job *job, struct loop *loop)
{
	struct move_adopt *adopt = job->context;

	(void)loop;
	if (!is_wanted(adopt, job))
		return;
	take_copies(adopt, job);
	read_job_free(job);
	if (adopt->copies.ended) {
		adopt->counts.decided++;
		next_half(adopt);
		return;
	}
	ask(adopt, read_key_new(adopt->known.real_topic, adopt->known.unique_key, KEYS_MAX),
	    on_committed);
}

static void
on_half(struct read_job *job, struct loop *loop)
{
	struct move_adopt *adopt = job->context;

	(void)loop;
	if (!is_wanted(adopt, job))
		return;
	bool found = take_record(adopt, job);

	read_job_free(job);
	if (found && adopt->known.unique_key.len != 0 && adopt->known.real_topic.len != 0) {
		ask(adopt, read_key_new(SLICE(HALF_TOPIC), adopt->known.unique_key, KEYS_MAX),
		    on_copies);
		return;
	}
	if (found)
		adopt_half(adopt, &adopt->record);
	next_half(adopt);
}

/* ---- timed messages ------------------------------------------------------------- */

static const struct waiting_timer *
timer_at_hand(const struct move_adopt *adopt)
{
	size_t n;

	return &move_scan_timers(adopt->scan, &n)[adopt->i];
}

static void
settle_timer(struct move_adopt *adopt, bool delivered)
{
	if (delivered)
		adopt->counts.delivered++;
	else
		adopt_timer(adopt, timer_at_hand(adopt));
	adopt->i++;
	step(adopt);
}

static void
on_timer_delivered(struct read_job *job, struct loop *loop)
{
	struct move_adopt *adopt = job->context;

	(void)loop;
	if (!is_wanted(adopt, job))
		return;
	bool delivered = was_delivered(adopt, job->chunk);

	read_job_free(job);
	settle_timer(adopt, delivered);
}

static void
on_timer(struct read_job *job, struct loop *loop)
{
	struct move_adopt *adopt = job->context;

	(void)loop;
	if (!is_wanted(adopt, job))
		return;
	bool found = take_record(adopt, job);

	read_job_free(job);
	if (found && adopt->known.unique_key.len != 0 && adopt->known.real_topic.len != 0)
		ask(adopt, read_key_new(adopt->known.real_topic, adopt->known.unique_key, KEYS_MAX),
		    on_timer_delivered);
	else
		settle_timer(adopt, false);
}

/* ---- pops ------------------------------------------------------------------------- */

static void
adopt_pop(struct move_adopt *adopt, const struct waiting_pop *pop)
{
	struct revive_record revive = { .kind = REVIVE_CHECKPOINT, .checkpoint = pop->checkpoint };
	struct buf body = { 0 };

	revive_record_write(&body, &revive);
	struct record record = {
		.topic = slice_of(adopt->revive_topic),
		.born_timestamp = clock_wall_ms(),
		.born_host = adopt->broker->host,
		.body = buf_slice(&body),
		.properties = SLICE(""),
	};

	adopt->counts.popped++;
	submit(adopt, append_new(adopt->broker->store, &record, 1));
	buf_release(&body);
}

/* False: there are more, when some appends have ended. */
static bool
adopt_pops(struct move_adopt *adopt)
{
	const struct strmap *pops = &move_scan_pops(adopt->scan)->pops;
	const struct strmap_entry *next;

	while (adopt->n_open < OPEN_MAX) {
		next = strmap_next(pops, adopt->pop);
		if (next == NULL)
			return true;
		adopt->pop = next;
		if (waiting_pop_is_open(next->value) &&
		    !move_pops_has(move_scan_pops(adopt->scan), strmap_key(next)))
			adopt_pop(adopt, next->value);
	}
	return false;
}

/* ---- delay levels ----------------------------------------------------------------- */

static void read_level(struct move_adopt *adopt);
static void take_delayed(struct move_adopt *adopt);

/* The progress of the level at hand is known. */
static void
end_level(struct move_adopt *adopt)
{
	struct offset_row row = { SLICE(DELAY_GROUP), SLICE(DELAY_TOPIC), adopt->level,
		adopt->offset };

	drop_chunk(adopt);
	offsets_set(adopt->broker->offsets, &row);
	meta_job_put_offset(adopt->progress, row.group, row.topic, row.queue_id, row.offset);
	adopt->level++;
	step(adopt);
}

static void
on_level_delivered(struct read_job *job, struct loop *loop)
{
	struct move_adopt *adopt = job->context;

	(void)loop;
	if (!is_wanted(adopt, job))
		return;
	bool delivered = was_delivered(adopt, job->chunk);

	read_job_free(job);
	if (!delivered) {
		end_level(adopt);
		return;
	}
	adopt->counts.delivered++;
	adopt->offset = adopt->record.queue_offset + 1;
	take_delayed(adopt);
}

/* The next record of the chunk. */
static void
take_delayed(struct move_adopt *adopt)
{
	if (!next_record(adopt, adopt->chunk, &adopt->at, &adopt->record)) {
		read_level(adopt);
		return;
	}
	properties_read(adopt->record.properties, &adopt->known);
	if (adopt->known.unique_key.len == 0 || adopt->known.real_topic.len == 0)
		end_level(adopt);
	else
		ask(adopt, read_key_new(adopt->known.real_topic, adopt->known.unique_key, KEYS_MAX),
		    on_level_delivered);
}

static void
on_level(struct read_job *job, struct loop *loop)
{
	struct move_adopt *adopt = job->context;

	(void)loop;
	if (!is_wanted(adopt, job))
		return;
	drop_chunk(adopt);
	adopt->chunk = job->chunk;
	adopt->at = 0;
	job->chunk = NULL;
	read_job_free(job);
	if (adopt->chunk == NULL)
		end_level(adopt);
	else
		take_delayed(adopt);
}

static void
read_level(struct move_adopt *adopt)
{
	if (adopt->offset >= adopt->until) {
		end_level(adopt);
		return;
	}
	ask(adopt,
	    read_queue_new(adopt->queue, adopt->offset,
		&(struct pull_limits){ .max_messages = LEVEL_MESSAGES,
		    .max_bytes = 1 << 20,
		    .max_scan = LEVEL_MESSAGES }),
	    on_level);
}

static void
on_progress_kept(struct meta_job *job, struct loop *loop)
{
	struct move_adopt *adopt = job->context;

	(void)loop;
	if (job->status != 0)
		adopt->failed = true;
	meta_job_free(job);
	adopt->n_open--;
	finish(adopt);
}

static void
keep_progress(struct move_adopt *adopt)
{
	struct meta_job *job = adopt->progress;

	adopt->progress = NULL;
	adopt->phase = ADOPT_ENDED;
	if (job->n == 0) {
		meta_job_free(job);
		finish(adopt);
		return;
	}
	job->reply_loop = adopt->loop;
	job->done = on_progress_kept;
	job->context = adopt;
	adopt->n_open++;
	store_meta(adopt->broker->store, job);
}

/* ---- what is next --------------------------------------------------------------- */

static void
next_level(struct move_adopt *adopt)
{
	struct broker *broker = adopt->broker;

	for (; adopt->level < STORE_KEPT_QUEUES; adopt->level++) {
		const struct tail_queue *queue =
		    tail_find(broker->workers[0].tail, SLICE(DELAY_TOPIC), adopt->level);

		if (queue == NULL)
			continue;
		adopt->queue = queue->number;
		adopt->until = queue->max_offset;
		adopt->offset = offsets_find(
		    broker->offsets, SLICE(DELAY_GROUP), SLICE(DELAY_TOPIC), adopt->level);
		if (adopt->offset < queue->min_offset)
			adopt->offset = queue->min_offset;
		read_level(adopt);
		return;
	}
	keep_progress(adopt);
}

/* The next message, or the next kind. */
static void
step(struct move_adopt *adopt)
{
	size_t n;

	if (adopt->n_open >= OPEN_MAX) {
		adopt->waits = true;
		return;
	}
	if (adopt->phase == ADOPT_HALVES) {
		const struct waiting_half *halves = move_scan_halves(adopt->scan, &n);

		if (adopt->i < n) {
			ask(adopt, read_position_new(halves[adopt->i].position), on_half);
			return;
		}
		adopt->phase = ADOPT_TIMERS;
		adopt->i = 0;
	}
	if (adopt->phase == ADOPT_TIMERS) {
		const struct waiting_timer *timers = move_scan_timers(adopt->scan, &n);

		for (; adopt->i < n && adopt->n_open < OPEN_MAX; adopt->i++) {
			if (timers[adopt->i].due_ms <= adopt->last_ms + EARLY_MS) {
				ask(adopt, read_position_new(timers[adopt->i].position), on_timer);
				return;
			}
			adopt_timer(adopt, &timers[adopt->i]);
		}
		if (adopt->i < n) {
			adopt->waits = true;
			return;
		}
		adopt->phase = ADOPT_POPS;
	}
	if (adopt->phase == ADOPT_POPS) {
		if (!adopt_pops(adopt)) {
			adopt->waits = true;
			return;
		}
		adopt->phase = ADOPT_LEVELS;
	}
	next_level(adopt);
}

static void
on_begin(struct half_job *job, struct loop *loop)
{
	struct move_adopt *adopt = job->context;

	(void)loop;
	half_job_free(job);
	if (!adopt->stopped)
		step(adopt);
}

static int64_t
newest_ms(struct broker *broker)
{
	const struct tail_queue *queue;
	int64_t newest = 0;
	size_t state = 0;

	while ((queue = tail_each(broker->workers[0].tail, &state)) != NULL)
		if (queue->last_timestamp > newest)
			newest = queue->last_timestamp;
	return newest;
}

struct move_adopt *
move_adopt_start(struct broker *broker, const struct move_scan *scan, int64_t end,
    void (*done)(void *arg, bool failed), void *arg)
{
	struct move_adopt *adopt = mem_zalloc(sizeof *adopt);
	struct half_job *job = half_job_new(HALF_FIND);
	struct buf topic = { 0 };

	buf_printf(&topic, REVIVE_TOPIC_PREFIX "%s", broker->settings->broker_cluster_name);
	adopt->revive_topic = buf_take(&topic);
	adopt->broker = broker;
	adopt->loop = broker_main_loop(broker);
	adopt->scan = scan;
	adopt->end = end;
	adopt->last_ms = newest_ms(broker);
	adopt->done = done;
	adopt->arg = arg;
	adopt->progress = meta_job_new();
	job->position = -1;
	job->reply_loop = adopt->loop;
	job->done = on_begin;
	job->context = adopt;
	store_halves(broker->store, job);
	return adopt;
}

void
move_adopt_stop(struct move_adopt *adopt)
{
	if (adopt != NULL)
		adopt->stopped = true;
}

void
move_adopt_free(struct move_adopt *adopt)
{
	if (adopt == NULL)
		return;
	drop_chunk(adopt);
	free(adopt->revive_topic);
	if (adopt->progress != NULL)
		meta_job_free(adopt->progress);
	free(adopt);
}

void
move_adopt_counts(const struct move_adopt *adopt, struct move_adopted *counts)
{
	*counts = adopt->counts;
}
