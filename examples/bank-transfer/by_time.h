#ifndef BANK_TRANSFER_BY_TIME_H
#define BANK_TRANSFER_BY_TIME_H

/*
 * The reconciliation by time, which banks write themselves when brokers do not ask producers. Bank
 * B reads the old time from t4, replaces it by the present time, and sends bank A the ids in t5
 * that are newer. Bank A commits again every row of t2 of that time which is missing (RC3, RC4).
 *
 * It depends on the clocks of two machines, so it has holes (RC5):
 *   - A transfer that is booked at the end of a window and credited in the next one is found
 *     although nothing is wrong. Committing it again does no harm.
 *   - A row with a time inside the window that is committed after bank A looked is never found.
 *     The same is true of a row with the last millisecond of the window.
 *   - When A's clock is behind B's, the rows of the difference are never found. When it is ahead,
 *     they are found too late or never.
 * by_sequence.h has none of these holes.
 */

#include "examples/common/books.h"

/* Times after `from` up to `to`; the next window begins at `to`. */
struct time_window {
	int64_t from, to; /* ms since 1970 */
};

/* Bank B: moves the watermark. all: the window begins with the first transfer. */
struct time_window by_time_window(sqlite3 *b, int64_t now_ms, bool all);
/* Bank B: a row with the id of each transfer credited in the window. */
sqlite3_stmt *by_time_credited(sqlite3 *b, const struct time_window *window);
/* Bank A: keeps an id that bank B sent, until by_time_forget. */
void by_time_told(sqlite3 *a, int64_t id);
void by_time_forget(sqlite3 *a);
/*
 * Bank A: a row for each transfer that was booked in the window and whose id is not kept:
 * transactionId, broker, position, queueOffset, id.
 */
sqlite3_stmt *by_time_missing(sqlite3 *a, const struct time_window *window);

#endif
