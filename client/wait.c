#include "config.h"

#include "client/wait.h"

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
