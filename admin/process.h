#ifndef ADMIN_PROCESS_H
#define ADMIN_PROCESS_H

/*
 * Daemons as processes, started without a shell. A daemon holds a record lock on its pid file as
 * long as it has files and ports open, and the kernel names the holder. So neither a stale pid file
 * nor a reused pid is taken for a daemon, and another mount namespace does not hide one.
 *
 * One thread uses all of this; it must not hold a pid file open itself.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/buf.h"

enum process_state {
	PROCESS_NONE, /* the lock is free */
	PROCESS_RUNS,
	PROCESS_ENDING, /* it was killed, and still has its port and its files */
	PROCESS_HIDDEN, /* it runs in a pid namespace that is not ours: its pid is unknown here */
};

struct process {
	enum process_state state;
	pid_t pid;     /* RUNS and ENDING, else 0 */
	int64_t up_ms; /* since it was started; 0 where /proc does not say */
	int64_t anonymous_kb, resident_kb;
};

/* The holder of the pid file's lock. */
void process_find(const char *pid_file, struct process *process);
/* The same, but waits at most timeout_ms for the end of a process that is ending. */
void process_find_settled(const char *pid_file, int64_t timeout_ms, struct process *process);

struct launch {
	char *const *arguments; /* as for execv; [0] is an absolute path */
	const char *directory;  /* the working directory; NULL: ours */
	const char *pid_file;   /* written and locked by the new process; NULL: none */
};

/*
 * Starts a process that outlives us; stdin is /dev/null, both outputs are appended to log_file. A
 * pid file that cannot be locked ends the new process with status 127 and a line in the log.
 * Returns the pid, or -1 with errno.
 */
pid_t process_start(const struct launch *launch, const char *log_file);
/* The same with both outputs into the pipe *output. It gets SIGTERM when we die. */
pid_t process_start_attached(const struct launch *launch, int *output);
/* Whether our own child ended; then *status is as of wait(2). */
bool process_ended(pid_t pid, int *status);

enum process_stop {
	PROCESS_STOPPED, /* or did not run */
	PROCESS_KILLED,
	PROCESS_STOP_FAILED, /* errno says why: ESRCH for PROCESS_HIDDEN */
};

/* SIGTERM, then SIGKILL after timeout_ms; waits for the end. */
enum process_stop process_stop(const char *pid_file, int timeout_ms);
/* Runs it to its end and appends both outputs; the exit status, 127 when it cannot be run. */
int process_capture(char *const *arguments, struct buf *output);
/* The last line of the file, behind offset `from`, with an error; else its last line, else "". */
void process_last_words(const char *log_file, int64_t from, char *line, size_t size);
/* In bytes; 0 when there is no file. */
int64_t process_log_size(const char *log_file);
void process_sleep_ms(int ms);

#endif
