#include "config.h"

#include "broker/store/half/half.h"

#include <stdlib.h>

#include "broker/store/half/half_table.h"
#include "common/base/clock.h"
#include "common/base/mem.h"

/*
 * Queries of the table of half messages. The writer runs them before it places the appends of a
 * batch, so a query sees committed changes only.
 */

struct half_job *
half_job_new(enum half_query query)
{
	struct half_job *job = mem_zalloc(sizeof *job);

	job->query = query;
	return job;
}

void
half_job_free(struct half_job *job)
{
	free(job->halves);
	free(job);
}

static void
add(struct half_job *job, const struct half_entry *entry)
{
	/* Doubles at powers of two. */
	if ((job->n & (job->n - 1)) == 0)
		job->halves = mem_realloc(
		    job->halves, (job->n != 0 ? 2 * job->n : 1) * sizeof job->halves[0]);
	job->halves[job->n++] = (struct half){
		.position = entry->position,
		.copy = entry->copy,
		.due_ms = entry->due_ms,
		.n_asked = entry->n_asked,
		.state = entry->state,
	};
}

static void
find(struct half_table *table, struct half_job *job)
{
	const struct half_entry *entry = half_table_find(table, job->position);

	if (entry != NULL)
		add(job, entry);
}

static void
list(struct half_table *table, struct half_job *job)
{
	uint32_t number = job->cursor;

	for (; number < table->n_entries && job->n < job->max; number++) {
		const struct half_entry *entry = half_table_at(table, number);

		if (entry != NULL)
			add(job, entry);
	}
	job->cursor = number < table->n_entries ? number : 0;
}

static void
take_due(struct half_table *table, struct half_job *job)
{
	int64_t now = clock_mono_ms();

	for (struct half_entry *entry; job->n < job->max &&
				       (entry = half_table_soonest(table)) != NULL &&
				       entry->due_ms <= now;) {
		add(job, entry);
		job->halves[job->n - 1].expiring = half_entry_record(entry) < table->expire_before;
		half_table_set_due(table, entry, now + job->retry_delay_ms);
		entry->taken = true;
	}
}

static void
set_due(struct half_table *table, struct half_job *job)
{
	struct half_entry *entry = half_table_find(table, job->position);

	if (entry != NULL && entry->state == HALF_OPEN)
		half_table_set_due(table, entry, clock_mono_ms() + job->retry_delay_ms);
}

static void
run_done(struct task *task, void *loop)
{
	struct half_job *job = (struct half_job *)task;

	job->done(job, loop);
}

void
half_job_run(struct half_job *job, struct half_table *table)
{
	static void (*const queries[])(struct half_table *, struct half_job *) = {
		[HALF_FIND] = find,
		[HALF_LIST] = list,
		[HALF_DUE] = take_due,
		[HALF_SET_DUE] = set_due,
	};

	queries[job->query](table, job);
	job->task.run = run_done;
}
