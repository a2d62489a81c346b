#include "config.h"

/* The tokens of SQL92 expressions, as RocketMQ 5.3.3 has them (SelectorParser.jj). */

#include <strings.h>

#include "common/filter/sql_grammar.h"

static const struct keyword {
	struct slice name;
	int token;
} keywords[] = {
	{ { "AND", 3 }, SQL_AND },
	{ { "BETWEEN", 7 }, SQL_BETWEEN },
	{ { "CONTAINS", 8 }, SQL_CONTAINS },
	{ { "ENDSWITH", 8 }, SQL_ENDSWITH },
	{ { "FALSE", 5 }, SQL_FALSE },
	{ { "IN", 2 }, SQL_IN },
	{ { "IS", 2 }, SQL_IS },
	{ { "NOT", 3 }, SQL_NOT },
	{ { "NULL", 4 }, SQL_NULL },
	{ { "OR", 2 }, SQL_OR },
	{ { "STARTSWITH", 10 }, SQL_STARTSWITH },
	{ { "TRUE", 4 }, SQL_TRUE },
};

static const struct sign {
	struct slice text; /* the longer of two comes first */
	int token;
} signs[] = {
	{ { "<>", 2 }, SQL_NOT_EQUAL },
	{ { "<=", 2 }, SQL_LESS_EQUAL },
	{ { "<", 1 }, SQL_LESS },
	{ { ">=", 2 }, SQL_GREATER_EQUAL },
	{ { ">", 1 }, SQL_GREATER },
	{ { "=", 1 }, SQL_EQUAL },
	{ { "(", 1 }, SQL_OPEN },
	{ { ")", 1 }, SQL_CLOSE },
	{ { ",", 1 }, SQL_COMMA },
	{ { "+", 1 }, SQL_PLUS },
	{ { "-", 1 }, SQL_MINUS },
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_name_start(char c)
{
	return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' || c == '$';
}

/* ---- what is no token ---------------------------------------------------- */

/* A comment that begins there, to its end; 0 when there is none. One without an end is none. */
static size_t
comment_length(struct slice rest)
{
	if (rest.len < 2)
		return 0;
	if (rest.data[0] == '-' && rest.data[1] == '-') {
		for (size_t i = 2; i < rest.len; i++) {
			if (rest.data[i] == '\n' || rest.data[i] == '\r')
				return i + 1;
		}
	} else if (rest.data[0] == '/' && rest.data[1] == '*') {
		const char *end = memmem(rest.data + 2, rest.len - 2, "*/", 2);

		return end != NULL ? (size_t)(end + 2 - rest.data) : 0;
	}
	return 0;
}

static struct slice
rest_of(const struct filter_build *build)
{
	return (struct slice){ build->text.data + build->at, build->text.len - build->at };
}

/*
 * Without the mark, each "--" of a text that has no line end would be searched to the end: that is
 * quadratic.
 */
static size_t
skip_comment(struct filter_build *build, struct slice rest)
{
	bool line = rest.data[0] == '-';
	bool *none = line ? &build->no_line_ends : &build->no_comment_ends;

	if (*none)
		return 0;
	size_t len = comment_length(rest);

	if (len == 0 && rest.len >= 2 && rest.data[1] == (line ? '-' : '*'))
		*none = true;
	return len;
}

static void
skip_blanks(struct filter_build *build)
{
	while (build->at != build->text.len) {
		struct slice rest = rest_of(build);
		size_t len = 0;

		if (memchr(" \t\n\r\f", rest.data[0], 5) != NULL)
			len = 1;
		else if (rest.data[0] == '-' || rest.data[0] == '/')
			len = skip_comment(build, rest);
		if (len == 0)
			return;
		build->at += len;
	}
}

/* ---- tokens -------------------------------------------------------------- */

static size_t
digits_length(struct slice rest, size_t from)
{
	size_t i = from;

	while (i < rest.len && is_digit(rest.data[i]))
		i++;
	return i - from;
}

/* "E", a sign, digits; 0: there is none. */
static size_t
exponent_length(struct slice rest, size_t from)
{
	size_t at = from;

	if (at == rest.len || (rest.data[at] | 0x20) != 'e')
		return 0;
	at++;
	if (at < rest.len && (rest.data[at] == '+' || rest.data[at] == '-'))
		at++;
	size_t digits = digits_length(rest, at);

	return digits != 0 ? at + digits - from : 0;
}

/* The longest of: 0, 12, 12L, 1.5, 1., .5, 1e3. So 007 is three numbers. */
static int
number_token(struct slice rest, size_t *len)
{
	size_t whole = digits_length(rest, 0), all = whole;
	bool real = false;

	if (all < rest.len && rest.data[all] == '.') {
		real = true;
		all += 1 + digits_length(rest, all + 1);
	}
	size_t exponent = exponent_length(rest, all);

	if (real || exponent != 0) {
		*len = all + exponent;
		return SQL_REAL;
	}
	*len = rest.data[0] == '0' ? 1 : whole;
	if (rest.data[0] != '0' && whole < rest.len && (rest.data[whole] | 0x20) == 'l')
		(*len)++;
	return SQL_INTEGER;
}

/* Between quotes; two of them stand for one. 0: no end. */
static size_t
text_length(struct slice rest)
{
	size_t at = 1;

	for (;;) {
		const char *quote = memchr(rest.data + at, '\'', rest.len - at);

		if (quote == NULL)
			return 0;
		at = (size_t)(quote - rest.data) + 1;
		if (at == rest.len || rest.data[at] != '\'')
			return at;
		at++;
	}
}

static int
name_token(struct slice rest, size_t *len)
{
	*len = 1;
	while (*len < rest.len && (is_name_start(rest.data[*len]) || is_digit(rest.data[*len])))
		(*len)++;
	for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
		if (slice_equal_nocase((struct slice){ rest.data, *len }, keywords[i].name))
			return keywords[i].token;
	}
	return SQL_NAME;
}

static int
sign_token(struct slice rest, size_t *len)
{
	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
		*len = signs[i].text.len;
		if (*len <= rest.len && memcmp(rest.data, signs[i].text.data, *len) == 0)
			return signs[i].token;
	}
	*len = 1;
	return SQL_FILTER_error;
}

static int
next_token(struct slice rest, size_t *len)
{
	bool fraction = rest.data[0] == '.' && rest.len > 1 && is_digit(rest.data[1]);

	if (is_name_start(rest.data[0]))
		return name_token(rest, len);
	if (is_digit(rest.data[0]) || fraction)
		return number_token(rest, len);
	if (rest.data[0] != '\'')
		return sign_token(rest, len);
	*len = text_length(rest);
	return *len != 0 ? SQL_TEXT : SQL_FILTER_error;
}

int
filter_lex(FILTER_STYPE *value, struct filter_build *build)
{
	skip_blanks(build);
	build->token_at = build->at;
	if (build->at == build->text.len)
		return SQL_YYEOF;
	struct slice rest = rest_of(build);
	size_t len;
	int token = next_token(rest, &len);

	if (token == SQL_FILTER_error && rest.data[0] == '\'')
		build_fail(build, build->at, "a text has no closing quote");
	else if (token == SQL_FILTER_error)
		build_fail(build, build->at, "no token begins with this character");
	build->at += len;
	value->slice = (struct slice){ rest.data, len };
	return token;
}
