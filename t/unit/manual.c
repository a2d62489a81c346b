#include "config.h"

#include "t/unit/manual.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
read_page(const char *page, struct buf *text)
{
	const char *root = getenv("SRCDIR");
	char path[512];
	FILE *file;
	size_t n;

	snprintf(path, sizeof path, "%s/man/%s", root != NULL ? root : "..", page);
	file = fopen(path, "r");
	cr_assert_not_null(file, "%s cannot be read", path);
	while ((n = fread(buf_reserve(text, 8192), 1, 8192, file)) > 0)
		text->len += n;
	fclose(file);
}

static bool
has(const char *text, const char *before, const char *key, const char *after)
{
	char line[256];

	snprintf(line, sizeof line, "%s%s%s", before, key, after);
	return strstr(text, line) != NULL;
}

/* A key with a value has an item of its own; one without may stand in a list. */
static bool
has_row(const char *text, const struct option *option)
{
	if (has(text, "\n.It Va ", option->name, "\n"))
		return true;
	return (option->type == OPTION_IGNORED || option->type == OPTION_ALIAS) &&
	       (has(text, "\n.Va ", option->name, "\n") ||
		   has(text, "\n.Va ", option->name, " ,\n"));
}

static void
expect_fact(const char *page, struct slice item, const char *key, const char *fact)
{
	cr_expect_not_null(memmem(item.data, item.len, fact, strlen(fact)),
	    "%s does not say of %s: %s", page, key, fact);
}

/* Range, default and liveness, in the item of the key itself. */
static void
check_facts(const char *page, const char *text, const struct option *option)
{
	char fact[128];
	const char *start, *end;

	snprintf(fact, sizeof fact, "\n.It Va %s\n", option->name);
	start = strstr(text, fact);
	if (start == NULL)
		return;
	start += strlen(fact);
	end = strstr(start, "\n.It ");
	struct slice item = { start, end != NULL ? (size_t)(end - start) + 1 : strlen(start) };

	if (option->default_value != NULL && strlen(option->default_value) < 32) {
		snprintf(fact, sizeof fact, "efault %s", option->default_value);
		expect_fact(page, item, option->name, fact);
	}
	if (option->type == OPTION_INT && option->max != INT64_MAX) {
		snprintf(fact, sizeof fact, "From %lld to %lld", (long long)option->min,
		    (long long)option->max);
		expect_fact(page, item, option->name, fact);
	}
	if (option_holds_value(option) && option->flags & OPTION_LIVE)
		expect_fact(page, item, option->name, "live.\n");
}

void
manual_has_options(const char *page, const struct option *options)
{
	struct buf text = { 0 };

	read_page(page, &text);
	for (const struct option *option = options; option->name != NULL; option++) {
		cr_expect(has_row(buf_text(&text), option), "%s is not in %s", option->name, page);
		if (option_holds_value(option))
			check_facts(page, buf_text(&text), option);
	}
	buf_release(&text);
}
