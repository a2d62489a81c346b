#ifndef BANK_TRANSFER_BOOK_A_H
#define BANK_TRANSFER_BOOK_A_H

/*
 * The books of bank A: accounts in t1, the log of transfers in t2. One local transaction debits t1
 * and writes the row of t2 (RC1).
 *
 * A row of t2 belongs to one half message, that is to one transaction id. When a half message is
 * sent again because the first reply was lost, the second one has a row of its own. A unique index
 * admits at most one booked row for each transfer.
 */

#include <stdint.h>

#include "client/twinmq_transaction.h"
#include "examples/bank-transfer/bank.h"
#include "examples/common/books.h"

#define ACCOUNTS 10
#define OPENING_BALANCE 1000000

void book_a_create(const char *directory, struct slice ledger);
/* Takes the number of the next transfer; -1 when `transfers` were taken. */
int64_t book_a_take(sqlite3 *books, int64_t transfers);
/* The customers' order `id`; every third one asks for more than any account has. */
struct transfer book_a_order(int64_t seed, int64_t id);

/* The local transaction. COMMIT: booked; ROLLBACK: refused for good. */
enum transaction_decision book_a_transfer(sqlite3 *books, const struct transfer *transfer,
    const struct transaction_half *half, int64_t now_ms);

/*
 * The outcome of a transaction that a broker asks about, from its row. A missing row proves
 * nothing, because the local transaction may still be running, here or in a twin. So the refusal is
 * written first: the local transaction then finds it and does not book, and ROLLBACK stays true.
 * UNKNOWN when another process holds the lock of the books.
 */
enum transaction_decision book_a_verdict(
    sqlite3 *books, int64_t id, struct slice transaction_id, int64_t now_ms);

#endif
