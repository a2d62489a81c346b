#include "config.h"

#include "broker/pull/parked.h"

#include <stddef.h>
#include <stdlib.h>

#include "common/base/container_of.h"
#include "common/base/mem.h"
#include "common/base/hash.h"

#define N_BUCKETS 1024 /* a power of two; long chains only slow down wake-ups of empty queues */

/* All that wait for one queue; exists while there is one. */
struct parked_queue {
	struct parked_queue *next; /* in the bucket */
	struct pull *first;
	uint64_t hash;
};

struct parked_pulls {
	struct loop *loop;
	struct parked_events events;
	void *arg;
	size_t n_pulls;
	struct parked_queue *buckets[N_BUCKETS];
};

static uint64_t
queue_hash(struct slice topic, int32_t queue_id)
{
	return (hash_of(topic) ^ (uint32_t)queue_id) * 0x9E3779B97F4A7C15u;
}

/* Where the chain says the queue's entry is or would be added. */
static struct parked_queue **
queue_slot(struct parked_pulls *parked, struct slice topic, int32_t queue_id, uint64_t hash)
{
	struct parked_queue **slot = &parked->buckets[(hash >> 32) & (N_BUCKETS - 1)];

	for (; *slot != NULL; slot = &(*slot)->next) {
		const struct pull_question *question = &(*slot)->first->question;

		if ((*slot)->hash == hash && question->queue_id == queue_id &&
		    slice_equal(question->topic, topic))
			break;
	}
	return slot;
}

static void
unlink_from_queue(struct parked_pulls *parked, struct pull *pull)
{
	const struct pull_question *question = &pull->question;
	struct parked_queue **slot = queue_slot(parked, question->topic, question->queue_id,
	    queue_hash(question->topic, question->queue_id));
	struct parked_queue *queue = *slot;
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
forget(struct parked_pulls *parked, struct pull *pull)
{
	loop_drop_timer(parked->loop, &pull->timer);
	parked->n_pulls--;
}

static void
on_due(struct timer *timer)
{
	struct pull *pull = container_of(timer, struct pull, timer);
	struct parked_pulls *parked = pull->parked;

	unlink_from_queue(parked, pull);
	forget(parked, pull);
	parked->events.on_timer(parked->arg, pull);
}

struct parked_pulls *
parked_pulls_new(struct loop *loop, const struct parked_events *events, void *arg)
{
	struct parked_pulls *parked = mem_zalloc(sizeof *parked);

	parked->loop = loop;
	parked->events = *events;
	parked->arg = arg;
	return parked;
}

void
parked_pulls_free(struct parked_pulls *parked)
{
	for (size_t i = 0; i < N_BUCKETS; i++) {
		while (parked->buckets[i] != NULL) {
			struct pull *pull = parked->buckets[i]->first;

			unlink_from_queue(parked, pull);
			forget(parked, pull);
			pull_free(pull);
		}
	}
	free(parked);
}

void
parked_pulls_add(struct parked_pulls *parked, struct pull *pull)
{
	const struct pull_question *question = &pull->question;
	uint64_t hash = queue_hash(question->topic, question->queue_id);
	struct parked_queue **slot = queue_slot(parked, question->topic, question->queue_id, hash);

	if (*slot == NULL) {
		*slot = mem_alloc(sizeof **slot);
		**slot = (struct parked_queue){ .hash = hash };
	}
	pull->next_in_queue = (*slot)->first;
	(*slot)->first = pull;
	parked->n_pulls++;
	pull->parked = parked;
	pull->timer.due = on_due;
	loop_set_timer(parked->loop, &pull->timer, pull->deadline_ms);
}

void
parked_pulls_wake(struct parked_pulls *parked, struct slice topic, int32_t queue_id)
{
	if (parked->n_pulls == 0)
		return;
	struct parked_queue **slot =
	    queue_slot(parked, topic, queue_id, queue_hash(topic, queue_id));
	struct parked_queue *queue = *slot;

	if (queue == NULL)
		return;
	struct pull *pull = queue->first;

	*slot = queue->next;
	free(queue);
	for (struct pull *next; pull != NULL; pull = next) {
		next = pull->next_in_queue;
		forget(parked, pull);
		parked->events.on_message(parked->arg, pull);
		arena_reset(&parked->loop->arena);
	}
}

size_t
parked_pulls_count(const struct parked_pulls *parked)
{
	return parked->n_pulls;
}
