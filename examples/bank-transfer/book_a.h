#ifndef BANK_TRANSFER_BOOK_A_H
#define BANK_TRANSFER_BOOK_A_H

/*
 * Bank A's side: t1 has the accounts, t2 is the log of transfers. A transfer is booked by one local
 * transaction that debits t1 and writes the row of t2 (RC1), or it is not booked.
 *
 * A row of t2 belongs to one half message (one transaction id). A half message that was
 * sent again, because nobody knew whether the first one had arrived, is another
 * row; of one transfer at most one is ever booked, by an index.
 */

#include <stdint.h>

#include "client/twinmq_transaction.h"
#include "examples/bank-transfer/bank.h"
#include "examples/bank-transfer/books.h"

#define ACCOUNTS 10
#define OPENING_BALANCE 1000000

void book_a_create(const char *directory, struct slice ledger);
/* The next transfer that nobody has begun, of so many in all; -1: they are all begun. */
int64_t book_a_take(sqlite3 *books, int64_t transfers);
/* Customers' order number id; one in three asks for more than the account ever had. */
struct transfer book_a_order(int64_t seed, int64_t id);

/* The local transaction: COMMIT when it is booked, ROLLBACK when it never will be. */
enum transaction_decision book_a_transfer(sqlite3 *books, const struct transfer *transfer,
    const struct transaction_half *half, int64_t now_ms);

/*
 * How the transaction ended that a broker asks about. The row says it. Where there is none,
 * the local transaction may still be running, here or in a twin, so "no row" alone is no
 * evidence. The refusal is written first: then the local transaction finds it and
 * cannot book any more, and ROLLBACK is true for ever. UNKNOWN when the books are held by somebody.
 */
enum transaction_decision book_a_verdict(
    sqlite3 *books, int64_t id, struct slice transaction_id, int64_t now_ms);

#endif
