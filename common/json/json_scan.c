#include "config.h"

#include "common/json/json_scan.h"

#include "common/base/wire.h"

#define UNIT_BYTES 6 /* of \u0001 */

/* Whether an odd number of backslashes stands before `at`. */
static bool
is_escaped(const char *begin, const char *at)
{
	const char *first = at;

	while (first > begin && first[-1] == '\\')
		first--;
	return (at - first) % 2 != 0;
}

/* The first quote at or behind `at`; NULL if there is none. */
static inline const char *
find_quote(const char *at, const char *end)
{
	for (; end - at >= SIMD_BYTES; at += SIMD_BYTES) {
		uint64_t matches = simd_find(simd_load(at), '"');

		if (matches != 0)
			return at + simd_first(matches);
	}
	while (at < end && *at != '"')
		at++;
	return at < end ? at : NULL;
}

/* The quote that ends a string; what is before `from` has none. NULL if there is none. */
static inline const char *
find_end(const char *begin, const char *from, const char *end)
{
	const char *quote = find_quote(from, end);

	while (quote != NULL && is_escaped(begin, quote))
		quote = find_quote(quote + 1, end);
	return quote;
}

/* Takes a string with its quotes; *raw is what is between them. */
static int
take_quoted(struct json_scan *scan, struct slice *raw)
{
	const char *begin = scan->at + 1, *quote;

	if (scan->at == scan->end || *scan->at != '"')
		return -1;
	quote = find_end(begin, begin, scan->end);
	if (quote == NULL)
		return -1;
	*raw = (struct slice){ begin, (size_t)(quote - begin) };
	scan->at = quote + 1;
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

/* \u0000 to \u0009: nearly all escapes are \u0001 and \u0002, between properties. */
static inline bool
is_low_unit(const char *at)
{
	return memcmp(at, "\\u000", UNIT_BYTES - 1) == 0 && at[UNIT_BYTES - 1] >= '0' &&
	       at[UNIT_BYTES - 1] <= '9';
}

/* No escape is shorter than what it stands for, so raw.len bytes hold the result. */
static __attribute__((noinline)) int
unescape(struct arena *arena, struct slice raw, struct slice *text)
{
	const char *at = raw.data;
	const char *end = raw.data + raw.len;
	/* the block that is copied last may reach beyond */
	char *begin = arena_try_alloc(arena, raw.len + SIMD_BYTES);
	char *out = begin;

	if (begin == NULL)
		return -1;
	while (at < end) {
		if ((size_t)(end - at) >= SIMD_BYTES) {
			struct simd_block block = simd_load(at);
			uint64_t matches = simd_find(block, '\\');
			size_t plain = matches != 0 ? simd_first(matches) : SIMD_BYTES;

			simd_store(out, block);
			at += plain;
			out += plain;
			if (matches == 0)
				continue;
		} else if (*at != '\\') {
			*out++ = *at++;
			continue;
		}
		if (end - at >= UNIT_BYTES && is_low_unit(at)) {
			*out++ = (char)(at[UNIT_BYTES - 1] - '0');
			at += UNIT_BYTES;
			continue;
		}
		at = unescape_one(at + 1, end, &out);
		if (at == NULL)
			return -1;
	}
	*text = (struct slice){ begin, (size_t)(out - begin) };
	return 0;
}

/* The first quote or backslash at or behind `at`; `end` if there is none. */
static inline const char *
find_special(const char *at, const char *end)
{
	for (; end - at >= SIMD_BYTES; at += SIMD_BYTES) {
		uint64_t matches = json_scan_specials(at);

		if (matches != 0)
			return at + simd_first(matches);
	}
	while (at < end && *at != '"' && *at != '\\')
		at++;
	return at;
}

static int
take_string(struct json_scan *scan, struct slice *text)
{
	const char *begin = scan->at + 1, *special, *quote;

	if (scan->at == scan->end || *scan->at != '"')
		return -1;
	special = find_special(begin, scan->end);
	quote = find_end(begin, special, scan->end);
	if (quote == NULL)
		return -1;
	*text = (struct slice){ begin, (size_t)(quote - begin) };
	scan->at = quote + 1;
	return quote == special ? 0 : unescape(scan->arena, *text, text);
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

int
json_scan_scalar(struct json_scan *scan, enum json_type *type, struct slice *text)
{
	if (json_scan_peek(scan) != '"')
		return scan_bare(scan, type, text);
	*type = JSON_STRING;
	return json_scan_plain(scan, text) ? 0 : take_string(scan, text);
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

	switch (json_scan_peek(scan)) {
	case '{':
		return skip_list(scan, depth, '}', skip_member);
	case '[':
		return skip_list(scan, depth, ']', skip_value);
	case '"':
		return take_quoted(scan, &text);
	default:
		return scan_bare(scan, &type, &text);
	}
}

int
json_scan_value(struct json_scan *scan, int depth, enum json_type *type, struct slice *text)
{
	char first = json_scan_peek(scan);
	const char *begin = scan->at;

	if (first == '"') {
		*type = JSON_STRING;
		return take_string(scan, text);
	}
	if (first != '{' && first != '[')
		return scan_bare(scan, type, text);
	*type = first == '{' ? JSON_OBJECT : JSON_ARRAY;
	if (skip_value(scan, depth) == -1)
		return -1;
	*text = (struct slice){ begin, (size_t)(scan->at - begin) };
	return 0;
}

bool
json_scan_behind_blanks(struct json_scan *scan, char c)
{
	if (json_scan_peek(scan) != c || scan->at == scan->end)
		return false;
	scan->at++;
	return true;
}

int
json_scan_string(struct json_scan *scan, struct slice *text)
{
	json_scan_peek(scan);
	return take_string(scan, text);
}

int
json_scan_skip(struct json_scan *scan, int depth)
{
	json_scan_peek(scan);
	return skip_value(scan, depth);
}
