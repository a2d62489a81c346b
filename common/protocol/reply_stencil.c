#include "config.h"

#include "common/protocol/reply_stencil.h"

#include "common/base/log.h"
#include "common/base/wire.h"
#include "common/protocol/fields.h"

#define PREFIX_BYTES 8 /* of a frame, before the header */

static const struct field *
field_of(const struct field *fields, const char *key)
{
	const struct slice wanted = slice_of(key);

	while (!field_is_end(fields) &&
	       !slice_equal((struct slice){ fields->key, fields->key_len }, wanted))
		fields++;
	return fields;
}

/* Copies the header up to where the value begins that follows `begin`, and steps over it. */
static void
take_piece(struct reply_stencil *stencil, struct slice *rest, struct slice begin, size_t piece)
{
	const char *found = memmem(rest->data, rest->len, begin.data, begin.len);
	const char *end = rest->data + rest->len;

	if (found == NULL)
		fatal("a sample of a reply has no %.*s", (int)begin.len, begin.data);
	found += begin.len;
	buf_append(&stencil->text, rest->data, (size_t)(found - rest->data));
	stencil->ends[piece] = (uint32_t)stencil->text.len;
	while (found < end && *found != '"' && *found != ',')
		found++;
	*rest = (struct slice){ found, (size_t)(end - found) };
}

void
reply_stencil_init(
    struct reply_stencil *stencil, const struct command *sample, const char *const *keys)
{
	struct buf frame = { 0 };
	size_t n = 0;

	*stencil = (struct reply_stencil){ 0 };
	command_encode(&frame, sample, SLICE(""), 0);
	struct slice rest = { frame.data + PREFIX_BYTES, frame.len - PREFIX_BYTES };

	for (; keys[n] != NULL; n++) {
		const struct field *field = field_of(sample->fields, keys[n]);

		if (n == REPLY_STENCIL_VALUES)
			fatal("a reply has too many values that differ");
		stencil->fields[n] = field;
		take_piece(stencil, &rest,
		    (struct slice){ field->begin, field->key_len + (size_t)FIELD_BEGIN_ENDS }, n);
	}
	take_piece(stencil, &rest, SLICE(",\"opaque\":"), n);
	buf_append_slice(&stencil->text, rest);
	stencil->ends[n + 1] = (uint32_t)stencil->text.len;
	buf_release(&frame);
}

void
reply_stencil_release(struct reply_stencil *stencil)
{
	buf_release(&stencil->text);
}

static inline char *
put(char *at, const char *from, size_t len)
{
	memcpy(at, from, len);
	return at + len;
}

/* Room for a value, and the value. */
static inline void
put_value(struct buf *buf, const struct field *field, const void *header)
{
	char number[ITOA_MAX];

	buf_append_slice(buf, field_text(field, header, number));
}

void
reply_stencil_put(
    const struct reply_stencil *stencil, struct buf *buf, int32_t opaque, const void *header)
{
	size_t begin = buf->len, from = 0, n = 0;
	char *at;

	buf_reserve(buf, PREFIX_BYTES + stencil->text.len + ITOA_MAX);
	buf->len += PREFIX_BYTES;
	for (; stencil->fields[n] != NULL; n++) {
		buf_append(buf, stencil->text.data + from, stencil->ends[n] - from);
		from = stencil->ends[n];
		put_value(buf, stencil->fields[n], header);
	}
	at = buf_reserve(buf, stencil->text.len - from + ITOA_MAX);
	at = put(at, stencil->text.data + from, stencil->ends[n] - from);
	at += itoa_put(at, opaque);
	at = put(at, stencil->text.data + stencil->ends[n], stencil->text.len - stencil->ends[n]);
	buf->len = (size_t)(at - buf->data);
	be32_put(buf->data + begin, (uint32_t)(buf->len - begin - sizeof(uint32_t)));
	be32_put(buf->data + begin + sizeof(uint32_t),
	    (uint32_t)FRAME_JSON << 24 | (uint32_t)(buf->len - begin - PREFIX_BYTES));
}
