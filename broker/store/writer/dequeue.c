#include "config.h"

#include "broker/store/writer/writer.h"

#include <stdlib.h>

#include "common/base/mem.h"

void
dequeue_append(struct task *task, void *arg)
{
	struct append *append = (struct append *)task;
	struct writer *writer = arg;
	unsigned write_blocks =
	    atomic_load_explicit(&writer->store->counters.write_blocks, memory_order_relaxed);

	if (write_blocks != 0) {
		append_finish(writer->store, append,
		    write_blocks & WRITE_BLOCK_BROKEN ? APPEND_FAILED : APPEND_DISK_FULL,
		    writer->replies);
		return;
	}
	task_chain_add(&writer->batch.appends, task);
	for (; append != NULL; append = append->also) {
		writer->batch.n_records += append->n_records;
		writer->batch.n_bytes += append->size;
	}
}

void
dequeue_read(struct task *task, void *writer)
{
	task_chain_add(&((struct writer *)writer)->batch.reads, task);
}

void
dequeue_meta(struct task *task, void *arg)
{
	struct meta_job *job = (struct meta_job *)task;
	struct writer *writer = arg;

	task_chain_add(&writer->batch.metas, task);
	/* Appends behind it belong to the topic's next life. */
	if (job->drop_topic != NULL)
		writer->batch.barrier = true;
}

void
dequeue_half(struct task *task, void *arg)
{
	struct half_job *job = (struct half_job *)task;
	struct writer *writer = arg;

	half_job_run(job, &writer->halves);
	if (job->done != NULL)
		task_chain_add(&writer->replies[job->reply_loop->index], task);
	else
		half_job_free(job);
}

#define WAITING_MAX 4096 /* entries for one pull: who filters more away comes again */

static void
reply_queue(struct writer *writer, struct read_job *job)
{
	const struct queue *queue = queue_table_at(&writer->store->queues, job->queue);

	if (queue == NULL)
		return;
	job->min_offset = queue->first;
	job->max_offset = queue->next;
	job->entries_offset = queue->n_pending != 0 ? queue->pending_offset : queue->next;
	if (job->kind == READ_QUEUE && job->offset > job->entries_offset)
		job->entries_offset = job->offset;
	job->entries = pending_copy(&writer->pending, queue, job->entries_offset,
	    job->kind == READ_QUEUE ? WAITING_MAX : SIZE_MAX, &job->n_entries);
}

static void
reply_stamps(struct writer *writer, struct read_job *job)
{
	for (size_t i = 0; i < job->n_stamps; i++) {
		struct stamp_query *query = &job->stamps[i];
		const struct queue *queue = queue_table_at(&writer->store->queues, query->queue);
		struct queue_entry *entries = NULL;
		size_t n = 0;

		if (queue != NULL)
			entries = pending_copy(&writer->pending, queue, query->offset, 1, &n);
		query->position = n != 0 ? entries[0].position : -1;
		free(entries);
	}
}

static void
reply_key(struct writer *writer, struct read_job *job)
{
	struct slice topic = slice_of(job->topic);
	uint64_t hash = key_hash(key_topic_hash(topic), slice_of(job->key));
	const struct pending *pending = &writer->pending;
	size_t number = 0;

	job->born = INT64_MAX;
	for (const struct queue *queue;
	     (queue = queue_table_each(&writer->store->queues, &number)) != NULL;)
		if (queue->born < job->born && slice_equal(queue->topic, topic))
			job->born = queue->born;
	for (size_t i = 0; i < pending->n_keys; i++) {
		if (pending->keys[i].hash != hash)
			continue;
		job->positions =
		    mem_realloc(job->positions, (job->n_positions + 1) * sizeof job->positions[0]);
		job->positions[job->n_positions++] = pending->keys[i].position;
	}
}

void
writer_pass_reads(struct writer *writer)
{
	static void (*const answers[])(struct writer *, struct read_job *) = {
		[READ_QUEUE] = reply_queue,
		[READ_TIME] = reply_queue,
		[READ_STAMPS] = reply_stamps,
		[READ_KEY] = reply_key,
	};
	struct task *task = writer->batch.reads.first;

	writer->batch.reads = (struct task_chain){ 0 };
	for (struct task *next; task != NULL; task = next) {
		struct read_job *job = (struct read_job *)task;

		next = task->next;
		answers[job->kind](writer, job);
		job->asked_writer = true;
		reader_submit(writer->store, job);
	}
}
