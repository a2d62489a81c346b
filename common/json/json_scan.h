#ifndef COMMON_JSON_SCAN_H
#define COMMON_JSON_SCAN_H

/*
 * The tokens of JSON, taken from a text one by one: for json.c, which makes a
 * tree of them, and for the headers of frames, which are read without one. The dialect
 * is that of json.h. Those that return int return 0, or -1 when something else stands
 * there; then the text is not JSON. What nearly all texts are made of, strings without
 * escapes and no blanks around them, is taken in place. Any thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/simd_scan.h"
#include "common/base/slice.h"
#include "common/json/json.h"

struct json_scan {
	const char *at;
	const char *end;
	struct arena *arena; /* for strings that have escapes; others stay where they are */
};

/* The next character that is no blank, '\0' at the end; it stays there. */
static inline char
json_scan_peek(struct json_scan *scan)
{
	for (; scan->at < scan->end; scan->at++) {
		unsigned char c = (unsigned char)*scan->at;

		if (c > ' ' || (c != ' ' && c != '\n' && c != '\r' && c != '\t'))
			return (char)c;
	}
	return '\0';
}

/* Takes c if it is the next character that is no blank. */
bool json_scan_behind_blanks(struct json_scan *scan, char c);

static inline bool
json_scan_char(struct json_scan *scan, char c)
{
	if (scan->at == scan->end || *scan->at != c)
		return json_scan_behind_blanks(scan, c);
	scan->at++;
	return true;
}

/* The quotes and backslashes of a block. */
static inline uint64_t
json_scan_specials(const char *at)
{
	return simd_find_both(simd_load(at), '"', '\\');
}

/*
 * A string without escapes, as it stands there. False: nothing is taken; it is something else,
 * or so near the end that no block is left to look at.
 */
static inline bool
json_scan_plain(struct json_scan *scan, struct slice *text)
{
	const char *begin = scan->at + 1, *at = begin;
	uint64_t matches;

	if (scan->end - scan->at <= SIMD_BYTES || *scan->at != '"')
		return false;
	while ((matches = json_scan_specials(at)) == 0) {
		at += SIMD_BYTES;
		if (scan->end - at < SIMD_BYTES)
			return false;
	}
	at += simd_first(matches);
	if (*at != '"')
		return false;
	*text = (struct slice){ begin, (size_t)(at - begin) };
	scan->at = at + 1;
	return true;
}

/* Any string; *text is what it says, unescaped. */
int json_scan_string(struct json_scan *scan, struct slice *text);
/* A string, a number, true, false or null; *text is what it says, unescaped. */
int json_scan_scalar(struct json_scan *scan, enum json_type *type, struct slice *text);
/* A number that is written as most are, and ends at a comma or a brace; false: nothing is taken. */
bool json_scan_int32(struct json_scan *scan, int32_t *number);
/* Any value, at most `depth` levels deep; *text of an object or array is all that it fills. */
int json_scan_value(struct json_scan *scan, int depth, enum json_type *type, struct slice *text);
int json_scan_skip(struct json_scan *scan, int depth);

/* The name of a member and its colon. */
static inline int
json_scan_name(struct json_scan *scan, struct slice *name)
{
	if (!json_scan_plain(scan, name) && json_scan_string(scan, name) == -1)
		return -1;
	return json_scan_char(scan, ':') ? 0 : -1;
}

/* A member, name and value. */
static inline int
json_scan_member(
    struct json_scan *scan, int depth, struct slice *name, enum json_type *type, struct slice *text)
{
	if (json_scan_name(scan, name) == -1)
		return -1;
	if (!json_scan_plain(scan, text))
		return json_scan_value(scan, depth, type, text);
	*type = JSON_STRING;
	return 0;
}

#endif
