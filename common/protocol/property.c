#include "config.h"

#include "common/protocol/record.h"

#include <stddef.h>
#include <string.h>

#include "common/base/simd_scan.h"

#define NAME_END '\1'
#define PAIR_END '\2'

bool
property_next(struct slice *rest, struct slice *name, struct slice *value)
{
	if (rest->len == 0)
		return false; /* maybe no text at all */
	const char *at = rest->data, *end = at + rest->len;

	while (at != end) {
		const char *pair = at;
		const char *stop = memchr(pair, PAIR_END, (size_t)(end - pair));

		at = stop != NULL ? stop + 1 : end;
		if (stop == NULL)
			stop = end;
		const char *middle = memchr(pair, NAME_END, (size_t)(stop - pair));

		if (middle == NULL || middle == pair || middle + 1 == stop)
			continue;
		*rest = (struct slice){ at, (size_t)(end - at) };
		*name = (struct slice){ pair, (size_t)(middle - pair) };
		*value = (struct slice){ middle + 1, (size_t)(stop - middle - 1) };
		return true;
	}
	return false;
}

struct slice
property_first(struct slice properties, const char *name)
{
	struct slice wanted = slice_of(name), key, value;

	while (property_next(&properties, &key, &value))
		if (slice_equal(key, wanted))
			return value;
	return SLICE_NONE;
}

struct slice
property_find(struct slice properties, const char *name)
{
	struct slice wanted = slice_of(name);
	struct slice found = SLICE_NONE;
	struct slice key;
	struct slice value;

	while (property_next(&properties, &key, &value)) {
		if (slice_equal(key, wanted))
			found = value;
	}
	return found;
}

#define N_SLOTS 64
#define SLOT(first, len) (((unsigned)(first) + 3 * (unsigned)(len)) % N_SLOTS)
#define MEMBER(name) offsetof(struct known_properties, name)

/* Each, of 4 bytes or more, in a slot of its own, or the compiler says that one is set twice. */
static const struct {
	struct slice name;
	size_t member;
} known_names[N_SLOTS] = {
	[SLOT('T', 4)] = { { "TAGS", 4 }, MEMBER(tags) },
	[SLOT('K', 4)] = { { "KEYS", 4 }, MEMBER(keys) },
	[SLOT('U', 8)] = { { "UNIQ_KEY", 8 }, MEMBER(unique_key) },
	[SLOT('D', 5)] = { { "DELAY", 5 }, MEMBER(delay) },
	[SLOT('T', 8)] = { { "TRAN_MSG", 8 }, MEMBER(transaction) },
	[SLOT('P', 6)] = { { "PGROUP", 6 }, MEMBER(producer_group) },
	[SLOT('R', 10)] = { { "REAL_TOPIC", 10 }, MEMBER(real_topic) },
	[SLOT('R', 8)] = { { "REAL_QID", 8 }, MEMBER(real_queue) },
	[SLOT('T', 15)] = { { "TIMER_DELAY_SEC", 15 }, MEMBER(timer_delay_sec) },
	[SLOT('T', 14)] = { { "TIMER_DELAY_MS", 14 }, MEMBER(timer_delay_ms) },
	[SLOT('T', 16)] = { { "TIMER_DELIVER_MS", 16 }, MEMBER(timer_deliver_ms) },
	[SLOT('_', 18)] = { { "__STARTDELIVERTIME", 18 }, MEMBER(start_deliver_time) },
	[SLOT('T', 12)] = { { "TIMER_OUT_MS", 12 }, MEMBER(timer_out_ms) },
	[SLOT('T', 17)] = { { "TIMER_DEL_UNIQKEY", 17 }, MEMBER(timer_delete) },
	[SLOT('D', 9)] = { { "DELAY_DUE", 9 }, MEMBER(due) },
	[SLOT('C', 7)] = { { "CLUSTER", 7 }, MEMBER(cluster) },
	[SLOT('C', 30)] = { { "CHECK_IMMUNITY_TIME_IN_SECONDS", 30 }, MEMBER(immunity) },
};

static inline void
note_pair(struct known_properties *known, const char *pair, const char *middle, const char *stop)
{
	if (middle == NULL || middle == pair || middle + 1 == stop)
		return;
	size_t len = (size_t)(middle - pair);
	size_t slot = SLOT((unsigned char)*pair, len);

	if (len != known_names[slot].name.len || !simd_same(pair, known_names[slot].name.data, len))
		return;
	struct slice *found = (struct slice *)((char *)known + known_names[slot].member);

	known->repeated |= found->data != NULL;
	*found = (struct slice){ middle + 1, (size_t)(stop - middle - 1) };
}

static inline uint64_t
find_separators(const char *begin, const char *block, const char *end)
{
	size_t left = (size_t)(end - block);

	return left >= SIMD_BYTES ? simd_find_both(simd_load(block), NAME_END, PAIR_END)
	                          : simd_find_both_last(begin, block, left, NAME_END, PAIR_END);
}

/* The pairs that property_next finds, a block of text at a time. */
void
properties_read(struct slice properties, struct known_properties *known)
{
	const char *begin = properties.data, *pair = begin, *middle = NULL;

	*known = (struct known_properties){ 0 };
	if (properties.len == 0)
		return; /* data may be NULL */
	const char *end = begin + properties.len;

	for (const char *block = begin; end - block > 0; block += SIMD_BYTES) {
		uint64_t matches = find_separators(begin, block, end);

		for (; matches != 0; matches &= matches - 1) {
			const char *at = block + simd_first(matches);

			if (*at == PAIR_END) {
				note_pair(known, pair, middle, at);
				pair = at + 1;
				middle = NULL;
			} else if (middle == NULL) {
				middle = at;
			}
		}
	}
	note_pair(known, pair, middle, end);
}

/* Java before 4.9.1 and since 5.1.1 ends the text with a separator, those between do not. */
static void
end_pair(struct buf *buf)
{
	if (buf->len != 0 && buf->data[buf->len - 1] != PAIR_END)
		buf_append_char(buf, PAIR_END);
}

void
property_append(struct buf *buf, struct slice name, struct slice value)
{
	end_pair(buf);
	buf_append_slice(buf, name);
	buf_append_char(buf, NAME_END);
	buf_append_slice(buf, value);
	buf_append_char(buf, PAIR_END);
}

static bool
is_named(struct slice name, const char *const *names)
{
	for (; *names != NULL; names++) {
		if (name.data[0] == **names && slice_is(name, *names))
			return true;
	}
	return false;
}

void
property_copy_without(struct buf *buf, struct slice properties, const char *const *names)
{
	struct slice name;
	struct slice value;

	buf_reserve(buf, properties.len + 2); /* is enough for all */
	while (property_next(&properties, &name, &value)) {
		if (is_named(name, names))
			continue;
		/* the pair stands there as it has to be */
		end_pair(buf);
		buf_append(buf, name.data, name.len + 1 + value.len);
		buf_append_char(buf, PAIR_END);
	}
}

static const struct droppable {
	unsigned bit;
	struct slice name;
	size_t member;
} droppables[] = {
	{ PROPERTY_DELAY, { "DELAY", 5 }, MEMBER(delay) },
	{ PROPERTY_TRANSACTION, { "TRAN_MSG", 8 }, MEMBER(transaction) },
	{ PROPERTY_REAL_TOPIC, { "REAL_TOPIC", 10 }, MEMBER(real_topic) },
	{ PROPERTY_REAL_QUEUE, { "REAL_QID", 8 }, MEMBER(real_queue) },
	{ PROPERTY_DUE, { "DELAY_DUE", 9 }, MEMBER(due) },
};
#define N_DROPPABLES (sizeof droppables / sizeof *droppables)

/* Those that stand there more than once go with all their pairs, which only a walk finds. */
static struct slice
drop_repeated(struct slice properties, unsigned dropped, struct arena *arena)
{
	const char *names[N_DROPPABLES + 1];
	struct buf text = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < N_DROPPABLES; i++)
		if (droppables[i].bit & dropped)
			names[n++] = droppables[i].name.data;
	names[n] = NULL;
	property_copy_without(&text, properties, names);
	properties = arena_copy(arena, buf_slice(&text));
	buf_release(&text);
	return properties;
}

/* The pairs that are to go, without their ends, in the order in which they stand. */
static size_t
find_dropped(const struct known_properties *known, unsigned dropped, struct slice pairs[])
{
	size_t n = 0;

	for (size_t i = 0; i < N_DROPPABLES; i++) {
		const struct droppable *it = &droppables[i];
		struct slice value = *(const struct slice *)((const char *)known + it->member);
		size_t at = n;

		if ((it->bit & dropped) == 0 || value.data == NULL)
			continue;
		for (; at > 0 && pairs[at - 1].data > value.data; at--)
			pairs[at] = pairs[at - 1];
		pairs[at] =
		    (struct slice){ value.data - 1 - it->name.len, it->name.len + 1 + value.len };
		n++;
	}
	return n;
}

struct slice
properties_drop(struct slice properties, const struct known_properties *known, unsigned dropped,
    struct arena *arena)
{
	struct slice pairs[N_DROPPABLES];
	size_t n = find_dropped(known, dropped, pairs);

	if (n == 0)
		return properties;
	if (known->repeated)
		return drop_repeated(properties, dropped, arena);
	const char *from = properties.data, *end = from + properties.len;
	char *text = arena_alloc(arena, properties.len), *to = text;

	for (size_t i = 0; i < n; i++) {
		to = mempcpy(to, from, (size_t)(pairs[i].data - from));
		from = pairs[i].data + pairs[i].len;
		if (from < end)
			from++;
	}
	to = mempcpy(to, from, (size_t)(end - from));
	return (struct slice){ text, (size_t)(to - text) };
}

/* Takes a character of UTF-8 off *text, which is not empty; a broken byte is U+FFFD, as in Java. */
static uint32_t
take_character(struct slice *text)
{
	const unsigned char *at = (const unsigned char *)text->data;
	size_t len = at[0] < 0x80 ? 1 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;
	bool broken = (at[0] >= 0x80 && at[0] < 0xC2) || at[0] > 0xF4 || len > text->len;
	uint32_t point = len == 1 ? at[0] : at[0] & (0x7Fu >> len);

	for (size_t i = 1; i < len && !broken; i++) {
		broken = (at[i] & 0xC0) != 0x80;
		point = point << 6 | (at[i] & 0x3F);
	}
	if (broken) {
		point = 0xFFFD;
		len = 1;
	}
	text->data += len;
	text->len -= len;
	return point;
}

int64_t
tag_hash(struct slice tag)
{
	uint32_t hash = 0; /* over UTF-16 units, as Java has them */

	while (tag.len != 0) {
		uint32_t point = take_character(&tag);

		if (point >= 0x10000) {
			point -= 0x10000;
			hash = hash * 31 + (0xD800 | point >> 10);
			point = 0xDC00 | (point & 0x3FF);
		}
		hash = hash * 31 + point;
	}
	return (int32_t)hash;
}

bool
tags_next(struct slice *rest, struct slice *tag)
{
	while (rest->len != 0) {
		const char *end = memmem(rest->data, rest->len, "||", 2);
		size_t len = end != NULL ? (size_t)(end - rest->data) : rest->len;

		*tag = slice_trim((struct slice){ rest->data, len });
		if (end != NULL)
			len += 2;
		rest->data += len;
		rest->len -= len;
		if (tag->len != 0)
			return true;
	}
	return false;
}
