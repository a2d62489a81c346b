#include "config.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "admin/mqcluster.h"
#include "common/base/clock.h"

#define START_TIMEOUT_S 30
#define POLL_MS 5
#define PORT_FREE_MS 1000

const struct flag cluster_start_flags[] = {
	FLAG_CLUSTER_FILE,
	{ 't', "timeout", FLAG_INT, "SECONDS", 0, 1, 3600,
	    "give up after so many seconds (default 30)" },
	{ 0 },
};

/* One role while the cluster starts. */
struct starting {
	const struct role *role;
	pid_t child; /* 0: it ran already, or runs elsewhere */
	int64_t began_ms;
	int64_t log_from; /* where the log of this start begins */
	int64_t *ready_ms;
	bool ready;
};

struct start {
	struct mqcluster *self;
	struct cluster *cluster;
	struct starting roles[CLUSTER_ROLES_MAX];
	int64_t ready_ms[CLUSTER_ROLES_MAX];
	int64_t deadline_ms;
	struct twinmq *mq;         /* asks all name servers */
	struct twinmq_error error; /* the last reason why something is not ready */
};

/* ---- processes ---- */

/* Whether another process listens there: it would reply in place of our role. */
static bool
is_port_taken(const struct cluster *cluster, const struct role *role)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
	const char *host = cluster->one_machine ? "127.0.0.1" : role->host;
	char port[16];
	int on = 1;

	snprintf(port, sizeof port, "%d", role->port);
	if (role->port == 0 || getaddrinfo(host, port, &hints, &found) != 0)
		return false;
	int fd = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, 0);
	bool taken = fd != -1 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
	             bind(fd, found->ai_addr, found->ai_addrlen) == -1 && errno == EADDRINUSE;
	if (fd != -1)
		close(fd);
	freeaddrinfo(found);
	return taken;
}

/* A process that ends gives back the lock of its pid file a moment before its port. */
static bool
is_port_taken_for_long(const struct cluster *cluster, const struct role *role)
{
	int64_t deadline_ms = clock_mono_ms() + PORT_FREE_MS;

	while (is_port_taken(cluster, role)) {
		if (clock_mono_ms() > deadline_ms)
			return true;
		process_sleep_ms(POLL_MS);
	}
	return false;
}

static int
start_role(struct start *start, struct starting *one)
{
	struct cluster *cluster = start->cluster;
	const char *log_file = role_path(cluster, one->role, ".log");
	struct process process;

	one->began_ms = clock_mono_ms();
	mqcluster_find_settled(
	    start->self, one->role, start->deadline_ms - one->began_ms, &process);
	if (process.state == PROCESS_ENDING)
		return cluster_fail(cluster,
		    "%s was killed and is not gone yet: its disk may hang; try again later",
		    one->role->name);
	if (process.state != PROCESS_NONE)
		return 0;
	if (is_port_taken_for_long(cluster, one->role))
		return cluster_fail(cluster,
		    "%s cannot be started: %s is in use by another process; stop that one, or set "
		    "another listenPort in %s",
		    one->role->name, one->role->address, one->role->config);
	one->log_from = process_log_size(log_file);
	struct launch launch = mqcluster_launch(start->self, one->role);
	one->child = process_start(&launch, log_file);
	if (one->child == -1)
		return cluster_fail(
		    cluster, "%s cannot be started: %s", one->role->name, strerror(errno));
	return 0;
}

/* 0, or -1 after cluster_fail when a daemon that we started has died. */
static int
check_alive(struct start *start)
{
	for (size_t i = 0; i < start->cluster->n_roles; i++) {
		struct starting *one = &start->roles[i];
		const char *log_file = role_path(start->cluster, one->role, ".log");
		char words[700];
		int status;

		if (one->child == 0 || !process_ended(one->child, &status))
			continue;
		process_last_words(log_file, one->log_from, words, sizeof words);
		return cluster_fail(start->cluster, "%s ended with %s %d: %s (its log: %s)",
		    one->role->name, WIFSIGNALED(status) ? "signal" : "status",
		    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
		    words[0] != '\0' ? words : "it said nothing", log_file);
	}
	return 0;
}

/* ---- readiness ---- */

static void
set_ready(struct starting *one)
{
	one->ready = true;
	*one->ready_ms = one->child != 0 ? clock_mono_ms() - one->began_ms : -1;
}

/* A slave takes no message: it is ready when clients find it. */
static bool
is_slave_ready(struct start *start, const struct role *role)
{
	int found = cluster_is_registered(start->cluster, start->mq, role);

	if (found == -1)
		start->error = *twinmq_error(start->mq);
	else if (found == 0)
		snprintf(start->error.text, sizeof start->error.text, "%s is not registered",
		    role->name);
	return found == 1;
}

/* A witness has no routes: it is ready when it listens. */
static bool
is_witness_ready(struct start *start, const struct role *role)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
	char port[16];

	snprintf(port, sizeof port, "%d", role->port);
	if (getaddrinfo(
		start->cluster->one_machine ? "127.0.0.1" : role->host, port, &hints, &found) != 0)
		return false;
	int fd = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, 0);
	bool ready = fd != -1 && connect(fd, found->ai_addr, found->ai_addrlen) == 0;
	if (fd != -1)
		close(fd);
	freeaddrinfo(found);
	if (!ready)
		snprintf(start->error.text, sizeof start->error.text,
		    "the witness does not listen at %s", role->address);
	return ready;
}

/* A name server is ready when it replies, a master when a message went through it. */
static bool
is_ready(struct start *start, const struct starting *one)
{
	if (one->role->witness)
		return is_witness_ready(start, one->role);
	if (one->role->kind == ROLE_BROKER && one->role->broker_id != 0)
		return is_slave_ready(start, one->role);
	if (one->role->kind == ROLE_BROKER)
		return cluster_probe_broker(start->mq, one->role->broker_name, &start->error) == 0;
	struct twinmq *mq = twinmq_open(
	    &(struct twinmq_options){ .name_servers = one->role->address, .timeout_ms = 1000 },
	    &start->error);
	if (mq == NULL)
		return false;
	bool ready = cluster_is_answered(mq) == 0;
	if (!ready)
		start->error = *twinmq_error(mq);
	twinmq_close(mq);
	return ready;
}

/* Clients may ask any name server, so each one here must know each broker here. */
static bool
is_known_everywhere(struct start *start)
{
	struct cluster *cluster = start->cluster;

	for (size_t i = 0; i < cluster->n_roles; i++) {
		const struct role *server = &cluster->roles[i];

		if (server->kind != ROLE_NAME_SERVER || server->witness || !server->here)
			continue;
		struct twinmq *mq = twinmq_open(
		    &(struct twinmq_options){ .name_servers = server->address }, &start->error);
		bool known = mq != NULL;
		for (size_t j = 0; j < cluster->n_roles && known; j++) {
			const struct role *broker = &cluster->roles[j];

			if (broker->kind != ROLE_BROKER || !broker->here ||
			    cluster_is_registered(cluster, mq, broker) == 1)
				continue;
			known = false;
			snprintf(start->error.text, sizeof start->error.text,
			    "%s is not registered at name server %s", broker->name,
			    server->address);
		}
		if (mq != NULL)
			twinmq_close(mq);
		if (!known)
			return false;
	}
	return true;
}

static bool
all_ready(struct start *start, enum role_kind kind)
{
	for (size_t i = 0; i < start->cluster->n_roles; i++) {
		struct starting *one = &start->roles[i];

		if (one->role->here && one->role->kind == kind && !one->ready) {
			if (!is_ready(start, one))
				return false;
			set_ready(one);
		}
	}
	return kind != ROLE_BROKER || is_known_everywhere(start);
}

/* Called repeatedly: a role that ran at first may have been killed a moment before. */
static int
start_missing(struct start *start, enum role_kind kind)
{
	for (size_t i = 0; i < start->cluster->n_roles; i++) {
		struct starting *one = &start->roles[i];

		if (one->role->here && one->role->kind == kind && !one->ready && one->child == 0 &&
		    start_role(start, one) == -1)
			return -1;
	}
	return 0;
}

static int
wait_ready(struct start *start, enum role_kind kind)
{
	while (!all_ready(start, kind)) {
		if (check_alive(start) == -1 || start_missing(start, kind) == -1)
			return -1;
		if (clock_mono_ms() >= start->deadline_ms)
			return cluster_fail(start->cluster,
			    "not ready in time: %s (logs: %s/*.log)", start->error.text,
			    start->cluster->directory);
		process_sleep_ms(POLL_MS);
	}
	return 0;
}

/* Brokers of other hosts: a registered one must work, one that is not may come later. */
static int
check_others(struct start *start)
{
	for (size_t i = 0; i < start->cluster->n_roles; i++) {
		struct starting *one = &start->roles[i];

		if (one->role->here || one->role->kind != ROLE_BROKER)
			continue;
		if (cluster_is_registered(start->cluster, start->mq, one->role) != 1) {
			report_note(&start->self->report, "%s, on %s, is not registered (yet).",
			    one->role->name, one->role->host);
			continue;
		}
		while (!is_ready(start, one)) {
			if (clock_mono_ms() >= start->deadline_ms)
				return cluster_fail(start->cluster,
				    "%s, on %s, is registered but no message goes through: %s",
				    one->role->name, one->role->host, start->error.text);
			process_sleep_ms(POLL_MS);
		}
		report_note(&start->self->report,
		    one->role->broker_id != 0 ? "%s, on %s, is registered."
					      : "%s, on %s, took a message and gave it back.",
		    one->role->name, one->role->host);
	}
	return 0;
}

/* Starts the roles of one kind and waits until they are ready. */
static int
start_kind(struct start *start, enum role_kind kind)
{
	return start_missing(start, kind) == 0 ? wait_ready(start, kind) : -1;
}

/* ---- the console ---- */

/* Whether the name server said in this start that it has no console. */
static bool
is_without_console(struct start *start, const struct starting *one)
{
	const char *path = role_path(start->cluster, one->role, ".log");
	FILE *log = one->child != 0 ? fopen(path, "re") : NULL;
	char line[1024];
	bool without = false;

	if (log == NULL)
		return false;
	if (fseek(log, (long)one->log_from, SEEK_SET) == 0)
		while (!without && fgets(line, sizeof line, log) != NULL)
			without = strstr(line, "no console: cannot listen") != NULL;
	fclose(log);
	return without;
}

static const char *
console_host(const struct start *start, const struct role *role)
{
	const char *address = role->console_address;

	if (address == NULL || strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0)
		return start->cluster->one_machine ? "127.0.0.1" : role->host;
	return address;
}

/* The console of the first name server here, and how to log in the first time. */
static void
show_console(struct start *start)
{
	struct cluster *cluster = start->cluster;
	struct report *report = &start->self->report;
	const struct role *found = NULL;

	for (size_t i = 0; i < cluster->n_roles && found == NULL; i++) {
		const struct role *role = &cluster->roles[i];

		if (role->here && role->kind == ROLE_NAME_SERVER && !role->witness &&
		    role->console_port != 0 && !is_without_console(start, &start->roles[i]))
			found = role;
	}
	if (found == NULL)
		return;
	const char *host = console_host(start, found);
	const char *file = cluster_password_file(cluster, found);
	bool is_v6 = strchr(host, ':') != NULL;

	report_text(report, "console", "Console",
	    arena_printf(&cluster->arena, is_v6 ? "http://[%s]:%d/" : "http://%s:%d/", host,
		found->console_port));
	if (access(file, R_OK) == 0)
		report_text(report, "consolePassword", "Log in as admin",
		    arena_printf(&cluster->arena, "with the password in %s", file));
}

int
cluster_start_run(struct mqcluster *self)
{
	struct cluster *cluster = &self->cluster;
	struct start start = { .self = self, .cluster = cluster };
	int result = -1;

	start.deadline_ms = clock_mono_ms() + 1000 * args_number(&self->args, 't', START_TIMEOUT_S);
	if (mqcluster_lock(self, true) == -1)
		return -1;
	start.mq = twinmq_open(
	    &(struct twinmq_options){ .name_servers = cluster->name_servers }, &start.error);
	if (start.mq == NULL)
		return cluster_fail(cluster, "%s: %s", cluster->file, start.error.text);
	for (size_t i = 0; i < cluster->n_roles; i++)
		start.roles[i] =
		    (struct starting){ .role = &cluster->roles[i], .ready_ms = &start.ready_ms[i] };
	if (start_kind(&start, ROLE_NAME_SERVER) == 0 && start_kind(&start, ROLE_BROKER) == 0)
		result = check_others(&start) == 0 ? check_alive(&start) : -1;
	twinmq_close(start.mq);
	if (result == -1)
		return -1;
	mqcluster_show(self, start.ready_ms);
	report_text(&self->report, "nameServers", "Name servers", slice_of(cluster->name_servers));
	report_text(&self->report, "directory", "Directory", slice_of(cluster->directory));
	show_console(&start);
	return EXIT_SUCCESS;
}
