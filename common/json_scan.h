#ifndef COMMON_JSON_SCAN_H
#define COMMON_JSON_SCAN_H

/*
 * The tokens of JSON, taken from a text one by one: for json.c, which makes a
 * tree of them, and for the headers of frames, which are read without one. The dialect
 * is that of json.h. All but _char return 0, or -1 when something else stands
 * there; then the text is not JSON. Any thread.
 */

#include <stdbool.h>

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

/* A string without its quotes and escapes. */
int json_scan_string(struct json_scan *scan, struct slice *text);
/* A string, a number, true, false or null; *text is what it says, unescaped. */
int json_scan_scalar(struct json_scan *scan, enum json_type *type, struct slice *text);
/* Any value, at most `depth` levels deep; *raw is the text that it fills. */
int json_scan_skip(struct json_scan *scan, int depth, struct slice *raw);

#endif
