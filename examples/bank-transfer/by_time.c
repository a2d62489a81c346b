#include "config.h"

#include "examples/bank-transfer/by_time.h"

struct time_window
by_time_window(sqlite3 *b, int64_t now_ms, bool all)
{
	struct time_window window = { .to = now_ms };

	books_begin(b);
	window.from = all ? 0 : books_run(b, "SELECT watermark FROM t4");
	books_run_with(b, "UPDATE t4 SET watermark = ?1", BOOKS_NUMBERS(now_ms));
	books_commit(b);
	return window;
}

static sqlite3_stmt *
prepare(sqlite3 *books, const char *sql, const struct time_window *window)
{
	sqlite3_stmt *statement = books_prepare(books, sql);

	sqlite3_bind_int64(statement, 1, window->from);
	sqlite3_bind_int64(statement, 2, window->to);
	return statement;
}

sqlite3_stmt *
by_time_credited(sqlite3 *b, const struct time_window *window)
{
	return prepare(
	    b, "SELECT id FROM t5 WHERE updateTime > ?1 AND updateTime <= ?2 ORDER BY id", window);
}

void
by_time_forget(sqlite3 *a)
{
	books_run(a, "DROP TABLE IF EXISTS temp.told");
	books_run(a, "CREATE TEMP TABLE told (id INTEGER PRIMARY KEY)");
}

void
by_time_told(sqlite3 *a, int64_t id)
{
	books_run_with(a, "INSERT OR IGNORE INTO told VALUES (?1)", BOOKS_NUMBERS(id));
}

sqlite3_stmt *
by_time_missing(sqlite3 *a, const struct time_window *window)
{
	return prepare(a,
	    "SELECT transactionId, broker, position, queueOffset, id FROM t2 "
	    "WHERE state = 'booked' AND updateTime > ?1 AND updateTime <= ?2 "
	    "AND id NOT IN (SELECT id FROM told) ORDER BY id",
	    window);
}
