#include "config.h"

#include "broker/store/writer/batch.h"

#include <stdlib.h>
#include <string.h>

#include "broker/store/append/append.h"
#include "broker/store/reader/read_job.h"
#include "broker/store/reader/reader.h"
#include "common/base/clock.h"
#include "common/base/mem.h"

/*
 * A batch is bounded so that its chunk is one malloc of a size that the heap
 * recycles, and so that the first of a burst is not delayed by the last.
 */
#define BATCH_BYTES (1 << 20)
#define BATCH_RECORDS 4096
#define WAITING_MAX 4096 /* entries for one pull: a pull that filters out more must retry */

/* ---- dequeuing ------------------------------------------------------- */

void
dequeue_append(struct task *task, void *arg)
{
	struct append *append = (struct append *)task;
	struct writer *writer = arg;
	struct write_blocks *blocks = &writer->base->write_blocks;

	if (write_block_watches_lease(blocks) ||
	    write_block_holds(blocks,
		append->frees ? WRITE_BLOCK_ANY & ~(unsigned)WRITE_BLOCK_LIMIT : WRITE_BLOCK_ANY)) {
		append_finish(writer->base, append,
		    write_block_holds(blocks, WRITE_BLOCK_BROKEN) ? APPEND_FAILED
								  : APPEND_DISK_FULL,
		    writer->replies);
		return;
	}
	task_chain_add(&writer->batch.appends, task);
	for (; append != NULL; append = append->companion) {
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

	task_chain_add(job->before_appends ? &writer->batch.needed : &writer->batch.metas, task);
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

void
dequeue_timed(struct task *task, void *arg)
{
	struct timed_job *job = (struct timed_job *)task;
	struct writer *writer = arg;

	timed_job_run(job, &writer->timed);
	task_chain_add(&writer->replies[job->reply_loop->index], task);
}

static bool
is_full(const struct batch *batch)
{
	return batch->barrier || batch->n_bytes >= BATCH_BYTES || batch->n_records >= BATCH_RECORDS;
}

void
batch_dequeue(struct writer *writer)
{
	struct mailbox *inbox = &writer->base->inboxes.writer;

	writer->batch = (struct batch){ 0 };
	while (!is_full(&writer->batch)) {
		struct task *task = writer->todo;

		if (task == NULL && !mailbox_is_empty(inbox))
			task = mailbox_take(inbox);
		if (task == NULL)
			return;
		writer->todo = task->next;
		task->run(task, writer);
	}
}

void
batch_fail(struct writer *writer)
{
	for (struct task *task = writer->batch.appends.first, *next; task != NULL; task = next) {
		next = task->next;
		append_finish(writer->base, (struct append *)task, APPEND_FAILED, writer->replies);
	}
	meta_finish(writer->batch.needed.first, -1, writer->replies);
	meta_finish(writer->batch.metas.first, -1, writer->replies);
}

/* ---- reads ----------------------------------------------------------- */

static void
reply_queue(struct writer *writer, struct read_work *work)
{
	int32_t number =
	    work->job.kind == READ_QUEUE ? work->job.in_queue.queue : work->job.by_time.queue;
	const struct queue *queue = queue_table_at(&writer->base->queues, number);

	if (queue == NULL)
		return;
	work->min_offset = queue->first;
	work->max_offset = queue->next;
	work->entries_offset = queue->n_pending != 0 ? queue->pending_offset : queue->next;
	if (work->job.kind == READ_QUEUE && work->job.in_queue.offset > work->entries_offset)
		work->entries_offset = work->job.in_queue.offset;
	work->entries = pending_copy(&writer->pending, queue, work->entries_offset,
	    work->job.kind == READ_QUEUE ? WAITING_MAX : SIZE_MAX, &work->n_entries);
}

static void
reply_stamps(struct writer *writer, struct read_work *work)
{
	for (size_t i = 0; i < work->job.stamps.n; i++) {
		struct stamp_query *query = &work->job.stamps.list[i];
		const struct queue *queue = queue_table_at(&writer->base->queues, query->queue);
		struct queue_entry *entries = NULL;
		size_t n = 0;

		if (queue != NULL)
			entries = pending_copy(&writer->pending, queue, query->offset, 1, &n);
		query->position = n != 0 ? entries[0].position : -1;
		free(entries);
	}
}

static void
reply_key(struct writer *writer, struct read_work *work)
{
	struct slice topic = slice_of(work->job.by_key.topic);
	uint64_t hash = key_hash(key_topic_hash(topic), slice_of(work->job.by_key.key));
	const struct pending *pending = &writer->pending;
	size_t number = 0;

	work->born = INT64_MAX;
	for (const struct queue *queue;
	     (queue = queue_table_each(&writer->base->queues, &number)) != NULL;)
		if (queue->born < work->born && slice_equal(queue->topic, topic))
			work->born = queue->born;
	for (size_t i = 0; i < pending->n_keys; i++) {
		if (pending->keys[i].hash != hash)
			continue;
		work->positions = mem_realloc(
		    work->positions, (work->n_positions + 1) * sizeof work->positions[0]);
		work->positions[work->n_positions++] = pending->keys[i].position;
	}
}

void
batch_pass_reads(struct writer *writer)
{
	static void (*const answers[])(struct writer *, struct read_work *) = {
		[READ_QUEUE] = reply_queue,
		[READ_TIME] = reply_queue,
		[READ_STAMPS] = reply_stamps,
		[READ_KEY] = reply_key,
	};
	struct task *task = writer->batch.reads.first;

	writer->batch.reads = (struct task_chain){ 0 };
	for (struct task *next; task != NULL; task = next) {
		struct read_work *work = read_work((struct read_job *)task);

		next = task->next;
		answers[work->job.kind](writer, work);
		work->asked_writer = true;
		readers_submit(writer->readers, &work->job);
	}
}

/* ---- placing --------------------------------------------------------- */

static struct queue *
queue_of(struct writer *writer, const struct append *append)
{
	const struct append_layout *layout = append_layout(append);
	struct queue_table *table = &writer->base->queues;
	struct queue *queue =
	    queue_table_find(table, layout->queue_hash, append->topic, layout->queue_id);

	if (queue == NULL) {
		queue = queue_table_add(table, append->topic, layout->queue_id, -1);
		queue->born = writer->position;
	}
	return queue;
}

/* Gives the append its place, and its records theirs in the chunk. False when it was cancelled. */
static bool
place(
    struct writer *writer, struct append *append, struct chunk *chunk, struct commit_notice *notice)
{
	struct queue *queue = queue_of(writer, append);
	int expected = APPEND_QUEUED;

	append->queue_offset = queue->next;
	append->position = chunk->position + (int64_t)chunk->len;
	append->store_timestamp = writer->timestamp;
	if (!atomic_compare_exchange_strong_explicit(&append->state, &expected, APPEND_TAKEN,
		memory_order_acq_rel, memory_order_acquire))
		return false;

	char *at = chunk->data + chunk->len;
	int64_t position = append->position;
	const struct append_item *items = append_layout(append)->items;
	memcpy(at, append->records, append->size);
	for (uint32_t i = 0; i < append->n_records; i++) {
		const struct append_item *item = &items[i];

		record_place(at, queue->next++, position, writer->timestamp);
		notice->entries[notice->n_entries++] = (struct commit_notice_entry){
			.position = position,
			.tag_hash = item->tag_hash,
			.size = item->size,
			.queue = queue->number,
		};
		at += item->size;
		position += item->size;
	}
	chunk->len += append->size;
	return true;
}

/* Whether its records are stored already, or will be with this batch. */
static enum append_status
check_dedup(struct writer *writer, struct append *append)
{
	enum append_status status = dedup_check(&writer->dedup, append, writer->timestamp);

	if (status == APPEND_DUPLICATE)
		atomic_fetch_add_explicit(
		    &writer->base->counters.n_duplicates, append->n_records, memory_order_relaxed);
	return status;
}

/* Places the append, its companion and their change of the half messages, or says why not. */
static enum append_status
place_whole(
    struct writer *writer, struct append *append, struct chunk *chunk, struct commit_notice *notice)
{
	if (!half_table_allows(&writer->halves, &append->half))
		return APPEND_NOT_OPEN;
	if (append->timed.op != TIMED_OP_NONE &&
	    !timed_table_allows(&writer->timed, &append->timed, writer->position))
		return append->timed.op == TIMED_STORE ||
		               (append->timed.op == TIMED_ADOPT && writer->timed.db == NULL)
		           ? APPEND_FAILED
		           : APPEND_NOT_OPEN;
	if (append->dedup != NULL) {
		enum append_status status = check_dedup(writer, append);

		if (status != APPEND_OK)
			return status;
	}
	if (!place(writer, append, chunk, notice))
		return APPEND_CANCELLED;
	if (append->dedup != NULL)
		dedup_add(&writer->dedup, append, writer->timestamp);
	if (append->companion != NULL)
		place(writer, append->companion, chunk, notice);
	if (append->half.op != HALF_OP_NONE)
		half_table_apply(
		    &writer->halves, &append->half, append->position, -1, clock_mono_ms());
	if (append->half.op == HALF_STORE)
		append->half.position = append->position;
	if (append->timed.op != TIMED_OP_NONE)
		timed_table_apply(
		    &writer->timed, &append->timed, append->position, writer->position);
	return APPEND_OK;
}

/* It is not stored. If what it repeats is in this batch, the reply waits for the commit; it may
 * also have to wait for the same slaves. */
static void
finish_unplaced(struct writer *writer, struct append *append, enum append_status status)
{
	if (status == APPEND_DUPLICATE && (append->position >= writer->position || writer->gate.on))
		task_chain_add(&writer->batch.duplicates, &append->task);
	else
		append_finish(writer->base, append, status, writer->replies);
}

void
batch_place(struct writer *writer, struct chunk *chunk, struct commit_notice *notice)
{
	struct task *task = writer->batch.appends.first;

	writer->batch.appends = (struct task_chain){ 0 };
	for (struct task *next; task != NULL; task = next) {
		struct append *append = (struct append *)task;
		enum append_status status = place_whole(writer, append, chunk, notice);

		next = task->next;
		if (status != APPEND_OK) {
			finish_unplaced(writer, append, status);
			continue;
		}
		task_chain_add(&writer->batch.appends, task);
		if (append->companion != NULL)
			task_chain_add(&writer->batch.appends, &append->companion->task);
	}
}

void
batch_take_back(struct writer *writer, const struct commit_notice *notice)
{
	for (size_t i = 0; i < notice->n_entries; i++)
		queue_table_at(&writer->base->queues, notice->entries[i].queue)->next--;
}
