#include "config.h"

#include <stdlib.h>

#include "broker/store/timed/timed_rows.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"

/* What the writer does for timed messages in its turns: their rows, the window, old segments. */

#define LOOK_MS 1000
#define STEP_CHANGES 256         /* in one turn: it delays the log */
#define CHECKPOINT_PAGES 2000    /* of the WAL */
#define CHECKPOINT_LOOK_MS 50    /* while one is under way */
#define FILL_ROWS 1024           /* read at once, likewise */
#define POSITION_STEP (16 << 20) /* bytes of log that a replay may read in vain */

static bool
is_behind(const struct timed_end *end, int64_t due_ms, int64_t position)
{
	return due_ms > end->due_ms || (due_ms == end->due_ms && position > end->position);
}

static bool
ends_nowhere(const struct timed_end *end)
{
	return end->due_ms == INT64_MAX;
}

/* ---- from memory to rows ----------------------------------------------- */

static bool
is_done(const struct half_entry *entry)
{
	return entry->state != HALF_OPEN;
}

/* A done entry has the log position of its commit in place of its due time. */
static bool
is_done_and_synced(const struct half_entry *entry, int64_t synced)
{
	return is_done(entry) && entry->due_ms < synced;
}

/* Forgets messages that were stored and are done without a row, which needs no write. */
static void
forget_brief(struct timed_table *table, enum timed_clock clock, int64_t synced)
{
	struct half_table *of = &table->of[clock];
	size_t n_left = 0, n_aged = 0;

	for (size_t i = 0; i < of->n_changes; i++) {
		const struct half_changed change = of->changes[i];
		const struct half_entry *entry = half_table_changed(of, &change);

		if (entry != NULL && !entry->kept && is_done_and_synced(entry, synced)) {
			half_table_forget(of, entry->position);
			entry = NULL;
		}
		if (entry == NULL)
			continue;
		of->changes[n_left++] = change;
		n_aged += i < table->n_aged[clock];
	}
	of->n_changes = n_left;
	table->n_aged[clock] = n_aged;
}

struct timed_flush {
	struct timed_table *table;
	/* changes, of each clock */
	size_t from[N_TIMED_CLOCKS], to[N_TIMED_CLOCKS];
	int64_t synced, position;
};

static int
put_row(struct timed_table *table, enum timed_clock clock, const struct half_entry *entry)
{
	sqlite3_stmt *put = table->statements[TIMED_PUT_ROW];

	sqlite3_bind_int64(put, 1, entry->position);
	sqlite3_bind_int64(put, 2, timed_row_due(clock, entry->copy));
	return sql_run(put);
}

static int
put_rows(const struct timed_flush *flush)
{
	struct timed_table *table = flush->table;
	sqlite3_stmt *delete = table->statements[TIMED_DELETE_ROW];
	int rc = SQLITE_OK;

	for (int clock = 0; clock < N_TIMED_CLOCKS; clock++) {
		struct half_table *of = &table->of[clock];

		for (size_t i = flush->from[clock]; i < flush->to[clock] && rc == SQLITE_OK; i++) {
			const struct half_entry *entry = half_table_changed(of, &of->changes[i]);

			if (entry == NULL)
				continue;
			if (!is_done_and_synced(entry, flush->synced)) {
				/* Done, but a power cut could undo that: it needs a row. */
				if (!entry->kept)
					rc = put_row(table, (enum timed_clock)clock, entry);
			} else if (entry->kept) {
				sqlite3_bind_int64(delete, 1, entry->position);
				rc = sql_run(delete);
			}
		}
	}
	return rc;
}

static int
put_all(void *arg)
{
	const struct timed_flush *flush = arg;
	int rc = put_rows(flush);

	return rc == SQLITE_OK ? timed_rows_put_position(flush->table, flush->position) : rc;
}

/* The first n changes are in rows now. */
static void
note_rows(struct timed_table *table, enum timed_clock clock, size_t n, int64_t synced)
{
	struct half_table *of = &table->of[clock];

	if (n == 0)
		return;
	for (size_t i = 0; i < n; i++) {
		struct half_entry *entry = half_table_changed(of, &of->changes[i]);

		if (entry == NULL)
			continue;
		entry->kept = true;
		if (is_done_and_synced(entry, synced) ||
		    (!is_done(entry) && !entry->taken &&
			is_behind(&table->ends[clock], entry->copy, entry->position)))
			half_table_forget(of, entry->position);
	}
	of->n_changes -= n;
	memmove(of->changes, of->changes + n, of->n_changes * sizeof of->changes[0]);
	table->n_aged[clock] = table->n_aged[clock] > n ? table->n_aged[clock] - n : 0;
}

static void
failed(struct timed_table *table, int rc)
{
	if (!table->failed)
		log_error("timer.db could not be written, the due times stay in memory error=%s",
		    sqlite3_errstr(rc));
	table->failed = true;
}

/* Once the rows of these changes are committed. */
static void
note_flush(struct timed_table *table, const struct timed_flush *flush)
{
	table->failed = false;
	table->kept_position = flush->position;
	for (int clock = 0; clock < N_TIMED_CLOCKS; clock++)
		note_rows(table, (enum timed_clock)clock, flush->to[clock], flush->synced);
}

/* How far the rows will be: to the first change that is not among those of the flush. The aged ones
 * may have been sorted, by a round that failed. */
static int64_t
position_behind(const struct timed_flush *flush)
{
	int64_t position = flush->synced;

	for (int clock = 0; clock < N_TIMED_CLOCKS; clock++) {
		const struct half_table *of = &flush->table->of[clock];
		size_t i = flush->to[clock];

		do {
			if (i < of->n_changes && of->changes[i].at < position)
				position = of->changes[i].at;
		} while (i++ < flush->table->n_aged[clock]);
	}
	return position;
}

/* ---- a round of rows --------------------------------------------------- */

/*
 * Rows lie by position and are found by due time. New ones come in the order of positions, so they
 * are sorted by due time; those that go come in the order of due times.
 */
struct sorted_change {
	int64_t key;
	struct half_changed change;
};

static int
compare_keys(const void *a, const void *b)
{
	const struct sorted_change *left = a, *right = b;

	return (left->key > right->key) - (left->key < right->key);
}

static void
sort_changes(struct half_table *of, size_t n)
{
	struct sorted_change *sorted = mem_alloc(n * sizeof *sorted + 1);

	for (size_t i = 0; i < n; i++) {
		const struct half_entry *entry = half_table_changed(of, &of->changes[i]);

		sorted[i].change = of->changes[i];
		sorted[i].key = entry == NULL    ? INT64_MIN
		                : is_done(entry) ? entry->position - INT64_MAX
		                                 : entry->copy;
	}
	qsort(sorted, n, sizeof *sorted, compare_keys);
	for (size_t i = 0; i < n; i++)
		of->changes[i] = sorted[i].change;
	free(sorted);
}

/* Of the aged changes those that are synced, as many as are written in one transaction. */
static void
choose(struct timed_table *table, struct timed_flush *flush)
{
	size_t left = TIMED_ROUND;

	for (int clock = 0; clock < N_TIMED_CLOCKS; clock++) {
		const struct half_table *of = &table->of[clock];

		while (left > 0 && flush->to[clock] < table->n_aged[clock] &&
		       of->changes[flush->to[clock]].at < flush->synced) {
			flush->to[clock]++;
			left--;
		}
	}
}

/* False: there is nothing to write. */
static bool
begin_round(struct timed_table *table, int64_t synced)
{
	struct timed_flush flush = { .table = table, .synced = synced };

	choose(table, &flush);
	flush.position = position_behind(&flush);
	if (flush.to[TIMED_STEADY] + flush.to[TIMED_WALL] == 0 &&
	    flush.position - table->kept_position < POSITION_STEP)
		return false;
	int rc = sql_exec(table->db, "BEGIN IMMEDIATE");

	if (rc != SQLITE_OK) {
		failed(table, rc);
		return false;
	}
	for (int clock = 0; clock < N_TIMED_CLOCKS; clock++) {
		sort_changes(&table->of[clock], flush.to[clock]);
		table->n_rest[clock] = table->n_aged[clock] - flush.to[clock];
		table->n_aged[clock] = flush.to[clock];
		table->n_flushed[clock] = 0;
	}
	table->round_position = flush.position;
	table->round_synced = synced;
	table->in_round = true;
	return true;
}

/* Nothing of it was written, or is to be. */
static void
leave_round(struct timed_table *table)
{
	if (!table->in_round)
		return;
	table->in_round = false;
	for (int clock = 0; clock < N_TIMED_CLOCKS; clock++)
		table->n_aged[clock] += table->n_rest[clock];
	if (!sqlite3_get_autocommit(table->db))
		sql_exec(table->db, "ROLLBACK");
}

static void
end_round(struct timed_table *table)
{
	struct timed_flush flush = {
		.table = table,
		.synced = table->round_synced,
		.position = table->round_position,
	};
	int rc = timed_rows_put_position(table, flush.position);

	if (rc == SQLITE_OK)
		rc = sql_exec(table->db, "COMMIT");
	memcpy(flush.to, table->n_flushed, sizeof flush.to);
	leave_round(table);
	if (rc == SQLITE_OK)
		note_flush(table, &flush);
	else
		failed(table, rc);
}

/* Some rows more. */
static void
step_round(struct timed_table *table)
{
	struct timed_flush flush = { .table = table, .synced = table->round_synced };
	size_t left = STEP_CHANGES;

	for (int clock = 0; clock < N_TIMED_CLOCKS; clock++) {
		size_t n = table->n_aged[clock] - table->n_flushed[clock];

		n = n < left ? n : left;
		left -= n;
		flush.from[clock] = table->n_flushed[clock];
		flush.to[clock] = table->n_flushed[clock] += n;
	}
	int rc = put_rows(&flush);

	if (rc != SQLITE_OK) {
		failed(table, rc);
		leave_round(table);
	} else if (left != 0) {
		end_round(table);
	}
}

/* ---- the window -------------------------------------------------------- */

static int
compare_ends(const void *a, const void *b)
{
	const struct timed_end *left = a, *right = b;

	return is_behind(left, right->due_ms, right->position)  ? -1
	       : is_behind(right, left->due_ms, left->position) ? 1
	                                                        : 0;
}

/* Half of the window has to go: what is due last and has a row. */
static void
shrink(struct timed_table *table, enum timed_clock clock)
{
	struct half_table *of = &table->of[clock];
	struct timed_end *all = mem_alloc(of->n * sizeof *all);
	size_t n = 0, keep = table->window_max / 2;

	for (uint32_t i = 0; i < of->n_entries; i++) {
		const struct half_entry *entry = half_table_at(of, i);

		if (entry != NULL && !is_done(entry) && entry->kept && !entry->taken)
			all[n++] = (struct timed_end){ entry->copy, entry->position };
	}
	if (n > keep) {
		qsort(all, n, sizeof *all, compare_ends);
		table->ends[clock] = all[keep - 1];
		for (size_t i = keep; i < n; i++)
			half_table_forget(of, all[i].position);
	}
	free(all);
}

static bool
is_low(const struct timed_table *table, enum timed_clock clock)
{
	const struct half_table *of = &table->of[clock];
	/* Most of those with changes are not due soon. */
	size_t n = of->n > of->n_changes ? of->n - of->n_changes : 0;

	return !ends_nowhere(&table->ends[clock]) && n < table->window_max / 2;
}

/* Loads rows behind the window's end, at most `max`; returns how many there were, or -1. */
static int
load_rows(struct timed_table *table, enum timed_clock clock, sqlite3_stmt *rows, int max)
{
	struct half_table *of = &table->of[clock];
	struct timed_end end = table->ends[clock];
	struct timed row;
	int n = 0;

	sqlite3_bind_int64(rows, 1,
	    end.due_ms == INT64_MIN ? timed_row_due(clock, 0) - 1
				    : timed_row_due(clock, end.due_ms));
	if (rows == table->statements[TIMED_SAME_ROWS])
		sqlite3_bind_int64(rows, 2, end.position);
	else
		sqlite3_bind_int64(rows, 3, timed_row_due(clock, TIMED_DUE_MAX_MS));
	sqlite3_bind_int64(rows, 4, max);
	for (; timed_rows_next(rows, &row); n++) {
		table->ends[clock] = (struct timed_end){ row.due_ms, row.position };
		/* In memory: it waits no more, or has a change that is not in its row. */
		if (half_table_find(of, row.position) == NULL)
			half_table_load(of, &(struct half_entry){
						.position = row.position,
						.copy = row.due_ms,
						.due_ms = row.due_ms,
						.state = HALF_OPEN,
						.kept = true,
					    });
	}
	return sqlite3_reset(rows) == SQLITE_OK ? n : -1;
}

static void
fill(struct timed_table *table, enum timed_clock clock)
{
	int same = 0, next = 0;

	if (table->ends[clock].due_ms != INT64_MIN)
		same = load_rows(table, clock, table->statements[TIMED_SAME_ROWS], FILL_ROWS);
	if (same != -1 && same < FILL_ROWS)
		next =
		    load_rows(table, clock, table->statements[TIMED_NEXT_ROWS], FILL_ROWS - same);
	if (same == -1 || next == -1) {
		if (!table->failed)
			log_error("timer.db could not be read, messages will be late error=%s",
			    sqlite3_errmsg(table->db));
		table->failed = true;
	} else if (same + next < FILL_ROWS) {
		table->ends[clock] = (struct timed_end){ INT64_MAX, INT64_MAX };
	}
}

/* ---- the writer's turns ------------------------------------------------- */

int
timed_table_tend_in_ms(const struct timed_table *table, int64_t synced)
{
	int64_t wait = table->next_look_ms - clock_mono_ms();
	bool any = synced - table->kept_position >= POSITION_STEP;

	if (table->db == NULL)
		return -1;
	if (table->in_round)
		return 0;
	for (int clock = 0; clock < N_TIMED_CLOCKS; clock++) {
		if (is_low(table, (enum timed_clock)clock)) {
			if (!table->failed)
				return 0;
			any = true;
		}
		any |= table->of[clock].n_changes != 0;
	}
	if (!any)
		return -1;
	return wait > 0 ? (int)wait : 0;
}

/* The next round goes on with what has aged, or this look is over. */
static void
look(struct timed_table *table, int64_t synced)
{
	if (atomic_load(&table->checkpointing)) {
		/* Else the WAL could not begin anew, and would grow. */
		table->next_look_ms = clock_mono_ms() + CHECKPOINT_LOOK_MS;
		return;
	}
	if (!table->looking) {
		for (int clock = 0; clock < N_TIMED_CLOCKS; clock++)
			forget_brief(table, (enum timed_clock)clock, synced);
		table->looking = true;
	}
	if (begin_round(table, synced))
		return;
	for (int clock = 0; clock < N_TIMED_CLOCKS; clock++) {
		table->n_aged[clock] = table->of[clock].n_changes;
		if (table->of[clock].n > table->window_max)
			shrink(table, (enum timed_clock)clock);
	}
	table->looking = false;
	table->next_look_ms = clock_mono_ms() + LOOK_MS;
}

void
timed_table_tend(struct timed_table *table, int64_t synced)
{
	if (table->db == NULL || (table->failed && clock_mono_ms() < table->next_look_ms))
		return;
	if (!table->in_round && clock_mono_ms() >= table->next_look_ms)
		look(table, synced);
	if (table->in_round)
		step_round(table);
	if (table->failed)
		table->next_look_ms = clock_mono_ms() + LOOK_MS;
	for (int clock = 0; clock < N_TIMED_CLOCKS; clock++)
		if (is_low(table, (enum timed_clock)clock))
			fill(table, (enum timed_clock)clock);
}

bool
timed_table_wants_checkpoint(const struct timed_table *table)
{
	return table->n_wal_pages >= CHECKPOINT_PAGES && !atomic_load(&table->checkpointing);
}

void
timed_table_flush_all(struct timed_table *table, int64_t synced)
{
	struct timed_flush flush = { .table = table, .synced = synced };

	if (table->db == NULL)
		return;
	leave_round(table);
	for (int clock = 0; clock < N_TIMED_CLOCKS; clock++) {
		const struct half_table *of = &table->of[clock];

		while (flush.to[clock] < of->n_changes && of->changes[flush.to[clock]].at < synced)
			flush.to[clock]++;
	}
	flush.position = position_behind(&flush);
	if (flush.to[TIMED_STEADY] + flush.to[TIMED_WALL] == 0 &&
	    flush.position - table->kept_position < POSITION_STEP)
		return;
	int rc = sql_transaction(table->db, put_all, &flush);

	if (rc != SQLITE_OK)
		failed(table, rc);
	else
		note_flush(table, &flush);
}

/* ---- segments that go --------------------------------------------------- */

/* Whether something keeps records below `before`: 1 to be carried, -1 not synced yet, else 0. */
static int
keeps(struct timed_table *table, int64_t before, int64_t synced)
{
	sqlite3_stmt *rows = table->statements[TIMED_OLD_ROWS];
	struct timed row;
	int found = 0;

	for (int clock = 0; clock < N_TIMED_CLOCKS; clock++) {
		for (uint32_t i = 0; i < table->of[clock].n_entries; i++) {
			const struct half_entry *entry = half_table_at(&table->of[clock], i);

			if (entry == NULL || entry->position >= before)
				continue;
			if (!is_done(entry))
				return 1;
			if (!is_done_and_synced(entry, synced))
				found = -1;
		}
	}
	if (table->db == NULL)
		return found;
	sqlite3_bind_int64(rows, 1, before);
	while (found != 1 && timed_rows_next(rows, &row)) {
		enum timed_clock clock;

		/* Those in memory were looked at. */
		if (timed_table_find(table, row.position, &clock) == NULL)
			found = 1;
	}
	sqlite3_reset(rows);
	return found;
}

bool
timed_table_may_expire(struct timed_table *table, int64_t before, int64_t synced)
{
	int kept = keeps(table, before, synced);

	if (kept == 1 && table->keep_below < before)
		table->keep_below = before;
	return kept == 0 && table->carried_at < synced;
}

void
timed_rows_old(struct timed_table *table, struct timed_job *job)
{
	sqlite3_stmt *rows = table->statements[TIMED_OLD_ROWS];
	struct timed row;

	for (int clock = 0; clock < N_TIMED_CLOCKS; clock++) {
		for (uint32_t i = 0; i < table->of[clock].n_entries && job->n < job->max; i++) {
			const struct half_entry *entry = half_table_at(&table->of[clock], i);

			/* A taken one will soon be done. */
			if (entry != NULL && !is_done(entry) && !entry->taken &&
			    entry->position < table->keep_below)
				job->found[job->n++] = (struct timed){
					.position = entry->position,
					.due_ms = entry->copy,
					.clock = (enum timed_clock)clock,
				};
		}
	}
	if (table->db != NULL) {
		sqlite3_bind_int64(rows, 1, table->keep_below);
		while (job->n < job->max && timed_rows_next(rows, &row)) {
			enum timed_clock clock;

			if (timed_table_find(table, row.position, &clock) == NULL)
				job->found[job->n++] = row;
		}
		sqlite3_reset(rows);
	}
	if (job->n == 0)
		table->keep_below = 0;
}

/* Rows only: one that was stored within the last seconds may be missing. */
void
timed_rows_list(struct timed_table *table, struct timed_job *job)
{
	sqlite3_stmt *rows = table->statements[TIMED_SAME_ROWS];
	int64_t after = timed_row_due(job->after.clock, job->after.due_ms);
	struct timed row;

	if (table->db == NULL)
		return;
	for (int pass = 0; pass < 2; pass++) {
		sqlite3_bind_int64(rows, 1, after);
		if (pass == 0)
			sqlite3_bind_int64(rows, 2, job->after.position);
		else
			sqlite3_bind_int64(
			    rows, 3, timed_row_due(job->after.clock, TIMED_DUE_MAX_MS));
		sqlite3_bind_int64(rows, 4, -1);
		while (job->n < job->max && timed_rows_next(rows, &row)) {
			enum timed_clock clock;
			const struct half_entry *entry =
			    timed_table_find(table, row.position, &clock);

			if (entry == NULL || !is_done(entry))
				job->found[job->n++] = row;
		}
		sqlite3_reset(rows);
		rows = table->statements[TIMED_NEXT_ROWS];
	}
}
