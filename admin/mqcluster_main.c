#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/mqcluster.h"

#define EXIT_USAGE 2

static const struct flag common_cluster_flags[] = {
	{ 'h', "help", FLAG_SWITCH, NULL, 0, 0, 0, "print help for the command" },
	{ 'J', "json", FLAG_SWITCH, NULL, 0, 0, 0, "print one JSON document" },
	{ 0 },
};

/* In the order of the manual. */
static const struct cluster_command commands[] = {
	{ "start", cluster_start_flags, cluster_start_run,
	    "start this host's half of the cluster, and send a message through each master" },
	{ "stop", cluster_stop_flags, cluster_stop_run, "stop it cleanly" },
	{ "status", cluster_status_flags, cluster_status_run, "show what runs" },
	{ "run", cluster_run_flags, cluster_run_run,
	    "run it in the foreground, and restart what dies" },
	{ "doctor", cluster_doctor_flags, cluster_doctor_run,
	    "look for what is wrong with the cluster, and say what to do", .failure = EXIT_USAGE },
	{ NULL },
};

static int
usage(FILE *out, const struct cluster_command *table)
{
	bool of_accounts = table == cluster_account_commands;

	fprintf(out, "usage: mqcluster %sCOMMAND [FLAGS]\n\n", of_accounts ? "account " : "");
	for (const struct cluster_command *one = table; one->name != NULL; one++)
		fprintf(out, "  %-8s %s\n", one->name, one->help);
	if (!of_accounts)
		fputs("  account  list, add, remove and change the accounts of HTTP and the "
		      "console\n",
		    out);
	return out == stdout ? EXIT_SUCCESS : EXIT_USAGE;
}

static int
print_help(const struct cluster_command *table, const struct cluster_command *command)
{
	struct buf out = { 0 };

	buf_printf(&out, "usage: mqcluster %s%s [FLAGS]\n%s\n\n",
	    table == cluster_account_commands ? "account " : "", command->name, command->help);
	args_print_help(command->flags, &out);
	args_print_help(common_cluster_flags, &out);
	fputs(buf_text(&out), stdout);
	buf_release(&out);
	return EXIT_SUCCESS;
}

static int
run(struct mqcluster *self, const struct cluster_command *command)
{
	struct cluster *cluster = &self->cluster;
	int status = -1;

	report_init(&self->report, args_has(&self->args, 'J'));
	if (command->reads_itself ||
	    (cluster_read(cluster, args_text(&self->args, 'c'), args_text(&self->args, 'd')) == 0 &&
		cluster_place(cluster, args_has(&self->args, 'l')) == 0))
		status = command->run(self);
	if (status == -1) {
		fprintf(stderr, "mqcluster: %s\n", cluster->why);
		status = command->failure != 0 ? command->failure : EXIT_FAILURE;
	} else if (report_print(&self->report) == -1) {
		fprintf(stderr, "mqcluster: standard output cannot be written\n");
		status = EXIT_FAILURE;
	}
	report_release(&self->report);
	cluster_release(cluster);
	return status;
}

#define COMMANDS_MAX 32

static int
refuse_command(const struct cluster_command *table, const char *name)
{
	const char *names[COMMANDS_MAX + 1];
	size_t n = 0;

	for (const struct cluster_command *one = table; one->name != NULL; one++)
		if (n < COMMANDS_MAX)
			names[n++] = one->name;
	names[n] = NULL;
	const char *near = args_nearest(name, names);
	if (near == NULL) {
		fprintf(stderr, "mqcluster: unknown command \"%s\"\n", name);
		return usage(stderr, table);
	}
	fprintf(stderr, "mqcluster: unknown command \"%s\", did you mean %s?\n", name, near);
	return EXIT_USAGE;
}

/* argv[1] is a command of the table. */
static int
run_one_of(const struct cluster_command *table, int argc, char **argv)
{
	struct mqcluster self = { .lock = -1 };
	const struct cluster_command *command = table;
	struct buf error = { 0 };

	if (argc < 2)
		return usage(stderr, table);
	if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0 ||
	    strcmp(argv[1], "help") == 0)
		return usage(stdout, table);
	while (command->name != NULL && strcmp(command->name, argv[1]) != 0)
		command++;
	if (command->name == NULL)
		return refuse_command(table, argv[1]);
	if (args_parse(&self.args, command->flags, common_cluster_flags, argc - 1, argv + 1,
		&error) == -1) {
		fprintf(stderr, "mqcluster: %s: %s\n", command->name, buf_text(&error));
		buf_release(&error);
		return EXIT_USAGE;
	}
	return args_has(&self.args, 'h') ? print_help(table, command) : run(&self, command);
}

int
main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	if (argc >= 2 && (strcmp(argv[1], "-V") == 0 || strcmp(argv[1], "--version") == 0))
		return puts("mqcluster " PACKAGE_VERSION) == EOF;
	if (argc >= 2 && strcmp(argv[1], "account") == 0)
		return run_one_of(cluster_account_commands, argc - 1, argv + 1);
	return run_one_of(commands, argc, argv);
}
