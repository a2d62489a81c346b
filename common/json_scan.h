#ifndef COMMON_JSON_SCAN_H
#define COMMON_JSON_SCAN_H

/*
 * The tokens of JSON, taken from a text one by one: for json.c, which makes a
 * tree of them, and for the headers of frames, which are read without one. The dialect
 * is that of json.h. All but _char and _int32 return 0, or -1 when something else stands
 * there; then the text is not JSON. Any thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/json.h"
#include "common/slice.h"

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
		char c = *scan->at;

		if (c > ' ' || (c != ' ' && c != '\n' && c != '\r' && c != '\t'))
			return c;
	}
	return '\0';
}

/* Takes c if it is the next character that is no blank. */
static inline bool
json_scan_char(struct json_scan *scan, char c)
{
	if (json_scan_peek(scan) != c || scan->at == scan->end)
		return false;
	scan->at++;
	return true;
}

/* A string, a number, true, false or null; *text is what it says, unescaped. */
int json_scan_scalar(struct json_scan *scan, enum json_type *type, struct slice *text);
/* A number that is written as most are, and ends at a comma or a brace; false: nothing is taken. */
bool json_scan_int32(struct json_scan *scan, int32_t *number);
/* Any value, at most `depth` levels deep; *text of an object or array is all that it fills. */
int json_scan_value(struct json_scan *scan, int depth, enum json_type *type, struct slice *text);
int json_scan_skip(struct json_scan *scan, int depth);
/* The name of a member and its colon; the member, name and value. */
int json_scan_name(struct json_scan *scan, struct slice *name);
int json_scan_member(struct json_scan *scan, int depth, struct slice *name, enum json_type *type,
    struct slice *text);

#endif
