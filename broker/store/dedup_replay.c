#include "config.h"

#include "broker/store/dedup_replay.h"

#include <inttypes.h>
#include <string.h>

#include "broker/store/append/append.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/wire.h"

/* The records that a window reaches stand at the end of the log, so it is read from there. */
struct dedup_reading {
	struct writer *writer;
	const struct dedup_topics *topics;
	int64_t now_ms;
	int64_t n_no_room;
	bool is_done;                     /* older records are out of all windows */
	char topic[RECORD_TOPIC_MAX + 1]; /* the window that was asked for last */
	int64_t window_ms;
};

static int64_t
window_of(struct dedup_reading *reading, struct slice topic)
{
	if (topic.len > RECORD_TOPIC_MAX)
		return 0;
	if (reading->topic[topic.len] == '\0' && strlen(reading->topic) == topic.len &&
	    memcmp(reading->topic, topic.data, topic.len) == 0)
		return reading->window_ms;
	memcpy(reading->topic, topic.data, topic.len);
	reading->topic[topic.len] = '\0';
	reading->window_ms = reading->topics->window_ms(reading->topics->arg, topic);
	return reading->window_ms;
}

/* A record of a topic that was deleted since has no queue, or one that was born later. */
static bool
is_alive(const struct dedup_reading *reading, const struct record *record)
{
	struct queue_table *queues = &reading->writer->base->queues;
	const struct queue *queue = queue_table_find(
	    queues, queue_hash(record->topic, record->queue_id), record->topic, record->queue_id);

	return queue != NULL && record->position >= queue->born;
}

static void
load(struct dedup_reading *reading, const struct record *record, int64_t window_ms)
{
	struct known_properties known;
	struct slice topic = record->topic;
	int32_t queue_id = record->queue_id;

	if (window_ms == -1) { /* it waits there for another topic */
		properties_read(record->properties, &known);
		topic = known.real_topic;
		window_ms = window_of(reading, topic);
		if (window_ms <= 0 || slice_to_int32(known.real_queue, &queue_id) == -1)
			return;
	} else if (!is_alive(reading, record)) {
		return;
	}
	uint64_t topic_hash = dedup_topic_hash(topic);
	struct dedup_entry entry = {
		.key = dedup_key_of(topic_hash, property_first(record->properties, "UNIQ_KEY")),
		.topic_hash = topic_hash,
		.position = record->position,
		.queue_offset = record->queue_offset,
		.stored_ms = record->store_timestamp,
		.window_s = (int32_t)(window_ms / 1000),
		.queue_id = queue_id,
	};

	if (entry.key.low != 0 && reading->now_ms - entry.stored_ms < window_ms &&
	    !dedup_load(&reading->writer->dedup, &entry))
		reading->n_no_room++;
}

static void
load_row(struct dedup_reading *reading, struct slice records)
{
	struct record record;

	for (size_t at = 0; at < records.len; at += record.size) {
		if (record_decode(records.data + at, records.len - at, &record) == -1)
			return; /* replay.c has said so */
		if (reading->now_ms - record.store_timestamp >= reading->topics->max_window_ms) {
			reading->is_done = true;
			continue;
		}
		int64_t window_ms = window_of(reading, record.topic);

		if (window_ms != 0)
			load(reading, &record, window_ms);
	}
}

static int
load_rows(struct dedup_reading *reading, sqlite3 *db)
{
	sqlite3_stmt *row;
	int rc =
	    sqlite3_prepare_v2(db, "SELECT records FROM log ORDER BY pos DESC", -1, &row, NULL);

	while (rc == SQLITE_OK && !reading->is_done && (rc = sqlite3_step(row)) == SQLITE_ROW) {
		const char *data = sqlite3_column_blob(row, 0);

		load_row(reading, (struct slice){ data,
				      data != NULL ? (size_t)sqlite3_column_bytes(row, 0) : 0 });
		rc = SQLITE_OK;
	}
	sqlite3_finalize(row);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int
load_segment(struct dedup_reading *reading, const struct segment *segment)
{
	const struct writer *writer = reading->writer;
	sqlite3 *db;

	if (segment == writer->out.segment) {
		int rc = load_rows(reading, writer->out.db);

		sqlite3_db_release_memory(writer->out.db);
		return rc;
	}
	int rc = segment_open(&writer->base->dir, segment, SQL_READ, &db);

	if (rc == SQLITE_OK) {
		rc = load_rows(reading, db);
		sql_close(db);
	}
	return rc;
}

void
dedup_replay(struct writer *writer, const struct dedup_topics *topics)
{
	struct segment_array *segments = segments_ref(&writer->base->segments);
	int64_t now_ms = clock_wall_ms(), started_ms = clock_mono_ms();
	struct dedup_reading reading = {
		.writer = writer,
		.topics = topics,
		.now_ms = now_ms > writer->timestamp ? now_ms : writer->timestamp,
	};

	for (size_t i = segments->n; i-- > 0 && !reading.is_done;) {
		int rc = load_segment(&reading, segments->list[i]);

		if (rc != SQLITE_OK)
			log_error("keys of messages cannot be read, resends of these are stored "
				  "again file=%s error=%s",
			    segments->list[i]->path, sqlite3_errstr(rc));
	}
	segment_array_unref(segments);
	if (reading.n_no_room != 0)
		log_warn("dedupMaxKeys is too small: resends of older messages are stored again "
			 "n=%" PRId64,
		    reading.n_no_room);
	log_info("unique keys read n=%" PRIu32 " ms=%" PRId64, writer->dedup.n,
	    clock_mono_ms() - started_ms);
	atomic_store(&writer->base->counters.n_dedup_keys, writer->dedup.n);
}
