#ifndef BROKER_ALLOCATE_H
#define BROKER_ALLOCATE_H

/*
 * How the queues of a topic are divided among the members of a group, as the clients' own
 * strategies do it: AVG (AllocateMessageQueueAveragely) and AVG_BY_CIRCLE
 * (AllocateMessageQueueAveragelyByCircle), and QueryAssignmentProcessor.allocate4Pop of 5.3.3.
 * Functions of their arguments; any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/slice.h"

/* Queue number `queue` of n_queues, in their order, goes to member `member` of n_members. */
typedef bool allocate_fn(size_t queue, size_t n_queues, size_t member, size_t n_members);

/* NULL: RocketMQ's brokers know no such strategy. */
allocate_fn *allocate_find(struct slice strategy);
/*
 * The same for a group that pops, for fewer than all queues: the member also has the queues of the
 * `share` members behind it. With more members than queues each has one.
 */
bool allocate_shared(allocate_fn *strategy, size_t queue, size_t n_queues, size_t member,
    size_t n_members, size_t share);
/* Whether every member pops from all queues. */
bool allocate_is_all(int32_t share, size_t n_members);

#endif
