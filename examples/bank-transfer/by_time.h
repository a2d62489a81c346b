#ifndef BANK_TRANSFER_BY_TIME_H
#define BANK_TRANSFER_BY_TIME_H

/*
 * The reconciliation that banks wrote by hand when no broker asked its producers:
 * bank B reads the old time from t4, writes the present time there, and tells bank A the ids of
 * t5 that are newer; bank A looks for rows of t2 of that time that are not among
 * them, and confirms those again (RC3, RC4).
 *
 * It rests on the clocks of two machines, and so it has holes (RC5):
 *   - a transfer that is booked at the end of a window and credited at the beginning of
 *     the next one is found although nothing is wrong (confirming again does no harm);
 *   - a row that gets its time before the window ends and is committed after bank A looked, or
 *     has the very millisecond at which it ends, is in no window and never found;
 *   - when A's clock is behind B's, all rows of the difference are in a window that
 *     has passed, and never found; when it is ahead, they are found too late or not.
 * by_sequence.h has none of these.
 */

#include "examples/bank-transfer/books.h"

/* Later than `from`, up to `to`: the next one begins where this one ends. */
struct time_window {
	int64_t from, to; /* ms since 1970 */
};

/* Bank B: moves the watermark. all: the window begins with the first transfer. */
struct time_window by_time_window(sqlite3 *b, int64_t now_ms, bool all);
/* Bank B: a row with the id of each transfer credited in the window. */
sqlite3_stmt *by_time_credited(sqlite3 *b, const struct time_window *window);
/* Bank A: notes an id that bank B told; until by_time_forget. */
void by_time_told(sqlite3 *a, int64_t id);
void by_time_forget(sqlite3 *a);
/*
 * Bank A: a row for each transfer booked in the window that was not told: transactionId, broker,
 * position, queueOffset, id.
 */
sqlite3_stmt *by_time_missing(sqlite3 *a, const struct time_window *window);

#endif
