#ifndef ADMIN_MQCLUSTER_H
#define ADMIN_MQCLUSTER_H

/*
 * What the commands of mqcluster share. cluster_start.c, cluster_stop.c, cluster_run.c and
 * cluster_account.c are the commands; mqcluster_main.c reads the command line and calls them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin/cluster.h"
#include "admin/process.h"
#include "admin/report.h"
#include "common/config/args.h"

#define STOP_TIMEOUT_MS 30000
#define ENDING_TIMEOUT_MS 10000

struct mqcluster {
	struct cluster cluster;
	struct args args;
	struct report report;
	int lock; /* descriptor that holds the directory; -1: not held */
};

struct cluster_command {
	const char *name; /* the table ends at NULL */
	const struct flag *flags;
	/* The exit status, or -1 after cluster_fail: then only the reason is printed. */
	int (*run)(struct mqcluster *self);
	const char *help;
	bool reads_itself; /* cluster.ini, when it wants it; else it has been read */
	int failure;       /* exit status after cluster_fail; 0: 1 */
};

/* Of mqcluster account; ends at name NULL. */
extern const struct cluster_command cluster_account_commands[];
extern const struct flag cluster_start_flags[], cluster_stop_flags[], cluster_status_flags[],
    cluster_run_flags[], cluster_doctor_flags[];
int cluster_start_run(struct mqcluster *self);
int cluster_stop_run(struct mqcluster *self);
int cluster_status_run(struct mqcluster *self);
int cluster_run_run(struct mqcluster *self);
/* 0: it found nothing, 1: it did. */
int cluster_doctor_run(struct mqcluster *self);

/*
 * Locks the directory against other mqclusters until we exit. make: creates it when it is missing.
 * 0, or -1 after cluster_fail.
 */
int mqcluster_lock(struct mqcluster *self, bool make);
/* How to start the role; the texts live in the cluster's arena. */
struct launch mqcluster_launch(struct mqcluster *self, const struct role *role);
/* The process of the role, by its pid file. */
void mqcluster_find(struct mqcluster *self, const struct role *role, struct process *process);
/* The same, but waits at most timeout_ms for the end of a process that is ending. */
void mqcluster_find_settled(
    struct mqcluster *self, const struct role *role, int64_t timeout_ms, struct process *process);
/*
 * Reports one row per role, and a warning when one listens beyond loopback. ready_ms: for each role
 * how long it took to be ready, -1 when it ran before; NULL: not shown. Returns how many roles of
 * this host do not run.
 */
size_t mqcluster_show(struct mqcluster *self, const int64_t *ready_ms);

#define FLAG_CLUSTER_FILE                                                                          \
	{ 'c', "config", FLAG_TEXT, "FILE", 0, 0, 0,                                               \
		"cluster.ini; without it, that beside the installation" },                         \
	    { 'd', "directory", FLAG_TEXT, "DIR", 0, 0, 0,                                         \
		    "pid files, logs and data; without it, as cluster.ini says" },                 \
	{                                                                                          \
		'l', "local", FLAG_SWITCH, NULL, 0, 0, 0,                                          \
		    "the whole cluster on this machine, whatever the hosts are called"             \
	}

#endif
