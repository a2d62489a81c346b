#ifndef BANK_TRANSFER_BOOK_B_H
#define BANK_TRANSFER_BOOK_B_H

/*
 * Bank B's side: t3 has the accounts, t5 is the log of transfers that arrived, t4 the watermark of
 * the reconciliation by time. How far each queue of the topic was read is kept here as well,
 * not with the broker: the credit and the offset behind it are one local transaction.
 * Should a message come twice all the same, t5 has its id already, and the money
 * moves once (RC2).
 */

#include <stdint.h>

#include "examples/bank-transfer/bank.h"
#include "examples/bank-transfer/books.h"

void book_b_create(const char *directory, struct slice ledger);
/* A queue that bank B reads, from now on at this offset. */
void book_b_add_queue(sqlite3 *books, const struct message_queue *queue, int64_t offset);
/* All of them; texts in the arena. How many there are. */
struct queue_place {
	struct message_queue queue;
	int64_t opened; /* where the reading began */
	int64_t next;
};
size_t book_b_queues(sqlite3 *books, struct arena *arena, const struct queue_place **places);

/* Within books_begin and books_commit. */
void book_b_credit(sqlite3 *books, const struct transfer *transfer, int64_t now_ms);
void book_b_read_to(sqlite3 *books, const struct message_queue *queue, int64_t next);

#endif
