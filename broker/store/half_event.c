#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "broker/store/half.h"
#include "common/arena.h"
#include "common/decimal.h"

/*
 * An event is a record like any other, so that every tool can read it. What
 * it is stands in TAGS, the half message that it is about in the prepared-transaction
 * offset and in KEYS, RocketMQ's own note (the half message's queue offset) in the
 * body; small numbers are packed into the flag.
 */

#define FLAG_VIA 0xff
#define FLAG_SAID_SHIFT 8
#define FLAG_REVOCABLE 0x10000
#define FLAG_OVERRIDE 0x20000
#define WAIT "waitMs"
#define TEXT_MAX 1024 /* of a record's 32 KB of properties */
#define DECISION "decision-" /* key of a decision, beside the position alone */

static const char *const names[N_EVENT_KINDS] = {
	[EVENT_COMMIT] = "commit",
	[EVENT_ROLLBACK] = "rollback",
	[EVENT_ASK] = "ask",
	[EVENT_UNKNOWN] = "unknown",
	[EVENT_PARK] = "park",
	[EVENT_RESUME] = "resume",
	[EVENT_REPEAT] = "repeat",
	[EVENT_CONTRADICT] = "contradict",
};

static const char *const vias[N_VIAS] = {
	[VIA_SENDER] = "sender",
	[VIA_CHECK] = "check",
	[VIA_URL] = "url",
	[VIA_ADMIN] = "admin",
	[VIA_BROKER] = "broker",
};

const char *
half_event_name(enum half_event_kind kind)
{
	return names[kind];
}

const char *
half_via_name(enum half_via via)
{
	return vias[via];
}

struct slice
half_event_key(struct arena *arena, int64_t position)
{
	return arena_printf(arena, "%" PRId64, position);
}

struct slice
half_decision_key(struct arena *arena, int64_t position)
{
	return arena_printf(arena, DECISION "%" PRId64, position);
}

/* Texts come from outside: what would end a property becomes a blank, what is very long is cut. */
static void
put_text(struct buf *properties, const char *name, struct slice value)
{
	if (value.len == 0)
		return;
	if (value.len > TEXT_MAX)
		value.len = TEXT_MAX;
	property_append(properties, slice_of(name), value);
	char *text = properties->data + properties->len - 1 - value.len;

	for (size_t i = 0; i < value.len; i++)
		if ((unsigned char)text[i] < ' ')
			text[i] = ' ';
}

static int32_t
queue_of(enum half_event_kind kind)
{
	if (kind == EVENT_COMMIT || kind == EVENT_ROLLBACK)
		return EVENT_QUEUE_DECISIONS;
	return kind == EVENT_CONTRADICT ? EVENT_QUEUE_CONTRADICTIONS : EVENT_QUEUE_OTHERS;
}

static struct slice
properties_of(struct arena *arena, const struct half_event *event)
{
	struct buf text = { 0 };

	property_append(&text, SLICE("TAGS"), slice_of(names[event->kind]));
	buf_append_text(&text, "KEYS\x01");
	buf_append_int(&text, event->position);
	if (queue_of(event->kind) == EVENT_QUEUE_DECISIONS) {
		buf_append_text(&text, " " DECISION);
		buf_append_int(&text, event->position);
	}
	buf_append_char(&text, '\x02');
	if (event->kind == EVENT_ASK || event->kind == EVENT_RESUME) {
		buf_append_text(&text, WAIT "\x01");
		buf_append_int(&text, event->wait_ms);
		buf_append_char(&text, '\x02');
	}
	put_text(&text, "by", event->by);
	put_text(&text, "reason", event->reason);

	struct slice properties = arena_copy(arena, buf_slice(&text));

	buf_release(&text);
	return properties;
}

static struct slice
decimal(struct arena *arena, int64_t number)
{
	char *text = arena_alloc(arena, DECIMAL_MAX);

	return (struct slice){ text, decimal_put(text, number) };
}

struct record
half_event_record(struct arena *arena, const struct half_event *event)
{
	struct host who = event->who;

	if (who.ip_len == 0)
		who.ip_len = 4;
	return (struct record){
		.topic = SLICE(HALF_EVENT_TOPIC),
		.queue_id = queue_of(event->kind),
		.flag = (int32_t)event->via | (int32_t)event->said << FLAG_SAID_SHIFT |
		        (event->revocable ? FLAG_REVOCABLE : 0) |
		        (event->override ? FLAG_OVERRIDE : 0),
		.born_timestamp = event->time_ms,
		.born_host = who,
		.reconsume_times = event->n_asked,
		.prepared_offset = event->position,
		.body = decimal(arena, event->half_offset),
		.properties = properties_of(arena, event),
	};
}

static int
kind_of(struct slice tags, enum half_event_kind *kind)
{
	for (int i = 0; i < N_EVENT_KINDS; i++)
		if (slice_is(tags, names[i])) {
			*kind = (enum half_event_kind)i;
			return 0;
		}
	return -1;
}

int
half_event_parse(const struct record *record, struct half_event *event)
{
	int32_t via = record->flag & FLAG_VIA;
	int32_t said = record->flag >> FLAG_SAID_SHIFT & 0xff;

	*event = (struct half_event){
		.via = (enum half_via)via,
		.said = (enum half_event_kind)said,
		.revocable = record->flag & FLAG_REVOCABLE,
		.override = record->flag & FLAG_OVERRIDE,
		.position = record->prepared_offset,
		.time_ms = record->born_timestamp,
		.n_asked = record->reconsume_times,
		.who = record->born_host,
		.by = property_find(record->properties, "by"),
		.reason = property_find(record->properties, "reason"),
	};
	if (!slice_is(record->topic, HALF_EVENT_TOPIC) || via >= N_VIAS || said >= N_EVENT_KINDS ||
	    kind_of(property_find(record->properties, "TAGS"), &event->kind) == -1 ||
	    slice_to_int64(record->body, &event->half_offset) == -1)
		return -1;
	slice_to_int64(property_find(record->properties, WAIT), &event->wait_ms);
	return 0;
}
