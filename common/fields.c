#include "config.h"

#include "common/fields.h"

#include "common/log.h"

#define MAX_FIELDS 63 /* rows of a table: one bit each */

static int
assign(const struct field *field, void *header, struct slice value)
{
	void *at = (char *)header + field->offset;

	switch (field->type) {
	case FIELD_TEXT:
		*(struct slice *)at = value;
		return 0;
	case FIELD_INT32:
		return slice_to_int32(value, at);
	case FIELD_INT64:
		return slice_to_int64(value, at);
	case FIELD_BOOL:
		*(bool *)at = slice_equal_nocase(value, SLICE("true"));
		return 0;
	}
	return -1;
}

static void
assign_absent(const struct field *field, void *header)
{
	void *at = (char *)header + field->offset;

	switch (field->type) {
	case FIELD_TEXT:
		*(struct slice *)at = SLICE_NONE;
		break;
	case FIELD_INT32:
		*(int32_t *)at = field->absent;
		break;
	case FIELD_INT64:
		*(int64_t *)at = field->absent;
		break;
	case FIELD_BOOL:
		*(bool *)at = field->absent != 0;
		break;
	}
}

static bool
is_key(const struct field *field, struct slice key)
{
	/* the one letter of a short-named request is all of its key: no call */
	return field->key_len == key.len && field->key[0] == key.data[0] &&
	       (key.len == 1 || memcmp(field->key, key.data, key.len) == 0);
}

/*
 * The row of a key, or n. The search starts at `from` and wraps around: peers
 * send their fields in much the same order each time, and so do the tables.
 */
static size_t
find_row(const struct field *fields, size_t n, size_t from, struct slice key)
{
	for (size_t i = from; i < n; i++) {
		if (is_key(&fields[i], key))
			return i;
	}
	for (size_t i = 0; i < from; i++) {
		if (is_key(&fields[i], key))
			return i;
	}
	return n;
}

int
fields_decode(
    const struct field *fields, const struct command *command, void *header, const char **bad)
{
	size_t n = 0;
	size_t next = 0;
	uint64_t missing;

	while (fields[n].key != NULL)
		n++;
	if (n > MAX_FIELDS)
		fatal("field table too long n=%zu max=%d", n, MAX_FIELDS);
	missing = (UINT64_C(1) << n) - 1;
	for (size_t i = 0; i < command->n_ext; i++) {
		size_t row = find_row(fields, n, next, command->ext[i].key);

		if (row == n)
			continue;
		if (assign(&fields[row], header, command->ext[i].value) == -1) {
			*bad = fields[row].key;
			return -1;
		}
		missing &= ~(UINT64_C(1) << row);
		next = row + 1;
	}
	for (; missing != 0; missing &= missing - 1) {
		const struct field *field = &fields[__builtin_ctzll(missing)];

		if (field->required) {
			*bad = field->key;
			return -1;
		}
		assign_absent(field, header);
	}
	return 0;
}

static struct slice
number_text(struct arena *arena, int64_t number)
{
	char *text = arena_alloc(arena, DECIMAL_MAX);

	return (struct slice){ text, decimal_put(text, number) };
}

/* The text of a field, absent when it need not be sent. */
static struct slice
value_text(const struct field *field, const void *header, struct arena *arena)
{
	const void *at = (const char *)header + field->offset;
	int64_t number = 0;

	switch (field->type) {
	case FIELD_TEXT:
		return *(const struct slice *)at;
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
	}
	if (!field->required && number == field->absent)
		return SLICE_NONE;
	return number_text(arena, number);
}

void
fields_encode(
    const struct field *fields, const void *header, struct arena *arena, struct command *command)
{
	size_t n = 0;

	while (fields[n].key != NULL)
		n++;

	struct ext *ext = arena_alloc(arena, n * sizeof *ext);

	command->ext = ext;
	command->n_ext = 0;
	for (size_t i = 0; i < n; i++) {
		struct slice value = value_text(&fields[i], header, arena);

		if (value.data == NULL)
			continue;
		ext[command->n_ext++] = (struct ext){ { fields[i].key, fields[i].key_len }, value };
	}
}
