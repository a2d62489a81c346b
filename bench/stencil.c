#include "config.h"

#include "bench/stencil.h"

#include <string.h>

#include "common/base/log.h"
#include "common/base/wire.h"

#define EXT_MAX 32
#define OPAQUE_SAMPLE 1987654321 /* ten digits, like all opaques of stencils */
#define OPAQUE_TEXT "1987654321"
#define BINARY_OPAQUE_AT 13 /* length, header length, code, language, version */
#define PREFIX_BYTES 4      /* the frame's length does not count itself */

static const struct {
	const char *mark;
	uint32_t digits;
} spots[SPOTS] = {
	[SPOT_OPAQUE] = { OPAQUE_TEXT, 10 },
	[SPOT_TOPIC] = { STENCIL_MARK_TOPIC, 5 },
	[SPOT_QUEUE] = { STENCIL_MARK_QUEUE, 4 },
	[SPOT_BORN] = { STENCIL_MARK_BORN, 13 },
	[SPOT_OFFSET] = { STENCIL_MARK_OFFSET, 19 },
	[SPOT_POSITION] = { STENCIL_MARK_POSITION, 19 },
	[SPOT_REVIVE] = { STENCIL_MARK_REVIVE, 3 },
	[SPOT_ID] = { STENCIL_MARK_ID, STENCIL_ID_DIGITS },
};

static void
find_places(struct stencil *stencil, enum spot spot)
{
	const char *mark = spots[spot].mark, *at = stencil->frame.data;
	const char *end = at + stencil->frame.len;
	size_t len = strlen(mark), n = 0;

	while ((at = memmem(at, (size_t)(end - at), mark, len)) != NULL) {
		if (n == STENCIL_PLACES)
			fatal("a request has too many places for %s", mark);
		stencil->places[spot][n++] = (uint32_t)(at - stencil->frame.data);
		at += len;
	}
}

void
stencil_init(struct stencil *stencil, const struct command *request, const struct field *fields,
    const void *header, const struct stencil_mark *marks)
{
	struct command command = *request;
	struct arena arena = { 0 };
	struct ext ext[EXT_MAX];

	*stencil = (struct stencil){ .codec = request->codec };
	fields_encode(fields, header, &arena, &command);
	if (command.n_ext > EXT_MAX)
		fatal("a request has too many fields");
	memcpy(ext, command.ext, command.n_ext * sizeof *ext);
	for (size_t i = 0; i < command.n_ext; i++)
		for (const struct stencil_mark *mark = marks; mark->key != NULL; mark++)
			if (slice_is(ext[i].key, mark->key))
				ext[i].value = slice_of(spots[mark->spot].mark);
	command.ext = ext;
	command.opaque = OPAQUE_SAMPLE;
	command.version = COMMAND_VERSION;
	command.language = COMMAND_LANGUAGE;
	command_encode(&stencil->frame, &command, SLICE(""), 0);
	for (int spot = 0; spot < SPOTS; spot++)
		find_places(stencil, (enum spot)spot);
	arena_release(&arena);
}

void
stencil_release(struct stencil *stencil)
{
	buf_release(&stencil->frame);
}

static void
put_decimal(char *at, uint32_t digits, uint64_t value)
{
	while (digits-- != 0) {
		at[digits] = (char)('0' + value % 10);
		value /= 10;
	}
}

void
stencil_hex(char *at, uint64_t value)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = STENCIL_ID_DIGITS; i-- != 0; value >>= 4)
		at[i] = hex[value & 15];
}

void
stencil_put(struct stencil *stencil, enum spot spot, uint64_t value)
{
	const uint32_t *places = stencil->places[spot];

	for (size_t i = 0; i < STENCIL_PLACES && places[i] != 0; i++) {
		char *at = stencil->frame.data + places[i];

		if (spot == SPOT_ID)
			stencil_hex(at, value);
		else
			put_decimal(at, spots[spot].digits, value);
	}
}

struct slice
stencil_frame(struct stencil *stencil, int32_t opaque, size_t body_len)
{
	char *frame = stencil->frame.data;

	if (stencil->codec == FRAME_BINARY)
		be32_put(frame + BINARY_OPAQUE_AT, (uint32_t)opaque);
	else
		stencil_put(stencil, SPOT_OPAQUE, (uint64_t)opaque);
	be32_put(frame, (uint32_t)(stencil->frame.len - PREFIX_BYTES + body_len));
	return buf_slice(&stencil->frame);
}
