#include "config.h"

#include "t/interleave/reader.h"

#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"

#define HOLD_MS 1000
#define RETRY_MS 50
#define AT_ONCE 256 /* messages of a pull */

static void pull_next(struct reader_queue *queue);

/* All but the place in the log, which retention may change when it carries a record forward. */
static uint64_t
hash_of(const struct record *record)
{
	uint64_t hash = slice_hash(record->body) * 31 + slice_hash(record->properties);

	hash = hash * 31 + (uint64_t)record->born_timestamp;
	hash = hash * 31 + (uint64_t)record->store_timestamp;
	hash = hash * 31 + (uint32_t)record->sys_flag;
	return hash * 31 + (uint32_t)record->flag;
}

static void
remember(struct reader_queue *queue, const struct record *record)
{
	if ((size_t)queue->next >= queue->cap) {
		queue->cap = queue->cap == 0 ? 256 : queue->cap * 2;
		queue->hashes = mem_realloc(queue->hashes, queue->cap * sizeof *queue->hashes);
	}
	queue->hashes[queue->next] = hash_of(record);
}

static void
take(struct reader_queue *queue, const struct pull_result *result)
{
	struct slice records = result->records;
	struct record record;

	while (pulled_next(&records, SLICE_NONE, &record)) {
		if (record.queue_offset != queue->next)
			queue->gaps++;
		remember(queue, &record);
		queue->next++;
		queue->reader->found(queue->reader->context, queue, &record);
	}
}

static void
on_pulled(void *arg, const struct twinmq_error *error, const struct pull_result *result)
{
	struct reader_queue *queue = arg;

	if (queue->reader->stopped)
		return;
	if (error == NULL && result->status == PULL_FOUND)
		take(queue, result);
	if (error == NULL && result->status == PULL_BAD_OFFSET && result->max_offset != queue->next)
		queue->gaps++;
	if (error == NULL && result->status != PULL_BAD_OFFSET)
		pull_next(queue);
	else
		loop_set_timer(
		    twinmq_loop(queue->reader->mq), &queue->retry, clock_mono_ms() + RETRY_MS);
}

static void
on_retry(struct timer *timer)
{
	pull_next(container_of(timer, struct reader_queue, retry));
}

static void
pull_next(struct reader_queue *queue)
{
	struct pull_spec pull = {
		.queue = queue->queue,
		.offset = queue->next,
		.max_messages = AT_ONCE,
		.hold_ms = HOLD_MS,
	};

	twinmq_pull_async(queue->reader->mq, &pull, on_pulled, queue);
}

int
reader_open(struct reader *reader, const char *name_server, struct loop *loop)
{
	struct twinmq_options options = {
		.name_servers = name_server, .loop = loop, .route_age_ms = 200
	};
	struct twinmq_error error;

	reader->mq = twinmq_open(&options, &error);
	return reader->mq == NULL ? -1 : 0;
}

void
reader_add(struct reader *reader, const struct message_queue *queue, bool is_parked)
{
	if (reader->n < READER_QUEUES_MAX)
		reader->queues[reader->n++] = (struct reader_queue){
			.reader = reader,
			.queue = *queue,
			.retry = { .due = on_retry },
			.is_parked = is_parked,
		};
}

void
reader_start(struct reader *reader)
{
	for (size_t i = 0; i < reader->n; i++)
		pull_next(&reader->queues[i]);
}

void
reader_close(struct reader *reader)
{
	reader->stopped = true;
	for (size_t i = 0; i < reader->n; i++)
		loop_drop_timer(twinmq_loop(reader->mq), &reader->queues[i].retry);
	if (reader->mq != NULL)
		twinmq_close(reader->mq);
	for (size_t i = 0; i < reader->n; i++)
		free(reader->queues[i].hashes);
}

/* Walks a queue from its first offset; each record is told with the offset where it has to be. */
static int
walk(struct reader *reader, const struct message_queue *queue,
    void (*each)(void *arg, int64_t offset, const struct record *record), void *arg, int64_t *end)
{
	struct pull_spec pull = { .queue = *queue, .max_messages = AT_ONCE };
	struct arena arena = { 0 };
	struct pull_result result;
	struct record record;
	int status = -1;

	if (twinmq_min_offset(reader->mq, queue, &pull.offset) == -1 ||
	    twinmq_max_offset(reader->mq, queue, end) == -1)
		return -1;
	while (pull.offset < *end) {
		arena_reset(&arena);
		if (twinmq_pull(reader->mq, &pull, &arena, &result) == -1 ||
		    result.status != PULL_FOUND)
			goto out;
		while (pulled_next(&result.records, SLICE_NONE, &record))
			each(arg, pull.offset++, &record);
	}
	status = 0;
out:
	arena_release(&arena);
	return status;
}

static void
compare(void *arg, int64_t offset, const struct record *record)
{
	struct reader_queue *queue = arg;

	if (record->queue_offset != offset)
		queue->gaps++;
	else if (offset >= queue->next || queue->hashes[offset] != hash_of(record))
		queue->changes++;
}

int
reader_again(struct reader *reader)
{
	for (size_t i = 0; i < reader->n; i++) {
		struct reader_queue *queue = &reader->queues[i];
		int64_t end;

		if (queue->next == 0 && queue->is_parked)
			continue; /* the topic may not be there */
		if (walk(reader, &queue->queue, compare, queue, &end) == -1)
			return -1;
		if (end != queue->next)
			queue->changes++;
	}
	return 0;
}

static void
count_gap(void *arg, int64_t offset, const struct record *record)
{
	unsigned *gaps = arg;

	*gaps += record->queue_offset != offset;
}

int
reader_count_gaps(struct reader *reader, const struct message_queue *queue, unsigned *gaps)
{
	int64_t end;

	*gaps = 0;
	return walk(reader, queue, count_gap, gaps, &end);
}
