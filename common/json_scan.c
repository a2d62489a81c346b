#include "config.h"

#include "common/json_scan.h"

#include <stdint.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "common/wire.h"

#define INT32_DIGITS 10

/*
 * Strings are searched a block at a time: 16 bytes with SSE2, which every amd64
 * has, else 8 in a word. find_byte sets a bit for each byte that has a value (in a
 * word, only the lowest is reliable), first_match says which byte that is.
 */
#ifdef __SSE2__
#define BLOCK_BYTES 16

struct block {
	__m128i bytes;
};

static inline uint64_t
find_byte(struct block block, char value)
{
	return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block.bytes, _mm_set1_epi8(value)));
}

static inline size_t
first_match(uint64_t matches)
{
	return (size_t)__builtin_ctzll(matches);
}
#else
#define BLOCK_BYTES 8
#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (unsigned char)(value))

struct block {
	uint64_t bytes;
};

static inline uint64_t
find_byte(struct block block, char value)
{
	uint64_t difference = block.bytes ^ EACH_BYTE(value);

	return (difference - EACH_BYTE(0x01)) & ~difference & EACH_BYTE(0x80);
}

static inline size_t
first_match(uint64_t matches)
{
	return (size_t)__builtin_ctzll(matches) / 8;
}
#endif

static inline struct block
load_block(const char *at)
{
	struct block block;

	memcpy(&block, at, sizeof block);
	return block;
}

static inline uint64_t
find_specials(struct block block)
{
	return find_byte(block, '"') | find_byte(block, '\\');
}

/* The first quote or backslash at or behind `at`; `end` if there is none. */
static inline const char *
find_special(const char *at, const char *end)
{
	for (; (size_t)(end - at) >= BLOCK_BYTES; at += BLOCK_BYTES) {
		uint64_t matches = find_specials(load_block(at));

		if (matches != 0)
			return at + first_match(matches);
	}
	while (at < end && *at != '"' && *at != '\\')
		at++;
	return at;
}

/* The rest of a string, whose first byte is at `at`; its closing quote, NULL if there is none. */
static __attribute__((noinline)) const char *
find_quote(const char *at, const char *end, bool *escaped)
{
	for (;;) {
		at = find_special(at, end);
		if (at == end)
			return NULL;
		if (*at == '"')
			return at;
		*escaped = true;
		if (end - at < 2)
			return NULL;
		at += 2;
	}
}

/* Takes a string with its quotes; *raw is what is between them. Most end within one block. */
static inline int
take_quoted(struct json_scan *scan, struct slice *raw, bool *escaped)
{
	const char *at = scan->at + 1;
	size_t left = (size_t)(scan->end - scan->at);
	uint64_t matches = 0;

	*escaped = false;
	if (left == 0 || *scan->at != '"')
		return -1;
	if (left > BLOCK_BYTES)
		matches = find_specials(load_block(at));
	if (matches != 0 && at[first_match(matches)] == '"')
		at += first_match(matches);
	else
		at = find_quote(at, scan->end, escaped);
	if (at == NULL)
		return -1;
	*raw = (struct slice){ scan->at + 1, (size_t)(at - scan->at - 1) };
	scan->at = at + 1;
	return 0;
}

/* `digits` hexadecimal digits at `at`, or -1. */
static int32_t
hex_number(const char *at, const char *end, int digits)
{
	int32_t number = 0;

	if (end - at < digits)
		return -1;
	for (int i = 0; i < digits; i++) {
		int digit = wire_hex_digit(at[i]);

		if (digit == -1)
			return -1;
		number = number << 4 | digit;
	}
	return number;
}

static char *
put_utf8(char *out, uint32_t point)
{
	if (point < 0x80) {
		*out++ = (char)point;
	} else if (point < 0x800) {
		*out++ = (char)(0xC0 | point >> 6);
		*out++ = (char)(0x80 | (point & 0x3F));
	} else if (point < 0x10000) {
		*out++ = (char)(0xE0 | point >> 12);
		*out++ = (char)(0x80 | (point >> 6 & 0x3F));
		*out++ = (char)(0x80 | (point & 0x3F));
	} else {
		*out++ = (char)(0xF0 | point >> 18);
		*out++ = (char)(0x80 | (point >> 12 & 0x3F));
		*out++ = (char)(0x80 | (point >> 6 & 0x3F));
		*out++ = (char)(0x80 | (point & 0x3F));
	}
	return out;
}

/* \uXXXX; `at` is the first digit. Half a surrogate pair becomes '?', as Java encodes it. */
static const char *
unescape_unicode(const char *at, const char *end, char **out)
{
	int32_t unit;

	/* most are \u0001 and \u0002, between properties */
	if (end - at >= 4 && memcmp(at, "000", 3) == 0 && at[3] >= '0' && at[3] <= '9') {
		*(*out)++ = (char)(at[3] - '0');
		return at + 4;
	}
	unit = hex_number(at, end, 4);
	if (unit == -1)
		return NULL;
	at += 4;
	if (unit < 0xD800 || unit > 0xDFFF) {
		*out = put_utf8(*out, (uint32_t)unit);
		return at;
	}
	if (unit < 0xDC00 && end - at >= 6 && at[0] == '\\' && at[1] == 'u') {
		int32_t low = hex_number(at + 2, end, 4);

		if (low >= 0xDC00 && low <= 0xDFFF) {
			*out = put_utf8(*out,
			    0x10000 + (((uint32_t)unit & 0x3FF) << 10 | ((uint32_t)low & 0x3FF)));
			return at + 6;
		}
	}
	*(*out)++ = '?';
	return at;
}

/* Behind a backslash: the standard's escapes, and fastjson's \v \F \' \x41 and \0 to \7. */
static const char *
unescape_one(const char *at, const char *end, char **out)
{
	static const char from[] = "\"\\/bfnrt'vF01234567";
	static const char to[] = "\"\\/\b\f\n\r\t'\v\f\0\1\2\3\4\5\6\7";
	const char *found;

	if (*at == 'u')
		return unescape_unicode(at + 1, end, out);
	if (*at == 'x') {
		int32_t unit = hex_number(at + 1, end, 2);

		if (unit == -1)
			return NULL;
		*out = put_utf8(*out, (uint32_t)unit);
		return at + 3;
	}
	found = memchr(from, *at, sizeof from - 1);
	if (found == NULL)
		return NULL;
	*(*out)++ = to[found - from];
	return at + 1;
}

/* No escape is shorter than what it stands for, so raw.len bytes hold the result. */
static __attribute__((noinline)) int
unescape(struct arena *arena, struct slice raw, struct slice *text)
{
	const char *at = raw.data;
	const char *end = raw.data + raw.len;
	/* the block that is copied last may reach beyond */
	char *begin = arena_alloc(arena, raw.len + BLOCK_BYTES);
	char *out = begin;

	while (at < end) {
		if ((size_t)(end - at) >= BLOCK_BYTES) {
			struct block block = load_block(at);
			uint64_t matches = find_byte(block, '\\');
			size_t plain = matches != 0 ? first_match(matches) : BLOCK_BYTES;

			memcpy(out, &block, sizeof block);
			at += plain;
			out += plain;
			if (matches == 0)
				continue;
		} else if (*at != '\\') {
			*out++ = *at++;
			continue;
		}
		at = unescape_one(at + 1, end, &out);
		if (at == NULL)
			return -1;
	}
	*text = (struct slice){ begin, (size_t)(out - begin) };
	return 0;
}

static inline int
take_string(struct json_scan *scan, struct slice *text)
{
	bool escaped;

	if (take_quoted(scan, text, &escaped) == -1)
		return -1;
	return escaped ? unescape(scan->arena, *text, text) : 0;
}

static bool
take_digits(struct json_scan *scan)
{
	const char *begin = scan->at;
	const char *at = begin;

	while (at < scan->end && *at >= '0' && *at <= '9')
		at++;
	scan->at = at;
	return at > begin;
}

static bool
take_one(struct json_scan *scan, char a, char b)
{
	if (scan->at == scan->end || (*scan->at != a && *scan->at != b))
		return false;
	scan->at++;
	return true;
}

static int
take_number(struct json_scan *scan)
{
	take_one(scan, '-', '-');
	if (!take_digits(scan))
		return -1;
	if (take_one(scan, '.', '.') && !take_digits(scan))
		return -1;
	if (take_one(scan, 'e', 'E')) {
		take_one(scan, '+', '-');
		if (!take_digits(scan))
			return -1;
	}
	return 0;
}

bool
json_scan_int32(struct json_scan *scan, int32_t *number)
{
	json_scan_peek(scan);

	bool negative = scan->at < scan->end && *scan->at == '-';
	const char *begin = scan->at + negative, *at = begin;
	int64_t sum = 0;

	for (; at < scan->end && at - begin < INT32_DIGITS && *at >= '0' && *at <= '9'; at++)
		sum = sum * 10 + (*at - '0');
	if (negative)
		sum = -sum;
	if (at == begin || at == scan->end || (*at != ',' && *at != '}') || sum < INT32_MIN ||
	    sum > INT32_MAX)
		return false;
	*number = (int32_t)sum;
	scan->at = at;
	return true;
}

static int
take_word(struct json_scan *scan, struct slice word)
{
	if ((size_t)(scan->end - scan->at) < word.len || memcmp(scan->at, word.data, word.len) != 0)
		return -1;
	scan->at += word.len;
	return 0;
}

/* A number, true, false or null; the text is as it was written. */
static int
scan_bare(struct json_scan *scan, enum json_type *type, struct slice *text)
{
	const char *begin = scan->at;
	int status;

	switch (scan->at < scan->end ? *scan->at : '\0') {
	case 't':
		*type = JSON_BOOL;
		status = take_word(scan, SLICE("true"));
		break;
	case 'f':
		*type = JSON_BOOL;
		status = take_word(scan, SLICE("false"));
		break;
	case 'n':
		*type = JSON_NULL;
		status = take_word(scan, SLICE("null"));
		break;
	default:
		*type = JSON_NUMBER;
		status = take_number(scan);
		break;
	}
	*text = (struct slice){ begin, (size_t)(scan->at - begin) };
	return status;
}

static inline int
scan_scalar(struct json_scan *scan, enum json_type *type, struct slice *text)
{
	if (json_scan_peek(scan) == '"') {
		*type = JSON_STRING;
		return take_string(scan, text);
	}
	return scan_bare(scan, type, text);
}

int
json_scan_scalar(struct json_scan *scan, enum json_type *type, struct slice *text)
{
	return scan_scalar(scan, type, text);
}

static int skip_value(struct json_scan *scan, int depth);

/* A key is a string, or as fastjson writes maps, a number or an object. */
static int
skip_member(struct json_scan *scan, int depth)
{
	if (json_scan_peek(scan) == '[' || skip_value(scan, depth) == -1)
		return -1;
	return json_scan_char(scan, ':') ? skip_value(scan, depth) : -1;
}

static int
skip_list(struct json_scan *scan, int depth, char close,
    int (*skip_item)(struct json_scan *scan, int depth))
{
	scan->at++;
	if (depth == 0)
		return -1;
	if (json_scan_char(scan, close))
		return 0;
	do {
		if (skip_item(scan, depth - 1) == -1)
			return -1;
	} while (json_scan_char(scan, ','));
	return json_scan_char(scan, close) ? 0 : -1;
}

static int
skip_value(struct json_scan *scan, int depth)
{
	enum json_type type;
	struct slice text;
	bool escaped;

	switch (json_scan_peek(scan)) {
	case '{':
		return skip_list(scan, depth, '}', skip_member);
	case '[':
		return skip_list(scan, depth, ']', skip_value);
	case '"':
		return take_quoted(scan, &text, &escaped);
	default:
		return scan_bare(scan, &type, &text);
	}
}

static inline int
scan_value(struct json_scan *scan, int depth, enum json_type *type, struct slice *text)
{
	char first = json_scan_peek(scan);
	const char *begin = scan->at;

	if (first != '{' && first != '[')
		return scan_scalar(scan, type, text);
	*type = first == '{' ? JSON_OBJECT : JSON_ARRAY;
	if (skip_value(scan, depth) == -1)
		return -1;
	*text = (struct slice){ begin, (size_t)(scan->at - begin) };
	return 0;
}

static inline int
scan_name(struct json_scan *scan, struct slice *name)
{
	json_scan_peek(scan);
	return take_string(scan, name) == 0 && json_scan_char(scan, ':') ? 0 : -1;
}

int
json_scan_value(struct json_scan *scan, int depth, enum json_type *type, struct slice *text)
{
	return scan_value(scan, depth, type, text);
}

int
json_scan_name(struct json_scan *scan, struct slice *name)
{
	return scan_name(scan, name);
}

int
json_scan_member(
    struct json_scan *scan, int depth, struct slice *name, enum json_type *type, struct slice *text)
{
	return scan_name(scan, name) == 0 ? scan_value(scan, depth, type, text) : -1;
}

int
json_scan_skip(struct json_scan *scan, int depth)
{
	json_scan_peek(scan);
	return skip_value(scan, depth);
}
