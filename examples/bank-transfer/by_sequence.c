#include "config.h"

#include "examples/bank-transfer/by_sequence.h"

#include "common/base/log.h"

static const char tables[] =
    "CREATE TEMP TABLE half (broker TEXT, position INTEGER, transactionId TEXT, id INTEGER,"
    "	state TEXT, byCheck INTEGER, PRIMARY KEY (broker, position));"
    "CREATE INDEX temp.half_id ON half (id);"
    "CREATE TEMP TABLE message (broker TEXT, queue INTEGER, offset INTEGER, position INTEGER,"
    "	id INTEGER, PRIMARY KEY (broker, queue, offset));"
    "CREATE INDEX temp.message_id ON message (id);"
    "CREATE TEMP TABLE transfer (id INTEGER PRIMARY KEY, transactionId TEXT, amount INTEGER,"
    "	refused INTEGER NOT NULL);"
    "CREATE TEMP TABLE verdict (id INTEGER, outcome INTEGER, coins INTEGER, why TEXT);";

/* Of each number that was taken: how it was booked, if it was. */
static const char take_transfers[] =
    "WITH RECURSIVE number (id) AS (SELECT 1 WHERE (SELECT next FROM main.bank) > 1"
    "	UNION ALL SELECT id + 1 FROM number WHERE id + 1 < (SELECT next FROM main.bank))"
    "INSERT INTO transfer SELECT number.id, t2.transactionId, ifnull(t2.amount, 0),"
    "	EXISTS (SELECT 1 FROM t2 WHERE t2.id = number.id AND state = 'refused')"
    "	FROM number LEFT JOIN t2 ON t2.id = number.id AND t2.state = 'booked'";

/* The outcomes are those of enum transfer_outcome, by number. */
static const char judge[] =
    "WITH fact AS (SELECT transfer.id, transfer.amount, transfer.refused,"
    "	transfer.transactionId IS NOT NULL AS booked, t5.amount AS credited,"
    "	(SELECT count(*) FROM message WHERE message.id = transfer.id) AS messages,"
    "	(SELECT count(*) FROM message JOIN b.queues AS q ON q.broker = message.broker"
    "		AND q.id = queue AND offset >= q.next WHERE message.id = transfer.id) AS unread,"
    "	(SELECT state FROM half WHERE half.id = transfer.id"
    "		AND half.transactionId = transfer.transactionId) AS own,"
    "	(SELECT group_concat(state) FROM half WHERE half.id = transfer.id) AS others"
    "	FROM transfer LEFT JOIN b.t5 ON t5.id = transfer.id)"
    "INSERT INTO verdict SELECT id,"
    "	CASE WHEN booked THEN CASE"
    "		WHEN credited = amount AND messages > 0 THEN 0"
    "		WHEN credited IS NOT NULL THEN 5"
    "		WHEN unread > 0 THEN 1"
    "		WHEN messages > 0 THEN 5"
    "		WHEN own = 'open' THEN 1"
    "		WHEN own = 'parked' THEN 2"
    "		ELSE 5 END"
    "	WHEN credited IS NOT NULL OR messages > 0 THEN 5"
    "	WHEN others IS NULL THEN CASE WHEN refused THEN 3 ELSE 4 END"
    "	WHEN instr(others, 'open') THEN 1"
    "	WHEN instr(others, 'parked') THEN 2"
    "	WHEN instr(others, 'committed') THEN 5"
    "	ELSE 3 END, amount,"
    "	printf('booked %d, credited %s, messages %d of which unread %d, half messages %s', booked,"
    "		ifnull(credited, 'no'), messages, unread, ifnull(others, 'none')) FROM fact";

/* A half message is delivered once. */
static const char judge_repeats[] =
    "INSERT INTO verdict SELECT id, 5, 0, 'its half message was delivered ' || count(*) || ' times'"
    "	FROM message GROUP BY broker, position HAVING count(*) > 1";

const char *
outcome_name(enum transfer_outcome outcome)
{
	static const char *const names[N_OUTCOMES] = {
		[OUTCOME_DELIVERED] = "delivered",
		[OUTCOME_IN_FLIGHT] = "in flight",
		[OUTCOME_PARKED] = "parked",
		[OUTCOME_ROLLED_BACK] = "rolled back",
		[OUTCOME_NOT_SENT] = "not sent",
		[OUTCOME_UNEXPLAINED] = "unexplained",
	};

	return names[outcome];
}

sqlite3 *
by_sequence_open(const char *directory)
{
	sqlite3 *books = books_open(directory, BOOKS_A, NULL);

	books_attach(books, directory, BOOKS_B, "b");
	books_script(books, tables);
	return books;
}

/* One snapshot of each bank's books: A's from here on, B's from when it is first read. */
void
by_sequence_begin(sqlite3 *books)
{
	books_script(books, "DELETE FROM half; DELETE FROM message; DELETE FROM transfer;"
			    "DELETE FROM verdict; BEGIN");
	books_script(books, take_transfers);
}

void
by_sequence_half(sqlite3 *books, const struct known_half *half)
{
	sqlite3_stmt *statement =
	    books_prepare(books, "INSERT OR REPLACE INTO half VALUES (?1, ?2, ?3, ?4, ?5, ?6)");

	books_bind_text(statement, 1, half->broker);
	sqlite3_bind_int64(statement, 2, half->position);
	books_bind_text(statement, 3, half->transaction_id);
	sqlite3_bind_int64(statement, 4, half->id);
	books_bind_text(statement, 5, half->state);
	sqlite3_bind_int(statement, 6, half->by_check);
	books_step(statement);
	sqlite3_finalize(statement);
}

void
by_sequence_message(
    sqlite3 *books, const struct message_queue *queue, int64_t offset, int64_t half, int64_t id)
{
	sqlite3_stmt *statement =
	    books_prepare(books, "INSERT OR REPLACE INTO message VALUES (?1, ?2, ?3, ?4, ?5)");

	books_bind_text(statement, 1, queue->broker_name);
	sqlite3_bind_int64(statement, 2, queue->id);
	sqlite3_bind_int64(statement, 3, offset);
	sqlite3_bind_int64(statement, 4, half);
	sqlite3_bind_int64(statement, 5, id);
	books_step(statement);
	sqlite3_finalize(statement);
}

void
by_sequence_judge(sqlite3 *books, struct findings *findings)
{
	books_script(books, judge);
	books_script(books, judge_repeats);
	sqlite3_stmt *sums =
	    books_prepare(books, "SELECT outcome, count(*), sum(coins) FROM verdict GROUP BY 1");

	*findings = (struct findings){ 0 };
	while (books_step(sums)) {
		int outcome = sqlite3_column_int(sums, 0);

		findings->outcomes[outcome].transfers = sqlite3_column_int64(sums, 1);
		findings->outcomes[outcome].coins = sqlite3_column_int64(sums, 2);
	}
	sqlite3_finalize(sums);
	findings->decided_by_check = books_run(books, "SELECT count(*) FROM half WHERE byCheck");
}

sqlite3_stmt *
by_sequence_unexplained(sqlite3 *books)
{
	sqlite3_stmt *rows =
	    books_prepare(books, "SELECT id, why FROM verdict WHERE outcome = ?1 ORDER BY id");

	sqlite3_bind_int(rows, 1, OUTCOME_UNEXPLAINED);
	return rows;
}

void
by_sequence_end(sqlite3 *books)
{
	books_commit(books);
}
