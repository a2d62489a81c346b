#include "config.h"

#include <criterion/criterion.h>

#include "bench/payload.h"
#include "common/protocol/record.h"

TestSuite(payload, .timeout = 10);

#define RUN 0x1122334455667788u

static struct payload payload;
static uint64_t number;
static int64_t due_us;

Test(payload, says_what_it_is)
{
	payload_init(&payload, RUN, 100, 1, false, SLICE(""));
	struct slice body = payload_make(&payload, 42, 1234567);

	cr_assert_eq(body.len, 100);
	cr_assert_eq(payload_read(body, RUN, &number, &due_us), PAYLOAD_GOOD);
	cr_assert(number == 42 && due_us == 1234567);
	cr_assert_eq(payload_read(body, RUN + 1, &number, &due_us), PAYLOAD_FOREIGN);
	cr_assert_eq(payload_read(SLICE("short"), RUN, &number, &due_us), PAYLOAD_FOREIGN);
	payload_release(&payload);
}

/* Any byte that changes is noticed. */
Test(payload, each_byte_counts)
{
	payload_init(&payload, RUN, PAYLOAD_BODY_MIN, 1, false, SLICE(""));
	payload_make(&payload, 42, 1);
	for (size_t i = 0; i < PAYLOAD_BODY_MIN; i++) {
		payload.bytes.data[i] ^= 1;
		cr_assert_neq(payload_read(buf_slice(&payload.bytes), RUN, &number, &due_us),
		    PAYLOAD_GOOD, "byte %zu", i);
		payload.bytes.data[i] ^= 1;
	}
	cr_assert_eq(payload_read(buf_slice(&payload.bytes), RUN, &number, &due_us), PAYLOAD_GOOD);
	payload_release(&payload);
}

Test(payload, a_batch)
{
	struct batch_item item;
	uint64_t n = 0;

	payload_init(&payload, RUN, 200, 5, true,
	    SLICE("WAIT\1true\2UNIQ_KEY\0010123456789ABCDEF0000000000000000\2"));
	struct slice rest = payload_make(&payload, 0xABC, 7);
	while (batch_next(&rest, &item) == 1) {
		struct slice id = property_find(item.properties, "UNIQ_KEY");

		cr_assert_eq(payload_read(item.body, RUN, &number, &due_us), PAYLOAD_GOOD);
		cr_assert_eq(number, 0xABC + n);
		cr_assert_eq(item.body.len, 200);
		cr_assert_eq(id.len, 32);
		cr_assert_arr_eq(id.data, "0123456789ABCDEF0000000000000A", 30);
		n++;
	}
	cr_assert_eq(n, 5);
	cr_assert_eq(rest.len, 0);
	payload_release(&payload);
}
