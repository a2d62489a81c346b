#include "config.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <zlib.h>
#ifdef WITH_LZ4
#include <lz4frame.h>
#endif
#ifdef WITH_ZSTD
#include <zstd.h>
#endif

#include "client/twinmq.h"
#include "common/base/mem.h"

TestSuite(pulled, .timeout = 10);

static void
append_record(struct buf *buf, const char *tag, struct slice body, int32_t sys_flag)
{
	struct buf properties = { 0 };
	struct record record = {
		.topic = SLICE("T"),
		.body = body,
		.sys_flag = sys_flag,
		.born_host = { .ip_len = 4 },
		.store_host = { .ip_len = 4 },
	};

	if (tag != NULL)
		property_append(&properties, SLICE("TAGS"), slice_of(tag));
	record.properties = buf_slice(&properties);
	record_encode(&record, buf_reserve(buf, record_size(&record)));
	buf->len += record_size(&record);
	buf_release(&properties);
}

Test(pulled, the_tag_decides_not_its_hash)
{
	static const struct {
		const char *subscription, *want;
	} cases[] = {
		{ NULL, "Aa BB - " },
		{ "*", "Aa BB - " },
		{ "", "Aa BB - " },
		{ "Aa", "Aa " },
		{ "BB", "BB " },
		{ " Aa || BB ", "Aa BB " },
		{ "Aa||C", "Aa " },
		{ "C", "" },
	};
	struct buf buf = { 0 };

	cr_assert_eq(tag_hash(SLICE("Aa")), tag_hash(SLICE("BB")));
	append_record(&buf, "Aa", SLICE("1"), 0);
	append_record(&buf, "BB", SLICE("2"), 0);
	append_record(&buf, NULL, SLICE("3"), 0);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct slice rest = buf_slice(&buf);
		struct buf got = { 0 };
		struct record record;

		while (pulled_next(&rest, slice_of(cases[i].subscription), &record)) {
			struct slice tag = property_find(record.properties, "TAGS");

			buf_append_slice(&got, tag.data != NULL ? tag : SLICE("-"));
			buf_append_char(&got, ' ');
		}
		cr_assert_str_eq(buf_text(&got), cases[i].want);
		buf_release(&got);
	}
	buf_release(&buf);
}

Test(pulled, bodies_are_inflated_within_limits)
{
	char plain[100000] = { 0 };
	Bytef deflated[2000];
	uLongf len = sizeof deflated;
	struct arena arena = { 0 };
	struct buf buf = { 0 };
	struct record record;
	struct slice body;

	cr_assert_eq(compress2(deflated, &len, (const Bytef *)plain, sizeof plain, 5), Z_OK);
	append_record(
	    &buf, NULL, (struct slice){ (const char *)deflated, len }, SYS_FLAG_COMPRESSED);
	cr_assert_eq(record_decode(buf.data, buf.len, &record), 0);
	cr_assert_eq(record_plain_body(&record, sizeof plain, &arena, &body), 0);
	cr_assert_eq(body.len, sizeof plain);
	cr_assert_eq(
	    record_plain_body(&record, sizeof plain - 1, &arena, &body), -1, "larger than allowed");
	record.body.len -= 10;
	cr_assert_eq(record_plain_body(&record, sizeof plain, &arena, &body), -1, "cut short");
	record.body = SLICE("no zlib at all");
	cr_assert_eq(record_plain_body(&record, sizeof plain, &arena, &body), -1);
	record.sys_flag = SYS_FLAG_COMPRESSED | 0x400;
	cr_assert_eq(record_plain_body(&record, sizeof plain, &arena, &body), -1, "no such kind");
	record.sys_flag = 0;
	cr_assert_eq(record_plain_body(&record, sizeof plain, &arena, &body), 0);
	cr_assert(slice_is(body, "no zlib at all"));
	buf_release(&buf);
	arena_release(&arena);
}

#if defined WITH_LZ4 || defined WITH_ZSTD
/* Each cut of the compressed body, more than is allowed, and what is no such body. */
static void
check_kind(int32_t kind, struct slice compressed, struct slice plain)
{
	struct record record = { .sys_flag = SYS_FLAG_COMPRESSED | kind, .body = compressed };
	struct arena arena = { 0 };
	struct slice body;

	cr_assert_eq(record_plain_body(&record, plain.len, &arena, &body), 0);
	cr_assert(slice_equal(body, plain));
	cr_assert_eq(record_plain_body(&record, plain.len - 1, &arena, &body), -1, "too large");
	for (size_t i = 0; i < compressed.len; i++) {
		record.body.len = i;
		cr_assert_eq(
		    record_plain_body(&record, plain.len, &arena, &body), -1, "cut at %zu", i);
	}
	record.body = SLICE("neither of them");
	cr_assert_eq(record_plain_body(&record, plain.len, &arena, &body), -1);
	arena_release(&arena);
}
#endif

#ifdef WITH_LZ4
Test(pulled, lz4_frames)
{
	char plain[100000] = { 1 }, out[120000];
	size_t n = LZ4F_compressFrame(out, sizeof out, plain, sizeof plain, NULL);

	cr_assert_not(LZ4F_isError(n));
	check_kind(0x100, (struct slice){ out, n }, (struct slice){ plain, sizeof plain });
}
#endif

#ifdef WITH_ZSTD
Test(pulled, zstd)
{
	char plain[100000] = { 1 }, out[120000];
	size_t n = ZSTD_compress(out, sizeof out, plain, sizeof plain, 3);

	cr_assert_not(ZSTD_isError(n));
	check_kind(0x200, (struct slice){ out, n }, (struct slice){ plain, sizeof plain });
}
#endif
