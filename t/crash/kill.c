#include "config.h"

#include "t/crash/kill.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t/crash/judge.h"

static void
start(struct victims *victims, size_t i)
{
	victims->n_started++;
	victims->pids[i] = fork();
	if (victims->pids[i] != 0)
		return;
	victims->exec(victims->arg, victims->n_started);
	_exit(2);
}

void
victims_start(struct victims *victims)
{
	for (size_t i = 0; i < victims->n; i++)
		start(victims, i);
}

void
victims_look_after(struct victims *victims)
{
	for (size_t i = 0; i < victims->n; i++) {
		int status;

		if (waitpid(victims->pids[i], &status, WNOHANG) != victims->pids[i])
			continue;
		if (!WIFSIGNALED(status) ||
		    (WTERMSIG(status) != SIGKILL && WTERMSIG(status) != SIGTERM))
			breach("a process ended with status %d", status);
		victims->n_deaths++;
		start(victims, i);
	}
}

void
victims_signal(struct victims *victims, int number)
{
	for (size_t i = 0; i < victims->n; i++)
		kill(victims->pids[i], number);
}

void
victims_end(struct victims *victims)
{
	victims_signal(victims, SIGKILL);
	for (size_t i = 0; i < victims->n; i++)
		waitpid(victims->pids[i], NULL, 0);
}
