#include "config.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/cluster.h"
#include "admin/process.h"
#include "common/base/mem.h"
#include "common/http/http_settings.h"

/* A store below this home directory is a daemon's default, not a setting of its file. */
#define NO_HOME "/nonexistent"
#define QUORUM_PORT_STEP 5 /* above listenPort */

static const struct {
	const char *program;
	const char *store_key;
	int default_port, port_step, port_max;
} kinds[] = {
	[ROLE_NAME_SERVER] = { "mqnamesrv", "storePath", 9876, 1, 65535 },
	[ROLE_BROKER] = { "mqbroker", "storePathRootDir", 10911, 1000, 65534 },
};

const char *
role_program(const struct role *role)
{
	return kinds[role->kind].program;
}

const char *
role_path(struct cluster *cluster, const struct role *role, const char *suffix)
{
	return arena_printf(
	    &cluster->arena, "%s/%s%s%c", cluster->directory, role->name, suffix, '\0')
	    .data;
}

const char *
role_program_path(struct cluster *cluster, const struct role *role)
{
	return arena_printf(&cluster->arena, "%s/%s%c", cluster->programs, role_program(role), '\0')
	    .data;
}

/* ---- arguments of daemons ---- */

#define ARGUMENTS_MAX 32

struct argument_list {
	struct cluster *cluster;
	char *list[ARGUMENTS_MAX];
	size_t n;
};

static void
add(struct argument_list *arguments, const char *text)
{
	char *copy = arena_alloc(&arguments->cluster->arena, strlen(text) + 1);

	memcpy(copy, text, strlen(text) + 1);
	arguments->list[arguments->n++] = copy;
}

static void
add_setting(struct argument_list *arguments, const char *key, const char *value)
{
	add(arguments, "-o");
	add(arguments, arena_printf(&arguments->cluster->arena, "%s=%s%c", key, value, '\0').data);
}

static void
begin_arguments(struct argument_list *arguments, struct cluster *cluster, const struct role *role)
{
	*arguments = (struct argument_list){ .cluster = cluster };
	add(arguments, role_program_path(cluster, role));
	add(arguments, "-c");
	add(arguments, role->config);
}

/* ---- what the role's own file says ---- */

static void
take_setting(struct cluster *cluster, struct role *role, struct slice key, struct slice value)
{
	int32_t port;

	if (slice_is(key, "listenPort") && slice_to_int32(value, &port) == 0)
		role->port = port;
	else if (slice_is(key, "brokerId"))
		slice_to_int32(value, &role->broker_id);
	else if (slice_is(key, "brokerName") && value.len != 0)
		role->broker_name =
		    arena_printf(&cluster->arena, "%.*s%c", (int)value.len, value.data, '\0').data;
	else if (slice_is(key, kinds[role->kind].store_key))
		role->has_store = value.len != 0 && !slice_starts(value, NO_HOME "/");
	else if (slice_is(key, "httpPort") && slice_to_int32(value, &port) == 0)
		role->http_port = port;
	else if (slice_is(key, "consolePort") && slice_to_int32(value, &port) == 0)
		role->console_port = port;
	else if (slice_is(key, "consoleBindAddress") && value.len != 0)
		role->console_address =
		    arena_printf(&cluster->arena, "%.*s%c", (int)value.len, value.data, '\0').data;
	else if (slice_is(key, "accountsFile") && value.len != 0)
		role->accounts_file =
		    arena_printf(&cluster->arena, "%.*s%c", (int)value.len, value.data, '\0').data;
	else if (slice_is(key, "namesrvAddr"))
		role->has_name_servers = value.len != 0;
	else if (slice_is(key, "bindAddress"))
		role->only_loopback = slice_starts(value, "127.") || slice_is(value, "::1") ||
		                      slice_is(value, "localhost");
}

/* Runs the daemon with -p. Without a home directory, default folders are recognized by NO_HOME. */
static int
print_settings(struct cluster *cluster, const struct role *role, struct buf *output)
{
	struct argument_list arguments;
	const char *home = getenv("HOME");
	char *saved = home != NULL ? mem_strdup(home) : NULL;

	begin_arguments(&arguments, cluster, role);
	add(&arguments, "-p");
	setenv("HOME", NO_HOME, 1);
	int status = process_capture(arguments.list, output);
	if (saved != NULL)
		setenv("HOME", saved, 1);
	else
		unsetenv("HOME");
	free(saved);
	return status;
}

/* Quotes the daemon's reason: its first error, else its first line. */
static int
fail_settings(struct cluster *cluster, const struct role *role, int status, struct slice output)
{
	struct slice line, why = SLICE_NONE;

	while (output.len != 0 && slice_next(&output, '\n', &line)) {
		bool is_error = memmem(line.data, line.len, "error: ", 7) != NULL;

		if (why.data == NULL || is_error)
			why = line;
		if (is_error)
			break;
	}
	if (why.data == NULL)
		return cluster_fail(cluster, "%s -p ended with status %d",
		    role_program_path(cluster, role), status);
	return cluster_fail(cluster, "%s cannot use %s: %.*s", role_program(role), role->config,
	    (int)why.len, why.data);
}

/* The daemon prints its settings, so that only the daemon has to understand its file. */
static int
read_settings(struct cluster *cluster, struct role *role)
{
	struct buf output = { 0 };
	int status = print_settings(cluster, role, &output);
	struct slice rest = buf_slice(&output), line;
	int result = status != 0 ? fail_settings(cluster, role, status, rest) : 0;

	role->port = kinds[role->kind].default_port;
	role->broker_name = role->name;
	while (rest.len != 0 && slice_next(&rest, '\n', &line)) {
		const char *equals = memchr(line.data, '=', line.len);

		if (equals == NULL)
			continue;
		size_t len = (size_t)(equals - line.data);
		take_setting(cluster, role, (struct slice){ line.data, len },
		    slice_trim((struct slice){ equals + 1, line.len - len - 1 }));
	}
	buf_release(&output);
	return result;
}

/* ---- which roles are here ---- */

static bool
same_address(const struct sockaddr *a, const struct sockaddr *b)
{
	struct host host_a = host_of(a), host_b = host_of(b);

	return host_a.ip_len == host_b.ip_len && host_a.ip_len != 0 &&
	       memcmp(host_a.ip, host_b.ip, host_a.ip_len) == 0;
}

static bool
is_loopback(const struct sockaddr *address)
{
	struct host host = host_of(address);
	static const uint8_t loopback_v6[16] = { [15] = 1 };

	return host.ip_len == 4 ? host.ip[0] == 127 : memcmp(host.ip, loopback_v6, 16) == 0;
}

static bool
is_own_address(const struct ifaddrs *interfaces, const struct sockaddr *address)
{
	if (is_loopback(address))
		return true;
	for (; interfaces != NULL; interfaces = interfaces->ifa_next)
		if (interfaces->ifa_addr != NULL &&
		    interfaces->ifa_addr->sa_family == address->sa_family &&
		    same_address(interfaces->ifa_addr, address))
			return true;
	return false;
}

static int
find_host(struct cluster *cluster, struct role *role, const struct ifaddrs *interfaces)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
	int error = getaddrinfo(role->host, NULL, &hints, &found);

	if (error != 0)
		return cluster_fail(cluster,
		    "host %s of [%s] has no address (%s): put it into /etc/hosts on every host, or "
		    "give --local to run "
		    "the whole cluster on this one",
		    role->host, role->name, gai_strerror(error));
	for (const struct addrinfo *one = found; one != NULL; one = one->ai_next)
		role->here |= is_own_address(interfaces, one->ai_addr);
	freeaddrinfo(found);
	return 0;
}

static int
find_hosts(struct cluster *cluster)
{
	struct ifaddrs *interfaces;
	int result = 0;
	size_t n_here = 0;

	if (getifaddrs(&interfaces) == -1)
		return cluster_fail(
		    cluster, "this host's addresses cannot be read: %s", strerror(errno));
	for (size_t i = 0; i < cluster->n_roles && result == 0; i++) {
		result = find_host(cluster, &cluster->roles[i], interfaces);
		n_here += cluster->roles[i].here;
	}
	freeifaddrs(interfaces);
	cluster->one_machine = n_here == cluster->n_roles;
	if (result == 0 && n_here == 0)
		return cluster_fail(cluster,
		    "no role of %s is this host's: none of its hosts has an address of an "
		    "interface here",
		    cluster->file);
	return result;
}

/* ---- where they listen ---- */

static bool
share_host(const struct cluster *cluster, const struct role *a, const struct role *b)
{
	return cluster->one_machine || strcmp(a->host, b->host) == 0;
}

/* Roles of one kind on one host cannot share a port: each gets a port above the one before it. */
static void
set_ports(struct cluster *cluster)
{
	for (size_t i = 0; i < cluster->n_roles; i++) {
		struct role *role = &cluster->roles[i];

		for (size_t j = 0; j < i; j++) {
			const struct role *before = &cluster->roles[j];

			if (before->kind == role->kind && share_host(cluster, role, before) &&
			    role->port <= before->port)
				role->port = before->port + kinds[role->kind].port_step;
		}
		if (cluster->witness != NULL && role->kind == ROLE_NAME_SERVER)
			role->quorum_port = role->port + QUORUM_PORT_STEP;
		role->address = arena_printf(&cluster->arena, "%s:%d%c",
		    cluster->one_machine ? "127.0.0.1" : role->host, role->port, '\0')
		                    .data;
	}
}

/* Whether a role of the host has the port already; of those behind `role` only listenPort
 * and the port of the quorum. */
static bool
is_port_given(const struct cluster *cluster, const struct role *role, int port)
{
	for (size_t i = 0; i < cluster->n_roles; i++) {
		const struct role *other = &cluster->roles[i];

		if (!share_host(cluster, role, other))
			continue;
		if (other->port == port || other->quorum_port == port ||
		    (other < role && other->kind == ROLE_NAME_SERVER &&
			(other->http_port == port || other->console_port == port)))
			return true;
	}
	return false;
}

/* Name servers of one host need ports for HTTP and for the console that none of them has. */
static void
set_web_ports(struct cluster *cluster)
{
	for (size_t i = 0; i < cluster->n_roles; i++) {
		struct role *role = &cluster->roles[i];

		if (role->kind != ROLE_NAME_SERVER || role->witness)
			continue;
		if (role->http_port < 0)
			role->http_port = role->port + HTTP_PORT_STEP;
		while (role->http_port != 0 && is_port_given(cluster, role, role->http_port))
			role->http_port++;
		while (role->console_port != 0 &&
		       (role->console_port == role->http_port ||
			   is_port_given(cluster, role, role->console_port)))
			role->console_port++;
	}
}

/* 0, or -1 after cluster_fail. A broker also listens on the port above its own. */
static int
check_ports(struct cluster *cluster)
{
	for (size_t i = 0; i < cluster->n_roles; i++) {
		const struct role *role = &cluster->roles[i];

		if (role->port > kinds[role->kind].port_max)
			return cluster_fail(cluster,
			    "%s would get port %d behind those of the roles before it, but %d is "
			    "the "
			    "highest: set a lower listenPort in %s",
			    role->name, role->port, kinds[role->kind].port_max, role->config);
	}
	return 0;
}

/*
 * 0, or -1 after cluster_fail. A name and an id are one broker: two masters with one name, or two
 * slaves with one id, would be refused by the name servers.
 */
static int
check_broker_names(struct cluster *cluster)
{
	for (size_t i = 0; i < cluster->n_roles; i++)
		for (size_t j = 0; j < i; j++) {
			const struct role *role = &cluster->roles[i], *other = &cluster->roles[j];

			if (role->kind == ROLE_BROKER && other->kind == ROLE_BROKER &&
			    role->broker_id == other->broker_id &&
			    strcmp(role->broker_name, other->broker_name) == 0)
				return cluster_fail(cluster,
				    "%s and %s have the same brokerName %s%s: give each its own in "
				    "%s",
				    other->name, role->name, role->broker_name,
				    role->broker_id != 0 ? " and brokerId" : "", role->config);
		}
	return 0;
}

/* Addresses of the name servers, separated by ;. */
static const char *
list_servers(struct cluster *cluster, bool with_witness)
{
	struct buf list = { 0 };

	for (size_t i = 0; i < cluster->n_roles; i++) {
		const struct role *role = &cluster->roles[i];

		if (role->kind == ROLE_NAME_SERVER && (with_witness || !role->witness))
			buf_printf(&list, "%s%s", list.len != 0 ? ";" : "", role->address);
	}
	buf_append_char(&list, '\0');
	const char *text = arena_copy(&cluster->arena, buf_slice(&list)).data;
	buf_release(&list);
	return text;
}

/* The id of a role in the quorum: its place among the name servers, on every host the same. */
static int
quorum_id(const struct cluster *cluster, const struct role *role)
{
	return (int)(role - cluster->roles) + 1;
}

static const char *
list_peers(struct cluster *cluster)
{
	struct buf list = { 0 };

	for (size_t i = 0; i < cluster->n_roles; i++) {
		const struct role *role = &cluster->roles[i];

		if (role->kind == ROLE_NAME_SERVER)
			buf_printf(&list, "%s%d-%s:%d", list.len != 0 ? ";" : "",
			    quorum_id(cluster, role), role->address, role->quorum_port);
	}
	buf_append_char(&list, '\0');
	const char *text = arena_copy(&cluster->arena, buf_slice(&list)).data;
	buf_release(&list);
	return text;
}

int
cluster_place(struct cluster *cluster, bool local)
{
	cluster->one_machine = local;
	for (size_t i = 0; i < cluster->n_roles; i++)
		cluster->roles[i].here = local;
	if (!local && find_hosts(cluster) == -1)
		return -1;
	for (size_t i = 0; i < cluster->n_roles; i++)
		if (read_settings(cluster, &cluster->roles[i]) == -1)
			return -1;
		else if (cluster->one_machine) /* role_arguments binds it so */
			cluster->roles[i].only_loopback = true;
	set_ports(cluster);
	set_web_ports(cluster);
	cluster->name_servers = list_servers(cluster, false);
	if (cluster->witness != NULL) {
		cluster->controllers = list_servers(cluster, true);
		cluster->quorum_peers = list_peers(cluster);
	}
	return check_broker_names(cluster) == 0 ? check_ports(cluster) : -1;
}

/* ---- how they are run ---- */

/* The daemons of a host share one file, unless their own files say otherwise. */
const char *
cluster_accounts_file(struct cluster *cluster, const struct role *role)
{
	for (size_t i = 0; role == NULL && i < cluster->n_roles; i++)
		if (cluster->roles[i].here)
			role = &cluster->roles[i];
	if (role != NULL && role->accounts_file != NULL && !cluster->one_machine)
		return role->accounts_file;
	return arena_printf(&cluster->arena, "%s/accounts.db%c", cluster->directory, '\0').data;
}

const char *
cluster_password_file(struct cluster *cluster, const struct role *role)
{
	struct slice file = slice_of(cluster_accounts_file(cluster, role));
	const char *slash = memrchr(file.data, '/', file.len);

	file.len = slash != NULL ? (size_t)(slash + 1 - file.data) : 0;
	return arena_printf(&cluster->arena, "%.*sadmin.password%c", (int)file.len, file.data, '\0')
	    .data;
}

/* The ports where they differ from what the file says, and whom the console asks. */
static void
add_web_settings(struct argument_list *arguments, const struct role *role)
{
	struct cluster *cluster = arguments->cluster;
	struct arena *arena = &cluster->arena;

	/* One that follows from listenPort costs a warning when it is taken, one that is named, the
	 * start. */
	if (role->http_port != role->port + HTTP_PORT_STEP)
		add_setting(
		    arguments, "httpPort", arena_printf(arena, "%d%c", role->http_port, '\0').data);
	add_setting(
	    arguments, "consolePort", arena_printf(arena, "%d%c", role->console_port, '\0').data);
	add_setting(arguments, "consoleNamesrvAddr", cluster->name_servers);
}

static void
add_quorum_settings(struct argument_list *arguments, const struct role *role)
{
	struct cluster *cluster = arguments->cluster;

	if (role->kind == ROLE_BROKER) {
		add_setting(arguments, "enableControllerMode", "true");
		add_setting(arguments, "controllerAddr", cluster->controllers);
		return;
	}
	add_setting(arguments, "quorumPeers", cluster->quorum_peers);
	add_setting(arguments, "quorumId",
	    arena_printf(&cluster->arena, "%d%c", quorum_id(cluster, role), '\0').data);
	if (role->witness)
		add_setting(arguments, "witness", "true");
}

char **
role_arguments(struct cluster *cluster, const struct role *role)
{
	struct argument_list arguments;
	bool is_broker = role->kind == ROLE_BROKER;

	begin_arguments(&arguments, cluster, role);
	add_setting(
	    &arguments, "listenPort", arena_printf(&cluster->arena, "%d%c", role->port, '\0').data);
	if (cluster->one_machine || !role->has_store)
		add_setting(&arguments, kinds[role->kind].store_key, role_path(cluster, role, ""));
	add_setting(&arguments, "accountsFile", cluster_accounts_file(cluster, role));
	if (cluster->one_machine)
		add_setting(&arguments, "bindAddress", "127.0.0.1");
	if (!is_broker && !role->witness)
		add_web_settings(&arguments, role);
	if (cluster->quorum_peers != NULL)
		add_quorum_settings(&arguments, role);
	if (is_broker && cluster->one_machine)
		add_setting(&arguments, "brokerIP1", "127.0.0.1");
	if (is_broker && (cluster->one_machine || !role->has_name_servers))
		add_setting(&arguments, "namesrvAddr", cluster->name_servers);
	char **list = arena_alloc(&cluster->arena, sizeof arguments.list);
	memcpy(list, arguments.list, sizeof arguments.list);
	return list;
}
