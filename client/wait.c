#include "config.h"

#include "client/wait.h"

#include <limits.h>

#include "client/handle.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"

const struct twinmq_error *
twinmq_error(const struct twinmq *mq)
{
	return &mq->error;
}

struct loop *
twinmq_loop(struct twinmq *mq)
{
	return mq->loop;
}

void
twinmq_set_deadline(struct twinmq *mq, int64_t at_ms)
{
	mq->deadline_ms = at_ms;
}

int
time_left(const struct twinmq *mq, int timeout_ms)
{
	int64_t left_ms;

	if (mq->deadline_ms == 0)
		return timeout_ms;
	left_ms = mq->deadline_ms - clock_mono_ms();
	return left_ms >= timeout_ms ? timeout_ms : left_ms < 1 ? 1 : (int)left_ms;
}

/* Ends a twinmq_run. */
struct run_end {
	struct timer timer;
	struct twinmq *mq;
};

static void
on_run_end(struct timer *self)
{
	twinmq_stop(container_of(self, struct run_end, timer)->mq);
}

void
twinmq_run(struct twinmq *mq, int run_ms)
{
	struct run_end end = { .timer.due = on_run_end, .mq = mq };

	mq->stopped = false;
	if (mq->deadline_ms != 0)
		run_ms = time_left(mq, run_ms >= 0 ? run_ms : INT_MAX);
	if (run_ms >= 0)
		loop_set_timer(mq->loop, &end.timer, clock_mono_ms() + run_ms);
	/* loop_run may return early because of the stop of a blocking call before. */
	while (!mq->stopped)
		loop_run(mq->loop);
	loop_drop_timer(mq->loop, &end.timer);
}

void
twinmq_stop(struct twinmq *mq)
{
	mq->stopped = true;
	loop_stop(mq->loop);
}

void
waiting_done(struct waiting *waiting, const struct twinmq_error *error)
{
	waiting->done = true;
	waiting->failed = error != NULL;
	if (error != NULL)
		waiting->mq->error = *error;
	loop_stop(waiting->mq->loop);
}

int
waiting_wait(struct waiting *waiting)
{
	while (!waiting->done)
		loop_run(waiting->mq->loop);
	return waiting->failed ? -1 : 0;
}
