#ifndef BANK_TRANSFER_AUDIT_H
#define BANK_TRANSFER_AUDIT_H

/*
 * The invariant at every moment (RC6): the coins of both banks and those in flight add up to the
 * opening sum, and no transfer is credited that was not booked. Reads the books of both banks only.
 */

#include <stdbool.h>
#include <stdint.h>

#include "examples/common/books.h"

struct audit {
	int64_t opening; /* coins at the beginning */
	int64_t at_a, at_b;
	int64_t begun, booked, credited; /* transfers */
	int64_t refused;                 /* transfers, not booked under another id either */
	int64_t in_flight;               /* booked, not credited */
	int64_t coins_in_flight;
	int64_t strangers; /* credited, but not booked with these accounts and coins */
	int64_t repeats;   /* messages of transfers that bank B had credited before */
};

/* books: from by_sequence_open. Reads bank B first; all that it credited is then found at A. */
void audit_take(sqlite3 *books, struct audit *audit);
bool audit_holds(const struct audit *audit);

#endif
