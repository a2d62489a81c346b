#include "config.h"

/* Checks of hosts files, clocks, addresses and ports. */

#include <stdio.h>
#include <stdlib.h>

#include "admin/doctor.h"

#define CLOCK_LIMIT_MS 1000
#define VIP_STEP 2 /* a broker listens below its port, too */

/* ---- hosts files ---- */

static const char *
addresses_text(struct doctor *doctor, const struct host_entry *entry)
{
	const char *text = entry->n_addresses == 0 ? "not there" : "";

	for (size_t i = 0; i < entry->n_addresses; i++)
		text = doctor_text(doctor, "%s%s%.*s", text, i != 0 ? " " : "",
		    (int)entry->addresses[i].len, entry->addresses[i].data);
	return text;
}

static const struct host_entry *
entry_of(const struct doctor_daemon *daemon, struct slice name)
{
	for (size_t i = 0; daemon->has_view && i < daemon->view.n_names; i++)
		if (slice_equal(daemon->view.names[i].name, name))
			return &daemon->view.names[i];
	return NULL;
}

static bool
has_loopback(struct doctor *doctor, const struct host_entry *entry)
{
	for (size_t i = 0; i < entry->n_addresses; i++)
		if (doctor_is_loopback(doctor_copy(doctor, entry->addresses[i])))
			return true;
	return false;
}

/* Whether an earlier daemon has the same addresses of the name: it was compared already. */
static bool
seen_before(struct doctor *doctor, size_t index, const struct host_entry *entry)
{
	for (size_t i = 0; i < index; i++) {
		const struct host_entry *before =
		    entry_of(doctor_daemon_at(doctor, i), entry->name);

		if (before != NULL &&
		    strcmp(addresses_text(doctor, before), addresses_text(doctor, entry)) == 0)
			return true;
	}
	return false;
}

static void
compare_entry(struct doctor *doctor, size_t index, const struct host_entry *entry)
{
	const struct doctor_daemon *daemon = doctor_daemon_at(doctor, index), *other;

	for (size_t i = 0; i < index; i++) {
		other = doctor_daemon_at(doctor, i);
		const struct host_entry *theirs = entry_of(other, entry->name);

		if (theirs == NULL || has_loopback(doctor, theirs) || has_loopback(doctor, entry))
			continue;
		const char *name = doctor_copy(doctor, entry->name);
		doctor_find(doctor, name,
		    doctor_text(doctor, "Hosts do not agree about the address of %s.", name),
		    doctor_text(doctor, "/etc/hosts at the %s: %s; at %s: %s", other->title,
			addresses_text(doctor, theirs), daemon->title,
			addresses_text(doctor, entry)),
		    "put the same lines into /etc/hosts of all hosts; daemons look names up again "
		    "within 30 seconds");
		return;
	}
}

static void
hosts_differ(struct doctor *doctor)
{
	const struct doctor_daemon *daemon;

	for (size_t i = 0; (daemon = doctor_daemon_at(doctor, i)) != NULL; i++)
		for (size_t j = 0; daemon->has_view && j < daemon->view.n_names; j++)
			if (!seen_before(doctor, i, &daemon->view.names[j]))
				compare_entry(doctor, i, &daemon->view.names[j]);
}

/* Whether another daemon knows the name by an address that others can use. */
static const struct doctor_daemon *
who_knows_better(struct doctor *doctor, struct slice name)
{
	struct doctor_daemon *daemon;

	for (size_t i = 0; (daemon = doctor_daemon_at(doctor, i)) != NULL; i++) {
		const struct host_entry *entry = entry_of(daemon, name);

		if (entry != NULL && entry->n_addresses != 0 && !has_loopback(doctor, entry))
			return daemon;
	}
	return NULL;
}

static void
host_loopback(struct doctor *doctor)
{
	const struct doctor_daemon *daemon, *other;

	for (size_t i = 0; (daemon = doctor_daemon_at(doctor, i)) != NULL; i++)
		for (size_t j = 0; daemon->has_view && j < daemon->view.n_names; j++) {
			const struct host_entry *entry = &daemon->view.names[j];

			if (!has_loopback(doctor, entry) || seen_before(doctor, i, entry) ||
			    (other = who_knows_better(doctor, entry->name)) == NULL)
				continue;
			const char *name = doctor_copy(doctor, entry->name);
			doctor_find(doctor, name,
			    doctor_text(doctor,
				"At the host of %s the name %s means that host itself.",
				daemon->title, name),
			    doctor_text(doctor, "/etc/hosts at %s: %s; at %s: %s", daemon->title,
				addresses_text(doctor, entry), other->title,
				addresses_text(doctor, entry_of(other, entry->name))),
			    doctor_text(doctor,
				"remove %s from the lines of 127.0.0.1 and 127.0.1.1 in that "
				"/etc/hosts, and give it the address of its network interface",
				name));
		}
}

/* ---- clocks ---- */

static int64_t
beyond(int64_t difference_ms, int64_t error_ms)
{
	return llabs(difference_ms) - error_ms;
}

static bool
clock_is_off(const struct doctor_daemon *daemon)
{
	return daemon->has_clock &&
	       beyond(daemon->clock_ms, daemon->clock_error_ms) > CLOCK_LIMIT_MS;
}

static void
clock_against_ours(struct doctor *doctor, const struct doctor_daemon *daemon)
{
	doctor_find(doctor, daemon->title,
	    doctor_text(doctor, "The clock of %s is %s that of this host.", daemon->title,
		daemon->clock_ms > 0 ? "ahead of" : "behind"),
	    doctor_text(doctor, "%lld.%03d s apart, measured within %lld ms",
		llabs(daemon->clock_ms) / 1000, (int)(llabs(daemon->clock_ms) % 1000),
		(long long)daemon->clock_error_ms),
	    "run an NTP client (chrony, systemd-timesyncd) on all hosts; delays, retention and "
	    "times of messages depend on their clocks");
}

static void
clocks_apart(struct doctor *doctor)
{
	const struct doctor_daemon *daemon, *least = NULL, *most = NULL;

	for (size_t i = 0; (daemon = doctor_daemon_at(doctor, i)) != NULL; i++) {
		if (clock_is_off(daemon)) {
			clock_against_ours(doctor, daemon);
			continue;
		}
		if (!daemon->has_clock)
			continue;
		least = least == NULL || daemon->clock_ms < least->clock_ms ? daemon : least;
		most = most == NULL || daemon->clock_ms > most->clock_ms ? daemon : most;
	}
	if (least == NULL || beyond(most->clock_ms - least->clock_ms,
				 most->clock_error_ms + least->clock_error_ms) <= CLOCK_LIMIT_MS)
		return;
	doctor_find(doctor, most->title,
	    doctor_text(
		doctor, "The clock of %s is ahead of that of %s.", most->title, least->title),
	    doctor_text(doctor, "%lld ms apart", (long long)(most->clock_ms - least->clock_ms)),
	    "run an NTP client (chrony, systemd-timesyncd) on all hosts");
}

/* ---- addresses ---- */

static bool
all_is_loopback(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->n_name_servers; i++)
		if (!doctor_is_loopback(doctor->name_servers[i].daemon.address))
			return false;
	return true;
}

static bool
is_lost_on_loopback(struct doctor *doctor, const struct doctor_broker *broker)
{
	return doctor_is_loopback(broker->daemon.address) &&
	       (!all_is_loopback(doctor) || broker->n_clients_elsewhere != 0);
}

static void
address_loopback(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->n_brokers; i++) {
		const struct doctor_broker *broker = &doctor->brokers[i];

		if (!is_lost_on_loopback(doctor, broker))
			continue;
		doctor_find(doctor, broker->name,
		    doctor_text(doctor,
			"%s is registered with an address that clients on other hosts take for "
			"their own.",
			broker->name),
		    doctor_text(doctor, "registered: %s; %s %s", broker->daemon.address,
			broker->n_clients_elsewhere != 0 ? "a client is at" : "name server:",
			broker->n_clients_elsewhere != 0 ? broker->client_elsewhere
							 : doctor->name_servers[0].daemon.address),
		    doctor_text(doctor,
			"set brokerIP1 of %s to the address of its host in the network of the "
			"clients, and restart it",
			broker->name));
	}
}

static void
broker_unreachable(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->n_brokers; i++) {
		const struct doctor_broker *broker = &doctor->brokers[i];
		const struct doctor_daemon *daemon = &broker->daemon;

		if (daemon->answered || is_lost_on_loopback(doctor, broker))
			continue;
		doctor_find(doctor, broker->name,
		    doctor_text(doctor,
			daemon->unreachable
			    ? "Clients cannot reach %s at the address it registered."
			    : "%s takes connections, but does not answer.",
			broker->name),
		    doctor_text(doctor, "registered: %s; %s", daemon->address, daemon->why),
		    doctor_text(doctor,
			daemon->unreachable
			    ? "is it the right interface? Set brokerIP1 of %s to an address that "
			      "clients reach, or open the port in the firewall"
			    : "another program may have the port of %s, or it hangs: look at its "
			      "log",
			broker->name));
	}
}

static void
wrong_broker(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->n_brokers; i++) {
		const struct doctor_broker *broker = &doctor->brokers[i];
		const char *name = doctor_setting(doctor, &broker->daemon, "brokerName");

		if (name == NULL || strcmp(name, broker->name) == 0 ||
		    is_lost_on_loopback(doctor, broker))
			continue;
		doctor_find(doctor, broker->name,
		    doctor_text(
			doctor, "At the address of %s another broker answers.", broker->name),
		    doctor_text(doctor, "%s is registered at %s, where %s answers", broker->name,
			broker->daemon.address, name),
		    doctor_text(doctor,
			"set brokerIP1 and listenPort of %s to an address of its own",
			broker->name));
	}
}

static void
vip_port_closed(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->n_brokers; i++) {
		const struct doctor_broker *broker = &doctor->brokers[i];
		const char *colon = strrchr(broker->daemon.address, ':'), *why;

		if (!broker->daemon.answered || colon == NULL)
			continue;
		const char *address =
		    doctor_text(doctor, "%s:%ld", doctor_host_of(doctor, broker->daemon.address),
			strtol(colon + 1, NULL, 10) - VIP_STEP);
		if (doctor_port_open(doctor, address, &why))
			continue;
		doctor_find(doctor, broker->name,
		    doctor_text(doctor,
			"The second port of %s is closed; clients with vipChannelEnabled send "
			"there.",
			broker->name),
		    doctor_text(doctor, "%s: %s; the first, %s, is open", address, why,
			broker->daemon.address),
		    doctor_text(doctor,
			"open port %s in the firewall; if another program has it, give %s another "
			"listenPort",
			strrchr(address, ':') + 1, broker->name));
	}
}

/* ---- HTTP ---- */

/* Where others reach it; NULL: this host alone does. */
static const char *
http_address(struct doctor *doctor, const struct doctor_broker *broker)
{
	const struct doctor_daemon *daemon = &broker->daemon;
	const char *bound = doctor_setting(doctor, daemon, "httpBindAddress");

	if (bound == NULL || doctor_is_loopback(bound))
		return NULL;
	return doctor_text(doctor, "%s:%lld", doctor_host_of(doctor, daemon->address),
	    (long long)doctor_counter(daemon, "httpPort"));
}

/* An older broker does not tell its port. */
static bool
tells_http_port(const struct doctor_daemon *daemon)
{
	for (size_t i = 0; i < daemon->n_counters; i++)
		if (slice_is(daemon->counters[i].key, "httpPort"))
			return true;
	return false;
}

static void
no_http(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->n_brokers; i++) {
		const struct doctor_broker *broker = &doctor->brokers[i];
		const struct doctor_daemon *daemon = &broker->daemon;
		const char *wanted = doctor_setting(doctor, daemon, "httpPort");
		const char *address, *why = NULL;

		if (wanted == NULL || strcmp(wanted, "0") == 0 || !tells_http_port(daemon))
			continue;
		if (doctor_counter(daemon, "httpPort") == 0) {
			doctor_find(doctor, broker->name,
			    doctor_text(doctor,
				"%s goes on without HTTP: no metrics, no health, no API.",
				broker->name),
			    doctor_text(doctor,
				"httpPort=%s; the port that follows from listenPort was taken when "
				"%s started",
				wanted, broker->name),
			    doctor_text(doctor,
				"stop what uses the port, or set httpPort of %s; then restart it",
				broker->name));
			continue;
		}
		address = http_address(doctor, broker);
		if (address == NULL || doctor_port_open(doctor, address, &why))
			continue;
		doctor_find(doctor, broker->name,
		    doctor_text(doctor, "The HTTP port of %s is closed.", broker->name),
		    doctor_text(doctor, "%s: %s", address, why),
		    doctor_text(doctor,
			"open port %s in the firewall, or set httpBindAddress of %s to an address "
			"that others reach",
			strrchr(address, ':') + 1, broker->name));
	}
}

const struct doctor_check doctor_host_checks[] = {
	{ "hosts-differ", "hosts files give a name different addresses", DOCTOR_ERROR,
	    hosts_differ },
	{ "host-loopback", "a host's name means the host itself", DOCTOR_ERROR, host_loopback },
	{ "clocks-apart", "clocks are more than a second apart", DOCTOR_WARNING, clocks_apart },
	{ "address-loopback", "a broker is registered at a loopback address", DOCTOR_ERROR,
	    address_loopback },
	{ "broker-unreachable", "clients cannot reach a broker", DOCTOR_ERROR, broker_unreachable },
	{ "wrong-broker", "another broker answers at a broker's address", DOCTOR_ERROR,
	    wrong_broker },
	{ "vip-port-closed", "a broker's second port is closed", DOCTOR_WARNING, vip_port_closed },
	{ "no-http", "a broker has no HTTP", DOCTOR_WARNING, no_http },
	{ NULL },
};
