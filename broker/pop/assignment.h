#ifndef BROKER_ASSIGNMENT_H
#define BROKER_ASSIGNMENT_H

/*
 * Which queues of a topic, on all brokers, a member of a group consumes, and how. The queues are
 * those of the topic's route, which a name server is asked for. Source: QueryAssignmentProcessor
 * of 5.3.3. On any loop.
 */

#include "broker/context.h"
#include "common/protocol/assignment.h"

struct assignment {
	const struct message_queue *queues; /* in the loop's arena; NULL: nothing is known */
	size_t n_queues;
	enum request_mode mode;
};

/* On the loop of the worker, once; maybe before assignment_find returns. */
typedef void assignment_done_fn(
    void *context, struct loop *loop, const struct assignment *assignment);
void assignment_find(struct worker *worker, const struct assignment_query *query,
    assignment_done_fn *done, void *context);

#endif
