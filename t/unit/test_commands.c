#include "config.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/admin.h"
#include "common/base/mem.h"

TestSuite(commands, .timeout = 10);

static char *
read_manual(void)
{
	const char *srcdir = getenv("SRCDIR");
	char path[512];
	struct buf text = { 0 };
	size_t n;

	snprintf(path, sizeof path, "%s/man/mqadmin.1", srcdir != NULL ? srcdir : ".");
	FILE *file = fopen(path, "r");
	cr_assert_not_null(file, "%s cannot be read", path);
	while ((n = fread(buf_reserve(&text, 4096), 1, 4096, file)) > 0)
		text.len += n;
	fclose(file);
	buf_append_char(&text, '\0');
	return buf_take(&text);
}

/* The part of the manual that begins with this line, up to the next one that begins with `end`. */
static char *
section(const char *manual, const char *line, const char *end)
{
	const char *from = strstr(manual, line);

	if (from == NULL)
		return NULL;
	from += strlen(line);
	const char *to = strstr(from, end);
	return mem_strndup(from, to != NULL ? (size_t)(to - from) : strlen(from));
}

static void
check_flags(const char *where, const char *text, const struct flag *flags)
{
	for (; flags->letter != 0; flags++) {
		char line[128];

		if (flags->type == FLAG_SWITCH)
			snprintf(line, sizeof line, "\n.It Fl %c , Fl -%s\n", flags->letter,
			    flags->name);
		else
			snprintf(line, sizeof line, "\n.It Fl %c , Fl -%s Ar %s\n", flags->letter,
			    flags->name, flags->value);
		cr_assert_not_null(
		    strstr(text, line), "the manual of %s lacks %s", where, line + 1);
	}
}

/* The i-th command of all families; NULL behind the last. */
static const struct subcommand *
command_at(size_t i)
{
	for (size_t family = 0; admin_families[family] != NULL; family++)
		for (const struct subcommand *one = admin_families[family]; one->name != NULL;
		     one++)
			if (i-- == 0)
				return one;
	return NULL;
}

static size_t
n_commands(void)
{
	size_t n = 0;

	while (command_at(n) != NULL)
		n++;
	return n;
}

Test(commands, each_stands_in_the_manual_with_its_flags)
{
	char *manual = read_manual();

	check_flags("all commands", manual, common_flags);
	for (size_t i = 0; i < n_commands(); i++) {
		const struct subcommand *one = command_at(i);
		char line[128];

		snprintf(line, sizeof line, "\n.It Cm %s\n", one->name);
		char *text = section(manual, line, "\n.It Cm ");
		cr_assert_not_null(text, "the manual lacks %s", one->name);
		check_flags(one->name, text, one->flags);
		free(text);
	}
	free(manual);
}

/* Without one, the console would never offer it. */
Test(commands, each_has_a_right)
{
	for (size_t i = 0; i < n_commands(); i++) {
		const struct subcommand *one = command_at(i);

		cr_assert(one->right == HTTP_MAY_READ || one->right == HTTP_MAY_WRITE ||
			      one->right == HTTP_MAY_ADMIN,
		    "%s", one->name);
	}
}

/* Two flags of one letter would hide each other. */
Test(commands, letters_and_names_are_unique)
{
	for (size_t i = 0; i < n_commands(); i++) {
		const struct subcommand *one = command_at(i);

		for (size_t j = 0; j < i; j++)
			cr_assert_str_neq(one->name, command_at(j)->name);
		for (const struct flag *flag = one->flags; flag->letter != 0; flag++) {
			cr_assert(isalpha((unsigned char)flag->letter));
			for (const struct flag *other = one->flags; other < flag; other++)
				cr_assert(flag->letter != other->letter &&
					      strcmp(flag->name, other->name) != 0,
				    "%s -%c", one->name, flag->letter);
			for (const struct flag *other = common_flags; other->letter != 0; other++)
				cr_assert(flag->letter != other->letter &&
					      strcmp(flag->name, other->name) != 0,
				    "%s -%c", one->name, flag->letter);
		}
	}
}

Test(commands, versions_have_names)
{
	struct arena arena = { 0 };
	static const struct {
		int64_t version;
		const char *name;
	} cases[] = { { 78, "V3(78)" }, { 252, "V4_2_0_SNAPSHOT" }, { 253, "V4_2_0" },
		{ 401, "V4_9_4" }, { 407, "V4_9_7" }, { 413, "V5_0_0" }, { 479, "V5_3_3" } };

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		cr_assert(slice_is(version_text(&arena, cases[i].version), cases[i].name), "%s",
		    cases[i].name);
	arena_release(&arena);
}
