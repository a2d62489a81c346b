#include "config.h"

#include "broker/consumers/lock_queues.h"

#include <stdlib.h>

#include "broker/consumers/heartbeat.h"
#include "broker/state/limit.h"
#include "broker/state/queue_lock.h"
#include "broker/state/topic.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"

static struct lock_asker
asker_of(
    const struct broker *broker, struct slice group, struct slice client_id, struct conn_id conn)
{
	return (struct lock_asker){
		.group = group,
		.client_id = client_id,
		.conn = conn,
		.now_ms = clock_mono_ms(),
		.lease_ms = broker->settings->rebalance_lock_max_live_time,
		.max = (size_t)limits_value(broker->limits, LIMIT_QUEUE_LOCKS),
	};
}

/* One request to divide the queues again for each connection that waits. */
static void
tell_waiters(struct broker *broker, struct loop *loop, const struct lock_waiters *waiters)
{
	struct client_change *list = arena_alloc(&loop->arena, waiters->n * sizeof *list);

	for (size_t i = 0; i < waiters->n; i++)
		list[i] = (struct client_change){ .group = waiters->list[i].group,
			.members = &waiters->list[i].conn,
			.n_members = 1 };
	clients_changed(broker, loop, &(struct client_changes){ list, waiters->n });
}

/* The queues of the batch that this broker has. */
static struct lock_wish *
list_wishes(struct broker *broker, struct arena *arena, const struct lock_batch *batch, size_t *n)
{
	struct lock_wish *wishes = arena_zalloc(arena, batch->n_queues * sizeof *wishes);
	struct topic topic = { 0 };

	*n = 0;
	for (size_t i = 0; i < batch->n_queues; i++) {
		const struct message_queue *queue = &batch->queues[i];

		if (!slice_is(queue->broker_name, broker->settings->broker_name))
			continue;
		if (!slice_is(queue->topic, topic.name) &&
		    !topics_find(broker->topics, queue->topic, &topic)) {
			topic.name[0] = '\0';
			continue;
		}
		if (queue->id < 0 || queue->id >= topic.read_queues)
			continue;
		wishes[(*n)++].queue = *queue;
	}
	return wishes;
}

struct locked_queues
lock_queues(
    struct broker *broker, struct loop *loop, struct conn_id conn, const struct lock_batch *batch)
{
	struct lock_asker asker = asker_of(broker, batch->group, batch->client_id, conn);
	struct locked_queues result = { 0 };
	size_t n;
	struct lock_wish *wishes = list_wishes(broker, &loop->arena, batch, &n);
	struct message_queue *held = arena_alloc(&loop->arena, n * sizeof *held);

	if (queue_locks_are_guessed(broker->queue_locks, asker.now_ms)) {
		for (size_t i = 0; i < n; i++)
			wishes[i].consumed_before =
			    offsets_find(broker->offsets, batch->group, wishes[i].queue.topic,
				wishes[i].queue.id) >= 0;
	}
	size_t n_refused = queue_locks_take(broker->queue_locks, &asker, wishes, n);

	for (size_t i = 0; i < n; i++) {
		if (wishes[i].held)
			held[result.n_held++] = wishes[i].queue;
		result.unsaved |= wishes[i].unsaved;
	}
	if (n_refused != 0) {
		limits_refuse(broker->limits, LIMIT_QUEUE_LOCKS, n_refused);
		result.why = limit_remark(LIMIT_QUEUE_LOCKS);
	}
	result.held = held;
	return result;
}

void
unlock_queues(struct broker *broker, struct loop *loop, const struct lock_batch *batch)
{
	struct lock_asker asker =
	    asker_of(broker, batch->group, batch->client_id, (struct conn_id){ 0 });
	struct lock_waiters waiters = queue_locks_give_back(
	    broker->queue_locks, &asker, batch->queues, batch->n_queues, &loop->arena);

	tell_waiters(broker, loop, &waiters);
}

void
lock_queues_hear(
    struct broker *broker, struct loop *loop, struct conn_id conn, const struct offset_row *row)
{
	struct lock_asker asker = asker_of(broker, row->group, SLICE_NONE, conn);
	struct lock_waiter waiter = { row->group, conn };

	if (queue_locks_are_guessed(broker->queue_locks, asker.now_ms) &&
	    queue_locks_hear(broker->queue_locks, &asker, row->topic, row->queue_id))
		tell_waiters(broker, loop, &(struct lock_waiters){ &waiter, 1 });
}

void
lock_queues_expire(struct broker *broker, struct loop *loop)
{
	int64_t now_ms = clock_mono_ms();
	struct lock_waiters waiters = queue_locks_expire(broker->queue_locks, now_ms, &loop->arena);
	struct meta_job *job = queue_locks_save(broker->queue_locks, now_ms);

	if (job != NULL)
		store_meta(broker->store, job);
	tell_waiters(broker, loop, &waiters);
}

/* ---- saving ------------------------------------------------------------ */

struct lock_saving {
	struct task task;
	struct broker *broker;
	struct loop *loop;
	struct arena arena;
	struct slice group, client_id;
	struct message_queue *queues;
	size_t n_queues;
	locks_saved_fn *done;
	void *context;
};

static void
on_saved(struct meta_job *job, struct loop *loop)
{
	struct lock_saving *saving = job->context;

	/* On a disk that takes no rows consumption goes on. */
	if (job->status == 0)
		queue_locks_saved(saving->broker->queue_locks, saving->group, saving->client_id,
		    saving->queues, saving->n_queues);
	meta_job_free(job);
	saving->done(saving->context, loop);
	arena_release(&saving->arena);
	free(saving);
}

/* On loop 0, where rows are in the order of changes. */
static void
run_save(struct task *task, void *loop)
{
	struct lock_saving *saving = container_of(task, struct lock_saving, task);
	struct broker *broker = saving->broker;
	struct meta_job *job = queue_locks_save(broker->queue_locks, clock_mono_ms());

	(void)loop;
	if (job == NULL) /* behind the one that has them */
		job = meta_job_new();
	job->reply_loop = saving->loop;
	job->done = on_saved;
	job->context = saving;
	store_meta(broker->store, job);
}

void
lock_queues_save(struct broker *broker, struct loop *loop, const struct lock_batch *batch,
    const struct locked_queues *locked, locks_saved_fn *done, void *context)
{
	struct lock_saving *saving = mem_zalloc(sizeof *saving);

	saving->broker = broker;
	saving->loop = loop;
	saving->group = arena_copy(&saving->arena, batch->group);
	saving->client_id = arena_copy(&saving->arena, batch->client_id);
	saving->n_queues = locked->n_held;
	saving->queues =
	    arena_zalloc(&saving->arena, (locked->n_held + 1) * sizeof *saving->queues);
	for (size_t i = 0; i < locked->n_held; i++) {
		saving->queues[i].topic = arena_copy(&saving->arena, locked->held[i].topic);
		saving->queues[i].id = locked->held[i].id;
	}
	saving->done = done;
	saving->context = context;
	saving->task.run = run_save;
	loop_post(broker_main_loop(broker), &saving->task);
}
