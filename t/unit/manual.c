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

void
manual_has_options(const char *page, const struct option *options)
{
	struct buf text = { 0 };

	read_page(page, &text);
	for (const struct option *option = options; option->name != NULL; option++) {
		cr_expect(has_row(buf_text(&text), option), "%s is not in %s", option->name, page);
		if (option->default_value != NULL && strlen(option->default_value) < 32)
			cr_expect(has(buf_text(&text), "efault ", option->default_value, ""),
			    "%s: its default is not in %s", option->name, page);
	}
	buf_release(&text);
}
