#include "config.h"

#include <criterion/criterion.h>

#include "common/protocol/record.h"

TestSuite(message_id, .timeout = 10);

static const struct {
	struct host host;
	int64_t position;
	const char *id;
} cases[] = {
	{ { { 127, 0, 0, 1 }, 4, 10911 }, 0, "7F00000100002A9F0000000000000000" },
	{ { { 192, 168, 255, 1 }, 4, 65535 }, INT64_MAX, "C0A8FF010000FFFF7FFFFFFFFFFFFFFF" },
	{ { { 0xFE, 0x80, [15] = 0xAB }, 16, 1 }, 0x1234,
	    "FE8000000000000000000000000000AB000000010000000000001234" },
};

Test(message_id, written_and_read)
{
	struct arena arena = { 0 };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct slice id = message_id(&arena, &cases[i].host, cases[i].position);
		struct host host;
		int64_t position;

		cr_assert(slice_is(id, cases[i].id), "%.*s", (int)id.len, id.data);
		cr_assert_eq(message_id_parse(id, &host, &position), 0);
		cr_assert_eq(memcmp(&host, &cases[i].host, sizeof host), 0);
		cr_assert_eq(position, cases[i].position);
	}
	arena_release(&arena);
}

Test(message_id, what_is_none)
{
	static const char *const bad[] = {
		"",
		"7F",
		"7F00000100002A9F000000000000000",
		"7F00000100002A9F00000000000000000",
		"7G00000100002A9F0000000000000000",
		"7F00000100012A9F0000000000000000",
		"7F00000100002A9F000000000000000000000000000000000000000000000000",
	};
	struct host host;
	int64_t position;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		cr_assert_eq(
		    message_id_parse(slice_of(bad[i]), &host, &position), -1, "%s", bad[i]);
	cr_assert_eq(message_id_parse(SLICE_NONE, &host, &position), -1);
	cr_assert_eq(
	    message_id_parse(SLICE("7f00000100002a9f0000000000000001"), &host, &position), 0);
	cr_assert_eq(position, 1);
}
