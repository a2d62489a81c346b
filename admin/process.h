#ifndef ADMIN_PROCESS_H
#define ADMIN_PROCESS_H

/*
 * Daemons as processes: started without a shell, known by their pid files, and
 * never taken for one another: a pid counts only while /proc says that it is
 * the same program, started at the same moment as the file says.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/buf.h"

struct process {
	pid_t pid;     /* 0: does not run */
	bool ending;   /* it was killed or is about to be gone, and has its port and files still */
	int64_t up_ms; /* since it was started */
	int64_t anonymous_kb, resident_kb;
};

/* What runs by that pid file, if it is still that program (an absolute path). */
void process_find(const char *pid_file, const char *program, struct process *process);
/* The same; what is ending is waited for, so long at most. */
void process_find_settled(
    const char *pid_file, const char *program, int64_t timeout_ms, struct process *process);
/* Starts it with stdin from /dev/null and both outputs appended to log_file; it outlives us. The
 * pid, or -1 with errno. */
pid_t process_start(char *const *arguments, const char *directory, const char *log_file);
/* The same with both outputs into *output, a pipe; it is told to end (SIGTERM) when we die. */
pid_t process_start_attached(char *const *arguments, const char *directory, int *output);
/* 0, or -1 with errno. */
int process_write_pid_file(const char *pid_file, pid_t pid);
/* Whether our own child ended; then *status is as of wait(2). */
bool process_ended(pid_t pid, int *status);
/* SIGTERM, then SIGKILL after timeout_ms. 0 when it ended, 1 when it had to be killed, -1 when it
 * cannot be. */
int process_stop(const char *pid_file, const char *program, int timeout_ms);
/* Runs it and takes what it prints (both outputs); its exit status, 127 when it cannot be run. */
int process_capture(char *const *arguments, struct buf *output);
/* The last line of the file that tells of an error, else its last line; "" when there is none. */
void process_last_words(const char *log_file, int64_t from, char *line, size_t size);
/* Size of the file, 0 when there is none. */
int64_t process_log_size(const char *log_file);
void process_sleep_ms(int ms);

#endif
