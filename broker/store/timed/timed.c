#include "config.h"

#include "broker/store/timed/timed.h"

#include <stdlib.h>

#include "broker/store/timed/timed_rows.h"
#include "common/base/mem.h"

/*
 * A mark is the complement of a number, so that it is never zero and never the position that a
 * committed half message names. Bits of the number: a level, its queue, its offset; or that a
 * message is adopted, its position.
 */
#define LEVEL_BIT (INT64_C(1) << 62)
#define ADOPT_BIT (INT64_C(1) << 61)
#define LEVEL_SHIFT 48
#define LEVEL_OFFSET_MAX ((INT64_C(1) << LEVEL_SHIFT) - 1)

int64_t
timed_mark(int64_t position)
{
	return ~position;
}

int64_t
timed_level_mark(int32_t queue, int64_t to)
{
	return ~(LEVEL_BIT | (int64_t)queue << LEVEL_SHIFT | (to & LEVEL_OFFSET_MAX));
}

int64_t
timed_adopt_mark(int64_t position)
{
	return ~(ADOPT_BIT | position);
}

enum timed_mark_kind
timed_mark_read(int64_t mark, struct timed_change *change)
{
	int64_t number = ~mark;

	if (mark >= 0)
		return TIMED_MARK_NONE;
	if ((number & LEVEL_BIT) == 0) {
		change->position = number & ~ADOPT_BIT;
		return number & ADOPT_BIT ? TIMED_MARK_ADOPT : TIMED_MARK_MESSAGE;
	}
	change->queue = (int32_t)((number & ~LEVEL_BIT) >> LEVEL_SHIFT);
	change->to = number & LEVEL_OFFSET_MAX;
	return change->queue < STORE_KEPT_QUEUES ? TIMED_MARK_LEVEL : TIMED_MARK_NONE;
}

bool
timed_of_properties(const struct known_properties *known, struct timed *timed)
{
	timed->clock = known->timer_delay_sec.data != NULL || known->timer_delay_ms.data != NULL
	                   ? TIMED_STEADY
	                   : TIMED_WALL;
	return slice_to_int64(known->timer_out_ms, &timed->due_ms) == 0 && timed->due_ms >= 0 &&
	       timed->due_ms < TIMED_DUE_MAX_MS;
}

/* ---- asking the table ------------------------------------------------- */

struct timed_job *
timed_job_new(enum timed_query query, size_t max)
{
	struct timed_job *job = mem_zalloc(sizeof *job);

	job->query = query;
	job->max = max;
	job->found = mem_alloc(max * sizeof job->found[0]);
	return job;
}

void
timed_job_free(struct timed_job *job)
{
	free(job->found);
	free(job);
}

static void
take(struct timed_table *table, struct timed_job *job)
{
	for (int clock = 0; clock < N_TIMED_CLOCKS; clock++) {
		struct half_table *of = &table->of[clock];

		for (struct half_entry *entry; job->n < job->max &&
					       (entry = half_table_soonest(of)) != NULL &&
					       entry->due_ms <= job->until_ms[clock];) {
			job->found[job->n++] = (struct timed){
				.position = entry->position,
				.due_ms = entry->copy,
				.clock = (enum timed_clock)clock,
			};
			half_table_set_due(of, entry, INT64_MAX);
			entry->taken = true;
		}
	}
}

static void
run_done(struct task *task, void *loop)
{
	struct timed_job *job = (struct timed_job *)task;

	job->done(job, loop);
}

void
timed_job_run(struct timed_job *job, struct timed_table *table)
{
	static void (*const queries[])(struct timed_table *, struct timed_job *) = {
		[TIMED_TAKE] = take,
		[TIMED_OLD] = timed_rows_old,
		[TIMED_LIST] = timed_rows_list,
	};

	queries[job->query](table, job);
	job->task.run = run_done;
}
