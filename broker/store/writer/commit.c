#include "config.h"

#include "broker/store/writer/commit.h"

#include <string.h>

#include "broker/store/append/append.h"
#include "broker/store/writer/batch.h"
#include "broker/store/writer/flush.h"
#include "broker/store/writer/listen.h"
#include "broker/store/writer/publish.h"
#include "broker/store/writer/roll.h"
#include "broker/store/sqlite/wal.h"
#include "common/base/clock.h"
#include "common/base/wire.h"

/* One transaction of the live segment. */
struct commit {
	struct writer *writer;
	struct flush flush;
	const struct placed *placed;
};

/* A replay would not find these in the records. */
static int
put_tags(struct writer *writer)
{
	int rc = SQLITE_OK;

	for (struct task *task = writer->batch.appends.first; task != NULL; task = task->next) {
		const struct append *append = (struct append *)task;
		const struct append_layout *layout = append_layout(append);
		int64_t position = append->position;

		for (uint32_t i = 0; layout->own_tag_hash && i < append->n_records; i++) {
			if (rc == SQLITE_OK)
				rc = segment_put_tag(
				    &writer->out, position, layout->items[i].tag_hash);
			position += layout->items[i].size;
		}
	}
	return rc;
}

static int
put_commit(void *arg)
{
	const struct commit *commit = arg;
	struct writer *writer = commit->writer;
	const struct placed *placed = commit->placed;
	int rc = flush_put(&commit->flush);

	if (rc == SQLITE_OK)
		rc = segment_put_records(
		    &writer->out, writer->position, placed->records.data, placed->records.len);
	for (size_t i = 0; i < placed->n_tags && rc == SQLITE_OK; i++)
		rc = segment_put_tag(&writer->out, placed->tags[i].position, placed->tags[i].hash);
	return rc == SQLITE_OK ? put_tags(writer) : rc;
}

/* Committed records become pending index entries; new queues go into the notice. */
static void
note_committed(struct writer *writer, struct commit_notice *notice)
{
	struct pending *pending = &writer->pending;

	if (pending->n == 0)
		writer->pending_since_ms = clock_mono_ms();
	for (size_t i = 0; i < notice->n_entries; i++) {
		const struct commit_notice_entry *it = &notice->entries[i];
		struct queue *queue = queue_table_at(&writer->base->queues, it->queue);
		const char *record = notice->chunk->data + (it->position - notice->chunk->position);
		int64_t offset = (int64_t)be64_get(record + RECORD_AT_QUEUE_OFFSET);

		pending_add(pending, queue, offset,
		    (struct queue_entry){ it->position, it->tag_hash, it->size });
		queue->last_timestamp = writer->timestamp;
		if (queue->announced)
			continue;
		queue->announced = true;
		commit_notice_add_queue(notice, &(struct commit_notice_queue){ queue->number,
						    queue->queue_id, queue->topic, queue->first });
	}
}

static void
note_keys(struct writer *writer, const struct append *append)
{
	const struct append_layout *layout = append_layout(append);
	const uint64_t *key = layout->keys;
	int64_t position = append->position;

	for (uint32_t i = 0; i < append->n_records; i++) {
		for (uint32_t k = 0; k < layout->items[i].n_keys; k++)
			pending_add_key(&writer->pending, *key++, position);
		position += layout->items[i].size;
	}
}

static void
count_commit(struct writer *writer, const struct placed *placed, int64_t started_us)
{
	struct store_counters *counters = &writer->base->counters;
	int64_t took_us = clock_mono_us() - started_us;

	atomic_fetch_add_explicit(&counters->n_commits, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(
	    &counters->n_messages, (int64_t)placed->notice->n_entries, memory_order_relaxed);
	atomic_fetch_add_explicit(
	    &counters->n_bytes, (int64_t)placed->records.len, memory_order_relaxed);
	if (took_us > atomic_load_explicit(&counters->commit_max_us, memory_order_relaxed))
		atomic_store_explicit(&counters->commit_max_us, took_us, memory_order_relaxed);
	atomic_store_explicit(&counters->wal_bytes,
	    wal_bytes(writer->out.page_bytes, writer->out.wal_frames), memory_order_relaxed);
	atomic_store_explicit(&counters->max_position, writer->position, memory_order_release);
	if (atomic_load_explicit(&counters->earliest_ms, memory_order_relaxed) == -1)
		atomic_store_explicit(
		    &counters->earliest_ms, writer->timestamp, memory_order_relaxed);
}

/* A segment may go when the messages of levels in it are delivered. */
static void
settle_timed(struct writer *writer)
{
	struct timed_table *table = &writer->timed;

	if (!table->changed)
		return;
	for (int queue = 0; queue < STORE_KEPT_QUEUES; queue++)
		if (table->levels_changed >> queue & 1)
			atomic_store(&writer->base->kept_from[queue], table->levels[queue] + 1);
	timed_table_settle(table, writer->position);
}

static void
settle_dedup(struct writer *writer)
{
	if (writer->dedup.n_added == 0)
		return;
	dedup_settle(&writer->dedup);
	atomic_store_explicit(
	    &writer->base->counters.n_dedup_keys, writer->dedup.n, memory_order_relaxed);
}

int
commit_placed(struct writer *writer, const struct placed *placed, enum append_status *status)
{
	struct commit commit = {
		.writer = writer,
		.flush = flush_with_batch(writer),
		.placed = placed,
	};
	int64_t started_us = clock_mono_us();
	int rc = segment_write(&writer->out, put_commit, &commit);

	if (rc != SQLITE_OK) {
		batch_take_back(writer, placed->notice);
		half_table_undo(&writer->halves);
		timed_table_undo(&writer->timed);
		dedup_undo(&writer->dedup);
		*status = writer_failed(writer, rc);
		return -1;
	}
	half_table_settle(&writer->halves, writer->position);
	settle_timed(writer);
	settle_dedup(writer);
	flush_done(&commit.flush);
	writer->position += (int64_t)placed->records.len;
	note_committed(writer, placed->notice);
	count_commit(writer, placed, started_us);
	*status = APPEND_OK;
	return 0;
}

/* The reply to what is stored waits for slaves, unless it need not, or there are too few. */
static void
finish_copied(struct writer *writer, struct append *append, enum append_status status)
{
	if (append->reply_loop != NULL && !append->copy_unasked) {
		if (copy_gate_holds(&writer->gate)) {
			append_ready(append, status);
			writer->held_bytes += append_queued_bytes(append);
			task_chain_add(&writer->held[append->reply_loop->index], &append->task);
			return;
		}
		append->copy = COPY_NO_SLAVE;
	}
	append_finish(writer->base, append, status, writer->replies);
}

static inline void
finish(struct writer *writer, struct append *append, enum append_status status)
{
	if (writer->gate.on && (status == APPEND_OK || status == APPEND_DUPLICATE))
		finish_copied(writer, append, status);
	else
		append_finish(writer->base, append, status, writer->replies);
}

static void
hold_batch(struct writer *writer)
{
	if (writer->held_bytes == 0)
		return;
	copy_gate_hold_appends(&writer->gate, writer->held, writer->position, writer->held_bytes);
	memset(writer->held, 0, (size_t)writer->base->n_loops * sizeof writer->held[0]);
	writer->held_bytes = 0;
}

/* A duplicate of what this batch failed to store is not stored either. */
static void
finish_batch(struct writer *writer, enum append_status status)
{
	for (struct task *task = writer->batch.appends.first, *next; task != NULL; task = next) {
		next = task->next;
		finish(writer, (struct append *)task, status);
	}
	for (struct task *task = writer->batch.duplicates.first, *next; task != NULL; task = next) {
		struct append *append = (struct append *)task;

		next = task->next;
		finish(writer, append,
		    append->position < writer->position ? APPEND_DUPLICATE : status);
	}
	hold_batch(writer);
}

void
writer_commit(struct writer *writer)
{
	enum append_status status = APPEND_FAILED;
	int64_t now = clock_wall_ms();

	roll(writer);
	if (now > writer->timestamp)
		writer->timestamp = now;
	struct commit_notice *notice =
	    commit_notice_new(COMMIT_NOTICE_GROWTH, writer->batch.n_records);
	struct chunk *chunk = chunk_new(writer->position, writer->batch.n_bytes);

	notice->n_entries = 0;
	notice->timestamp = writer->timestamp;
	notice->chunk = chunk;
	chunk->len = 0;
	batch_place(writer, chunk, notice);
	const struct placed placed = { notice, { chunk->data, chunk->len }, NULL, 0 };
	bool grew = notice->n_entries != 0 && commit_placed(writer, &placed, &status) == 0;
	for (struct task *task = writer->batch.appends.first; grew && task != NULL;
	     task = task->next)
		note_keys(writer, (struct append *)task);
	if (grew && listen_is_wanted(writer))
		listen_tell_growth(writer, chunk);
	/* The tails first: a producer that has its answer may ask for its message. */
	if (grew)
		writer_publish(writer, notice);
	else
		commit_notice_unref(notice);
	/* A process that was frozen meanwhile does not say that it stored something. */
	if (status == APPEND_OK && write_block_watches_lease(&writer->base->write_blocks))
		status = APPEND_DISK_FULL;
	finish_batch(writer, status);
}
