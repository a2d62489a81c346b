#include "config.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "bench/stencil.h"
#include "common/protocol/headers.h"

TestSuite(stencil, .timeout = 10);

static const struct stencil_mark marks[] = {
	{ "e", SPOT_QUEUE },
	{ "g", SPOT_BORN },
	{ NULL, SPOTS },
};

static void
init(struct stencil *stencil, enum frame_codec codec, uint32_t flag)
{
	const struct command request = { .code = 310, .codec = codec, .flag = flag };
	const struct send_header header = {
		.producer_group = SLICE("group"),
		.topic = SLICE("topic-" STENCIL_MARK_TOPIC),
		.default_topic = SLICE("TBW102"),
		.properties = SLICE("UNIQ_KEY\001AB" STENCIL_MARK_ID "\002WAIT\001true\002"),
	};

	stencil_init(stencil, &request, send_header_v2_fields, &header, marks);
}

/* What the codec reads back is what was put in, in both codecs, each time anew. */
Test(stencil, places_are_written_over)
{
	static const struct {
		uint64_t topic, queue, born, id;
		int32_t opaque;
	} rows[] = {
		{ 0, 0, 0, 0, 1000000000 },
		{ 99999, 9999, 1700000000123, UINT64_MAX, 1999999999 },
		{ 7, 3, 1700000000000, 0x10, 1000000001 },
	};

	for (int codec = FRAME_JSON; codec <= FRAME_BINARY; codec++) {
		struct stencil stencil;

		init(&stencil, (enum frame_codec)codec, 0);
		for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
			struct arena arena = { 0 };
			struct command command;
			struct send_header header;
			struct frame frame;
			const char *bad;
			size_t need;
			struct buf bytes = { 0 };

			stencil_put(&stencil, SPOT_TOPIC, rows[i].topic);
			stencil_put(&stencil, SPOT_QUEUE, rows[i].queue);
			stencil_put(&stencil, SPOT_BORN, rows[i].born);
			stencil_put(&stencil, SPOT_ID, rows[i].id);
			buf_append_slice(&bytes, stencil_frame(&stencil, rows[i].opaque, 4));
			buf_append_text(&bytes, "body");
			cr_assert_eq(frame_read(bytes.data, bytes.len, &frame, &need), FRAME_OK);
			cr_assert(slice_is(frame.body, "body"));
			cr_assert_eq(command_decode(&arena, &frame, &command), COMMAND_OK);
			cr_assert_eq(
			    fields_decode(send_header_v2_fields, &command, &header, &bad), 0);
			cr_assert_eq(command.opaque, rows[i].opaque);
			cr_assert_eq(header.queue_id, (int32_t)rows[i].queue);
			cr_assert_eq(header.born_timestamp, (int64_t)rows[i].born);
			char id[64], topic[32];
			snprintf(id, sizeof id, "UNIQ_KEY\001AB%016llX\002WAIT\001true\002",
			    (unsigned long long)rows[i].id);
			snprintf(topic, sizeof topic, "topic-%05u", (unsigned)rows[i].topic);
			cr_assert(slice_is(header.properties, id));
			cr_assert(slice_is(header.topic, topic));
			buf_release(&bytes);
			arena_release(&arena);
		}
		stencil_release(&stencil);
	}
}

Test(stencil, a_flag_stays)
{
	struct stencil stencil;
	struct arena arena = { 0 };
	struct command command;
	struct frame frame;
	size_t need;

	init(&stencil, FRAME_JSON, COMMAND_FLAG_ONEWAY);
	struct slice bytes = stencil_frame(&stencil, 1000000005, 0);
	cr_assert_eq(frame_read(bytes.data, bytes.len, &frame, &need), FRAME_OK);
	cr_assert_eq(command_decode(&arena, &frame, &command), COMMAND_OK);
	cr_assert_eq(command.flag, COMMAND_FLAG_ONEWAY);
	arena_release(&arena);
	stencil_release(&stencil);
}
