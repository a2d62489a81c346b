#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "broker/store/store.h"
#include "common/base/arena.h"
#include "common/base/itoa.h"
#include "common/base/utf8.h"

/*
 * An event is an ordinary record, so that every tool can read it. TAGS has its kind. The
 * prepared-transaction offset and KEYS have the position of its half message. The body has the
 * queue offset of the half message, as in RocketMQ. Small numbers are packed into the flag.
 */

#define FLAG_SOURCE 0xff
#define FLAG_CLAIMED_SHIFT 8
#define FLAG_REVOCABLE 0x10000
#define FLAG_OVERRIDE 0x20000
#define RETRY_DELAY "waitMs"
#define TEXT_MAX 1024        /* of a record's 32 KB of properties */
#define DECISION "decision-" /* key of a decision, beside the position alone */
#define TEXTS_MAX 128        /* names, separators and numbers of an event's properties */

static const char *const names[N_EVENT_KINDS] = {
	[EVENT_COMMIT] = "commit",
	[EVENT_ROLLBACK] = "rollback",
	[EVENT_ASK] = "ask",
	[EVENT_UNKNOWN] = "unknown",
	[EVENT_PARK] = "park",
	[EVENT_RESUME] = "resume",
	[EVENT_REPEAT] = "repeat",
	[EVENT_CONTRADICT] = "contradict",
	[EVENT_ADOPT] = "adopt",
};

static const char *const sources[N_SOURCES] = {
	[SOURCE_SENDER] = "sender",
	[SOURCE_CHECK] = "check",
	[SOURCE_URL] = "url",
	[SOURCE_ADMIN] = "admin",
	[SOURCE_BROKER] = "broker",
};

const char *
half_event_name(enum half_event_kind kind)
{
	return names[kind];
}

const char *
half_source_name(enum half_source source)
{
	return sources[source];
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

/* Clients supply the texts: control characters become blanks, and long texts are cut. */
static char *
put_text(char *at, const char *name, struct slice value)
{
	if (value.len == 0)
		return at;
	value = utf8_cut(value, TEXT_MAX);
	at = stpcpy(at, name);
	*at++ = '\1';
	for (size_t i = 0; i < value.len; i++)
		*at++ = (unsigned char)value.data[i] < ' ' ? ' ' : value.data[i];
	*at++ = '\2';
	return at;
}

static int32_t
queue_of(enum half_event_kind kind)
{
	if (kind == EVENT_COMMIT || kind == EVENT_ROLLBACK)
		return EVENT_QUEUE_DECISIONS;
	return kind == EVENT_CONTRADICT ? EVENT_QUEUE_CONTRADICTIONS : EVENT_QUEUE_OTHERS;
}

/* Its properties, and of these those that an index wants. */
static struct slice
properties_of(struct arena *arena, const struct half_event *event, struct known_properties *known)
{
	char *text = arena_alloc(arena, TEXTS_MAX + event->by.len + event->reason.len), *at = text;
	struct slice position;

	at = stpcpy(at, "TAGS\1");
	known->tags = slice_of(names[event->kind]);
	at = mempcpy(at, known->tags.data, known->tags.len);
	at = stpcpy(at, "\2KEYS\1");
	position = (struct slice){ at, itoa_put(at, event->position) };
	at += position.len;
	if (queue_of(event->kind) == EVENT_QUEUE_DECISIONS) {
		at = stpcpy(at, " " DECISION);
		at = mempcpy(at, position.data, position.len);
	}
	known->keys = (struct slice){ position.data, (size_t)(at - position.data) };
	*at++ = '\2';
	if (event->kind == EVENT_ASK || event->kind == EVENT_RESUME || event->kind == EVENT_ADOPT) {
		at = stpcpy(at, RETRY_DELAY "\1");
		at += itoa_put(at, event->retry_delay_ms);
		*at++ = '\2';
	}
	at = put_text(at, "by", event->by);
	at = put_text(at, "reason", event->reason);
	return (struct slice){ text, (size_t)(at - text) };
}

static struct slice
decimal(struct arena *arena, int64_t number)
{
	char *text = arena_alloc(arena, ITOA_MAX);

	return (struct slice){ text, itoa_put(text, number) };
}

struct append *
half_event_append(const struct store *store, struct loop *loop, struct arena *arena,
    const struct half_event *event)
{
	struct known_properties known = { 0 };
	struct host who = event->who;

	if (who.ip_len == 0)
		who.ip_len = 4;
	struct record record = {
		.topic = SLICE(HALF_EVENT_TOPIC),
		.queue_id = queue_of(event->kind),
		.flag = (int32_t)event->source | (int32_t)event->claimed << FLAG_CLAIMED_SHIFT |
		        (event->revocable ? FLAG_REVOCABLE : 0) |
		        (event->override ? FLAG_OVERRIDE : 0),
		.born_timestamp = event->time_ms,
		.born_host = who,
		.reconsume_times = event->n_asked,
		.prepared_offset = event->position,
		.body = decimal(arena, event->half_offset),
		.properties = properties_of(arena, event, &known),
	};
	struct append *append = append_new_known(store, loop, &record, &known);

	append->reply_loop = NULL;
	return append;
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
	int32_t source = record->flag & FLAG_SOURCE;
	int32_t claimed = record->flag >> FLAG_CLAIMED_SHIFT & 0xff;

	*event = (struct half_event){
		.source = (enum half_source)source,
		.claimed = (enum half_event_kind)claimed,
		.revocable = record->flag & FLAG_REVOCABLE,
		.override = record->flag & FLAG_OVERRIDE,
		.position = record->prepared_offset,
		.time_ms = record->born_timestamp,
		.n_asked = record->reconsume_times,
		.who = record->born_host,
		.by = property_find(record->properties, "by"),
		.reason = property_find(record->properties, "reason"),
	};
	if (!slice_is(record->topic, HALF_EVENT_TOPIC) || source >= N_SOURCES ||
	    claimed >= N_EVENT_KINDS ||
	    kind_of(property_find(record->properties, "TAGS"), &event->kind) == -1 ||
	    slice_to_int64(record->body, &event->half_offset) == -1)
		return -1;
	slice_to_int64(property_find(record->properties, RETRY_DELAY), &event->retry_delay_ms);
	return 0;
}
