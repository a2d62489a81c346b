#ifndef COMMON_DAEMON_CONFIG_H
#define COMMON_DAEMON_CONFIG_H

/* How a daemon gets its settings and its log. For daemon.c. */

#include "common/daemon/daemon.h"
#include "common/daemon/daemon_arguments.h"

/* Defaults, environment, file, command line, checks. The settings are zeroed memory. */
void daemon_load(const struct program *program, const struct arguments *arguments,
    struct option_set *set, void *settings, struct diagnostics *diagnostics);
/* SIGHUP. Loop 0. */
void daemon_reload(struct daemon *daemon);
/* logLevel and logFile as they are set now. 0, or -1 after the line that says why. */
int daemon_open_log(const struct daemon *daemon);

#endif
