#include "config.h"

#include "common/base/utf8.h"

#include <criterion/criterion.h>

TestSuite(utf8, .timeout = 10);

#define ZHONG "\xe4\xb8\xad"

static const struct {
	const char *text, *cut; /* at four bytes */
} cuts[] = {
	{ "abc", "abc" },
	{ "abcd", "abcd" },
	{ "abcde", "abcd" },
	{ ZHONG ZHONG, ZHONG },
	{ "a" ZHONG ZHONG, "a" ZHONG },
	{ "ab" ZHONG, "ab" },
	{ "abc" ZHONG, "abc" },
	{ "a\xf0\x9f\x98\x80", "a" },
	{ "\xf0\x9f\x98\x80z", "\xf0\x9f\x98\x80" },
	{ "\x80\x80\x80\x80\x80\x80", "\x80\x80\x80\x80" },
};

Test(utf8, is_cut_between_characters)
{
	for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
		struct slice cut = utf8_cut(slice_of(cuts[i].text), 4);

		cr_expect(slice_is(cut, cuts[i].cut), "%s", cuts[i].text);
	}
	cr_expect_eq(utf8_cut(SLICE(""), 0).len, 0);
	cr_expect_eq(utf8_cut(SLICE(ZHONG), 0).len, 0);
}

static const struct {
	const char *text, *clean;
} dirty[] = {
	{ "", "" },
	{ "a" ZHONG "b", "a" ZHONG "b" },
	{ "[" ZHONG "\xe4\xb8] is", "[" ZHONG "?"
				    "?"
				    "] is" },
	{ "a\xe4\xb8", "a" },
	{ "a\xe4", "a" },
	{ "a\xf0\x9f\x98", "a" },
	{ "a\xff", "a?" },
	{ "\xc0\x80", "??" },
	{ "\xed\xa0", "??" },
	{ "\xe4\xff", "??" },
};

Test(utf8, what_is_none_becomes_a_question_mark)
{
	for (size_t i = 0; i < sizeof dirty / sizeof *dirty; i++) {
		char text[32];
		size_t len = strlen(dirty[i].text);

		memcpy(text, dirty[i].text, len);
		len = utf8_clean(text, len);
		cr_expect(
		    slice_is((struct slice){ text, len }, dirty[i].clean), "%.*s", (int)len, text);
	}
}
