#include "config.h"

/*
 * trend.db: the names of series, and for each step one row with the values of all that moved. A row
 * is written once and read whole, so a step costs the same few pages however many series there are,
 * and 10,000 busy topics take about 130 KB. The database is no truth: one that cannot be read is
 * made anew.
 */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "broker/trend/trend_private.h"
#include "common/base/log.h"
#include "common/base/mem.h"

#define TREND_DB_VERSION 1
#define NAME_KEPT_MS (3600 * INT64_C(1000)) /* how far a series in trend.db may lag behind */
#define KEPT_MS (TREND_STEPS * TREND_STEP_MS)

static const char schema[] = "CREATE TABLE series(id INTEGER PRIMARY KEY, key BLOB NOT NULL, last "
			     "INTEGER NOT NULL);"
			     "CREATE TABLE steps(id INTEGER PRIMARY KEY, step INTEGER NOT NULL, "
			     "diskUsed INTEGER NOT NULL, diskTotal INTEGER NOT NULL, data BLOB NOT "
			     "NULL);"
			     "PRAGMA user_version = 1;";

/* ---- values as bytes ---------------------------------------------------------------------- */

/* Seven bits a byte, the lowest first; the eighth says that there are more. */
static void
put_number(struct buf *out, uint64_t number)
{
	for (; number >= 0x80; number >>= 7)
		buf_append_char(out, (char)(number | 0x80));
	buf_append_char(out, (char)number);
}

static bool
get_number(struct slice *data, uint64_t *number)
{
	*number = 0;
	for (unsigned shift = 0; shift < 64 && data->len != 0; shift += 7) {
		unsigned char byte = (unsigned char)*data->data++;

		data->len--;
		*number |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return true;
	}
	return false;
}

static bool
has_moved(const struct trend_value *value)
{
	return value->in != 0 || value->out != 0 || value->lag != 0;
}

static void
put_value(struct buf *out, const struct trend_series *series)
{
	put_number(out, series->id);
	put_number(out, series->now.in);
	put_number(out, series->now.in_bytes);
	put_number(out, series->now.out);
	put_number(out, series->now.out_bytes);
	put_number(out, (uint64_t)series->now.lag);
}

bool
trend_data_next(struct slice *data, uint32_t *id, struct trend_value *value)
{
	uint64_t number, lag;

	if (!get_number(data, &number) || number > UINT32_MAX || !get_number(data, &value->in) ||
	    !get_number(data, &value->in_bytes) || !get_number(data, &value->out) ||
	    !get_number(data, &value->out_bytes) || !get_number(data, &lag) || lag > INT64_MAX)
		return false;
	*id = (uint32_t)number;
	value->lag = (int64_t)lag;
	return true;
}

/* ---- opening ------------------------------------------------------------------------------ */

static int
read_version(sqlite3 *db, int *version)
{
	sqlite3_stmt *statement;
	int rc = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &statement, NULL);

	if (rc == SQLITE_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW)
		*version = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

static int
prepare(struct trends *trends)
{
	int rc = sqlite3_prepare_v3(trends->db,
	    "INSERT INTO steps(step, diskUsed, diskTotal, data) VALUES(?1, ?2, ?3, ?4)", -1,
	    SQLITE_PREPARE_PERSISTENT, &trends->insert_step, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v3(trends->db,
		    "INSERT INTO series(id, key, last) VALUES(?1, ?2, ?3) "
		    "ON CONFLICT(id) DO UPDATE SET key = ?2, last = ?3",
		    -1, SQLITE_PREPARE_PERSISTENT, &trends->put_series, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v3(trends->db,
		    "SELECT step, diskUsed, diskTotal, data FROM steps WHERE step >= ?1 ORDER BY "
		    "id",
		    -1, SQLITE_PREPARE_PERSISTENT, &trends->select_steps, NULL);
	return rc;
}

/* One series of trend.db; what is no such row is left out. */
static void
load_row(struct trends *trends, sqlite3_stmt *statement)
{
	int64_t id = sqlite3_column_int64(statement, 0);
	struct slice key = { sqlite3_column_blob(statement, 1),
		(size_t)sqlite3_column_bytes(statement, 1) };
	struct trend_series *series;

	if (id < 0 || id > INT32_MAX || key.len < 1 || key.len > 255 ||
	    strmap_find(&trends->series, key) != NULL ||
	    ((size_t)id < trends->n_ids && trends->series_by_id[id] != NULL) ||
	    (size_t)id > trends->n_ids + (1 << 20))
		return;
	series = mem_zalloc(sizeof *series);
	strmap_put(&trends->series, key, series);
	series->key = strmap_key(strmap_get(&trends->series, key));
	series->id = (uint32_t)id;
	series->kept_ms = series->last_ms = sqlite3_column_int64(statement, 2);
	if ((size_t)id >= trends->n_ids) {
		trends->series_by_id = mem_realloc(
		    trends->series_by_id, ((size_t)id + 1) * sizeof(struct trend_series *));
		while (trends->n_ids <= (size_t)id)
			trends->series_by_id[trends->n_ids++] = NULL;
	}
	trends->series_by_id[id] = series;
}

static int
load_series(struct trends *trends)
{
	sqlite3_stmt *statement;
	int rc = sqlite3_prepare_v2(
	    trends->db, "SELECT id, key, last FROM series ORDER BY id", -1, &statement, NULL);

	while (rc == SQLITE_OK || rc == SQLITE_ROW) {
		rc = sqlite3_step(statement);
		if (rc == SQLITE_ROW)
			load_row(trends, statement);
	}
	sqlite3_finalize(statement);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int
try_open(struct trends *trends, const char *path)
{
	int version = 0;
	int rc = sqlite3_open_v2(path, &trends->db,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_exec(trends->db,
		    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; "
		    "PRAGMA journal_size_limit = 1048576",
		    NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = read_version(trends->db, &version);
	if (rc == SQLITE_OK && version == 0)
		rc = sqlite3_exec(trends->db, schema, NULL, NULL, NULL);
	else if (rc == SQLITE_OK && version != TREND_DB_VERSION)
		rc = SQLITE_MISMATCH;
	if (rc == SQLITE_OK)
		rc = prepare(trends);
	return rc == SQLITE_OK ? load_series(trends) : rc;
}

static bool
is_damaged(int rc)
{
	return (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB ||
	       (rc & 0xff) == SQLITE_ERROR;
}

static void
remove_files(const char *path)
{
	static const char *const endings[] = { "", "-wal", "-shm" };

	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		struct buf name = { 0 };

		buf_printf(&name, "%s%s", path, endings[i]);
		unlink(buf_text(&name));
		buf_release(&name);
	}
}

static void
on_old_step(void *arg, const struct trend_row *row)
{
	trend_note_disk(arg, row->step_ms, row->disk.used);
}

void
trend_db_open(struct trends *trends)
{
	struct buf path = { 0 };

	buf_printf(&path, "%s/trend.db", trends->broker->settings->store_path_root_dir);
	int rc = try_open(trends, buf_text(&path));

	if (is_damaged(rc)) {
		log_warn("trend.db is damaged and made anew error=%s", sqlite3_errstr(rc));
		trend_db_close(trends);
		remove_files(buf_text(&path));
		rc = try_open(trends, buf_text(&path));
	}
	if (rc != SQLITE_OK) {
		log_error("trends are not kept, trend.db cannot be used error=%s",
		    rc == SQLITE_MISMATCH ? "it is of a newer version" : sqlite3_errstr(rc));
		trend_db_close(trends);
	}
	buf_release(&path);
	trend_db_each(trends, trends->step_ms - KEPT_MS, on_old_step, trends);
}

void
trend_db_close(struct trends *trends)
{
	sqlite3_finalize(trends->insert_step);
	sqlite3_finalize(trends->put_series);
	sqlite3_finalize(trends->select_steps);
	trends->insert_step = trends->put_series = trends->select_steps = NULL;
	sqlite3_close(trends->db);
	trends->db = NULL;
}

/* ---- writing ------------------------------------------------------------------------------ */

static int
run(sqlite3_stmt *statement)
{
	int rc = sqlite3_step(statement);

	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int
write_series(struct trends *trends, struct trend_series *series)
{
	sqlite3_stmt *statement = trends->put_series;

	sqlite3_bind_int64(statement, 1, series->id);
	sqlite3_bind_blob(statement, 2, series->key.data, (int)series->key.len, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 3, trends->step_ms);
	int rc = run(statement);

	if (rc == SQLITE_OK)
		series->kept_ms = trends->step_ms;
	return rc;
}

/* The values of what moved, and the names that trend.db does not have yet. */
static int
write_values(struct trends *trends, struct buf *data)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; i < trends->n_ids && rc == SQLITE_OK; i++) {
		struct trend_series *series = trends->series_by_id[i];

		if (series == NULL || !has_moved(&series->now))
			continue;
		series->last_ms = trends->step_ms;
		put_value(data, series);
		if (series->kept_ms == 0 || series->last_ms - series->kept_ms >= NAME_KEPT_MS ||
		    series->last_ms < series->kept_ms)
			rc = write_series(trends, series);
	}
	return rc;
}

static int
write_step(struct trends *trends, const struct buf *data)
{
	sqlite3_stmt *statement = trends->insert_step;

	sqlite3_bind_int64(statement, 1, trends->step_ms);
	sqlite3_bind_int64(statement, 2, trends->disk.used);
	sqlite3_bind_int64(statement, 3, trends->disk.total);
	sqlite3_bind_blob(statement, 4, buf_slice(data).data, (int)data->len, SQLITE_STATIC);
	return run(statement);
}

/* A step stays a day; a clock that was ahead leaves nothing behind. */
static int
forget_old(struct trends *trends)
{
	char text[256];

	snprintf(text, sizeof text,
	    "DELETE FROM steps WHERE step <= %lld OR step > %lld;"
	    "DELETE FROM series WHERE last <= %lld OR last > %lld",
	    (long long)(trends->step_ms - KEPT_MS), (long long)(trends->step_ms + KEPT_MS),
	    (long long)(trends->step_ms - KEPT_MS - 2 * NAME_KEPT_MS),
	    (long long)(trends->step_ms + KEPT_MS + 2 * NAME_KEPT_MS));
	return sqlite3_exec(trends->db, text, NULL, NULL, NULL);
}

/* The ids of series that no row names any more may be given again. */
static void
forget_series(struct trends *trends)
{
	int64_t first_ms = trends->step_ms - KEPT_MS - 2 * NAME_KEPT_MS;
	int64_t last_ms = trends->step_ms + KEPT_MS + 2 * NAME_KEPT_MS;

	for (size_t i = 0; i < trends->n_ids; i++) {
		struct trend_series *series = trends->series_by_id[i];

		if (series == NULL || has_moved(&series->now) ||
		    (series->last_ms > first_ms && series->last_ms <= last_ms))
			continue;
		trends->series_by_id[i] = NULL;
		free(strmap_take(&trends->series, series->key));
	}
}

/* What trend.db has of series is not known any more: each is written again when it moves. */
static void
roll_back(struct trends *trends)
{
	sqlite3_exec(trends->db, "ROLLBACK", NULL, NULL, NULL);
	for (size_t i = 0; i < trends->n_ids; i++)
		if (trends->series_by_id[i] != NULL)
			trends->series_by_id[i]->kept_ms = 0;
}

void
trend_db_write(struct trends *trends)
{
	struct buf data = { 0 };

	if (trends->db != NULL) {
		int rc = sqlite3_exec(trends->db, "BEGIN", NULL, NULL, NULL);

		if (rc == SQLITE_OK)
			rc = write_values(trends, &data);
		if (rc == SQLITE_OK)
			rc = write_step(trends, &data);
		if (rc == SQLITE_OK)
			rc = forget_old(trends);
		if (rc == SQLITE_OK)
			rc = sqlite3_exec(trends->db, "COMMIT", NULL, NULL, NULL);
		if (rc != SQLITE_OK)
			roll_back(trends);
		if (rc != SQLITE_OK && !trends->write_failed)
			log_error("trend.db could not be written, five minutes of trends are lost "
				  "error=%s",
			    sqlite3_errstr(rc));
		trends->write_failed = rc != SQLITE_OK;
		buf_release(&data);
	}
	forget_series(trends);
}

/* ---- reading ------------------------------------------------------------------------------ */

void
trend_db_each(struct trends *trends, int64_t from_ms,
    void (*row)(void *arg, const struct trend_row *row), void *arg)
{
	sqlite3_stmt *statement = trends->select_steps;

	if (trends->db == NULL)
		return;
	sqlite3_bind_int64(statement, 1, from_ms);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		struct trend_row one = {
			.step_ms = sqlite3_column_int64(statement, 0),
			.disk = { sqlite3_column_int64(statement, 1),
			    sqlite3_column_int64(statement, 2) },
			.data = { sqlite3_column_blob(statement, 3),
			    (size_t)sqlite3_column_bytes(statement, 3) },
		};

		row(arg, &one);
	}
	sqlite3_reset(statement);
}
