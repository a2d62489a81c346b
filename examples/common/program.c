#include "config.h"

#include "examples/common/program.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/log.h"

static int
usage(const char *program, const struct program_command *commands)
{
	fprintf(stderr, "usage: %s COMMAND -d DIRECTORY [-n NAMESERVERS] ...\ncommands:", program);
	for (; commands->name != NULL; commands++)
		fprintf(stderr, " %s", commands->name);
	fputs("\nrun is what starts it, and README.md says what it does\n", stderr);
	return 2;
}

static int
take_number(const char *text, int letter, int64_t min, int64_t max, int64_t *number)
{
	if (slice_to_int64(slice_of(text), number) == 0 && *number >= min && *number <= max)
		return 0;
	fprintf(stderr, "-%c must be a number of %" PRId64 " to %" PRId64 ", not \"%s\"\n", letter,
	    min, max, text);
	return -1;
}

/* 0, or -1 when the flag is unknown or its number is out of range. */
static int
take_flag(struct program_flags *flags, int letter)
{
	const struct {
		int letter;
		int64_t *number;
		int64_t min, max;
	} numbers[] = {
		{ 't', &flags->transfers, 1, 1000000000 },
		{ 'r', &flags->rate, 1, 1000000 },
		{ 's', &flags->seed, INT64_MIN, INT64_MAX },
		{ 'p', &flags->drop, 0, 100 },
		{ 'k', &flags->die, 0, 100 },
	};
	const struct {
		int letter;
		const char **text;
	} texts[] = { { 'd', &flags->directory }, { 'n', &flags->name_servers },
		{ 'l', &flags->ledger } };

	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		if (numbers[i].letter == letter)
			return take_number(
			    optarg, letter, numbers[i].min, numbers[i].max, numbers[i].number);
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (texts[i].letter == letter) {
			*texts[i].text = optarg;
			return 0;
		}
	flags->all = letter == 'a';
	return flags->all ? 0 : -1;
}

int
program_main(const struct program_command *commands, const void *context, int argc, char **argv)
{
	struct program_flags flags = {
		.name_servers = getenv("NAMESRV_ADDR"), .rate = 1000, .context = context
	};
	const struct program_command *command = commands;
	int letter;

	log_init(argv[0], LOG_LEVEL_INFO);
	signal(SIGPIPE, SIG_IGN);
	while (argc > 1 && command->name != NULL && strcmp(command->name, argv[1]) != 0)
		command++;
	if (argc < 2 || command->name == NULL)
		return usage(argv[0], commands);
	for (optind = 2; (letter = getopt(argc, argv, "d:n:l:t:r:s:p:k:a")) != -1;)
		if (take_flag(&flags, letter) == -1)
			return usage(argv[0], commands);
	if (flags.directory == NULL || optind != argc)
		return usage(argv[0], commands);
	return command->run(&flags);
}

struct twinmq *
program_connect(const struct program_flags *flags)
{
	struct twinmq_options options = { .name_servers = flags->name_servers };
	struct twinmq_error error;
	struct twinmq *mq = twinmq_open(&options, &error);

	if (mq == NULL)
		fatal("%s", error.text);
	return mq;
}

static void
on_signal(evutil_socket_t number, short what, void *arg)
{
	(void)number;
	(void)what;
	loop_stop(arg);
}

void
program_run(struct loop *loop)
{
	static const int numbers[] = { SIGTERM, SIGINT };
	struct event *events[2];

	for (size_t i = 0; i < 2; i++) {
		events[i] = evsignal_new(loop->base, numbers[i], on_signal, loop);
		if (events[i] == NULL || evsignal_add(events[i], NULL) == -1)
			fatal("no signals");
	}
	loop_run(loop);
	for (size_t i = 0; i < 2; i++)
		event_free(events[i]);
}

/* The mixing steps of splitmix64. */
int64_t
program_random(int64_t seed, int64_t id, int64_t which, int64_t range)
{
	uint64_t x = (uint64_t)seed * 0x9E3779B97F4A7C15u + (uint64_t)id * 0xBF58476D1CE4E5B9u +
	             (uint64_t)which * 0x94D049BB133111EBu;

	x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
	x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
	x ^= x >> 31;
	return (int64_t)(x % (uint64_t)range);
}

struct slice
ledger_key(struct arena *arena, struct slice ledger, int64_t id)
{
	return arena_printf(arena, "%.*s-%" PRId64, (int)ledger.len, ledger.data, id);
}

int64_t
ledger_id_of_key(struct slice key, struct slice ledger)
{
	int64_t id;

	if (key.len <= ledger.len || memcmp(key.data, ledger.data, ledger.len) != 0 ||
	    key.data[ledger.len] != '-')
		return -1;
	struct slice number = { key.data + ledger.len + 1, key.len - ledger.len - 1 };
	return slice_to_int64(number, &id) == 0 && id > 0 ? id : -1;
}
