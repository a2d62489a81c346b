#include "config.h"

#include "broker/cluster/address.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/net/resolve.h"
#include "common/protocol/codes.h"
#include "common/protocol/kv_table.h"

#define CHECK_TIMEOUT_MS 3000

static const char *const bridge_prefixes[] = { "docker", "br-", "veth", "cni", "virbr", "lxc" };

static bool
is_bridge(const char *interface)
{
	for (size_t i = 0; i < sizeof bridge_prefixes / sizeof *bridge_prefixes; i++) {
		if (slice_starts(slice_of(interface), bridge_prefixes[i]))
			return true;
	}
	return false;
}

static bool
is_loopback(const struct host *host)
{
	static const uint8_t v6[16] = { [15] = 1 };

	return host->ip_len == 4 ? host->ip[0] == 127 : memcmp(host->ip, v6, sizeof v6) == 0;
}

static bool
same_ip(const struct host *a, const struct host *b)
{
	return a->ip_len == b->ip_len && memcmp(a->ip, b->ip, a->ip_len) == 0;
}

/* ---- which interface ------------------------------------------------- */

/* The local address from which packets to this address leave. Returns 0 or -1. */
static int
local_towards(const struct sockaddr *address, socklen_t len, struct host *local)
{
	struct sockaddr_storage name;
	socklen_t name_len = sizeof name;
	int fd = socket(address->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int result = -1;

	if (fd == -1)
		return -1;
	if (connect(fd, address, len) == 0 &&
	    getsockname(fd, (struct sockaddr *)&name, &name_len) == 0) {
		*local = host_of((struct sockaddr *)&name);
		result = 0;
	}
	close(fd);
	return result;
}

/*
 * The local address towards the first name server on another host, else towards any name server.
 * Returns 0 or -1.
 */
static int
local_towards_nameservers(const char *addresses, struct host *local)
{
	struct slice rest = slice_of(addresses), part;
	int result = -1;

	while (rest.data != NULL && slice_next(&rest, ';', &part)) {
		char *text = slice_dup(slice_trim(part));
		struct sockaddr_storage address;
		struct host found;
		socklen_t len;
		int known = resolve(text, false, &address, &len, NULL);

		free(text);
		if (known == -1 || local_towards((struct sockaddr *)&address, len, &found) == -1)
			continue;
		*local = found;
		result = 0;
		if (!is_loopback(&found))
			break;
	}
	return result;
}

/*
 * Finds an address that belongs neither to loopback nor to a bridge; sets *is_bridge_address if
 * `except` belongs to a bridge. Returns 0 or -1.
 */
static int
other_interface(const struct host *except, struct host *out, bool *is_bridge_address)
{
	struct ifaddrs *list;
	int result = -1;

	*is_bridge_address = false;
	if (getifaddrs(&list) == -1)
		return -1;
	for (const struct ifaddrs *at = list; at != NULL; at = at->ifa_next) {
		if (at->ifa_addr == NULL || at->ifa_addr->sa_family != AF_INET ||
		    !(at->ifa_flags & IFF_UP))
			continue;
		struct host host = host_of(at->ifa_addr);

		if (is_bridge(at->ifa_name)) {
			if (except != NULL && same_ip(&host, except))
				*is_bridge_address = true;
		} else if (result == -1 && !is_loopback(&host)) {
			*out = host;
			result = 0;
		}
	}
	freeifaddrs(list);
	return result;
}

static struct host
guess(const struct broker_settings *settings)
{
	struct host local = { .ip = { 127, 0, 0, 1 }, .ip_len = 4 }, other;
	bool is_bridge_address;

	if (local_towards_nameservers(settings->namesrv_addr, &local) == 0) {
		if (other_interface(&local, &other, &is_bridge_address) == 0 && is_bridge_address)
			return other;
		return local;
	}
	if (other_interface(NULL, &other, &is_bridge_address) == 0)
		return other;
	return local;
}

/* ---- choosing -------------------------------------------------------- */

/* Resolves a host name or a literal address. Returns 0 or -1. */
static int
lookup(const char *name, struct host *host)
{
	struct sockaddr_storage address;
	socklen_t len;
	struct buf text = { 0 };

	buf_printf(&text, strchr(name, ':') != NULL && *name != '[' ? "[%s]:1" : "%s:1", name);
	int known = resolve(buf_text(&text), false, &address, &len, NULL);

	buf_release(&text);
	if (known == -1)
		return -1;
	*host = host_of((struct sockaddr *)&address);
	return 0;
}

static char *
text_of(struct host host, int port)
{
	struct arena arena = { 0 };

	host.port = (uint16_t)port;
	char *text = slice_dup(host_text(&arena, &host));

	arena_release(&arena);
	return text;
}

int
address_choose(struct broker *broker, int port)
{
	const struct broker_settings *settings = broker->settings;
	struct host host, ha_host;

	if (settings->broker_ip1 == NULL || *settings->broker_ip1 == '\0') {
		host = guess(settings);
	} else if (lookup(settings->broker_ip1, &host) == -1) {
		log_error("brokerIP1=%s does not resolve: set it to the address under which "
			  "clients reach this host, or remove it",
		    settings->broker_ip1);
		return -1;
	}
	if (settings->broker_ip2 == NULL || *settings->broker_ip2 == '\0' ||
	    lookup(settings->broker_ip2, &ha_host) == -1)
		ha_host = host;
	broker->host = host;
	broker->host.port = (uint16_t)port;
	broker->address = text_of(host, port);
	broker->ha_address = text_of(ha_host, port + 1);
	return 0;
}

/* ---- connecting back ------------------------------------------------- */

static void
on_request(struct conn *conn, const struct command *command, struct slice body)
{
	(void)conn;
	(void)command;
	(void)body;
}

static void
warn(const struct broker *broker, const char *why)
{
	log_warn("this broker does not reach itself at the advertised address %s (%s): "
		 "set brokerIP1 to an address of this host that clients can reach",
	    broker->address, why);
}

static void
on_connect(struct conn *conn, const char *why)
{
	if (why != NULL)
		warn(conn_context(conn), why);
}

static const struct conn_events events = { .on_request = on_request, .on_connect = on_connect };

/* The start time in the reply tells this broker from any other. */
static void
on_runtime_info(void *arg, const struct command *reply, struct slice body)
{
	const struct broker *broker = arg;
	struct arena arena = { 0 };
	const struct ext *pairs;
	int64_t boot_ms = 0;
	size_t n = 0;

	if (reply == NULL) {
		arena_release(&arena);
		return; /* on_connect has warned, or the reply is late */
	}
	if (kv_table_read(&arena, body, &pairs, &n) == 0) {
		for (size_t i = 0; i < n; i++) {
			if (slice_is(pairs[i].key, "bootTimestamp"))
				slice_to_int64(pairs[i].value, &boot_ms);
		}
	}
	if (boot_ms != broker->boot_ms)
		warn(broker, "another program replies there");
	arena_release(&arena);
}

void
address_check(struct broker *broker)
{
	struct sockaddr_storage address;
	socklen_t len;

	if (resolve(broker->address, true, &address, &len, NULL) == -1)
		return;
	struct conn *conn = conn_connect(broker_main_loop(broker), (struct sockaddr *)&address, len,
	    CHECK_TIMEOUT_MS, &events, broker);
	struct command command = command_request(REQUEST_GET_BROKER_RUNTIME_INFO);

	conn_request(conn, &command, SLICE(""), CHECK_TIMEOUT_MS, on_runtime_info, broker);
	conn_set_idle(conn, CHECK_TIMEOUT_MS);
}
