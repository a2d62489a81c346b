#ifndef BANK_TRANSFER_BOOK_B_H
#define BANK_TRANSFER_BOOK_B_H

/*
 * The books of bank B: accounts in t3, the log of credited transfers in t5, the watermark of the
 * reconciliation by time in t4. The offsets of the topic's queues are kept here and not at the
 * broker, so that a credit and the offset behind it are one local transaction. If a message is
 * delivered twice, t5 has its id already, and the money moves once (RC2).
 */

#include <stdint.h>

#include "examples/bank-transfer/bank.h"
#include "examples/common/books.h"

void book_b_create(const char *directory, struct slice ledger);
/* Bank B reads this queue from the offset on. */
void book_b_add_queue(sqlite3 *books, const struct message_queue *queue, int64_t offset);
/* A queue and how far it was read. */
struct queue_place {
	struct message_queue queue;
	int64_t opened; /* the first offset that was read */
	int64_t next;
};
/* All queues, in the arena; returns how many. */
size_t book_b_queues(sqlite3 *books, struct arena *arena, const struct queue_place **places);

/* Between books_begin and books_commit. */
void book_b_credit(sqlite3 *books, const struct transfer *transfer, int64_t now_ms);
void book_b_read_to(sqlite3 *books, const struct message_queue *queue, int64_t next);

#endif
