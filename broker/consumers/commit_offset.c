#include "config.h"

#include "broker/consumers/commit_offset.h"

#include <stdlib.h>

#include "broker/consumers/return_offsets.h"
#include "broker/state/delivery.h"
#include "broker/state/limit.h"
#include "broker/store/store.h"
#include "broker/store/tail/tail.h"
#include "common/base/hash.h"
#include "common/base/mem.h"

static int64_t
end_of(struct worker *worker, const struct offset_row *row)
{
	const struct tail_queue *queue = tail_find(worker->tail, row->topic, row->queue_id);

	return queue != NULL ? queue->max_offset : 0;
}

void
note_acknowledged(struct worker *worker, const struct offset_row *row, int64_t from)
{
	struct deliveries *deliveries = worker->broker->deliveries;
	const struct tail_queue *queue = tail_find(worker->tail, row->topic, row->queue_id);

	if (from < 0)
		from = 0;
	/* A first offset of 0 acknowledges nothing; noted, it would date what follows it. */
	if (from < row->offset && queue != NULL && deliveries_are_noted(deliveries))
		deliveries_note(deliveries, worker->loop->index,
		    &(struct delivery_event){
			.kind = DELIVERY_ACKNOWLEDGED,
			.queue = queue->number,
			.group = hash_of(row->group),
			.from = from,
			.to = row->offset,
		    });
}

/* NULL, or why it was refused. */
static const char *
keep(struct worker *worker, const struct offset_row *row, bool group_exists, bool taken)
{
	struct broker *broker = worker->broker;
	int64_t before;
	struct offset_limits limits = {
		.max = (size_t)limits_value(broker->limits, LIMIT_CONSUMER_OFFSETS),
		.max_unknown = (size_t)limits_value(broker->limits, LIMIT_UNKNOWN_GROUP_OFFSETS),
	};
	enum offset_status status =
	    offsets_put(broker->offsets, row, group_exists, &limits, &before);
	enum limit limit =
	    status == OFFSET_TOO_MANY ? LIMIT_CONSUMER_OFFSETS : LIMIT_UNKNOWN_GROUP_OFFSETS;

	if (status == OFFSET_KEPT && before < row->offset && !taken)
		note_acknowledged(worker, row, before);
	if (status == OFFSET_KEPT) {
		if (broker->return_offsets != NULL)
			return_offsets_note(broker->return_offsets, row);
		return NULL;
	}
	limits_refuse(broker->limits, limit, 1);
	return limit_remark(limit);
}

static enum commit_status
commit(struct worker *worker, const struct offset_row *row, bool group_exists, bool taken,
    const char **why)
{
	if (group_is_internal(row->group)) {
		*why = "it is a group of the broker itself: its offsets cannot be set";
		return COMMIT_REFUSED;
	}
	if (row->offset > end_of(worker, row))
		return COMMIT_BEYOND_END;
	*why = keep(worker, row, group_exists, taken);
	return *why == NULL ? COMMIT_KEPT : COMMIT_REFUSED;
}

enum commit_status
commit_offset(
    struct worker *worker, const struct offset_row *row, bool group_exists, const char **why)
{
	return commit(worker, row, group_exists, false, why);
}

enum commit_status
commit_taken(
    struct worker *worker, const struct offset_row *row, bool group_exists, const char **why)
{
	return commit(worker, row, group_exists, true, why);
}

/* ---- beyond the end -------------------------------------------------- */

struct late_commit {
	struct worker *worker;
	struct offset_row row; /* its texts are in the arena */
	bool group_exists;
	commit_done_fn *done;
	void *context;
	struct arena arena;
};

/* What the writer published before is known here now. */
static void
on_passed(struct meta_job *job, struct loop *loop)
{
	struct late_commit *late = job->context;
	int64_t end = end_of(late->worker, &late->row);

	meta_job_free(job);
	if (late->row.offset > end)
		late->row.offset = end;
	const char *why = keep(late->worker, &late->row, late->group_exists, false);

	if (late->done != NULL)
		late->done(late->context, loop, why);
	arena_release(&late->arena);
	free(late);
}

void
commit_offset_later(struct worker *worker, const struct offset_row *row, bool group_exists,
    commit_done_fn *done, void *context)
{
	struct late_commit *late = mem_zalloc(sizeof *late);
	struct meta_job *job = meta_job_new(); /* it changes nothing */

	late->worker = worker;
	late->row = *row;
	late->row.group = arena_copy(&late->arena, row->group);
	late->row.topic = arena_copy(&late->arena, row->topic);
	late->group_exists = group_exists;
	late->done = done;
	late->context = context;
	job->reply_loop = worker->loop;
	job->done = on_passed;
	job->context = late;
	store_meta(worker->broker->store, job);
}
