#include "config.h"

/* SQL92 filters: an expression, a NUL, and the properties that it is evaluated on. */

#include "common/filter/filter.h"
#include "common/filter/java_number.h"
#include "common/protocol/record.h"
#include "t/fuzz/fuzz.h"

static void
check_numbers(struct slice text)
{
	double real;
	int64_t wide;
	int32_t small;

	if (java_int(text, &small) == 0)
		must(java_long(text, &wide) == 0 && wide == small);
	if (java_long(text, &wide) == 0 && wide > -(INT64_C(1) << 53) && wide < INT64_C(1) << 53)
		must(java_double(text, &real) == 0 && real == (double)wide);
	if (java_double(text, &real) == 0)
		must(java_double_compare(real, real) == 0);
}

/* Any value of a property; what it says of one input never changes. */
static void
check_evaluation(const struct filter *filter, struct slice properties)
{
	struct slice values[FILTER_NAMES_MAX];
	bool matches = filter_matches(filter, properties);

	must(filter_names(filter) <= FILTER_NAMES_MAX);
	for (size_t i = 0; i < filter_names(filter); i++) {
		char *name = slice_dup(filter_name(filter, i));

		values[i] = property_find(properties, name);
		free(name);
	}
	must((filter_evaluate(filter, values) == FILTER_TRUE) == matches);
	must(filter_cost(filter, properties.len) >= 0);
	for (size_t i = 0; i < filter_names(filter); i++)
		values[i] = properties;
	(void)filter_evaluate(filter, values);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = { (const char *)data, size }, expression;
	struct filter_fault fault;

	if (!slice_next(&rest, '\0', &expression))
		return 0;
	struct filter *filter = filter_compile(expression, &fault);

	check_numbers(rest);
	if (filter == NULL) {
		must(fault.text[0] != '\0' && fault.character >= 1);
		must(fault.character <= expression.len + 1);
		return 0;
	}
	must(slice_equal(filter_expression(filter), expression));
	must(filter_ignored(filter) <= expression.len);
	must(filter_size(filter) < 4096 + 200 * expression.len);
	check_evaluation(filter, rest);
	filter_unref(filter);
	return 0;
}
