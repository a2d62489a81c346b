#include "config.h"

#include "broker/store/writer/writer.h"

#include <string.h>

#include "broker/store/closer/closer.h"
#include "common/base/clock.h"
#include "common/base/log.h"

#define FLUSH_MS 30000   /* a quiet store is whole without its replay */
#define FLUSH_KEYS 16384 /* a run; waiting longer makes fewer runs to search */
#define ROLL_RETRY_MS 1000

/* What one transaction of the live segment writes. */
struct commit {
	struct writer *writer;
	bool queues, keys; /* flush these */
	bool closing;
	const struct chunk *chunk;
	const struct commit_notice *dropped;
};

static int
put_queues(struct writer *writer)
{
	struct segment_writer *out = &writer->out;
	int rc = segment_put_queue_blocks(out, &writer->pending);

	for (size_t i = 0; i < writer->pending.n_queues && rc == SQLITE_OK; i++) {
		const struct queue *queue = writer->pending.queues[i];

		if (!queue->recorded)
			rc = segment_put_bounds(
			    out, queue, queue->pending_offset, queue->pending_offset);
	}
	if (rc == SQLITE_OK)
		rc = segment_put_info(out, "next_number", writer->store->queues.next_number);
	if (rc == SQLITE_OK)
		rc = segment_put_info(
		    out, "halves", half_rows_position(&writer->half_rows, writer->position));
	return rc == SQLITE_OK ? segment_put_info(out, "indexed", writer->position) : rc;
}

static int
put_keys(struct writer *writer)
{
	int rc = segment_put_key_blocks(&writer->out, &writer->pending);

	return rc == SQLITE_OK ? segment_put_info(&writer->out, "keyed", writer->position) : rc;
}

/* A replay would not find these in the records. */
static int
put_tags(struct writer *writer)
{
	int rc = SQLITE_OK;

	for (struct task *task = writer->batch.appends.first; task != NULL; task = task->next) {
		const struct append *append = (struct append *)task;
		int64_t position = append->position;

		for (uint32_t i = 0; append->own_tag_hash && i < append->n_records; i++) {
			if (rc == SQLITE_OK)
				rc = segment_put_tag(
				    &writer->out, position, append->items[i].tag_hash);
			position += append->items[i].size;
		}
	}
	return rc;
}

static int
put_commit(void *arg)
{
	const struct commit *commit = arg;
	struct writer *writer = commit->writer;
	int rc = SQLITE_OK;

	if (commit->queues)
		rc = put_queues(writer);
	if (rc == SQLITE_OK && commit->keys)
		rc = put_keys(writer);
	if (rc == SQLITE_OK && commit->closing)
		rc = segment_put_info(&writer->out, "last_timestamp", writer->timestamp);
	if (rc == SQLITE_OK && commit->chunk != NULL)
		rc = segment_put_records(
		    &writer->out, commit->chunk->position, commit->chunk->data, commit->chunk->len);
	if (rc == SQLITE_OK && commit->chunk != NULL)
		rc = put_tags(writer);
	return rc;
}

static void
note_flushed(const struct commit *commit)
{
	struct writer *writer = commit->writer;

	if (commit->queues) {
		for (size_t i = 0; i < writer->pending.n_queues; i++)
			writer->pending.queues[i]->recorded = true;
		pending_clear_queues(&writer->pending);
		writer->out.indexed = writer->position;
	}
	if (commit->keys) {
		pending_clear_keys(&writer->pending);
		writer->out.next_run++;
		writer->out.keyed = writer->position;
	}
}

bool
writer_flush_is_due(const struct writer *writer)
{
	return pending_is_due(&writer->pending) || writer_flush_in_ms(writer) == 0;
}

int
writer_flush_in_ms(const struct writer *writer)
{
	int64_t wait = writer->pending_since_ms + FLUSH_MS - clock_mono_ms();

	if (writer->pending.n == 0)
		return -1;
	return wait > 0 ? (int)wait : 0;
}

int
writer_flush(struct writer *writer, bool closing)
{
	struct commit commit = {
		.writer = writer,
		.queues = closing || writer->pending.n != 0,
		.keys = closing,
		.closing = closing,
	};
	int rc = segment_write(&writer->out, put_commit, &commit);

	if (rc == SQLITE_OK)
		note_flushed(&commit);
	return rc;
}

enum append_status
writer_failed(struct writer *writer, int rc)
{
	struct store *store = writer->store;
	const char *why = sqlite3_errstr(rc);

	if (sql_is_sync_failure(rc)) {
		write_block_set(store, WRITE_BLOCK_BROKEN);
		log_error("store could not sync and takes nothing more until a restart; look at "
			  "the disk path=%s error=%s",
		    writer->out.segment->path, why);
		return APPEND_FAILED;
	}
	if (sql_is_full(rc)) {
		write_block_set(store, WRITE_BLOCK_FULL);
		log_error("store refuses messages, its disk is full; free some space path=%s",
		    writer->out.segment->path);
		return APPEND_DISK_FULL;
	}
	log_error("store could not commit path=%s error=%s", writer->out.segment->path, why);
	return APPEND_FAILED;
}

/* The bounds of all queues, as the segment finds them. */
static int
put_first(void *arg)
{
	struct writer *writer = arg;
	size_t number = 0;
	int rc = segment_put_info(&writer->out, "first", writer->position);

	if (rc == SQLITE_OK)
		rc = segment_put_info(&writer->out, "indexed", writer->position);
	if (rc == SQLITE_OK)
		rc = segment_put_info(&writer->out, "keyed", writer->position);
	if (rc == SQLITE_OK)
		rc = segment_put_info(&writer->out, "halves",
		    half_rows_position(&writer->half_rows, writer->position));
	if (rc == SQLITE_OK)
		rc = segment_put_info(
		    &writer->out, "next_number", writer->store->queues.next_number);
	for (struct queue *queue;
	     rc == SQLITE_OK &&
	     (queue = queue_table_each(&writer->store->queues, &number)) != NULL;) {
		/* One whose only records were in failed commits is not there yet. */
		queue->recorded = queue->announced;
		if (queue->recorded)
			rc = segment_put_bounds(&writer->out, queue, queue->next, queue->next);
	}
	return rc;
}

int
writer_open_segment(struct writer *writer)
{
	struct store *store = writer->store;
	struct segment *segment = segment_new(store, writer->position);
	struct segment_writer old = writer->out;
	int rc = closer_make_segment(store->closer, segment);

	if (rc == SQLITE_OK)
		rc = segment_writer_open(&writer->out, store, segment);
	if (rc == SQLITE_OK) {
		rc = segment_write_first(&writer->out, put_first, writer);
		if (rc != SQLITE_OK)
			segment_writer_close(&writer->out);
	}
	if (rc == SQLITE_OK) {
		writer->out.indexed = writer->out.keyed = writer->position;
		store_add_segment(store, segment);
	} else {
		segment_unlink(store, segment);
		writer->out = old;
	}
	segment_unref(segment);
	return rc;
}

static bool
segment_is_full(const struct writer *writer)
{
	int64_t limit = writer->store->options.segment_bytes;
	const struct segment_writer *out = &writer->out;

	return writer->position - out->segment->first >= limit ||
	       (int64_t)out->wal_frames * out->page_bytes >= limit;
}

bool
writer_rolls_next(const struct writer *writer)
{
	return segment_is_full(writer) && writer->position != writer->out.segment->first &&
	       clock_mono_ms() >= writer->next_roll_ms;
}

/* The next segment, if it is time. When that fails the old one goes on growing. */
static void
roll(struct writer *writer)
{
	struct store *store = writer->store;

	if (!writer_rolls_next(writer))
		return;
	int rc = writer_flush(writer, true);
	if (rc == SQLITE_OK) {
		struct segment_writer old = writer->out;

		atomic_store(&old.segment->last_timestamp, writer->timestamp);
		rc = writer_open_segment(writer);
		if (rc == SQLITE_OK) {
			if (store->syncer != NULL)
				syncer_leave(store->syncer, old.segment, writer->position);
			closer_seal(store->closer, &old);
		}
	}
	if (rc != SQLITE_OK) {
		writer->next_roll_ms = clock_mono_ms() + ROLL_RETRY_MS;
		writer_failed(writer, rc);
	}
}

static struct queue *
queue_of(struct writer *writer, const struct append *append)
{
	struct queue_table *table = &writer->store->queues;
	struct queue *queue =
	    queue_table_find(table, append->queue_hash, append->topic, append->queue_id);

	if (queue == NULL) {
		queue = queue_table_add(table, append->topic, append->queue_id, -1);
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
	memcpy(at, append->records, append->size);
	for (uint32_t i = 0; i < append->n_records; i++) {
		const struct append_item *item = &append->items[i];

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

/* Places it, what goes with it, and what both do to the half messages. Else why not. */
static enum append_status
place_whole(
    struct writer *writer, struct append *append, struct chunk *chunk, struct commit_notice *notice)
{
	if (!half_table_allows(&writer->halves, &append->half))
		return APPEND_NOT_OPEN;
	if (!place(writer, append, chunk, notice))
		return APPEND_CANCELLED;
	if (append->also != NULL)
		place(writer, append->also, chunk, notice);
	if (append->half.act != HALF_ACT_NONE)
		half_table_apply(
		    &writer->halves, &append->half, append->position, -1, clock_mono_ms());
	if (append->half.act == HALF_STORE)
		append->half.position = append->position;
	return APPEND_OK;
}

/* Places all appends of the batch; those that are not to be stored are replied to and leave the
 * chain. */
static void
place_all(struct writer *writer, struct chunk *chunk, struct commit_notice *notice)
{
	struct task *task = writer->batch.appends.first;

	writer->batch.appends = (struct task_chain){ 0 };
	for (struct task *next; task != NULL; task = next) {
		struct append *append = (struct append *)task;
		enum append_status status = place_whole(writer, append, chunk, notice);

		next = task->next;
		if (status != APPEND_OK) {
			append_finish(writer->store, append, status, writer->replies);
			continue;
		}
		task_chain_add(&writer->batch.appends, task);
		if (append->also != NULL)
			task_chain_add(&writer->batch.appends, &append->also->task);
	}
}

static void
take_back(struct writer *writer, const struct commit_notice *notice)
{
	for (size_t i = 0; i < notice->n_entries; i++)
		queue_table_at(&writer->store->queues, notice->entries[i].queue)->next--;
}

/* What was committed becomes pending index entries, and known to the notice. */
static void
note_committed(struct writer *writer, struct commit_notice *notice)
{
	struct pending *pending = &writer->pending;

	if (pending->n == 0)
		writer->pending_since_ms = clock_mono_ms();
	for (size_t i = 0; i < notice->n_entries; i++) {
		const struct commit_notice_entry *it = &notice->entries[i];
		struct queue *queue = queue_table_at(&writer->store->queues, it->queue);
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
	const uint64_t *key = append->keys;
	int64_t position = append->position;

	for (uint32_t i = 0; i < append->n_records; i++) {
		for (uint32_t k = 0; k < append->items[i].n_keys; k++)
			pending_add_key(&writer->pending, *key++, position);
		position += append->items[i].size;
	}
}

static void
count_commit(struct writer *writer, const struct commit_notice *notice, int64_t started_us)
{
	struct store_counters *counters = &writer->store->counters;
	int64_t took_us = clock_mono_us() - started_us;

	atomic_fetch_add_explicit(&counters->n_commits, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(
	    &counters->n_messages, (int64_t)notice->n_entries, memory_order_relaxed);
	atomic_fetch_add_explicit(
	    &counters->n_bytes, (int64_t)notice->chunk->len, memory_order_relaxed);
	if (took_us > atomic_load_explicit(&counters->commit_max_us, memory_order_relaxed))
		atomic_store_explicit(&counters->commit_max_us, took_us, memory_order_relaxed);
	atomic_store_explicit(&counters->max_position, writer->position, memory_order_release);
	if (atomic_load_explicit(&counters->earliest_ms, memory_order_relaxed) == -1)
		atomic_store_explicit(
		    &counters->earliest_ms, writer->timestamp, memory_order_relaxed);
}

/* The batch's transaction. On failure *status is what its appends are told. */
static int
commit_placed(struct writer *writer, struct commit_notice *notice, enum append_status *status)
{
	struct commit commit = {
		.writer = writer,
		.queues = writer_flush_is_due(writer),
		.keys = writer->pending.n_keys >= FLUSH_KEYS,
		.chunk = notice->chunk,
	};
	int64_t started_us = clock_mono_us();
	int rc = segment_write(&writer->out, put_commit, &commit);

	if (rc != SQLITE_OK) {
		take_back(writer, notice);
		half_table_undo(&writer->halves);
		*status = writer_failed(writer, rc);
		return -1;
	}
	half_table_settle(&writer->halves, writer->position);
	note_flushed(&commit);
	writer->position += (int64_t)notice->chunk->len;
	note_committed(writer, notice);
	count_commit(writer, notice, started_us);
	*status = APPEND_OK;
	return 0;
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
	place_all(writer, chunk, notice);
	bool grew = notice->n_entries != 0 && commit_placed(writer, notice, &status) == 0;
	for (struct task *task = writer->batch.appends.first; grew && task != NULL;
	     task = task->next)
		note_keys(writer, (struct append *)task);
	/* The tails first: a producer that has its answer may ask for its message. */
	if (grew)
		writer_publish(writer, notice);
	else
		commit_notice_unref(notice);
	for (struct task *task = writer->batch.appends.first, *next; task != NULL; task = next) {
		next = task->next;
		append_finish(writer->store, (struct append *)task, status, writer->replies);
	}
}

static int
put_drops(void *arg)
{
	struct commit *commit = arg;
	struct writer *writer = commit->writer;
	int rc = put_commit(commit);

	for (size_t i = 0; i < commit->dropped->n_queues && rc == SQLITE_OK; i++)
		rc = segment_put_drop(&writer->out, commit->dropped->queues[i].number);
	return rc;
}

int
writer_drop_topic(struct writer *writer, struct slice topic)
{
	struct queue_table *queues = &writer->store->queues;
	struct commit_notice *notice = commit_notice_new(COMMIT_NOTICE_DROP, 0);
	struct commit commit = { .writer = writer, .queues = true, .dropped = notice };
	size_t number = 0;

	for (const struct queue *queue; (queue = queue_table_each(queues, &number)) != NULL;)
		if (slice_equal(queue->topic, topic))
			commit_notice_add_queue(
			    notice, &(struct commit_notice_queue){ .number = queue->number });
	int rc = segment_write(&writer->out, put_drops, &commit);

	if (rc != SQLITE_OK) {
		writer_failed(writer, rc);
		commit_notice_unref(notice);
		return rc;
	}
	note_flushed(&commit);
	for (size_t i = 0; i < notice->n_queues; i++)
		queue_table_remove(queues, queue_table_at(queues, notice->queues[i].number));
	writer_publish(writer, notice);
	return SQLITE_OK;
}
