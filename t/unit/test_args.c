#include "config.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/config/args.h"

TestSuite(args, .timeout = 10);

static const struct flag flags[] = {
	{ 't', "topic", FLAG_TEXT, "TOPIC", FLAG_REQUIRED, 0, 0, "the topic" },
	{ 'b', "brokerAddr", FLAG_TEXT, "ADDRESS", FLAG_ONE_OF, 0, 0, "a broker" },
	{ 'c', "clusterName", FLAG_TEXT, "CLUSTER", FLAG_ONE_OF, 0, 0, "a cluster" },
	{ 'r', "readQueueNums", FLAG_INT, "N", 0, 1, 64, "queues" },
	{ 'o', "order", FLAG_BOOL, "BOOL", 0, 0, 0, "ordered" },
	{ 's', "begin", FLAG_TIME, "TIME", 0, 0, 0, "from" },
	{ 'p', "perm", FLAG_PERM, "PERM", 0, 0, 0, "permission" },
	{ 'l', "list", FLAG_SWITCH, NULL, 0, 0, 0, "list" },
	{ 0 },
};

static const struct flag common[] = {
	{ 'h', "help", FLAG_SWITCH, NULL, 0, 0, 0, "help" },
	{ 0 },
};

/* Splits the line at blanks and parses it; the error, "" when there is none. */
static void
parse(const char *line, struct args *args, char *error, size_t size)
{
	static char words[256];
	char *argv[16] = { words };
	int argc = 1;
	struct buf why = { 0 };

	snprintf(words, sizeof words, "command %s", line);
	for (char *c = words; *c != '\0'; c++)
		if (*c == ' ') {
			*c = '\0';
			argv[argc++] = c + 1;
		}
	if (*line == '\0')
		argc = 1;
	int result = args_parse(args, flags, common, argc, argv, &why);
	snprintf(error, size, "%s", buf_text(&why));
	cr_assert_eq(result, why.len != 0 ? -1 : 0, "%s", line);
	buf_release(&why);
}

Test(args, reads_both_kinds_of_flags)
{
	static const char *const lines[] = {
		"-t T -c C -r 8 -o true -p 6 -l",
		"--topic T --clusterName C --readQueueNums 8 --order TRUE --perm RW --list",
		"--topic=T --clusterName=C --readQueueNums=8 --order=true --perm=rw --list",
		"-tT -cC -r8 -otrue -p6 -l",
		"-l -p 6 -o true -r 8 -c C -t T",
	};

	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		struct args args;
		char error[256];

		parse(lines[i], &args, error, sizeof error);
		cr_assert_str_eq(error, "", "%s: %s", lines[i], error);
		cr_assert_str_eq(args_text(&args, 't'), "T");
		cr_assert_str_eq(args_text(&args, 'c'), "C");
		cr_assert_eq(args_number(&args, 'r', 1), 8);
		cr_assert_eq(args_number(&args, 'o', 0), 1);
		cr_assert_eq(args_number(&args, 'p', 0), 6);
		cr_assert(args_has(&args, 'l'));
		cr_assert_not(args_has(&args, 'b'));
		cr_assert_eq(args_number(&args, 's', 77), 77);
	}
}

Test(args, says_what_is_wrong)
{
	static const struct {
		const char *line, *error;
	} cases[] = {
		{ "", "-t (--topic) is missing" },
		{ "-t T", "one of -b (--brokerAddr), -c (--clusterName) is missing" },
		{ "-t T -c C -r x", "--readQueueNums wants a number, not \"x\"" },
		{ "-t T -c C -r 65", "--readQueueNums must be 1 to 64, not 65" },
		{ "-t T -c C -o maybe", "--order must be true or false, not \"maybe\"" },
		{ "-t T -c C -p 9", "--perm must be 2 (W), 4 (R) or 6 (RW), not \"9\"" },
		{ "-t T -c C -s yesterday", "--begin wants milliseconds since 1970, now, or "
					    "yyyy-MM-dd#HH:mm:ss:SSS, not \"yesterday\"" },
		{ "-t", "-t (--topic) wants a value" },
		{ "--topic", "-t (--topic) wants a value" },
		{ "-t T -c C -x", "unknown flag -x" },
		{ "-t T -c C --brokerAdr x",
		    "unknown flag --brokerAdr, did you mean --brokerAddr" },
		{ "-t T -c C --list=yes", "--list takes no value" },
		{ "-t T -c C more", "\"more\" belongs to no flag" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct args args;
		char error[256];

		parse(cases[i].line, &args, error, sizeof error);
		cr_assert_str_eq(error, cases[i].error, "%s: %s", cases[i].line, error);
	}
}

Test(args, help_needs_nothing_else)
{
	struct args args;
	char error[256];

	parse("-h", &args, error, sizeof error);
	cr_assert_str_eq(error, "");
	cr_assert(args_has(&args, 'h'));
}

Test(args, reads_times)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{ "1700000000123", 1700000000123 },
		{ "2023-11-14#22:13:20:123", 1700000000123 },
		{ "2023-11-14#22:13:20", 1700000000000 },
	};

	setenv("TZ", "UTC", 1);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct args args;
		char line[128], error[256];

		snprintf(line, sizeof line, "-t T -c C -s %s", cases[i].text);
		parse(line, &args, error, sizeof error);
		cr_assert_str_eq(error, "");
		cr_assert_eq(args_number(&args, 's', 0), cases[i].ms, "%s", cases[i].text);
	}
}

Test(args, prints_help_from_the_table)
{
	struct buf out = { 0 };

	args_print_help(flags, &out);
	cr_assert_not_null(strstr(buf_text(&out), "-t, --topic TOPIC"));
	cr_assert_not_null(strstr(buf_text(&out), "the topic (required)"));
	cr_assert_not_null(strstr(buf_text(&out), "a broker (one of these is required)"));
	buf_release(&out);
}

/* A row that may stand alone takes the word that belongs to no flag, once. */
Test(args, one_word_may_stand_alone)
{
	static const struct flag with_word[] = {
		{ 'i', "id", FLAG_TEXT, "ID", FLAG_REQUIRED | FLAG_WORD, 0, 0, "the id" },
		{ 'r', "reason", FLAG_TEXT, "TEXT", 0, 0, 0, "why" },
		{ 0 },
	};
	static const struct {
		const char *words[5];
		int result;
		const char *id;
	} cases[] = {
		{ { "command", "X" }, 0, "X" },
		{ { "command", "-i", "X" }, 0, "X" },
		{ { "command", "-r", "why", "X" }, 0, "X" },
		{ { "command", "X", "-r", "why" }, 0, "X" },
		{ { "command", "--", "-1" }, 0, "-1" },
		{ { "command", "X", "Y" }, -1, NULL },
		{ { "command", "-i", "X", "Y" }, -1, NULL },
		{ { "command", "-r", "why" }, -1, NULL },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char *argv[6] = { NULL };
		struct buf error = { 0 };
		struct args args;
		int argc = 0;

		while (argc < 5 && cases[i].words[argc] != NULL) {
			argv[argc] = mem_strdup(cases[i].words[argc]);
			argc++;
		}
		cr_assert_eq(args_parse(&args, with_word, common, argc, argv, &error),
		    cases[i].result, "%zu: %s", i, buf_text(&error));
		if (cases[i].result == 0)
			cr_assert_str_eq(args_text(&args, 'i'), cases[i].id);
		else
			cr_assert_neq(error.len, 0);
		for (int j = 0; j < argc; j++)
			free(argv[j]);
		buf_release(&error);
	}
}
