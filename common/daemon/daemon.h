#ifndef COMMON_DAEMON_H
#define COMMON_DAEMON_H

/*
 * The common part of both daemons: flags, configuration, signals, loops, start,
 * reload and stop. A daemon is a const struct program.
 *
 * loops[0] runs on the main thread, with signals and timers; the others have
 * threads of their own. SIGTERM and SIGINT stop the daemon. SIGHUP reads the
 * file again and reopens the log file. A file with an error changes nothing;
 * live options are applied, others are named in the log.
 *
 * The value of a setting comes from the first of these that has one: the last
 * updateBrokerConfig, the command line, the file, NAMESRV_ADDR, the default.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/config/option.h"
#include "common/json/json.h"
#include "common/net/loop.h"
#include "common/net/server.h"

struct arguments;

/* The last change of a setting over the network. */
struct setting_change {
	int64_t at_ms; /* wall clock; 0: none */
	char by[64];   /* the peer's address */
};

struct daemon {
	const struct program *program;
	struct option_set set;
	void *settings; /* the program's settings struct; loop 0 changes live members */
	struct loop *loops;
	int n_loops;
	const char *config_path; /* NULL: none given */
	void *context;           /* the program's own */
	/* internal */
	const struct arguments *arguments;
	pthread_t *threads;
	struct event *signals[3];
	struct timer last_moment; /* cuts a stop short that takes too long */
	bool stopping;
	bool again;                     /* start the program once more after the stop */
	int64_t started_ms;             /* wall clock */
	bool unclean;                   /* the daemon before this one did not stop as asked */
	struct setting_change *changes; /* one per row; NULL: none yet */
	int64_t n_changes;              /* of settings while running */
	int64_t changed_ms;
};

/* Rows for the store, by name; lent until daemon_settings_kept. */
struct kept_settings {
	const struct ext *rows;
	size_t n;
};

struct program {
	const char *name;    /* "mqbroker" */
	const char *summary; /* one line for -h */
	const struct option *options;
	const char *const *sections; /* of an ini file */
	size_t settings_size;
	/* The directory of the data; settings are complete. */
	const char *(*directory)(const void *settings);
	/* How many loops; settings are loaded. */
	int (*n_loops)(const void *settings);
	/* Checks that concern several options, or more than a range. May be NULL. */
	void (*check)(const void *settings, struct diagnostics *diagnostics);
	/* Fills in defaults that are computed (the host's name ...). May be NULL. */
	void (*complete)(void *settings);
	/* On the main thread, before the loops run. 0, or -1 after one line that says why. */
	int (*start)(struct daemon *daemon);
	/* A live option was applied to settings; called on loop 0. May be NULL. */
	void (*changed)(struct daemon *daemon, const struct option *option);
	/*
	 * Stores a change that was made over the network, all of its rows or none, and then calls
	 * daemon_settings_kept: at once, or later on loop 0. May be NULL.
	 */
	void (*keep)(struct daemon *daemon, struct kept_settings *kept);
	/* On loop 0 at SIGTERM: unregister from peers, then call daemon_stopped. */
	void (*stop)(struct daemon *daemon);
	/* Frees everything, after the loops have ended. */
	void (*release)(struct daemon *daemon);
};

/*
 * main() of a daemon. Flags: -c FILE, -n ADDRESSES (namesrvAddr), -p (print all
 * settings and exit), -m (those that matter), --check (print the diagnostics and
 * exit: 0 none, 1 some), --strict (warnings are errors), -o KEY=VALUE, -V, -h.
 * Exit status: 0 stopped as asked, 1 cannot start, 2 wrong flags.
 */
int daemon_main(const struct program *program, int argc, char **argv);
/*
 * Says in one loud line that there is no access control, if others than this host can reach the
 * address: an IPv4 or IPv6 address, NULL for all. For program->start, once it listens.
 */
void daemon_warn_open(const char *address, int port);
/*
 * Stops as SIGTERM does, then starts the program again, in this process and with its arguments. A
 * SIGTERM meanwhile ends the process as ever. Loop 0.
 */
void daemon_restart(struct daemon *daemon);
/* Ends the loops. Any thread. */
void daemon_stopped(struct daemon *daemon);
/*
 * The rows are on disk (0), or nothing was stored (-1). The change is applied, and its request is
 * answered, only now.
 */
void daemon_settings_kept(struct kept_settings *kept, int status);
/*
 * Applies a change that program->keep stored in an earlier run. From program->start. A change of
 * an option that no longer exists is named in the log and ignored.
 */
void daemon_restore(struct daemon *daemon, struct slice name, struct slice value);
/* Whether program->keep stored this beside a change: when it was made, and by whom. */
bool daemon_restore_origin(struct daemon *daemon, struct slice name, struct slice value);
/*
 * {"file":"...","settings":[{"name","value","default","origin",...}]}: each setting with where its
 * value is from; man/mq-protocol.7. On loop 0. Texts are in the arena while it writes.
 */
void daemon_write_settings(const struct daemon *daemon, struct arena *arena, struct json_out *out);

/*
 * GET_..._CONFIG and UPDATE_..._CONFIG, for the handler tables of both daemons.
 * The server's context is the struct daemon.
 */
enum verdict daemon_get_config(struct request *request);
enum verdict daemon_update_config(struct request *request);
/* GET_HOST_VIEW: what the daemon sees of its host. */
enum verdict daemon_get_host_view(struct request *request);
/* EXPLAIN_CONFIG. */
enum verdict daemon_explain_config(struct request *request);

#endif
