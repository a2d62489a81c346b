#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/mqcluster.h"

#define EXIT_USAGE 2

static const struct flag common_cluster_flags[] = {
	{ 'h', "help", FLAG_SWITCH, NULL, 0, 0, 0, "print help for the command" },
	{ 'J', "json", FLAG_SWITCH, NULL, 0, 0, 0, "print one JSON document" },
	{ 0 },
};

/* In the order of the manual. */
const struct cluster_command cluster_commands[] = {
	{ "start", cluster_start_flags, cluster_start_run,
	    "start this host's half of the cluster, and see that messages go through" },
	{ "stop", cluster_stop_flags, cluster_stop_run, "stop it cleanly" },
	{ "status", cluster_status_flags, cluster_status_run, "show what runs" },
	{ "run", cluster_run_flags, cluster_run_run,
	    "run it in the foreground, and start again what dies" },
	{ NULL },
};

/* ---- what the commands share ---- */

static int
make_directory(struct cluster *cluster)
{
	char path[4096];

	snprintf(path, sizeof path, "%s", cluster->directory);
	for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
		if (slash != NULL)
			*slash = '\0';
		if (mkdir(path, 0755) == -1 && errno != EEXIST)
			return cluster_fail(cluster,
			    "directory %s cannot be made: %s; name another with -d",
			    cluster->directory, strerror(errno));
		if (slash == NULL)
			return 0;
		*slash = '/';
	}
}

int
mqcluster_lock(struct mqcluster *self, bool make)
{
	struct cluster *cluster = &self->cluster;
	char path[4200], text[16] = "?";

	if (make && make_directory(cluster) == -1)
		return -1;
	snprintf(path, sizeof path, "%s/mqcluster.lock", cluster->directory);
	self->lock = open(path, O_RDWR | O_CLOEXEC | (make ? O_CREAT : 0), 0644);
	if (self->lock == -1 && !make && errno == ENOENT)
		return cluster_fail(cluster,
		    "there is no cluster in %s; name the directory it was started with, with -d",
		    cluster->directory);
	if (self->lock == -1)
		return cluster_fail(cluster,
		    "%s cannot be written: %s; name another directory with -d", path,
		    strerror(errno));
	if (flock(self->lock, LOCK_EX | LOCK_NB) == -1) {
		ssize_t len = pread(self->lock, text, sizeof text - 1, 0);

		if (len > 0)
			text[len] = '\0';
		return cluster_fail(cluster,
		    "mqcluster with pid %s works in %s; wait for it, or end it if it is mqcluster "
		    "run",
		    text, cluster->directory);
	}
	int len = snprintf(text, sizeof text, "%d", (int)getpid());
	if (ftruncate(self->lock, 0) == -1 || pwrite(self->lock, text, (size_t)len, 0) != len)
		return cluster_fail(cluster, "%s cannot be written: %s", path, strerror(errno));
	return 0;
}

struct launch
mqcluster_launch(struct mqcluster *self, const struct role *role)
{
	return (struct launch){
		.arguments = role_arguments(&self->cluster, role),
		.directory = self->cluster.directory,
		.pid_file = role_path(&self->cluster, role, ".pid"),
	};
}

void
mqcluster_find(struct mqcluster *self, const struct role *role, struct process *process)
{
	process_find(role_path(&self->cluster, role, ".pid"), process);
}

void
mqcluster_find_settled(
    struct mqcluster *self, const struct role *role, int64_t timeout_ms, struct process *process)
{
	process_find_settled(role_path(&self->cluster, role, ".pid"), timeout_ms, process);
}

static const struct column role_columns[] = {
	{ "role", "Role", COLUMN_TEXT },
	{ "state", "State", COLUMN_TEXT },
	{ "pid", "Pid", COLUMN_SIZE },
	{ "address", "Address", COLUMN_TEXT },
	{ "memoryKb", "Memory kB", COLUMN_SIZE }, /* anonymous: what the process itself needs */
	{ "residentKb", "Resident kB", COLUMN_SIZE },
	{ "upSeconds", "Up s", COLUMN_SIZE },
	{ "ready", "Ready after", COLUMN_TEXT }, /* while starting */
	{ NULL },
};

static struct slice
ready_text(struct mqcluster *self, const struct process *process, int64_t ready_ms)
{
	if (process->state != PROCESS_RUNS)
		return SLICE("");
	return ready_ms < 0 ? SLICE("ran already")
	                    : arena_printf(&self->cluster.arena, "%lld ms", (long long)ready_ms);
}

static bool
is_up(const struct process *process)
{
	return process->state == PROCESS_RUNS || process->state == PROCESS_HIDDEN;
}

static struct slice
state_text(const struct role *role, const struct process *process)
{
	static const char *const texts[] = {
		[PROCESS_NONE] = "stopped",
		[PROCESS_RUNS] = "runs",
		[PROCESS_ENDING] = "ending",
		[PROCESS_HIDDEN] = "hidden", /* the manual explains it */
	};

	return role->here ? slice_of(texts[process->state]) : SLICE("elsewhere");
}

/* One line when the whole network reaches a daemon that asks nobody for a password. */
static void
warn_of_open_ports(struct mqcluster *self, const struct role *open_role)
{
	if (open_role != NULL)
		report_text(&self->report, "warning", "WARNING",
		    arena_printf(&self->cluster.arena,
			"there is no access control yet, and %s listens beyond loopback: whoever "
			"reaches its ports reads and deletes all; keep them behind a firewall",
			open_role->name));
}

size_t
mqcluster_show(struct mqcluster *self, const int64_t *ready_ms)
{
	struct cluster *cluster = &self->cluster;
	struct grid grid;
	size_t n_missing = 0;
	const struct role *open_role = NULL;
	struct column columns[sizeof role_columns / sizeof role_columns[0]];

	memcpy(columns, role_columns, sizeof columns);
	if (ready_ms == NULL)
		columns[sizeof columns / sizeof columns[0] - 2] = (struct column){ NULL };
	grid_open(&grid, &self->report, "roles", columns);
	for (size_t i = 0; i < cluster->n_roles; i++) {
		const struct role *role = &cluster->roles[i];
		struct process process;

		mqcluster_find(self, role, &process);
		n_missing += role->here && !is_up(&process);
		if (is_up(&process) && role->here && !role->only_loopback)
			open_role = role;
		grid_text(&grid, slice_of(role->name));
		grid_text(&grid, state_text(role, &process));
		grid_int(&grid, process.pid);
		grid_text(&grid, slice_of(role->address));
		grid_int(&grid, process.anonymous_kb);
		grid_int(&grid, process.resident_kb);
		grid_int(&grid, process.up_ms / 1000);
		if (ready_ms != NULL)
			grid_text(&grid, ready_text(self, &process, ready_ms[i]));
	}
	grid_close(&grid);
	warn_of_open_ports(self, open_role);
	return n_missing;
}

/* ---- stop and status ---- */

const struct flag cluster_stop_flags[] = { FLAG_CLUSTER_FILE, { 0 } };
const struct flag cluster_status_flags[] = { FLAG_CLUSTER_FILE, { 0 } };

/* Stops one role and reports it; whether it ended cleanly. */
static bool
stop_role(struct mqcluster *self, const struct role *role)
{
	struct cluster *cluster = &self->cluster;
	const char *pid_file = role_path(cluster, role, ".pid");
	struct slice result = SLICE("stopped");
	struct process process;

	mqcluster_find_settled(self, role, ENDING_TIMEOUT_MS, &process);
	if (process.state == PROCESS_NONE)
		result = SLICE("did not run");
	enum process_stop stop = process_stop(pid_file, STOP_TIMEOUT_MS);
	if (stop == PROCESS_KILLED)
		result = SLICE("had to be killed");
	else if (stop == PROCESS_STOP_FAILED && process.state == PROCESS_HIDDEN)
		result = SLICE("cannot be stopped: it runs in another pid namespace (a container); "
			       "stop it there");
	else if (stop == PROCESS_STOP_FAILED)
		result = arena_printf(&cluster->arena, "cannot be stopped: pid %d: %s",
		    (int)process.pid, strerror(errno));
	if (stop != PROCESS_STOP_FAILED)
		unlink(pid_file);
	report_text(&self->report, role->name, role->name, result);
	return stop == PROCESS_STOPPED;
}

/* Brokers first: they unregister at the name servers. */
int
cluster_stop_run(struct mqcluster *self)
{
	struct cluster *cluster = &self->cluster;
	bool all_well = true;

	if (mqcluster_lock(self, false) == -1)
		return -1;
	for (size_t i = cluster->n_roles; i-- > 0;)
		if (cluster->roles[i].here)
			all_well &= stop_role(self, &cluster->roles[i]);
	return all_well ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
cluster_status_run(struct mqcluster *self)
{
	return mqcluster_show(self, NULL) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- the command line ---- */

static int
usage(FILE *out)
{
	fputs("usage: mqcluster COMMAND [FLAGS]\n\n", out);
	for (const struct cluster_command *one = cluster_commands; one->name != NULL; one++)
		fprintf(out, "  %-8s %s\n", one->name, one->help);
	return out == stdout ? EXIT_SUCCESS : EXIT_USAGE;
}

static int
print_help(const struct cluster_command *command)
{
	struct buf out = { 0 };

	buf_printf(&out, "usage: mqcluster %s [FLAGS]\n%s\n\n", command->name, command->help);
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
	if (cluster_read(cluster, args_text(&self->args, 'c'), args_text(&self->args, 'd')) == 0 &&
	    cluster_place(cluster, args_has(&self->args, 'l')) == 0)
		status = command->run(self);
	if (status == -1) {
		fprintf(stderr, "mqcluster: %s\n", cluster->why);
		status = EXIT_FAILURE;
	} else if (report_print(&self->report) == -1) {
		fprintf(stderr, "mqcluster: standard output cannot be written\n");
		status = EXIT_FAILURE;
	}
	report_release(&self->report);
	cluster_release(cluster);
	return status;
}

int
main(int argc, char **argv)
{
	struct mqcluster self = { .lock = -1 };
	const struct cluster_command *command = cluster_commands;
	struct buf error = { 0 };

	signal(SIGPIPE, SIG_IGN);
	if (argc < 2)
		return usage(stderr);
	if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0 ||
	    strcmp(argv[1], "help") == 0)
		return usage(stdout);
	if (strcmp(argv[1], "-V") == 0 || strcmp(argv[1], "--version") == 0)
		return puts("mqcluster " PACKAGE_VERSION) == EOF;
	while (command->name != NULL && strcmp(command->name, argv[1]) != 0)
		command++;
	if (command->name == NULL) {
		fprintf(stderr, "mqcluster: unknown command \"%s\"\n", argv[1]);
		return usage(stderr);
	}
	if (args_parse(&self.args, command->flags, common_cluster_flags, argc - 1, argv + 1,
		&error) == -1) {
		fprintf(stderr, "mqcluster: %s: %s\n", command->name, buf_text(&error));
		buf_release(&error);
		return EXIT_USAGE;
	}
	return args_has(&self.args, 'h') ? print_help(command) : run(&self, command);
}
