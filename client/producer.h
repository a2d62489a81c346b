#ifndef CLIENT_PRODUCER_H
#define CLIENT_PRODUCER_H

/* What transactions and requests need of producers; see twinmq.h. */

#include "client/membership.h"
#include "client/twinmq.h"

struct twinmq *producer_handle(const struct producer *producer);
struct slice producer_group(const struct producer *producer);
/* Calls done once masters know the group; maybe at once. It is known until the producer is freed.
 */
void producer_register_async(struct producer *producer, membership_fn *done, void *arg);
/* Deep copy. */
void send_result_copy(struct send_result *to, const struct send_result *from, struct arena *arena);

#endif
