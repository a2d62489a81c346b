#ifndef T_CRASH_KILL_H
#define T_CRASH_KILL_H

/*
 * Processes that die under load, by their own hand or by ours, and are started again. Daemons are
 * killed by the shell (kill.sh). One thread.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define VICTIMS_MAX 16

struct victims {
	size_t n;
	void (*exec)(void *arg, unsigned n); /* in the child, the n-th of all; does not return */
	void *arg;
	pid_t pids[VICTIMS_MAX];
	unsigned n_started;
	uint64_t n_deaths;
};

void victims_start(struct victims *victims);
/* Starts those again that died. A death that is not of SIGKILL or our SIGTERM is a breach. */
void victims_look_after(struct victims *victims);
void victims_signal(struct victims *victims, int number);
/* The end: by SIGKILL. */
void victims_end(struct victims *victims);

#endif
