#include "config.h"

#include "broker/store/writer/roll.h"

#include "broker/store/closer/closer.h"
#include "broker/store/writer/flush.h"
#include "broker/store/writer/syncer.h"
#include "common/base/clock.h"

#define ROLL_RETRY_MS 1000

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
		rc =
		    segment_put_info(&writer->out, "next_number", writer->base->queues.next_number);
	if (rc == SQLITE_OK)
		rc = flush_put_levels(writer, true);
	for (struct queue *queue;
	     rc == SQLITE_OK &&
	     (queue = queue_table_each(&writer->base->queues, &number)) != NULL;) {
		/* One whose only records were in failed commits is not there yet. */
		queue->recorded = queue->announced;
		if (queue->recorded)
			rc = segment_put_bounds(&writer->out, queue, queue->next, queue->next);
	}
	return rc;
}

int
roll_open_segment(struct writer *writer)
{
	const struct log_dir *dir = &writer->base->dir;
	struct segment *segment = segment_new(dir, writer->position);
	struct segment_writer old = writer->out;
	int rc = closer_make_segment(writer->closer, segment);

	if (rc == SQLITE_OK)
		rc = segment_writer_open(&writer->out, dir, segment);
	if (rc == SQLITE_OK) {
		rc = segment_write_first(&writer->out, put_first, writer);
		if (rc != SQLITE_OK)
			segment_writer_close(&writer->out);
	}
	if (rc == SQLITE_OK) {
		writer->out.indexed = writer->out.keyed = writer->position;
		segments_add(&writer->base->segments, segment);
	} else {
		segment_unlink(dir, segment);
		writer->out = old;
	}
	segment_unref(segment);
	return rc;
}

int
roll_begin_at(struct writer *writer, int64_t position)
{
	struct store_base *base = writer->base;
	struct segment_writer old = writer->out;
	int64_t before = writer->position;

	writer->position = position;
	int rc = roll_open_segment(writer);
	if (rc != SQLITE_OK) {
		writer->position = before;
		writer_failed(writer, rc);
		return rc;
	}
	/* It has nothing to be synced. */
	atomic_store(&old.segment->sealed, true);
	atomic_store(&old.segment->gone, true);
	segments_set(&base->segments, segment_array_new(&writer->out.segment, 1));
	atomic_store(&base->counters.min_position, position);
	atomic_store(&base->counters.max_position, position);
	if (writer->syncer != NULL)
		syncer_leave(writer->syncer, old.segment, position);
	segment_unlink(&base->dir, old.segment);
	segment_writer_close(&old);
	return SQLITE_OK;
}

static bool
segment_is_full(const struct writer *writer)
{
	int64_t limit = writer->base->options.segment_bytes;
	const struct segment_writer *out = &writer->out;

	return writer->position - out->segment->first >= limit ||
	       (int64_t)out->wal_frames * out->page_bytes >= limit;
}

bool
roll_is_due(const struct writer *writer)
{
	return segment_is_full(writer) && writer->position != writer->out.segment->first &&
	       clock_mono_ms() >= writer->next_roll_ms;
}

void
roll(struct writer *writer)
{
	if (!roll_is_due(writer))
		return;
	int rc = writer_flush(writer, true);
	if (rc == SQLITE_OK) {
		struct segment_writer old = writer->out;

		atomic_store(&old.segment->last_timestamp, writer->timestamp);
		rc = roll_open_segment(writer);
		if (rc == SQLITE_OK) {
			if (writer->syncer != NULL)
				syncer_leave(writer->syncer, old.segment, writer->position);
			closer_seal(writer->closer, &old);
		}
	}
	if (rc != SQLITE_OK) {
		writer->next_roll_ms = clock_mono_ms() + ROLL_RETRY_MS;
		writer_failed(writer, rc);
	}
}
