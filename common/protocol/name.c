#include "config.h"

#include "common/protocol/name.h"

#include <stdint.h>

#include "common/base/utf8.h"

/*
 * The longest received names. Clients of RocketMQ 4.2 allow groups of 255 bytes, and their retry
 * topics are longer still; such a name must be readable to be refused with a reason.
 */
static const struct name_limit {
	size_t max_bytes;
	const char *fault;
} received[] = {
	[NAME_TOPIC] = { 300, "is longer than 300 bytes" },
	[NAME_GROUP] = { 255, "is longer than 255 bytes" },
	[NAME_BROKER] = { 255, "is longer than 255 bytes" },
	[NAME_CLUSTER] = { 255, "is longer than 255 bytes" },
	[NAME_ADDRESS] = { 255, "is longer than 255 bytes" },
	[NAME_CLIENT_ID] = { 1024, "is longer than 1024 bytes" },
	[NAME_LABEL] = { 1024, "is longer than 1024 bytes" },
};

static const struct name_limit new[] = {
	[NAME_TOPIC] = { NAME_TOPIC_MAX, "is longer than 127 bytes" },
	[NAME_GROUP] = { NAME_GROUP_MAX, "is longer than 120 bytes" },
	[NAME_BROKER] = { 255, "is longer than 255 bytes" },
	[NAME_CLUSTER] = { 255, "is longer than 255 bytes" },
	[NAME_ADDRESS] = { 255, "is longer than 255 bytes" },
	[NAME_CLIENT_ID] = { 1024, "is longer than 1024 bytes" },
	[NAME_LABEL] = { 1024, "is longer than 1024 bytes" },
};

/* U+0000 to U+001F, and U+007F to U+009F. */
static bool
is_control(struct slice character)
{
	unsigned char first = (unsigned char)character.data[0];

	return first < ' ' || first == 0x7F ||
	       (first == 0xC2 && (unsigned char)character.data[1] < 0xA0);
}

static __attribute__((noinline)) const char *
fault_of_text(struct slice text)
{
	while (text.len != 0) {
		size_t len = utf8_character(text);

		if (len == 0)
			return "is not UTF-8";
		if (is_control(text))
			return "has a control character";
		text.data += len;
		text.len -= len;
	}
	return NULL;
}

const char *
name_fault(enum name_kind kind, struct slice name)
{
	if (name_is_plain(name))
		return NULL;
	if (name.len > received[kind].max_bytes)
		return received[kind].fault;
	return fault_of_text(name);
}

/* What names of topics and groups are made of. */
static const bool is_name_character[256] = {
	['a' ... 'z'] = true,
	['A' ... 'Z'] = true,
	['0' ... '9'] = true,
	['%'] = true,
	['|'] = true,
	['_'] = true,
	['-'] = true,
};

static const char *
fault_of_characters(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!is_name_character[(unsigned char)name.data[i]])
			return "has a character other than letters, digits, %, |, - and _";
	return NULL;
}

static bool
is_host_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       memchr(".:-_[]%", c, 7) != NULL;
}

/* Clients cut addresses at commas and colons, so one is HOST:PORT and nothing else. */
static const char *
fault_of_address(struct slice address)
{
	static const char fault[] = "is no HOST:PORT";
	const char *colon = memrchr(address.data, ':', address.len);
	struct slice port;
	int32_t number;

	if (colon == NULL || colon == address.data)
		return fault;
	for (const char *at = address.data; at < colon; at++)
		if (!is_host_character(*at))
			return fault;
	port = (struct slice){ colon + 1, (size_t)(address.data + address.len - colon - 1) };
	if (slice_to_int32(port, &number) == -1 || number <= 0 || number > UINT16_MAX)
		return "is no HOST:PORT: a port is 1 to 65535";
	return NULL;
}

const char *
name_new_fault(enum name_kind kind, struct slice name)
{
	if (name.len == 0)
		return "is empty";
	if (name.len > new[kind].max_bytes)
		return new[kind].fault;
	switch (kind) {
	case NAME_TOPIC:
	case NAME_GROUP:
		return fault_of_characters(name);
	case NAME_ADDRESS:
		return fault_of_address(name);
	default:
		return name_fault(kind, name);
	}
}

int
name_member(const struct json *object, const char *member, enum name_kind kind, struct slice *name)
{
	*name = json_member_text(object, member);
	return name_fault(kind, *name) == NULL ? 0 : -1;
}

bool
names_are_sound(enum name_kind kind, const struct slice *names, size_t n_names)
{
	for (size_t i = 0; i < n_names; i++)
		if (name_fault(kind, names[i]) != NULL)
			return false;
	return true;
}
