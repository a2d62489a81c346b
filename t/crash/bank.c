#include "config.h"

#include "t/crash/bank.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/mem.h"

#define BUSY_MS 30000

enum statement { BEGIN, COMMIT, TAKE, DEBIT, LOG, KNOWN, LOOK, BALANCES, N_STATEMENTS };

static const char *const texts[N_STATEMENTS] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[TAKE] = "UPDATE next SET number = number + ?1 RETURNING number",
	[DEBIT] = "UPDATE account SET balance = balance - ?2 WHERE id = ?1",
	[LOG] =
	    "INSERT INTO transfer(id, number, debited) VALUES(?1, ?2, ?3) ON CONFLICT DO NOTHING",
	[KNOWN] = "SELECT debited FROM transfer WHERE id = ?1",
	[LOOK] = "SELECT row, number, debited FROM transfer WHERE row > ?1 ORDER BY row",
	[BALANCES] = "SELECT sum(balance) FROM account",
};

/* Processes die, the machine does not: nothing has to be synced. */
static const char schema[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;"
    "CREATE TABLE IF NOT EXISTS account(id INTEGER PRIMARY KEY, balance INTEGER NOT NULL "
    "CHECK(balance >= 0));"
    "CREATE TABLE IF NOT EXISTS transfer(row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, number "
    "INTEGER NOT NULL,"
    " debited INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS next(one INTEGER PRIMARY KEY, number INTEGER NOT NULL);"
    "INSERT INTO next VALUES(1, 0) ON CONFLICT DO NOTHING;";

struct bank {
	sqlite3 *db;
	sqlite3_stmt *statements[N_STATEMENTS];
	int64_t last_row; /* seen by bank_look */
};

static void __attribute__((noreturn)) give_up(struct bank *bank)
{
	fprintf(stderr, "bank: %s\n", sqlite3_errmsg(bank->db));
	exit(2);
}

/* SQLITE_ROW or SQLITE_DONE; what was bound is the statement's until it is stepped anew. */
static int
step(struct bank *bank, enum statement which)
{
	int rc = sqlite3_step(bank->statements[which]);

	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		give_up(bank);
	return rc;
}

static void
bind(struct bank *bank, enum statement which, int at, int64_t value)
{
	if (sqlite3_bind_int64(bank->statements[which], at, value) != SQLITE_OK)
		give_up(bank);
}

static void
bind_id(struct bank *bank, enum statement which, struct slice id)
{
	if (sqlite3_bind_text(bank->statements[which], 1, id.data, (int)id.len, SQLITE_TRANSIENT) !=
	    SQLITE_OK)
		give_up(bank);
}

static void
run(struct bank *bank, enum statement which)
{
	step(bank, which);
	sqlite3_reset(bank->statements[which]);
}

struct bank *
bank_open(const char *path)
{
	struct bank *bank = mem_zalloc(sizeof *bank);

	if (sqlite3_open(path, &bank->db) != SQLITE_OK ||
	    sqlite3_busy_timeout(bank->db, BUSY_MS) != SQLITE_OK ||
	    sqlite3_exec(bank->db, schema, NULL, NULL, NULL) != SQLITE_OK)
		give_up(bank);
	for (int i = 0; i < BANK_ACCOUNTS; i++) {
		char text[100];

		snprintf(text, sizeof text,
		    "INSERT INTO account VALUES(%d, %d) ON CONFLICT DO NOTHING", i, BANK_BALANCE);
		if (sqlite3_exec(bank->db, text, NULL, NULL, NULL) != SQLITE_OK)
			give_up(bank);
	}
	for (int i = 0; i < N_STATEMENTS; i++)
		if (sqlite3_prepare_v3(bank->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
			&bank->statements[i], NULL) != SQLITE_OK)
			give_up(bank);
	return bank;
}

void
bank_close(struct bank *bank)
{
	for (int i = 0; i < N_STATEMENTS; i++)
		sqlite3_finalize(bank->statements[i]);
	sqlite3_close(bank->db);
	free(bank);
}

int64_t
transfer_amount(uint64_t number)
{
	return 1 + (int64_t)((number * 0x9E3779B97F4A7C15u) >> 54);
}

uint64_t
bank_take_numbers(struct bank *bank, unsigned n)
{
	bind(bank, TAKE, 1, n);
	step(bank, TAKE);

	uint64_t behind = (uint64_t)sqlite3_column_int64(bank->statements[TAKE], 0);

	/* The change is committed when the statement has ended. */
	step(bank, TAKE);
	sqlite3_reset(bank->statements[TAKE]);
	return behind - n;
}

static bool
put_transfer(struct bank *bank, struct slice id, uint64_t number, bool debited)
{
	bind_id(bank, LOG, id);
	bind(bank, LOG, 2, (int64_t)number);
	bind(bank, LOG, 3, debited);
	run(bank, LOG);
	return sqlite3_changes(bank->db) == 1;
}

bool
bank_transfer(struct bank *bank, struct slice id, uint64_t number)
{
	run(bank, BEGIN);

	bool is_new = put_transfer(bank, id, number, true);

	if (is_new) {
		bind(bank, DEBIT, 1, (int64_t)(number % BANK_ACCOUNTS));
		bind(bank, DEBIT, 2, transfer_amount(number));
		run(bank, DEBIT);
	}
	run(bank, COMMIT);
	return is_new;
}

bool
bank_settle(struct bank *bank, struct slice id, uint64_t number)
{
	if (put_transfer(bank, id, number, false))
		return false;
	bind_id(bank, KNOWN, id);

	bool debited =
	    step(bank, KNOWN) == SQLITE_ROW && sqlite3_column_int(bank->statements[KNOWN], 0) != 0;

	sqlite3_reset(bank->statements[KNOWN]);
	return debited;
}

int64_t
bank_look(struct bank *bank, void (*logged)(void *arg, uint64_t number, bool debited), void *arg)
{
	sqlite3_stmt *look = bank->statements[LOOK];
	int64_t balances;

	if (sqlite3_exec(bank->db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
		give_up(bank);
	bind(bank, LOOK, 1, bank->last_row);
	while (step(bank, LOOK) == SQLITE_ROW) {
		bank->last_row = sqlite3_column_int64(look, 0);
		logged(
		    arg, (uint64_t)sqlite3_column_int64(look, 1), sqlite3_column_int(look, 2) != 0);
	}
	sqlite3_reset(look);
	step(bank, BALANCES);
	balances = sqlite3_column_int64(bank->statements[BALANCES], 0);
	sqlite3_reset(bank->statements[BALANCES]);
	run(bank, COMMIT);
	return balances;
}
