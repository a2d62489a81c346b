#include "config.h"

/* The stack machine: values of RocketMQ's expression classes, one step after the other. */

#include "common/filter/filter_program.h"
#include "common/filter/java_number.h"

static struct value
null_value(void)
{
	return (struct value){ .type = VALUE_NULL };
}

static struct value
boolean_value(bool boolean)
{
	return (struct value){ .type = VALUE_BOOLEAN, .boolean = boolean };
}

static bool
is_boolean(const struct value *value, bool boolean)
{
	return value->type == VALUE_BOOLEAN && value->boolean == boolean;
}

/* ---- comparing ------------------------------------------------------------ */

static double
real_of(const struct value *number)
{
	return number->type == VALUE_DOUBLE ? number->real : (double)number->number;
}

int
value_compare_numbers(const struct value *a, const struct value *b)
{
	if (a->type == VALUE_DOUBLE || b->type == VALUE_DOUBLE)
		return java_double_compare(real_of(a), real_of(b));
	return (a->number > b->number) - (a->number < b->number);
}

/* The text as the kind of number that the other side is. -1: it is none. */
static int
read_number(struct slice text, enum value_type type, struct value *number)
{
	int32_t small;

	number->type = type;
	if (type == VALUE_DOUBLE)
		return java_double(text, &number->real);
	if (type == VALUE_LONG)
		return java_long(text, &number->number);
	if (java_int(text, &small) == -1)
		return -1;
	number->number = small;
	return 0;
}

/* A text and a number, in this order. */
static int
compare_text(struct slice text, const struct value *number, int *order)
{
	struct value read;

	if (read_number(text, number->type, &read) == -1)
		return -1;
	*order = value_compare_numbers(&read, number);
	return 0;
}

/* Neither is NULL. 0, or -1: an error. */
static int
compare_equal(const struct value *left, const struct value *right, bool *equal)
{
	int order = -1;

	if (left->type == VALUE_TEXT && right->type == VALUE_TEXT) {
		*equal = slice_equal(left->text, right->text);
		return 0;
	}
	if (left->type == VALUE_BOOLEAN || right->type == VALUE_BOOLEAN) {
		if (left->type == VALUE_BOOLEAN && right->type == VALUE_TEXT)
			return -1; /* Java casts the boolean to a text */
		if (left->type == right->type)
			*equal = left->boolean == right->boolean;
		else
			*equal = left->type == VALUE_TEXT &&
			         slice_equal_nocase(left->text, SLICE("true")) == right->boolean;
		return 0;
	}
	int status = left->type == VALUE_TEXT    ? compare_text(left->text, right, &order)
	             : right->type == VALUE_TEXT ? compare_text(right->text, left, &order)
	                                         : 0;

	if (left->type != VALUE_TEXT && right->type != VALUE_TEXT)
		order = value_compare_numbers(left, right);
	*equal = order == 0;
	return status;
}

/* A missing left side is unknown, a missing right side is different. */
static int
equal(struct value *left, const struct value *right, bool negated)
{
	bool same;

	if (left->type == VALUE_NULL || right->type == VALUE_NULL) {
		if (left->type != VALUE_NULL)
			*left = boolean_value(negated);
		else if (right->type == VALUE_NULL)
			*left = boolean_value(!negated);
		return 0;
	}
	if (compare_equal(left, right, &same) == -1)
		return -1;
	*left = boolean_value(same != negated);
	return 0;
}

/* Numbers, and texts that are some; neither is NULL. */
static int
compare_order(const struct value *left, const struct value *right, int *order)
{
	if (left->type == VALUE_TEXT && right->type == VALUE_TEXT) {
		double a, b;

		if (java_double(left->text, &a) == -1 || java_double(right->text, &b) == -1)
			return -1;
		*order = java_double_compare(a, b);
		return 0;
	}
	if (left->type == VALUE_TEXT)
		return compare_text(left->text, right, order);
	if (right->type != VALUE_TEXT) {
		*order = value_compare_numbers(left, right);
		return 0;
	}
	int status = compare_text(right->text, left, order);

	*order = -*order;
	return status;
}

static bool
holds(enum filter_op op, int order)
{
	switch (op) {
	case FILTER_LESS:
		return order < 0;
	case FILTER_LESS_EQUAL:
		return order <= 0;
	case FILTER_GREATER:
		return order > 0;
	default:
		return order >= 0;
	}
}

/* left op right, into *result. */
static int
ordered(
    const struct value *left, const struct value *right, enum filter_op op, struct value *result)
{
	int order = 0;

	if (left->type == VALUE_NULL || right->type == VALUE_NULL) {
		*result = null_value();
		return 0;
	}
	if (compare_order(left, right, &order) == -1)
		return -1;
	*result = boolean_value(holds(op, order));
	return 0;
}

/* ---- other conditions ------------------------------------------------------ */

static bool
found(struct slice text, struct slice what, enum filter_op op)
{
	if (what.len > text.len)
		return false;
	if (op == FILTER_STARTS)
		return memcmp(text.data, what.data, what.len) == 0;
	if (op == FILTER_ENDS)
		return memcmp(text.data + text.len - what.len, what.data, what.len) == 0;
	return memmem(text.data, text.len, what.data, what.len) != NULL;
}

/* False, with NOT too, for what is missing or no text. */
static void
search(struct value *top, const struct filter *filter, const struct filter_step *step)
{
	bool is_text = top->type == VALUE_TEXT;
	bool result = is_text && found(top->text, filter->constants[step->arg].text,
				     (enum filter_op)step->op) != step->negated;

	*top = boolean_value(result);
}

static void
in(struct value *top, const struct filter *filter, const struct filter_step *step)
{
	const struct value *items = &filter->constants[step->arg];
	bool any = false;

	if (top->type == VALUE_NULL)
		return;
	for (unsigned i = 0; i < step->n && !any; i++)
		any = slice_equal(items[i].text, top->text);
	*top = boolean_value(any != step->negated);
}

static void
invert(struct value *top)
{
	if (top->type == VALUE_BOOLEAN)
		top->boolean = !top->boolean;
}

/* AND: `decides` is false; OR: true. The left side has not decided. */
static void
combine(struct value *left, const struct value *right, bool decides)
{
	if (is_boolean(right, decides))
		*left = boolean_value(decides);
	else if (left->type == VALUE_NULL || right->type == VALUE_NULL)
		*left = null_value();
	else
		*left = boolean_value(!decides);
}

/* ---- steps ---------------------------------------------------------------- */

struct machine {
	const struct filter *filter;
	const struct slice *values;
	struct value *top; /* the last value */
	uint32_t at;       /* the next step */
};

static void
push(struct machine *machine, const struct filter_step *step)
{
	struct value *top = ++machine->top;

	if (step->op == FILTER_CONSTANT) {
		*top = machine->filter->constants[step->arg];
		return;
	}
	top->text = machine->values[step->arg];
	top->type = top->text.data != NULL ? VALUE_TEXT : VALUE_NULL;
}

/* BETWEEN is false when its low end says so, NOT BETWEEN true. */
static int
between_low(struct machine *machine, const struct filter_step *step)
{
	struct value *low = machine->top, *value = low - 1;

	if (ordered(value, low, step->negated ? FILTER_LESS : FILTER_GREATER_EQUAL, low) == -1)
		return -1;
	if (is_boolean(low, step->negated)) {
		*value = *low;
		machine->top = value;
		machine->at = step->arg;
	}
	return 0;
}

static int
between_high(struct machine *machine, const struct filter_step *step)
{
	struct value *high = machine->top, *result = high - 1, *value = high - 2;

	if (ordered(value, high, step->negated ? FILTER_GREATER : FILTER_LESS_EQUAL, high) == -1)
		return -1;
	combine(result, high, step->negated);
	*value = *result;
	machine->top = value;
	return 0;
}

/* A step that takes two values and leaves one. */
static int
join(struct machine *machine, const struct filter_step *step)
{
	struct value *right = machine->top--, *left = machine->top;

	switch ((enum filter_op)step->op) {
	case FILTER_EQUAL:
		return equal(left, right, step->negated);
	case FILTER_AND:
	case FILTER_OR:
		combine(left, right, step->op == FILTER_OR);
		return 0;
	default:
		return ordered(left, right, (enum filter_op)step->op, left);
	}
}

static bool
skips(const struct value *top, enum filter_op op)
{
	if (op == FILTER_IF_NULL)
		return top->type == VALUE_NULL;
	return is_boolean(top, op == FILTER_IF_TRUE);
}

/* A step that changes one value, or may skip. */
static void
change(struct machine *machine, const struct filter_step *step)
{
	struct value *top = machine->top;

	switch ((enum filter_op)step->op) {
	case FILTER_TO_NULL:
		*top = null_value();
		break;
	case FILTER_CAST:
		if (top->type != VALUE_NULL)
			*top = boolean_value(false);
		break;
	case FILTER_NOT:
		invert(top);
		break;
	case FILTER_IS_NULL:
		*top = boolean_value((top->type == VALUE_NULL) != step->negated);
		break;
	case FILTER_IN:
		in(top, machine->filter, step);
		break;
	case FILTER_CONTAINS:
	case FILTER_STARTS:
	case FILTER_ENDS:
		search(top, machine->filter, step);
		break;
	default:
		if (skips(top, (enum filter_op)step->op))
			machine->at = step->arg;
		break;
	}
}

/* 0, or -1: an error. */
static int
run(struct machine *machine, const struct filter_step *step)
{
	switch ((enum filter_op)step->op) {
	case FILTER_PROPERTY:
	case FILTER_CONSTANT:
		push(machine, step);
		return 0;
	case FILTER_EQUAL:
	case FILTER_LESS:
	case FILTER_LESS_EQUAL:
	case FILTER_GREATER:
	case FILTER_GREATER_EQUAL:
	case FILTER_AND:
	case FILTER_OR:
		return join(machine, step);
	case FILTER_BETWEEN_LOW:
		return between_low(machine, step);
	case FILTER_BETWEEN_HIGH:
		return between_high(machine, step);
	default:
		change(machine, step);
		return 0;
	}
}

enum filter_result
filter_evaluate(const struct filter *filter, const struct slice *values)
{
	struct value stack[FILTER_STACK_MAX + 1];
	struct machine machine = { .filter = filter, .values = values, .top = stack };

	while (machine.at < filter->n_steps) {
		if (run(&machine, &filter->steps[machine.at++]) == -1)
			return FILTER_ERROR;
	}
	if (machine.top->type != VALUE_BOOLEAN)
		return FILTER_UNKNOWN;
	return machine.top->boolean ? FILTER_TRUE : FILTER_FALSE;
}
