#include "config.h"

#include "broker/store/log_cut.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/store/log/disk.h"
#include "broker/store/log/segment_cut.h"
#include "broker/store/timed/timed_rows.h"
#include "broker/store/writer/writer.h"
#include "common/base/buf.h"
#include "common/base/log.h"

/*
 * The order matters, as the process may be killed at any moment and then begins again: first the
 * part that goes is read, and what is derived from it is set back; then its last segments are
 * unlinked, the newest first.
 *
 * Half messages and timed messages that stay may have been decided or delivered in the part that
 * goes. Their replay begins at the oldest of them, so that they are open again.
 */

#define ANEW (-1) /* as a position of a message: nobody knows how old they are */
#define N_MARKS (3 + STORE_KEPT_QUEUES)

struct log_cut {
	struct writer *writer;
	struct segment **list;
	size_t *n;
	int64_t position;
	int64_t halves, timed;             /* the oldest message that was changed behind it */
	int64_t levels[STORE_KEPT_QUEUES]; /* how far they were before */
	struct buf *why;
};

/* ---- what is to go --------------------------------------------------- */

static int64_t
lower_of(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void
note_record(struct log_cut *cut, const struct record *record)
{
	int64_t half = half_of_record(record);
	struct timed_change change = { 0 };

	if (record->position < atomic_load(&cut->writer->base->counters.rocketmq_end))
		return;
	if (half >= 0)
		cut->halves = lower_of(cut->halves, half);
	switch (timed_mark_read(record->prepared_offset, &change)) {
	case TIMED_MARK_NONE:
		break;
	case TIMED_MARK_MESSAGE:
		cut->timed = lower_of(cut->timed, change.position);
		break;
	case TIMED_MARK_ADOPT:
		cut->timed = ANEW; /* it waits no more */
		break;
	case TIMED_MARK_LEVEL:
		cut->levels[change.queue] = lower_of(cut->levels[change.queue], change.to - 1);
		break;
	}
}

/* It cannot be read, so anything may have been changed there. */
static void
note_anything(struct log_cut *cut)
{
	cut->halves = cut->timed = ANEW;
}

static void
scan_row(struct log_cut *cut, int64_t at, struct slice row)
{
	uint32_t blank = row.len == RECORD_BLANK_BYTES ? record_blank(row.data, row.len) : 0;

	if (blank != 0) {
		if (at + blank > cut->position)
			cut->position = lower_of(cut->position, at);
		return;
	}
	while (row.len != 0) {
		struct record record;

		if (record_decode(row.data, row.len, &record) == -1) {
			cut->position = lower_of(cut->position, at);
			note_anything(cut);
			return;
		}
		if (at + record.size > cut->position) {
			cut->position = lower_of(cut->position, at);
			note_record(cut, &record);
		}
		at += record.size;
		row.data += record.size;
		row.len -= record.size;
	}
}

static int
scan_rows(struct log_cut *cut, sqlite3 *db)
{
	sqlite3_stmt *statement;
	int rc = sqlite3_prepare_v2(db,
	    "SELECT pos, records FROM log WHERE pos >="
	    " coalesce((SELECT max(pos) FROM log WHERE pos <= ?1), ?1) ORDER BY pos",
	    -1, &statement, NULL);

	if (rc == SQLITE_ERROR)
		return SQLITE_DONE; /* it has no tables yet */
	if (rc != SQLITE_OK)
		return rc;
	sqlite3_bind_int64(statement, 1, cut->position);
	while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
		const char *row = sqlite3_column_blob(statement, 1);

		if (row != NULL)
			scan_row(cut, sqlite3_column_int64(statement, 0),
			    (struct slice){ row, (size_t)sqlite3_column_bytes(statement, 1) });
	}
	sqlite3_finalize(statement);
	return rc;
}

static void
scan_segment(struct log_cut *cut, const struct segment *segment)
{
	sqlite3 *db = NULL;
	int rc = segment_open(&cut->writer->base->dir, segment, SQL_READ, &db);

	if (rc == SQLITE_OK)
		rc = scan_rows(cut, db);
	sql_close(db);
	if (rc == SQLITE_DONE)
		return;
	log_error("a part of the log that goes cannot be read: half and timed messages are found "
		  "anew from the whole log file=%s error=%s",
	    segment->path, sqlite3_errstr(rc));
	note_anything(cut);
}

/* So many segments begin before the position. */
static size_t
count_before(const struct log_cut *cut)
{
	size_t n = 0;

	while (n < *cut->n && cut->list[n]->first < cut->position)
		n++;
	return n;
}

/* Returns how many segments stay. */
static size_t
scan(struct log_cut *cut)
{
	size_t n = count_before(cut);

	for (size_t i = n > 0 ? n - 1 : 0; i < *cut->n; i++)
		scan_segment(cut, cut->list[i]);
	return count_before(cut);
}

/* Where the row of the log begins that holds the position: a replay reads whole rows. */
static int64_t
row_begin(const struct log_cut *cut, int64_t position)
{
	const struct segment *segment = NULL;
	int64_t begin = position;
	char text[64];
	sqlite3 *db;

	for (size_t i = 0; i < *cut->n && cut->list[i]->first <= position; i++)
		segment = cut->list[i];
	if (segment == NULL)
		return position;
	snprintf(
	    text, sizeof text, "SELECT max(pos) FROM log WHERE pos <= %lld", (long long)position);
	if (segment_open(&cut->writer->base->dir, segment, SQL_READ, &db) != SQLITE_OK)
		return segment->first;
	if (sql_int64(db, text, &begin) != SQLITE_ROW)
		begin = segment->first;
	sql_close(db);
	return begin;
}

/* ---- what it did ----------------------------------------------------- */

static int
check(struct log_cut *cut, const char *path, int rc)
{
	if (rc == SQLITE_OK)
		return 0;
	buf_printf(cut->why, "the log cannot be cut at %lld, %s cannot be written: %s",
	    (long long)cut->position, path, sqlite3_errstr(rc));
	return -1;
}

/* Half messages that are older than the log can be told by meta.db only. */
static int
undo_halves(struct log_cut *cut, int64_t first)
{
	int64_t from = lower_of(cut->halves, cut->position);

	return check(
	    cut, "meta.db", half_rows_forget(&cut->writer->half_rows, from > first ? from : first));
}

static int
remove_timed(struct log_cut *cut)
{
	const struct timed_table *timed = &cut->writer->timed;

	if (timed_table_remove(timed) == 0)
		return 0;
	buf_printf(cut->why, "%s cannot be removed: %s", timed->path, strerror(errno));
	return -1;
}

static int
undo_timed(struct log_cut *cut)
{
	const struct timed_table *timed = &cut->writer->timed;

	if (cut->timed == INT64_MAX)
		return 0;
	if (cut->timed == ANEW)
		return remove_timed(cut);
	return check(cut, timed->path, timed_table_reach_back(timed, row_begin(cut, cut->timed)));
}

/* A RocketMQ broker wrote no more than what is left. */
static int
lower_rocketmq_end(struct log_cut *cut, int64_t end)
{
	_Atomic int64_t *rocketmq_end = &cut->writer->base->counters.rocketmq_end;
	char text[128];

	if (atomic_load(rocketmq_end) <= end)
		return 0;
	atomic_store(rocketmq_end, end);
	snprintf(text, sizeof text,
	    "UPDATE setting SET value = '%lld' WHERE name = '" STORE_ROCKETMQ_END "'",
	    (long long)end);
	return check(cut, "meta.db", sql_exec(meta_db(cut->writer->meta), text));
}

static int
cut_newest(struct log_cut *cut, const struct segment *newest)
{
	struct segment_mark marks[N_MARKS] = {
		{ "indexed", cut->position, true },
		{ "keyed", cut->position, true },
		{ "halves", row_begin(cut, lower_of(cut->halves, cut->position)), true },
	};
	size_t n = 3;

	for (int queue = 0; queue < STORE_KEPT_QUEUES; queue++) {
		if (cut->levels[queue] == INT64_MAX)
			continue;
		snprintf(marks[n].name, sizeof marks[n].name, STORE_LEVEL_INFO, queue);
		marks[n++].most = cut->levels[queue] > 0 ? cut->levels[queue] : -1; /* none was */
	}
	return check(cut, newest->path,
	    segment_cut(
		&cut->writer->base->dir, newest, &(struct segment_cut){ cut->position, marks, n }));
}

static int
forget_all(struct log_cut *cut)
{
	return check(cut, "meta.db", half_rows_forget(&cut->writer->half_rows, INT64_MIN)) == 0 &&
	               remove_timed(cut) == 0 && lower_rocketmq_end(cut, 0) == 0
	           ? 0
	           : -1;
}

/* ---- its segments ---------------------------------------------------- */

/* A file of a segment that begins at the position or behind it. */
static bool
is_behind(const char *name, int64_t position)
{
	static const char *const suffixes[] = { ".db", ".db-wal", ".db-shm", ".db-journal" };
	char *end;

	if (!isdigit((unsigned char)name[0]) || strtoll(name, &end, 10) < position)
		return false;
	for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++)
		if (strcmp(end, suffixes[i]) == 0)
			return true;
	return false;
}

/*
 * What a kill left of a segment: a write-ahead log without its database would become a part of the
 * next segment of that name.
 */
static void
sweep(const struct log_cut *cut)
{
	const struct log_dir *dir = &cut->writer->base->dir;
	DIR *files = opendir(dir->path);

	if (files == NULL)
		return;
	for (const struct dirent *entry; (entry = readdir(files)) != NULL;)
		if (is_behind(entry->d_name, cut->position))
			unlinkat(dirfd(files), entry->d_name, 0);
	closedir(files);
	disk_sync_directory(dir->path);
}

static int
unlink_segments(struct log_cut *cut, size_t n_left)
{
	while (*cut->n > n_left) {
		struct segment *segment = cut->list[*cut->n - 1];

		if (segment_unlink(&cut->writer->base->dir, segment) == -1) {
			buf_printf(
			    cut->why, "%s cannot be removed: %s", segment->path, strerror(errno));
			return -1;
		}
		segment_unref(segment);
		--*cut->n;
	}
	sweep(cut);
	return 0;
}

int
log_cut(struct writer *writer, struct segment **list, size_t *n, int64_t position, struct buf *why)
{
	struct log_cut cut = {
		.writer = writer,
		.list = list,
		.n = n,
		.position = position,
		.halves = INT64_MAX,
		.timed = INT64_MAX,
		.why = why,
	};

	for (int queue = 0; queue < STORE_KEPT_QUEUES; queue++)
		cut.levels[queue] = INT64_MAX;
	size_t n_before = *n, n_left = scan(&cut);

	if (n_left == 0) {
		if (forget_all(&cut) == -1)
			return -1;
	} else if (undo_halves(&cut, list[0]->first) == -1 || undo_timed(&cut) == -1 ||
		   cut_newest(&cut, list[n_left - 1]) == -1) {
		return -1;
	}
	if (unlink_segments(&cut, n_left) == -1)
		return -1;
	log_info("the log was cut end=%lld segments=%zu of=%zu", (long long)cut.position, n_left,
	    n_before);
	return 0;
}
