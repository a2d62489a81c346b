#include "config.h"

#include "common/base/crc.h"

#include <criterion/criterion.h>
#include <zlib.h>

TestSuite(crc, .timeout = 10);

Test(crc, of_known_text)
{
	cr_assert_eq(crc_of(SLICE("hello")), 0x3610A686);
	cr_assert_eq(crc_of(SLICE("")), 0);
	cr_assert_eq(crc_of(SLICE_NONE), 0);
}

Test(crc, as_zlib_for_every_length_and_alignment)
{
	static unsigned char bytes[1200];
	uint32_t state = 1;

	for (size_t i = 0; i < sizeof bytes; i++) {
		state = state * 1664525 + 1013904223;
		bytes[i] = (unsigned char)(state >> 24);
	}
	for (size_t at = 0; at < 16; at++) {
		for (size_t len = 0; len <= sizeof bytes - 16; len++) {
			struct slice part = { (const char *)bytes + at, len };
			uint32_t expected =
			    (uint32_t)crc32(0, bytes + at, (unsigned)len) & CRC_MASK;

			if (crc_of(part) != expected)
				cr_assert_fail("at %zu len %zu", at, len);
		}
	}
}

Test(crc, of_pieces_is_that_of_the_whole)
{
	unsigned char bytes[300];

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)(i * 7);
	uint32_t whole = (uint32_t)crc32(0, bytes, sizeof bytes);

	for (size_t cut = 0; cut <= sizeof bytes; cut++) {
		uint32_t crc = crc_add(0, (struct slice){ (const char *)bytes, cut });

		crc = crc_add(crc, (struct slice){ (const char *)bytes + cut, sizeof bytes - cut });
		cr_assert_eq(crc, whole, "cut at %zu", cut);
	}
}
