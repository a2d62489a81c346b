#include "config.h"

#include "broker/delay/delay.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>

#include "broker/state/offset.h"
#include "broker/delay/real_topic.h"
#include "broker/state/topic.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/log.h"
#include "common/base/mem.h"

#define LOOK_MS 500   /* how often an empty level is looked at; below the shortest delay */
#define BATCH 32      /* messages read at once */
#define RETRY_MS 1000 /* after a failed read or append */

struct level {
	struct delays *delays;
	int number; /* from 1 */
	int64_t delay_ms;
	int64_t offset;   /* of the first message that was not delivered */
	int64_t due_ms;   /* of that message, wall clock; 0: not known */
	int64_t retry_ms; /* not before, clock_mono_ms */
	bool busy;        /* a read or append is on its way */
};

struct delays {
	struct broker *broker;
	struct timer next_look;
	int n_levels;
	struct level levels[DELAY_LEVELS_MAX];
};

/* The due messages of one read, appended one after the other. */
struct delivery {
	struct level *level;
	struct chunk *chunk;
	size_t at;           /* behind the message at hand in the chunk */
	int64_t offset;      /* of that message in the level's queue */
	int64_t next_offset; /* behind the last one delivered */
};

static void deliver_next(struct delivery *delivery, struct loop *loop);
static void look(struct delays *delays);

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

int64_t
delay_divert(const struct delays *delays, int level, struct record *record, struct arena *arena)
{
	real_topic_keep(record, arena);
	record->topic = SLICE(DELAY_TOPIC);
	record->queue_id = level - 1;
	return clock_wall_ms() + delays->levels[level - 1].delay_ms;
}

/* ---- delivering ------------------------------------------------------ */

/*
 * The level came this far. Kept at once and not with the other offsets: what a
 * crash forgets here is delivered twice.
 */
static void
keep_progress(const struct level *level)
{
	struct broker *broker = level->delays->broker;
	struct meta_job *job = meta_job_new();

	offsets_load(broker->offsets, SLICE(DELAY_GROUP), SLICE(DELAY_TOPIC), level->number - 1,
	    level->offset);
	meta_job_put_offset(
	    job, SLICE(DELAY_GROUP), SLICE(DELAY_TOPIC), level->number - 1, level->offset);
	store_meta(broker->store, job);
}

static void
delivery_end(struct delivery *delivery, int64_t due_ms, int64_t retry_ms)
{
	struct level *level = delivery->level;

	if (delivery->next_offset > level->offset) {
		level->offset = delivery->next_offset;
		keep_progress(level);
	}
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

static int64_t
due_time(const struct level *level, const struct record *record, int64_t now)
{
	int64_t due = record->store_timestamp + level->delay_ms;

	/* Later than a full delay from now: the clock was set back meanwhile. */
	return due > now + level->delay_ms ? now : due;
}

static void
deliver_next(struct delivery *delivery, struct loop *loop)
{
	struct level *level = delivery->level;
	struct store *store = level->delays->broker->store;
	const struct chunk *chunk = delivery->chunk;
	struct known_properties known;
	struct record record;
	struct topic topic;
	int64_t now = clock_wall_ms();

	for (;;) {
		if (delivery->at >= chunk->len || record_decode(chunk->data + delivery->at,
						      chunk->len - delivery->at, &record) == -1) {
			delivery_end(delivery, 0, 0);
			return;
		}
		if (due_time(level, &record, now) > now) {
			delivery_end(delivery, due_time(level, &record, now), 0);
			return;
		}
		delivery->at += record.size;
		delivery->offset = record.queue_offset;
		properties_read(record.properties, &known);
		if (real_topic_restore(&record, &known, PROPERTY_DELAY, &loop->arena))
			break;
		log_warn("delayed message without a real topic is skipped offset=%" PRId64
			 " level=%d",
		    record.queue_offset, level->number);
		delivery->next_offset = delivery->offset + 1;
	}
	if (topics_find(level->delays->broker->topics, record.topic, &topic))
		record.queue_id = topic_queue_now(&topic, record.queue_id);
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
	struct read_job *job = read_job_new(READ_QUEUE);

	level->busy = true;
	delivery->level = level;
	job->reply_loop = broker->workers[0].loop;
	job->done = on_read;
	job->context = delivery;
	job->queue = queue->number;
	job->offset = level->offset;
	read_job_set_limits(
	    job, &(struct pull_limits){
		     .max_messages = BATCH, .max_bytes = 1 << 20, .max_scan = BATCH });
	store_read(broker->store, job);
}

/* ---- watching -------------------------------------------------------- */

/* How long until this level has to be looked at again. */
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
	if (level->due_ms > now && level->due_ms - now <= level->delay_ms)
		return level->due_ms - now < LOOK_MS ? level->due_ms - now : LOOK_MS;
	read_head(level, queue);
	return LOOK_MS;
}

static void
look(struct delays *delays)
{
	int64_t now = clock_wall_ms();
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

	broker->delays = delays;
	delays->broker = broker;
	if (parse_levels(delays, broker->settings->message_delay_level) == -1)
		return -1;
	for (int i = 0; i < delays->n_levels; i++) {
		int64_t offset =
		    offsets_find(broker->offsets, SLICE(DELAY_GROUP), SLICE(DELAY_TOPIC), i);

		delays->levels[i].offset = offset > 0 ? offset : 0;
	}
	delays->next_look.due = on_next_look;
	look(delays);
	return 0;
}

void
delays_free(struct delays *delays)
{
	if (delays == NULL)
		return;
	loop_drop_timer(delays->broker->workers[0].loop, &delays->next_look);
	free(delays);
}
