#include "config.h"

#include "broker/store/log/segment_read.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/log.h"

#define HINT_BYTES (8 << 20) /* the disk is one or two of these ahead */

static const char *const texts[N_SEGMENT_GETS] = {
	[GET_ROW] = "SELECT pos, records FROM log WHERE pos <= ? ORDER BY pos DESC LIMIT 1",
	/* From the block that holds ?1, found by one search, to the end of the queue. */
	[GET_BLOCKS] = ("SELECT id, entries FROM queue WHERE id <= ?3 AND id >="
			" (SELECT max(id) FROM queue WHERE id >= ?2 AND id <= ?1) ORDER BY id"),
	[GET_FIRST] = "SELECT first FROM bounds WHERE number = ?",
	[GET_KEYS] = "SELECT entries FROM key WHERE id >= ? AND id <= ? ORDER BY id DESC LIMIT 1",
	[GET_RUN] = "SELECT id FROM key ORDER BY id DESC LIMIT 1",
	[GET_ROW_START] = "SELECT pos FROM log WHERE pos <= ? ORDER BY pos DESC LIMIT 1",
};

int
segment_reader_open(
    struct segment_reader *reader, const struct log_dir *dir, struct segment *segment)
{
	bool sealed = atomic_load_explicit(&segment->sealed, memory_order_acquire);

	*reader = (struct segment_reader){ .segment = segment, .immutable = sealed, .fd = -1 };
	int rc = segment_open(dir, segment, sealed ? SQL_IMMUTABLE : SQL_READ, &reader->db);
	if (rc != SQLITE_OK)
		return rc;
	segment_ref(segment);
	rc = sql_prepare(reader->db, texts, reader->statements, N_SEGMENT_GETS);
	if (rc != SQLITE_OK)
		segment_reader_close(reader);
	return rc;
}

void
segment_reader_close(struct segment_reader *reader)
{
	if (reader->db == NULL)
		return;
	sqlite3_blob_close(reader->blob);
	sql_finalize(reader->statements, N_SEGMENT_GETS);
	sql_close(reader->db);
	if (reader->fd != -1)
		close(reader->fd);
	segment_unref(reader->segment);
	*reader = (struct segment_reader){ .fd = -1 };
}

void
segment_rest(struct segment_reader *reader)
{
	sqlite3_reset(reader->statements[GET_ROW]);
	reader->row = NULL;
	/* It holds a snapshot of the WAL too; where there is none it may stay. */
	if (!reader->immutable) {
		sqlite3_blob_close(reader->blob);
		reader->blob = NULL;
	}
}

static void
open_for_hints(struct segment_reader *reader)
{
	struct stat status;

	reader->fd = open(reader->segment->path, O_RDONLY | O_CLOEXEC);
	if (reader->fd != -1 && fstat(reader->fd, &status) == 0)
		reader->fd_bytes = status.st_size;
}

void
segment_hint(struct segment_reader *reader, int64_t position, int64_t end)
{
	int64_t first = reader->segment->first;

	if (!reader->immutable || end <= first)
		return;
	if (reader->fd_bytes == 0)
		open_for_hints(reader);
	/* Rows lie in the order of their positions, so this is about where we are. */
	off_t at =
	    (off_t)((double)(position - first) / (double)(end - first) * (double)reader->fd_bytes);

	if (at + HINT_BYTES < reader->hinted && at + 3 * HINT_BYTES > reader->hinted)
		return;
	if (at > reader->hinted || at + 3 * HINT_BYTES < reader->hinted)
		reader->hinted = at;
	if (reader->fd != -1)
		posix_fadvise(reader->fd, reader->hinted, HINT_BYTES, POSIX_FADV_WILLNEED);
	reader->hinted += HINT_BYTES;
}

static enum get_status
corrupt(const struct segment_reader *reader, const char *what, int64_t where)
{
	log_error(
	    "store is corrupt file=%s %s=%lld", reader->segment->path, what, (long long)where);
	return GET_CORRUPT;
}

static enum get_status
failed(const struct segment_reader *reader, int rc)
{
	log_error(
	    "store could not read file=%s error=%s", reader->segment->path, sqlite3_errstr(rc));
	return (rc & 0xff) == SQLITE_CORRUPT ? GET_CORRUPT : GET_FAILED;
}

static enum get_status
get_int64(struct segment_reader *reader, sqlite3_stmt *statement, int64_t *value)
{
	int rc = sqlite3_step(statement);

	if (rc == SQLITE_ROW)
		*value = sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	if (rc == SQLITE_ROW)
		return GET_OK;
	return rc == SQLITE_DONE ? GET_NONE : failed(reader, rc);
}

/* Makes the row that holds the position the one at hand. */
static enum get_status
fetch_row(struct segment_reader *reader, int64_t position)
{
	sqlite3_stmt *statement = reader->statements[GET_ROW];

	segment_rest(reader);
	sqlite3_bind_int64(statement, 1, position);
	int rc = sqlite3_step(statement);
	if (rc == SQLITE_DONE)
		return GET_NONE;
	if (rc != SQLITE_ROW)
		return failed(reader, rc);
	reader->row_position = sqlite3_column_int64(statement, 0);
	reader->row = sqlite3_column_blob(statement, 1);
	reader->row_len = (size_t)sqlite3_column_bytes(statement, 1);
	if (reader->row == NULL)
		return failed(reader, sqlite3_errcode(reader->db));
	return GET_OK;
}

static bool
row_has(const struct segment_reader *reader, int64_t position)
{
	return reader->row != NULL && position >= reader->row_position &&
	       position < reader->row_position + (int64_t)reader->row_len;
}

enum get_status
segment_get_row(
    struct segment_reader *reader, int64_t position, int64_t *start, struct slice *bytes)
{
	enum get_status status = row_has(reader, position) ? GET_OK : fetch_row(reader, position);

	if (status != GET_OK)
		return status;
	if (!row_has(reader, position))
		return GET_NONE;
	*start = reader->row_position;
	*bytes = (struct slice){ reader->row, reader->row_len };
	return GET_OK;
}

/* size 0: as long as it says itself. */
static enum get_status
check_record(const struct segment_reader *reader, int64_t position, uint32_t size,
    struct slice bytes, struct record *record)
{
	/* A position that is not the begin of a record shows here: its own position differs. */
	if (record_decode(bytes.data, bytes.len, record) == -1 || record->position != position)
		return size == 0 ? GET_NONE : corrupt(reader, "position", position);
	if ((size != 0 && record->size != size) || !record_check(record))
		return corrupt(reader, "position", position);
	return GET_OK;
}

enum get_status
segment_get_record(struct segment_reader *reader, int64_t position, uint32_t size,
    struct slice *bytes, struct record *decoded)
{
	int64_t start;
	struct slice row;
	enum get_status status = segment_get_row(reader, position, &start, &row);
	struct record record;

	if (status != GET_OK)
		return status;
	size_t at = (size_t)(position - start);

	*bytes = (struct slice){ row.data + at, row.len - at };
	status = check_record(reader, position, size, *bytes, &record);
	bytes->len = record.size;
	if (decoded != NULL)
		*decoded = record;
	return status;
}

/* Points the blob handle at a row. One that was pointed in vain answers SQLITE_ABORT ever after: it
 * goes. */
static int
open_blob(struct segment_reader *reader, int64_t row)
{
	int rc = reader->blob != NULL ? sqlite3_blob_reopen(reader->blob, row)
	                              : sqlite3_blob_open(reader->db, "main", "log", "records", row,
					    0, &reader->blob);

	if (rc != SQLITE_OK) {
		sqlite3_blob_close(reader->blob);
		reader->blob = NULL;
	}
	return rc;
}

enum get_status
segment_copy_from_row(const struct segment_reader *reader, int64_t position, uint32_t size,
    struct slice rest, char *to)
{
	struct record record;
	enum get_status status = check_record(reader, position, size, rest, &record);

	if (status == GET_OK)
		memcpy(to, rest.data, size);
	return status;
}

enum get_status
segment_copy_record(struct segment_reader *reader, int64_t position, uint32_t size, char *to)
{
	struct record record;
	int64_t row = 0;

	sqlite3_bind_int64(reader->statements[GET_ROW_START], 1, position);
	enum get_status status = get_int64(reader, reader->statements[GET_ROW_START], &row);
	if (status != GET_OK)
		return status;
	int rc = open_blob(reader, row);
	if (rc == SQLITE_OK && position - row + size > sqlite3_blob_bytes(reader->blob))
		return corrupt(reader, "position", position);
	if (rc == SQLITE_OK)
		rc = sqlite3_blob_read(reader->blob, to, (int)size, (int)(position - row));
	if (rc != SQLITE_OK)
		return failed(reader, rc);
	return check_record(reader, position, size, (struct slice){ to, size }, &record);
}

enum get_status
segment_get_first(struct segment_reader *reader, int32_t number, int64_t *first)
{
	sqlite3_bind_int64(reader->statements[GET_FIRST], 1, number);
	return get_int64(reader, reader->statements[GET_FIRST], first);
}

enum get_status
segment_each_entry(struct segment_reader *reader, int32_t number, int64_t offset,
    bool (*found)(void *arg, int64_t offset, struct queue_entry entry), void *arg)
{
	sqlite3_stmt *statement = reader->statements[GET_BLOCKS];
	int64_t next = queue_block_id(number, offset);
	int64_t last = queue_block_id(number + 1, 0) - 1;
	bool more = true, any = false;
	int rc = SQLITE_ROW;

	sqlite3_bind_int64(statement, 1, next);
	sqlite3_bind_int64(statement, 2, queue_block_id(number, 0));
	sqlite3_bind_int64(statement, 3, last);
	while (more && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
		int64_t id = sqlite3_column_int64(statement, 0);
		const void *block = sqlite3_column_blob(statement, 1);
		int64_t n =
		    (int64_t)queue_block_entries((size_t)sqlite3_column_bytes(statement, 1));

		if (id + n <= next && !any)
			break;
		if (id > next) {
			sqlite3_reset(statement);
			return corrupt(reader, "queue_block", id);
		}
		for (; more && next < id + n; next++) {
			more = found(arg, offset + (next - queue_block_id(number, offset)),
			    queue_block_entry(block, (size_t)(next - id)));
			any = true;
		}
	}
	sqlite3_reset(statement);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return failed(reader, rc);
	return any ? GET_OK : GET_NONE;
}

enum get_status
segment_each_tag(struct segment_reader *reader, int64_t from, int64_t end,
    void (*found)(void *arg, int64_t position, int64_t hash), void *arg)
{
	sqlite3_stmt *statement;
	int rc = sqlite3_prepare_v2(reader->db,
	    "SELECT pos, hash FROM tag WHERE pos >= ? AND pos < ? ORDER BY pos", -1, &statement,
	    NULL);

	if (rc != SQLITE_OK)
		return failed(reader, rc);
	sqlite3_bind_int64(statement, 1, from);
	sqlite3_bind_int64(statement, 2, end);
	while ((rc = sqlite3_step(statement)) == SQLITE_ROW)
		found(arg, sqlite3_column_int64(statement, 0), sqlite3_column_int64(statement, 1));
	sqlite3_finalize(statement);
	return rc == SQLITE_DONE ? GET_OK : failed(reader, rc);
}

enum get_status
segment_get_run(struct segment_reader *reader, int64_t *run)
{
	int64_t id = 0;
	enum get_status status = get_int64(reader, reader->statements[GET_RUN], &id);

	*run = status == GET_OK ? id >> KEY_PREFIX_BITS : -1;
	return status == GET_NONE ? GET_OK : status;
}

enum get_status
segment_each_key(struct segment_reader *reader, int64_t run, uint64_t hash,
    void (*found)(void *arg, int64_t position), void *arg)
{
	sqlite3_stmt *statement = reader->statements[GET_KEYS];

	sqlite3_bind_int64(statement, 1, run << KEY_PREFIX_BITS);
	sqlite3_bind_int64(statement, 2, key_block_id(run, hash));
	int rc = sqlite3_step(statement);

	if (rc == SQLITE_ROW)
		key_block_each(sqlite3_column_blob(statement, 0),
		    (size_t)sqlite3_column_bytes(statement, 0), hash, found, arg);
	sqlite3_reset(statement);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? GET_OK : failed(reader, rc);
}
