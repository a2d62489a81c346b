#ifndef STORE_HALF_ROWS_H
#define STORE_HALF_ROWS_H

/*
 * Half messages that stay open for more than a second or two get a row in meta.db, so that a start
 * need not read the log from the oldest one on. Most are decided sooner and never get a row.
 *
 * The rows lag behind the log: `halves` in the live segment's info is the position where a replay
 * begins. They never lead it: a row is deleted only after the decision is synced, and a start drops
 * the rows of half messages that a power cut removed from the log.
 *
 * The writer's; the main thread's before start and after stop.
 */

#include "broker/store/half/half_table.h"
#include "broker/store/meta/meta.h"
#include "common/base/buf.h"

enum half_put { PUT_HALF, DELETE_HALF, N_HALF_PUTS };

struct half_rows {
	struct half_table *table; /* its changes are what is written */
	struct meta *meta;
	sqlite3_stmt *statements[N_HALF_PUTS];
	size_t n_aged;        /* changes that were there at the last look */
	int64_t next_look_ms; /* clock_mono_ms */
};

void half_rows_init(struct half_rows *rows, struct half_table *table, struct meta *meta);
void half_rows_close(struct half_rows *rows);
/* ms until half_rows_flush has to be called; -1: not at all. */
int half_rows_flush_in_ms(const struct half_rows *rows);
/*
 * Brings meta.db up to what is a second old, or as much of it as may delay the log; all: whatever
 * its age. Only changes whose commit lies below the log position `synced` are written.
 */
void half_rows_flush(struct half_rows *rows, int64_t synced, bool all);
/* At the end: up to what is synced. */
void half_rows_flush_all(struct half_rows *rows, int64_t synced);
/* Where a replay has to begin for the table's sake; end: of the log. */
int64_t half_rows_position(const struct half_rows *rows, int64_t end);
/* At start: removes the rows of half messages from this log position on. One of SQLite's codes. */
int half_rows_forget(struct half_rows *rows, int64_t from);
/* At start: the table as meta.db knows it. -1: *why says what is wrong. */
int half_rows_load(struct half_rows *rows, struct buf *why);

#endif
