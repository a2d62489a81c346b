#include "config.h"

#include "broker/pull/hold.h"

#include <stddef.h>
#include <stdlib.h>

#include "common/base/container_of.h"
#include "common/base/mem.h"

#define N_BUCKETS 1024 /* a power of two; long chains only slow down wake-ups of empty queues */

/* All that wait for one queue; exists while there is one. */
struct hold_queue {
	struct hold_queue *next; /* in the bucket */
	struct pull *first;
	uint64_t hash;
};

struct holds {
	struct loop *loop;
	struct hold_events events;
	void *arg;
	size_t n_pulls;
	struct hold_queue *buckets[N_BUCKETS];
};

static uint64_t
queue_hash(struct slice topic, int32_t queue_id)
{
	return (slice_bucket(topic) ^ (uint32_t)queue_id) * 0x9E3779B97F4A7C15u;
}

/* Where the chain says the queue's entry is or would be added. */
static struct hold_queue **
queue_slot(struct holds *holds, struct slice topic, int32_t queue_id, uint64_t hash)
{
	struct hold_queue **slot = &holds->buckets[(hash >> 32) & (N_BUCKETS - 1)];

	for (; *slot != NULL; slot = &(*slot)->next) {
		const struct pull_question *question = &(*slot)->first->question;

		if ((*slot)->hash == hash && question->queue_id == queue_id &&
		    slice_equal(question->topic, topic))
			break;
	}
	return slot;
}

static void
unlink_from_queue(struct holds *holds, struct pull *pull)
{
	const struct pull_question *question = &pull->question;
	struct hold_queue **slot = queue_slot(holds, question->topic, question->queue_id,
	    queue_hash(question->topic, question->queue_id));
	struct hold_queue *queue = *slot;
	struct pull **link = &queue->first;

	while (*link != pull)
		link = &(*link)->next_in_queue;
	*link = pull->next_in_queue;
	if (queue->first == NULL) {
		*slot = queue->next;
		free(queue);
	}
}

static void
forget(struct holds *holds, struct pull *pull)
{
	loop_drop_timer(holds->loop, &pull->timer);
	holds->n_pulls--;
}

static void
on_due(struct timer *timer)
{
	struct pull *pull = container_of(timer, struct pull, timer);
	struct holds *holds = pull->holds;

	unlink_from_queue(holds, pull);
	forget(holds, pull);
	holds->events.on_timer(holds->arg, pull);
}

struct holds *
holds_new(struct loop *loop, const struct hold_events *events, void *arg)
{
	struct holds *holds = mem_zalloc(sizeof *holds);

	holds->loop = loop;
	holds->events = *events;
	holds->arg = arg;
	return holds;
}

void
holds_free(struct holds *holds)
{
	for (size_t i = 0; i < N_BUCKETS; i++) {
		while (holds->buckets[i] != NULL) {
			struct pull *pull = holds->buckets[i]->first;

			unlink_from_queue(holds, pull);
			forget(holds, pull);
			pull_free(pull);
		}
	}
	free(holds);
}

void
holds_add(struct holds *holds, struct pull *pull)
{
	const struct pull_question *question = &pull->question;
	uint64_t hash = queue_hash(question->topic, question->queue_id);
	struct hold_queue **slot = queue_slot(holds, question->topic, question->queue_id, hash);

	if (*slot == NULL) {
		*slot = mem_alloc(sizeof **slot);
		**slot = (struct hold_queue){ .hash = hash };
	}
	pull->next_in_queue = (*slot)->first;
	(*slot)->first = pull;
	holds->n_pulls++;
	pull->holds = holds;
	pull->timer.due = on_due;
	loop_set_timer(holds->loop, &pull->timer, pull->deadline_ms);
}

void
holds_wake(struct holds *holds, struct slice topic, int32_t queue_id)
{
	if (holds->n_pulls == 0)
		return;
	struct hold_queue **slot = queue_slot(holds, topic, queue_id, queue_hash(topic, queue_id));
	struct hold_queue *queue = *slot;

	if (queue == NULL)
		return;
	struct pull *pull = queue->first;

	*slot = queue->next;
	free(queue);
	for (struct pull *next; pull != NULL; pull = next) {
		next = pull->next_in_queue;
		forget(holds, pull);
		holds->events.on_message(holds->arg, pull);
		arena_reset(&holds->loop->arena);
	}
}

size_t
holds_count(const struct holds *holds)
{
	return holds->n_pulls;
}
