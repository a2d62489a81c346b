#ifndef BANK_TRANSFER_BY_SEQUENCE_H
#define BANK_TRANSFER_BY_SEQUENCE_H

/*
 * The reconciliation without clocks. Every transfer has a number, every half message a position in
 * its broker's log, every message an offset in its queue, and bank B knows up to which offset it
 * has read. So the outcome of each transfer is known; a transfer without one is an error.
 *
 * The books and the brokers may change meanwhile, but a transfer only moves forward: from bank A's
 * books to the broker's list, to a queue, to bank B's books. They are read in this order, except
 * that bank B's books come before the queues, which only grow. So no booked transfer slips through.
 * A transfer that begins meanwhile may look unexplained; a second look explains it.
 */

#include "examples/bank-transfer/book_b.h"
#include "examples/common/books.h"

enum transfer_outcome {
	OUTCOME_DELIVERED,   /* booked at A, credited at B */
	OUTCOME_IN_FLIGHT,   /* undecided, or not yet read by B */
	OUTCOME_PARKED,      /* not decided in time: mqadmin transactionResume */
	OUTCOME_ROLLED_BACK, /* refused at A, and not credited at B */
	OUTCOME_NOT_SENT,    /* its number was taken, but no half message was stored */
	OUTCOME_UNEXPLAINED,
	N_OUTCOMES
};

const char *outcome_name(enum transfer_outcome outcome);

struct findings {
	struct {
		int64_t transfers, coins;
	} outcomes[N_OUTCOMES];
	int64_t decided_by_check; /* half messages: the broker had to ask */
};

/* Opens the books of both banks with one handle. */
sqlite3 *by_sequence_open(const char *directory);

/* 1. Fixes the set of transfers, from bank A's books. */
void by_sequence_begin(sqlite3 *books);
/* 2. Takes a half message from a broker's list. */
struct known_half {
	struct slice broker;
	int64_t position;
	struct slice transaction_id;
	int64_t id;         /* of the transfer */
	struct slice state; /* "open", "committed" ..., as in LIST_TRANSACTIONS */
	bool by_check;      /* the broker had to ask */
};
void by_sequence_half(sqlite3 *books, const struct known_half *half);
/*
 * 3. Read bank B's books with book_b_queues. 4. Takes a message of the topic; half: the position of
 * its half message.
 */
void by_sequence_message(
    sqlite3 *books, const struct message_queue *queue, int64_t offset, int64_t half, int64_t id);
/* 5. Finds the outcome of each transfer. */
void by_sequence_judge(sqlite3 *books, struct findings *findings);
/* A row for each unexplained transfer: id, reason. */
sqlite3_stmt *by_sequence_unexplained(sqlite3 *books);
void by_sequence_end(sqlite3 *books);

#endif
