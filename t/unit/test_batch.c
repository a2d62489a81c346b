#include "config.h"

#include <criterion/criterion.h>

#include "common/protocol/record.h"

TestSuite(batch, .timeout = 10);

static struct buf
two_messages(void)
{
	struct buf buf = { 0 };

	batch_append(&buf, &(struct batch_item){ 1, SLICE("hello"), SLICE("KEYS\1k") });
	batch_append(&buf, &(struct batch_item){ -1, SLICE(""), SLICE_NONE });
	return buf;
}

Test(batch, messages_come_back)
{
	struct buf buf = two_messages();
	struct slice rest = buf_slice(&buf);
	struct batch_item item;

	cr_assert_eq(buf.len, 33 + 22);
	cr_assert_eq(batch_next(&rest, &item), 1);
	cr_assert_eq(item.flag, 1);
	cr_assert(slice_is(item.body, "hello"));
	cr_assert(slice_is(item.properties, "KEYS\1k"));
	cr_assert_eq(batch_next(&rest, &item), 1);
	cr_assert_eq(item.flag, -1);
	cr_assert_eq(item.body.len, 0);
	cr_assert_eq(item.properties.len, 0);
	cr_assert_eq(batch_next(&rest, &item), 0);
	buf_release(&buf);
}

Test(batch, lengths_are_checked)
{
	struct buf buf = two_messages();
	struct batch_item item;
	static const size_t lengths[] = { 3, 19,
		26 }; /* of the message, its body, its properties */

	for (size_t len = 1; len < 33; len++) {
		struct slice rest = { buf.data, len };

		cr_assert_eq(batch_next(&rest, &item), -1, "%zu", len);
	}
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		for (int bit = 1; bit < 256; bit <<= 1) {
			struct slice rest = buf_slice(&buf);

			buf.data[lengths[i]] = (char)(buf.data[lengths[i]] ^ bit);
			cr_assert_eq(batch_next(&rest, &item), -1, "%zu %d", lengths[i], bit);
			buf.data[lengths[i]] = (char)(buf.data[lengths[i]] ^ bit);
		}
	}
	buf_release(&buf);
}
