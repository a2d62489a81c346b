#ifndef COMMON_DAEMON_PRIVATE_H
#define COMMON_DAEMON_PRIVATE_H

/* Between the daemon_*.c files. */

#include "common/daemon/daemon.h"

struct arguments {
	const char *config_path;
	const char *namesrv_addr;
	char **pairs; /* of -o; into argv */
	size_t n_pairs;
	bool print, print_important;
	bool check;
	bool strict;
};

/* Fills the arguments, or ends the process: 0 after -h and -V, 2 when they are wrong. */
void arguments_parse(
    struct arguments *arguments, const struct program *program, int argc, char **argv);
void arguments_release(struct arguments *arguments);

/* Defaults, environment, file, command line, checks. The settings are zeroed memory. */
void daemon_load(const struct program *program, const struct arguments *arguments,
    struct option_set *set, void *settings, struct diagnostics *diagnostics);
/* SIGHUP. Loop 0. */
void daemon_reload(struct daemon *daemon);
/* logLevel and logFile as they are set now. 0, or -1 after the line that says why. */
int daemon_open_log(const struct daemon *daemon);

#endif
