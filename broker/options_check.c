#include "config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/options.h"
#include "common/base/mem.h"
#include "common/base/path.h"

#define HOST_NAME_LEN 256

/*
 * Keys that are set to have something that is not there yet. Where protection
 * or copies would be missing without a word, there is no start.
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
		{ "enableControllerMode", settings->enable_controller_mode, SEVERITY_ERROR,
		    "replication" },
		{ "enablePropertyFilter", settings->enable_property_filter, SEVERITY_WARNING,
		    "SQL92 filter" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (rows[i].wanted)
			diagnostics_add(diagnostics, rows[i].level, NULL, 0, slice_of(rows[i].key),
			    "%s: there is no %s yet; without it, set false or remove the line",
			    rows[i].key, rows[i].missing);
	}
}

static void
check_role(const struct broker_settings *settings, struct diagnostics *diagnostics)
{
	if (settings->broker_role == BROKER_SLAVE)
		diagnostics_add(diagnostics, SEVERITY_ERROR, NULL, 0, SLICE("brokerRole"),
		    "brokerRole: there is no replication yet, so no SLAVE; start masters, each "
		    "with a brokerName of its own and brokerRole=ASYNC_MASTER");
	else if (settings->broker_role == BROKER_SYNC_MASTER)
		diagnostics_add(diagnostics, SEVERITY_WARNING, NULL, 0, SLICE("brokerRole"),
		    "brokerRole: there is no replication yet, so no slave to wait for; "
		    "SYNC_MASTER answers as ASYNC_MASTER does");
	if (settings->broker_id != 0 && settings->broker_role != BROKER_SLAVE)
		diagnostics_add(diagnostics, SEVERITY_WARNING, NULL, 0, SLICE("brokerId"),
		    "brokerId: a master has id 0; %lld is read as 0",
		    (long long)settings->broker_id);
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

/* Names become part of topic names and of lines that others read. */
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

void
broker_options_check(const void *from, struct diagnostics *diagnostics)
{
	const struct broker_settings *settings = from;
	const char *log = settings->store_path_commit_log;

	check_role(settings, diagnostics);
	check_missing(settings, diagnostics);
	check_name("brokerName", settings->broker_name, diagnostics);
	check_name("brokerClusterName", settings->broker_cluster_name, diagnostics);
	check_name("msgTraceTopicName", settings->msg_trace_topic_name, diagnostics);
	if (settings->listen_port == 1 || settings->listen_port == 2)
		diagnostics_add(diagnostics, SEVERITY_ERROR, NULL, 0, SLICE("listenPort"),
		    "listenPort: read %lld; the port two below is opened as well, so give 3 or "
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

	settings->broker_id = 0;
	if (settings->broker_name == NULL) {
		char name[HOST_NAME_LEN + 1] = "";

		bool usable = gethostname(name, HOST_NAME_LEN) == 0 && is_name(name);

		settings->broker_name = mem_strdup(usable ? name : "broker");
	}
	if (settings->store_path_root_dir == NULL)
		settings->store_path_root_dir = path_at_home("store");
}
