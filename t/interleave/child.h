#ifndef INTERLEAVE_CHILD_H
#define INTERLEAVE_CHILD_H

/*
 * The broker as a process of ours: started, killed without warning, started again. It
 * dies with us.
 */

#include <stdbool.h>
#include <sys/types.h>

struct child {
	char *const *command; /* ends in NULL */
	const char *log;      /* what it writes goes behind what is there */
	pid_t pid;            /* 0: it does not run */
};

/* 0 or -1. */
int child_start(struct child *child);
/* SIGKILL; returns when it is gone. */
void child_kill(struct child *child);
/* SIGTERM; its exit status, or -1 when it had to be killed or was by somebody else. */
int child_stop(struct child *child, int timeout_ms);
/* Whether it ended by itself. */
bool child_is_dead(struct child *child);

#endif
