#include "config.h"

#include "broker/store/writer/flush.h"

#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/log.h"

#define FLUSH_MS 30000   /* a quiet store is whole without its replay */
#define FLUSH_KEYS 16384 /* a run; waiting longer makes fewer runs to search */

int
flush_put_levels(struct writer *writer, bool all)
{
	const struct timed_table *table = &writer->timed;
	int rc = SQLITE_OK;

	for (int queue = 0; queue < STORE_KEPT_QUEUES && rc == SQLITE_OK; queue++) {
		char name[32];

		if (table->levels[queue] == -1 || !(all || table->levels_unsaved >> queue & 1))
			continue;
		snprintf(name, sizeof name, STORE_LEVEL_INFO, queue);
		rc = segment_put_info(&writer->out, name, table->levels[queue]);
	}
	return rc;
}

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
		rc = segment_put_info(out, "next_number", writer->base->queues.next_number);
	if (rc == SQLITE_OK)
		rc = segment_put_info(
		    out, "halves", half_rows_position(&writer->half_rows, writer->position));
	if (rc == SQLITE_OK && writer->timed.levels_unsaved != 0)
		rc = flush_put_levels(writer, false);
	return rc == SQLITE_OK ? segment_put_info(out, "indexed", writer->position) : rc;
}

static int
put_keys(struct writer *writer)
{
	int rc = segment_put_key_blocks(&writer->out, &writer->pending);

	return rc == SQLITE_OK ? segment_put_info(&writer->out, "keyed", writer->position) : rc;
}

int
flush_put(const struct flush *flush)
{
	struct writer *writer = flush->writer;
	int rc = SQLITE_OK;

	if (flush->queues)
		rc = put_queues(writer);
	if (rc == SQLITE_OK && flush->keys)
		rc = put_keys(writer);
	if (rc == SQLITE_OK && flush->closing)
		rc = segment_put_info(&writer->out, "last_timestamp", writer->timestamp);
	return rc;
}

void
flush_done(const struct flush *flush)
{
	struct writer *writer = flush->writer;

	if (flush->queues) {
		for (size_t i = 0; i < writer->pending.n_queues; i++)
			writer->pending.queues[i]->recorded = true;
		pending_clear_queues(&writer->pending);
		writer->out.indexed = writer->position;
		writer->timed.levels_unsaved = 0;
	}
	if (flush->keys) {
		pending_clear_keys(&writer->pending);
		writer->out.next_run++;
		writer->out.keyed = writer->position;
	}
}

bool
flush_is_due(const struct writer *writer)
{
	return pending_is_due(&writer->pending) || flush_in_ms(writer) == 0;
}

int
flush_in_ms(const struct writer *writer)
{
	int64_t wait = writer->pending_since_ms + FLUSH_MS - clock_mono_ms();

	if (writer->pending.n == 0)
		return -1;
	return wait > 0 ? (int)wait : 0;
}

struct flush
flush_with_batch(struct writer *writer)
{
	return (struct flush){
		.writer = writer,
		.queues = flush_is_due(writer),
		.keys = writer->pending.n_keys >= FLUSH_KEYS,
	};
}

static int
put_alone(void *flush)
{
	return flush_put(flush);
}

int
writer_flush(struct writer *writer, bool closing)
{
	struct flush flush = {
		.writer = writer,
		.queues = closing || writer->pending.n != 0,
		.keys = closing,
		.closing = closing,
	};
	int rc = segment_write(&writer->out, put_alone, &flush);

	if (rc == SQLITE_OK)
		flush_done(&flush);
	return rc;
}

int64_t
writer_synced(const struct writer *writer)
{
	return writer->base->options.flush == STORE_FLUSH_SYNC
	           ? writer->position
	           : atomic_load(&writer->base->counters.synced_position);
}

enum append_status
writer_failed(struct writer *writer, int rc)
{
	struct write_blocks *blocks = &writer->base->write_blocks;
	const char *why = sqlite3_errstr(rc);

	if (sql_is_sync_failure(rc)) {
		write_block_set(blocks, WRITE_BLOCK_BROKEN);
		log_error("store could not sync and takes nothing more until a restart; look at "
			  "the disk path=%s error=%s",
		    writer->out.segment->path, why);
		return APPEND_FAILED;
	}
	if (sql_is_full(rc)) {
		write_block_set(blocks, WRITE_BLOCK_FULL);
		log_error("store refuses messages, its disk is full; free some space path=%s",
		    writer->out.segment->path);
		return APPEND_DISK_FULL;
	}
	log_error("store could not commit path=%s error=%s", writer->out.segment->path, why);
	return APPEND_FAILED;
}
