#include "config.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/options.h"
#include "common/base/mem.h"
#include "common/base/path.h"

#define HOST_NAME_LEN 256

/*
 * Keys that switch on missing features. The broker does not start if the author
 * would otherwise wrongly rely on protection or copies.
 */
static void
check_missing(const struct broker_settings *settings, struct diagnostics *diagnostics)
{
	const struct {
		const char *key;
		bool wanted;
		enum severity level;
		const char *missing;
	} rows[] = {
		{ "aclEnable", settings->acl_enable, SEVERITY_ERROR, "access control" },
		{ "authenticationEnabled", settings->authentication_enabled, SEVERITY_ERROR,
		    "access control" },
		{ "authorizationEnabled", settings->authorization_enabled, SEVERITY_ERROR,
		    "access control" },
		{ "useTLS", settings->use_tls, SEVERITY_ERROR, "TLS" },
		{ "enableDLegerCommitLog", settings->enable_dleger_commit_log, SEVERITY_ERROR,
		    "replication" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (rows[i].wanted)
			diagnostics_add(diagnostics, rows[i].level, NULL, 0, slice_of(rows[i].key),
			    "%s: there is no %s yet; without it, set false or remove the line",
			    rows[i].key, rows[i].missing);
	}
}

/* A role, an id and a name of its own: what a name server would refuse later is said at once. */
static void
check_role(const struct broker_settings *settings, struct diagnostics *diagnostics)
{
	bool is_slave = settings->broker_role == BROKER_SLAVE;
	bool has_name_server = settings->namesrv_addr != NULL && *settings->namesrv_addr != '\0';

	if (is_slave && settings->broker_id == 0)
		diagnostics_add(diagnostics, SEVERITY_ERROR, NULL, 0, SLICE("brokerId"),
		    "brokerId: a slave has an id of its own above 0; give 1 to the first slave of "
		    "a brokerName");
	if (is_slave && settings->ha_master_address == NULL && !has_name_server)
		diagnostics_add(diagnostics, SEVERITY_WARNING, NULL, 0, SLICE("haMasterAddress"),
		    "haMasterAddress: a slave without namesrvAddr does not find its master; give "
		    "one of the two");
	if (!is_slave && settings->broker_id != 0)
		diagnostics_add(diagnostics, SEVERITY_WARNING, NULL, 0, SLICE("brokerId"),
		    "brokerId: a master has id 0; %lld is read as 0 (a slave has brokerRole=SLAVE)",
		    (long long)settings->broker_id);
	if (settings->enable_controller_mode && settings->controller_addr == NULL &&
	    !has_name_server)
		diagnostics_add(diagnostics, SEVERITY_ERROR, NULL, 0, SLICE("enableControllerMode"),
		    "enableControllerMode: nobody decides without controllerAddr or namesrvAddr; "
		    "give one of the two");
	if (!is_slave && settings->ha_master_address != NULL)
		diagnostics_add(diagnostics, SEVERITY_WARNING, NULL, 0, SLICE("haMasterAddress"),
		    "haMasterAddress: a master follows nobody; the line has no effect without "
		    "brokerRole=SLAVE");
}

static bool
is_hours(const char *text)
{
	struct slice rest = slice_of(text), part;

	while (slice_next(&rest, ';', &part)) {
		int64_t hour;

		if (slice_to_int64(slice_trim(part), &hour) == -1 || hour < 0 || hour > 23)
			return false;
	}
	return true;
}

static bool
is_delay_levels(const char *text)
{
	struct slice rest = slice_of(text), part;

	while (slice_next(&rest, ' ', &part)) {
		int64_t number;

		if (part.len == 0)
			continue;
		part.len--;
		if (strchr("smhd", part.data[part.len]) == NULL ||
		    slice_to_int64(part, &number) == -1 || number < 1)
			return false;
	}
	return true;
}

/* Names become part of topic names and of lines that programs parse. */
static bool
is_name(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)text[i]) && strchr("_-.%|", text[i]) == NULL)
			return false;
	}
	return len > 0 && len <= 127;
}

static void
check_name(const char *key, const char *name, struct diagnostics *diagnostics)
{
	if (name != NULL && !is_name(name))
		diagnostics_add(diagnostics, SEVERITY_ERROR, NULL, 0, slice_of(key),
		    "%s: read \"%s\"; give at most 127 letters, digits, _ - %% | or dots", key,
		    name);
}

/* A literal address without its brackets; 0 or -1. */
static int
literal(struct slice text, struct in6_addr *v6, struct in_addr *v4, int *family)
{
	char copy[INET6_ADDRSTRLEN];

	if (text.len >= 2 && text.data[0] == '[' && text.data[text.len - 1] == ']')
		text = (struct slice){ text.data + 1, text.len - 2 };
	if (text.len >= sizeof copy)
		return -1;
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	*family = inet_pton(AF_INET, copy, v4) == 1 ? AF_INET : AF_INET6;
	return *family == AF_INET || inet_pton(AF_INET6, copy, v6) == 1 ? 0 : -1;
}

enum reach { REACH_HOST, REACH_OTHERS, REACH_NOBODY };

/* Who can connect to a literal address. Names count as REACH_OTHERS. */
static enum reach
reach_of(struct slice text)
{
	struct in6_addr v6;
	struct in_addr v4;
	int family;

	if (slice_is(text, "localhost"))
		return REACH_HOST;
	if (literal(text, &v6, &v4, &family) == -1)
		return REACH_OTHERS;
	if (family == AF_INET6) {
		if (IN6_IS_ADDR_UNSPECIFIED(&v6) || IN6_IS_ADDR_MULTICAST(&v6))
			return REACH_NOBODY;
		return IN6_IS_ADDR_LOOPBACK(&v6) ? REACH_HOST : REACH_OTHERS;
	}
	uint32_t address = ntohl(v4.s_addr);

	if (address >> 24 == 0 || address >> 28 >= 0xE) /* 224.0.0.0 and above */
		return REACH_NOBODY;
	return address >> 24 == 127 ? REACH_HOST : REACH_OTHERS;
}

/* Whether a name server has a literal address of another host. */
static bool
has_remote_name_server(const char *addresses)
{
	struct slice rest = slice_of(addresses), part;
	struct in6_addr v6;
	struct in_addr v4;
	int family;

	while (rest.data != NULL && slice_next(&rest, ';', &part)) {
		const char *colon;

		part = slice_trim(part);
		colon = memrchr(part.data, ':', part.len);
		if (colon != NULL)
			part.len = (size_t)(colon - part.data);
		if (literal(part, &v6, &v4, &family) == 0 && reach_of(part) == REACH_OTHERS)
			return true;
	}
	return false;
}

static void
check_told_address(const struct broker_settings *settings, struct diagnostics *diagnostics)
{
	const char *told = settings->broker_ip1;

	if (told == NULL || *told == '\0')
		return;
	switch (reach_of(slice_of(told))) {
	case REACH_NOBODY:
		diagnostics_add(diagnostics, SEVERITY_WARNING, NULL, 0, SLICE("brokerIP1"),
		    "brokerIP1: clients cannot connect to %s; give an address of "
		    "this host that they reach (bindAddress says where to listen)",
		    told);
		break;
	case REACH_HOST:
		if (has_remote_name_server(settings->namesrv_addr))
			diagnostics_add(diagnostics, SEVERITY_WARNING, NULL, 0, SLICE("brokerIP1"),
			    "brokerIP1: a name server is on another host, and its clients are told "
			    "%s, which is themselves; give an address of this host that they reach",
			    told);
		break;
	case REACH_OTHERS:
		break;
	}
}

void
broker_options_check(const void *from, struct diagnostics *diagnostics)
{
	const struct broker_settings *settings = from;
	const char *log = settings->store_path_commit_log;

	check_role(settings, diagnostics);
	check_missing(settings, diagnostics);
	check_told_address(settings, diagnostics);
	check_name("brokerName", settings->broker_name, diagnostics);
	check_name("brokerClusterName", settings->broker_cluster_name, diagnostics);
	if (*settings->region_id != '\0')
		check_name("regionId", settings->region_id, diagnostics);
	check_name("msgTraceTopicName", settings->msg_trace_topic_name, diagnostics);
	if (settings->listen_port == 1 || settings->listen_port == 2)
		diagnostics_add(diagnostics, SEVERITY_ERROR, NULL, 0, SLICE("listenPort"),
		    "listenPort: read %lld; the broker also opens the port two below; give 3 or "
		    "more",
		    (long long)settings->listen_port);
	if (settings->broker_permission == 3 || settings->broker_permission == 5)
		diagnostics_add(diagnostics, SEVERITY_ERROR, NULL, 0, SLICE("brokerPermission"),
		    "brokerPermission: read %lld; give 6 (read and write), 4 (read) or 2 (write)",
		    (long long)settings->broker_permission);
	if (!is_hours(settings->delete_when))
		diagnostics_add(diagnostics, SEVERITY_ERROR, NULL, 0, SLICE("deleteWhen"),
		    "deleteWhen: read \"%s\"; give hours from 00 to 23, separated by ;",
		    settings->delete_when);
	if (!is_delay_levels(settings->message_delay_level))
		diagnostics_add(diagnostics, SEVERITY_ERROR, NULL, 0, SLICE("messageDelayLevel"),
		    "messageDelayLevel: read \"%s\"; give numbers with s, m, h or d, as in 1s 5m",
		    settings->message_delay_level);
	if (log != NULL && strchr(log, ',') != NULL)
		diagnostics_add(diagnostics, SEVERITY_ERROR, NULL, 0, SLICE("storePathCommitLog"),
		    "storePathCommitLog: read \"%s\"; give one directory, not several", log);
}

void
broker_options_complete(void *to)
{
	struct broker_settings *settings = to;

	if (settings->broker_role != BROKER_SLAVE)
		settings->broker_id = 0;
	if (settings->broker_name == NULL) {
		char name[HOST_NAME_LEN + 1] = "";

		bool usable = gethostname(name, HOST_NAME_LEN) == 0 && is_name(name);

		settings->broker_name = mem_strdup(usable ? name : "broker");
	}
	if (settings->store_path_root_dir == NULL)
		settings->store_path_root_dir = path_at_home("store");
}
