#include "config.h"

#include "broker/delay/timed.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "broker/delay/delay.h"
#include "broker/delay/real_topic.h"
#include "broker/delay/timed_message.h"
#include "broker/state/stats.h"
#include "broker/state/topic.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/log.h"
#include "common/base/mem.h"

#define LEAD_MS 1000         /* records are read so long before they are due */
#define LOOK_MS 500          /* between two looks at most */
#define STEP_MS 5            /* ... at least */
#define TAKE 512             /* messages asked for at once */
#define HELD_MAX 8192        /* messages that are taken and not delivered yet */
#define READING_MAX 64       /* records on their way from the store */
#define BYTES_MAX (16 << 20) /* records in memory; above, no more are read */
#define CARRY 256            /* messages carried at once */
#define RETRY_MS 1000        /* after a failed read or append */
#define LOG_EVERY_MS 1000

struct timed_messages {
	struct broker *broker;
	struct worker *worker;
	struct timer tick;
	struct task hint;
	atomic_bool hinted;
	TAILQ_HEAD(, held) unread, others;
	bool taking, carrying;     /* a question is with the store, or its answer is worked on */
	size_t n_held, n_carrying; /* of each kind */
	size_t n_reading, n_bytes;
	int64_t next_log_ms;
	int64_t n_dropped_unlogged;
	_Atomic int64_t n_delivered, n_recalled, n_dropped, n_carried;
	_Atomic int64_t held_late_ms; /* as of the last look */
};

/* One that is about to be delivered, or carried. */
struct held {
	TAILQ_ENTRY(held) in_list;
	struct timed_messages *all;
	bool unread; /* in that list */
	struct timed timed;
	bool carried;        /* it is to be carried */
	struct chunk *chunk; /* its record, once it was read */
	struct timer timer;
};

static void pump(struct timed_messages *all);

static int64_t
now_ms(const struct timed_messages *all, enum timed_clock clock)
{
	return delays_now_ms(all->broker->delays, clock);
}

static void
look_in(struct timed_messages *all, int64_t wait_ms)
{
	loop_set_timer(all->worker->loop, &all->tick, clock_mono_ms() + wait_ms);
}

/* From one list to the end of the other. */
static void
set_unread(struct held *held, bool unread)
{
	struct timed_messages *all = held->all;

	if (held->unread)
		TAILQ_REMOVE(&all->unread, held, in_list);
	else
		TAILQ_REMOVE(&all->others, held, in_list);
	held->unread = unread;
	if (unread)
		TAILQ_INSERT_TAIL(&all->unread, held, in_list);
	else
		TAILQ_INSERT_TAIL(&all->others, held, in_list);
}

static void
drop_record(struct held *held)
{
	if (held->chunk == NULL)
		return;
	held->all->n_bytes -= held->chunk->len;
	chunk_unref(held->chunk);
	held->chunk = NULL;
}

static void
held_free(struct held *held)
{
	struct timed_messages *all = held->all;

	loop_drop_timer(all->worker->loop, &held->timer);
	drop_record(held);
	set_unread(held, false);
	TAILQ_REMOVE(&all->others, held, in_list);
	if (held->carried && --all->n_carrying == 0)
		all->carrying = false;
	all->n_held -= !held->carried;
	free(held);
}

static void
retry_in(struct held *held, int64_t wait_ms)
{
	loop_set_timer(held->all->worker->loop, &held->timer, clock_mono_ms() + wait_ms);
}

/* ---- delivering -------------------------------------------------------- */

/* One line a second: a topic may have had any number. */
static void
count_dropped(struct timed_messages *all, const struct append *append)
{
	int64_t now = clock_mono_ms();
	struct record record;

	atomic_fetch_add(&all->n_dropped, 1);
	all->n_dropped_unlogged++;
	if (now < all->next_log_ms || record_decode(append->records, append->size, &record) == -1)
		return;
	struct slice reason = property_find(record.properties, "reason");
	struct slice topic = property_find(record.properties, "REAL_TOPIC");

	log_warn("timed messages dropped n=%" PRId64 " topic=%.*s why=\"%.*s\"",
	    all->n_dropped_unlogged, (int)topic.len, topic.data, (int)reason.len, reason.data);
	all->n_dropped_unlogged = 0;
	all->next_log_ms = now + LOG_EVERY_MS;
}

static void
count_done(struct held *held, const struct append *append)
{
	struct timed_messages *all = held->all;

	if (append->timed.op == TIMED_CARRY) {
		atomic_fetch_add(&all->n_carried, 1);
	} else if (slice_is(append->topic, TIMED_TOPIC)) {
		count_dropped(all, append);
	} else {
		atomic_fetch_add(&all->n_delivered, 1);
		stats_put(all->broker->stats, all->worker->loop->index, append->topic, 1,
		    append->size, 0);
	}
}

static void
on_appended(struct append *append, struct loop *loop)
{
	struct held *held = append->context;
	enum append_status status = append->status;

	(void)loop;
	if (status == APPEND_OK)
		count_done(held, append);
	append_free(append);
	/* NOT_OPEN: it was recalled, or carried, meanwhile. */
	if (status == APPEND_OK || status == APPEND_NOT_OPEN) {
		struct timed_messages *all = held->all;

		held_free(held);
		pump(all);
	} else {
		retry_in(held, RETRY_MS);
	}
}

static void
submit(struct held *held, struct append *append, enum timed_op op)
{
	append->timed = (struct timed_change){
		.op = (uint8_t)op,
		.clock = (uint8_t)held->timed.clock,
		.due_ms = held->timed.due_ms,
		.position = held->timed.position,
	};
	append->frees = true;
	append->reply_loop = held->all->worker->loop;
	append->done = on_appended;
	append->context = held;
	store_append(held->all->broker->store, append);
}

static void
drop(struct held *held, const struct known_properties *known, const char *why)
{
	struct timed_event event = {
		.kind = "drop",
		.mark = timed_mark(held->timed.position),
		.topic = known->real_topic,
		.unique_key = known->unique_key,
		.due_ms = known->timer_out_ms,
		.reason = slice_of(why),
	};

	submit(held, timed_event_append(held->all->worker, &event), TIMED_DONE);
}

/* The record is not altered, but for its mark. */
static void
carry(struct held *held, struct record *record)
{
	record->prepared_offset = timed_mark(held->timed.position);
	submit(held, append_new(held->all->broker->store, record, 1), TIMED_CARRY);
}

static void
deliver(struct held *held, struct record *record, const struct known_properties *known)
{
	struct timed_messages *all = held->all;
	struct arena *arena = &all->worker->loop->arena;
	struct topic topic;

	if (!real_topic_restore(record, known, PROPERTY_REAL_TOPIC | PROPERTY_REAL_QUEUE, arena)) {
		drop(held, known, "it does not say which topic it is for");
	} else if (!topics_find(all->broker->topics, record->topic, &topic)) {
		drop(held, known, "its topic was deleted");
	} else {
		record->queue_id = topic_queue_now(&topic, record->queue_id);
		record->prepared_offset = timed_mark(held->timed.position);
		submit(held, append_new_known(all->broker->store, all->worker->loop, record, known),
		    TIMED_DONE);
	}
}

static void
on_due(struct timer *timer)
{
	struct held *held = container_of(timer, struct held, timer);
	int64_t wait_ms = held->timed.due_ms - now_ms(held->all, held->timed.clock);
	struct known_properties known = { 0 };
	struct timed timed;
	struct record record = { 0 };

	if (wait_ms > 0 && !held->carried) {
		/* The wall clock was set back. */
		if (wait_ms > 2 * LEAD_MS)
			drop_record(held);
		retry_in(held, wait_ms < LEAD_MS ? wait_ms : LEAD_MS);
		return;
	}
	if (held->chunk == NULL) {
		set_unread(held, true);
		pump(held->all);
		return;
	}
	/* A CRC that is computed again would hide that the disk has changed the body. */
	if (record_decode(held->chunk->data, held->chunk->len, &record) == 0)
		properties_read(record.properties, &known);
	record.crc_stands = true;
	if (!slice_is(record.topic, TIMED_TOPIC) || !timed_of_properties(&known, &timed) ||
	    timed.due_ms != held->timed.due_ms)
		drop(held, &known, "its record is another one: timer.db is not of this log");
	else if (held->carried)
		carry(held, &record);
	else
		deliver(held, &record, &known);
}

/* ---- reading ------------------------------------------------------------ */

static void
on_read(struct read_job *job, struct loop *loop)
{
	struct held *held = job->context;
	struct timed_messages *all = held->all;
	enum read_status status = job->status;

	held->chunk = job->chunk;
	job->chunk = NULL;
	read_job_free(job);
	all->n_reading--;
	if (held->chunk != NULL)
		all->n_bytes += held->chunk->len;
	if (status == READ_FOUND) {
		on_due(&held->timer);
	} else if (status == READ_FAILED) {
		retry_in(held, RETRY_MS);
	} else {
		log_error("timed message cannot be read and is dropped position=%" PRId64,
		    held->timed.position);
		drop(held, &(struct known_properties){ 0 }, "its record cannot be read");
	}
	pump(all);
	arena_reset(&loop->arena);
}

static void
read_record(struct held *held)
{
	struct read_job *job = read_position_new(held->timed.position);

	job->reply_loop = held->all->worker->loop;
	job->done = on_read;
	job->context = held;
	set_unread(held, false);
	held->all->n_reading++;
	store_read(held->all->broker->store, job);
}

static void
pump(struct timed_messages *all)
{
	while (
	    !TAILQ_EMPTY(&all->unread) && all->n_reading < READING_MAX && all->n_bytes < BYTES_MAX)
		read_record(TAILQ_FIRST(&all->unread));
}

static void
hold(struct timed_messages *all, const struct timed *timed, bool carried)
{
	struct held *held = mem_zalloc(sizeof *held);

	held->all = all;
	held->timed = *timed;
	held->carried = carried;
	held->timer.due = on_due;
	all->n_held += !carried;
	all->n_carrying += carried;
	held->unread = true;
	TAILQ_INSERT_TAIL(&all->unread, held, in_list);
}

/* ---- looking ------------------------------------------------------------ */

static void
on_taken(struct timed_job *job, struct loop *loop)
{
	struct timed_messages *all = job->context;

	(void)loop;
	all->taking = false;
	for (size_t i = 0; i < job->n; i++)
		hold(all, &job->found[i], false);
	timed_job_free(job);
	pump(all);
	look_in(all, STEP_MS);
}

static void
on_old(struct timed_job *job, struct loop *loop)
{
	struct timed_messages *all = job->context;

	(void)loop;
	all->carrying = job->n != 0;
	for (size_t i = 0; i < job->n; i++)
		hold(all, &job->found[i], true);
	timed_job_free(job);
	pump(all);
}

static void
ask(struct timed_messages *all, struct timed_job *job,
    void (*done)(struct timed_job *job, struct loop *loop))
{
	job->reply_loop = all->worker->loop;
	job->done = done;
	job->context = all;
	store_timed(all->broker->store, job);
}

static void
take(struct timed_messages *all)
{
	size_t left = HELD_MAX - all->n_held;
	struct timed_job *job = timed_job_new(TIMED_TAKE, left < TAKE ? left : TAKE);

	for (int clock = 0; clock < N_TIMED_CLOCKS; clock++)
		job->until_ms[clock] = now_ms(all, (enum timed_clock)clock) + LEAD_MS;
	all->taking = true;
	ask(all, job, on_taken);
}

/* How long until the next one is to be read; 0: now. */
static int64_t
next_read_ms(const struct timed_messages *all, const struct timed_counts *counts)
{
	int64_t wait_ms = LOOK_MS;

	for (int clock = 0; clock < N_TIMED_CLOCKS; clock++) {
		int64_t left_ms =
		    counts->next_due_ms[clock] - LEAD_MS - now_ms(all, (enum timed_clock)clock);

		if (counts->next_due_ms[clock] != INT64_MAX && left_ms < wait_ms)
			wait_ms = left_ms > 0 ? left_ms : 0;
	}
	return wait_ms;
}

/* Lists are in the order in which messages were due, roughly: their first one stands for all. */
static int64_t
late_of(const struct timed_messages *all, const struct held *first)
{
	while (first != NULL && first->carried)
		first = TAILQ_NEXT(first, in_list);
	return first != NULL ? now_ms(all, first->timed.clock) - first->timed.due_ms : 0;
}

/* The store does not count those that were taken from it: they may wait for its disk. */
static void
note_late(struct timed_messages *all)
{
	int64_t unread = late_of(all, TAILQ_FIRST(&all->unread));
	int64_t other = late_of(all, TAILQ_FIRST(&all->others));

	atomic_store(&all->held_late_ms, unread > other ? unread : other);
}

static void
look(struct timed_messages *all)
{
	struct timed_counts counts;

	note_late(all);
	store_timed_counts(all->broker->store, &counts);
	int64_t wait_ms = next_read_ms(all, &counts);

	if (counts.carry && !all->carrying) {
		all->carrying = true;
		ask(all, timed_job_new(TIMED_OLD, CARRY), on_old);
	}
	if (wait_ms == 0 && !all->taking && all->n_held < HELD_MAX && all->n_bytes < BYTES_MAX)
		take(all);
	look_in(all, wait_ms > STEP_MS ? wait_ms : STEP_MS);
}

static void
on_tick(struct timer *timer)
{
	look(container_of(timer, struct timed_messages, tick));
}

static void
on_hint(struct task *task, void *loop)
{
	struct timed_messages *all = container_of(task, struct timed_messages, hint);

	(void)loop;
	atomic_store(&all->hinted, false);
	look(all);
}

void
timed_messages_hint(struct timed_messages *all, const struct timed_change *stored)
{
	int64_t now = now_ms(all, (enum timed_clock)stored->clock);

	if (stored->due_ms - now < LEAD_MS + LOOK_MS && !atomic_exchange(&all->hinted, true))
		loop_post(all->worker->loop, &all->hint);
}

/* ---- start and end ------------------------------------------------------ */

struct timed_messages *
timed_messages_start(struct broker *broker)
{
	struct timed_messages *all = mem_zalloc(sizeof *all);

	all->broker = broker;
	all->worker = &broker->workers[0];
	all->tick.due = on_tick;
	all->hint.run = on_hint;
	TAILQ_INIT(&all->unread);
	TAILQ_INIT(&all->others);
	if (!broker_is_slave(broker))
		look(all);
	return all;
}

void
timed_messages_free(struct timed_messages *all)
{
	struct held *held;

	if (all == NULL)
		return;
	loop_drop_timer(all->worker->loop, &all->tick);
	while ((held = TAILQ_FIRST(&all->unread)) != NULL ||
	       (held = TAILQ_FIRST(&all->others)) != NULL)
		held_free(held);
	free(all);
}

void
timed_messages_totals(const struct timed_messages *all, struct timed_totals *totals)
{
	struct timed_counts counts;
	int64_t late_ms = atomic_load(&all->held_late_ms);

	if (late_ms < 0)
		late_ms = 0;
	store_timed_counts(all->broker->store, &counts);
	for (int clock = 0; clock < N_TIMED_CLOCKS; clock++) {
		int64_t late =
		    counts.next_due_ms[clock] == INT64_MAX
			? 0
			: now_ms(all, (enum timed_clock)clock) - counts.next_due_ms[clock];

		late_ms = late > late_ms ? late : late_ms;
	}
	*totals = (struct timed_totals){
		.delivered = atomic_load(&all->n_delivered),
		.recalled = atomic_load(&all->n_recalled),
		.dropped = atomic_load(&all->n_dropped),
		.carried = atomic_load(&all->n_carried),
		.late_ms = late_ms,
	};
}

void
timed_messages_count_recalled(struct timed_messages *all)
{
	atomic_fetch_add(&all->n_recalled, 1);
}
