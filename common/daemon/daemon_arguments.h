#ifndef COMMON_DAEMON_ARGUMENTS_H
#define COMMON_DAEMON_ARGUMENTS_H

/* The command line of a daemon. One thread. */

#include "common/daemon/daemon.h"

/* All texts point into argv. */
struct arguments {
	const char *config_path;
	const char *namesrv_addr;
	char **pairs; /* of -o */
	size_t n_pairs;
	bool print, print_important;
	bool check;
	bool strict;
};

/*
 * Fills the arguments, or ends the process: with status 0 after -h and -V, with 2 when a flag is
 * wrong.
 */
void arguments_parse(
    struct arguments *arguments, const struct program *program, int argc, char **argv);
void arguments_release(struct arguments *arguments);

#endif
