#include "config.h"

#include "broker/hold.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/mem.h"

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
	struct event *timer;
	int64_t timer_ms; /* when it fires, 0: not armed */
	struct pull *soonest, *latest;
	size_t n_pulls;
	struct hold_queue *buckets[N_BUCKETS];
};

static uint64_t
queue_hash(struct slice topic, int32_t queue_id)
{
	return (slice_hash(topic) ^ (uint32_t)queue_id) * 0x9E3779B97F4A7C15u;
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
unlink_from_deadlines(struct holds *holds, struct pull *pull)
{
	*(pull->prev != NULL ? &pull->prev->next : &holds->soonest) = pull->next;
	*(pull->next != NULL ? &pull->next->prev : &holds->latest) = pull->prev;
	holds->n_pulls--;
}

/* Nearly all ask for the same time, so the place is nearly always the end. */
static void
link_by_deadline(struct holds *holds, struct pull *pull)
{
	struct pull *before = holds->latest;

	while (before != NULL && before->deadline_ms > pull->deadline_ms)
		before = before->prev;
	pull->prev = before;
	pull->next = before != NULL ? before->next : holds->soonest;
	*(pull->prev != NULL ? &pull->prev->next : &holds->soonest) = pull;
	*(pull->next != NULL ? &pull->next->prev : &holds->latest) = pull;
	holds->n_pulls++;
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
arm(struct holds *holds)
{
	if (holds->soonest == NULL || (holds->timer_ms != 0 &&
	    holds->timer_ms <= holds->soonest->deadline_ms))
		return;
	int64_t wait_ms = holds->soonest->deadline_ms - clock_mono_ms();

	if (wait_ms < 1)
		wait_ms = 1;
	struct timeval wait = { wait_ms / 1000, (wait_ms % 1000) * 1000 };

	holds->timer_ms = holds->soonest->deadline_ms;
	evtimer_add(holds->timer, &wait);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct holds *holds = arg;
	int64_t now = clock_mono_ms();

	(void)fd;
	(void)what;
	holds->timer_ms = 0;
	while (holds->soonest != NULL && holds->soonest->deadline_ms <= now) {
		struct pull *pull = holds->soonest;

		unlink_from_queue(holds, pull);
		unlink_from_deadlines(holds, pull);
		holds->events.on_deadline(holds->arg, pull);
		arena_reset(&holds->loop->arena);
	}
	arm(holds);
}

struct holds *
holds_new(struct loop *loop, const struct hold_events *events, void *arg)
{
	struct holds *holds = mem_zalloc(sizeof *holds);

	holds->loop = loop;
	holds->events = *events;
	holds->arg = arg;
	holds->timer = evtimer_new(loop->base, on_timer, holds);
	return holds;
}

void
holds_free(struct holds *holds)
{
	while (holds->soonest != NULL) {
		struct pull *pull = holds->soonest;

		unlink_from_queue(holds, pull);
		unlink_from_deadlines(holds, pull);
		pull_free(pull);
	}
	event_free(holds->timer);
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
	link_by_deadline(holds, pull);
	arm(holds);
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
		unlink_from_deadlines(holds, pull);
		holds->events.on_message(holds->arg, pull);
		arena_reset(&holds->loop->arena);
	}
}

size_t
holds_count(const struct holds *holds)
{
	return holds->n_pulls;
}
