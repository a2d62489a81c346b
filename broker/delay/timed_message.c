#include "config.h"

#include "broker/delay/timed_message.h"

#include <string.h>

#include "broker/delay/delay.h"
#include "broker/delay/real_topic.h"
#include "common/base/clock.h"
#include "common/base/itoa.h"
#include "common/base/utf8.h"

#define OUT "TIMER_OUT_MS"
#define EVENT_TEXT_MAX 1024

/* In the order of RocketMQ: the first that is there counts. */
static bool
read_wait(const struct known_properties *known, int64_t *wait_ms)
{
	struct slice text = known->timer_delay_sec;
	int64_t unit = text.data != NULL ? 1000 : 1;

	if (text.data == NULL)
		text = known->timer_delay_ms;
	return slice_to_int64(text, wait_ms) == 0 &&
	       !__builtin_mul_overflow(*wait_ms, unit, wait_ms);
}

static bool
read_due(const struct delays *delays, const struct known_properties *known, struct timed *timed)
{
	bool waits = known->timer_delay_sec.data != NULL || known->timer_delay_ms.data != NULL;
	int64_t wait_ms;

	timed->clock = waits ? TIMED_STEADY : TIMED_WALL;
	if (!waits)
		return slice_to_int64(known->timer_deliver_ms.data != NULL
					  ? known->timer_deliver_ms
					  : known->start_deliver_time,
			   &timed->due_ms) == 0;
	if (!read_wait(known, &wait_ms))
		return false;
	/* Both clocks tell whole milliseconds: one more, so that it is not early by a part of one.
	 */
	return !__builtin_add_overflow(
	    delays_now_ms(delays, TIMED_STEADY) + (wait_ms > 0), wait_ms, &timed->due_ms);
}

enum timed_wish
timed_wish_of(
    const struct broker *broker, const struct known_properties *known, struct timed *timed)
{
	int64_t max_ms = broker->settings->timer_max_delay_sec * 1000;

	if (!read_due(broker->delays, known, timed))
		return TIMED_WISH_BAD;
	int64_t now_ms = delays_now_ms(broker->delays, timed->clock);

	if (timed->due_ms <= now_ms)
		return TIMED_WISH_NOW;
	return timed->due_ms - now_ms <= max_ms + 1 ? TIMED_WISH_LATER : TIMED_WISH_BAD;
}

void
timed_divert(struct record *record, const struct timed *timed, struct arena *arena)
{
	real_topic_keep(record, arena);
	struct slice old = record->properties;
	char *text = arena_alloc(arena, old.len + sizeof OUT + ITOA_MAX + 2);
	char *at = mempcpy(text, old.data, old.len);

	at = mempcpy(at, OUT, strlen(OUT));
	*at++ = '\x01';
	at += itoa_put(at, timed->due_ms);
	*at++ = '\x02';
	record->properties = (struct slice){ text, (size_t)(at - text) };
	record->topic = SLICE(TIMED_TOPIC);
	record->queue_id = TIMED_QUEUE_MESSAGES;
}

struct timed_change
timed_store_change(const struct timed *timed)
{
	return (struct timed_change){
		.op = TIMED_STORE,
		.clock = (uint8_t)timed->clock,
		.due_ms = timed->due_ms,
	};
}

/* ---- events ------------------------------------------------------------ */

/* Clients supply the texts: long ones are cut. */
static void
put(struct buf *text, const char *name, struct slice value)
{
	if (value.len != 0)
		property_append(text, slice_of(name), utf8_cut(value, EVENT_TEXT_MAX));
}

struct append *
timed_event_append(struct worker *worker, const struct timed_event *event)
{
	struct loop *loop = worker->loop;
	struct known_properties known;
	struct buf text = { 0 };

	put(&text, "TAGS", slice_of(event->kind));
	put(&text, "UNIQ_KEY", event->unique_key);
	put(&text, "REAL_TOPIC", event->topic);
	put(&text, OUT, event->due_ms);
	put(&text, "by", event->by);
	put(&text, "reason", event->reason);
	struct record record = {
		.topic = SLICE(TIMED_TOPIC),
		.queue_id = TIMED_QUEUE_EVENTS,
		.born_timestamp = clock_wall_ms(),
		.born_host = worker->broker->host,
		.prepared_offset = event->mark,
		.body = SLICE("0"),
		.properties = arena_copy(&loop->arena, buf_slice(&text)),
	};

	buf_release(&text);
	properties_read(record.properties, &known);
	struct append *append = append_new_known(worker->broker->store, loop, &record, &known);

	append->reply_loop = NULL;
	append->frees = true;
	return append;
}
