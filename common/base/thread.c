#include "config.h"

#include "common/base/thread.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"

#define BACKGROUND_NICE 10

void
thread_start(pthread_t *thread, const char *name, void *(*run)(void *arg), void *arg)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(thread, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error != 0)
		fatal("a thread cannot be started name=%s error=%s", name, strerror(error));
	pthread_setname_np(*thread, name);
}

void
thread_yield_to_others(void)
{
	/* On Linux of the calling thread alone. An increase is never refused. */
	int now = nice(BACKGROUND_NICE);

	(void)now;
}
