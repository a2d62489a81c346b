#include "config.h"

#include <criterion/criterion.h>

#include "common/base/base64url.h"

static struct slice
decoded(struct arena *arena, const char *text)
{
	struct slice bytes = SLICE_NONE;

	return base64url_decode(arena, slice_of(text), &bytes) == 0 ? bytes : SLICE_NONE;
}

/* As java.util.Base64.getUrlEncoder and getUrlDecoder do it. */
Test(base64url, both_ways)
{
	static const char *const pairs[][2] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "v1 D b 5 k", "djEgRCBiIDUgaw==" },
		{ "\xff\xef\xbe", "_---" } };
	struct arena arena = { 0 };

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		struct slice text = base64url_encode(&arena, slice_of(pairs[i][0]));

		cr_assert(slice_is(text, pairs[i][1]), "%.*s", (int)text.len, text.data);
		cr_assert(slice_is(decoded(&arena, pairs[i][1]), pairs[i][0]));
	}
	cr_assert(slice_is(decoded(&arena, "Zg"), "f"), "the = may be missing");
	cr_assert(slice_is(decoded(&arena, "Zm8"), "fo"));
	arena_release(&arena);
}

Test(base64url, refused)
{
	static const char *const bad[] = { "Z", "Zg=", "Zg===", "=", "====", "Zm9v=", "Zm 9v",
		"Zm9+", "Zm/v", "Zm9v\n", "Z=g=", "\xc3\xa4" };
	struct arena arena = { 0 };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		cr_assert(decoded(&arena, bad[i]).data == NULL, "%s", bad[i]);
	arena_release(&arena);
}
