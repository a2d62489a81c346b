#include "config.h"

#include "broker/consumers/time_span.h"

#include <stdlib.h>

#include "broker/state/offset.h"
#include "broker/store/store.h"
#include "broker/store/tail/tail.h"
#include "common/base/clock.h"
#include "common/base/mem.h"

/* Which time of a span a stamp is. */
enum span_stamp { SPAN_MIN, SPAN_MAX, SPAN_CONSUMED, SPAN_NEXT, N_SPAN_STAMPS };

struct span_job {
	struct time_span *spans;
	size_t n_spans;
	size_t *places; /* of each stamp: span * N_SPAN_STAMPS + enum span_stamp */
	time_spans_fn *done;
	void *context;
	struct arena arena;
};

static void
finish(struct span_job *job, struct loop *loop, bool ok)
{
	job->done(job->context, loop, ok, job->spans, job->n_spans);
	arena_release(&job->arena);
	free(job);
}

static void
set_time(struct time_span *span, enum span_stamp which, int64_t ms)
{
	switch (which) {
	case SPAN_MIN:
		span->min_ms = ms;
		break;
	case SPAN_MAX:
		span->max_ms = ms;
		break;
	case SPAN_CONSUMED:
		span->consumed_ms = ms;
		break;
	case SPAN_NEXT:
		span->behind_ms = clock_wall_ms() - ms;
		break;
	case N_SPAN_STAMPS:
		break;
	}
}

static void
on_stamps(struct read_job *read, struct loop *loop)
{
	struct span_job *job = read->context;
	bool ok = read->status != READ_CORRUPT && read->status != READ_FAILED;

	for (size_t i = 0; ok && i < read->stamps.n; i++) {
		size_t place = job->places[i];

		if (read->stamps.list[i].timestamp != 0)
			set_time(&job->spans[place / N_SPAN_STAMPS],
			    (enum span_stamp)(place % N_SPAN_STAMPS),
			    read->stamps.list[i].timestamp);
	}
	for (size_t i = 0; i < job->n_spans; i++)
		if (job->spans[i].consumed_ms == -1)
			job->spans[i].consumed_ms = job->spans[i].min_ms;
	read_job_free(read);
	finish(job, loop, ok);
}

/* The offsets whose times make the span; returns how many stamps there are now. */
static size_t
ask_for(struct worker *worker, struct slice group, struct span_job *job, size_t i,
    struct stamp_query *stamps, size_t n)
{
	const struct message_queue *queue = &job->spans[i].queue;
	const struct tail_queue *known = tail_find(worker->tail, queue->topic, queue->id);
	int64_t consumed = offsets_find(worker->broker->offsets, group, queue->topic, queue->id);

	if (known == NULL)
		return n;
	int64_t next = consumed < 0 ? known->min_offset : consumed;
	const int64_t offsets[N_SPAN_STAMPS] = { known->min_offset, known->max_offset - 1,
		consumed - 1, next };

	for (size_t which = 0; which < N_SPAN_STAMPS; which++) {
		if (offsets[which] < known->min_offset || offsets[which] >= known->max_offset)
			continue;
		job->places[n] = i * N_SPAN_STAMPS + which;
		stamps[n++] =
		    (struct stamp_query){ .queue = known->number, .offset = offsets[which] };
	}
	return n;
}

void
time_spans(struct worker *worker, struct slice group, const struct message_queue *queues,
    size_t n_queues, time_spans_fn *done, void *context)
{
	struct span_job *job = mem_zalloc(sizeof *job);
	struct stamp_query *stamps = mem_alloc(n_queues * N_SPAN_STAMPS * sizeof *stamps);
	size_t n = 0;

	job->spans = arena_zalloc(&job->arena, n_queues * sizeof *job->spans);
	job->places = arena_alloc(&job->arena, n_queues * N_SPAN_STAMPS * sizeof *job->places);
	job->n_spans = n_queues;
	job->done = done;
	job->context = context;
	for (size_t i = 0; i < n_queues; i++) {
		job->spans[i] = (struct time_span){
			.queue = { arena_copy(&job->arena, queues[i].topic),
			    arena_copy(&job->arena, queues[i].broker_name), queues[i].id },
			.min_ms = -1,
			.max_ms = -1,
			.consumed_ms = -1,
		};
		n = ask_for(worker, group, job, i, stamps, n);
	}
	if (n == 0) {
		free(stamps);
		finish(job, worker->loop, true);
		return;
	}
	struct read_job *read = read_stamps_new(stamps, n);

	read->reply_loop = worker->loop;
	read->done = on_stamps;
	read->context = job;
	store_read(worker->broker->store, read);
}
