#include "config.h"

#include "broker/pull/parked.h"

#include <stddef.h>
#include <stdlib.h>

#include "common/base/container_of.h"
#include "common/base/hash.h"
#include "common/base/mem.h"

#define N_BUCKETS 1024 /* a power of two; long chains only slow down wake-ups of empty queues */

/* The pulls that wait for one queue, oldest first; exists while there are some. */
TAILQ_HEAD(pull_list, pull);
struct parked_queue {
	LIST_ENTRY(parked_queue) in_bucket;
	struct pull_list pulls;
	uint64_t hash;
};
LIST_HEAD(parked_bucket, parked_queue);

struct parked_pulls {
	struct loop *loop;
	struct parked_events events;
	void *arg;
	size_t n_pulls;
	struct parked_bucket buckets[N_BUCKETS];
};

static uint64_t
queue_hash(struct slice topic, int32_t queue_id)
{
	return (hash_of(topic) ^ (uint32_t)queue_id) * 0x9E3779B97F4A7C15u;
}

static struct parked_bucket *
bucket_of(struct parked_pulls *parked, uint64_t hash)
{
	return &parked->buckets[(hash >> 32) & (N_BUCKETS - 1)];
}

/* NULL: no pull waits for it. */
static struct parked_queue *
find_queue(struct parked_pulls *parked, struct slice topic, int32_t queue_id, uint64_t hash)
{
	struct parked_queue *queue;

	LIST_FOREACH(queue, bucket_of(parked, hash), in_bucket) {
		const struct pull_question *question = &TAILQ_FIRST(&queue->pulls)->question;

		if (queue->hash == hash && question->queue_id == queue_id &&
		    slice_equal(question->topic, topic))
			break;
	}
	return queue;
}

static struct parked_queue *
add_queue(struct parked_pulls *parked, uint64_t hash)
{
	struct parked_queue *queue = mem_alloc(sizeof *queue);

	queue->hash = hash;
	TAILQ_INIT(&queue->pulls);
	LIST_INSERT_HEAD(bucket_of(parked, hash), queue, in_bucket);
	return queue;
}

static void
unlink_from_queue(struct pull *pull)
{
	struct parked_queue *queue = pull->queue;

	TAILQ_REMOVE(&queue->pulls, pull, in_queue);
	if (TAILQ_EMPTY(&queue->pulls)) {
		LIST_REMOVE(queue, in_bucket);
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

	unlink_from_queue(pull);
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
		while (!LIST_EMPTY(&parked->buckets[i])) {
			struct pull *pull = TAILQ_FIRST(&LIST_FIRST(&parked->buckets[i])->pulls);

			unlink_from_queue(pull);
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
	struct parked_queue *queue = find_queue(parked, question->topic, question->queue_id, hash);

	if (queue == NULL)
		queue = add_queue(parked, hash);
	TAILQ_INSERT_TAIL(&queue->pulls, pull, in_queue);
	pull->queue = queue;
	pull->parked = parked;
	parked->n_pulls++;
	pull->timer.due = on_due;
	loop_set_timer(parked->loop, &pull->timer, pull->deadline_ms);
}

void
parked_pulls_wake(struct parked_pulls *parked, struct slice topic, int32_t queue_id)
{
	if (parked->n_pulls == 0)
		return;
	struct parked_queue *queue =
	    find_queue(parked, topic, queue_id, queue_hash(topic, queue_id));

	if (queue == NULL)
		return;
	/* Those that are parked again meanwhile wait for the next wake-up. */
	struct pull_list woken = TAILQ_HEAD_INITIALIZER(woken);

	TAILQ_CONCAT(&woken, &queue->pulls, in_queue);
	LIST_REMOVE(queue, in_bucket);
	free(queue);
	while (!TAILQ_EMPTY(&woken)) {
		struct pull *pull = TAILQ_FIRST(&woken);

		TAILQ_REMOVE(&woken, pull, in_queue);
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
