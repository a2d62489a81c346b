#include "config.h"

#include <criterion/criterion.h>
#include <stdlib.h>

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

/* The pairs by the rule: up to a \2, parted by the first \1; both sides have something. */
static void
walk_slowly(struct slice text, struct buf *seen)
{
	for (struct slice pair; slice_next(&text, '\2', &pair);) {
		struct slice value = pair, name;

		if (slice_next(&value, '\1', &name) && name.len != 0 && value.len != 0)
			buf_printf(seen, "%.*s=%.*s;", (int)name.len, name.data, (int)value.len,
			    value.data);
	}
}

/* Separators at random places, and names that are known. */
static struct slice
random_text(uint32_t *random, int n)
{
	static const char *const parts[] = { "\1", "\2", "\2TAGS\1", "\2UNIQ_KEY\1", "a", "bcdefg",
		"KEYS\1", "CHECK_IMMUNITY_TIME_IN_SECONDS\1", "TAGS" };
	size_t len = (size_t)n % 90, at = 0;
	char *text = malloc(len != 0 ? len : 1); /* ends where its block ends */

	while (at < len) {
		*random = *random * 1664525 + 1013904223;
		const char *part = parts[(*random >> 20) % (sizeof parts / sizeof *parts)];

		for (; *part != '\0' && at < len; part++)
			text[at++] = *part;
	}
	return (struct slice){ text, len };
}

Test(property, separators_stand_anywhere)
{
	uint32_t random = 1;

	for (int n = 0; n < 20000; n++) {
		struct slice text = random_text(&random, n), rest = text, name, value;
		struct buf seen = { 0 }, wanted = { 0 };
		struct known_properties known;

		walk_slowly(rest, &wanted);
		while (property_next(&rest, &name, &value))
			buf_printf(&seen, "%.*s=%.*s;", (int)name.len, name.data, (int)value.len,
			    value.data);
		cr_assert(slice_equal(buf_slice(&seen), buf_slice(&wanted)), "%d", n);
		properties_read(text, &known);
		cr_assert_eq(known.tags.data, property_find(text, "TAGS").data, "%d", n);
		cr_assert_eq(known.tags.len, property_find(text, "TAGS").len, "%d", n);
		cr_assert_eq(known.keys.data, property_find(text, "KEYS").data, "%d", n);
		cr_assert_eq(known.unique_key.len, property_find(text, "UNIQ_KEY").len, "%d", n);
		cr_assert_eq(known.immunity.data,
		    property_find(text, "CHECK_IMMUNITY_TIME_IN_SECONDS").data, "%d", n);
		buf_release(&seen);
		buf_release(&wanted);
		free((void *)(uintptr_t)text.data);
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
