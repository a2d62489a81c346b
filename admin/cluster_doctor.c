#include "config.h"

/* mqcluster doctor: what mqadmin doctor looks at, and the roles of cluster.ini on this host. */

#include <stdio.h>
#include <string.h>

#include "admin/doctor.h"
#include "admin/mqcluster.h"
#include "common/net/resolve.h"
#include "common/protocol/kv_table.h"

const struct flag cluster_doctor_flags[] = {
	FLAG_CLUSTER_FILE,
	{ 'i', "interval", FLAG_INT, "SECONDS", 0, 0, 3600,
	    "how long a queue that does not move is watched (default 10)" },
	{ 0 },
};

static const struct cluster *
cluster_of(const struct doctor *doctor)
{
	return &((struct mqcluster *)doctor->context)->cluster;
}

static bool
is_running(const struct doctor *doctor, const struct role *role)
{
	struct process process;

	mqcluster_find(doctor->context, role, &process);
	return process.state != PROCESS_NONE;
}

static void
role_stopped(struct doctor *doctor)
{
	const struct cluster *cluster = cluster_of(doctor);

	for (size_t i = 0; i < cluster->n_roles; i++) {
		const struct role *role = &cluster->roles[i];
		char words[512] = "";
		const char *why;

		if (!role->here || is_running(doctor, role) ||
		    doctor_port_open(doctor, role->address, &why))
			continue;
		struct mqcluster *self = doctor->context;
		process_last_words(role_path(&self->cluster, role, ".log"), 0, words, sizeof words);
		doctor_find(doctor, role->name,
		    doctor_text(doctor, "%s does not run on this host.", role->name),
		    doctor_text(doctor, "nobody has the lock on %s; the end of its log: %s",
			role_path(&self->cluster, role, ".pid"),
			words[0] != '\0' ? words : "there is none"),
		    "mqcluster start");
	}
}

static void
port_taken(struct doctor *doctor)
{
	const struct cluster *cluster = cluster_of(doctor);

	for (size_t i = 0; i < cluster->n_roles; i++) {
		const struct role *role = &cluster->roles[i];
		const char *why;

		if (!role->here || is_running(doctor, role) ||
		    !doctor_port_open(doctor, role->address, &why))
			continue;
		doctor_find(doctor, role->name,
		    doctor_text(
			doctor, "%s does not run, and another program has its port.", role->name),
		    doctor_text(doctor, "%s takes connections", role->address),
		    doctor_text(doctor,
			"ss -ltnp 'sport = :%d' names the program: stop it, or set another "
			"listenPort in %s; then mqcluster start",
			role->port, role->config));
	}
}

static const struct doctor_broker *
find_registered(const struct doctor *doctor, const struct role *role)
{
	for (size_t i = 0; i < doctor->n_brokers; i++)
		if (doctor->brokers[i].id == role->broker_id &&
		    strcmp(doctor->brokers[i].name, role->broker_name) == 0)
			return &doctor->brokers[i];
	return NULL;
}

static bool
some_name_server_answers(const struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->n_name_servers; i++)
		if (doctor->name_servers[i].daemon.answered)
			return true;
	return false;
}

static void
role_unregistered(struct doctor *doctor)
{
	const struct cluster *cluster = cluster_of(doctor);

	for (size_t i = 0; i < cluster->n_roles; i++) {
		const struct role *role = &cluster->roles[i];

		if (role->kind != ROLE_BROKER || find_registered(doctor, role) != NULL ||
		    !some_name_server_answers(doctor) || (role->here && !is_running(doctor, role)))
			continue;
		doctor_find(doctor, role->name,
		    doctor_text(doctor, "%s of %s is registered at no name server.",
			role->broker_name, cluster->file),
		    doctor_text(doctor, "its host is %s; name servers: %s", role->host,
			cluster->name_servers),
		    role->here ? "see namesrvAddr in its file, and its log, for why it cannot "
				 "register"
			       : doctor_text(doctor, "on %s: mqcluster start, and mqcluster doctor",
				     role->host));
	}
}

/* When the broker at the address began, ms since 1970; 0: it does not say. */
static int64_t
boot_of(struct doctor *doctor, const char *address)
{
	struct admin_request ask = { .address = slice_of(address),
		.code = REQUEST_GET_BROKER_RUNTIME_INFO };
	struct doctor_daemon daemon = { 0 };
	struct twinmq_reply reply;

	if (admin_ask(doctor->admin, &ask, &reply) == -1 ||
	    kv_table_read(
		&doctor->admin->arena, reply.body, &daemon.counters, &daemon.n_counters) == -1)
		return 0;
	return doctor_counter(&daemon, "bootTimestamp");
}

static void
role_name_taken(struct doctor *doctor)
{
	const struct cluster *cluster = cluster_of(doctor);

	for (size_t i = 0; i < cluster->n_roles; i++) {
		const struct role *role = &cluster->roles[i];
		const struct doctor_broker *broker;

		if (role->kind != ROLE_BROKER || (broker = find_registered(doctor, role)) == NULL ||
		    !broker->daemon.answered)
			continue;
		const char *name = doctor_setting(doctor, &broker->daemon, "brokerName");
		if (name == NULL || strcmp(name, role->broker_name) != 0)
			continue; /* wrong-broker says so */
		int64_t ours = boot_of(doctor, role->address);
		if (ours == 0 || ours == doctor_counter(&broker->daemon, "bootTimestamp"))
			continue;
		doctor_find(doctor, role->name,
		    doctor_text(doctor,
			"Another broker is registered with the name %s; the one of %s is left out.",
			role->broker_name, cluster->file),
		    doctor_text(doctor, "registered: %s; %s: %s", broker->daemon.address,
			role->name, role->address),
		    doctor_text(doctor,
			"stop the other one, or give %s another brokerName in %s and restart it",
			role->name, role->config));
	}
}

static const struct doctor_check role_checks[] = {
	{ "role-stopped", "a role of this host does not run", DOCTOR_ERROR, role_stopped },
	{ "port-taken", "another program has the port of a role", DOCTOR_ERROR, port_taken },
	{ "role-unregistered", "a broker of cluster.ini is not registered", DOCTOR_ERROR,
	    role_unregistered },
	{ "role-name-taken", "another broker has the name of a role", DOCTOR_ERROR,
	    role_name_taken },
	{ NULL },
};

/* The hosts of cluster.ini that are names, separated by ; */
static const char *
host_names(struct doctor *doctor, const struct cluster *cluster)
{
	const char *names = "";

	for (size_t i = 0; i < cluster->n_roles && !cluster->one_machine; i++) {
		const char *host = cluster->roles[i].host;

		if (strspn(host, "0123456789.:[]") != strlen(host))
			names = doctor_text(doctor, "%s%s;", names, host);
	}
	return names;
}

int
cluster_doctor_run(struct mqcluster *self)
{
	static const struct subcommand none = { .name = "doctor" };
	struct admin admin = { .command = &none };
	struct twinmq_error error;

	if (admin_open(&admin, self->cluster.name_servers, false, &error) == -1)
		return cluster_fail(
		    &self->cluster, "name servers of %s: %s", self->cluster.file, error.text);
	struct doctor *doctor = arena_zalloc(&admin.arena, sizeof *doctor);
	doctor->admin = &admin;
	doctor->context = self;
	doctor->interval_ms = args_number(&self->args, 'i', DOCTOR_INTERVAL_S) * 1000;
	doctor->names = host_names(doctor, &self->cluster);
	/* Without a name server there is still this host to look at. */
	doctor_survey(doctor);
	doctor_examine(doctor, role_checks);
	size_t n = doctor_report(doctor, &self->report, role_checks);
	admin_close(&admin);
	return n != 0;
}
