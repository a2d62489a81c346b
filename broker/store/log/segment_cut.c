#include "config.h"

#include "broker/store/log/segment_cut.h"

#include <stdlib.h>
#include <string.h>

#include "broker/store/log/block.h"
#include "common/base/mem.h"
#include "common/base/wire.h"
#include "common/protocol/record.h"

/*
 * The index keeps its rows as far as they are about records that stay. To index the segment anew
 * would be wrong: it may have records of queues that were dropped since.
 */

struct cutting {
	sqlite3 *db;
	const struct segment_cut *cut;
};

/* ?1: the position. */
static int
run(sqlite3 *db, const char *text, int64_t position)
{
	sqlite3_stmt *statement;
	int rc = sqlite3_prepare_v2(db, text, -1, &statement, NULL);

	if (rc != SQLITE_OK)
		return rc;
	sqlite3_bind_int64(statement, 1, position);
	rc = sql_run(statement);
	sqlite3_finalize(statement);
	return rc;
}

static int
run_all(const struct cutting *cutting, const char *const *texts, size_t n)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; i < n && rc == SQLITE_OK; i++)
		rc = run(cutting->db, texts[i], cutting->cut->position);
	return rc;
}

static int
cut_rows(const struct cutting *cutting)
{
	static const char *const texts[] = {
		"DELETE FROM log WHERE pos >= ?1",
		/* The first records of a row may stay. */
		"UPDATE log SET records = substr(records, 1, ?1 - pos)"
		" WHERE pos = (SELECT max(pos) FROM log) AND pos + length(records) > ?1",
		"DELETE FROM tag WHERE pos >= ?1",
		"DELETE FROM info WHERE name = 'last_timestamp'",
		"DELETE FROM info WHERE name GLOB 'birth[0-9]*' AND CAST(substr(name, 6) AS "
		"INTEGER) IN (SELECT number FROM bounds WHERE born >= ?1)",
		"DELETE FROM bounds WHERE born >= ?1",
	};

	return run_all(cutting, texts, sizeof texts / sizeof texts[0]);
}

static int
restore_dropped(const struct cutting *cutting)
{
	static const char *const texts[] = {
		"INSERT OR IGNORE INTO bounds SELECT number, topic, queue_id, first, next,"
		" last_timestamp, born FROM dropped WHERE position > ?1 AND born < ?1",
		"DELETE FROM dropped WHERE position > ?1",
	};
	int64_t one;
	int rc = sql_int64(cutting->db, "SELECT 1 FROM sqlite_master WHERE name = 'dropped'", &one);

	if (rc != SQLITE_ROW)
		return rc == SQLITE_DONE ? SQLITE_OK : rc;
	return run_all(cutting, texts, sizeof texts / sizeof texts[0]);
}

/* ---- the index ------------------------------------------------------- */

/* What is to become of a row; bytes 0: it goes. */
struct shorter_row {
	int64_t id;
	char *entries;
	size_t bytes;
};

struct shorter_rows {
	struct shorter_row *list;
	size_t n, cap;
};

/* Copies what stays of a block to `to`, which has room for all of it. Returns its bytes. */
typedef size_t shorten_fn(const char *block, size_t bytes, int64_t position, char *to);

static size_t
shorten_queue_block(const char *block, size_t bytes, int64_t position, char *to)
{
	size_t n = queue_block_entries(bytes);

	while (n > 0 && queue_block_entry(block, n - 1).position >= position)
		n--;
	if (n == 0)
		return 0;
	if (n == queue_block_entries(bytes))
		return bytes;
	memcpy(to, block, QUEUE_BLOCK_HEAD_BYTES + n * QUEUE_ENTRY_BYTES);
	return QUEUE_BLOCK_HEAD_BYTES + n * QUEUE_ENTRY_BYTES;
}

static size_t
shorten_key_block(const char *block, size_t bytes, int64_t position, char *to)
{
	size_t len = 0;

	for (size_t at = 0; at + KEY_ENTRY_BYTES <= bytes; at += KEY_ENTRY_BYTES)
		if (key_block_position(block + at) < position) {
			memcpy(to + len, block + at, KEY_ENTRY_BYTES);
			len += KEY_ENTRY_BYTES;
		}
	return len;
}

static void
add_row(struct shorter_rows *rows, const struct shorter_row *row)
{
	if (rows->n == rows->cap) {
		rows->cap = rows->cap != 0 ? 2 * rows->cap : 64;
		rows->list = mem_realloc(rows->list, rows->cap * sizeof rows->list[0]);
	}
	rows->list[rows->n++] = *row;
}

static void
release_rows(struct shorter_rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		free(rows->list[i].entries);
	free(rows->list);
}

/* The rows that do not stay as they are. */
static int
collect_rows(
    const struct cutting *cutting, const char *text, shorten_fn *shorten, struct shorter_rows *rows)
{
	sqlite3_stmt *statement;
	int rc = sqlite3_prepare_v2(cutting->db, text, -1, &statement, NULL);

	if (rc != SQLITE_OK)
		return rc;
	while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
		const char *block = sqlite3_column_blob(statement, 1);
		size_t bytes = (size_t)sqlite3_column_bytes(statement, 1);
		struct shorter_row row = { .id = sqlite3_column_int64(statement, 0) };

		row.entries = mem_alloc(bytes + 1);
		row.bytes =
		    bytes != 0 ? shorten(block, bytes, cutting->cut->position, row.entries) : 0;
		if (row.bytes == bytes || row.bytes == 0) {
			free(row.entries);
			row.entries = NULL;
		}
		if (row.bytes != bytes)
			add_row(rows, &row);
	}
	sqlite3_finalize(statement);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* The store time of the record at the position; `other` when it cannot be read. */
static int64_t
store_time(sqlite3 *db, int64_t position, int64_t other)
{
	sqlite3_stmt *statement;
	struct record record;
	int64_t time_ms = other;

	if (sqlite3_prepare_v2(db,
		"SELECT pos, records FROM log WHERE pos <= ? ORDER BY pos DESC LIMIT 1", -1,
		&statement, NULL) != SQLITE_OK)
		return other;
	sqlite3_bind_int64(statement, 1, position);
	if (sqlite3_step(statement) == SQLITE_ROW) {
		int64_t at = position - sqlite3_column_int64(statement, 0);
		const char *row = sqlite3_column_blob(statement, 1);
		int64_t bytes = sqlite3_column_bytes(statement, 1);

		if (at < bytes && record_decode(row + at, (size_t)(bytes - at), &record) == 0 &&
		    record.position == position)
			time_ms = record.store_timestamp;
	}
	sqlite3_finalize(statement);
	return time_ms;
}

/* A queue block tells the store time of its last record. */
static void
set_store_time(sqlite3 *db, const struct shorter_row *row)
{
	size_t last = queue_block_entries(row->bytes) - 1;

	be64_put(
	    row->entries, (uint64_t)store_time(db, queue_block_entry(row->entries, last).position,
			      queue_block_timestamp(row->entries)));
}

static int
put_row(sqlite3 *db, const char *text, const struct shorter_row *row)
{
	sqlite3_stmt *statement;
	int rc = sqlite3_prepare_v2(db, text, -1, &statement, NULL);

	if (rc != SQLITE_OK)
		return rc;
	sqlite3_bind_int64(statement, 1, row->id);
	if (row->bytes != 0)
		sqlite3_bind_blob64(statement, 2, row->entries, row->bytes, SQLITE_STATIC);
	rc = sql_run(statement);
	sqlite3_finalize(statement);
	return rc;
}

static int
cut_queue_blocks(const struct cutting *cutting)
{
	struct shorter_rows rows = { 0 };
	int rc = collect_rows(cutting, "SELECT id, entries FROM queue", shorten_queue_block, &rows);

	for (size_t i = 0; i < rows.n && rc == SQLITE_OK; i++) {
		if (rows.list[i].bytes != 0)
			set_store_time(cutting->db, &rows.list[i]);
		rc = put_row(cutting->db,
		    rows.list[i].bytes != 0 ? "UPDATE queue SET entries = ?2 WHERE id = ?1"
					    : "DELETE FROM queue WHERE id = ?1",
		    &rows.list[i]);
	}
	release_rows(&rows);
	return rc;
}

static int
cut_key_blocks(const struct cutting *cutting)
{
	struct shorter_rows rows = { 0 };
	int rc = collect_rows(cutting, "SELECT id, entries FROM key", shorten_key_block, &rows);

	for (size_t i = 0; i < rows.n && rc == SQLITE_OK; i++)
		rc = put_row(cutting->db,
		    rows.list[i].bytes != 0 ? "UPDATE key SET entries = ?2 WHERE id = ?1"
					    : "DELETE FROM key WHERE id = ?1",
		    &rows.list[i]);
	release_rows(&rows);
	return rc;
}

/* ---- all of it ------------------------------------------------------- */

static int
lower_marks(const struct cutting *cutting)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; i < cutting->cut->n_marks && rc == SQLITE_OK; i++) {
		const struct segment_mark *mark = &cutting->cut->marks[i];
		int64_t value;

		rc = segment_info(cutting->db, mark->name, &value);
		if ((rc == SQLITE_ROW && value > mark->most) || (rc == SQLITE_DONE && mark->needed))
			rc = segment_set_info(cutting->db, mark->name, mark->most);
		else if (rc == SQLITE_ROW || rc == SQLITE_DONE)
			rc = SQLITE_OK;
	}
	return rc;
}

static int
cut_all(void *arg)
{
	const struct cutting *cutting = arg;
	int rc = cut_queue_blocks(cutting);

	if (rc == SQLITE_OK)
		rc = cut_key_blocks(cutting);
	if (rc == SQLITE_OK)
		rc = cut_rows(cutting);
	if (rc == SQLITE_OK)
		rc = restore_dropped(cutting);
	return rc == SQLITE_OK ? lower_marks(cutting) : rc;
}

int
segment_cut(const struct log_dir *dir, const struct segment *segment, const struct segment_cut *cut)
{
	struct cutting cutting = { .cut = cut };
	int rc = segment_open(dir, segment, SQL_WRITE, &cutting.db);

	if (rc != SQLITE_OK)
		return rc;
	rc = sql_exec(cutting.db, "PRAGMA synchronous = FULL");
	if (rc == SQLITE_OK)
		rc = sql_transaction(cutting.db, cut_all, &cutting);
	sql_close(cutting.db);
	return rc;
}
