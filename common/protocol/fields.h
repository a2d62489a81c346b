#ifndef COMMON_FIELDS_H
#define COMMON_FIELDS_H

/*
 * Typed headers as data: a table maps ext fields to members of a struct. One
 * function finds missing and malformed fields, and names that break the rules of
 * name.h, for all requests. Tables end with FIELD_END. Any thread.
 */

#include <stddef.h>
#include <stdint.h>

#include "common/base/itoa.h"
#include "common/protocol/command.h"

/* All texts are a struct slice. A text that is a name is refused when it breaks name_fault. */
enum field_type {
	FIELD_INT32, /* int32_t */
	FIELD_INT64, /* int64_t */
	FIELD_BOOL,  /* bool; "true" in any case, else false */
	FIELD_TEXT,  /* any bytes, not a name */
	FIELD_TOPIC,
	FIELD_GROUP,
	FIELD_BROKER,
	FIELD_CLUSTER,
	FIELD_ADDRESS,
	FIELD_CLIENT_ID,
	FIELD_LABEL,
};

#define FIELD_KEY_BYTES 32 /* fits the longest; copied with a constant size, without a call */
#define FIELD_BEGIN_ENDS 4 /* the quotes and the colon around a key, and the quote of its value */
#define FIELD_BEGIN_BYTES (FIELD_KEY_BYTES + FIELD_BEGIN_ENDS)

struct json_scan;

struct field {
	char key[FIELD_KEY_BYTES];
	char begin[FIELD_BEGIN_BYTES]; /* of its member in JSON: "key":" */
	enum field_type type;
	uint16_t key_len;
	uint16_t offset;
	bool required;
	int32_t absent; /* value of a missing number or boolean */
};

static inline bool
field_is_text(const struct field *field)
{
	return field->type >= FIELD_TEXT;
}

static inline bool
field_is_end(const struct field *field)
{
	return field->key_len == 0;
}

/* The key is a literal. */
#define FIELD_ROW(key, type, header, member, required, absent)                                     \
	{                                                                                          \
		key, "\"" key "\":\"", type, sizeof(key) - 1, offsetof(struct header, member),     \
		    required, absent                                                               \
	}
#define FIELD_END                                                                                  \
	{                                                                                          \
		"", "", FIELD_TEXT, 0, 0, false, 0                                                 \
	}

/*
 * Fills all members of *header that the table names. 0, or -1 and *bad is the
 * key that is missing or does not fit its type.
 */
int fields_decode(
    const struct field *fields, const struct command *command, void *header, const char **bad);
/*
 * The same straight from the JSON object at *scan, without a list of ext fields: the object that
 * nearly all peers write, with strings without blanks, and only keys of the table. True: it is
 * consumed. False: *scan is where it was, *header is undefined; the general way says what it is.
 */
bool fields_scan(const struct field *fields, struct json_scan *scan, void *header);
/*
 * The same for the value of one field: of its string the first quote is consumed already. False: it
 * is none that fields_scan would take; *scan and the member of *header are undefined.
 */
bool field_scan(const struct field *field, struct json_scan *scan, void *header);
/* Why fields_decode refused the field of that key, as the end of a sentence: "is missing". */
const char *fields_fault(
    const struct field *fields, const struct command *command, const char *bad);
/* The text of a field on the wire; absent when it is left out. Numbers are written to `number`. */
struct slice field_text(
    const struct field *field, const void *header, char number[static ITOA_MAX]);
/*
 * The reverse of fields_decode: texts that are present, and numbers and booleans that are
 * required or differ from their `absent`. Values live in the arena. Sets ext and n_ext.
 */
void fields_encode(
    const struct field *fields, const void *header, struct arena *arena, struct command *command);

#endif
