#include "config.h"

/* The command line of mqadmin. */

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "admin/admin.h"

#define EXIT_USAGE 2
#define COMMANDS_MAX 128 /* in suggestions */

static int
unknown_subcommand(const char *name)
{
	const char *names[COMMANDS_MAX + 1];
	size_t n = 0;

	for (size_t i = 0; admin_families[i] != NULL; i++)
		for (const struct subcommand *one = admin_families[i]; one->name != NULL; one++)
			if (n < COMMANDS_MAX)
				names[n++] = one->name;
	names[n] = NULL;
	const char *near = args_nearest(name, names);
	if (near != NULL)
		fprintf(stderr, "mqadmin: unknown command \"%s\", did you mean %s?\n", name, near);
	else
		fprintf(
		    stderr, "mqadmin: unknown command \"%s\"; \"mqadmin help\" lists all\n", name);
	return EXIT_USAGE;
}

static int
print_commands(FILE *out)
{
	fputs("usage: mqadmin COMMAND [FLAGS]\n       mqadmin help COMMAND\n\n", out);
	for (size_t i = 0; admin_families[i] != NULL; i++)
		for (const struct subcommand *one = admin_families[i]; one->name != NULL; one++)
			fprintf(out, "  %-20s %s\n", one->name, one->help);
	return out == stdout ? EXIT_SUCCESS : EXIT_USAGE;
}

static int
print_help(const struct subcommand *command)
{
	struct buf out = { 0 };

	buf_printf(&out, "usage: mqadmin %s [FLAGS]\n%s\n\n", command->name, command->help);
	args_print_help(command->flags, &out);
	args_print_help(common_flags, &out);
	fputs(buf_text(&out), stdout);
	buf_release(&out);
	return EXIT_SUCCESS;
}

static void
print_remark(const char *line)
{
	fprintf(stderr, "mqadmin: %s\n", line);
}

static int
run(struct admin *admin)
{
	const char *name_servers = args_text(&admin->args, 'n');
	struct twinmq_error error;

	if (name_servers == NULL)
		name_servers = getenv("NAMESRV_ADDR");
	if (name_servers != NULL && !args_has(&admin->args, 'n') && name_servers[0] == '\0')
		name_servers = NULL;
	if (admin_open(admin, name_servers, args_has(&admin->args, 'J'), &error) == -1) {
		fprintf(stderr, "mqadmin: %s: %s\n",
		    args_has(&admin->args, 'n') ? "-n (--namesrvAddr)" : "NAMESRV_ADDR",
		    error.text);
		return EXIT_USAGE;
	}
	if (admin_execute(admin) == 0 && report_print(&admin->report) == -1)
		admin_fail(admin, "standard output cannot be written");
	if (admin->failed)
		fprintf(stderr, "mqadmin: %s: %s\n", admin->command->name, admin->error);
	admin_close(admin);
	if (admin->status != 0)
		return admin->status;
	return admin->misused ? EXIT_USAGE : admin->failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int
run_subcommand(const struct subcommand *command, int argc, char **argv)
{
	struct admin admin = { .command = command, .on_remark = print_remark };
	struct buf error = { 0 };
	int status;

	if (args_parse(&admin.args, command->flags, common_flags, argc, argv, &error) == -1) {
		fprintf(stderr, "mqadmin: %s: %s; see \"mqadmin help %s\"\n", command->name,
		    buf_text(&error), command->name);
		status = EXIT_USAGE;
	} else if (args_has(&admin.args, 'h')) {
		status = print_help(command);
	} else {
		status = run(&admin);
	}
	buf_release(&error);
	return status;
}

static bool
is_help(const char *word)
{
	return strcmp(word, "help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0;
}

int
main(int argc, char **argv)
{
	const struct subcommand *command;

	setlocale(LC_CTYPE, "");
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2)
		return print_commands(stderr);
	if (is_help(argv[1]) && argc == 2)
		return print_commands(stdout);
	if (strcmp(argv[1], "-V") == 0 || strcmp(argv[1], "--version") == 0)
		return puts("mqadmin " PACKAGE_VERSION) == EOF;
	const char *name = is_help(argv[1]) ? argv[2] : argv[1];
	command = admin_find_command(name);
	if (command == NULL)
		return unknown_subcommand(name);
	return is_help(argv[1]) ? print_help(command) : run_subcommand(command, argc - 1, argv + 1);
}
