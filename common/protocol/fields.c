#include "config.h"

#include "common/protocol/fields.h"

#include "common/base/log.h"
#include "common/protocol/name.h"

#define MAX_FIELDS 64 /* rows of a table: one bit each */

static inline enum name_kind
kind_of(enum field_type type)
{
	return (enum name_kind)(type - FIELD_TOPIC);
}

_Static_assert(FIELD_LABEL - FIELD_TOPIC == NAME_LABEL && NAME_LABEL + 1 == N_NAME_KINDS,
    "each kind of name is a type of field, in the same order");

static int
assign(const struct field *field, void *header, struct slice value)
{
	void *at = (char *)header + field->offset;

	switch (field->type) {
	case FIELD_INT32:
		return slice_to_int32(value, at);
	case FIELD_INT64:
		return slice_to_int64(value, at);
	case FIELD_BOOL:
		*(bool *)at = slice_equal_nocase(value, SLICE("true"));
		return 0;
	case FIELD_TEXT:
		*(struct slice *)at = value;
		return 0;
	default:
		*(struct slice *)at = value;
		return name_is_plain(value) || name_fault(kind_of(field->type), value) == NULL ? 0
		                                                                               : -1;
	}
}

static void
assign_absent(const struct field *field, void *header)
{
	void *at = (char *)header + field->offset;

	switch (field->type) {
	case FIELD_INT32:
		*(int32_t *)at = field->absent;
		break;
	case FIELD_INT64:
		*(int64_t *)at = field->absent;
		break;
	case FIELD_BOOL:
		*(bool *)at = field->absent != 0;
		break;
	default:
		*(struct slice *)at = SLICE_NONE;
		break;
	}
}

static inline bool
is_key(const struct field *field, struct slice key)
{
	/* the one letter of a short-named request is all of its key: no call */
	return field->key_len == key.len && key.len != 0 && field->key[0] == key.data[0] &&
	       (key.len == 1 || memcmp(field->key, key.data, key.len) == 0);
}

/* The row of a key, searched for from `from` on and then before it; MAX_FIELDS if it has none. */
static __attribute__((noinline)) size_t
find_row(const struct field *fields, size_t from, struct slice key)
{
	for (size_t i = from; !field_is_end(&fields[i]); i++)
		if (is_key(&fields[i], key))
			return i;
	for (size_t i = 0; i < from; i++)
		if (is_key(&fields[i], key))
			return i;
	return MAX_FIELDS;
}

/* Fields that did not come; a bit is set for each that did. */
static int
assign_others(const struct field *fields, uint64_t seen, void *header, const char **bad)
{
	const struct field *field = fields;

	for (; !field_is_end(field); field++, seen >>= 1) {
		if (seen & 1)
			continue;
		if (field->required) {
			*bad = field->key;
			return -1;
		}
		assign_absent(field, header);
	}
	if (field - fields > MAX_FIELDS)
		fatal("field table too long max=%d", MAX_FIELDS);
	return 0;
}

int
fields_decode(
    const struct field *fields, const struct command *command, void *header, const char **bad)
{
	uint64_t seen = 0;
	size_t next = 0;

	for (size_t i = 0; i < command->n_ext; i++) {
		const struct ext *ext = &command->ext[i];
		/* peers send their fields in much the same order each time, and so do the tables */
		size_t row =
		    is_key(&fields[next], ext->key) ? next : find_row(fields, next, ext->key);

		if (row >= MAX_FIELDS)
			continue;
		if (assign(&fields[row], header, ext->value) == -1) {
			*bad = fields[row].key;
			return -1;
		}
		seen |= UINT64_C(1) << row;
		next = row + 1;
	}
	return assign_others(fields, seen, header, bad);
}

/* The first value of a key that its row refuses decides, as in fields_decode. */
const char *
fields_fault(const struct field *fields, const struct command *command, const char *bad)
{
	const struct field *field = &fields[find_row(fields, 0, slice_of(bad))];
	union {
		struct slice text;
		int64_t number;
	} ignored;
	struct field row = *field;

	row.offset = 0;
	for (size_t i = 0; i < command->n_ext; i++) {
		struct slice value = command->ext[i].value;

		if (!is_key(field, command->ext[i].key) || assign(&row, &ignored, value) == 0)
			continue;
		if (!field_is_text(field))
			return field->type == FIELD_INT32 ? "is no number of 32 bits"
			                                  : "is no number of 64 bits";
		return name_fault(kind_of(field->type), value);
	}
	return "is missing";
}

struct slice
field_text(const struct field *field, const void *header, char text[static ITOA_MAX])
{
	const void *at = (const char *)header + field->offset;
	int64_t number = 0;

	switch (field->type) {
	case FIELD_BOOL:
		if (!field->required && *(const bool *)at == (field->absent != 0))
			return SLICE_NONE;
		return *(const bool *)at ? SLICE("true") : SLICE("false");
	case FIELD_INT32:
		number = *(const int32_t *)at;
		break;
	case FIELD_INT64:
		number = *(const int64_t *)at;
		break;
	default:
		return *(const struct slice *)at;
	}
	if (!field->required && number == field->absent)
		return SLICE_NONE;
	return (struct slice){ text, itoa_put(text, number) };
}

void
fields_encode(
    const struct field *fields, const void *header, struct arena *arena, struct command *command)
{
	size_t n = 0;

	while (!field_is_end(&fields[n]))
		n++;

	struct ext *ext = arena_alloc(arena, n * sizeof *ext);

	command->ext = ext;
	command->n_ext = 0;
	for (size_t i = 0; i < n; i++) {
		char number[ITOA_MAX];
		struct slice value = field_text(&fields[i], header, number);

		if (value.data == NULL)
			continue;
		if (value.data == number)
			value = arena_copy(arena, value);
		ext[command->n_ext++] = (struct ext){ { fields[i].key, fields[i].key_len }, value };
	}
}
