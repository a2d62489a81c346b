#ifndef STORE_TIMED_TABLE_H
#define STORE_TIMED_TABLE_H

/*
 * The table of timed messages (timed.h): the writer's; the main thread's before start and after
 * stop.
 *
 * All that wait have a row in timer.db, those that stay for more than a second or two. In memory
 * are only those that are due next (the window, bounded by window_max), and those without a row
 * yet. For each clock a half_table holds them; there an open half message is a timed message that
 * waits, and a revocable one is a message that waits no more and whose row is still to be deleted.
 *
 * The rows lag behind the log. timer.db itself says by how much: a start replays the log from
 * there. It never leads: a change is written only after its commit is synced. timer.db needs no
 * sync of its own, as each of its transactions is whole, and it can be made anew from the log.
 *
 * Rows are written by rounds: up to TIMED_ROUND changes in one transaction, sorted as the rows are,
 * so that neighbours share pages. A round takes many turns of the writer, each short.
 */

#include <stdatomic.h>

#include "broker/store/half/half_table.h"
#include "broker/store/sqlite/sql.h"
#include "broker/store/store.h"
#include "broker/store/timed/timed.h"
#include "common/base/buf.h"
#include "common/protocol/record.h"

#define TIMED_WINDOW_MIN 1000
#define TIMED_ROUND 32768

enum timed_statement {
	TIMED_PUT_ROW,
	TIMED_DELETE_ROW,
	TIMED_FIND_ROW,
	TIMED_SAME_ROWS,
	TIMED_NEXT_ROWS,
	TIMED_OLD_ROWS,
	TIMED_PUT_POSITION,
	N_TIMED_STATEMENTS
};

/* Where the window of a clock ends: the rows up to here are in memory. */
struct timed_end {
	int64_t due_ms;
	int64_t position;
};

struct timed_table {
	struct half_table of[N_TIMED_CLOCKS];
	struct timed_end ends[N_TIMED_CLOCKS];
	/* changes that were there at the last look; in a round: its own, in the order of rows */
	size_t n_aged[N_TIMED_CLOCKS];
	bool changed; /* by this batch */
	int64_t n_pending, n_pending_before;
	int64_t carried_at, carried_before; /* log position of the last commit with a carried one */
	int64_t keep_below;                 /* records below are to be removed; 0: none */
	size_t window_max;
	/* levels: offsets, -1: none */
	int64_t levels[STORE_KEPT_QUEUES], levels_before[STORE_KEPT_QUEUES];
	uint64_t levels_changed; /* by this batch, a bit for each */
	uint64_t levels_unsaved; /* not yet in the info of the live segment */
	/* timer.db */
	char *path;
	const char *vfs; /* lent */
	sqlite3 *db;     /* NULL: there was no timed message yet */
	sqlite3_stmt *statements[N_TIMED_STATEMENTS];
	int64_t kept_position;
	int64_t next_look_ms; /* clock_mono_ms */
	/* a round: one transaction of many rows, some of them in each turn */
	bool looking, in_round;
	size_t n_flushed[N_TIMED_CLOCKS]; /* of the aged */
	size_t n_rest[N_TIMED_CLOCKS];    /* aged ones of rounds to come */
	int64_t round_position;           /* where a replay would begin after it */
	int64_t round_synced;
	int n_wal_pages; /* at the last commit */
	atomic_bool checkpointing;
	bool failed; /* it was logged */
};

void timed_table_init(
    struct timed_table *table, const char *directory, const char *vfs, size_t window_max);
void timed_table_release(struct timed_table *table);

/* ---- changes of a batch ---- */

/* Whether the change may happen. */
/* end: of the log, before this commit. STORE: only if timer.db can be made. */
bool timed_table_allows(struct timed_table *table, const struct timed_change *change, int64_t end);
/* Does it; allowed was asked before. record: log position of the append's record. */
void timed_table_apply(
    struct timed_table *table, const struct timed_change *change, int64_t record, int64_t end);
/* The batch was committed at this log position. */
void timed_table_settle(struct timed_table *table, int64_t at);
void timed_table_undo(struct timed_table *table);
/* Replies to a question. */
void timed_job_run(struct timed_job *job, struct timed_table *table);
/* The soonest due in memory that was not taken; INT64_MAX: none. */
int64_t timed_table_next(const struct timed_table *table, enum timed_clock clock);

/* ---- rows ---- */

/* ms until timed_table_tend has to be called; -1: not at all. */
int timed_table_tend_in_ms(const struct timed_table *table, int64_t synced);
/* Writes rows of what is a second old, as much of it as may delay the log, and fills the window. */
void timed_table_tend(struct timed_table *table, int64_t synced);
/* Its WAL is long and nobody checkpoints it yet: to be done by another thread, as it takes long. */
bool timed_table_wants_checkpoint(const struct timed_table *table);
/* At the end: all that is synced. */
void timed_table_flush_all(struct timed_table *table, int64_t synced);
/* False: records below `before` are needed, or the copies of such are not synced; the former are to
 * be carried. */
bool timed_table_may_expire(struct timed_table *table, int64_t before, int64_t synced);

/* ---- at start ---- */

/* Before it is opened: removes timer.db. 0, or -1 and errno. */
int timed_table_remove(const struct timed_table *table);
/* Before it is opened: its next replay begins here at the latest. One of SQLite's codes. */
int timed_table_reach_back(const struct timed_table *table, int64_t position);
/*
 * Opens timer.db if it is there, or if `needed`. *from: where the replay has to begin for its sake;
 * INT64_MAX: nowhere, 0: at the begin of the log. -1: *why says what is wrong.
 */
int timed_table_open(struct timed_table *table, bool needed, int64_t *from, struct buf *why);
/* What a record of the log does. at: a position from which a later replay would find it again. */
void timed_table_replay(struct timed_table *table, const struct record *record, int64_t at);
/*
 * What a record does that another broker's log brings while this one runs. It is a change of a
 * batch whose commit begins at `end`: to be settled or undone.
 */
void timed_table_follow(struct timed_table *table, const struct record *record, int64_t end);
/* The log is from `first` to `end`: forgets what is not in it, and writes the rows. */
int timed_table_replayed(struct timed_table *table, int64_t first, int64_t end, struct buf *why);

#endif
