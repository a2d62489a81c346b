#include "config.h"

#include "admin/mqcluster.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

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
		    "another mqcluster, pid %s, works in %s: wait for it, or stop it if it is "
		    "mqcluster "
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
	{ "memoryKb", "Memory kB", COLUMN_SIZE }, /* anonymous memory */
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

/* One line when other machines reach a daemon, because there is no access control yet. */
static void
warn_of_open_ports(struct mqcluster *self, const struct role *open_role)
{
	if (open_role != NULL)
		report_text(&self->report, "warning", "WARNING",
		    arena_printf(&self->cluster.arena,
			"there is no access control yet, and %s listens beyond loopback: everyone "
			"who reaches its ports can read and delete all; keep them behind a "
			"firewall",
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
