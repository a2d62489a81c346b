#include "config.h"

#include "common/protocol/frame.h"

#include <criterion/criterion.h>

TestSuite(frame, .timeout = 10);

static const struct {
	const char *what;
	struct slice data;
	enum frame_status status;
	size_t need; /* FRAME_MORE, FRAME_OK */
} cases[] = {
	{ "nothing", SLICE(""), FRAME_MORE, 8 },
	{ "half a length", SLICE("\0\0"), FRAME_MORE, 8 },
	{ "a length", SLICE("\0\0\0\6"), FRAME_MORE, 8 },
	{ "no header, no body", SLICE("\0\0\0\4\0\0\0\0"), FRAME_OK, 8 },
	{ "a header that is not there yet", SLICE("\0\0\0\6\0\0\0\2{"), FRAME_MORE, 10 },
	{ "all header", SLICE("\0\0\0\6\0\0\0\2{}"), FRAME_OK, 10 },
	{ "header and body, and the next frame", SLICE("\0\0\0\11\1\0\0\2{}abc\0\0"), FRAME_OK,
	    13 },
	{ "length 0", SLICE("\0\0\0\0"), FRAME_BAD, 0 },
	{ "length 3", SLICE("\0\0\0\3"), FRAME_BAD, 0 },
	{ "a negative length", SLICE("\377\377\377\377"), FRAME_BAD, 0 },
	{ "16 MB and a byte", SLICE("\0\377\377\375"), FRAME_BAD, 0 },
	{ "16 MB", SLICE("\0\377\377\374\0\0\0\2"), FRAME_MORE, 16777216 },
	{ "no such codec", SLICE("\0\0\0\6\2\0\0\2{}"), FRAME_BAD, 0 },
	{ "a header longer than the frame", SLICE("\0\0\0\6\0\0\0\3{}"), FRAME_BAD, 0 },
	{ "an absurd header", SLICE("\0\377\0\0\0\177\0\0"), FRAME_BAD, 0 },
	{ "TLS", SLICE("\26\3\1\2\0\1\0\1"), FRAME_BAD, 0 },
	{ "HTTP", SLICE("GET / HTTP/1.1\r\n"), FRAME_BAD, 0 },
};

Test(frame, lengths_are_checked)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct frame frame;
		size_t need = 0;
		enum frame_status status =
		    frame_read(cases[i].data.data, cases[i].data.len, &frame, &need);

		cr_assert_eq(status, cases[i].status, "%s", cases[i].what);
		if (status != FRAME_BAD)
			cr_assert_eq(need, cases[i].need, "%s: %zu", cases[i].what, need);
		if (status == FRAME_MORE)
			cr_assert_gt(need, cases[i].data.len, "%s", cases[i].what);
	}
}

Test(frame, parts_point_into_the_data)
{
	const char data[] = "\0\0\0\13\1\0\0\3hdrbody";
	struct frame frame;
	size_t need;

	cr_assert_eq(frame_read(data, sizeof data - 1, &frame, &need), FRAME_OK);
	cr_assert_eq(frame.codec, FRAME_BINARY);
	cr_assert_eq(frame.header.data, data + 8);
	cr_assert(slice_is(frame.header, "hdr"));
	cr_assert(slice_is(frame.body, "body"));
	cr_assert_eq(frame.size, 15);
}

Test(frame, an_empty_body_is_not_absent)
{
	struct frame frame;
	size_t need;

	cr_assert_eq(frame_read("\0\0\0\4\0\0\0\0", 8, &frame, &need), FRAME_OK);
	cr_assert_not_null(frame.body.data);
	cr_assert_eq(frame.body.len, 0);
}
