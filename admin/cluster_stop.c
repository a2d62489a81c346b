#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/copies.h"
#include "admin/mqcluster.h"

const struct flag cluster_stop_flags[] = { FLAG_CLUSTER_FILE, { 0 } };
const struct flag cluster_status_flags[] = { FLAG_CLUSTER_FILE, { 0 } };

/* Stops one role and reports the result. True when it ended cleanly or did not run. */
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

static bool
has_slaves(const struct cluster *cluster)
{
	for (size_t i = 0; i < cluster->n_roles; i++)
		if (cluster->roles[i].broker_id != 0)
			return true;
	return false;
}

/* How far the slaves are. Nothing when no name server answers: the roles above say why. */
static void
show_copies(struct mqcluster *self)
{
	static const struct subcommand none = { .name = "status" };
	struct admin admin = { .command = &none };
	struct targets brokers;
	struct twinmq_error error;

	if (admin_open(&admin, self->cluster.name_servers, false, &error) == -1)
		return;
	if (admin_cluster_brokers(&admin, SLICE_NONE, 0, &brokers) == 0)
		copies_show(&admin, &self->report, &brokers);
	admin_close(&admin);
}

int
cluster_status_run(struct mqcluster *self)
{
	size_t n_missing = mqcluster_show(self, NULL);

	if (has_slaves(&self->cluster)) {
		show_copies(self);
		report_text(&self->report, "promotion", "A slave is promoted",
		    self->cluster.witness != NULL
			? SLICE("by itself: the name servers and the witness vote")
			: SLICE("by a person: cluster.ini names no witness"));
	}
	return n_missing == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
