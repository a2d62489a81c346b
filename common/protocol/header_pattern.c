#include "config.h"

#include "common/protocol/header_pattern.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/base/simd_scan.h"
#include "common/json/json_scan.h"
#include "common/protocol/fields.h"

#define TEXT_MAX 2048   /* bytes; a longer header is not learned */
#define HEADER_MAX 512  /* of a typed header */
#define VALUES_MAX 64   /* fields of a table, and the opaque */
#define LEARN_EACH 13   /* misses; queues that take turns come round in another rhythm */
#define ROW_OPAQUE 0xFF /* instead of a row of the table */
#define ROW_END 0xFE    /* the header ends */

/* A value in a header: of a field, between its quotes, or the opaque. */
struct pattern_value {
	uint16_t at, len; /* in the text */
	uint8_t row;
	bool varies;
};

/* What is the same in each header, and the row of the value that follows it and varies. */
struct pattern_piece {
	uint16_t at, len; /* in the text */
	uint8_t row;
	uint8_t n_slices; /* of the header, that point into it */
};

/* A text that does not vary: where the slice stands in the header, and where it points to. */
struct pattern_slice {
	uint16_t offset; /* in the header */
	uint16_t at;     /* in its piece */
};

struct header_pattern {
	const void *context;
	struct command command;
	size_t header_size;
	_Alignas(16) char header[HEADER_MAX];
	size_t n_pieces, n_values;
	struct pattern_piece pieces[VALUES_MAX + 1];
	struct pattern_slice slices[VALUES_MAX];
	struct pattern_value values[VALUES_MAX]; /* in the order of the text */
	size_t len;
	char text[TEXT_MAX];
};

void
header_patterns_release(struct header_patterns *patterns)
{
	for (size_t i = 0; i < HEADER_PATTERNS; i++)
		free(patterns->list[i]);
	*patterns = (struct header_patterns){ 0 };
}

/* ---- reading --------------------------------------------------------- */

static inline bool
takes_piece(const struct header_pattern *pattern, const struct pattern_piece *piece,
    const struct json_scan *scan)
{
	return (size_t)(scan->end - scan->at) >= piece->len &&
	       simd_equal(scan->at, pattern->text + piece->at, piece->len);
}

static inline const struct pattern_slice *
point_slices(const struct pattern_slice *slice, size_t n, const char *at, char *header)
{
	for (; n > 0; n--, slice++)
		((struct slice *)(void *)(header + slice->offset))->data = at + slice->at;
	return slice;
}

static inline bool
takes_value(const struct header_pattern *pattern, uint8_t row, struct json_scan *scan,
    struct command *command, void *header)
{
	return row == ROW_OPAQUE ? json_scan_int32(scan, &command->opaque)
	                         : field_scan(&pattern->command.fields[row], scan, header);
}

static bool
reads(const struct header_pattern *pattern, struct json_scan *scan, struct command *command)
{
	const struct pattern_slice *slice = pattern->slices;
	const struct pattern_piece *piece = pattern->pieces;
	char *header;

	if (!takes_piece(pattern, piece, scan))
		return false;
	header = arena_alloc(scan->arena, pattern->header_size);
	memcpy(header, pattern->header, pattern->header_size);
	*command = pattern->command;
	command->header = header;
	for (;;) {
		slice = point_slices(slice, piece->n_slices, scan->at, header);
		scan->at += piece->len;
		if (piece->row == ROW_END)
			return scan->at == scan->end;
		if (!takes_value(pattern, piece->row, scan, command, header))
			return false;
		piece++;
		if (!takes_piece(pattern, piece, scan))
			return false;
	}
}

static void
move_to_front(struct header_patterns *patterns, size_t i)
{
	struct header_pattern *pattern = patterns->list[i];

	for (; i > 0; i--)
		patterns->list[i] = patterns->list[i - 1];
	patterns->list[0] = pattern;
}

bool
header_patterns_read(struct header_patterns *patterns, const void *context, struct arena *arena,
    struct slice text, struct command *command)
{
	for (size_t i = 0; i < HEADER_PATTERNS && patterns->list[i] != NULL; i++) {
		struct json_scan scan = { text.data, text.data + text.len, arena };

		if (patterns->list[i]->context != context ||
		    !reads(patterns->list[i], &scan, command))
			continue;
		if (i != 0)
			move_to_front(patterns, i);
		return true;
	}
	return false;
}

/* ---- learning -------------------------------------------------------- */

/* ROW_END: the table has no such field. */
static uint8_t
row_of(const struct field *fields, struct slice key)
{
	for (uint8_t row = 0; row < VALUES_MAX - 1 && !field_is_end(&fields[row]); row++)
		if (slice_equal(key, (struct slice){ fields[row].key, fields[row].key_len }))
			return row;
	return ROW_END;
}

/* False: there is one of this row already. */
static bool
add_value(struct header_pattern *pattern, uint8_t row, const char *begin, const char *end)
{
	for (size_t i = 0; i < pattern->n_values; i++)
		if (pattern->values[i].row == row)
			return false;
	pattern->values[pattern->n_values++] = (struct pattern_value){
		.at = (uint16_t)(begin - pattern->text),
		.len = (uint16_t)(end - begin),
		.row = row,
		.varies = row == ROW_OPAQUE,
	};
	return true;
}

/* Each field once, as a string. */
static bool
find_fields(struct header_pattern *pattern, struct json_scan *scan)
{
	const struct field *fields = pattern->command.fields;

	if (!json_scan_char(scan, '{'))
		return false;
	do {
		struct slice key;

		if (json_scan_name(scan, &key) == -1 || json_scan_peek(scan) != '"')
			return false;
		const char *begin = scan->at + 1;
		uint8_t row = row_of(fields, key);

		if (row == ROW_END || json_scan_skip(scan, JSON_DEPTH_MAX) == -1 ||
		    !add_value(pattern, row, begin, scan->at - 1))
			return false;
	} while (json_scan_char(scan, ','));
	return json_scan_char(scan, '}');
}

/* The values of the text; false: it is none to learn from. */
static bool
find_values(struct header_pattern *pattern)
{
	struct arena arena = { 0 };
	struct json_scan scan = { pattern->text, pattern->text + pattern->len, &arena };
	bool found = json_scan_char(&scan, '{');

	do {
		struct slice name;

		found = found && json_scan_name(&scan, &name) == 0;
		if (found && slice_is(name, "extFields")) {
			found = pattern->n_values <= 1 && find_fields(pattern, &scan);
			continue;
		}
		json_scan_peek(&scan);
		const char *begin = scan.at;
		found = found && json_scan_skip(&scan, JSON_DEPTH_MAX) == 0;
		if (found && slice_is(name, "opaque"))
			found = add_value(pattern, ROW_OPAQUE, begin, scan.at);
	} while (found && json_scan_char(&scan, ','));
	arena_release(&arena);
	return found && pattern->n_values > 1;
}

/* A text that had escapes was copied when they were undone: it has to be each time. */
static void
note_copies(struct header_pattern *pattern, struct slice text)
{
	for (size_t i = 0; i < pattern->n_values; i++) {
		struct pattern_value *value = &pattern->values[i];

		if (value->row == ROW_OPAQUE ||
		    !field_is_text(&pattern->command.fields[value->row]))
			continue;
		const struct slice *slice =
		    (const void *)(pattern->header + pattern->command.fields[value->row].offset);
		if (slice->data != text.data + value->at || slice->len != value->len)
			value->varies = true;
	}
}

/* What is not a value, and which values there are, is the same in both. */
static bool
is_like(const struct header_pattern *a, const struct header_pattern *b)
{
	size_t a_at = 0, b_at = 0;

	if (a->context != b->context || a->command.fields != b->command.fields ||
	    a->n_values != b->n_values)
		return false;
	for (size_t i = 0; i <= a->n_values; i++) {
		size_t a_end = i < a->n_values ? a->values[i].at : a->len;
		size_t b_end = i < b->n_values ? b->values[i].at : b->len;

		if (!slice_equal((struct slice){ a->text + a_at, a_end - a_at },
			(struct slice){ b->text + b_at, b_end - b_at }))
			return false;
		if (i == a->n_values)
			break;
		if (a->values[i].row != b->values[i].row)
			return false;
		a_at = a_end + a->values[i].len;
		b_at = b_end + b->values[i].len;
	}
	return true;
}

static void
note_variance(struct header_pattern *pattern, const struct header_pattern *before)
{
	for (size_t i = 0; i < pattern->n_values; i++) {
		struct pattern_value *value = &pattern->values[i];
		const struct pattern_value *other = &before->values[i];

		if (other->varies || other->len != value->len ||
		    memcmp(pattern->text + value->at, before->text + other->at, value->len) != 0)
			value->varies = true;
	}
}

static void
cut_pieces(struct header_pattern *pattern)
{
	struct pattern_piece *piece = pattern->pieces;
	struct pattern_slice *slice = pattern->slices;

	*piece = (struct pattern_piece){ .row = ROW_END };
	for (size_t i = 0; i < pattern->n_values; i++) {
		const struct pattern_value *value = &pattern->values[i];
		const struct field *field = &pattern->command.fields[value->row];

		if (value->varies) {
			piece->len = (uint16_t)(value->at - piece->at);
			piece->row = value->row;
			*++piece = (struct pattern_piece){
				.at = (uint16_t)(value->at + value->len),
				.row = ROW_END,
			};
			/* Reading a text takes its second quote, too. */
			piece->at = (uint16_t)(piece->at + (value->row != ROW_OPAQUE));
		} else if (field_is_text(field)) {
			piece->n_slices++;
			*slice++ = (struct pattern_slice){
				.offset = field->offset,
				.at = (uint16_t)(value->at - piece->at),
			};
		}
	}
	piece->len = (uint16_t)(pattern->len - piece->at);
	pattern->n_pieces = (size_t)(piece - pattern->pieces) + 1;
}

/* Takes the place of the one that it is like, else of a free one, else of the last. */
static void
keep(struct header_patterns *patterns, struct header_pattern *pattern)
{
	size_t i = 0;

	while (i < HEADER_PATTERNS - 1 && patterns->list[i] != NULL &&
	       !is_like(pattern, patterns->list[i]))
		i++;
	if (patterns->list[i] != NULL && is_like(pattern, patterns->list[i]))
		note_variance(pattern, patterns->list[i]);
	cut_pieces(pattern);
	free(patterns->list[i]);
	patterns->list[i] = pattern;
	move_to_front(patterns, i);
}

void
header_patterns_learn(struct header_patterns *patterns, const void *context, struct slice text,
    const struct command *command, size_t header_size)
{
	if (patterns->n_missed++ % LEARN_EACH != 0 || text.len > TEXT_MAX ||
	    header_size > HEADER_MAX || command->remark.data != NULL)
		return;
	struct header_pattern *pattern = mem_zalloc(sizeof *pattern);

	pattern->context = context;
	pattern->command = *command;
	pattern->header_size = header_size;
	pattern->len = text.len;
	memcpy(pattern->header, command->header, header_size);
	memcpy(pattern->text, text.data, text.len);
	if (!find_values(pattern)) {
		free(pattern);
		return;
	}
	note_copies(pattern, text);
	keep(patterns, pattern);
}
