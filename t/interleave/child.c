#include "config.h"

#include "t/interleave/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"

int
child_start(struct child *child)
{
	pid_t parent = getpid();

	child->pid = fork();
	if (child->pid == -1) {
		child->pid = 0;
		return -1;
	}
	if (child->pid > 0)
		return 0;

	int log = open(child->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (log == -1 || getppid() != parent || dup2(log, STDOUT_FILENO) == -1 ||
	    dup2(log, STDERR_FILENO) == -1)
		_exit(126);
	/* Sockets of ours: a broker that is killed must not leave them open in its heir. */
	close_range(3, ~0u, 0);
	execvp(child->command[0], child->command);
	_exit(127);
}

void
child_kill(struct child *child)
{
	if (child->pid == 0)
		return;
	kill(child->pid, SIGKILL);
	waitpid(child->pid, NULL, 0);
	child->pid = 0;
}

int
child_stop(struct child *child, int timeout_ms)
{
	int64_t end_ms = clock_mono_ms() + timeout_ms;
	int status;

	kill(child->pid, SIGTERM);
	while (waitpid(child->pid, &status, WNOHANG) == 0) {
		if (clock_mono_ms() > end_ms) {
			child_kill(child);
			return -1;
		}
		usleep(10000);
	}
	child->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool
child_is_dead(struct child *child)
{
	if (child->pid != 0 && waitpid(child->pid, NULL, WNOHANG) == child->pid)
		child->pid = 0;
	return child->pid == 0;
}
