#include "config.h"

/*
 * Frames and headers in both codecs: what was read and written again is the
 * same. The input is a frame; and, behind its first byte, a header of each codec.
 */

#include "common/protocol/command.h"
#include "common/protocol/header_pattern.h"
#include "common/protocol/headers.h"
#include "t/fuzz/fuzz.h"

#define HEADER_BYTES 512

static void
compare(const struct command *a, const struct command *b)
{
	must(a->code == b->code && a->opaque == b->opaque && a->flag == b->flag);
	must(a->version == b->version && a->n_ext == b->n_ext);
	must(slice_equal(a->remark, b->remark));
	for (size_t i = 0; i < a->n_ext; i++) {
		must(slice_equal(a->ext[i].key, b->ext[i].key));
		must(slice_equal(a->ext[i].value, b->ext[i].value));
	}
}

/* Each code has this table. */
static const struct field *
table_of(void *context, int32_t code, size_t *header_size)
{
	(void)code;
	*header_size = HEADER_BYTES;
	return context;
}

/*
 * The pass that reads ext fields into a typed header must say what the general way says, with
 * patterns of earlier headers or without.
 */
static void
try_typed(struct arena *arena, const struct frame *frame, const struct field *fields,
    struct header_patterns *patterns, enum command_status status, const struct command *general)
{
	const struct command_types types = { table_of, (void *)(uintptr_t)fields, patterns };
	_Alignas(max_align_t) char header[HEADER_BYTES] = { 0 };
	struct command typed, a = { 0 }, b = { 0 };
	const char *bad;

	must(command_decode_typed(arena, frame, &types, &typed) == status);
	if (typed.fields == NULL) {
		compare(general, &typed);
		return;
	}
	must(status == COMMAND_OK && typed.ext == NULL && typed.n_ext == 0);
	must(typed.code == general->code && typed.opaque == general->opaque);
	must(typed.flag == general->flag && typed.version == general->version);
	must((typed.flag & COMMAND_FLAG_RESPONSE) == 0);
	must(fields_decode(fields, general, header, &bad) == 0);
	fields_encode(fields, header, arena, &a);
	fields_encode(fields, typed.header, arena, &b);
	compare(&a, &b);
}

static void
try_fields(struct arena *arena, const struct command *command)
{
	static const struct field *const tables[] = { send_header_fields, send_header_v2_fields,
		pull_header_fields, offset_reply_fields, register_broker_header_fields };

	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		_Alignas(max_align_t) char header[1024];
		struct command again = { 0 };
		const char *bad = NULL;

		if (fields_decode(tables[i], command, header, &bad) == -1)
			must(bad != NULL && fields_fault(tables[i], command, bad) != NULL);
		else
			fields_encode(tables[i], header, arena, &again);
	}
}

static void
try_frame(const struct frame *frame)
{
	static const struct field *const typed_tables[] = { send_header_v2_fields,
		send_header_fields, pull_header_fields };
	static struct header_patterns patterns; /* of earlier inputs, too */
	struct arena arena = { 0 };
	struct command command;
	enum command_status status = command_decode(&arena, frame, &command);

	for (size_t i = 0; i < sizeof typed_tables / sizeof *typed_tables; i++) {
		try_typed(&arena, frame, typed_tables[i], NULL, status, &command);
		try_typed(&arena, frame, typed_tables[i], &patterns, status, &command);
	}
	if (status == COMMAND_OK) {
		struct buf buf = { 0 };
		struct frame frame_again;
		struct command again;
		size_t need;

		command_encode(&buf, &command, frame->body, frame->body.len);
		must(frame_read(buf.data, buf.len, &frame_again, &need) == FRAME_OK);
		must(slice_equal(frame->body, frame_again.body));
		must(command_decode(&arena, &frame_again, &again) == COMMAND_OK);
		compare(&command, &again);
		try_fields(&arena, &command);
		buf_release(&buf);
	}
	arena_release(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct frame frame;
	size_t need = 0;

	switch (frame_read(text, size, &frame, &need)) {
	case FRAME_OK:
		must(need == frame.size && need <= size);
		try_frame(&frame);
		break;
	case FRAME_MORE:
		must(need > size && need <= FRAME_MAX_BYTES);
		break;
	case FRAME_BAD:
		break;
	}
	if (size != 0) {
		frame = (struct frame){ (text[0] & 1) != 0 ? FRAME_BINARY : FRAME_JSON,
			{ text + 1, size - 1 }, SLICE("body"), size };
		try_frame(&frame);
	}
	return 0;
}
