#ifndef COMMON_JSON_H
#define COMMON_JSON_H

/*
 * JSON as RocketMQ's peers write it. Reading takes strict JSON and what
 * fastjson adds: bare number keys ({0:"a"}), object keys ({{"topic":"T"}:1}),
 * raw control characters in strings, numbers and booleans where text is
 * wanted. Writing is compact, without blanks, members in the order in which
 * they are written; a caller that wants the Java order writes names sorted.
 *
 * Values live in the arena they were parsed into and point into the text.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/slice.h"

#define JSON_DEPTH_MAX 64

enum json_type {
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

struct json {
	enum json_type type;
	bool boolean;
	struct slice text;  /* of a string without escapes, of all others as it was written */
	struct json *first; /* first element or member, NULL when there is none */
	struct json *next;  /* next element or member of the same parent */
	struct slice name;  /* members: the key; absent for an object key */
	struct json *key;   /* members: the key when it is an object */
	size_t n_children;
};

/*
 * The value that fills the whole text, or NULL when it is none (nothing else
 * is said: mistakes of peers are answered, not explained).
 */
const struct json *json_parse(struct arena *arena, struct slice text);

/* All accept NULL and a wrong type, and then answer "absent". */
const struct json *json_member(const struct json *object, const char *name);
/* Strings, and numbers and booleans as they were written. */
struct slice json_text(const struct json *value);
/* Numbers, and strings that hold one; 0, or -1 and *number as it was. */
int json_int64(const struct json *value, int64_t *number);
bool json_is_true(const struct json *value);
/* The two most used, by name; `absent` when there is no such member or it does not fit. */
struct slice json_member_text(const struct json *object, const char *name);
int64_t json_member_int64(const struct json *object, const char *name, int64_t absent);
bool json_member_bool(const struct json *object, const char *name, bool absent);

/* Writing: a buffer and whether a comma is due. Calls nest as the text does. */
struct json_out {
	struct buf *buf;
	bool comma;
};

void json_out_init(struct json_out *out, struct buf *buf);
void json_open_object(struct json_out *out);
void json_close_object(struct json_out *out);
void json_open_array(struct json_out *out);
void json_close_array(struct json_out *out);
/* The key of the member whose value is written next. */
void json_key(struct json_out *out, const char *name);
void json_key_slice(struct json_out *out, struct slice name);
/* fastjson's bare number key, {0:..}. */
void json_key_number(struct json_out *out, int64_t number);
/* fastjson's object key: between the two calls the key object is written. */
void json_open_object_key(struct json_out *out);
void json_close_object_key(struct json_out *out);
void json_put_slice(struct json_out *out, struct slice text); /* absent: null */
void json_put_text(struct json_out *out, const char *text);
void json_put_int(struct json_out *out, int64_t number);
void json_put_double(struct json_out *out, double number); /* as Java: 0.0, 1.5 */
void json_put_bool(struct json_out *out, bool boolean);
void json_put_null(struct json_out *out);
/* Text that is JSON already. */
void json_put_raw(struct json_out *out, struct slice json);
/* name + value in one call, for the common case. */
void json_member_put_slice(struct json_out *out, const char *name, struct slice text);
void json_member_put_text(struct json_out *out, const char *name, const char *text);
void json_member_put_int(struct json_out *out, const char *name, int64_t number);
void json_member_put_bool(struct json_out *out, const char *name, bool boolean);

/* Quotes and escapes as fastjson does (", \, and what is below 0x20), appended to buf. */
void json_quote(struct buf *buf, struct slice text);
/* The same without quotes at a place that has json_escaped_max bytes; the first byte behind it. */
char *json_put_escaped(char *at, struct slice text);

static inline size_t
json_escaped_max(struct slice text)
{
	return 6 * text.len; /* each byte could be a \u00XX */
}

#endif
