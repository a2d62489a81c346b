#include "config.h"

/* Checks of name servers, registrations, and how daemons run. */

#include <stdio.h>

#include "admin/doctor.h"
#include "common/base/strmap.h"
#include "common/net/resolve.h"

#define DAY_MS 86400000

static void
name_server_silent(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->n_name_servers; i++) {
		const struct doctor_daemon *daemon = &doctor->name_servers[i].daemon;

		if (!daemon->answered)
			doctor_find(doctor, daemon->title,
			    doctor_text(doctor, "The %s does not answer.", daemon->title),
			    daemon->why,
			    "start it (mqcluster start on its host), or open its port in the "
			    "firewall; clients that name it lose time");
	}
}

static void
no_broker(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->n_name_servers; i++)
		if (doctor->n_brokers == 0 && doctor->name_servers[i].daemon.answered)
			doctor_find(doctor, doctor->name_servers[i].daemon.title,
			    "No broker is registered, so no topic has a route.",
			    doctor_text(doctor, "the %s knows 0 brokers",
				doctor->name_servers[i].daemon.title),
			    "start a broker with this name server in its namesrvAddr");
}

/* ---- the name servers of a broker ---- */

/* Whether both name one socket: as text, or when both resolve to the same. */
static bool
same_place(const char *a, const char *b)
{
	struct sockaddr_storage to_a = { 0 }, to_b = { 0 };
	socklen_t len_a, len_b;

	return strcmp(a, b) == 0 || (resolve(a, false, &to_a, &len_a, NULL) == 0 &&
					resolve(b, false, &to_b, &len_b, NULL) == 0 &&
					len_a == len_b && memcmp(&to_a, &to_b, len_a) == 0);
}

static bool
is_surveyed(const struct doctor *doctor, const char *address)
{
	for (size_t i = 0; i < doctor->n_name_servers; i++)
		if (same_place(doctor->name_servers[i].daemon.address, address))
			return true;
	return false;
}

static void
broker_name_server(struct doctor *doctor)
{
	struct doctor_broker *broker;

	for (size_t i = 0; i < doctor->n_brokers; i++) {
		broker = &doctor->brokers[i];
		const char *setting = doctor_setting(doctor, &broker->daemon, "namesrvAddr");
		struct slice rest = slice_of(setting), part;

		while (setting != NULL && slice_next(&rest, ';', &part)) {
			const char *address = doctor_copy(doctor, slice_trim(part)), *why;

			if (address[0] == '\0' || is_surveyed(doctor, address) ||
			    doctor_port_open(doctor, address, &why))
				continue;
			doctor_find(doctor, broker->daemon.title,
			    doctor_text(doctor,
				"%s registers at a name server that does not answer.",
				broker->daemon.title),
			    doctor_text(doctor, "namesrvAddr=%s; %s: %s", setting, address, why),
			    doctor_text(doctor,
				"start the name server at %s, or remove it from namesrvAddr of "
				"%s and restart that broker",
				address, broker->name));
		}
	}
}

/* ---- what name servers know ---- */

static const struct doctor_broker *
find_namesake(const struct doctor *doctor, const struct doctor_broker *broker)
{
	for (size_t i = 0; i < doctor->n_brokers; i++) {
		const struct doctor_broker *other = &doctor->brokers[i];

		if (other != broker && strcmp(other->name, broker->name) == 0 &&
		    other->id == broker->id)
			return other;
	}
	return NULL;
}

static void
routes_differ(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->n_brokers; i++) {
		const struct doctor_broker *broker = &doctor->brokers[i];

		for (size_t j = 0; j < doctor->n_name_servers; j++) {
			const struct doctor_daemon *server = &doctor->name_servers[j].daemon;

			if (!server->answered || (broker->known_by >> j & 1) != 0 ||
			    find_namesake(doctor, broker) != NULL)
				continue;
			const char *setting =
			    doctor_setting(doctor, &broker->daemon, "namesrvAddr");
			doctor_find(doctor, server->title,
			    doctor_text(doctor,
				"The %s does not know %s, but another name server does.",
				server->title, broker->daemon.title),
			    doctor_text(doctor, "namesrvAddr of %s: %s", broker->name,
				setting != NULL ? setting : "not known, it does not answer"),
			    doctor_text(doctor,
				"name all name servers in namesrvAddr of %s; if they are there, "
				"its host does not reach %s",
				broker->name, server->address));
		}
	}
}

/* How many of a's topics b lacks, and the first of them. */
static size_t
count_missing(
    const struct doctor_name_server *a, const struct doctor_name_server *b, struct slice *first)
{
	struct strmap known = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < b->n_topics; i++)
		strmap_put(&known, b->topics[i], &known);
	for (size_t i = 0; i < a->n_topics; i++)
		if (strmap_find(&known, a->topics[i]) == NULL && n++ == 0)
			*first = a->topics[i];
	strmap_release(&known, NULL);
	return n;
}

/* Only among name servers that know the same brokers: else routes_differ says why. */
static bool
know_the_same_brokers(const struct doctor *doctor, size_t a, size_t b)
{
	for (size_t i = 0; i < doctor->n_brokers; i++)
		if ((doctor->brokers[i].known_by >> a & 1) !=
		    (doctor->brokers[i].known_by >> b & 1))
			return false;
	return true;
}

static void
topics_differ(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->n_name_servers; i++)
		for (size_t j = 0; j < doctor->n_name_servers; j++) {
			const struct doctor_name_server *a = &doctor->name_servers[i];
			const struct doctor_name_server *b = &doctor->name_servers[j];
			struct slice first = SLICE_NONE;
			size_t n_missing;

			if (i == j || a->topics == NULL || b->topics == NULL ||
			    !know_the_same_brokers(doctor, i, j))
				continue;
			n_missing = count_missing(a, b, &first);
			if (n_missing != 0)
				doctor_find(doctor, b->daemon.title,
				    doctor_text(doctor, "The %s lacks topics that the %s has.",
					b->daemon.title, a->daemon.title),
				    doctor_text(doctor, "%zu topics, %.*s for one", n_missing,
					(int)first.len, first.data),
				    "wait for the next registration (30 s) and run doctor again; "
				    "if "
				    "it stays so, look at the logs of the brokers");
		}
}

static void
name_taken(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->n_brokers; i++) {
		const struct doctor_broker *a = &doctor->brokers[i];
		const struct doctor_broker *b = find_namesake(doctor, a);

		if (b == NULL || b < a)
			continue;
		doctor_find(doctor, a->name,
		    doctor_text(doctor, "Two brokers have the name %s and the id %lld.", a->name,
			(long long)a->id),
		    doctor_text(doctor, "%s and %s", a->daemon.address, b->daemon.address),
		    "give one of them another brokerName, or another brokerId, and restart it");
	}
}

/* ---- how they run ---- */

static const char *
version_of(struct doctor *doctor, const struct doctor_daemon *daemon)
{
	if (daemon->has_view)
		return doctor_text(doctor, "TwinMQ %.*s", (int)daemon->view.version.len,
		    daemon->view.version.data);
	for (size_t i = 0; i < daemon->n_counters; i++)
		if (slice_is(daemon->counters[i].key, "brokerVersionDesc"))
			return doctor_copy(doctor, daemon->counters[i].value);
	return NULL;
}

static void
versions_differ(struct doctor *doctor)
{
	const struct doctor_daemon *one, *first = NULL;

	for (size_t i = 0; (one = doctor_daemon_at(doctor, i)) != NULL; i++) {
		const char *version = version_of(doctor, one);

		if (version == NULL)
			continue;
		if (first == NULL)
			first = one;
		if (strcmp(version, version_of(doctor, first)) != 0)
			doctor_find(doctor, one->title, "Daemons have different versions.",
			    doctor_text(doctor, "%s: %s; %s: %s", first->title,
				version_of(doctor, first), one->title, version),
			    "install one version on all hosts, and restart one daemon after the "
			    "other");
	}
}

static void
unclean_stop(struct doctor *doctor)
{
	const struct doctor_daemon *one;

	for (size_t i = 0; (one = doctor_daemon_at(doctor, i)) != NULL; i++)
		if (one->has_view && one->view.unclean &&
		    one->view.now_ms - one->view.started_ms < DAY_MS)
			doctor_find(doctor, one->title,
			    doctor_text(doctor,
				"%s was started again after it had died or had been killed.",
				one->title),
			    doctor_text(doctor,
				"it runs for %lld s; %.*s/abort was there when it started",
				(long long)(one->view.now_ms - one->view.started_ms) / 1000,
				(int)one->view.store.len, one->view.store.data),
			    "look for the reason in its log and in the kernel's (dmesg: out of "
			    "memory?); stop daemons with SIGTERM or mqcluster stop");
}

static void
limits_refuse(struct doctor *doctor)
{
	const struct doctor_daemon *one;

	for (size_t i = 0; (one = doctor_daemon_at(doctor, i)) != NULL; i++)
		for (size_t j = 0; j < one->n_counters; j++) {
			struct slice key = one->counters[j].key;
			int64_t n = 0;

			slice_to_int64(slice_trim(one->counters[j].value), &n);
			if (n <= 0 || !(slice_starts(key, "refused") ||
					  slice_starts(key, "connectionsRefused") ||
					  slice_is(key, "connectionsClosedSlow") ||
					  slice_is(key, "kvPairsRefused") ||
					  slice_is(key, "registrationsRefused")))
				continue;
			doctor_find(doctor, one->title,
			    doctor_text(doctor, "%s refused requests because a limit was reached.",
				one->title),
			    doctor_text(doctor, "%.*s=%lld since its start", (int)key.len, key.data,
				(long long)n),
			    "its log names the option; find out who needs so much, or raise it");
		}
}

static void
log_suppressed_lines(struct doctor *doctor)
{
	const struct doctor_daemon *one;

	for (size_t i = 0; (one = doctor_daemon_at(doctor, i)) != NULL; i++) {
		int64_t n = doctor_counter(one, "logLinesSuppressed");

		if (n > 0)
			doctor_find(doctor, one->title,
			    doctor_text(doctor,
				"%s had so much to say that lines of its log were left out.",
				one->title),
			    doctor_text(
				doctor, "logLinesSuppressed=%lld since its start", (long long)n),
			    "look into its log: a line says which kind was suppressed");
	}
}

const struct doctor_check doctor_server_checks[] = {
	{ "name-server-silent", "a name server does not answer", DOCTOR_ERROR, name_server_silent },
	{ "no-broker", "no broker is registered", DOCTOR_ERROR, no_broker },
	{ "broker-name-server", "a broker names a name server that does not answer", DOCTOR_ERROR,
	    broker_name_server },
	{ "routes-differ", "name servers do not know the same brokers", DOCTOR_ERROR,
	    routes_differ },
	{ "topics-differ", "name servers do not know the same topics", DOCTOR_WARNING,
	    topics_differ },
	{ "name-taken", "two brokers have one name", DOCTOR_ERROR, name_taken },
	{ "versions-differ", "daemons have different versions", DOCTOR_WARNING, versions_differ },
	{ "unclean-stop", "a daemon died lately", DOCTOR_WARNING, unclean_stop },
	{ "limits-refuse", "requests were refused because of limits", DOCTOR_WARNING,
	    limits_refuse },
	{ "log-suppressed", "lines of a log were left out", DOCTOR_WARNING, log_suppressed_lines },
	{ NULL },
};
