#include "config.h"

/* Questions of the thread to loop 0, which owns the bounds of queues and may ask the store. */

#include <stdlib.h>
#include <time.h>

#include "broker/sql/sql_private.h"
#include "broker/state/topic.h"
#include "broker/store/store.h"
#include "broker/store/tail/tail.h"
#include "common/base/clock.h"
#include "common/base/mem.h"

#define QUEUES_A_TIME 2000 /* about 0.2 ms of a loop */

bool
sql_is_over(const struct sql_service *service)
{
	return atomic_load_explicit(&service->stopping, memory_order_relaxed) ||
	       clock_mono_ms() >= service->deadline_ms;
}

static void
run_ask(struct task *task, void *loop)
{
	struct sql_ask *ask = (struct sql_ask *)task;

	ask->run(ask, ((struct loop *)loop)->context);
}

void
sql_ask_done(struct sql_ask *ask)
{
	struct sql_service *service = ask->service;
	bool abandoned;

	pthread_mutex_lock(&service->lock);
	abandoned = ask->state == SQL_ASK_ABANDONED;
	ask->state = SQL_ASK_DONE;
	pthread_cond_signal(&service->answered);
	pthread_mutex_unlock(&service->lock);
	if (abandoned)
		ask->free(ask);
}

bool
sql_ask(struct sql_service *service, struct sql_ask *ask)
{
	struct timespec until = { .tv_sec = service->deadline_ms / 1000,
		.tv_nsec = service->deadline_ms % 1000 * 1000000 };
	int status = 0;

	ask->service = service;
	ask->state = SQL_ASK_WAITS;
	ask->task.run = run_ask;
	pthread_mutex_lock(&service->lock);
	bool asked = !atomic_load(&service->stopping);

	if (asked)
		loop_post(broker_main_loop(service->broker), &ask->task);
	while (
	    asked && ask->state == SQL_ASK_WAITS && !atomic_load(&service->stopping) && status == 0)
		status = pthread_cond_timedwait(&service->answered, &service->lock, &until);
	bool done = ask->state == SQL_ASK_DONE;

	if (!done)
		ask->state = SQL_ASK_ABANDONED;
	pthread_mutex_unlock(&service->lock);
	if (!asked)
		ask->free(ask);
	return done;
}

/* ---- reads ------------------------------------------------------------------- */

struct read_ask {
	struct sql_ask ask;
	struct read_job *job;
};

static void
free_read(struct sql_ask *ask)
{
	struct read_ask *read = (struct read_ask *)ask;

	read_job_free(read->job);
	free(read);
}

static void
on_read(struct read_job *job, struct loop *loop)
{
	(void)loop;
	sql_ask_done(job->context);
}

static void
run_read(struct sql_ask *ask, struct worker *worker)
{
	struct read_job *job = ((struct read_ask *)ask)->job;

	job->reply_loop = worker->loop;
	job->done = on_read;
	job->context = ask;
	store_read(worker->broker->store, job);
}

struct read_job *
sql_read(struct sql_service *service, struct read_job *job)
{
	struct read_ask *read = mem_zalloc(sizeof *read);

	read->ask.run = run_read;
	read->ask.free = free_read;
	read->job = job;
	if (!sql_ask(service, &read->ask))
		return NULL;
	free(read);
	return job;
}

/* ---- queues ------------------------------------------------------------------ */

struct queues_ask {
	struct sql_ask ask;
	struct sql_queues queues;
	char *topic;  /* NULL: all */
	size_t state; /* of tail_each */
	bool ended;
};

static void
free_queues(struct sql_ask *ask)
{
	struct queues_ask *it = (struct queues_ask *)ask;

	sql_queues_release(&it->queues);
	free(it->topic);
	free(it);
}

static void
add_queue(struct sql_queues *queues, const struct tail_queue *queue)
{
	if (queues->n == queues->cap) {
		queues->cap = queues->cap != 0 ? 2 * queues->cap : 64;
		queues->list = mem_realloc(queues->list, queues->cap * sizeof queues->list[0]);
	}
	queues->list[queues->n++] = (struct sql_queue){
		.topic = arena_copy(&queues->arena, queue->topic),
		.number = queue->number,
		.queue_id = queue->queue_id,
		.min_offset = queue->min_offset,
		.max_offset = queue->max_offset,
		.last_timestamp = queue->last_timestamp,
	};
}

/* A topic that once had more queues than now shows those of now. */
static void
add_queues_of(struct queues_ask *it, struct worker *worker)
{
	struct topic topic;
	struct slice name = slice_of(it->topic);

	it->ended = true;
	if (!topics_find(worker->broker->topics, name, &topic))
		return;
	int32_t n = topic.read_queues > topic.write_queues ? topic.read_queues : topic.write_queues;

	for (int32_t id = 0; id < n; id++) {
		const struct tail_queue *queue = tail_find(worker->tail, name, id);

		if (queue != NULL)
			add_queue(&it->queues, queue);
	}
}

static void
run_queues(struct sql_ask *ask, struct worker *worker)
{
	struct queues_ask *it = (struct queues_ask *)ask;
	const struct tail_queue *queue;

	if (it->topic != NULL)
		add_queues_of(it, worker);
	for (int i = 0; i < QUEUES_A_TIME && !it->ended; i++) {
		queue = tail_each(worker->tail, &it->state);
		it->ended = queue == NULL;
		if (queue != NULL)
			add_queue(&it->queues, queue);
	}
	sql_ask_done(ask);
}

static int
compare_queues(const void *a, const void *b)
{
	const struct sql_queue *left = a, *right = b;
	int order = slice_compare(left->topic, right->topic);

	if (order == 0)
		order = (left->queue_id > right->queue_id) - (left->queue_id < right->queue_id);
	return order;
}

/* A table that grew between two asks may have shown a queue twice. */
static void
sort_queues(struct sql_queues *queues)
{
	size_t n = 0;

	if (queues->n != 0)
		qsort(queues->list, queues->n, sizeof queues->list[0], compare_queues);
	for (size_t i = 0; i < queues->n; i++)
		if (n == 0 || compare_queues(&queues->list[n - 1], &queues->list[i]) != 0)
			queues->list[n++] = queues->list[i];
	queues->n = n;
}

int
sql_queues_get(struct sql_service *service, struct slice topic, struct sql_queues *queues)
{
	struct queues_ask *it = mem_zalloc(sizeof *it);

	it->ask.run = run_queues;
	it->ask.free = free_queues;
	if (topic.data != NULL)
		it->topic = mem_strndup(topic.data, topic.len);
	while (!it->ended)
		if (!sql_ask(service, &it->ask))
			return -1;
	*queues = it->queues;
	it->queues = (struct sql_queues){ 0 };
	free_queues(&it->ask);
	sort_queues(queues);
	return 0;
}

void
sql_queues_release(struct sql_queues *queues)
{
	free(queues->list);
	arena_release(&queues->arena);
	*queues = (struct sql_queues){ 0 };
}
