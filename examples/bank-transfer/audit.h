#ifndef BANK_TRANSFER_AUDIT_H
#define BANK_TRANSFER_AUDIT_H

/*
 * What must hold at every moment (RC6): the coins of both banks and those on the way are as many as
 * there were at first, and nothing is credited that was not booked. Both from books only.
 */

#include <stdbool.h>
#include <stdint.h>

#include "examples/bank-transfer/books.h"

struct audit {
	int64_t opening; /* coins there were at first */
	int64_t at_a, at_b;
	int64_t begun, booked, refused,
	    credited;      /* transfers; refused: not booked under another id */
	int64_t in_flight; /* booked, not credited */
	int64_t coins_in_flight;
	int64_t strangers; /* credited, but not booked so */
	int64_t repeats;   /* messages that bank B had credited before */
};

/* books: of by_sequence_open. Bank B is read first, so that what it credited is found at A. */
void audit_take(sqlite3 *books, struct audit *audit);
bool audit_holds(const struct audit *audit);

#endif
