#ifndef CLIENT_CHOOSE_QUEUE_H
#define CLIENT_CHOOSE_QUEUE_H

/* Which queue of a topic gets the next message. */

#include <stdint.h>

#include "common/protocol/route.h"

struct chosen_queue {
	struct slice broker_name;
	struct slice address;
	int32_t queue_id;
};

/*
 * The turn-th queue in a walk that takes queue 0 of each master, then queue 1, and so on. Queues of
 * broker `avoid` are left out when another broker has one. max_queues: of each broker; 0: all.
 * 0, or -1 when no queue may be written to.
 */
int choose_queue(const struct route *route, uint32_t turn, struct slice avoid, int32_t max_queues,
    struct chosen_queue *chosen);

#endif
