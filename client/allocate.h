#ifndef CLIENT_ALLOCATE_H
#define CLIENT_ALLOCATE_H

/* Which queues a member of a group has: as AllocateMessageQueueAveragely of apache/rocketmq. */

#include <stddef.h>

#include "common/protocol/message_queue.h"

struct queue_share {
	size_t first, n;
};

/* Of n_queues sorted queues, for the member number `index` of n_members sorted ids. */
struct queue_share allocate_evenly(size_t n_queues, size_t n_members, size_t index);
/* The order in which all clients sort queues: topic, broker, id. For qsort. */
int message_queue_compare(const void *a, const void *b);

#endif
