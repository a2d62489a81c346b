#include "config.h"

#include "common/config/option.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/config/option_value.h"

static size_t
count_rows(const struct option *options)
{
	size_t n = 0;

	while (options[n].name != NULL)
		n++;
	return n;
}

bool
option_holds_value(const struct option *option)
{
	return option->type < OPTION_IGNORED;
}

void
option_set_init(struct option_set *set, const struct option *options, void *settings)
{
	size_t n = count_rows(options);

	*set = (struct option_set){
		.options = options,
		.settings = settings,
		.origins = mem_zalloc(n * sizeof *set->origins),
		.lines = mem_zalloc(n * sizeof *set->lines),
	};
	for (size_t i = 0; i < n; i++) {
		struct diagnostics diagnostics = { 0 };
		struct option_place place = { .diagnostics = &diagnostics };

		if (!option_holds_value(&options[i]) || options[i].default_value == NULL)
			continue;
		option_store(&options[i], settings, slice_of(options[i].default_value), &place);
		assert(diagnostics.n == 0);
		diagnostics_release(&diagnostics);
	}
}

void
option_set_release(struct option_set *set)
{
	for (const struct option *option = set->options; option->name != NULL; option++)
		option_unset(option, set->settings);
	free(set->origins);
	free(set->lines);
	*set = (struct option_set){ 0 };
}

const struct option *
option_find(const struct option *options, struct slice name)
{
	for (; options->name != NULL; options++) {
		if (slice_is(name, options->name))
			return options;
	}
	return NULL;
}

const struct option *
option_resolve(const struct option *options, struct slice name)
{
	const struct option *option = option_find(options, name);

	if (option != NULL && option->alias_of != NULL)
		option = option_find(options, slice_of(option->alias_of));
	return option != NULL && option_holds_value(option) ? option : NULL;
}

enum option_origin
option_origin_of(const struct option_set *set, const struct option *option)
{
	return set->origins[option - set->options];
}

/* A name that is in no row: what may have been meant. NULL: nothing to set. */
static const struct option *
guess(const struct option *options, const struct option_place *place)
{
	const struct option *near = option_suggest(options, place->name);
	const char *rest =
	    place->unknown_key_severity == SEVERITY_WARNING ? "; the line has no effect" : "";
	int len = (int)place->name.len;
	const char *name = place->name.data;

	if (near == NULL) {
		option_report(
		    place, place->unknown_key_severity, "unknown key \"%.*s\"%s", len, name, rest);
	} else if (slice_equal_nocase(place->name, slice_of(near->name))) {
		option_report(place, SEVERITY_WARNING,
		    "\"%.*s\" is written %s; taken as that here, RocketMQ would ignore it", len,
		    name, near->name);
		return near;
	} else if (near->type == OPTION_IGNORED) {
		option_report(place, place->unknown_key_severity,
		    "unknown key \"%.*s\"; did you mean %s? It has no effect here: %s", len, name,
		    near->name, near->help);
	} else {
		option_report(place, place->unknown_key_severity,
		    "unknown key \"%.*s\"; did you mean %s?%s", len, name, near->name,
		    rest[0] != '\0' ? " The line has no effect" : "");
	}
	return NULL;
}

/* The row that takes the value, after what there is to say of the name. */
static const struct option *
row_for(const struct option *options, const struct option_place *place)
{
	const struct option *option = option_find(options, place->name);

	if (option == NULL && (option = guess(options, place)) == NULL)
		return NULL;
	if (option->type == OPTION_WRONG && option->alias_of != NULL) {
		option_report(place, SEVERITY_WARNING,
		    "\"%s\" is not a key of RocketMQ; taken as %s%s%s", option->name,
		    option->alias_of, option->help[0] != '\0' ? ": " : "", option->help);
	} else if (option->type == OPTION_WRONG) {
		option_report(place, place->unknown_key_severity,
		    "\"%s\" is not a key of RocketMQ: %s", option->name, option->help);
	} else if (option->type == OPTION_IGNORED) {
		option_report(
		    place, SEVERITY_NOTE, "%s has no effect here: %s", option->name, option->help);
	}
	if (option->alias_of != NULL)
		option = option_find(options, slice_of(option->alias_of));
	return option != NULL && option_holds_value(option) ? option : NULL;
}

int
option_assign(struct option_set *set, struct slice name, struct slice value,
    enum option_origin origin, struct diagnostics *diagnostics, const char *file, int line)
{
	struct option_place place = {
		.diagnostics = diagnostics,
		.file = file,
		.line = line,
		.name = name,
		.unknown_key_severity = origin == ORIGIN_FILE ? SEVERITY_WARNING : SEVERITY_ERROR,
	};
	size_t said = diagnostics->n;
	const struct option *option = row_for(set->options, &place);
	size_t row;

	if (option == NULL)
		return diagnostics->n > said && diagnostics->list[said].level == SEVERITY_ERROR ? -1
		                                                                                : 0;
	row = (size_t)(option - set->options);
	if (origin == ORIGIN_FILE && set->lines[row] != 0)
		option_report(&place, SEVERITY_WARNING,
		    "%s was set in line %d already; this line replaces it", option->name,
		    set->lines[row]);
	if (option_store(option, set->settings, value, &place) == -1)
		return -1;
	set->origins[row] = origin;
	if (origin == ORIGIN_FILE)
		set->lines[row] = line;
	return 0;
}

void
option_copy(struct option_set *to, const struct option_set *from, const struct option *option,
    enum option_origin origin)
{
	size_t row = (size_t)(option - from->options);

	option_copy_value(option, to->settings, from->settings);
	to->origins[row] = origin;
	to->lines[row] = from->lines[row];
}

struct slice
option_value(const struct option_set *set, const struct option *option, struct arena *arena)
{
	const char *at = (const char *)set->settings + option->offset;
	const char *text;

	switch (option->type) {
	case OPTION_TEXT:
	case OPTION_ADDRESSES:
		text = *(char *const *)(const void *)at;
		return arena_copy(arena, slice_of(text != NULL ? text : ""));
	case OPTION_BOOL:
		return slice_of(*(const bool *)at ? "true" : "false");
	case OPTION_INT:
		return arena_printf(arena, "%lld", (long long)*(const int64_t *)(const void *)at);
	case OPTION_ENUM:
		return slice_of(option->choices[*(const int *)(const void *)at]);
	case OPTION_IGNORED:
	case OPTION_ALIAS:
	case OPTION_WRONG:
		break;
	}
	return SLICE("");
}

/* Whether a reader would take it for less than it is: for blanks, quotes or a comment. */
static bool
needs_quotes(struct slice value)
{
	char first = value.len != 0 ? value.data[0] : '\0';

	if (slice_trim(value).len != value.len)
		return true;
	if (value.len >= 2 && (first == '"' || first == '\'') && value.data[value.len - 1] == first)
		return true;
	for (size_t i = 1; i < value.len; i++)
		if ((value.data[i] == '#' || value.data[i] == ';') &&
		    (value.data[i - 1] == ' ' || value.data[i - 1] == '\t'))
			return true;
	return false;
}

/* As a properties file writes it, so that it reads back as it was. */
static void
print_value(struct slice value, struct buf *out)
{
	bool quoted = needs_quotes(value);

	if (quoted)
		buf_append_char(out, '"');
	for (size_t i = 0; i < value.len; i++) {
		if (value.data[i] == '\\')
			buf_append_char(out, '\\');
		buf_append_char(out, value.data[i]);
	}
	if (quoted)
		buf_append_char(out, '"');
}

void
option_print(const struct option_set *set, struct buf *out, bool important_only)
{
	struct arena arena = { 0 };

	for (const struct option *option = set->options; option->name != NULL; option++) {
		const char *standard = option->default_value != NULL ? option->default_value : "";
		struct slice value;

		if (!option_holds_value(option))
			continue;
		value = option_value(set, option, &arena);
		if (important_only && slice_is(value, standard))
			continue;
		buf_printf(out, "%s=", option->name);
		print_value(value, out);
		buf_append_char(out, '\n');
	}
	arena_release(&arena);
}
