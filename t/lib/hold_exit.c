/*
 * hold_exit PID SECONDS: when that process is killed, keeps it from being gone for so long, as a
 * slow disk does: one of its threads stays, and with it all files and ports. Says "held" once it
 * watches. Exit status: 0 it was killed, held and let go; 77 it may not be watched; 1 else.
 */

#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_NOT_PERMITTED 77

/* A thread of it that is not the first; -1 when there is none. */
static pid_t
another_thread(pid_t pid)
{
	char path[64];
	pid_t found = -1;

	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	DIR *threads = opendir(path);
	for (struct dirent *one; threads != NULL && (one = readdir(threads)) != NULL;)
		if (atoi(one->d_name) > 0 && atoi(one->d_name) != pid)
			found = atoi(one->d_name);
	if (threads != NULL)
		closedir(threads);
	return found;
}

static int
fail(const char *what)
{
	perror(what);
	return errno == EPERM ? EXIT_NOT_PERMITTED : EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	int status;

	if (argc != 3) {
		fprintf(stderr, "usage: hold_exit PID SECONDS\n");
		return 2;
	}
	pid_t thread = another_thread(atoi(argv[1]));
	if (ptrace(PTRACE_SEIZE, thread, NULL, PTRACE_O_TRACEEXIT) == -1)
		return fail("ptrace");
	puts("held");
	fflush(stdout);
	/* Its other stops, for signals, are none of ours. */
	while (waitpid(thread, &status, __WALL) == thread && WIFSTOPPED(status)) {
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8)) {
			sleep((unsigned int)atoi(argv[2]));
			ptrace(PTRACE_DETACH, thread, NULL, NULL);
			return EXIT_SUCCESS;
		}
		ptrace(PTRACE_CONT, thread, NULL, (void *)(long)WSTOPSIG(status));
	}
	return fail("it ended otherwise");
}
