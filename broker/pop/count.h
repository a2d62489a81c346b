#ifndef BROKER_POP_COUNT_H
#define BROKER_POP_COUNT_H

/* How many pops wait, in all and for each queue of a group: for limits, and POLLING_INFO. Any
 * thread. */

#include <stdbool.h>

#include "broker/context.h"
#include "broker/state/checkpoint.h"

/* One more waits. False: it may not, see maxPopPollingSize and popPollingSize. */
bool waiting_count(struct broker *broker, const struct group_queue *queue);
void waiting_uncount(struct broker *broker, const struct group_queue *queue);

#endif
