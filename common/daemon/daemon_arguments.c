#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/daemon/daemon_arguments.h"
#include "common/base/log.h"
#include "common/base/mem.h"

/* Letters, and numbers for the flags that have none. */
enum {
	FLAG_CHECK = 256,
	FLAG_STRICT,
};

static const struct flag {
	const char *name, *argument, *about;
	int letter;
} flags[] = {
	{ "configFile", "FILE", "read settings from FILE: properties of RocketMQ, or ini", 'c' },
	{ "namesrvAddr", "ADDRESSES",
	    "name servers, HOST:PORT separated by ; (quoted); or NAMESRV_ADDR", 'n' },
	{ "option", "KEY=VALUE", "set KEY, whatever the file says; may be repeated", 'o' },
	{ "printConfigItem", NULL, "print all settings and exit", 'p' },
	{ "printImportantConfig", NULL, "print those that differ from their default, and exit",
	    'm' },
	{ "check", NULL, "print what is wrong with the settings; exit 0: nothing, 1: something",
	    FLAG_CHECK },
	{ "strict", NULL, "do not start when --check has something to say", FLAG_STRICT },
	{ "version", NULL, "print the version and exit", 'V' },
	{ "help", NULL, "print this and exit", 'h' },
};

#define N_FLAGS (sizeof flags / sizeof flags[0])

/* A name server has no name servers. */
static bool
has_flag(const struct program *program, const struct flag *flag)
{
	return flag->letter != 'n' || option_find(program->options, SLICE("namesrvAddr")) != NULL;
}

static void
print_help(const struct program *program)
{
	printf("usage: %s [flags]\n%s\n\n", program->name, program->summary);
	for (size_t i = 0; i < N_FLAGS; i++) {
		char left[64];
		const char *argument = flags[i].argument != NULL ? flags[i].argument : "";

		if (!has_flag(program, &flags[i]))
			continue;
		if (flags[i].letter < FLAG_CHECK)
			snprintf(left, sizeof left, "-%c, --%s %s", flags[i].letter, flags[i].name,
			    argument);
		else
			snprintf(left, sizeof left, "    --%s %s", flags[i].name, argument);
		printf("  %-32s %s\n", left, flags[i].about);
	}
	printf("\nSIGTERM stops it in order, SIGHUP makes it read FILE again.\n");
}

static void __attribute__((noreturn))
refuse(const struct program *program, const char *what, const char *argument)
{
	fprintf(stderr, "%s: %s%s; %s -h lists what there is\n", program->name, what, argument,
	    program->name);
	exit(2);
}

static void
take(struct arguments *arguments, const struct program *program, int letter, char *value)
{
	switch (letter) {
	case 'c':
		arguments->config_path = value;
		break;
	case 'n':
		arguments->namesrv_addr = value;
		break;
	case 'o':
		if (strchr(value, '=') == NULL)
			refuse(program, "-o wants KEY=VALUE, not ", value);
		arguments->pairs = mem_realloc(
		    arguments->pairs, (arguments->n_pairs + 1) * sizeof *arguments->pairs);
		arguments->pairs[arguments->n_pairs++] = value;
		break;
	case 'p':
		arguments->print = true;
		break;
	case 'm':
		arguments->print_important = true;
		break;
	case FLAG_CHECK:
		arguments->check = true;
		break;
	case FLAG_STRICT:
		arguments->strict = true;
		break;
	case 'V':
		printf("%s (TwinMQ) %s\n", program->name, PACKAGE_VERSION);
		exit(0);
	case 'h':
		print_help(program);
		exit(0);
	}
}

/* Finds the flag of a word. *value: the rest of the word, or NULL. */
static const struct flag *
find_flag(char *word, char **value)
{
	char *equals = strchr(word, '=');

	for (size_t i = 0; i < N_FLAGS; i++) {
		size_t len = strlen(flags[i].name);

		*value = NULL;
		if (word[0] != '-' || word[1] == '\0')
			break;
		if (word[1] == flags[i].letter) {
			*value = word[2] != '\0' ? word + 2 : NULL;
			return &flags[i];
		}
		if (word[1] == '-' && strncmp(word + 2, flags[i].name, len) == 0 &&
		    (word[2 + len] == '\0' || word + 2 + len == equals)) {
			*value = equals != NULL ? equals + 1 : NULL;
			return &flags[i];
		}
	}
	return NULL;
}

void
arguments_parse(struct arguments *arguments, const struct program *program, int argc, char **argv)
{
	*arguments = (struct arguments){ 0 };
	for (int i = 1; i < argc; i++) {
		char *word = argv[i], *value;
		const struct flag *flag = find_flag(word, &value);

		if (flag == NULL || !has_flag(program, flag))
			refuse(program, word[0] == '-' ? "unknown flag " : "unexpected argument ",
			    word);
		if (flag->argument == NULL && value != NULL)
			refuse(program, "no value goes with a flag as in ", word);
		if (flag->argument != NULL && value == NULL) {
			if (i + 1 == argc)
				refuse(program, "a value is missing after ", word);
			value = argv[++i];
		}
		take(arguments, program, flag->letter, value);
	}
}

void
arguments_release(struct arguments *arguments)
{
	free(arguments->pairs);
}
