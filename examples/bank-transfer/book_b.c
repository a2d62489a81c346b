#include "config.h"

#include "examples/bank-transfer/book_b.h"

static const char create[] =
    "BEGIN;"
    "CREATE TABLE bank (ledger TEXT NOT NULL, repeats INTEGER NOT NULL);"
    "CREATE TABLE t3 (account INTEGER PRIMARY KEY, balance INTEGER NOT NULL);"
    "CREATE TABLE t4 (watermark INTEGER NOT NULL);"
    "CREATE TABLE t5 (id INTEGER PRIMARY KEY, account INTEGER NOT NULL, amount INTEGER NOT NULL,"
    "	updateTime INTEGER NOT NULL);"
    "CREATE INDEX t5_time ON t5 (updateTime);"
    "CREATE TABLE queues (broker TEXT, id INTEGER, opened INTEGER NOT NULL, next INTEGER NOT NULL,"
    "	PRIMARY KEY (broker, id));"
    "INSERT INTO t4 VALUES (0);"
    "COMMIT";

void
book_b_create(const char *directory, struct slice ledger)
{
	sqlite3 *books = books_open(directory, BOOKS_B, create);
	sqlite3_stmt *statement = books_prepare(books, "INSERT INTO bank VALUES (?1, 0)");

	books_bind_text(statement, 1, ledger);
	books_step(statement);
	sqlite3_finalize(statement);
	books_close(books);
}

static void
change_queue(sqlite3 *books, const char *sql, const struct message_queue *queue, int64_t offset)
{
	sqlite3_stmt *statement = books_prepare(books, sql);

	books_bind_text(statement, 1, queue->broker_name);
	sqlite3_bind_int64(statement, 2, queue->id);
	sqlite3_bind_int64(statement, 3, offset);
	books_step(statement);
	sqlite3_finalize(statement);
}

void
book_b_add_queue(sqlite3 *books, const struct message_queue *queue, int64_t offset)
{
	change_queue(books, "INSERT INTO queues VALUES (?1, ?2, ?3, ?3)", queue, offset);
}

void
book_b_read_to(sqlite3 *books, const struct message_queue *queue, int64_t next)
{
	change_queue(
	    books, "UPDATE queues SET next = ?3 WHERE broker = ?1 AND id = ?2", queue, next);
}

size_t
book_b_queues(sqlite3 *books, struct arena *arena, const struct queue_place **places)
{
	size_t n = (size_t)books_run(books, "SELECT count(*) FROM queues"), i = 0;
	struct queue_place *place = arena_alloc(arena, n * sizeof *place);
	sqlite3_stmt *statement =
	    books_prepare(books, "SELECT broker, id, opened, next FROM queues ORDER BY broker, id");

	while (i < n && books_step(statement))
		place[i++] = (struct queue_place){
			.queue = { .topic = SLICE(BANK_TOPIC),
			    .broker_name = arena_copy(arena, books_text(statement, 0)),
			    .id = sqlite3_column_int(statement, 1) },
			.opened = sqlite3_column_int64(statement, 2),
			.next = sqlite3_column_int64(statement, 3),
		};
	sqlite3_finalize(statement);
	*places = place;
	return i;
}

void
book_b_credit(sqlite3 *books, const struct transfer *transfer, int64_t now_ms)
{
	int64_t id =
	    books_run_with(books, "INSERT OR IGNORE INTO t5 VALUES (?1, ?2, ?3, ?4) RETURNING id",
		BOOKS_NUMBERS(transfer->id, transfer->to, transfer->amount, now_ms));

	if (id == BOOKS_NOTHING)
		books_run(books, "UPDATE bank SET repeats = repeats + 1");
	else
		books_run_with(books,
		    "INSERT INTO t3 VALUES (?1, ?2) "
		    "ON CONFLICT DO UPDATE SET balance = balance + excluded.balance",
		    BOOKS_NUMBERS(transfer->to, transfer->amount));
}
