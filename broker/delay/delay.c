#include "config.h"

#include "broker/delay/delay.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "broker/delay/real_topic.h"
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
#define BATCH 32      /* messages read at once */
#define RETRY_MS 1000 /* after a failed read or append */

struct level {
	struct delays *delays;
	int number; /* from 1 */
	int64_t delay_ms;
	int64_t offset;   /* of the first undelivered message */
	int64_t due_ms;   /* of that message, steady_ms; 0: unknown */
	int64_t retry_ms; /* not before, clock_mono_ms */
	bool busy;        /* a read or append is pending */
};

struct delays {
	struct broker *broker;
	int64_t start_ms;       /* wall clock */
	int64_t start_mono_ms;  /* the same moment */
	int64_t start_position; /* of the log: later records belong to this run */
	_Atomic int64_t n_dropped;
	struct timer next_look;
	int n_levels;
	struct level levels[DELAY_LEVELS_MAX];
};

/* The due messages of one read; they are appended one by one. */
struct delivery {
	struct level *level;
	struct chunk *chunk;
	size_t at;           /* in the chunk, after the current message */
	int64_t offset;      /* of that message in the level's queue */
	int64_t next_offset; /* behind the last one delivered */
	int n_dropped;
};

static void deliver_next(struct delivery *delivery, struct loop *loop);
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

/*
 * Writes the level's progress at once, not with the other offsets: after a crash, the broker
 * delivers the messages after the last written progress again.
 */
static void
keep_progress(const struct level *level)
{
	struct broker *broker = level->delays->broker;
	struct meta_job *job = meta_job_new();

	struct offset_row row = { SLICE(DELAY_GROUP), SLICE(DELAY_TOPIC), level->number - 1,
		level->offset };

	offsets_set(broker->offsets, &row);
	meta_job_put_offset(
	    job, SLICE(DELAY_GROUP), SLICE(DELAY_TOPIC), level->number - 1, level->offset);
	store_meta(broker->store, job);
	store_keep_from(broker->store, level->number - 1, level->offset);
}

static void
delivery_end(struct delivery *delivery, int64_t due_ms, int64_t retry_ms)
{
	struct level *level = delivery->level;

	if (delivery->next_offset > level->offset) {
		level->offset = delivery->next_offset;
		keep_progress(level);
	}
	if (delivery->n_dropped > 0)
		log_warn("delayed messages dropped: their topics were deleted level=%d n=%d "
			 "before_offset=%" PRId64,
		    level->number, delivery->n_dropped, delivery->next_offset);
	atomic_fetch_add(&level->delays->n_dropped, delivery->n_dropped);
	level->busy = false;
	level->due_ms = due_ms;
	level->retry_ms = retry_ms;
	if (delivery->chunk != NULL)
		chunk_unref(delivery->chunk);
	free(delivery);
	look(level->delays);
}

static void
on_appended(struct append *append, struct loop *loop)
{
	struct delivery *delivery = append->context;
	bool stored = append->status == APPEND_OK;

	append_free(append);
	if (!stored) {
		delivery_end(delivery, 0, clock_mono_ms() + RETRY_MS);
		return;
	}
	delivery->next_offset = delivery->offset + 1;
	deliver_next(delivery, loop);
	arena_reset(&loop->arena);
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
	int64_t latest_ms = delays->start_ms + level->delay_ms, due_ms;

	if (record->position >= delays->start_position && slice_to_int64(known->due, &due_ms) == 0)
		return due_ms;
	due_ms = record->store_timestamp + level->delay_ms;
	return due_ms < latest_ms ? due_ms : latest_ms;
}

/* A message that cannot go where it belongs. */
static void
skip(struct delivery *delivery)
{
	delivery->next_offset = delivery->offset + 1;
}

/*
 * The next message of the delivery that is due, with its real topic and queue. False: there is
 * none, and the delivery has ended.
 */
static bool
next_due(struct delivery *delivery, struct record *record, struct arena *arena)
{
	struct level *level = delivery->level;
	const struct delays *delays = level->delays;
	const struct chunk *chunk = delivery->chunk;
	struct known_properties known;
	struct topic topic;

	while (delivery->at < chunk->len &&
	       record_decode(chunk->data + delivery->at, chunk->len - delivery->at, record) == 0) {
		properties_read(record->properties, &known);
		int64_t due_ms = due_time(level, record, &known);

		if (due_ms > steady_ms(delays)) {
			delivery_end(delivery, due_ms, 0);
			return false;
		}
		delivery->at += record->size;
		delivery->offset = record->queue_offset;
		if (!real_topic_restore(record, &known, PROPERTY_DELAY | PROPERTY_DUE, arena)) {
			log_warn("delayed message without a real topic is skipped offset=%" PRId64
				 " level=%d",
			    record->queue_offset, level->number);
			skip(delivery);
		} else if (!topics_find(delays->broker->topics, record->topic, &topic)) {
			delivery->n_dropped++;
			skip(delivery);
		} else {
			record->queue_id = topic_queue_now(&topic, record->queue_id);
			return true;
		}
	}
	delivery_end(delivery, 0, 0);
	return false;
}

static void
deliver_next(struct delivery *delivery, struct loop *loop)
{
	struct store *store = delivery->level->delays->broker->store;
	struct record record;

	if (!next_due(delivery, &record, &loop->arena))
		return;
	struct append *append = append_new(store, &record, 1);

	append->reply_loop = loop;
	append->done = on_appended;
	append->context = delivery;
	store_append(store, append);
}

static void
on_read(struct read_job *job, struct loop *loop)
{
	struct delivery *delivery = job->context;
	struct level *level = delivery->level;

	if (job->status == READ_FOUND) {
		delivery->chunk = job->chunk;
		job->chunk = NULL;
		read_job_free(job);
		deliver_next(delivery, loop);
		arena_reset(&loop->arena);
		return;
	}
	if (job->status == READ_CORRUPT) {
		log_error("delayed message cannot be read and is skipped level=%d offset=%" PRId64,
		    level->number, level->offset);
		delivery->next_offset = level->offset + 1;
	}
	read_job_free(job);
	delivery_end(delivery, 0, clock_mono_ms() + RETRY_MS);
}

static void
read_head(struct level *level, const struct tail_queue *queue)
{
	struct broker *broker = level->delays->broker;
	struct delivery *delivery = mem_zalloc(sizeof *delivery);
	struct read_job *job = read_queue_new(queue->number, level->offset,
	    &(struct pull_limits){
		.max_messages = BATCH, .max_bytes = 1 << 20, .max_scan = BATCH });

	level->busy = true;
	delivery->level = level;
	job->reply_loop = broker->workers[0].loop;
	job->done = on_read;
	job->context = delivery;
	store_read(broker->store, job);
}

/* ---- watching -------------------------------------------------------- */

/* The time until the next read of this level. */
static int64_t
look_at_level(struct level *level, int64_t now)
{
	const struct tail_queue *queue = tail_find(
	    level->delays->broker->workers[0].tail, SLICE(DELAY_TOPIC), level->number - 1);

	if (level->busy || queue == NULL || level->offset >= queue->max_offset)
		return LOOK_MS;
	if (level->offset < queue->min_offset)
		level->offset = queue->min_offset;
	if (level->retry_ms > clock_mono_ms())
		return LOOK_MS;
	if (level->due_ms > now)
		return level->due_ms - now < LOOK_MS ? level->due_ms - now : LOOK_MS;
	read_head(level, queue);
	return LOOK_MS;
}

static void
look(struct delays *delays)
{
	int64_t now = steady_ms(delays);
	int64_t wait_ms = LOOK_MS;

	for (int i = 0; i < delays->n_levels; i++) {
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
	for (int i = 0; i < delays->n_levels; i++) {
		int64_t offset =
		    offsets_find(broker->offsets, SLICE(DELAY_GROUP), SLICE(DELAY_TOPIC), i);

		delays->levels[i].offset = offset > 0 ? offset : 0;
		store_keep_from(broker->store, i, delays->levels[i].offset);
	}
	delays->next_look.due = on_next_look;
	look(delays);
	return 0;
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
