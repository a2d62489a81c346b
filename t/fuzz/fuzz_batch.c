#include "config.h"

/* Messages of a batch: those that were read, written and read again are the same. */

#include "common/protocol/record.h"
#include "t/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = { (const char *)data, size };
	struct batch_item item;
	struct batch_item again;

	while (batch_next(&rest, &item) == 1) {
		struct buf buf = { 0 };
		struct slice rest_again;

		batch_append(&buf, &item);
		rest_again = buf_slice(&buf);
		must(batch_next(&rest_again, &again) == 1 && rest_again.len == 0);
		must(item.flag == again.flag && slice_equal(item.body, again.body));
		must(slice_equal(item.properties, again.properties));
		buf_release(&buf);
	}
	return 0;
}
