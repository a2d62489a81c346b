#include "config.h"

#include "examples/bank-transfer/book_a.h"

static const char create[] =
    "BEGIN;"
    "CREATE TABLE bank (ledger TEXT NOT NULL, opening INTEGER NOT NULL, next INTEGER NOT NULL);"
    "CREATE TABLE t1 (account INTEGER PRIMARY KEY, balance INTEGER NOT NULL CHECK (balance >= 0));"
    "CREATE TABLE t2 ("
    "	transactionId TEXT PRIMARY KEY,"
    "	id INTEGER NOT NULL,"
    "	account INTEGER, payee INTEGER, amount INTEGER NOT NULL,"
    "	state TEXT NOT NULL CHECK (state IN ('booked', 'refused')),"
    "	updateTime INTEGER NOT NULL,"
    "	broker TEXT, position INTEGER, queueOffset INTEGER);"
    "CREATE UNIQUE INDEX t2_booked ON t2 (id) WHERE state = 'booked';"
    "CREATE INDEX t2_time ON t2 (updateTime);"
    "COMMIT";

void
book_a_create(const char *directory, struct slice ledger)
{
	sqlite3 *books = books_open(directory, BOOKS_A, create);
	sqlite3_stmt *statement = books_prepare(books, "INSERT INTO bank VALUES (?1, ?2, 1)");

	books_begin(books);
	books_bind_text(statement, 1, ledger);
	sqlite3_bind_int64(statement, 2, ACCOUNTS * OPENING_BALANCE);
	books_step(statement);
	sqlite3_finalize(statement);
	for (int64_t account = 1; account <= ACCOUNTS; account++)
		books_run_with(books, "INSERT INTO t1 VALUES (?1, ?2)",
		    BOOKS_NUMBERS(account, OPENING_BALANCE));
	books_commit(books);
	books_close(books);
}

int64_t
book_a_take(sqlite3 *books, int64_t transfers)
{
	int64_t id = books_run_with(books,
	    "UPDATE bank SET next = next + 1 WHERE next <= ?1 RETURNING next - 1",
	    BOOKS_NUMBERS(transfers));

	return id == BOOKS_NOTHING ? -1 : id;
}

struct transfer
book_a_order(int64_t seed, int64_t id)
{
	bool too_much = program_random(seed, id, 0, 3) == 0;

	return (struct transfer){
		.id = id,
		.from = 1 + program_random(seed, id, 1, ACCOUNTS),
		.to = 1 + program_random(seed, id, 2, ACCOUNTS),
		.amount = 1 + program_random(seed, id, 3, 100) + (too_much ? OPENING_BALANCE : 0),
	};
}

/* False when the transaction has a row already, because a check refused it. */
static bool
write_row(sqlite3 *books, const struct transfer *transfer, const struct transaction_half *half,
    const char *state, int64_t now_ms)
{
	sqlite3_stmt *statement = books_prepare(
	    books, "INSERT OR IGNORE INTO t2 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");

	books_bind_text(statement, 1, slice_of(half->unique_id));
	sqlite3_bind_int64(statement, 2, transfer->id);
	sqlite3_bind_int64(statement, 3, transfer->from);
	sqlite3_bind_int64(statement, 4, transfer->to);
	sqlite3_bind_int64(statement, 5, transfer->amount);
	books_bind_text(statement, 6, slice_of(state));
	sqlite3_bind_int64(statement, 7, now_ms);
	books_bind_text(statement, 8, slice_of(half->address));
	sqlite3_bind_int64(statement, 9, half->position);
	sqlite3_bind_int64(statement, 10, half->queue_offset);
	books_step(statement);
	sqlite3_finalize(statement);
	return sqlite3_changes(books) == 1;
}

enum transaction_decision
book_a_transfer(sqlite3 *books, const struct transfer *transfer,
    const struct transaction_half *half, int64_t now_ms)
{
	bool booked;

	if (!books_begin(books))
		return DECISION_UNKNOWN;
	booked = books_run_with(books,
		     "UPDATE t1 SET balance = balance - ?2 WHERE account = ?1 AND balance >= ?2 "
		     "RETURNING account",
		     BOOKS_NUMBERS(transfer->from, transfer->amount)) != BOOKS_NOTHING;
	if (!write_row(books, transfer, half, booked ? "booked" : "refused", now_ms)) {
		books_rollback(books);
		return DECISION_ROLLBACK;
	}
	books_commit(books);
	return booked ? DECISION_COMMIT : DECISION_ROLLBACK;
}

static enum transaction_decision
find_decision(sqlite3 *books, struct slice transaction_id)
{
	sqlite3_stmt *statement =
	    books_prepare(books, "SELECT state FROM t2 WHERE transactionId = ?1");
	enum transaction_decision decision = DECISION_UNKNOWN;

	books_bind_text(statement, 1, transaction_id);
	if (books_step(statement))
		decision = slice_is(books_text(statement, 0), "booked") ? DECISION_COMMIT
		                                                        : DECISION_ROLLBACK;
	sqlite3_finalize(statement);
	return decision;
}

enum transaction_decision
book_a_verdict(sqlite3 *books, int64_t id, struct slice transaction_id, int64_t now_ms)
{
	struct transfer refused = { .id = id };
	struct transaction_half half = { .address = NULL };

	if (transaction_id.len >= sizeof half.unique_id)
		return DECISION_UNKNOWN;
	memcpy(half.unique_id, transaction_id.data, transaction_id.len);
	if (!books_begin(books))
		return DECISION_UNKNOWN;
	write_row(books, &refused, &half, "refused", now_ms);
	enum transaction_decision decision = find_decision(books, transaction_id);
	books_commit(books);
	return decision;
}
