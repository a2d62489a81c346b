#include "config.h"

#include <criterion/criterion.h>

#include "common/protocol/record.h"

TestSuite(property, .timeout = 10);

/* What a walk sees: "name=value;" for each. */
static const struct {
	struct slice properties;
	const char *pairs;
} walks[] = {
	{ SLICE(""), "" },
	{ SLICE("KEYS\1k1 k2\2TAGS\1A\2"), "KEYS=k1 k2;TAGS=A;" },
	{ SLICE("KEYS\1k\2TAGS\1A"), "KEYS=k;TAGS=A;" },
	{ SLICE("\2\2a\1b\2\2"), "a=b;" },
	{ SLICE("a\1b\1c\2"), "a=b\1c;" },
	{ SLICE("no value\2\1no name\2empty\1\2a\1b\2"), "a=b;" },
	{ SLICE("\1"), "" },
	{ SLICE("x"), "" },
};

Test(property, the_walk)
{
	for (size_t i = 0; i < sizeof walks / sizeof *walks; i++) {
		struct slice rest = walks[i].properties;
		struct slice name;
		struct slice value;
		struct buf seen = { 0 };

		while (property_next(&rest, &name, &value)) {
			buf_append_slice(&seen, name);
			buf_append_char(&seen, '=');
			buf_append_slice(&seen, value);
			buf_append_char(&seen, ';');
		}
		cr_assert_str_eq(buf_text(&seen), walks[i].pairs);
		buf_release(&seen);
	}
}

Test(property, finding_one)
{
	struct slice properties = SLICE("KEY\1no\2KEYS\1k\2WAIT\1true\2KEYS\1last\2TAGS\1A");

	cr_assert(slice_is(property_find(properties, "KEYS"), "last"));
	cr_assert(slice_is(property_find(properties, "TAGS"), "A"));
	cr_assert_null(property_find(properties, "TAG").data);
	cr_assert_null(property_find(properties, "true").data);
	cr_assert_null(property_find(SLICE_NONE, "TAGS").data);
}

Test(property, appending_puts_the_separator_that_is_missing)
{
	struct buf buf = { 0 };

	property_append(&buf, SLICE("a"), SLICE("1"));
	cr_assert_str_eq(buf_text(&buf), "a\0011\2");
	property_append(&buf, SLICE("b"), SLICE("2"));
	cr_assert_str_eq(buf_text(&buf), "a\0011\2b\0012\2");
	buf.len--;
	property_append(&buf, SLICE("c"), SLICE("3"));
	cr_assert_str_eq(buf_text(&buf), "a\0011\2b\0012\2c\0013\2");
	buf_release(&buf);
}

Test(property, copying_without_some)
{
	static const char *const names[] = { "WAIT", "DELAY", NULL };
	static const char *const none[] = { NULL };
	struct slice properties = SLICE("WAIT\1true\2KEYS\1k\2DELAY\0013\2TAGS\1A");
	struct buf buf = { 0 };

	property_copy_without(&buf, properties, names);
	cr_assert_str_eq(buf_text(&buf), "KEYS\1k\2TAGS\1A\2");
	buf.len = 0;
	property_copy_without(&buf, properties, none);
	cr_assert_str_eq(buf_text(&buf), "WAIT\1true\2KEYS\1k\2DELAY\0013\2TAGS\1A\2");
	buf_release(&buf);
}

Test(property, dropping_what_was_read)
{
	static const struct {
		struct slice properties;
		unsigned dropped;
		const char *left;
	} cases[] = {
		{ SLICE(""), PROPERTY_DELAY, "" },
		{ SLICE("KEYS\1k\2DELAY\0013"), 0, "KEYS\1k\2DELAY\0013" },
		{ SLICE("KEYS\1k\2DELAY\0013"), PROPERTY_DELAY, "KEYS\1k\2" },
		{ SLICE("DELAY\0013\2KEYS\1k\2"), PROPERTY_DELAY, "KEYS\1k\2" },
		{ SLICE("DELAY\0013\2"), PROPERTY_DELAY, "" },
		{ SLICE("DELAY\0013"), PROPERTY_REAL_TOPIC, "DELAY\0013" },
		{ SLICE("REAL_QID\0011\2TRAN_MSG\1true\2REAL_TOPIC\1T\2TAGS\1A\2"),
		    PROPERTY_TRANSACTION | PROPERTY_REAL_TOPIC | PROPERTY_REAL_QUEUE, "TAGS\1A\2" },
		{ SLICE("TRAN_MSG\1true\2TAGS\1A\2REAL_TOPIC\1T\2B\1C\2REAL_QID\0010\2"),
		    PROPERTY_TRANSACTION | PROPERTY_REAL_QUEUE, "TAGS\1A\2REAL_TOPIC\1T\2B\1C\2" },
		{ SLICE("REAL_QID\0011\2TAGS\1A\2REAL_QID\0012\2"), PROPERTY_REAL_QUEUE,
		    "TAGS\1A\2" },
		{ SLICE("TAGS\1A\2TAGS\1B\2DELAY\0013\2"), PROPERTY_DELAY, "TAGS\1A\2TAGS\1B\2" },
	};
	struct arena arena = { 0 };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct known_properties known;

		properties_read(cases[i].properties, &known);
		cr_assert(
		    slice_is(properties_drop(cases[i].properties, &known, cases[i].dropped, &arena),
			cases[i].left),
		    "%zu", i);
	}
	arena_release(&arena);
}

Test(property, tags_hash_as_in_java)
{
	static const struct {
		struct slice tag;
		int32_t hash;
	} cases[] = {
		{ SLICE(""), 0 },
		{ SLICE("a"), 97 },
		{ SLICE("TagA"), 2598919 },
		{ SLICE("polygenelubricants"), INT32_MIN },
		{ SLICE("\344\270\255\346\226\207"), 646394 }, /* U+4E2D U+6587 */
		{ SLICE("\360\237\230\200"), 1772899 },        /* U+1F600: two units */
		{ SLICE("\377"), 0xFFFD },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		cr_assert_eq(tag_hash(cases[i].tag), cases[i].hash, "%zu: %lld", i,
		    (long long)tag_hash(cases[i].tag));
	cr_assert_eq(tag_hash(SLICE_NONE), 0);
}

Test(property, only_two_bars_separate_tags)
{
	static const struct {
		const char *text;
		const char *tags; /* each in brackets */
	} cases[] = {
		{ "", "" },
		{ " || ", "" },
		{ "a", "[a]" },
		{ "a|b", "[a|b]" },
		{ "a||b", "[a][b]" },
		{ " a || b ||", "[a][b]" },
		{ "a|||b", "[a][|b]" }, /* as Java splits it */
		{ "||||a", "[a]" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct slice rest = slice_of(cases[i].text), tag;
		struct buf seen = { 0 };

		while (tags_next(&rest, &tag))
			buf_printf(&seen, "[%.*s]", (int)tag.len, tag.data);
		cr_assert_str_eq(buf_text(&seen), cases[i].tags, "%zu", i);
		buf_release(&seen);
	}
}
