#ifndef BROKER_CONSUMERS_MEMBER_OFFSETS_H
#define BROKER_CONSUMERS_MEMBER_OFFSETS_H

/*
 * What the members of a group say that they have consumed of a topic: each is asked (221), and what
 * came in time is the result. On the loop that calls.
 */

#include "broker/context.h"
#include "broker/state/client.h"
#include "common/protocol/queue_offset.h"

/* The offsets of one member. */
struct member_offsets {
	struct slice client_id;
	const struct queue_offset *list;
	size_t n;
};

/* Called once, later or at once; lent. */
typedef void member_offsets_fn(
    void *context, struct loop *loop, const struct member_offsets *members, size_t n_members);
/* Whom to ask for what; lent for the call. */
struct offset_question {
	struct slice topic;
	struct slice group;
	const struct client *members;
	size_t n_members;
};

void member_offsets_ask(struct broker *broker, struct loop *loop,
    const struct offset_question *question, member_offsets_fn *done, void *context);

#endif
