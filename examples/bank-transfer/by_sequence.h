#ifndef BANK_TRANSFER_BY_SEQUENCE_H
#define BANK_TRANSFER_BY_SEQUENCE_H

/*
 * The reconciliation without clocks: every transfer has a number, every half message a
 * position in its broker's log, every message an offset in its queue, and bank B
 * knows up to which offset it has read. So each transfer is found as one of these, and what
 * is not is an error that somebody must explain.
 *
 * What is looked at may change meanwhile, and a transfer only goes forward: bank A's books,
 * the broker's list, the queues, bank B's books. Read in this order, with bank B's before the
 * queues, since those only grow, what is booked does not unknown_key_severity through between two
 * of them. A transfer that is begun meanwhile may look odd; look again.
 */

#include "examples/bank-transfer/book_b.h"
#include "examples/bank-transfer/books.h"

enum transfer_outcome {
	OUTCOME_DELIVERED,   /* booked at A, credited at B */
	OUTCOME_IN_FLIGHT,   /* undecided, or B has not read it yet */
	OUTCOME_PARKED,      /* nobody decided in time: mqadmin transactionResume */
	OUTCOME_ROLLED_BACK, /* refused at A, and nothing came to B */
	OUTCOME_NOT_SENT,    /* a number was taken, and no half message was stored */
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

/* Books of both banks behind one handle, and what was not yet told of the brokers. */
sqlite3 *by_sequence_open(const char *directory);

/* 1. Bank A's books: fixes which transfers are looked at. */
void by_sequence_begin(sqlite3 *books);
/* 2. A half message of a broker's list. */
struct known_half {
	struct slice broker;
	int64_t position;
	struct slice transaction_id;
	int64_t id;         /* of the transfer */
	struct slice state; /* "open", "committed", ..., as LIST_TRANSACTIONS says it */
	bool by_check;      /* the broker had to ask */
};
void by_sequence_half(sqlite3 *books, const struct known_half *half);
/* 3. Bank B's books: book_b_queues. 4. A message of the topic; half: position of the half message
 * it was. */
void by_sequence_message(
    sqlite3 *books, const struct message_queue *queue, int64_t offset, int64_t half, int64_t id);
/* 5. What became of each. */
void by_sequence_judge(sqlite3 *books, struct findings *findings);
/* A row for each transfer that is unexplained: id, why. */
sqlite3_stmt *by_sequence_unexplained(sqlite3 *books);
void by_sequence_end(sqlite3 *books);

#endif
