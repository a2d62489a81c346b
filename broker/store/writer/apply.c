#include "config.h"

#include "broker/store/writer/apply.h"

#include <stdlib.h>

#include "broker/store/writer/commit.h"
#include "broker/store/writer/drop.h"
#include "broker/store/writer/flush.h"
#include "broker/store/writer/publish.h"
#include "broker/store/writer/roll.h"
#include "common/base/mem.h"
#include "common/base/wire.h"

/*
 * The chunk is checked as a whole before anything of it is stored. Then it is committed in
 * stretches, normally one: a blank, or a queue that begins anew, ends a stretch.
 */

struct apply {
	struct writer *writer;
	const struct apply_job *job;
	size_t at;        /* in the chunk: what was committed ends here */
	size_t tag;       /* the first tag behind it */
	size_t n_records; /* ... and so many records, blanks counted as such */
};

struct apply_job *
apply_job_new(struct chunk *chunk, struct ha_tag *tags, size_t n_tags)
{
	struct apply_job *job = mem_zalloc(sizeof *job);

	job->chunk = chunk;
	job->tags = tags;
	job->n_tags = n_tags;
	return job;
}

void
apply_job_free(struct apply_job *job)
{
	chunk_unref(job->chunk);
	free(job->tags);
	free(job);
}

void
dequeue_apply(struct task *task, void *arg)
{
	struct writer *writer = arg;

	writer->batch.apply = (struct apply_job *)task;
	writer->batch.barrier = true;
}

static void
run_done(struct task *task, void *loop)
{
	struct apply_job *job = (struct apply_job *)task;

	job->done(job, loop);
}

void
apply_finish(struct writer *writer, enum apply_status status)
{
	struct apply_job *job = writer->batch.apply;

	writer->batch.apply = NULL;
	job->status = status;
	job->end = writer->position;
	job->task.run = run_done;
	mailbox_post(&job->reply_loop->inbox, &job->task);
}

/* ---- checks ------------------------------------------------------------ */

/* The size of what stands at chunk->data[at]; 0: it is neither a whole record nor a blank. */
static size_t
check_one(const struct chunk *chunk, size_t at)
{
	const char *data = chunk->data + at;
	size_t left = chunk->len - at;
	uint32_t blank = record_blank(data, left);
	struct record record;

	if (blank != 0)
		return blank <= left ? blank : left == RECORD_BLANK_BYTES ? left : 0;
	if (record_decode(data, left, &record) == -1 || !record_check(&record) ||
	    record.position != chunk->position + (int64_t)at || record.topic.len == 0 ||
	    record.queue_id < 0 || record.queue_offset < 0 ||
	    record.queue_offset >= INT64_C(1) << QUEUE_OFFSET_BITS)
		return 0;
	return record.size;
}

static bool
is_whole(const struct apply_job *job, size_t *n_records)
{
	const struct chunk *chunk = job->chunk;
	size_t size;

	*n_records = 0;

	if (chunk->position < 0 || chunk->len == 0)
		return false;
	for (size_t at = 0; at < chunk->len; at += size, (*n_records)++)
		if ((size = check_one(chunk, at)) == 0)
			return false;
	for (size_t i = 1; i < job->n_tags; i++)
		if (job->tags[i].position <= job->tags[i - 1].position)
			return false;
	return true;
}

/* Nothing was ever stored: the log may begin anywhere. */
static bool
is_empty(const struct writer *writer)
{
	size_t number = 0;
	struct segment_array *segments = segments_ref(&writer->base->segments);
	bool one = segments->n == 1;

	segment_array_unref(segments);
	return one && writer->position == writer->out.segment->first &&
	       queue_table_each(&writer->base->queues, &number) == NULL;
}

/* ---- a stretch --------------------------------------------------------- */

static int64_t
tag_hash_of(struct apply *apply, const struct record *record, size_t *tag)
{
	const struct apply_job *job = apply->job;

	while (*tag < job->n_tags && job->tags[*tag].position < record->position)
		(*tag)++;
	return *tag < job->n_tags && job->tags[*tag].position == record->position
	           ? job->tags[*tag].hash
	           : tag_hash(property_find(record->properties, "TAGS"));
}

/* Its queue, where it has the next offset. NULL: the queue begins anew with it. */
static struct queue *
queue_of(struct writer *writer, const struct record *record, struct queue **old)
{
	struct queue_table *table = &writer->base->queues;
	struct queue *queue = queue_table_find(
	    table, queue_hash(record->topic, record->queue_id), record->topic, record->queue_id);

	*old = queue;
	if (queue == NULL) {
		queue = queue_table_add(table, record->topic, record->queue_id, -1);
		queue->born = record->position;
		queue->first = queue->next = queue->birth = record->queue_offset;
	}
	return queue->next == record->queue_offset ? queue : NULL;
}

/* Places records up to the end of the stretch, whose begin is apply->at. Returns its length. */
static size_t
place(struct apply *apply, struct commit_notice *notice, size_t *tag)
{
	struct writer *writer = apply->writer;
	const struct chunk *chunk = apply->job->chunk;
	int64_t rocketmq_end =
	    atomic_load_explicit(&writer->base->counters.rocketmq_end, memory_order_relaxed);
	struct record record;
	size_t at = apply->at;

	for (; at < chunk->len; at += record.size) {
		if (record_blank(chunk->data + at, chunk->len - at) != 0)
			break;
		record_decode(chunk->data + at, chunk->len - at, &record);
		struct queue *old, *queue = queue_of(writer, &record, &old);

		if (queue == NULL)
			break;
		queue->next++;
		notice->entries[notice->n_entries++] = (struct commit_notice_entry){
			.position = record.position,
			.tag_hash = tag_hash_of(apply, &record, tag),
			.size = record.size,
			.queue = queue->number,
		};
		if (record.store_timestamp > writer->timestamp)
			writer->timestamp = record.store_timestamp;
		if (record.position >= rocketmq_end) {
			half_table_follow(
			    &writer->halves, &record, writer->base->options.half_wait_ms);
			timed_table_follow(&writer->timed, &record, writer->position);
		}
	}
	while (*tag < apply->job->n_tags &&
	       apply->job->tags[*tag].position < chunk->position + (int64_t)at)
		(*tag)++;
	return at - apply->at;
}

/* What the commit of appends knows from the appends themselves. */
static void
note_records(struct writer *writer, const struct commit_notice *notice)
{
	const struct chunk *chunk = notice->chunk;

	for (size_t i = 0; i < notice->n_entries; i++) {
		const struct commit_notice_entry *entry = &notice->entries[i];
		struct record record;

		record_decode(
		    chunk->data + (entry->position - chunk->position), entry->size, &record);
		pending_add_keys(&writer->pending, &record);
		queue_table_at(&writer->base->queues, entry->queue)->last_timestamp =
		    record.store_timestamp;
	}
}

static enum apply_status
status_of(enum append_status status)
{
	return status == APPEND_DISK_FULL ? APPLY_DISK_FULL : APPLY_FAILED;
}

/* Commits what may be committed together. It may be nothing. */
static enum apply_status
commit_stretch(struct apply *apply)
{
	struct writer *writer = apply->writer;
	struct chunk *chunk = apply->job->chunk;
	struct commit_notice *notice = commit_notice_new(COMMIT_NOTICE_GROWTH, apply->n_records);
	enum append_status status = APPEND_OK;
	size_t tag = apply->tag;

	notice->n_entries = 0;
	notice->chunk = chunk_ref(chunk);
	size_t len = place(apply, notice, &tag);
	const struct placed placed = {
		.notice = notice,
		.records = { chunk->data + apply->at, len },
		.tags = tag > apply->tag ? &apply->job->tags[apply->tag] : NULL,
		.n_tags = tag - apply->tag,
	};

	notice->timestamp = writer->timestamp;
	if (len == 0 || commit_placed(writer, &placed, &status) == -1) {
		commit_notice_unref(notice);
		return len == 0 ? APPLY_OK : status_of(status);
	}
	size_t n_placed = notice->n_entries;

	note_records(writer, notice);
	writer_publish(writer, notice);
	apply->at += len;
	apply->tag = tag;
	apply->n_records -= n_placed;
	return APPLY_OK;
}

/* ---- what ends a stretch ----------------------------------------------- */

struct blank {
	struct writer *writer;
	const char *data;
};

static int
put_blank(void *arg)
{
	const struct blank *blank = arg;

	return segment_put_blank(&blank->writer->out, blank->writer->position, blank->data);
}

static enum apply_status
commit_blank(struct apply *apply, uint32_t size)
{
	struct writer *writer = apply->writer;
	const struct chunk *chunk = apply->job->chunk;
	struct blank blank = { writer, chunk->data + apply->at };
	int rc = segment_write(&writer->out, put_blank, &blank);

	if (rc != SQLITE_OK)
		return status_of(writer_failed(writer, rc));
	writer->position += size;
	atomic_store_explicit(
	    &writer->base->counters.max_position, writer->position, memory_order_release);
	apply->at += size < chunk->len - apply->at ? size : chunk->len - apply->at;
	return APPLY_OK;
}

/* The queue of the record at hand begins anew: its old records are no more. */
static enum apply_status
end_queue(struct apply *apply)
{
	struct writer *writer = apply->writer;
	const struct chunk *chunk = apply->job->chunk;
	struct record record;
	struct queue *old;

	record_decode(chunk->data + apply->at, chunk->len - apply->at, &record);
	if (queue_of(writer, &record, &old) != NULL || old == NULL)
		return APPLY_OK;
	int rc = drop_queue(writer, old);

	return rc == SQLITE_OK ? APPLY_OK : APPLY_FAILED;
}

static enum apply_status
apply_all(struct apply *apply)
{
	const struct chunk *chunk = apply->job->chunk;
	enum apply_status status = APPLY_OK;

	while (status == APPLY_OK && apply->at < chunk->len) {
		uint32_t blank = record_blank(chunk->data + apply->at, chunk->len - apply->at);

		roll(apply->writer);
		if (blank != 0)
			status = commit_blank(apply, blank);
		else
			status = end_queue(apply);
		if (status == APPLY_OK && blank == 0)
			status = commit_stretch(apply);
	}
	return status;
}

static enum apply_status
apply_job(struct writer *writer, const struct apply_job *job)
{
	const struct write_blocks *blocks = &writer->base->write_blocks;
	struct apply apply = { .writer = writer, .job = job };

	if (!is_whole(job, &apply.n_records))
		return APPLY_CORRUPT;
	bool begins = is_empty(writer) && job->chunk->position != writer->position;

	if (!begins && job->chunk->position != writer->position)
		return APPLY_MISPLACED;
	if (write_block_holds(blocks, WRITE_BLOCK_ANY))
		return write_block_holds(blocks, WRITE_BLOCK_BROKEN) ? APPLY_FAILED
		                                                     : APPLY_DISK_FULL;
	if (begins && roll_begin_at(writer, job->chunk->position) != SQLITE_OK)
		return APPLY_FAILED;
	return apply_all(&apply);
}

void
writer_apply(struct writer *writer)
{
	/* They were replied to. */
	writer->batch.appends = (struct task_chain){ 0 };
	enum apply_status status = apply_job(writer, writer->batch.apply);

	/* The tails first: who hears that it is there may look for it. */
	writer_post_replies(writer);
	apply_finish(writer, status);
}
