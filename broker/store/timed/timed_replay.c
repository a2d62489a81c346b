#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "broker/store/timed/timed_rows.h"
#include "common/base/log.h"

/*
 * Replays the log into the table of timed messages. It may begin before the state that timer.db
 * has: the record that ends a wait is behind the one that waited, so at the end of the log both
 * agree.
 */

#define REPLAY_CHANGES 16384 /* in memory */

/* The message at this position waits for the time that the record names. */
static void
replay_waiting(struct timed_table *table, const struct record *record, int64_t position)
{
	struct known_properties known;
	enum timed_clock clock;
	struct timed timed, row;

	properties_read(record->properties, &known);
	if (!timed_of_properties(&known, &timed))
		log_error(
		    "timed message without its time is skipped position=%lld", (long long)position);
	else if (timed_table_find(table, position, &clock) == NULL) {
		bool kept = timed_rows_find(table, position, &row);

		timed_table_put(table, timed.clock, position, timed.due_ms);
		half_table_find(&table->of[timed.clock], position)->kept = kept;
	}
}

/* What the record says about another one that waited. */
static void
replay_mark(struct timed_table *table, const struct record *record, int64_t at)
{
	struct timed_change change = { 0 };

	switch (timed_mark_read(record->prepared_offset, &change)) {
	case TIMED_MARK_NONE:
		break;
	case TIMED_MARK_MESSAGE:
		if (table->db != NULL)
			timed_table_end(table, change.position, at);
		break;
	case TIMED_MARK_ADOPT:
		if (table->db != NULL)
			replay_waiting(table, record, change.position);
		break;
	case TIMED_MARK_LEVEL:
		if (change.to > table->levels[change.queue]) {
			table->levels[change.queue] = change.to;
			table->levels_unsaved |= UINT64_C(1) << change.queue;
		}
		break;
	}
}

/* Writes the changes when there are many. */
static void
flush_many(struct timed_table *table, int64_t synced)
{
	size_t n = table->of[TIMED_STEADY].n_changes + table->of[TIMED_WALL].n_changes;

	if (n >= REPLAY_CHANGES)
		timed_table_flush_all(table, synced);
}

void
timed_table_replay(struct timed_table *table, const struct record *record, int64_t at)
{
	bool waits = record->queue_id == TIMED_QUEUE_MESSAGES && table->db != NULL &&
	             slice_is(record->topic, TIMED_TOPIC);

	if (record->prepared_offset < 0)
		replay_mark(table, record, at);
	if (waits)
		replay_waiting(table, record, record->position);
	if (waits || record->prepared_offset < 0) {
		for (int clock = 0; clock < N_TIMED_CLOCKS; clock++)
			half_table_settle(&table->of[clock], at);
		flush_many(table, at);
	}
}

/* TIMED_OP_NONE: it changes nothing. */
static struct timed_change
change_of(const struct record *record)
{
	struct timed_change change = { 0 };
	struct known_properties known;
	struct timed timed;

	switch (timed_mark_read(record->prepared_offset, &change)) {
	case TIMED_MARK_NONE:
		break;
	case TIMED_MARK_MESSAGE:
		change.op = TIMED_DONE;
		break;
	case TIMED_MARK_LEVEL:
		change.op = TIMED_LEVEL;
		return change;
	case TIMED_MARK_ADOPT:
		change.op = TIMED_ADOPT;
		break;
	}
	if (change.op != TIMED_ADOPT &&
	    (record->queue_id != TIMED_QUEUE_MESSAGES || !slice_is(record->topic, TIMED_TOPIC)))
		return change;
	properties_read(record->properties, &known);
	if (!timed_of_properties(&known, &timed)) {
		log_error("timed message without its time is skipped position=%lld",
		    (long long)record->position);
		change.op = change.op == TIMED_ADOPT ? TIMED_OP_NONE : change.op;
		return change;
	}
	if (change.op != TIMED_ADOPT)
		change.op = change.op == TIMED_DONE ? TIMED_CARRY : TIMED_STORE;
	change.clock = (uint8_t)timed.clock;
	change.due_ms = timed.due_ms;
	return change;
}

void
timed_table_follow(struct timed_table *table, const struct record *record, int64_t end)
{
	if (record->prepared_offset >= 0 && !slice_is(record->topic, TIMED_TOPIC))
		return;
	struct timed_change change = change_of(record);

	/* What it ends may stand before the begin of this log. */
	if (change.op == TIMED_LEVEL)
		change.from = table->levels[change.queue];
	if (change.op == TIMED_CARRY && !timed_table_allows(table, &change, end))
		change.op = TIMED_STORE;
	if ((change.op != TIMED_LEVEL || change.to > change.from) &&
	    timed_table_allows(table, &change, end))
		timed_table_apply(table, &change, record->position, end);
}

/* Those in memory whose rows could not be written. */
static int64_t
count_unwritten(struct timed_table *table)
{
	int64_t n = 0;
	struct timed row;

	for (int clock = 0; clock < N_TIMED_CLOCKS; clock++) {
		for (uint32_t i = 0; i < table->of[clock].n_entries; i++) {
			const struct half_entry *entry = half_table_at(&table->of[clock], i);

			if (entry == NULL)
				continue;
			bool has_row = timed_rows_find(table, entry->position, &row);

			n += (entry->state != HALF_OPEN ? 0 : 1) - (has_row ? 1 : 0);
		}
	}
	return n;
}

int
timed_table_replayed(struct timed_table *table, int64_t first, int64_t end, struct buf *why)
{
	char text[128];

	if (table->db == NULL)
		return 0;
	timed_table_flush_all(table, end);
	if (!table->failed && timed_rows_put_position(table, end) == SQLITE_OK)
		table->kept_position = end;
	snprintf(text, sizeof text,
	    "DELETE FROM timed WHERE position < %" PRId64
	    "; DELETE FROM timed WHERE position >= %" PRId64,
	    first, end);
	int rc = sql_exec(table->db, text);

	if (rc == SQLITE_OK || sql_is_full(rc))
		rc = sql_int64(table->db, "SELECT count(*) FROM timed", &table->n_pending);
	if (rc == SQLITE_ROW)
		rc = timed_rows_relax(table);
	if (rc != SQLITE_OK) {
		buf_printf(why, "%s cannot be read: %s", table->path, sqlite3_errstr(rc));
		return -1;
	}
	if (table->failed)
		table->n_pending += count_unwritten(table);
	for (int clock = 0; clock < N_TIMED_CLOCKS; clock++) {
		if (!table->failed)
			half_table_release(&table->of[clock]);
		table->n_aged[clock] = 0;
		table->ends[clock] = (struct timed_end){ INT64_MIN, INT64_MIN };
	}
	/* So that it is known when the first is due. */
	timed_table_tend(table, end);
	return 0;
}
