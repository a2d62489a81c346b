#include "config.h"

#include "common/filter/filter_build.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/filter/java_number.h"

/* ---- faults --------------------------------------------------------------- */

static size_t
count_characters(struct slice text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		n += ((unsigned char)text.data[i] & 0xC0) != 0x80;
	return n;
}

void
build_fail(struct filter_build *build, size_t at, const char *format, ...)
{
	struct filter_fault *fault = build->fault;
	va_list args;
	int len;

	if (build->failed)
		return;
	build->failed = true;
	fault->character = count_characters((struct slice){ build->text.data, at }) + 1;
	len = snprintf(fault->text, sizeof fault->text, "at character %zu: ", fault->character);
	va_start(args, format);
	vsnprintf(fault->text + len, sizeof fault->text - (size_t)len, format, args);
	va_end(args);
}

/* ---- steps ---------------------------------------------------------------- */

static uint32_t
count_steps(const struct filter_build *build)
{
	return (uint32_t)(build->steps.len / sizeof(struct filter_step));
}

static struct filter_step *
step_at(struct filter_build *build, uint32_t i)
{
	return (struct filter_step *)(void *)build->steps.data + i;
}

static struct value *
constant_at(struct filter_build *build, uint32_t i)
{
	return (struct value *)(void *)build->constants.data + i;
}

static uint32_t
add_step(struct filter_build *build, struct filter_step step)
{
	buf_append(&build->steps, &step, sizeof step);
	return count_steps(build) - 1;
}

static uint32_t
add_constant(struct filter_build *build, struct value value)
{
	buf_append(&build->constants, &value, sizeof value);
	return (uint32_t)(build->constants.len / sizeof value) - 1;
}

/* A step that puts one value more on the stack. */
static struct operand
push(struct filter_build *build, enum operand_kind kind, enum filter_op op, uint32_t arg)
{
	if (++build->height > FILTER_STACK_MAX)
		build_fail(build, build->token_at, "the expression is nested too deeply");
	return (struct operand){
		.kind = kind,
		.first = add_step(build, (struct filter_step){ .op = (uint8_t)op, .arg = arg }),
		.constant = arg,
		.at = build->token_at,
	};
}

/* A step that replaces `n_taken` values by one, which is a condition. */
static struct operand
conclude(struct filter_build *build, struct operand from, uint32_t n_taken, struct filter_step step)
{
	add_step(build, step);
	build->height -= n_taken - 1;
	from.kind = OPERAND_CONDITION;
	return from;
}

/* A skip leads behind the last step. */
static void
land(struct filter_build *build, uint32_t skip)
{
	step_at(build, skip)->arg = count_steps(build);
}

uint32_t
build_skip(struct filter_build *build, enum filter_op op)
{
	return add_step(build, (struct filter_step){ .op = (uint8_t)op });
}

/* ---- operands ------------------------------------------------------------- */

struct operand
build_property(struct filter_build *build, struct slice name)
{
	uint32_t i = 0;

	while (i < build->n_names && !slice_equal(build->names[i], name))
		i++;
	if (i == FILTER_NAMES_MAX) {
		build_fail(
		    build, build->token_at, "more than %d different properties", FILTER_NAMES_MAX);
		i = 0;
	} else if (i == build->n_names) {
		build->names[build->n_names++] = name;
	}
	return push(build, OPERAND_PROPERTY, FILTER_PROPERTY, i);
}

static struct operand
push_constant(struct filter_build *build, struct value value)
{
	return push(build, OPERAND_CONSTANT, FILTER_CONSTANT, add_constant(build, value));
}

/* What stands between the quotes. */
static struct value
decode_text(struct filter_build *build, struct slice literal)
{
	char *start = build->texts + build->texts_len, *to = start;

	for (size_t i = 1; i + 1 < literal.len; i++) {
		*to++ = literal.data[i];
		i += literal.data[i] == '\'';
	}
	build->texts_len += (size_t)(to - start);
	return (struct value){ .type = VALUE_TEXT, .text = { start, (size_t)(to - start) } };
}

struct operand
build_text(struct filter_build *build, struct slice literal)
{
	return push_constant(build, decode_text(build, literal));
}

struct operand
build_integer(struct filter_build *build, struct slice digits)
{
	struct value value = { .type = VALUE_LONG };

	if ((digits.data[digits.len - 1] | 0x20) == 'l')
		digits.len--;
	if (java_long(digits, &value.number) == -1)
		build_fail(build, build->token_at, "the number needs more than 64 bits");
	else if (value.number <= INT32_MAX)
		value.type = VALUE_INT;
	return push_constant(build, value);
}

struct operand
build_real(struct filter_build *build, struct slice digits)
{
	struct value value = { .type = VALUE_DOUBLE };

	/* As ConstantExpression.createFloat: so 0.0 is refused too. */
	if (java_double(digits, &value.real) == -1 || isinf(value.real))
		build_fail(build, build->token_at, "the number is greater than a double can be");
	else if (value.real == 0)
		build_fail(build, build->token_at,
		    "a number with a point or an exponent must not be 0: write 0");
	return push_constant(build, value);
}

struct operand
build_boolean(struct filter_build *build, bool boolean)
{
	return push_constant(build, (struct value){ .type = VALUE_BOOLEAN, .boolean = boolean });
}

struct operand
build_null(struct filter_build *build)
{
	return push_constant(build, (struct value){ .type = VALUE_NULL });
}

/* VALUE_NULL for what is no constant, and for NULL. */
static enum value_type
constant_type(struct filter_build *build, struct operand operand)
{
	return operand.kind == OPERAND_CONSTANT ? constant_at(build, operand.constant)->type
	                                        : VALUE_NULL;
}

static bool
is_number(enum value_type type)
{
	return type == VALUE_INT || type == VALUE_LONG || type == VALUE_DOUBLE;
}

/* A number changes its sign now. Of anything else a minus makes NULL, when it is evaluated. */
struct operand
build_negate(struct filter_build *build, struct operand operand)
{
	struct filter_step *last = step_at(build, count_steps(build) - 1);
	struct value *value = last->op == FILTER_CONSTANT ? constant_at(build, last->arg) : NULL;

	if (value == NULL || operand.kind == OPERAND_CONDITION || !is_number(value->type))
		add_step(build, (struct filter_step){ .op = FILTER_TO_NULL });
	else if (value->type == VALUE_DOUBLE)
		value->real = -value->real;
	else
		value->number = -value->number;
	operand.kind = OPERAND_NEGATED;
	return operand;
}

/* ---- conditions ----------------------------------------------------------- */

struct operand
build_condition(struct filter_build *build, struct operand operand)
{
	if (operand.kind == OPERAND_PROPERTY)
		return conclude(build, operand, 1, (struct filter_step){ .op = FILTER_CAST });
	if (operand.kind == OPERAND_NEGATED ||
	    (operand.kind == OPERAND_CONSTANT &&
		constant_at(build, operand.constant)->type > VALUE_BOOLEAN))
		build_fail(build, operand.at, "a condition is needed, not a value");
	return operand;
}

struct operand
build_not(struct filter_build *build, struct operand operand)
{
	operand = build_condition(build, operand);
	return conclude(build, operand, 1, (struct filter_step){ .op = FILTER_NOT });
}

struct operand
build_equal(struct filter_build *build, struct operand left, struct operand right, bool negated)
{
	enum value_type left_type = constant_type(build, left);
	enum value_type right_type = constant_type(build, right);

	if ((left.kind == OPERAND_CONSTANT && left_type == VALUE_NULL) ||
	    (right.kind == OPERAND_CONSTANT && right_type == VALUE_NULL))
		build_fail(build, left.at, "nothing equals NULL: write IS NULL or IS NOT NULL");
	else if (left_type == VALUE_BOOLEAN && right.kind == OPERAND_CONSTANT &&
		 right_type != VALUE_BOOLEAN)
		build_fail(build, right.at, "a boolean is compared with another kind of value");
	return conclude(
	    build, left, 2, (struct filter_step){ .op = FILTER_EQUAL, .negated = negated });
}

struct operand
build_is_null(struct filter_build *build, struct operand operand, bool negated)
{
	return conclude(
	    build, operand, 1, (struct filter_step){ .op = FILTER_IS_NULL, .negated = negated });
}

/* As checkLessThanOperand: numbers, and what may become one. */
static void
check_ordered(struct filter_build *build, struct operand operand)
{
	if (operand.kind == OPERAND_CONDITION ||
	    (operand.kind == OPERAND_CONSTANT && !is_number(constant_type(build, operand))))
		build_fail(build, operand.at,
		    "only numbers and properties have an order, not texts, booleans and "
		    "conditions");
}

/*
 * An operand that is one step cannot fail, so nothing is gained by skipping it: the step before it
 * goes.
 */
static void
drop_skip(struct filter_build *build, uint32_t skip)
{
	struct filter_step *at = step_at(build, skip);

	at[0] = at[1];
	build->steps.len -= sizeof *at;
}

struct operand
build_order(struct filter_build *build, struct operand left, uint32_t skip, struct operand right,
    enum filter_op op)
{
	bool simple = count_steps(build) - skip == 2;

	check_ordered(build, left);
	check_ordered(build, right);
	if (simple)
		drop_skip(build, skip);
	struct operand result = conclude(build, left, 2, (struct filter_step){ .op = (uint8_t)op });

	if (!simple)
		land(build, skip);
	return result;
}

struct operand
build_search(struct filter_build *build, struct operand operand, struct slice literal,
    enum filter_op op, bool negated)
{
	struct value value = decode_text(build, literal);

	if (value.text.len == 0) {
		/* Never true, with NOT neither, and the operand is not looked at. */
		build->steps.len = operand.first * sizeof(struct filter_step);
		add_step(
		    build, (struct filter_step){
			       .op = FILTER_CONSTANT,
			       .arg = add_constant(build, (struct value){ .type = VALUE_BOOLEAN }),
			   });
		operand.kind = OPERAND_CONDITION;
		return operand;
	}
	return conclude(build, operand, 1,
	    (struct filter_step){
		.op = (uint8_t)op,
		.negated = negated,
		.arg = add_constant(build, value),
	    });
}

/* ---- BETWEEN, IN ---------------------------------------------------------- */

uint32_t
build_between_low(struct filter_build *build, bool negated)
{
	return add_step(
	    build, (struct filter_step){ .op = FILTER_BETWEEN_LOW, .negated = negated });
}

static void
check_ends(struct filter_build *build, struct operand low, struct operand high)
{
	if (low.kind != OPERAND_CONSTANT || high.kind != OPERAND_CONSTANT || build->failed)
		return;
	if (value_compare_numbers(
		constant_at(build, low.constant), constant_at(build, high.constant)) > 0)
		build_fail(build, low.at, "BETWEEN has its greater end first");
}

struct operand
build_between(struct filter_build *build, struct operand value, const struct between *between,
    struct operand high)
{
	bool negated = step_at(build, between->low_step)->negated;

	check_ordered(build, value);
	check_ordered(build, between->low);
	check_ordered(build, high);
	if (!negated)
		check_ends(build, between->low, high);
	struct operand result = conclude(
	    build, value, 3, (struct filter_step){ .op = FILTER_BETWEEN_HIGH, .negated = negated });

	land(build, between->skip);
	land(build, between->low_step);
	return result;
}

uint32_t
build_item(struct filter_build *build, struct slice literal)
{
	return add_constant(build, decode_text(build, literal));
}

struct operand
build_in(struct filter_build *build, struct operand operand, uint32_t first, bool negated)
{
	uint32_t n = (uint32_t)(build->constants.len / sizeof(struct value)) - first;

	if (operand.kind != OPERAND_PROPERTY)
		build_fail(build, operand.at, "only a property can be IN a list");
	return conclude(build, operand, 1,
	    (struct filter_step){
		.op = FILTER_IN, .negated = negated, .n = (uint16_t)n, .arg = first });
}

/* ---- AND, OR -------------------------------------------------------------- */

struct operand
build_logic(struct filter_build *build, struct operand left, uint32_t skip, struct operand right,
    enum filter_op op)
{
	build_condition(build, right);
	struct operand result = conclude(build, left, 2, (struct filter_step){ .op = (uint8_t)op });

	land(build, skip);
	return result;
}
