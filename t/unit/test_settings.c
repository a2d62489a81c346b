#include "config.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "bench/bench.h"

TestSuite(settings, .timeout = 10);

/* Splits the line at blanks and reads it for a mode; the error, "" when there is none. */
static const char *
read_line(const char *mode_name, const char *line, struct settings *settings)
{
	static char words[256], why[256];
	const struct mode *mode = bench_modes;
	char *argv[24] = { words };
	int argc = 1;
	struct args args;
	struct buf error = { 0 };

	while (strcmp(mode->name, mode_name) != 0)
		mode++;
	snprintf(words, sizeof words, "mqbench %s", line);
	for (char *c = words; *c != '\0'; c++)
		if (*c == ' ' && c[1] != '\0') {
			*c = '\0';
			argv[argc++] = c + 1;
		}
	if (args_parse(&args, mode->flags, settings_common_flags, argc, argv, &error) == 0)
		settings_read(settings, &args, &error);
	snprintf(why, sizeof why, "%s", buf_text(&error));
	buf_release(&error);
	return why;
}

Test(settings, defaults)
{
	struct settings settings;

	cr_assert_str_eq(read_line("send", "", &settings), "");
	cr_assert(settings.n_connections == 1 && settings.window == 64 && settings.size == 1024);
	cr_assert(settings.n_queues == 8 && settings.n_topics == 1 && settings.batch == 1);
	cr_assert(settings.duration_ms == 10000 && settings.rate == 0 && settings.n_messages == 0);
	cr_assert_eq(settings.codec, FRAME_JSON);
}

Test(settings, values)
{
	struct settings settings;

	cr_assert_str_eq(
	    read_line("send", "-c 5 --window 7 -B 32 -x -p 12,34 -d 3 -W 0.25 -r 1000", &settings),
	    "");
	cr_assert(settings.n_connections == 5 && settings.window == 7 && settings.batch == 32);
	cr_assert(settings.n_pids == 2 && settings.pids[0] == 12 && settings.pids[1] == 34);
	cr_assert(
	    settings.duration_ms == 3000 && settings.warm_up_ms == 250 && settings.rate == 1000);
	cr_assert_eq(settings.codec, FRAME_BINARY);
}

/* A number of messages ends a run by itself, and a time beside it if that is given too. */
Test(settings, messages_end_a_run)
{
	struct settings settings;

	cr_assert_str_eq(read_line("send", "-N 100", &settings), "");
	cr_assert(settings.n_messages == 100 && settings.duration_ms == 0);
	cr_assert_str_eq(read_line("send", "-N 100 -d 2", &settings), "");
	cr_assert(settings.n_messages == 100 && settings.duration_ms == 2000);
}

static const struct {
	const char *mode, *line, *error;
} wrong[] = {
	{ "send", "-w 0", "--window must be 1 to 100000, not 0" },
	{ "send", "-s 8", "--size must be 32 to 4194304, not 8" },
	{ "send", "-t a/b", "\"a/b\" is no name for a topic" },
	{ "send", "-p x", "--pid wants numbers of processes, separated by commas, at most 8" },
	{ "send", "-o -B 2", "--oneway and --batch do not go together" },
	{ "send", "-d 1s", "--duration wants seconds, not \"1s\"" },
	{ "send", "-d 0", "--duration 0 measures nothing" },
	{ "send", "-W -1", "--warmUp wants seconds, not \"-1\"" },
	{ "send", "-R 5", "unknown flag -R" },
	{ "transaction", "-R 60 -U 60", "--rollback and --unknown are more than 100 percent" },
	{ "send", "-c 100000 -w 1000", "--connections times --window is more than 10000000" },
};

Test(settings, what_is_wrong_is_said)
{
	struct settings settings;

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		cr_assert_str_eq(
		    read_line(wrong[i].mode, wrong[i].line, &settings), wrong[i].error);
}

/* getopt would silently take the first of two flags with one letter. */
Test(settings, letters_and_names_are_unique)
{
	for (const struct mode *mode = bench_modes; mode->name != NULL; mode++)
		for (const struct flag *flag = mode->flags; flag->letter != 0; flag++) {
			for (const struct flag *other = flag + 1; other->letter != 0; other++)
				cr_assert(other->letter != flag->letter &&
					      strcmp(other->name, flag->name) != 0,
				    "%s --%s", mode->name, flag->name);
			for (const struct flag *other = settings_common_flags; other->letter != 0;
			     other++)
				cr_assert(other->letter != flag->letter &&
					      strcmp(other->name, flag->name) != 0,
				    "%s --%s", mode->name, flag->name);
		}
}
