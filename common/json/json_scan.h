#ifndef COMMON_JSON_SCAN_H
#define COMMON_JSON_SCAN_H

/*
 * A tokenizer for JSON in the dialect of json.h. json.c builds a tree with it; frame headers are
 * read without a tree. Functions that return int return 0, or -1 when the text is not JSON at this
 * place. Strings without escapes are not copied: their slices point into the text. Any thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/itoa.h"
#include "common/base/simd_scan.h"
#include "common/base/slice.h"
#include "common/json/json.h"

#define JSON_INT32_DIGITS 10

struct json_scan {
	const char *at;
	const char *end;
	struct arena *arena; /* for strings that have escapes; others stay where they are */
};

/* Peeks at the next character that is no blank; '\0' at the end. */
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

/* Consumes c if it is the next character that is no blank. */
bool json_scan_behind_blanks(struct json_scan *scan, char c);

static inline bool
json_scan_char(struct json_scan *scan, char c)
{
	if (scan->at == scan->end)
		return false;
	if (*scan->at != c)
		return (unsigned char)*scan->at <= ' ' && json_scan_behind_blanks(scan, c);
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
 * Consumes a string without escapes. False: nothing is consumed, because it is no such string or
 * stands in the last block of the text; json_scan_string reads those.
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

/* Consumes a string; *text is its unescaped content. */
int json_scan_string(struct json_scan *scan, struct slice *text);
/* Consumes a string, number, true, false or null; *text is its unescaped content. */
int json_scan_scalar(struct json_scan *scan, enum json_type *type, struct slice *text);
/*
 * Consumes an integer that begins there, without blanks, and ends at a comma or brace. False:
 * nothing is consumed.
 */
static inline bool
json_scan_int32(struct json_scan *scan, int32_t *number)
{
	bool negative = scan->at != scan->end && *scan->at == '-';
	const char *begin = scan->at + negative;
	uint64_t digits;
	size_t n = itoa_take(begin, (size_t)(scan->end - begin), &digits);

	if (n == 0 || n > JSON_INT32_DIGITS || begin + n == scan->end ||
	    (begin[n] != ',' && begin[n] != '}') || digits > (uint64_t)INT32_MAX + negative)
		return false;
	*number = (int32_t)(negative ? -digits : digits);
	scan->at = begin + n;
	return true;
}

/* Consumes any value of at most `depth` levels; *text of an object or array is its source text. */
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
