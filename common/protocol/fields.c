#include "config.h"

#include "common/protocol/fields.h"

#include "common/base/log.h"
#include "common/json/json_scan.h"
#include "common/protocol/name.h"

#define MAX_FIELDS 64       /* rows of a table with its end: one bit each */
#define INT32_DIGITS_SURE 9 /* that many always fit */

static inline enum name_kind
kind_of(enum field_type type)
{
	return (enum name_kind)(type - FIELD_TOPIC);
}

_Static_assert(FIELD_LABEL - FIELD_TOPIC == NAME_LABEL && NAME_LABEL + 1 == N_NAME_KINDS,
    "each kind of name is a type of field, in the same order");

/* Whether a text that is a name is one. */
static inline bool
is_sound(const struct field *field, struct slice name)
{
	return name_is_plain(name) || name_fault(kind_of(field->type), name) == NULL;
}

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
		return is_sound(field, value) ? 0 : -1;
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
	for (uint64_t absent = ~seen; absent != 0; absent &= absent - 1) {
		const struct field *field = &fields[__builtin_ctzll(absent)];

		if (field_is_end(field))
			return 0;
		if (field->required) {
			*bad = field->key;
			return -1;
		}
		assign_absent(field, header);
	}
	fatal("field table too long max=%d", MAX_FIELDS);
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

/* ---- straight from JSON ---- */

static inline bool
takes_begin(struct json_scan *scan, const struct field *field)
{
	size_t len = field->key_len + (size_t)FIELD_BEGIN_ENDS;

	if (len >= (size_t)(scan->end - scan->at) || !simd_same(scan->at, field->begin, len))
		return false;
	scan->at += len;
	return true;
}

/* The row of the member that stands there, searched for from `from` on; MAX_FIELDS: it has none. */
static inline size_t
take_begin(const struct field *fields, size_t from, struct json_scan *scan)
{
	for (size_t i = from; !field_is_end(&fields[i]); i++)
		if (takes_begin(scan, &fields[i]))
			return i;
	for (size_t i = 0; i < from; i++)
		if (takes_begin(scan, &fields[i]))
			return i;
	return MAX_FIELDS;
}

/* A number between quotes, of which the first is consumed. */
static inline bool
scan_number(struct json_scan *scan, size_t most_digits, int64_t *number)
{
	if (scan->end - scan->at >= 2 && scan->at[1] == '"' && scan->at[0] >= '0' &&
	    scan->at[0] <= '9') {
		*number = scan->at[0] - '0';
		scan->at += 2;
		return true;
	}
	bool negative = scan->at < scan->end && *scan->at == '-';
	const char *begin = scan->at + negative;
	uint64_t digits;
	size_t n = itoa_take(begin, (size_t)(scan->end - begin), &digits);

	if (n == 0 || n > most_digits || begin + n == scan->end || begin[n] != '"' ||
	    digits > INT64_MAX)
		return false;
	*number = negative ? -(int64_t)digits : (int64_t)digits;
	scan->at = begin + n + 1;
	return true;
}

static inline bool
takes_text(struct json_scan *scan, struct slice text)
{
	if ((size_t)(scan->end - scan->at) < text.len || memcmp(scan->at, text.data, text.len) != 0)
		return false;
	scan->at += text.len;
	return true;
}

static inline bool
scan_bool(struct json_scan *scan, bool *yes)
{
	*yes = takes_text(scan, SLICE("true\""));
	return *yes || takes_text(scan, SLICE("false\""));
}

static inline bool
scan_text(struct json_scan *scan, struct slice *text)
{
	scan->at--; /* the quote */
	return json_scan_plain(scan, text) || json_scan_string(scan, text) == 0;
}

static inline bool
scan_value(struct json_scan *scan, const struct field *field, void *header)
{
	void *at = (char *)header + field->offset;
	int64_t number;

	switch (field->type) {
	case FIELD_INT32:
		if (!scan_number(scan, INT32_DIGITS_SURE, &number))
			return false;
		*(int32_t *)at = (int32_t)number;
		return true;
	case FIELD_INT64:
		return scan_number(scan, ITOA_DIGITS_MAX, at);
	case FIELD_BOOL:
		return scan_bool(scan, at);
	case FIELD_TEXT:
		return scan_text(scan, at);
	default:
		return scan_text(scan, at) && is_sound(field, *(const struct slice *)at);
	}
}

bool
field_scan(const struct field *field, struct json_scan *scan, void *header)
{
	return scan_value(scan, field, header);
}

bool
fields_scan(const struct field *fields, struct json_scan *scan, void *header)
{
	struct json_scan at = *scan;
	uint64_t seen = 0;
	size_t row = 0, n = 0;
	const char *bad;

	if (at.at == at.end || *at.at != '{')
		return false;
	do {
		if (n++ == COMMAND_EXT_MAX)
			return false;
		at.at++;
		row = take_begin(fields, row, &at);
		if (row >= MAX_FIELDS || !scan_value(&at, &fields[row], header))
			return false;
		seen |= UINT64_C(1) << row++;
	} while (at.at < at.end && *at.at == ',');
	if (at.at == at.end || *at.at != '}' || assign_others(fields, seen, header, &bad) == -1)
		return false;
	scan->at = at.at + 1;
	return true;
}

/* ---- what is wrong ---- */

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
