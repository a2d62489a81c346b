#ifndef COMMON_DAEMON_CONFIG_H
#define COMMON_DAEMON_CONFIG_H

/* How a daemon gets its settings and its log. For daemon.c. */

#include "common/daemon/daemon.h"
#include "common/daemon/daemon_arguments.h"

/*
 * Fills the settings, which are zeroed memory, from defaults, environment, file and command line,
 * and checks them.
 */
void daemon_load(const struct program *program, const struct arguments *arguments,
    struct option_set *set, void *settings, struct diagnostics *diagnostics);
/* Reads the file again, for SIGHUP. Loop 0. */
void daemon_reload(struct daemon *daemon);
/* Opens the log by logLevel and logFile. 0, or -1 after one line that says why. */
int daemon_open_log(const struct daemon *daemon);

#endif
