#ifndef BROKER_PULL_H
#define BROKER_PULL_H

/*
 * A pull that outlives its frame: it is parked until a message comes, or waits for a reader to
 * fetch records that memory no longer has. Belongs to one loop.
 */

#include <stdint.h>
#include <sys/queue.h>

#include "broker/store/store.h"
#include "common/net/server.h"

/* What is asked for; texts and codes are lent from the frame's arena, or the pull's own. */
struct pull_question {
	struct slice topic;
	struct slice group; /* for counters */
	int32_t queue_id;
	int64_t offset; /* where to go on looking */
	struct pull_limits limits;
};

struct pull {
	/* These four belong to parked.c. */
	struct timer timer;
	struct parked_pulls *parked;
	struct parked_queue *queue;
	TAILQ_ENTRY(pull) in_queue;
	struct ticket ticket;
	struct pull_question question;
	int64_t asked_offset; /* as it came; question.offset moves past what a filter dropped */
	int64_t deadline_ms;  /* clock_mono_ms */
			      /* the question's codes and texts follow */
};

struct pull *pull_new(const struct ticket *ticket, const struct pull_question *question);
void pull_free(struct pull *pull);

#endif
