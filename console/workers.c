#include "config.h"

#include "console/workers.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/base/thread.h"

STAILQ_HEAD(work_list, work);

struct workers {
	const char *name;
	int max_threads, max_queued;
	int64_t max_wait_ms;
	pthread_t *threads;
	pthread_mutex_t lock;
	pthread_cond_t more;
	/* below: under the lock */
	struct work_list queue;
	int n_queued, n_threads, n_idle;
	bool stopping;
};

struct workers *
workers_new(const char *name, int n_threads, int max_queued, int64_t max_wait_ms)
{
	struct workers *workers = mem_zalloc(sizeof *workers);

	workers->name = name;
	workers->max_threads = n_threads;
	workers->max_queued = max_queued;
	workers->max_wait_ms = max_wait_ms;
	workers->threads = mem_zalloc((size_t)n_threads * sizeof *workers->threads);
	pthread_mutex_init(&workers->lock, NULL);
	pthread_cond_init(&workers->more, NULL);
	STAILQ_INIT(&workers->queue);
	return workers;
}

/* NULL: the thread shall end. */
static struct work *
take_work(struct workers *workers, bool *in_time)
{
	struct work *work;

	pthread_mutex_lock(&workers->lock);
	workers->n_idle++;
	while (STAILQ_EMPTY(&workers->queue) && !workers->stopping)
		pthread_cond_wait(&workers->more, &workers->lock);
	workers->n_idle--;
	work = STAILQ_FIRST(&workers->queue);
	if (work != NULL) {
		STAILQ_REMOVE_HEAD(&workers->queue, entry);
		workers->n_queued--;
		*in_time =
		    !workers->stopping && clock_mono_ms() - work->queued_ms <= workers->max_wait_ms;
	}
	pthread_mutex_unlock(&workers->lock);
	return work;
}

static void *
run_work(void *arg)
{
	struct workers *workers = arg;
	struct work *work;
	bool in_time;

	while ((work = take_work(workers, &in_time)) != NULL)
		work->run(work, in_time);
	return NULL;
}

int
workers_submit(struct workers *workers, struct work *work)
{
	int result = -1;

	work->queued_ms = clock_mono_ms();
	pthread_mutex_lock(&workers->lock);
	if (workers->n_queued < workers->max_queued) {
		STAILQ_INSERT_TAIL(&workers->queue, work, entry);
		workers->n_queued++;
		if (workers->n_queued > workers->n_idle &&
		    workers->n_threads < workers->max_threads)
			thread_start(&workers->threads[workers->n_threads++], workers->name,
			    run_work, workers);
		pthread_cond_signal(&workers->more);
		result = 0;
	}
	pthread_mutex_unlock(&workers->lock);
	return result;
}

void
workers_free(struct workers *workers)
{
	struct work *work;

	if (workers == NULL)
		return;
	pthread_mutex_lock(&workers->lock);
	workers->stopping = true;
	pthread_cond_broadcast(&workers->more);
	pthread_mutex_unlock(&workers->lock);
	for (int i = 0; i < workers->n_threads; i++)
		pthread_join(workers->threads[i], NULL);
	while ((work = STAILQ_FIRST(&workers->queue)) != NULL) {
		STAILQ_REMOVE_HEAD(&workers->queue, entry);
		work->run(work, false);
	}
	pthread_mutex_destroy(&workers->lock);
	pthread_cond_destroy(&workers->more);
	free(workers->threads);
	free(workers);
}
