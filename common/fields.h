#ifndef COMMON_FIELDS_H
#define COMMON_FIELDS_H

/*
 * Typed headers as data: a table says which ext field goes where in a struct.
 * A missing or malformed field is found in one place for all requests.
 * Tables end with key == NULL. Any thread.
 */

#include <stddef.h>
#include <stdint.h>

#include "common/command.h"

enum field_type {
	FIELD_TEXT,  /* struct slice */
	FIELD_INT32, /* int32_t */
	FIELD_INT64, /* int64_t */
	FIELD_BOOL,  /* bool; "true" in any case, else false */
};

struct field {
	const char *key;
	enum field_type type;
	uint16_t key_len;
	uint16_t offset;
	bool required;
	int32_t absent; /* value of a number or boolean that is not there */
};

/* The key is a literal. */
#define FIELD_ROW(key, type, header, member, required, absent)                                     \
	{ key, type, sizeof(key) - 1, offsetof(struct header, member), required, absent }
#define FIELD_END                                                                                  \
	{ NULL, FIELD_TEXT, 0, 0, false, 0 }

/*
 * Fills *header (all its members that the table names). 0, or -1 and *bad is
 * the key that is missing or does not fit its type.
 */
int fields_decode(
    const struct field *fields, const struct command *command, void *header, const char **bad);
/*
 * The reverse: texts that are present, and numbers and booleans that are
 * required or differ from their `absent`. Values live in the arena. Sets ext and n_ext.
 */
void fields_encode(
    const struct field *fields, const void *header, struct arena *arena, struct command *command);

#endif
