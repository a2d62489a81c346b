#include "config.h"

#include "common/daemon/daemon.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/daemon/daemon_arguments.h"
#include "common/daemon/daemon_config.h"
#include "common/daemon/daemon_host.h"

/* A longer stop, as for a peer that does not reply, is cut short. */
#define STOP_MS 10000

/* -- before the start --------------------------------------------------------------- */

static int
print_settings(const struct daemon *daemon, const struct diagnostics *diagnostics)
{
	struct buf out = { 0 };

	diagnostics_print(diagnostics, &out);
	fputs(buf_text(&out), stderr);
	out.len = 0;
	option_print(&daemon->set, &out, !daemon->arguments->print);
	fputs(buf_text(&out), stdout);
	buf_release(&out);
	return diagnostics_count(diagnostics, SEVERITY_ERROR) != 0;
}

static int
print_diagnostics(const struct daemon *daemon, const struct diagnostics *diagnostics)
{
	size_t wrong = diagnostics_count(diagnostics, SEVERITY_WARNING);
	size_t errors = diagnostics_count(diagnostics, SEVERITY_ERROR);
	struct buf out = { 0 };

	diagnostics_print(diagnostics, &out);
	fputs(buf_text(&out), stdout);
	buf_release(&out);
	fprintf(stderr, "%s: %s: %zu %s, %s\n", daemon->program->name,
	    daemon->config_path != NULL ? daemon->config_path : "no file", wrong,
	    wrong == 1 ? "diagnostic" : "diagnostics",
	    errors != 0 ? "it would not start" : "it would start");
	return wrong != 0;
}

/* Logs all diagnostics. True: they prevent the start. */
static bool
refuse_diagnostics(const struct daemon *daemon, const struct diagnostics *diagnostics)
{
	bool strict = daemon->arguments->strict;
	enum severity fatal_from = strict ? SEVERITY_WARNING : SEVERITY_ERROR;

	for (size_t i = 0; i < diagnostics->n; i++) {
		const struct diagnostic *diagnostic = &diagnostics->list[i];
		struct buf text = { 0 };

		diagnostic_print(diagnostic, &text);
		if (diagnostic->level >= fatal_from)
			log_error(
			    "cannot start%s: %s", strict ? " with --strict" : "", buf_text(&text));
		else if (diagnostic->level == SEVERITY_WARNING)
			log_warn("%s", buf_text(&text));
		else
			log_info("%s", buf_text(&text));
		buf_release(&text);
	}
	return diagnostics_count(diagnostics, fatal_from) != 0;
}

static void
raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static bool
is_loopback(const char *address)
{
	struct in6_addr v6;

	return address != NULL &&
	       (strncmp(address, "127.", 4) == 0 ||
		   (inet_pton(AF_INET6, address, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6)));
}

void
daemon_warn_open(const char *address, int port)
{
	if (!is_loopback(address))
		log_warn("NO ACCESS CONTROL: whatever reaches this port can read, write and delete "
			 "everything; keep it behind a firewall, or set bindAddress "
			 "address=%s port=%d",
		    address != NULL ? address : "0.0.0.0", port);
}

/* -- running -------------------------------------------------------------------------- */

void
daemon_stopped(struct daemon *daemon)
{
	for (int i = 0; i < daemon->n_loops; i++)
		loop_stop(&daemon->loops[i]);
}

static void
on_last_moment(struct timer *timer)
{
	struct daemon *daemon = container_of(timer, struct daemon, last_moment);

	log_warn("stop takes too long, ending now after_ms=%d", STOP_MS);
	daemon_stopped(daemon);
}

static void
begin_stop(struct daemon *daemon)
{
	daemon->stopping = true;
	daemon->last_moment.due = on_last_moment;
	loop_set_timer(&daemon->loops[0], &daemon->last_moment, clock_mono_ms() + STOP_MS);
	daemon->program->stop(daemon);
}

void
daemon_restart(struct daemon *daemon)
{
	if (daemon->stopping)
		return;
	log_info("stopping to start again");
	daemon->again = true;
	begin_stop(daemon);
}

static void
on_signal(evutil_socket_t signal_number, short what, void *arg)
{
	struct daemon *daemon = arg;

	(void)what;
	if (signal_number == SIGHUP) {
		daemon_reload(daemon);
	} else if (!daemon->stopping) {
		log_info("stopping signal=%s", signal_number == SIGINT ? "INT" : "TERM");
		begin_stop(daemon);
	} else if (daemon->again) {
		log_info("stopping signal=%s", signal_number == SIGINT ? "INT" : "TERM");
		daemon->again = false;
	} else {
		daemon_stopped(daemon);
	}
}

static void
watch_signals(struct daemon *daemon)
{
	static const int numbers[] = { SIGTERM, SIGINT, SIGHUP };

	for (size_t i = 0; i < 3; i++) {
		daemon->signals[i] =
		    evsignal_new(daemon->loops[0].base, numbers[i], on_signal, daemon);
		if (daemon->signals[i] == NULL || event_add(daemon->signals[i], NULL) == -1)
			fatal("signal cannot be watched number=%d", numbers[i]);
	}
}

/* Signals are for loop 0: threads are created while they are blocked. */
static void
block_signals(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(how, &set, NULL);
}

static void *
run_loop(void *loop)
{
	loop_run(loop);
	return NULL;
}

static void
run_loops(struct daemon *daemon)
{
	for (int i = 1; i < daemon->n_loops; i++) {
		int error = pthread_create(&daemon->threads[i], NULL, run_loop, &daemon->loops[i]);

		if (error != 0)
			fatal("thread cannot be made error=\"%s\"", strerror(error));
	}
	block_signals(SIG_UNBLOCK);
	loop_run(&daemon->loops[0]);
	for (int i = 1; i < daemon->n_loops; i++)
		pthread_join(daemon->threads[i], NULL);
}

static int
run(struct daemon *daemon)
{
	const struct program *program = daemon->program;
	int status;

	signal(SIGPIPE, SIG_IGN);
	umask(027);
	raise_file_limit();
	daemon->changed_ms = clock_wall_ms();
	daemon->n_loops = program->n_loops != NULL ? program->n_loops(daemon->settings) : 1;
	daemon->loops = mem_zalloc((size_t)daemon->n_loops * sizeof *daemon->loops);
	daemon->threads = mem_zalloc((size_t)daemon->n_loops * sizeof *daemon->threads);
	for (int i = 0; i < daemon->n_loops; i++)
		loop_init(&daemon->loops[i], i);
	block_signals(SIG_BLOCK);
	watch_signals(daemon);
	daemon->started_ms = clock_wall_ms();
	status = program->start(daemon);
	if (status == 0) {
		daemon->unclean = daemon_mark_start(program->directory(daemon->settings));
		run_loops(daemon);
		loop_drop_timer(&daemon->loops[0], &daemon->last_moment);
		program->release(daemon);
		daemon_mark_stop(program->directory(daemon->settings));
		log_report_suppressed();
		log_info("stopped");
	}
	for (size_t i = 0; i < 3; i++)
		event_free(daemon->signals[i]);
	for (int i = 0; i < daemon->n_loops; i++)
		loop_release(&daemon->loops[i]);
	free(daemon->loops);
	free(daemon->threads);
	return status == 0 ? 0 : 1;
}

static int
start(struct daemon *daemon, const struct diagnostics *diagnostics)
{
	const struct arguments *arguments = daemon->arguments;

	if (arguments->check)
		return print_diagnostics(daemon, diagnostics);
	if (arguments->print || arguments->print_important)
		return print_settings(daemon, diagnostics);
	log_init(daemon->program->name, LOG_LEVEL_INFO);
	if (diagnostics_count(diagnostics, SEVERITY_ERROR) == 0 && daemon_open_log(daemon) == -1)
		return 1;
	if (refuse_diagnostics(daemon, diagnostics))
		return 1;
	return run(daemon);
}

/* *again: it is to run once more. */
static int
run_once(const struct program *program, const struct arguments *arguments, bool *again)
{
	struct diagnostics diagnostics = { 0 };
	struct daemon daemon = {
		.program = program,
		.settings = mem_zalloc(program->settings_size),
		.arguments = arguments,
		.config_path = arguments->config_path,
	};
	int status;

	daemon_load(program, arguments, &daemon.set, daemon.settings, &diagnostics);
	status = start(&daemon, &diagnostics);
	*again = status == 0 && daemon.again;
	option_set_release(&daemon.set);
	free(daemon.changes);
	free(daemon.settings);
	diagnostics_release(&diagnostics);
	return status;
}

int
daemon_main(const struct program *program, int argc, char **argv)
{
	struct arguments arguments;
	bool again;
	int status;

	arguments_parse(&arguments, program, argc, argv);
	do
		status = run_once(program, &arguments, &again);
	while (again);
	arguments_release(&arguments);
	return status;
}
