#include "config.h"

#include "broker/store/replay.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/store/closer/closer.h"
#include "broker/store/log/disk.h"
#include "broker/store/log_cut.h"
#include "broker/store/writer/flush.h"
#include "broker/store/writer/roll.h"
#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"

/*
 * The store at start. SQLite's WAL keeps each segment whole up to some commit; replay
 * finds where the log ends:
 *
 *   - a segment that was made but never written to is removed;
 *   - after a power cut under ASYNC_FLUSH a segment may end before its
 *     successor begins: the log ends at that hole, and the segments behind it are set aside;
 *   - the newest one tells all queues (segment.h), and its log behind `indexed` is
 *     read to bring them up to date.
 *
 * The work is bounded by the entries that may wait for their blocks (block.h), not by the size of
 * the store.
 */

#define NAME_DIGITS 20

struct replay {
	struct store_base *base;
	struct writer *writer;
	struct segment **list;
	size_t n;
	int64_t halves;       /* from here on records count for the half messages */
	int64_t timed;        /* ... and from here on for the timed ones */
	sqlite3_stmt *tags;   /* rows of tag, read along with the log, */
	int64_t tag_position; /* ... and where the one at hand belongs; INT64_MAX: no more */
	sqlite3
	    *newest; /* kept open until the writer has it: each first open reads the whole WAL */
	const char *path; /* of the segment that is read at the moment */
	int64_t row_end;  /* where the next row of the log has to begin; -1: anywhere */
	struct buf why;   /* not empty: the store is refused */
};

/* ---- which segments there are ---------------------------------------- */

static bool
is_segment_name(const char *name)
{
	for (int i = 0; i < NAME_DIGITS; i++)
		if (!isdigit((unsigned char)name[i]))
			return false;
	return strcmp(name + NAME_DIGITS, ".db") == 0;
}

static int
compare_segments(const void *a, const void *b)
{
	int64_t left = (*(struct segment *const *)a)->first;
	int64_t right = (*(struct segment *const *)b)->first;

	return (left > right) - (left < right);
}

static int64_t
file_size(const char *path, const char *suffix)
{
	struct buf name = { 0 };
	struct stat st;

	buf_printf(&name, "%s%s", path, suffix);
	int64_t size = stat(buf_text(&name), &st) == 0 ? (int64_t)st.st_size : 0;
	buf_release(&name);
	return size;
}

static void
list_segments(struct replay *replay)
{
	const struct log_dir *dir = &replay->base->dir;
	DIR *files = opendir(dir->path);

	if (files == NULL) {
		buf_printf(&replay->why, "%s cannot be read: %s", dir->path, strerror(errno));
		return;
	}
	errno = 0;
	for (struct dirent *entry; (entry = readdir(files)) != NULL; errno = 0) {
		if (!is_segment_name(entry->d_name))
			continue;
		struct segment *segment = segment_new(dir, strtoll(entry->d_name, NULL, 10));

		atomic_store(&segment->sealed, file_size(segment->path, "-wal") == 0);
		replay->list = mem_realloc(replay->list, (replay->n + 1) * sizeof replay->list[0]);
		replay->list[replay->n++] = segment;
	}
	/* A folder that ends too early would lose segments. */
	if (errno != 0)
		buf_printf(&replay->why, "%s cannot be read: %s", dir->path, strerror(errno));
	closedir(files);
	if (replay->n > 1)
		qsort(replay->list, replay->n, sizeof replay->list[0], compare_segments);
}

static void
forget_newest(struct replay *replay)
{
	segment_unref(replay->list[--replay->n]);
}

/* ---- where the log ends ---------------------------------------------- */

/* Opens a segment and checks that it is one that we can read. NULL: why is set. */
static sqlite3 *
open_checked(struct replay *replay, const struct segment *segment)
{
	sqlite3 *db;
	int rc = segment_open(&replay->base->dir, segment, SQL_READ, &db);

	if (rc != SQLITE_OK) {
		buf_printf(
		    &replay->why, "%s cannot be opened: %s", segment->path, sqlite3_errstr(rc));
		return NULL;
	}
	char *error = segment_version_error(db, segment->path);
	if (error != NULL) {
		buf_append_text(&replay->why, error);
		free(error);
		sql_close(db);
		return NULL;
	}
	return db;
}

/* The newest one may have been made and not written to: then it is not there. */
static void
drop_unborn(struct replay *replay)
{
	while (replay->n > 0 && replay->why.len == 0) {
		struct segment *segment = replay->list[replay->n - 1];
		int64_t first;

		if (file_size(segment->path, "") != 0) {
			replay->newest = open_checked(replay, segment);
			if (replay->newest == NULL ||
			    segment_info(replay->newest, "first", &first) != SQLITE_DONE)
				return;
			sql_close(replay->newest);
			replay->newest = NULL;
		}
		log_info("segment without records removed file=%s", segment->path);
		segment_unlink(&replay->base->dir, segment);
		forget_newest(replay);
	}
}

/* The size of the blank that the row holds; 0: it holds records. */
static uint32_t
row_blank(sqlite3_stmt *row, int column)
{
	const char *data = sqlite3_column_blob(row, column);

	if (data == NULL || sqlite3_column_bytes(row, column) != RECORD_BLANK_BYTES)
		return 0;
	return record_blank(data, RECORD_BLANK_BYTES);
}

static const char last_row[] =
    "SELECT pos, substr(records, 1, 9), length(records) FROM log ORDER BY pos DESC LIMIT 1";

/* Behind the last record; the segment's first position when it has none. -1: why is set. */
static int64_t
end_of(struct replay *replay, const struct segment *segment)
{
	int64_t end = segment->first;
	sqlite3_stmt *statement = NULL;
	sqlite3 *db = open_checked(replay, segment);

	if (db == NULL)
		return -1;
	int rc = sqlite3_prepare_v2(db, last_row, -1, &statement, NULL);

	if (rc == SQLITE_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
		uint32_t blank = row_blank(statement, 1);

		end = sqlite3_column_int64(statement, 0) +
		      (blank != 0 ? blank : sqlite3_column_int64(statement, 2));
	}
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		buf_printf(
		    &replay->why, "%s cannot be read: %s", segment->path, sqlite3_errmsg(db));
	sqlite3_finalize(statement);
	sql_close(db);
	return replay->why.len == 0 ? end : -1;
}

static void
set_aside(struct replay *replay, const struct segment *segment)
{
	static const char *const suffixes[] = { "", "-wal" };

	for (size_t i = 0; i < 2; i++) {
		struct buf from = { 0 }, to = { 0 };

		buf_printf(&from, "%s%s", segment->path, suffixes[i]);
		buf_printf(&to, "%s.lost%s", segment->path, suffixes[i]);
		if (rename(buf_text(&from), buf_text(&to)) == -1 && errno != ENOENT)
			buf_printf(&replay->why, "%s cannot be renamed: %s", buf_text(&from),
			    strerror(errno));
		buf_release(&from);
		buf_release(&to);
	}
}

/* A sealed segment is whole. The others have to end where the next one begins. */
static void
cut_at_hole(struct replay *replay)
{
	for (size_t i = 0; i + 1 < replay->n && replay->why.len == 0; i++) {
		if (atomic_load(&replay->list[i]->sealed))
			continue;
		int64_t end = end_of(replay, replay->list[i]);

		if (end == -1 || end == replay->list[i + 1]->first)
			continue;
		log_error("the log has a hole, as a power cut under ASYNC_FLUSH leaves it; "
			  "what lies behind is set aside as *.lost file=%s end=%lld next=%lld",
		    replay->list[i]->path, (long long)end, (long long)replay->list[i + 1]->first);
		sql_close(replay->newest);
		replay->newest = NULL;
		while (replay->n > i + 1) {
			set_aside(replay, replay->list[replay->n - 1]);
			forget_newest(replay);
		}
		disk_sync_directory(replay->base->dir.path);
	}
}

/* ---- the queues ------------------------------------------------------ */

static struct slice
column_slice(sqlite3_stmt *statement, int column)
{
	const char *data = sqlite3_column_blob(statement, column);

	return (struct slice){ data != NULL ? data : "",
		(size_t)sqlite3_column_bytes(statement, column) };
}

static const char bounds_rows[] =
    "SELECT number, topic, queue_id, first, next, last_timestamp, born"
    " FROM bounds WHERE number >= ?";
static const char birth_rows[] = "SELECT CAST(substr(name, 6) AS INTEGER), value FROM info"
				 " WHERE name GLOB 'birth[0-9]*' AND ? IS NOT NULL";
static const char log_rows[] = "SELECT pos, records FROM log WHERE pos >= ? ORDER BY pos";

/* Runs a query over a segment; row answers -1 to stop. */
static int
each_row_of(struct replay *replay, sqlite3 *db, const char *path, const char *text, int64_t from,
    int (*row)(struct replay *replay, sqlite3_stmt *statement))
{
	sqlite3_stmt *statement;
	int rc = sqlite3_prepare_v2(db, text, -1, &statement, NULL);

	replay->path = path;
	replay->row_end = -1;
	if (rc == SQLITE_OK) {
		sqlite3_bind_int64(statement, 1, from);
		while ((rc = sqlite3_step(statement)) == SQLITE_ROW)
			if (row(replay, statement) == -1)
				break;
	}
	sqlite3_finalize(statement);
	if (rc != SQLITE_DONE && replay->why.len == 0)
		buf_printf(&replay->why, "%s cannot be read: %s", path, sqlite3_errstr(rc));
	return replay->why.len == 0 ? 0 : -1;
}

/* ... over the newest. */
static int
each_row(struct replay *replay, const char *text, int64_t from,
    int (*row)(struct replay *replay, sqlite3_stmt *statement))
{
	const struct segment_writer *out = &replay->writer->out;

	return each_row_of(replay, out->db, out->segment->path, text, from, row);
}

/* The store is refused: a row of the segment at hand makes no sense. */
static int
refuse_row(struct replay *replay, const char *table, int64_t id)
{
	buf_printf(&replay->why, "%s is corrupt in table %s at row %lld; restore it from a copy",
	    replay->path, table, (long long)id);
	return -1;
}

static int
load_bounds(struct replay *replay, sqlite3_stmt *row)
{
	int64_t number = sqlite3_column_int64(row, 0);
	int64_t first = sqlite3_column_int64(row, 3), next = sqlite3_column_int64(row, 4);

	if (number < 0 || number > QUEUE_NUMBER_MAX || first < 0 || next < first ||
	    queue_table_at(&replay->base->queues, number) != NULL)
		return refuse_row(replay, "bounds", number);
	struct queue *queue = queue_table_add(&replay->base->queues, column_slice(row, 1),
	    sqlite3_column_int(row, 2), (int32_t)number);

	queue->first = first;
	queue->next = next;
	queue->last_timestamp = sqlite3_column_int64(row, 5);
	queue->born = sqlite3_column_int64(row, 6);
	queue->announced = queue->recorded = true;
	return 0;
}

static int
load_birth(struct replay *replay, sqlite3_stmt *row)
{
	struct queue *queue = queue_table_at(&replay->base->queues, sqlite3_column_int64(row, 0));

	if (queue != NULL)
		queue->birth = sqlite3_column_int64(row, 1);
	return 0;
}

static int
load_block(struct replay *replay, sqlite3_stmt *row)
{
	int64_t id = sqlite3_column_int64(row, 0);
	struct slice block = column_slice(row, 1);
	struct queue *queue = queue_table_at(&replay->base->queues, id >> QUEUE_OFFSET_BITS);

	if (!queue_block_is_whole(block.len))
		return refuse_row(replay, "queue", id);
	if (queue == NULL)
		return 0; /* of a deleted topic */
	queue->next =
	    id - queue_block_id(queue->number, 0) + (int64_t)queue_block_entries(block.len);
	queue->last_timestamp = queue_block_timestamp(block.data);
	return 0;
}

static int
load_first(struct replay *replay, sqlite3_stmt *row)
{
	struct queue *queue = queue_table_at(&replay->base->queues, sqlite3_column_int64(row, 0));

	if (queue != NULL)
		queue->first = sqlite3_column_int64(row, 1);
	return 0;
}

/* ---- the log behind the index ---------------------------------------- */

static void
next_tag(struct replay *replay)
{
	int rc = sqlite3_step(replay->tags);

	replay->tag_position = rc == SQLITE_ROW ? sqlite3_column_int64(replay->tags, 0) : INT64_MAX;
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		buf_printf(&replay->why, "%s cannot be read: %s", replay->writer->out.segment->path,
		    sqlite3_errstr(rc));
}

static int64_t
own_tag_hash(struct replay *replay, const struct record *record)
{
	while (replay->tag_position < record->position)
		next_tag(replay);
	return replay->tag_position == record->position
	           ? sqlite3_column_int64(replay->tags, 1)
	           : tag_hash(property_find(record->properties, "TAGS"));
}

static void
index_record(struct replay *replay, const struct record *record)
{
	struct writer *writer = replay->writer;
	struct queue_table *queues = &replay->base->queues;
	uint64_t hash = queue_hash(record->topic, record->queue_id);
	struct queue *queue = queue_table_find(queues, hash, record->topic, record->queue_id);

	if (queue == NULL) {
		queue = queue_table_add(queues, record->topic, record->queue_id, -1);
		queue->born = record->position;
		queue->first = queue->next = queue->birth = record->queue_offset;
		queue->announced = true;
	}
	if (record->queue_offset != queue->next) {
		buf_printf(&replay->why,
		    "%s contradicts itself: the record at %lld has queue offset %lld, "
		    "%lld was expected; restore it from a copy",
		    writer->out.segment->path, (long long)record->position,
		    (long long)record->queue_offset, (long long)queue->next);
		return;
	}
	pending_add(&writer->pending, queue, queue->next++,
	    (struct queue_entry){
		.position = record->position,
		.size = record->size,
		.tag_hash = own_tag_hash(replay, record),
	    });
	queue->last_timestamp = record->store_timestamp;
}

/*
 * Decodes the record at records[at], which has to stand at this log position. -1: the store is
 * refused, with the file and the position. A wrong CRC is only logged: such a record is never
 * returned to a client.
 */
static int
decode_row(
    struct replay *replay, struct slice records, size_t at, int64_t position, struct record *record)
{
	if (record_decode(records.data + at, records.len - at, record) == -1 ||
	    record->position != position) {
		buf_printf(&replay->why,
		    "%s is corrupt at log position %lld; restore it from a copy", replay->path,
		    (long long)position);
		return -1;
	}
	if (!record_check(record))
		log_error(
		    "store is corrupt file=%s position=%lld", replay->path, (long long)position);
	return 0;
}

/*
 * Rows of the log follow each other without a gap; a row that is missing was lost. len: of
 * positions that it takes.
 */
static int
check_row(struct replay *replay, int64_t position, size_t len)
{
	if (len == 0 || (replay->row_end != -1 && position != replay->row_end))
		return refuse_row(replay, "log", position);
	replay->row_end = position + (int64_t)len;
	return 0;
}

/* What the record does to half and timed messages; its row of the log is at that position. */
static void
apply_waiting(struct replay *replay, const struct record *record, int64_t at)
{
	struct writer *writer = replay->writer;

	if (record->position >= replay->halves)
		half_table_replay(&writer->halves, record, at, replay->base->options.half_wait_ms);
	if (record->position >= replay->timed)
		timed_table_replay(&writer->timed, record, at);
}

static int
replay_row(struct replay *replay, sqlite3_stmt *row)
{
	struct writer *writer = replay->writer;
	struct slice records = column_slice(row, 1);
	int64_t position = sqlite3_column_int64(row, 0);

	uint32_t blank = row_blank(row, 1);

	if (check_row(replay, position, blank != 0 ? blank : records.len) == -1)
		return -1;
	if (blank != 0) {
		writer->position = replay->row_end;
		return 0;
	}
	for (size_t at = 0; at < records.len;) {
		struct record record;

		if (decode_row(replay, records, at, position, &record) == -1)
			return -1;
		if (position >= writer->out.indexed)
			index_record(replay, &record);
		if (position >= writer->out.keyed)
			pending_add_keys(&writer->pending, &record);
		if (replay->why.len != 0)
			return -1;
		apply_waiting(replay, &record, sqlite3_column_int64(row, 0));
		at += record.size;
		position += record.size;
		writer->position = position;
		if (record.store_timestamp > writer->timestamp)
			writer->timestamp = record.store_timestamp;
	}
	return 0;
}

static int
replay_log(struct replay *replay)
{
	const struct segment_writer *out = &replay->writer->out;
	int64_t from = out->indexed < out->keyed ? out->indexed : out->keyed;

	if (replay->halves < from)
		from = replay->halves;
	if (replay->timed < from)
		from = replay->timed;
	int rc = sqlite3_prepare_v2(
	    out->db, "SELECT pos, hash FROM tag ORDER BY pos", -1, &replay->tags, NULL);
	if (rc != SQLITE_OK)
		buf_printf(
		    &replay->why, "%s cannot be read: %s", out->segment->path, sqlite3_errstr(rc));
	else
		next_tag(replay);
	rc = replay->why.len == 0 ? each_row(replay, log_rows, from, replay_row) : -1;

	sqlite3_finalize(replay->tags);
	return rc;
}

/* The records of a segment that is not the newest count for half and timed messages only. */
static int
replay_waiting(struct replay *replay, sqlite3_stmt *row)
{
	struct slice records = column_slice(row, 1);
	int64_t first = sqlite3_column_int64(row, 0);
	uint32_t blank = row_blank(row, 1);

	if (check_row(replay, first, blank != 0 ? blank : records.len) == -1)
		return -1;
	if (blank != 0)
		return 0;
	for (size_t at = 0; at < records.len;) {
		struct record record;

		if (decode_row(replay, records, at, first + (int64_t)at, &record) == -1)
			return -1;
		apply_waiting(replay, &record, first);
		at += record.size;
	}
	return 0;
}

/* meta.db and timer.db may lag behind by more than the newest segment. */
static int
replay_older(struct replay *replay)
{
	int64_t from = replay->halves < replay->timed ? replay->halves : replay->timed;

	for (size_t i = 0; i + 1 < replay->n; i++) {
		if (replay->list[i + 1]->first <= from)
			continue;
		sqlite3 *db = open_checked(replay, replay->list[i]);

		if (db == NULL)
			return -1;
		int rc =
		    each_row_of(replay, db, replay->list[i]->path, log_rows, from, replay_waiting);
		sql_close(db);
		if (rc == -1)
			return -1;
	}
	return 0;
}

/* The levels' offsets as of the index, and where the replay of timed messages begins. */
static int
open_timed(struct replay *replay)
{
	struct writer *writer = replay->writer;
	struct queue_table *queues = &replay->base->queues;
	struct slice topic = SLICE(TIMED_TOPIC);
	uint64_t hash = queue_hash(topic, TIMED_QUEUE_MESSAGES);
	bool stored = queue_table_find(queues, hash, topic, TIMED_QUEUE_MESSAGES) != NULL &&
	              atomic_load(&replay->base->counters.rocketmq_end) != INT64_MAX;

	for (int queue = 0; queue < STORE_KEPT_QUEUES; queue++) {
		char name[32];

		snprintf(name, sizeof name, STORE_LEVEL_INFO, queue);
		segment_info(writer->out.db, name, &writer->timed.levels[queue]);
	}
	if (timed_table_open(&writer->timed, stored, &replay->timed, &replay->why) == -1)
		return -1;
	/* Levels need no more than the queues do. */
	if (replay->timed > writer->out.indexed)
		replay->timed = writer->out.indexed;
	return 0;
}

/* What a RocketMQ broker wrote counts for neither. */
static void
skip_rocketmq(struct replay *replay)
{
	int64_t end = atomic_load(&replay->base->counters.rocketmq_end);

	if (replay->halves < end)
		replay->halves = end;
	if (replay->timed < end)
		replay->timed = end;
}

static int
load_newest(struct replay *replay)
{
	struct writer *writer = replay->writer;
	sqlite3 *db = writer->out.db;
	int64_t next_number = 0;
	size_t number = 0;

	if (each_row(replay, bounds_rows, INT64_MIN, load_bounds) == -1 ||
	    each_row(replay, birth_rows, 0, load_birth) == -1 ||
	    each_row(replay, "SELECT id, entries FROM queue WHERE id >= ? ORDER BY id", INT64_MIN,
		load_block) == -1)
		return -1;
	if (segment_info(db, "indexed", &writer->out.indexed) != SQLITE_ROW ||
	    segment_info(db, "keyed", &writer->out.keyed) != SQLITE_ROW ||
	    segment_info(db, "next_number", &next_number) != SQLITE_ROW) {
		buf_printf(&replay->why, "%s has no index positions; restore it from a copy",
		    writer->out.segment->path);
		return -1;
	}
	if (next_number > replay->base->queues.next_number)
		replay->base->queues.next_number = (int32_t)next_number;
	for (const struct queue *queue;
	     (queue = queue_table_each(&replay->base->queues, &number)) != NULL;)
		if (queue->last_timestamp > writer->timestamp)
			writer->timestamp = queue->last_timestamp;
	writer->position = writer->out.indexed;
	/* Absent: the store was written before there were half messages. */
	if (segment_info(db, "halves", &replay->halves) != SQLITE_ROW)
		replay->halves = writer->position;
	/* meta.db was deleted: its half messages are in the log, from the beginning. */
	if (meta_is_new(replay->writer->meta))
		replay->halves = replay->list[0]->first;
	if (half_rows_load(&writer->half_rows, &replay->why) == -1 || open_timed(replay) == -1)
		return -1;
	skip_rocketmq(replay);
	if (replay_older(replay) == -1 || replay_log(replay) == -1)
		return -1;
	if (timed_table_replayed(
		&writer->timed, replay->list[0]->first, writer->position, &replay->why) == -1)
		return -1;
	half_table_cut(&writer->halves, writer->position, clock_mono_ms());
	/* Events outlive the segments of their half messages. */
	half_table_expire(&writer->halves, replay->list[0]->first, writer->position);
	return 0;
}

/* ---- all of it ------------------------------------------------------- */

/* The oldest segment tells where the log and its queues begin. */
static void
load_oldest(struct replay *replay)
{
	struct store_counters *counters = &replay->base->counters;
	sqlite3 *db = open_checked(replay, replay->list[0]);
	size_t number = 0;

	if (db == NULL)
		return;
	/* One that it does not know was born behind it. */
	for (struct queue *queue;
	     (queue = queue_table_each(&replay->base->queues, &number)) != NULL;)
		queue->first = queue->birth;
	atomic_store(&counters->min_position, replay->list[0]->first);
	atomic_store(&counters->earliest_ms, segment_earliest(db, replay->list[0]->path));
	each_row_of(replay, db, replay->list[0]->path,
	    "SELECT number, first FROM bounds WHERE number >= ?", 0, load_first);
	sql_close(db);
}

static void
start_empty(struct replay *replay)
{
	struct store_base *base = replay->base;
	struct writer *writer = replay->writer;

	segments_set(&base->segments, segment_array_new(NULL, 0));
	int rc = roll_open_segment(writer);
	if (rc != SQLITE_OK)
		buf_printf(
		    &replay->why, "%s cannot be written: %s", base->dir.path, sqlite3_errstr(rc));
}

static void
start_found(struct replay *replay)
{
	struct store_base *base = replay->base;
	struct writer *writer = replay->writer;
	struct segment *newest = replay->list[replay->n - 1];

	atomic_store(&newest->sealed, false);
	int rc = segment_writer_open(&writer->out, &base->dir, newest);
	if (rc != SQLITE_OK) {
		buf_printf(
		    &replay->why, "%s cannot be opened: %s", newest->path, sqlite3_errstr(rc));
		return;
	}
	if (load_newest(replay) == -1)
		return;
	/* The pages that it walked through. */
	sqlite3_db_release_memory(writer->out.db);
	load_oldest(replay);
	segments_set(&base->segments, segment_array_new(replay->list, replay->n));
	for (size_t i = 0; i + 1 < replay->n; i++)
		if (!atomic_load(&replay->list[i]->sealed))
			closer_seal(writer->closer,
			    &(struct segment_writer){ .segment = segment_ref(replay->list[i]) });
	/* Also shows that the disk takes a commit, before anybody relies on it. */
	rc = writer_flush(writer, true);
	if (rc != SQLITE_OK && !sql_is_full(rc))
		buf_printf(
		    &replay->why, "%s cannot be written: %s", newest->path, sqlite3_errstr(rc));
	else if (rc != SQLITE_OK)
		writer_failed(writer, rc);
}

int
store_replay(struct writer *writer, char **why)
{
	struct store_base *base = writer->base;
	struct replay replay = { .base = base, .writer = writer };

	/* One of the last run is not in memory any more, and would cost reads. */
	segment_drop_spare(&base->dir);
	list_segments(&replay);
	if (base->options.cuts && replay.why.len == 0)
		log_cut(writer, replay.list, &replay.n, base->options.cut_at, &replay.why);
	drop_unborn(&replay);
	if (replay.why.len == 0)
		cut_at_hole(&replay);
	if (replay.why.len == 0) {
		if (replay.n == 0)
			start_empty(&replay);
		else
			start_found(&replay);
	}
	sql_close(replay.newest);
	for (size_t i = 0; i < replay.n; i++)
		segment_unref(replay.list[i]);
	free(replay.list);
	atomic_store(&base->counters.max_position, writer->position);
	atomic_store(&base->counters.synced_position, writer->position);
	if (replay.why.len == 0)
		return 0;
	*why = buf_take(&replay.why);
	return -1;
}
