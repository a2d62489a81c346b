/*
 * SQL92 filters: the grammar of RocketMQ 5.3.3 (SelectorParser.jj). As there, the expression ends
 * with the first token that cannot continue it, whatever stands behind.
 */
%code top {
#include "config.h"
}
%code requires {
#include "common/filter/filter_build.h"
}
%code provides {
int filter_lex(FILTER_STYPE *value, struct filter_build *build);
}
%code {
/* The stack does not grow: what would need more is nested too deeply. */
#define YYINITDEPTH 400
#define YYMAXDEPTH YYINITDEPTH

static void filter_error(struct filter_build *build, const char *message);
}

%define api.pure full
%define api.prefix {filter_}
%define api.token.prefix {SQL_}
%define parse.error custom
%param { struct filter_build *build }

%union {
	struct slice slice;
	struct operand operand;
	uint32_t step; /* or a constant */
}

%token <slice> NAME "a property" TEXT "a text in quotes" INTEGER "an integer" REAL "a number"
%token YYEOF 0 "the end"
%token NOT "NOT" AND "AND" OR "OR" BETWEEN "BETWEEN" IN "IN" IS "IS"
%token TRUE "TRUE" FALSE "FALSE" NULL "NULL"
%token CONTAINS "CONTAINS" STARTSWITH "STARTSWITH" ENDSWITH "ENDSWITH"
%token EQUAL "=" NOT_EQUAL "<>" LESS "<" LESS_EQUAL "<=" GREATER ">" GREATER_EQUAL ">="
%token OPEN "(" CLOSE ")" COMMA "," PLUS "+" MINUS "-"
%type <operand> or and equality comparison unary primary
%type <step> skip items

%%

selector:
	or stop { build_condition(build, $1); build->end = build->token_at; YYACCEPT; }

stop:
	YYEOF | NAME | TEXT | INTEGER | REAL | TRUE | FALSE | NULL | OPEN | CLOSE | COMMA | PLUS | MINUS

or:
	and
	| or OR <step>{ $1 = build_condition(build, $1); $$ = build_skip(build, FILTER_IF_TRUE); }[skip] and[right]
		{ $$ = build_logic(build, $1, $skip, $right, FILTER_OR); }

and:
	equality
	| and AND <step>{ $1 = build_condition(build, $1); $$ = build_skip(build, FILTER_IF_FALSE); }[skip] equality[right]
		{ $$ = build_logic(build, $1, $skip, $right, FILTER_AND); }

equality:
	comparison
	| equality EQUAL comparison { $$ = build_equal(build, $1, $3, false); }
	| equality NOT_EQUAL comparison { $$ = build_equal(build, $1, $3, true); }
	| equality IS NULL { $$ = build_is_null(build, $1, false); }
	| equality IS NOT NULL { $$ = build_is_null(build, $1, true); }

comparison:
	unary
	| comparison LESS skip unary { $$ = build_order(build, $1, $3, $4, FILTER_LESS); }
	| comparison LESS_EQUAL skip unary { $$ = build_order(build, $1, $3, $4, FILTER_LESS_EQUAL); }
	| comparison GREATER skip unary { $$ = build_order(build, $1, $3, $4, FILTER_GREATER); }
	| comparison GREATER_EQUAL skip unary { $$ = build_order(build, $1, $3, $4, FILTER_GREATER_EQUAL); }
	| comparison CONTAINS TEXT { $$ = build_search(build, $1, $3, FILTER_CONTAINS, false); }
	| comparison NOT CONTAINS TEXT { $$ = build_search(build, $1, $4, FILTER_CONTAINS, true); }
	| comparison STARTSWITH TEXT { $$ = build_search(build, $1, $3, FILTER_STARTS, false); }
	| comparison NOT STARTSWITH TEXT { $$ = build_search(build, $1, $4, FILTER_STARTS, true); }
	| comparison ENDSWITH TEXT { $$ = build_search(build, $1, $3, FILTER_ENDS, false); }
	| comparison NOT ENDSWITH TEXT { $$ = build_search(build, $1, $4, FILTER_ENDS, true); }
	| comparison BETWEEN skip unary[low] AND
		<step>{ $$ = build_between_low(build, false); }[step] unary[high]
		{ $$ = build_between(build, $1, &(struct between){ $skip, $step, $low }, $high); }
	| comparison NOT BETWEEN skip unary[low] AND
		<step>{ $$ = build_between_low(build, true); }[step] unary[high]
		{ $$ = build_between(build, $1, &(struct between){ $skip, $step, $low }, $high); }
	| comparison IN OPEN items CLOSE { $$ = build_in(build, $1, $4, false); }
	| comparison NOT IN OPEN items CLOSE { $$ = build_in(build, $1, $5, true); }

skip:
	%empty { $$ = build_skip(build, FILTER_IF_NULL); }

items:
	TEXT { $$ = build_item(build, $1); }
	| items COMMA TEXT { $$ = $1; build_item(build, $3); }

unary:
	primary
	| PLUS unary { $$ = $2; }
	| MINUS unary { $$ = build_negate(build, $2); }
	| NOT unary { $$ = build_not(build, $2); }

primary:
	NAME { $$ = build_property(build, $1); }
	| TEXT { $$ = build_text(build, $1); }
	| INTEGER { $$ = build_integer(build, $1); }
	| REAL { $$ = build_real(build, $1); }
	| TRUE { $$ = build_boolean(build, true); }
	| FALSE { $$ = build_boolean(build, false); }
	| NULL { $$ = build_null(build); }
	| OPEN or CLOSE { $$ = $2; }

%%

/* The parser's own complaint, which is about the depth of its stack. */
static void
filter_error(struct filter_build *build, const char *message)
{
	(void)message;
	build_fail(build, build->token_at, "the expression is nested too deeply");
}

/* What could have stood there, as a phrase. */
static void
describe_expected(const yypcontext_t *context, struct buf *text)
{
	yysymbol_kind_t expected[YYNTOKENS];
	int n = yypcontext_expected_tokens(context, expected, YYNTOKENS);

	for (int i = 0; i < n; i++) {
		if (expected[i] == YYSYMBOL_NAME) {
			text->len = 0;
			buf_append_text(text, "a property or a value");
			return;
		}
		/* Behind a value inside brackets. */
		if (expected[i] == YYSYMBOL_OR)
			buf_append_text(text, "AND, ");
		buf_append_text(text, i == 0 ? "" : i == n - 1 ? " or " : ", ");
		buf_append_text(text, yysymbol_name(expected[i]));
	}
}

static int
yyreport_syntax_error(const yypcontext_t *context, struct filter_build *build)
{
	struct slice found = { build->text.data + build->token_at, build->at - build->token_at };
	struct buf wanted = { 0 };

	describe_expected(context, &wanted);
	if (found.len == 0)
		build_fail(build, build->token_at, "the expression ends where it needs %s",
		    buf_text(&wanted));
	else
		build_fail(build, build->token_at, "\"%.*s\" stands where it needs %s",
		    found.len > 20 ? 20 : (int)found.len, found.data, buf_text(&wanted));
	buf_release(&wanted);
	return 0;
}
