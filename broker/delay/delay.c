#include "config.h"

#include "broker/delay/delay.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "broker/delay/real_topic.h"
#include "broker/delay/timed_message.h"
#include "broker/state/offset.h"
#include "broker/state/topic.h"
#include "broker/store/store.h"
#include "broker/store/tail/tail.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/itoa.h"
#include "common/base/log.h"
#include "common/base/mem.h"

#define DUE "DELAY_DUE"
#define LOOK_MS 500   /* interval of reads of an empty level; below the shortest delay */
#define BATCH 128     /* messages read at once */
#define RETRY_MS 1000 /* after a failed read or append */
#define DELAY_UNKNOWN -1

struct level {
	struct delays *delays;
	int number;       /* from 1 */
	int64_t delay_ms; /* DELAY_UNKNOWN: the messages say it themselves */
	int64_t offset;   /* of the first undelivered message */
	int64_t due_ms;   /* of that message, steady_ms; 0: unknown */
	int64_t retry_ms; /* not before, clock_mono_ms */
	bool busy;        /* a read or append is pending */
	/* When the message was due that is being delivered, steady_ms; 0: none. Any thread reads.
	 */
	_Atomic int64_t overdue_ms;
};

struct delays {
	struct broker *broker;
	int64_t start_ms;       /* wall clock */
	int64_t start_mono_ms;  /* the same moment */
	int64_t start_position; /* of the log: later records belong to this run */
	_Atomic int64_t n_dropped;
	struct timer next_look;
	int n_levels;  /* of messageDelayLevel */
	int n_watched; /* with those that had levels before */
	struct level levels[DELAY_LEVELS_MAX];
};

/* The due messages of one read. All are appended at once, each behind the one before. */
struct delivery {
	struct level *level;
	struct chunk *chunk; /* NULL: nothing was read */
	int64_t next;        /* offset behind the last one that was appended */
	int64_t due_ms;      /* of the first one that is not due; 0: there is none */
	int n_open;          /* appends with the writer */
	int n_dropped;
	bool failed;
};

static void look(struct delays *delays);

/*
 * The clock of due times: it starts at the wall clock and then follows the monotonic clock, so that
 * steps of the wall clock do not change due times. Any thread.
 */
static int64_t
steady_ms(const struct delays *delays)
{
	return delays->start_ms + clock_mono_ms() - delays->start_mono_ms;
}

int64_t
delays_now_ms(const struct delays *delays, enum timed_clock clock)
{
	return clock == TIMED_STEADY ? steady_ms(delays) : clock_wall_ms();
}

/* ---- levels ---------------------------------------------------------- */

static int64_t
unit_ms(char unit)
{
	switch (unit) {
	case 's':
		return 1000;
	case 'm':
		return 60 * 1000;
	case 'h':
		return 3600 * 1000;
	case 'd':
		return 24 * 3600 * 1000;
	default:
		return 0;
	}
}

static int
parse_levels(struct delays *delays, const char *text)
{
	struct slice rest = slice_trim(slice_of(text)), part;

	while (slice_next(&rest, ' ', &part)) {
		int64_t count;

		if (part.len == 0)
			continue;
		int64_t unit = unit_ms(part.data[part.len - 1]);
		struct slice digits = { part.data, part.len - 1 };

		if (unit == 0 || slice_to_int64(digits, &count) == -1 || count < 1 ||
		    count > INT32_MAX || delays->n_levels == DELAY_LEVELS_MAX) {
			log_error("messageDelayLevel: '%.*s' is no delay; write up to %d like 1s "
				  "5m 2h 1d",
			    (int)part.len, part.data, DELAY_LEVELS_MAX);
			return -1;
		}
		struct level *level = &delays->levels[delays->n_levels++];

		*level = (struct level){
			.delays = delays,
			.number = delays->n_levels,
			.delay_ms = count * unit,
		};
	}
	return 0;
}

int
delay_level(const struct delays *delays, struct slice text)
{
	int32_t level;

	if (slice_to_int32(text, &level) == -1 || level < 1)
		return 0;
	return level > delays->n_levels ? delays->n_levels : level;
}

/* Appends to the properties, which end in a separator. */
static void
add_due(struct record *record, int64_t due_ms, struct arena *arena)
{
	struct slice old = record->properties;
	char *text = arena_alloc(arena, old.len + sizeof DUE + ITOA_MAX + 2);
	char *at = mempcpy(text, old.data, old.len);

	at = mempcpy(at, DUE, strlen(DUE));
	*at++ = '\x01';
	at += itoa_put(at, due_ms);
	*at++ = '\x02';
	record->properties = (struct slice){ text, (size_t)(at - text) };
}

int64_t
delay_divert(const struct delays *delays, int level, struct record *record, struct arena *arena)
{
	int64_t due_ms = steady_ms(delays) + delays->levels[level - 1].delay_ms;

	real_topic_keep(record, arena);
	add_due(record, due_ms, arena);
	record->topic = SLICE(DELAY_TOPIC);
	record->queue_id = level - 1;
	return due_ms;
}

/* ---- delivering ------------------------------------------------------ */

/* For tools: the store has it too. */
static void
show_progress(const struct level *level)
{
	struct offset_row row = { SLICE(DELAY_GROUP), SLICE(DELAY_TOPIC), level->number - 1,
		level->offset };

	if (level->offset > 0)
		offsets_set(level->delays->broker->offsets, &row);
}

static void
delivery_end(struct delivery *delivery)
{
	struct level *level = delivery->level;

	show_progress(level);
	if (delivery->n_dropped > 0)
		log_warn("delayed messages dropped: their topics were deleted level=%d n=%d "
			 "before_offset=%" PRId64,
		    level->number, delivery->n_dropped, level->offset);
	atomic_fetch_add(&level->delays->n_dropped, delivery->n_dropped);
	level->busy = false;
	if (!delivery->failed)
		atomic_store(&level->overdue_ms, 0);
	level->due_ms = delivery->failed ? 0 : delivery->due_ms;
	level->retry_ms = delivery->failed ? clock_mono_ms() + RETRY_MS : 0;
	if (delivery->chunk != NULL)
		chunk_unref(delivery->chunk);
	free(delivery);
	look(level->delays);
}

static void
on_appended(struct append *append, struct loop *loop)
{
	struct delivery *delivery = append->context;
	struct level *level = delivery->level;

	(void)loop;
	if (append->status != APPEND_OK)
		delivery->failed = true;
	else if (append->timed.to > level->offset)
		level->offset = append->timed.to;
	append_free(append);
	if (--delivery->n_open == 0)
		delivery_end(delivery);
}

/*
 * When the message is due, by steady_ms. A message of an earlier run says when it was stored by the
 * wall clock of that time: it waits for one delay from the start at most.
 */
static int64_t
due_time(
    const struct level *level, const struct record *record, const struct known_properties *known)
{
	const struct delays *delays = level->delays;
	int64_t due_ms, delay_ms = level->delay_ms;
	bool says = slice_to_int64(known->due, &due_ms) == 0;

	if (record->position >= delays->start_position && says)
		return due_ms;
	if (delay_ms == DELAY_UNKNOWN)
		delay_ms = says ? due_ms - record->store_timestamp : 0;
	due_ms = record->store_timestamp + delay_ms;
	return due_ms < delays->start_ms + delay_ms ? due_ms : delays->start_ms + delay_ms;
}

/* The append ends the wait of the level's messages before `to`, in the commit that stores it. */
static void
submit(struct delivery *delivery, struct append *append, int64_t to)
{
	struct level *level = delivery->level;

	append->timed = (struct timed_change){
		.op = TIMED_LEVEL,
		.queue = level->number - 1,
		.from = delivery->next,
		.to = to,
	};
	append->frees = true;
	append->reply_loop = level->delays->broker->workers[0].loop;
	append->done = on_appended;
	append->context = delivery;
	delivery->next = to;
	delivery->n_open++;
	store_append(level->delays->broker->store, append);
}

/* A message that cannot go where it belongs: an event takes its place. */
static void
skip(struct delivery *delivery, int64_t to, const char *why)
{
	struct worker *worker = &delivery->level->delays->broker->workers[0];
	struct timed_event event = {
		.kind = "drop",
		.reason = slice_of(why),
		.mark = timed_level_mark(delivery->level->number - 1, to),
	};

	submit(delivery, timed_event_append(worker, &event), to);
}

static void
deliver(struct delivery *delivery, struct record *record, const struct known_properties *known,
    struct arena *arena)
{
	struct level *level = delivery->level;
	const struct broker *broker = level->delays->broker;
	int64_t to = record->queue_offset + 1;
	struct topic topic;

	if (!real_topic_restore(record, known, PROPERTY_DELAY | PROPERTY_DUE, arena)) {
		log_warn("delayed message without a real topic is skipped offset=%" PRId64
			 " level=%d",
		    record->queue_offset, level->number);
		skip(delivery, to, "it does not say which topic it is for");
	} else if (!topics_find(broker->topics, record->topic, &topic)) {
		delivery->n_dropped++;
		skip(delivery, to, "its topic was deleted");
	} else {
		record->queue_id = topic_queue_now(&topic, record->queue_id);
		record->prepared_offset = timed_level_mark(level->number - 1, to);
		submit(delivery, append_new(broker->store, record, 1), to);
	}
}

static void
deliver_due(struct delivery *delivery, struct arena *arena)
{
	struct level *level = delivery->level;
	const struct chunk *chunk = delivery->chunk;
	struct known_properties known;
	struct record record;

	for (size_t at = 0; at < chunk->len; at += record.size) {
		if (record_decode(chunk->data + at, chunk->len - at, &record) == -1)
			return;
		properties_read(record.properties, &known);
		int64_t due_ms = due_time(level, &record, &known);

		if (due_ms > steady_ms(level->delays)) {
			delivery->due_ms = due_ms;
			return;
		}
		if (at == 0)
			atomic_store(&level->overdue_ms, due_ms);
		deliver(delivery, &record, &known, arena);
	}
}

static void
on_read(struct read_job *job, struct loop *loop)
{
	struct delivery *delivery = job->context;
	struct level *level = delivery->level;

	delivery->chunk = job->chunk;
	job->chunk = NULL;
	if (job->status == READ_FOUND) {
		deliver_due(delivery, &loop->arena);
	} else if (job->status == READ_CORRUPT) {
		log_error("delayed message cannot be read and is skipped level=%d offset=%" PRId64,
		    level->number, job->in_queue.offset);
		skip(delivery, job->in_queue.offset + 1, "it cannot be read");
	} else {
		delivery->failed = true;
	}
	read_job_free(job);
	if (delivery->n_open == 0)
		delivery_end(delivery);
	arena_reset(&loop->arena);
}

static void
read_head(struct level *level, const struct tail_queue *queue, int64_t offset)
{
	struct broker *broker = level->delays->broker;
	struct delivery *delivery = mem_zalloc(sizeof *delivery);
	struct read_job *job = read_queue_new(queue->number, offset,
	    &(struct pull_limits){
		.max_messages = BATCH, .max_bytes = 1 << 20, .max_scan = BATCH });

	if (level->due_ms != 0)
		atomic_store(&level->overdue_ms, level->due_ms);
	level->busy = true;
	delivery->level = level;
	delivery->next = level->offset;
	job->reply_loop = broker->workers[0].loop;
	job->done = on_read;
	job->context = delivery;
	store_read(broker->store, job);
}

/* ---- watching -------------------------------------------------------- */

static const struct tail_queue *
queue_of_level(const struct delays *delays, int i)
{
	return tail_find(delays->broker->workers[0].tail, SLICE(DELAY_TOPIC), i);
}

/* The time until the next read of this level. */
static int64_t
look_at_level(struct level *level, int64_t now)
{
	const struct tail_queue *queue = queue_of_level(level->delays, level->number - 1);
	int64_t offset = level->offset;

	if (level->busy || queue == NULL)
		return LOOK_MS;
	if (offset < queue->min_offset)
		offset = queue->min_offset;
	if (offset >= queue->max_offset || level->retry_ms > clock_mono_ms())
		return LOOK_MS;
	if (level->due_ms > now)
		return level->due_ms - now < LOOK_MS ? level->due_ms - now : LOOK_MS;
	read_head(level, queue, offset);
	return LOOK_MS;
}

static void
look(struct delays *delays)
{
	int64_t now = steady_ms(delays);
	int64_t wait_ms = LOOK_MS;

	for (int i = 0; i < delays->n_watched; i++) {
		int64_t level_ms = look_at_level(&delays->levels[i], now);

		if (level_ms < wait_ms)
			wait_ms = level_ms;
	}
	loop_set_timer(
	    delays->broker->workers[0].loop, &delays->next_look, clock_mono_ms() + wait_ms + 1);
}

static void
on_next_look(struct timer *timer)
{
	look(container_of(timer, struct delays, next_look));
}

/* ---- start and end ----------------------------------------------------- */

/*
 * A store of an older version has the offsets with those of consumers only. A store that was copied
 * from a RocketMQ master too, as no record of its log tells them: the larger one counts.
 */
static int64_t
kept_offset(struct broker *broker, int level)
{
	int64_t offset = store_level(broker->store, level);
	int64_t told = offsets_find(broker->offsets, SLICE(DELAY_GROUP), SLICE(DELAY_TOPIC), level);

	if (told > offset)
		offset = told;
	return offset > 0 ? offset : 0;
}

static void
on_queue(void *arg, struct slice topic, int32_t queue_id, int64_t min_offset, int64_t max_offset)
{
	struct broker *broker = arg;

	(void)max_offset;
	if (slice_is(topic, DELAY_TOPIC) && queue_id >= 0 && queue_id < DELAY_LEVELS_MAX &&
	    store_level(broker->store, queue_id) < min_offset)
		store_keep_from(broker->store, queue_id, min_offset);
}

void
delays_load(struct broker *broker)
{
	for (int i = 0; i < DELAY_LEVELS_MAX; i++)
		store_keep_from(broker->store, i, kept_offset(broker, i));
	store_each_queue(broker->store, on_queue, broker);
}

/* Levels that messageDelayLevel had before: what waits there is delivered all the same. */
static void
watch_former_levels(struct delays *delays)
{
	for (int i = delays->n_levels; i < DELAY_LEVELS_MAX; i++) {
		struct level *level = &delays->levels[i];
		const struct tail_queue *queue = queue_of_level(delays, i);

		*level = (struct level){
			.delays = delays,
			.number = i + 1,
			.delay_ms = DELAY_UNKNOWN,
		};
		level->offset = store_level(delays->broker->store, i);
		if (queue == NULL || level->offset >= queue->max_offset)
			continue;
		delays->n_watched = i + 1;
		log_warn("messageDelayLevel has no level %d any more; what waits there comes when "
			 "it was to come n=%" PRId64,
		    i + 1, queue->max_offset - level->offset);
	}
}

int
delays_start(struct broker *broker)
{
	struct delays *delays = mem_zalloc(sizeof *delays);
	struct store_stats stats;

	store_get_stats(broker->store, &stats);
	broker->delays = delays;
	delays->broker = broker;
	delays->start_ms = clock_wall_ms();
	delays->start_mono_ms = clock_mono_ms();
	delays->start_position = stats.max_position;
	if (parse_levels(delays, broker->settings->message_delay_level) == -1)
		return -1;
	if (broker_is_slave(broker))
		return 0; /* the master delivers, and its records say so here */
	delays->n_watched = delays->n_levels;
	for (int i = 0; i < delays->n_levels; i++) {
		delays->levels[i].offset = store_level(broker->store, i);
		show_progress(&delays->levels[i]);
	}
	watch_former_levels(delays);
	delays->next_look.due = on_next_look;
	look(delays);
	return 0;
}

int64_t
delays_late_ms(const struct delays *delays)
{
	int64_t now = steady_ms(delays), late_ms = 0;

	for (int i = 0; i < DELAY_LEVELS_MAX; i++) {
		int64_t due_ms = atomic_load(&delays->levels[i].overdue_ms);

		if (due_ms != 0 && now - due_ms > late_ms)
			late_ms = now - due_ms;
	}
	return late_ms;
}

int64_t
delays_dropped(const struct delays *delays)
{
	return atomic_load(&delays->n_dropped);
}

void
delays_free(struct delays *delays)
{
	if (delays == NULL)
		return;
	loop_drop_timer(delays->broker->workers[0].loop, &delays->next_look);
	free(delays);
}
