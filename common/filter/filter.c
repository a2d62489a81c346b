#include "config.h"

#include "common/filter/filter.h"

/* From the text to a block that never changes, and what can be asked about it. */

#include <stdio.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/filter/filter_build.h"
#include "common/filter/sql_grammar.h"
#include "common/protocol/record.h"

/* ---- compiling ------------------------------------------------------------ */

static void *
take(char **at, const void *from, size_t size)
{
	void *to = *at;

	if (size != 0)
		memcpy(to, from, size);
	*at += size;
	return to;
}

static void
fill_slots(struct filter *filter)
{
	for (uint32_t i = 0; i < filter->n_names; i++) {
		uint8_t *first = &filter->first_name[filter_slot(filter->names[i])];

		filter->next_name[i] = *first;
		*first = (uint8_t)(i + 1);
	}
}

/* All of it in one block: steps, constants, names, then their texts. */
static struct filter *
pack(const struct filter_build *build)
{
	size_t names_size = build->n_names * sizeof build->names[0];
	size_t size = sizeof(struct filter) + build->constants.len + names_size + build->steps.len +
	              build->text.len + build->texts_len;
	struct filter *filter = mem_zalloc(size);
	char *at = (char *)(filter + 1);
	struct value *constants = take(&at, build->constants.data, build->constants.len);
	struct slice *names = take(&at, build->names, names_size);

	atomic_init(&filter->n_refs, 1);
	filter->size = size;
	filter->n_constants = (uint32_t)(build->constants.len / sizeof *constants);
	filter->n_names = build->n_names;
	filter->n_steps = (uint32_t)(build->steps.len / sizeof filter->steps[0]);
	filter->ignored = build->text.len - build->end;
	filter->constants = constants;
	filter->names = names;
	filter->steps = take(&at, build->steps.data, build->steps.len);
	filter->expression =
	    (struct slice){ take(&at, build->text.data, build->text.len), build->text.len };
	const char *texts = take(&at, build->texts, build->texts_len);

	for (uint32_t i = 0; i < filter->n_constants; i++) {
		if (constants[i].type == VALUE_TEXT)
			constants[i].text.data = texts + (constants[i].text.data - build->texts);
	}
	for (uint32_t i = 0; i < filter->n_names; i++)
		names[i].data = filter->expression.data + (names[i].data - build->text.data);
	fill_slots(filter);
	return filter;
}

struct filter *
filter_compile(struct slice expression, struct filter_fault *fault)
{
	struct filter *filter = NULL;
	struct filter_build build = { .text = expression, .fault = fault };

	*fault = (struct filter_fault){ .character = 1 };
	if (expression.len > FILTER_LENGTH_MAX) {
		snprintf(fault->text, sizeof fault->text, "it has %zu bytes, %d are allowed",
		    expression.len, FILTER_LENGTH_MAX);
		return NULL;
	}
	if (expression.len == 0)
		build.text = SLICE("");
	build.texts = mem_alloc(expression.len + 1);
	if (filter_parse(&build) == 0 && !build.failed)
		filter = pack(&build);
	buf_release(&build.steps);
	buf_release(&build.constants);
	free(build.texts);
	return filter;
}

struct filter *
filter_ref(const struct filter *filter)
{
	struct filter *it = (struct filter *)(uintptr_t)filter;

	atomic_fetch_add_explicit(&it->n_refs, 1, memory_order_relaxed);
	return it;
}

void
filter_unref(const struct filter *filter)
{
	struct filter *it = (struct filter *)(uintptr_t)filter;

	if (it != NULL && atomic_fetch_sub_explicit(&it->n_refs, 1, memory_order_acq_rel) == 1)
		free(it);
}

/* ---- asking --------------------------------------------------------------- */

size_t
filter_names(const struct filter *filter)
{
	return filter->n_names;
}

struct slice
filter_name(const struct filter *filter, size_t i)
{
	return filter->names[i];
}

struct slice
filter_expression(const struct filter *filter)
{
	return filter->expression;
}

size_t
filter_ignored(const struct filter *filter)
{
	return filter->ignored;
}

size_t
filter_size(const struct filter *filter)
{
	return filter->size;
}

/* The walk, then each step: it may look at all of a property, or at a list of constants. */
int64_t
filter_cost(const struct filter *filter, size_t properties_len)
{
	return (int64_t)(properties_len + filter->n_constants * 4 +
			 filter->n_steps * (8 + properties_len / 4));
}

/* ---- evaluating on properties ---------------------------------------------- */

bool
filter_matches(const struct filter *filter, struct slice properties)
{
	struct slice values[FILTER_NAMES_MAX];
	struct slice name, value;

	for (uint32_t i = 0; i < filter->n_names; i++)
		values[i] = SLICE_NONE;
	/* The last of equal names counts, as in Java's map. */
	while (property_next(&properties, &name, &value)) {
		for (unsigned at = filter->first_name[filter_slot(name)]; at != 0;
		     at = filter->next_name[at - 1]) {
			if (slice_equal(filter->names[at - 1], name)) {
				values[at - 1] = value;
				break;
			}
		}
	}
	return filter_evaluate(filter, values) == FILTER_TRUE;
}
