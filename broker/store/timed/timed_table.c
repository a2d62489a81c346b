#include "config.h"

#include "broker/store/timed/timed_table.h"

#include <stdlib.h>

#include "broker/store/timed/timed_rows.h"
#include "common/base/mem.h"

void
timed_table_init(
    struct timed_table *table, const char *directory, const char *vfs, size_t window_max)
{
	struct buf path = { 0 };

	buf_printf(&path, "%s/timer.db", directory);
	*table = (struct timed_table){
		.path = buf_take(&path),
		.vfs = vfs,
		.window_max = window_max > TIMED_WINDOW_MIN ? window_max : TIMED_WINDOW_MIN,
		.carried_at = -1,
	};
	for (int queue = 0; queue < STORE_KEPT_QUEUES; queue++)
		table->levels[queue] = -1;
	for (int clock = 0; clock < N_TIMED_CLOCKS; clock++)
		table->ends[clock] = (struct timed_end){ INT64_MAX, INT64_MAX };
}

void
timed_table_release(struct timed_table *table)
{
	timed_rows_close(table);
	for (int clock = 0; clock < N_TIMED_CLOCKS; clock++)
		half_table_release(&table->of[clock]);
	free(table->path);
}

struct half_entry *
timed_table_find(struct timed_table *table, int64_t position, enum timed_clock *clock)
{
	for (int i = 0; i < N_TIMED_CLOCKS; i++) {
		struct half_entry *entry = half_table_find(&table->of[i], position);

		*clock = (enum timed_clock)i;
		if (entry != NULL)
			return entry;
	}
	return NULL;
}

int64_t
timed_table_next(const struct timed_table *table, enum timed_clock clock)
{
	const struct half_entry *soonest = half_table_soonest(&table->of[clock]);

	return soonest != NULL ? soonest->due_ms : INT64_MAX;
}

/* ---- changes ----------------------------------------------------------- */

bool
timed_table_allows(struct timed_table *table, const struct timed_change *change, int64_t end)
{
	enum timed_clock clock;
	const struct half_entry *entry;
	struct timed row;

	switch ((enum timed_op)change->op) {
	case TIMED_OP_NONE:
		return true;
	case TIMED_STORE:
		return table->db != NULL || timed_rows_create(table, end) == 0;
	case TIMED_DONE:
	case TIMED_CARRY:
		entry = timed_table_find(table, change->position, &clock);
		return entry != NULL ? entry->state == HALF_OPEN
		                     : timed_rows_find(table, change->position, &row);
	case TIMED_LEVEL:
		return table->levels[change->queue] == -1 ||
		       table->levels[change->queue] == change->from;
	case TIMED_ADOPT:
		return (table->db != NULL || timed_rows_create(table, end) == 0) &&
		       timed_table_find(table, change->position, &clock) == NULL &&
		       !timed_rows_find(table, change->position, &row);
	}
	return false;
}

void
timed_table_put(struct timed_table *table, enum timed_clock clock, int64_t position, int64_t due_ms)
{
	const struct half_change store = { .op = HALF_STORE, .due_in_ms = due_ms };

	half_table_apply(&table->of[clock], &store, position, -1, 0);
	half_table_find(&table->of[clock], position)->copy = due_ms;
}

/* Its entry stays, with the log position of the commit in place of its due time. */
void
timed_table_end(struct timed_table *table, int64_t position, int64_t end)
{
	const struct half_change done = {
		.op = HALF_ROLLBACK,
		.revocable = true,
		.position = position,
		.due_in_ms = end,
	};
	enum timed_clock clock;
	struct timed row = { .clock = TIMED_STEADY };

	if (timed_table_find(table, position, &clock) == NULL) {
		timed_rows_find(table, position, &row);
		clock = row.clock;
		timed_table_put(table, clock, position, row.due_ms);
		half_table_find(&table->of[clock], position)->kept = true;
	}
	half_table_apply(&table->of[clock], &done, position, -1, 0);
}

static void
begin_batch(struct timed_table *table)
{
	if (table->changed)
		return;
	table->changed = true;
	table->n_pending_before = table->n_pending;
	table->carried_before = table->carried_at;
	memcpy(table->levels_before, table->levels, sizeof table->levels);
}

void
timed_table_apply(
    struct timed_table *table, const struct timed_change *change, int64_t record, int64_t end)
{
	if (change->op == TIMED_OP_NONE)
		return;
	begin_batch(table);
	if (change->op == TIMED_LEVEL) {
		table->levels[change->queue] = change->to;
		table->levels_changed |= UINT64_C(1) << change->queue;
		return;
	}
	if (change->op == TIMED_DONE || change->op == TIMED_CARRY) {
		timed_table_end(table, change->position, end);
		table->n_pending--;
	}
	if (change->op != TIMED_DONE) {
		timed_table_put(table, (enum timed_clock)change->clock,
		    change->op == TIMED_ADOPT ? change->position : record, change->due_ms);
		table->n_pending++;
	}
	if (change->op == TIMED_CARRY)
		table->carried_at = end;
}

void
timed_table_settle(struct timed_table *table, int64_t at)
{
	if (!table->changed)
		return;
	for (int clock = 0; clock < N_TIMED_CLOCKS; clock++)
		half_table_settle(&table->of[clock], at);
	table->levels_unsaved |= table->levels_changed;
	table->levels_changed = 0;
	table->changed = false;
}

void
timed_table_undo(struct timed_table *table)
{
	if (!table->changed)
		return;
	for (int clock = 0; clock < N_TIMED_CLOCKS; clock++)
		half_table_undo(&table->of[clock]);
	table->n_pending = table->n_pending_before;
	table->carried_at = table->carried_before;
	memcpy(table->levels, table->levels_before, sizeof table->levels);
	table->levels_changed = 0;
	table->changed = false;
}
