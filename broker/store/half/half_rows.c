#include "config.h"

#include "broker/store/half/half_rows.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/log.h"

#define LOOK_MS 1000
#define DUE_IN_MAX_MS (INT64_C(366) * 24 * 3600 * 1000) /* a longer one is of a damaged row */
#define FLUSH_CHANGES 16384                             /* in one transaction: it delays the log */

static const char *const texts[N_HALF_PUTS] = {
	[PUT_HALF] = "INSERT OR REPLACE INTO half VALUES(?, ?, ?, ?, ?, ?)",
	[DELETE_HALF] = "DELETE FROM half WHERE position = ?",
};

void
half_rows_init(struct half_rows *rows, struct half_table *table, struct meta *meta)
{
	*rows = (struct half_rows){ .table = table, .meta = meta };
}

void
half_rows_close(struct half_rows *rows)
{
	sql_finalize(rows->statements, N_HALF_PUTS);
}

int64_t
half_rows_position(const struct half_rows *rows, int64_t end)
{
	return rows->table->n_changes != 0 ? rows->table->changes[0].at : end;
}

/* ---- writing --------------------------------------------------------- */

/* How many changes may be written: durable ones that are old enough for a row. */
static size_t
count_ready(const struct half_rows *rows, int64_t synced, bool all)
{
	const struct half_table *table = rows->table;
	size_t most = all ? table->n_changes : rows->n_aged;
	size_t n = 0;

	while (n < most && n < FLUSH_CHANGES && table->changes[n].at < synced)
		n++;
	return n;
}

/* A row's due time is a wall clock's; what was left of the wait bounds what a clock step does to
 * it. */
static int
put_row(sqlite3_stmt *statement, const struct half_entry *entry)
{
	int64_t left_ms = entry->due_ms - clock_mono_ms();

	if (entry->state != HALF_OPEN || entry->taken || left_ms < 0)
		left_ms = 0;
	sqlite3_bind_int64(statement, 1, entry->position);
	sqlite3_bind_int64(statement, 2, entry->state);
	sqlite3_bind_int64(statement, 3, entry->copy);
	sqlite3_bind_int64(statement, 4, clock_wall_ms() + left_ms);
	sqlite3_bind_int64(statement, 5, left_ms);
	sqlite3_bind_int64(statement, 6, entry->n_asked);
	return sql_run(statement);
}

struct rows_flush {
	struct half_rows *rows;
	size_t n;
};

static int
put_rows(void *arg)
{
	const struct rows_flush *flush = arg;
	struct half_table *table = flush->rows->table;
	sqlite3_stmt **statements = flush->rows->statements;
	int rc = SQLITE_OK;

	for (size_t i = 0; i < flush->n && rc == SQLITE_OK; i++) {
		const struct half_changed *change = &table->changes[i];
		struct half_entry *entry = half_table_changed(table, change);

		if (entry != NULL) {
			rc = put_row(statements[PUT_HALF], entry);
			entry->kept = true;
		} else if (change->kept) {
			sqlite3_bind_int64(statements[DELETE_HALF], 1, change->position);
			rc = sql_run(statements[DELETE_HALF]);
		}
	}
	return rc;
}

/*
 * Forgets the first n changes, which are in meta.db now. Of the others it forgets those of half
 * messages that were decided before they had a row, which are most.
 */
static void
forget_changes(struct half_rows *rows, size_t n)
{
	struct half_table *table = rows->table;
	size_t n_left = 0, n_aged = 0;

	for (size_t i = n; i < table->n_changes; i++) {
		const struct half_changed change = table->changes[i];

		if (!change.kept && half_table_changed(table, &change) == NULL)
			continue;
		table->changes[n_left++] = change;
		n_aged += i < rows->n_aged;
	}
	rows->n_aged = n_aged;
	table->n_changes = n_left;
}

int
half_rows_flush_in_ms(const struct half_rows *rows)
{
	int64_t wait = rows->next_look_ms - clock_mono_ms();

	if (rows->table->n_changes == 0)
		return -1;
	return wait > 0 ? (int)wait : 0;
}

/* An SQLite code. */
static int
write_rows(struct half_rows *rows, struct rows_flush *flush)
{
	sqlite3 *db = meta_db(rows->meta);
	int rc = SQLITE_OK;

	if (flush->n == 0)
		return SQLITE_OK;
	if (db == NULL)
		return SQLITE_IOERR_FSYNC;
	if (rows->statements[0] == NULL)
		rc = sql_prepare(db, texts, rows->statements, N_HALF_PUTS);
	return rc == SQLITE_OK ? sql_transaction(db, put_rows, flush) : rc;
}

void
half_rows_flush(struct half_rows *rows, int64_t synced, bool all)
{
	struct rows_flush flush = { .rows = rows };

	forget_changes(rows, 0);
	flush.n = count_ready(rows, synced, all);
	int rc = write_rows(rows, &flush);

	if (rc == SQLITE_OK && flush.n != 0)
		forget_changes(rows, flush.n);
	else if (rc != SQLITE_OK)
		meta_failed(rows->meta, rc);
	/* The rest goes after the next batch, so that the log is not delayed for long. */
	if (rc == SQLITE_OK && flush.n == FLUSH_CHANGES)
		return;
	rows->n_aged = rows->table->n_changes;
	rows->next_look_ms = clock_mono_ms() + LOOK_MS;
}

void
half_rows_flush_all(struct half_rows *rows, int64_t synced)
{
	size_t before;

	do {
		before = rows->table->n_changes;
		half_rows_flush(rows, synced, true);
	} while (rows->table->n_changes != 0 && rows->table->n_changes < before);
}

/* ---- at start -------------------------------------------------------- */

/* When it is due. A stop of the broker or a step of the clock never makes the delay longer. */
static int64_t
due_again_ms(int64_t due_wall_ms, int64_t left_ms)
{
	int64_t now_ms = clock_wall_ms();
	int64_t due_in_ms = due_wall_ms > now_ms ? due_wall_ms - now_ms : 0;

	if (due_in_ms > left_ms)
		due_in_ms = left_ms > 0 ? left_ms : 0;
	return clock_mono_ms() + (due_in_ms < DUE_IN_MAX_MS ? due_in_ms : DUE_IN_MAX_MS);
}

/* Loads one row; false: its values are impossible. */
static bool
load_row(struct half_table *table, sqlite3_stmt *row)
{
	int64_t position = sqlite3_column_int64(row, 0), state = sqlite3_column_int64(row, 1);
	int64_t n_asked = sqlite3_column_int64(row, 5);

	if (position < 0 || state <= HALF_NONE || state > HALF_REVOCABLE || n_asked < 0 ||
	    n_asked > UINT16_MAX)
		return false;
	half_table_load(table,
	    &(struct half_entry){
		.position = position,
		.state = (uint8_t)state,
		.copy = sqlite3_column_int64(row, 2),
		.due_ms = due_again_ms(sqlite3_column_int64(row, 3), sqlite3_column_int64(row, 4)),
		.n_asked = (uint16_t)n_asked,
		.kept = true,
	    });
	return true;
}

int
half_rows_forget(struct half_rows *rows, int64_t from)
{
	char text[80];

	snprintf(text, sizeof text, "DELETE FROM half WHERE position >= %" PRId64, from);
	return sql_exec(meta_db(rows->meta), text);
}

int
half_rows_load(struct half_rows *rows, struct buf *why)
{
	sqlite3_stmt *statement;
	int rc = sqlite3_prepare_v2(meta_db(rows->meta),
	    "SELECT position, state, copy, due_ms, left_ms, n_asked FROM half", -1, &statement,
	    NULL);

	if (rc == SQLITE_OK)
		rc = SQLITE_ROW;
	while (rc == SQLITE_ROW && (rc = sqlite3_step(statement)) == SQLITE_ROW)
		if (!load_row(rows->table, statement))
			rc = SQLITE_CORRUPT;
	sqlite3_finalize(statement);
	if (rc != SQLITE_DONE)
		buf_printf(why, "meta.db cannot be read: table half: %s", sqlite3_errstr(rc));
	return rc == SQLITE_DONE ? 0 : -1;
}
