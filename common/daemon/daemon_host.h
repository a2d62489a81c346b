#ifndef COMMON_DAEMON_HOST_H
#define COMMON_DAEMON_HOST_H

/*
 * What a daemon sees of its host: its clock, limits, disk and hosts file, for mqadmin doctor. Any
 * thread.
 */

#include "common/daemon/daemon.h"
#include "common/protocol/host_view.h"

/*
 * The file "abort" in the directory of the data stands there while the daemon runs, as in RocketMQ.
 * True: it is there already, as the daemon before did not stop as asked.
 */
bool daemon_mark_start(const char *directory);
void daemon_mark_stop(const char *directory);
/* Fills the view but for program, version and times. Texts are in the arena. names: by ; */
void daemon_host_view(
    struct arena *arena, const char *directory, struct slice names, struct host_view *view);
/* What a hosts file says of a name: the addresses of all lines that have it. */
void host_entry_find(
    struct arena *arena, struct slice hosts, struct slice name, struct host_entry *entry);

#endif
