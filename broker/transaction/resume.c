#include "config.h"

#include "broker/transaction/resume.h"

#include <stdlib.h>

#include "broker/store/store.h"
#include "broker/transaction/decide/decide.h"
#include "common/base/clock.h"
#include "common/base/mem.h"

static void
on_stored(struct append *append, struct loop *loop)
{
	struct transaction_resume *resume = append->context;
	struct worker *worker = loop->context;
	enum resume_outcome outcome = RESUME_FAILED;

	if (append->status == APPEND_OK) {
		outcome = RESUME_DONE;
		worker->broker->transactions->counters.resumed++;
	} else if (append->status == APPEND_NOT_OPEN) {
		outcome = RESUME_NOT_OPEN;
	}
	append_free(append);
	resume->done(resume->context, loop, outcome);
	free(resume);
}

void
transaction_resume(struct worker *worker, const struct transaction_resume *resume)
{
	struct half_event event = {
		.kind = EVENT_RESUME,
		.source = SOURCE_ADMIN,
		.position = resume->position,
		.half_offset = resume->half_offset,
		.time_ms = clock_wall_ms(),
		.who = resume->who,
		.by = resume->by,
	};
	struct append *append =
	    half_event_append(worker->broker->store, worker->loop, &worker->loop->arena, &event);
	struct transaction_resume *copy = mem_alloc(sizeof *copy);

	*copy = *resume;
	append->half.op = HALF_RESUME;
	append->half.position = resume->position;
	append->reply_loop = worker->loop;
	append->done = on_stored;
	append->context = copy;
	store_append(worker->broker->store, append);
}
