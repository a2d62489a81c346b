#include "config.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/filter/filter.h"
#include "common/filter/java_number.h"
#include "common/json/json.h"
#include "common/protocol/record.h"
#include "t/unit/vectors.h"

TestSuite(filter, .timeout = 120);

static const char *const result_names[] = {
	[FILTER_FALSE] = "false",
	[FILTER_TRUE] = "true",
	[FILTER_UNKNOWN] = "null",
	[FILTER_ERROR] = "error",
};

/* ---- the verdicts of RocketMQ's own filter -------------------------------- */

struct tally {
	int n_expressions, n_verdicts, n_wrong;
};

static void
wrong(struct tally *tally, const char *path, int line, struct slice expression, const char *what)
{
	if (tally->n_wrong++ < 20)
		fprintf(stderr, "# %s:%d: %.*s: %s\n", path, line, (int)expression.len,
		    expression.data, what);
}

/* Evaluated on plain values, and, where no value is empty, on properties as messages have them. */
static enum filter_result
evaluate(const struct filter *filter, const struct json *properties, bool *same)
{
	struct slice values[FILTER_NAMES_MAX];
	struct buf text = { 0 };
	bool any_empty = false;

	for (size_t i = 0; i < filter_names(filter); i++) {
		char *name = slice_dup(filter_name(filter, i));

		values[i] = json_member_text(properties, name);
		free(name);
	}
	for (const struct json *one = properties->first; one != NULL; one = one->next) {
		any_empty |= one->text.len == 0;
		property_append(&text, one->name, one->text);
	}
	enum filter_result result = filter_evaluate(filter, values);

	*same = any_empty || filter_matches(filter, buf_slice(&text)) == (result == FILTER_TRUE);
	buf_release(&text);
	return result;
}

static void
check_line(const char *path, int line, const struct json *json, struct tally *tally)
{
	struct slice expression = json_member_text(json, "expression");
	struct filter_fault fault;
	struct filter *filter = filter_compile(expression, &fault);
	bool refused = slice_is(json_member_text(json, "compile"), "refused");

	tally->n_expressions++;
	if (refused != (filter == NULL))
		wrong(tally, path, line, expression, refused ? "accepted" : fault.text);
	cr_expect(filter != NULL || fault.text[0] != '\0', "%s:%d: no reason", path, line);
	const struct json *one = json_member(json, "cases")->first;

	for (; one != NULL && filter != NULL; one = one->next) {
		bool same;
		enum filter_result found = evaluate(filter, json_member(one, "properties"), &same);

		tally->n_verdicts++;
		if (!slice_is(json_member_text(one, "result"), result_names[found]) || !same)
			wrong(tally, path, line, expression, result_names[found]);
	}
	filter_unref(filter);
}

static bool
knows(struct slice expression)
{
	static const char *const newer[] = { "contains", "startswith", "endswith" };
	char *text = slice_dup(expression);
	bool known = true;

	for (char *c = text; *c != '\0'; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c | 0x20 : *c);
	for (size_t i = 0; i < sizeof newer / sizeof *newer; i++)
		known &= strstr(text, newer[i]) == NULL;
	free(text);
	return known;
}

/* old: of a release that does not know all words. */
static void
check_file(const char *name, bool old)
{
	char path[4096];
	struct tally tally = { 0 };
	struct arena arena = { 0 };
	char *text = NULL;
	size_t cap = 0;
	ssize_t len;

	vectors_require();
	snprintf(path, sizeof path, "%s/sql92/%s", recording_folder(), name);
	FILE *file = fopen(path, "r");

	if (file == NULL)
		cr_skip_test("no verdicts: %s is missing", path);
	for (int line = 1; (len = getline(&text, &cap, file)) != -1; line++) {
		const struct json *json = json_parse(&arena, (struct slice){ text, (size_t)len });

		cr_assert_not_null(json, "%s:%d", path, line);
		if (!old || knows(json_member_text(json, "expression")))
			check_line(path, line, json, &tally);
		arena_reset(&arena);
	}
	free(text);
	fclose(file);
	arena_release(&arena);
	cr_expect_geq(tally.n_verdicts, 500);
	cr_expect_eq(tally.n_wrong, 0, "%d of %d expressions, %d verdicts", tally.n_wrong,
	    tally.n_expressions, tally.n_verdicts);
}

Test(filter, verdicts_are_those_of_5_3_3)
{
	check_file("5.3.3.jsonl", false);
}

Test(filter, verdicts_are_those_of_4_9_7_in_words_that_it_knows)
{
	check_file("4.9.7.jsonl", true);
}

/* ---- by hand ---------------------------------------------------------------- */

static const struct {
	const char *expression;
	const char *properties; /* name=value, with blanks between */
	enum filter_result result;
} cases[] = {
	{ "a > 5 AND b = 'x' AND region IN ('north', 'south')", "a=6 b=x region=north",
	    FILTER_TRUE },
	{ "a > 5 AND b = 'x' AND region IN ('north', 'south')", "a=5 b=x region=north",
	    FILTER_FALSE },
	/* unknown */
	{ "a > 5", "", FILTER_UNKNOWN },
	{ "NOT (a > 5)", "", FILTER_UNKNOWN },
	{ "a > 5 OR b = 'x'", "b=x", FILTER_TRUE },
	{ "a > 5 AND b = 'x'", "b=y", FILTER_FALSE },
	{ "a IS NULL", "", FILTER_TRUE },
	{ "(a > 5) IS NULL", "", FILTER_TRUE },
	{ "a = b", "", FILTER_TRUE },
	{ "'x' = b", "", FILTER_FALSE },
	{ "NULL", "", FILTER_UNKNOWN },
	/* the first error ends it, unless the left side has decided */
	{ "a > 5 OR b = 'x'", "a=z b=x", FILTER_ERROR },
	{ "b = 'x' OR a > 5", "a=z b=x", FILTER_TRUE },
	{ "b < -(a = 5)", "a=z", FILTER_UNKNOWN },
	{ "b < -(a = 5)", "a=z b=1", FILTER_ERROR },
	{ "b BETWEEN -(a = 5) AND 7", "a=z", FILTER_UNKNOWN },
	{ "b BETWEEN -(a = 5) AND 7", "a=z b=1", FILTER_ERROR },
	{ "-(a = 5) CONTAINS ''", "a=z", FILTER_FALSE },
	/* numbers by the kind of the constant */
	{ "a = 5", "a=2147483648", FILTER_ERROR },
	{ "a > 2147483647", "a=2147483648", FILTER_ERROR },
	{ "a > 2147483648", "a=2147483649", FILTER_TRUE },
	{ "a > 5.0", "a=2147483648", FILTER_TRUE },
	{ "a >= -9223372036854775807", "a=-9223372036854775808", FILTER_FALSE },
	{ "a = 1.5", "a=0x1.8p0", FILTER_TRUE },
	{ "a > 1e300", "a=Infinity", FILTER_TRUE },
	{ "a > 1e300", "a=NaN", FILTER_TRUE },
	{ "a < b", "a=-0 b=0", FILTER_TRUE },
	{ "a < b", "a=9 b=10", FILTER_TRUE },
	{ "a < b", "a=9 b=x", FILTER_ERROR },
	/* booleans */
	{ "t = TRUE", "t=tRuE", FILTER_TRUE },
	{ "t = FALSE", "t=yes", FILTER_TRUE },
	{ "TRUE = t", "t=true", FILTER_ERROR },
	{ "t", "t=true", FILTER_FALSE },
	{ "5 = TRUE", "", FILTER_FALSE },
	/* texts */
	{ "s NOT CONTAINS 'b'", "", FILTER_FALSE },
	{ "s NOT CONTAINS 'b'", "s=abc", FILTER_FALSE },
	{ "s ENDSWITH 'bc'", "s=abc", FILTER_TRUE },
	{ "s startswith 'ab'", "s=abc", FILTER_TRUE },
	{ "s STARTSWITH 'abcd'", "s=abc", FILTER_FALSE },
	/* the last of equal names */
	{ "a = '2'", "a=1 a=2", FILTER_TRUE },
	/* the rest is not looked at */
	{ "a = 1 LIKE 2", "a=1", FILTER_TRUE },
	{ "a = 1)", "a=1", FILTER_TRUE },
	{ "a = 007", "a=0", FILTER_TRUE },
};

static bool
matches(const struct filter *filter, const char *text)
{
	struct buf properties = { 0 };
	struct slice rest = slice_of(text), pair, name;

	while (rest.len != 0 && slice_next(&rest, ' ', &pair)) {
		slice_next(&pair, '=', &name);
		property_append(&properties, name, pair);
	}
	bool result = filter_matches(filter, buf_slice(&properties));

	buf_release(&properties);
	return result;
}

static enum filter_result
evaluate_text(const struct filter *filter, const char *text)
{
	struct slice values[FILTER_NAMES_MAX];
	struct slice rest = slice_of(text), pair, name;

	for (size_t i = 0; i < filter_names(filter); i++)
		values[i] = SLICE_NONE;
	while (rest.len != 0 && slice_next(&rest, ' ', &pair)) {
		slice_next(&pair, '=', &name);
		for (size_t i = 0; i < filter_names(filter); i++)
			if (slice_equal(filter_name(filter, i), name))
				values[i] = pair;
	}
	return filter_evaluate(filter, values);
}

Test(filter, rules_by_hand)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct filter_fault fault;
		struct filter *filter = filter_compile(slice_of(cases[i].expression), &fault);

		cr_expect_not_null(filter, "%s: %s", cases[i].expression, fault.text);
		if (filter == NULL)
			continue;
		enum filter_result result = evaluate_text(filter, cases[i].properties);

		cr_expect_str_eq(result_names[result], result_names[cases[i].result], "%s on %s",
		    cases[i].expression, cases[i].properties);
		cr_expect_eq(matches(filter, cases[i].properties), cases[i].result == FILTER_TRUE);
		filter_unref(filter);
	}
}

static const struct {
	const char *expression, *fault;
} faults[] = {
	{ "", "at character 1: the expression ends where it needs a property or a value" },
	{ "a > 'x'", "at character 5: only numbers and properties have an order, not texts, "
		     "booleans and conditions" },
	{ "a = NULL", "at character 1: nothing equals NULL: write IS NULL or IS NOT NULL" },
	{ "a BETWEEN 5 AND 1", "at character 11: BETWEEN has its greater end first" },
	{ "a IN ('x', 5)", "at character 12: \"5\" stands where it needs a text in quotes" },
	{ "a = 'x", "at character 5: a text has no closing quote" },
	{ "s = '\xE4\xB8\xAD' AND b # 5", "at character 15: no token begins with this character" },
	{ "a = 99999999999999999999", "at character 5: the number needs more than 64 bits" },
	{ "a = 0.0",
	    "at character 5: a number with a point or an exponent must not be 0: write 0" },
	{ "5", "at character 1: a condition is needed, not a value" },
	{ "(a = 5", "at character 7: the expression ends where it needs AND, OR or )" },
	{ "a IS 5", "at character 6: \"5\" stands where it needs NOT or NULL" },
	{ "a IN ('x' 'y')", "at character 11: \"'y'\" stands where it needs ) or ," },
	{ "a NOT 5", "at character 7: \"5\" stands where it needs BETWEEN, IN, CONTAINS, "
		     "STARTSWITH or ENDSWITH" },
	{ "(((((a = \xE4", "at character 10: no token begins with this character" },
	{ "5 IN ('x')", "at character 1: only a property can be IN a list" },
};

Test(filter, a_refusal_has_place_and_reason)
{
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		struct filter_fault fault;
		struct filter *filter = filter_compile(slice_of(faults[i].expression), &fault);

		cr_expect_null(filter, "%s", faults[i].expression);
		cr_expect_str_eq(
		    fault.text, faults[i].fault, "%s: %s", faults[i].expression, fault.text);
		filter_unref(filter);
	}
}

/* ---- limits ----------------------------------------------------------------- */

static struct filter *
compile_repeated(const char *before, const char *part, size_t n, const char *after)
{
	struct filter_fault fault;
	struct buf text = { 0 };

	buf_append_text(&text, before);
	for (size_t i = 0; i < n; i++)
		buf_append_text(&text, part);
	buf_append_text(&text, after);
	struct filter *filter = filter_compile(buf_slice(&text), &fault);

	cr_expect(filter != NULL || strlen(fault.text) > 10);
	buf_release(&text);
	return filter;
}

Test(filter, depth_and_length_are_limited)
{
	static const char *const deep[] = { "(", "NOT ", "NOT (", "- ", "a = (", "a AND (",
		"a < 5 AND (b OR ", "-(1 = " };

	for (size_t i = 0; i < sizeof deep / sizeof *deep; i++) {
		cr_expect_null(compile_repeated("", deep[i], 1000, "a"), "%s", deep[i]);
		cr_expect_null(compile_repeated("", deep[i], FILTER_LENGTH_MAX, "a"));
	}
	struct filter *filter = compile_repeated("a", " AND a", 2000, "");

	cr_assert_not_null(filter);
	cr_expect_lt(filter_size(filter), 200000);
	filter_unref(filter);
	filter = compile_repeated("a IN ('x'", ",'x'", 3000, ")");
	cr_assert_not_null(filter);
	filter_unref(filter);
	filter = compile_repeated("a", " NOT BETWEEN 1 AND 2 IS NULL", 500, "");
	cr_expect_null(filter); /* a condition has no order */
	filter = compile_repeated("", "((((", 5, "a = 1))))))))))))))))))))");
	cr_assert_not_null(filter);
	filter_unref(filter);
}

Test(filter, properties_are_limited)
{
	struct filter_fault fault;
	struct buf text = { 0 };

	for (int i = 0; i < FILTER_NAMES_MAX; i++)
		buf_printf(&text, "%sp%d IS NULL", i == 0 ? "" : " AND ", i);
	struct filter *filter = filter_compile(buf_slice(&text), &fault);

	cr_assert_not_null(filter);
	cr_expect_eq(filter_names(filter), FILTER_NAMES_MAX);
	cr_expect(filter_matches(filter, SLICE_NONE));
	cr_expect_not(filter_matches(filter, SLICE("p63\1x\2")));
	filter_unref(filter);
	buf_append_text(&text, " AND more IS NULL");
	cr_expect_null(filter_compile(buf_slice(&text), &fault));
	cr_expect_str_eq(
	    fault.text, "at character 1015: more than 64 different properties", "%s", fault.text);
	buf_release(&text);
}

/* Twice the length: twice the time, with room for noise. */
Test(filter, time_is_linear_in_the_length)
{
	static const char *const parts[] = { " --", " /*", "'", "-(", " AND NOT a", "a<", "(((((",
		" BETWEEN 1 AND 2", "''''", "+", "IN('" };

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		size_t n = FILTER_LENGTH_MAX / strlen(parts[i]) - 1;
		int64_t start_ms = clock_mono_ms();

		for (int round = 0; round < 10; round++)
			filter_unref(compile_repeated("a", parts[i], n, ""));
		cr_expect_lt(clock_mono_ms() - start_ms, 1000, "%s", parts[i]);
	}
}

/* ---- numbers as Java reads them ---------------------------------------------- */

static const struct {
	const char *text;
	int status;
	double value;
} doubles[] = {
	{ "1", 0, 1 },
	{ " \t1.5\n", 0, 1.5 },
	{ "5.", 0, 5 },
	{ ".5", 0, 0.5 },
	{ "-.5e-1d", 0, -0.05 },
	{ "1e3f", 0, 1000 },
	{ "123456789012345678901234567890", 0, 1.2345678901234568e29 },
	{ "0.1", 0, 0.1 },
	{ "9007199254740993", 0, 9007199254740992.0 },
	{ "0x1p3", 0, 8 },
	{ "0x.8P1D", 0, 1 },
	{ "1e", -1, 0 },
	{ "e1", -1, 0 },
	{ ".", -1, 0 },
	{ "", -1, 0 },
	{ " ", -1, 0 },
	{ "0x10", -1, 0 },
	{ "0xp1", -1, 0 },
	{ "1_000", -1, 0 },
	{ "1L", -1, 0 },
	{ "1ff", -1, 0 },
	{ "+-1", -1, 0 },
	{ "inf", -1, 0 },
	{ "nan", -1, 0 },
	{ "1,5", -1, 0 },
};

Test(filter, doubles_are_read_as_java_reads_them)
{
	for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++) {
		double value = 0;

		cr_expect_eq(java_double(slice_of(doubles[i].text), &value), doubles[i].status,
		    "%s", doubles[i].text);
		cr_expect(
		    java_double_compare(value, doubles[i].value) == 0 || doubles[i].status == -1,
		    "%s: %.17g", doubles[i].text, value);
	}
}

Test(filter, a_long_number_is_a_number)
{
	struct buf text = { 0 };
	double value;

	buf_append_text(&text, "0.");
	for (int i = 0; i < 30000; i++)
		buf_append_char(&text, '0');
	buf_append_text(&text, "1e30001");
	cr_expect_eq(java_double(buf_slice(&text), &value), 0);
	cr_expect_eq(java_double_compare(value, 1), 0, "%.17g", value);
	buf_release(&text);
}

Test(filter, references_keep_it)
{
	struct filter_fault fault;
	struct filter *filter = filter_compile(SLICE("a = 1 -- all"), &fault);

	cr_assert_not_null(filter);
	cr_expect_eq(filter_ref(filter), filter);
	filter_unref(filter);
	cr_expect(filter_matches(filter, SLICE("a\0011\2")));
	cr_expect(slice_is(filter_expression(filter), "a = 1 -- all"));
	cr_expect_eq(filter_ignored(filter), strlen("-- all"));
	filter_unref(filter);
	filter_unref(NULL);
}
