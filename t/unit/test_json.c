#include "config.h"

#include "common/json/json.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "t/lib/json_tree.h"

TestSuite(json, .timeout = 30);

static const struct accepted {
	struct slice text;
	const char *tree;
} accepted[] = {
	{ SLICE("{}"), "{}" },
	{ SLICE(" [ ] \n"), "[]" },
	{ SLICE("\t{ \"a\" :\r\n1 , \"b\": [true,false,null] }\n"),
	    "{\"a\":1,\"b\":[true,false,null]}" },
	{ SLICE("-0.5e+10"), "-0.5e+10" },
	{ SLICE("\"\""), "\"\"" },
	{ SLICE("{0:\"a\",1:\"b\"}"), "{\"0\":\"a\",\"1\":\"b\"}" },
	{ SLICE("{-1:2}"), "{\"-1\":2}" },
	{ SLICE("{{\"topic\":\"T\",\"queueId\":0}:{\"x\":1},{}:2}"),
	    "{{\"topic\":\"T\",\"queueId\":0}:{\"x\":1},{}:2}" },
	{ SLICE("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\v\\'\\0\\7\""),
	    "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u000B'\\u0000\\u0007\"" },
	{ SLICE("\"raw \1\2\n\""), "\"raw \\u0001\\u0002\\n\"" },
	{ SLICE("\"nul \0 in it\""), "\"nul \\u0000 in it\"" },
	{ SLICE("\"\\u0041\\u00e9\\u4e2d\\x41\\x7f\""), "\"A\303\251\344\270\255A\177\"" },
	{ SLICE("\"\\uD83D\\uDE00\""), "\"\360\237\230\200\"" },
	{ SLICE("\"\\uD83D\\uD83D\\uDE00\""), "\"?\360\237\230\200\"" },
	{ SLICE("\"\\uDE00x\\uD83D\""), "\"?x?\"" },
	{ SLICE("\"long enough to need more than one block, with \\u0001 here\\u0002 and\\\\ "
		"there\""),
	    "\"long enough to need more than one block, with \\u0001 here\\u0002 and\\\\ there\"" },
};

Test(json, texts_that_are_json)
{
	struct arena arena = { 0 };
	struct buf buf = { 0 };

	for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
		const struct json *tree = json_parse(&arena, accepted[i].text);
		struct json_out out;

		cr_assert_not_null(tree, "%s", accepted[i].tree);
		json_out_init(&out, &buf);
		json_tree_write(&out, tree);
		cr_assert_str_eq(buf_text(&buf), accepted[i].tree);
		buf.len = 0;
	}
	buf_release(&buf);
	arena_release(&arena);
}

static const struct slice refused[] = {
	SLICE(""),
	SLICE(" "),
	SLICE("{"),
	SLICE("["),
	SLICE("\""),
	SLICE("\"\\"),
	SLICE("\"\\\""),
	SLICE("{}}"),
	SLICE("{} x"),
	SLICE("[1,]"),
	SLICE("[,1]"),
	SLICE("[1 2]"),
	SLICE("{\"a\"}"),
	SLICE("{\"a\":}"),
	SLICE("{\"a\":1,}"),
	SLICE("{a:1}"),
	SLICE("{true:1}"),
	SLICE("{null:1}"),
	SLICE("{[1]:2}"),
	SLICE("{:1}"),
	SLICE("tru"),
	SLICE("nul"),
	SLICE("-"),
	SLICE("1."),
	SLICE("1e"),
	SLICE("+1"),
	SLICE(".5"),
	SLICE("NaN"),
	SLICE("\"\\u12\""),
	SLICE("\"\\u12G4\""),
	SLICE("\"\\x4\""),
	SLICE("\"\\q\""),
	SLICE("'a'"),
	SLICE("\0"),
	SLICE("{}\0"),
};

Test(json, texts_that_are_not)
{
	struct arena arena = { 0 };

	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		cr_assert_null(json_parse(&arena, refused[i]), "%s", refused[i].data);
	cr_assert_null(json_parse(&arena, SLICE_NONE));
	arena_release(&arena);
}

static struct buf
nested(char open, char close, int depth)
{
	struct buf buf = { 0 };

	for (int i = 0; i < depth; i++)
		buf_append_char(&buf, open);
	for (int i = 0; i < depth; i++)
		buf_append_char(&buf, close);
	return buf;
}

Test(json, depth_is_bounded)
{
	struct arena arena = { 0 };
	struct buf deepest = nested('[', ']', JSON_DEPTH_MAX);
	struct buf deeper = nested('[', ']', JSON_DEPTH_MAX + 1);
	struct buf absurd = nested('{', '}', 1000000);

	cr_assert_not_null(json_parse(&arena, buf_slice(&deepest)));
	cr_assert_null(json_parse(&arena, buf_slice(&deeper)));
	cr_assert_null(json_parse(&arena, buf_slice(&absurd)));
	buf_release(&deepest);
	buf_release(&deeper);
	buf_release(&absurd);
	arena_release(&arena);
}

Test(json, memory_is_bounded)
{
	struct arena arena = { 0 };
	struct buf buf = { 0 };

	buf_append_char(&buf, '[');
	for (int i = 0; i < 2000000; i++)
		buf_append_text(&buf, "1,");
	buf_append_text(&buf, "1]");
	cr_assert_null(json_parse(&arena, buf_slice(&buf)));
	buf_release(&buf);
	arena_release(&arena);
}

Test(json, members_are_found_and_converted)
{
	struct arena arena = { 0 };
	const struct json *tree =
	    json_parse(&arena, SLICE("{\"n\":12,\"s\":\"-7\",\"b\":true,\"t\":\"TRUE\",\"z\":null,"
				     "\"o\":{\"x\":[1,2]},\"d\":1.5,"
				     "\"twice\":1,\"twice\":2,{\"k\":1}:3}"));
	int64_t number = 99;

	cr_assert_eq(tree->n_children, 10);
	cr_assert_eq(json_member_int64(tree, "n", 0), 12);
	cr_assert_eq(json_member_int64(tree, "s", 0), -7);
	cr_assert_eq(json_member_int64(tree, "d", 3), 3);
	cr_assert_eq(json_member_int64(tree, "o", 3), 3);
	cr_assert_eq(json_member_int64(tree, "none", 3), 3);
	cr_assert_eq(json_member_int64(tree, "twice", 0), 2);
	cr_assert_eq(json_int64(json_member(tree, "b"), &number), -1);
	cr_assert_eq(number, 99);
	cr_assert(json_member_bool(tree, "b", false));
	cr_assert(json_member_bool(tree, "t", false));
	cr_assert(!json_member_bool(tree, "n", true));
	cr_assert(json_member_bool(tree, "none", true));
	cr_assert(json_member_bool(tree, "z", true));
	cr_assert(json_is_true(json_member(tree, "b")));
	cr_assert(!json_is_true(NULL));
	cr_assert(slice_is(json_member_text(tree, "n"), "12"));
	cr_assert(slice_is(json_member_text(tree, "b"), "true"));
	cr_assert_null(json_member_text(tree, "z").data);
	cr_assert_null(json_member_text(tree, "o").data);
	cr_assert(slice_is(json_member(tree, "o")->text, "{\"x\":[1,2]}"));
	cr_assert_eq(json_member(json_member(tree, "o"), "x")->n_children, 2);
	cr_assert_null(json_member(json_member(tree, "n"), "x"));
	cr_assert_null(json_member(NULL, "x"));
	arena_release(&arena);
}

Test(json, numbers_are_written_as_java_does)
{
	static const struct {
		double number;
		const char *text;
	} cases[] = {
		{ 0, "0.0" },
		{ -0.0, "-0.0" },
		{ 1.5, "1.5" },
		{ 100, "100.0" },
		{ 0.1, "0.1" },
		{ 0.05, "0.05" },
		{ 0.001, "0.001" },
		{ 0.00012, "1.2E-4" },
		{ 1234567, "1234567.0" },
		{ 12345678, "1.2345678E7" },
		{ 1e300, "1.0E300" },
		{ 123.456, "123.456" },
		{ 1.0 / 3, "0.3333333333333333" },
		{ -2.5e-10, "-2.5E-10" },
		{ NAN, "null" },
		{ INFINITY, "null" },
	};
	struct buf buf = { 0 };
	struct json_out out;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		json_out_init(&out, &buf);
		json_put_double(&out, cases[i].number);
		cr_assert_str_eq(buf_text(&buf), cases[i].text);
		buf.len = 0;
	}
	buf_release(&buf);
}

Test(json, writing_puts_the_commas)
{
	struct buf buf = { 0 };
	struct json_out out;

	json_out_init(&out, &buf);
	json_open_object(&out);
	json_member_put_int(&out, "a", INT64_MIN);
	json_member_put_text(&out, "b", "x\"y");
	json_member_put_slice(&out, "c", SLICE_NONE);
	json_member_put_bool(&out, "d", true);
	json_key_number(&out, 0);
	json_open_array(&out);
	json_put_int(&out, 1);
	json_put_raw(&out, SLICE("{\"r\":1}"));
	json_open_object(&out);
	json_close_object(&out);
	json_close_array(&out);
	json_open_object_key(&out);
	json_open_object(&out);
	json_member_put_text(&out, "k", "v");
	json_close_object(&out);
	json_close_object_key(&out);
	json_put_null(&out);
	json_close_object(&out);
	cr_assert_str_eq(buf_text(&buf),
	    "{\"a\":-9223372036854775808,\"b\":\"x\\\"y\",\"c\":null,\"d\":true,0:[1,{\"r\":1},{}],"
	    "{\"k\":\"v\"}:null}");
	buf_release(&buf);
}

/* Any byte that needs an escape, at any place of a text of any length around those that are copied
 * at once. */
Test(json, what_needs_an_escape_gets_one_wherever_it_stands)
{
	static const struct {
		char c;
		const char *escaped;
	} rows[] = { { 'x', "x" }, { '"', "\\\"" }, { '\\', "\\\\" }, { '\n', "\\n" },
		{ '\0', "\\u0000" }, { '\x1f', "\\u001F" }, { '\x7f', "\x7f" },
		{ '\xff', "\xff" } };
	struct buf buf = { 0 };
	char text[40], wanted[60];

	for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
		for (size_t len = 1; len <= sizeof text; len++) {
			for (size_t at = 0; at < len; at++) {
				memset(text, 'a', len);
				text[at] = rows[row].c;
				memset(wanted, 'a', sizeof wanted);
				wanted[0] = '"';
				size_t end = at + 1 + strlen(rows[row].escaped);
				memcpy(wanted + at + 1, rows[row].escaped, end - at - 1);
				end += len - at - 1;
				wanted[end++] = '"';
				buf.len = 0;
				json_quote(&buf, (struct slice){ text, len });
				cr_assert(
				    slice_equal(buf_slice(&buf), (struct slice){ wanted, end }),
				    "%s", buf_text(&buf));
			}
		}
	}
	buf_release(&buf);
}

Test(json, a_long_text_is_quoted_whole)
{
	struct buf text = { 0 }, quoted = { 0 };

	for (int i = 0; i < 30000; i++)
		buf_append_char(&text, '\n');
	json_quote(&quoted, buf_slice(&text));
	cr_assert_eq(quoted.len, 60002);
	for (size_t i = 0; i < text.len; i++)
		cr_assert_eq(memcmp(quoted.data + 1 + 2 * i, "\\n", 2), 0);
	buf_release(&text);
	buf_release(&quoted);
}

Test(json, integers)
{
	char text[32];
	struct buf buf = { 0 };

	for (int64_t power = 1;; power *= 10) {
		const int64_t numbers[] = { power - 1, power, power + 1, -power, INT64_MIN,
			INT64_MAX };

		for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
			buf.len = 0;
			buf_append_int(&buf, numbers[i]);
			snprintf(text, sizeof text, "%" PRId64, numbers[i]);
			cr_assert_str_eq(buf_text(&buf), text);
		}
		if (power > INT64_MAX / 10)
			break;
	}
	buf_release(&buf);
}
