#ifndef STORE_TIMED_ROWS_H
#define STORE_TIMED_ROWS_H

/* timer.db, and between it and the table in memory: inside the room. */

#include "broker/store/timed/timed_table.h"

enum timed_mark_kind { TIMED_MARK_NONE, TIMED_MARK_MESSAGE, TIMED_MARK_LEVEL, TIMED_MARK_ADOPT };

/* Sets change's position, or its queue and `to`. */
enum timed_mark_kind timed_mark_read(int64_t mark, struct timed_change *change);

/* ---- the table in memory ---- */

/* Of either clock; NULL: not in memory. */
struct half_entry *timed_table_find(
    struct timed_table *table, int64_t position, enum timed_clock *clock);
/* It waits. */
void timed_table_put(
    struct timed_table *table, enum timed_clock clock, int64_t position, int64_t due_ms);
/* It waits no more, by a commit that begins at `end`. */
void timed_table_end(struct timed_table *table, int64_t position, int64_t end);

/* ---- rows ---- */

/* Makes timer.db, for a log that ends there; 0 or -1, logged. */
int timed_rows_create(struct timed_table *table, int64_t end);
void timed_rows_close(struct timed_table *table);
/*
 * From here on each transaction is whole, a power cut may take the last ones, and somebody else
 * checkpoints (timed_table_wants_checkpoint). An SQLite code.
 */
int timed_rows_relax(struct timed_table *table);
bool timed_rows_find(struct timed_table *table, int64_t position, struct timed *row);
/* The next row of a statement that selects position and due. */
bool timed_rows_next(sqlite3_stmt *rows, struct timed *row);
/* The number of a row's due time: the steady clock's first, then the wall clock's. */
int64_t timed_row_due(enum timed_clock clock, int64_t due_ms);
/* Where the next replay begins; an SQLite code. */
int timed_rows_put_position(struct timed_table *table, int64_t position);
/* Answers of timed_job. */
void timed_rows_old(struct timed_table *table, struct timed_job *job);
void timed_rows_list(struct timed_table *table, struct timed_job *job);

#endif
