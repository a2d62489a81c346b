#include "config.h"

#include "common/record.h"

#include <stddef.h>
#include <string.h>

#define NAME_END '\1'
#define PAIR_END '\2'

bool
property_next(struct slice *rest, struct slice *name, struct slice *value)
{
	while (rest->len != 0) {
		const char *end = memchr(rest->data, PAIR_END, rest->len);
		struct slice pair = { rest->data,
			end != NULL ? (size_t)(end - rest->data) : rest->len };
		size_t taken = pair.len + (end != NULL ? 1 : 0);
		const char *middle = pair.len != 0 ? memchr(pair.data, NAME_END, pair.len) : NULL;

		rest->data += taken;
		rest->len -= taken;
		if (middle == NULL || middle == pair.data || middle + 1 == pair.data + pair.len)
			continue;
		*name = (struct slice){ pair.data, (size_t)(middle - pair.data) };
		*value = (struct slice){ middle + 1, pair.len - name->len - 1 };
		return true;
	}
	return false;
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

void
properties_read(struct slice properties, struct known_properties *known)
{
	static const struct {
		struct slice name;
		size_t offset;
	} wanted[] = {
		{ { "TAGS", 4 }, offsetof(struct known_properties, tags) },
		{ { "KEYS", 4 }, offsetof(struct known_properties, keys) },
		{ { "UNIQ_KEY", 8 }, offsetof(struct known_properties, unique_key) },
		{ { "DELAY", 5 }, offsetof(struct known_properties, delay) },
		{ { "TRAN_MSG", 8 }, offsetof(struct known_properties, transaction) },
		{ { "PGROUP", 6 }, offsetof(struct known_properties, producer_group) },
		{ { "REAL_TOPIC", 10 }, offsetof(struct known_properties, real_topic) },
		{ { "REAL_QID", 8 }, offsetof(struct known_properties, real_queue) },
		{ { "CHECK_IMMUNITY_TIME_IN_SECONDS", 30 },
		    offsetof(struct known_properties, immunity) },
	};
	struct slice name, value;

	*known = (struct known_properties){ 0 };
	while (property_next(&properties, &name, &value))
		for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
			if (name.len == wanted[i].name.len &&
			    name.data[0] == wanted[i].name.data[0] &&
			    memcmp(name.data, wanted[i].name.data, name.len) == 0)
				*(struct slice *)((char *)known + wanted[i].offset) = value;
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

static bool
is_name_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("%|_-", c) != NULL);
}

bool
name_is_valid(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (!is_name_character(name.data[i]))
			return false;
	}
	return name.len != 0 && name.len <= RECORD_TOPIC_MAX;
}
