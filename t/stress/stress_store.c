#include "config.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "broker/store/store.h"
#include "broker/store/tail/tail.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "t/lib/store_rig.h"

/*
 * Several loops append, pull at the tail and cold, look keys up, drop topics
 * and let segments expire, all at once, over many small segments. Then all is
 * compared: offsets without gaps, each loop's tail like the other's.
 */

#define N_LOOPS 3
#define N_APPENDS 3000
#define WINDOW 32
#define N_QUEUES 4

struct worker {
	pthread_t thread;
	int n_sent, n_back, n_reads;
	unsigned random;
};

static struct store *store;
static struct worker workers[N_LOOPS];
static struct loop loops[N_LOOPS];
static struct tail *tails[N_LOOPS];
static _Atomic int n_bad;

static unsigned
next_random(struct worker *worker)
{
	worker->random = worker->random * 1103515245 + 12345;
	return worker->random >> 16;
}

static void
bad(const char *what)
{
	atomic_fetch_add(&n_bad, 1);
	log_error("bad what=%s", what);
}

static void submit(struct worker *worker);

static void
finish_one(struct worker *worker)
{
	if (worker->n_sent < N_APPENDS)
		submit(worker);
	else if (worker->n_back == worker->n_sent && worker->n_reads == 0)
		loop_stop(&loops[worker - workers]);
}

static void
on_read(struct read_job *job, struct loop *loop)
{
	struct worker *worker = loop->context;

	/* Retention and deletion may have been quicker: NOTHING is right then. */
	if (job->status == READ_CORRUPT || job->status == READ_FAILED)
		bad("read");
	worker->n_reads--;
	read_job_free(job);
	finish_one(worker);
}

static struct read_job *
make_job(struct worker *worker, const struct tail_queue *queue)
{
	struct pull_limits limits = { .max_messages = 32, .max_bytes = 100000 };

	switch (next_random(worker) % 4) {
	case 0:
		return read_queue_new(queue->number,
		    queue->min_offset +
			next_random(worker) % (queue->max_offset - queue->min_offset + 1),
		    &limits);
	case 1:
		return read_position_new((int64_t)next_random(worker) * 100);
	case 2:
		return read_key_new(SLICE("T"), SLICE("key-7"), 10);
	default:
		return read_time_new(queue->number, clock_wall_ms() - 50, false);
	}
}

static void
read_something(struct worker *worker)
{
	struct tail_queue *queue = tail_find(
	    tails[worker - workers], SLICE("T"), (int32_t)(next_random(worker) % N_QUEUES));

	if (queue == NULL)
		return;
	struct read_job *job = make_job(worker, queue);

	job->reply_loop = &loops[worker - workers];
	job->done = on_read;
	worker->n_reads++;
	store_read(store, job);
}

static void
read_tail(struct worker *worker, struct arena *arena)
{
	static const struct pull_limits limits = { .max_messages = 32, .max_bytes = 100000 };
	struct tail *tail = tails[worker - workers];
	struct tail_queue *queue =
	    tail_find(tail, SLICE("T"), (int32_t)(next_random(worker) % N_QUEUES));
	struct pull_parts result;
	struct record record;

	if (queue == NULL || queue->max_offset == queue->min_offset)
		return;
	int64_t offset = queue->max_offset - 1;
	if (tail_read(tail, queue, offset, &limits, arena, &result) != TAIL_FOUND)
		return;
	struct body_part *parts = result.parts;
	if (record_decode(parts[0].data, parts[0].len, &record) == -1 || !record_check(&record) ||
	    record.queue_offset != offset)
		bad("tail");
	for (size_t i = 0; i < result.n_parts; i++)
		parts[i].release(parts[i].owner);
}

static void
on_appended(struct append *append, struct loop *loop)
{
	struct worker *worker = loop->context;

	if (append->status != APPEND_OK && append->status != APPEND_CANCELLED)
		bad("append");
	append_free(append);
	worker->n_back++;
	if (worker->n_back % 8 == 0)
		read_something(worker);
	if (worker->n_back % 4 == 0)
		read_tail(worker, &loop->arena);
	if (worker->n_back % 500 == 0)
		store_expire(store, clock_wall_ms() - 100);
	finish_one(worker);
}

static void
submit(struct worker *worker)
{
	static const char body[500] = "body";
	bool other = next_random(worker) % 8 == 0;
	struct record record = {
		.queue_id = (int32_t)(next_random(worker) % N_QUEUES),
		.born_timestamp = clock_wall_ms(),
		.born_host = { .ip_len = 4 },
		.body = { body, 1 + next_random(worker) % sizeof body },
		.topic = other ? SLICE("other") : SLICE("T"),
		.properties = SLICE("KEYS\001key-7\002TAGS\001a\002"),
	};
	struct append *append = append_new(store, &record, 1);

	append->reply_loop = &loops[worker - workers];
	append->done = on_appended;
	worker->n_sent++;
	store_append(store, append);
	if (next_random(worker) % 64 == 0)
		append_cancel(append);
	if (worker->n_sent % 700 == 0) {
		struct meta_job *job = meta_job_new();

		job->drop_topic = mem_strdup("other");
		meta_job_put_offset(job, SLICE("G"), SLICE("T"), 0, worker->n_sent);
		store_meta(store, job);
	}
}

static void *
run(void *arg)
{
	struct worker *worker = arg;

	for (int i = 0; i < WINDOW; i++)
		submit(worker);
	loop_run(&loops[worker - workers]);
	return NULL;
}

static void
compare(struct tail *one, struct tail *other)
{
	size_t state = 0;

	for (struct tail_queue *queue; (queue = tail_each(one, &state)) != NULL;) {
		struct tail_queue *twin = tail_find(other, queue->topic, queue->queue_id);

		if (twin == NULL || twin->max_offset != queue->max_offset ||
		    twin->min_offset != queue->min_offset || twin->ring_len != queue->ring_len)
			bad("tails differ");
	}
}

int
main(void)
{
	struct rig rig;
	char *why;

	rig_init(&rig);
	rig.options.segment_bytes = 400000;
	rig.options.tail_bytes = 200000;
	rig.options.flush_interval_ms = 5;
	store = store_open(&rig.options, &why);
	for (int i = 0; i < N_LOOPS; i++) {
		loop_init(&loops[i], i);
		loops[i].context = &workers[i];
		workers[i].random = (unsigned)i;
		tails[i] = tail_new(store);
	}
	store_start(store, loops, tails, N_LOOPS);
	for (int i = 0; i < N_LOOPS; i++)
		pthread_create(&workers[i].thread, NULL, run, &workers[i]);
	for (int i = 0; i < N_LOOPS; i++)
		pthread_join(workers[i].thread, NULL);
	store_stop(store);
	for (int i = 0; i < N_LOOPS; i++)
		loop_drain(&loops[i]);
	for (int i = 1; i < N_LOOPS; i++)
		compare(tails[0], tails[i]);
	for (int i = 0; i < N_LOOPS; i++) {
		tail_free(tails[i]);
		loop_release(&loops[i]);
	}
	store_close(store);
	rig_open(&rig);
	size_t state = 0;
	for (struct tail_queue *queue; (queue = tail_each(rig.tail, &state)) != NULL;) {
		for (int64_t offset = queue->min_offset; offset < queue->max_offset;) {
			struct read_job *job = rig_pull(&rig, queue->number, offset, 1000);

			if (job->status != READ_FOUND ||
			    job->in_queue.next_offset != offset + job->n_records)
				bad("gap after restart");
			offset = job->in_queue.next_offset > offset ? job->in_queue.next_offset
			                                            : queue->max_offset;
			read_job_free(job);
		}
	}
	rig_release(&rig);
	printf("1..1\n%sok 1 - appends, pulls, look-ups, deletion and retention at once\n",
	    n_bad != 0 ? "not " : "");
	return n_bad != 0;
}
