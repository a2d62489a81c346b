#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "admin/mqcluster.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/log.h"
#include "common/net/loop.h"

#define BACK_OFF_MIN_MS 500
#define BACK_OFF_MAX_MS 30000
#define STEADY_MS 60000 /* after so long, the back-off starts again at the minimum */
#define LINE_MAX_BYTES 8192

const struct flag cluster_run_flags[] = { FLAG_CLUSTER_FILE, { 0 } };

struct child {
	struct supervisor *supervisor;
	const struct role *role;
	pid_t pid; /* 0: does not run */
	int output;
	struct event *on_output;
	struct buf lines;
	struct timer restart;
	int64_t began_ms;
	int back_off_ms;
};

struct supervisor {
	struct mqcluster *self;
	struct loop loop;
	struct child children[CLUSTER_ROLES_MAX];
	size_t n_children;
	struct event *signals[4];
	struct timer patience; /* kills the children that still run */
	bool stopping;
};

/* ---- what they say ---- */

static void
put_line(const struct child *child, const char *line, size_t len)
{
	char out[LINE_MAX_BYTES + 128];
	int n = snprintf(out, sizeof out, "%s: %.*s\n", child->role->name,
	    len < LINE_MAX_BYTES ? (int)len : LINE_MAX_BYTES, line);

	if (write(STDERR_FILENO, out, (size_t)n) == -1)
		return; /* stderr is gone */
}

static void
put_lines(struct child *child, bool all)
{
	struct buf *lines = &child->lines;
	const char *end;

	while ((end = memchr(lines->data, '\n', lines->len)) != NULL) {
		put_line(child, lines->data, (size_t)(end - lines->data));
		buf_drain(lines, (size_t)(end - lines->data) + 1);
	}
	if (lines->len == 0 || (!all && lines->len < LINE_MAX_BYTES))
		return;
	put_line(child, lines->data, lines->len);
	lines->len = 0;
}

static void
close_output(struct child *child)
{
	if (child->on_output == NULL)
		return;
	put_lines(child, true);
	event_free(child->on_output);
	child->on_output = NULL;
	close(child->output);
}

static void
on_output(evutil_socket_t fd, short what, void *arg)
{
	struct child *child = arg;
	ssize_t n = read(fd, buf_reserve(&child->lines, LINE_MAX_BYTES), LINE_MAX_BYTES);

	(void)what;
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close_output(child);
		return;
	}
	child->lines.len += (size_t)n;
	put_lines(child, false);
}

/* ---- their lives ---- */

static void
start_again_later(struct child *child)
{
	if (clock_mono_ms() - child->began_ms >= STEADY_MS || child->back_off_ms == 0)
		child->back_off_ms = BACK_OFF_MIN_MS;
	log_warn("start again role=%s in_ms=%d", child->role->name, child->back_off_ms);
	loop_set_timer(
	    &child->supervisor->loop, &child->restart, clock_mono_ms() + child->back_off_ms);
	child->back_off_ms =
	    child->back_off_ms * 2 < BACK_OFF_MAX_MS ? child->back_off_ms * 2 : BACK_OFF_MAX_MS;
}

static void
start_child(struct child *child)
{
	struct supervisor *supervisor = child->supervisor;
	struct launch launch = mqcluster_launch(supervisor->self, child->role);

	child->began_ms = clock_mono_ms();
	child->pid = process_start_attached(&launch, &child->output);
	if (child->pid == -1) {
		child->pid = 0;
		log_error("role cannot be started role=%s error=\"%s\"", child->role->name,
		    strerror(errno));
		start_again_later(child);
		return;
	}
	log_info("started role=%s pid=%d address=%s", child->role->name, (int)child->pid,
	    child->role->address);
	evutil_make_socket_nonblocking(child->output);
	child->on_output =
	    event_new(supervisor->loop.base, child->output, EV_READ | EV_PERSIST, on_output, child);
	if (child->on_output == NULL || event_add(child->on_output, NULL) == -1)
		fatal("event cannot be made");
}

static void
on_restart(struct timer *self)
{
	struct child *child = container_of(self, struct child, restart);

	start_child(child);
}

static size_t
signal_kind(struct supervisor *supervisor, enum role_kind kind, int signal_number)
{
	size_t n = 0;

	for (size_t i = 0; i < supervisor->n_children; i++) {
		const struct child *child = &supervisor->children[i];

		if (child->pid == 0 || child->role->kind != kind)
			continue;
		n++;
		if (signal_number != 0)
			kill(child->pid, signal_number);
	}
	return n;
}

/* Brokers stop first, because they unregister at the name servers. */
static void
go_on_stopping(struct supervisor *supervisor)
{
	if (!supervisor->stopping || signal_kind(supervisor, ROLE_BROKER, 0) != 0)
		return;
	if (signal_kind(supervisor, ROLE_NAME_SERVER, SIGTERM) == 0)
		loop_stop(&supervisor->loop);
}

static void
child_ended(struct child *child, int status)
{
	struct supervisor *supervisor = child->supervisor;
	struct cluster *cluster = &supervisor->self->cluster;

	close_output(child);
	child->pid = 0;
	unlink(role_path(cluster, child->role, ".pid"));
	if (supervisor->stopping) {
		log_info("stopped role=%s", child->role->name);
		return;
	}
	log_error("role died role=%s %s=%d", child->role->name,
	    WIFSIGNALED(status) ? "signal" : "status",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	start_again_later(child);
}

/* ---- signals ---- */

static void
on_child(evutil_socket_t number, short what, void *arg)
{
	struct supervisor *supervisor = arg;
	int status;

	(void)number;
	(void)what;
	for (size_t i = 0; i < supervisor->n_children; i++) {
		struct child *child = &supervisor->children[i];

		if (child->pid != 0 && process_ended(child->pid, &status)) {
			if (child->on_output != NULL)
				on_output(child->output, EV_READ, child); /* its last words */
			child_ended(child, status);
		}
	}
	go_on_stopping(supervisor);
}

static void
on_impatient(struct timer *self)
{
	struct supervisor *supervisor = container_of(self, struct supervisor, patience);

	log_error("what still runs is killed after_ms=%d", STOP_TIMEOUT_MS);
	signal_kind(supervisor, ROLE_BROKER, SIGKILL);
	signal_kind(supervisor, ROLE_NAME_SERVER, SIGKILL);
}

static void
on_stop(evutil_socket_t number, short what, void *arg)
{
	struct supervisor *supervisor = arg;

	(void)what;
	if (supervisor->stopping)
		return;
	log_info("stopping signal=%d", (int)number);
	supervisor->stopping = true;
	for (size_t i = 0; i < supervisor->n_children; i++)
		loop_drop_timer(&supervisor->loop, &supervisor->children[i].restart);
	loop_set_timer(&supervisor->loop, &supervisor->patience, clock_mono_ms() + STOP_TIMEOUT_MS);
	signal_kind(supervisor, ROLE_BROKER, SIGTERM);
	go_on_stopping(supervisor);
}

static void
on_reload(evutil_socket_t number, short what, void *arg)
{
	struct supervisor *supervisor = arg;

	(void)what;
	signal_kind(supervisor, ROLE_NAME_SERVER, (int)number);
	signal_kind(supervisor, ROLE_BROKER, (int)number);
}

static const struct {
	int number;
	event_callback_fn act;
} signal_actions[] = {
	{ SIGTERM, on_stop },
	{ SIGINT, on_stop },
	{ SIGHUP, on_reload },
	{ SIGCHLD, on_child },
};

#define N_SIGNALS (sizeof signal_actions / sizeof signal_actions[0])

/* ---- the command ---- */

static int
gather_children(struct supervisor *supervisor)
{
	struct mqcluster *self = supervisor->self;

	for (size_t i = 0; i < self->cluster.n_roles; i++) {
		const struct role *role = &self->cluster.roles[i];
		struct process process;

		if (!role->here)
			continue;
		mqcluster_find_settled(self, role, ENDING_TIMEOUT_MS, &process);
		if (process.state != PROCESS_NONE)
			return cluster_fail(&self->cluster,
			    "%s runs already with pid %d: stop it first with mqcluster stop",
			    role->name, (int)process.pid);
		supervisor->children[supervisor->n_children++] = (struct child){
			.supervisor = supervisor,
			.role = role,
			.restart.due = on_restart,
		};
	}
	return 0;
}

int
cluster_run_run(struct mqcluster *self)
{
	struct supervisor supervisor = { .self = self, .patience.due = on_impatient };

	if (mqcluster_lock(self, true) == -1 || gather_children(&supervisor) == -1)
		return -1;
	log_init("mqcluster", LOG_LEVEL_INFO);
	loop_init(&supervisor.loop, 0);
	for (size_t i = 0; i < N_SIGNALS; i++) {
		supervisor.signals[i] = evsignal_new(supervisor.loop.base, signal_actions[i].number,
		    signal_actions[i].act, &supervisor);
		if (supervisor.signals[i] == NULL || event_add(supervisor.signals[i], NULL) == -1)
			fatal("event cannot be made");
	}
	for (size_t i = 0; i < supervisor.n_children; i++)
		start_child(&supervisor.children[i]);
	loop_run(&supervisor.loop);
	for (size_t i = 0; i < N_SIGNALS; i++)
		event_free(supervisor.signals[i]);
	for (size_t i = 0; i < supervisor.n_children; i++) {
		close_output(&supervisor.children[i]);
		buf_release(&supervisor.children[i].lines);
	}
	loop_release(&supervisor.loop);
	return EXIT_SUCCESS;
}
