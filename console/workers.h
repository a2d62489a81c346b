#ifndef CONSOLE_WORKERS_H
#define CONSOLE_WORKERS_H

/*
 * Threads for work that waits: a bounded queue, and up to n threads that begin when there is work
 * for them, so that workers nobody needs cost nothing.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct workers;

/* Embed it. Lent from workers_submit until run is called. */
struct work {
	STAILQ_ENTRY(work) entry;
	int64_t queued_ms; /* clock_mono_ms */
	/* On a worker. in_time: it waited for less than max_wait_ms, and workers_stop was not
	 * called. */
	void (*run)(struct work *work, bool in_time);
};

struct workers *workers_new(const char *name, int n_threads, int max_queued, int64_t max_wait_ms);
/* -1: max_queued wait already. Any thread, before workers_free. */
int workers_submit(struct workers *workers, struct work *work);
/* Calls run of what waits, with in_time false, and waits for what runs. NULL: nothing to do. */
void workers_free(struct workers *workers);

#endif
