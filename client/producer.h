#ifndef CLIENT_PRODUCER_H
#define CLIENT_PRODUCER_H

/* What transactions need of producers; see twinmq.h. */

#include "client/twinmq.h"

struct twinmq *producer_handle(const struct producer *producer);
/* Deep copy. */
void send_result_copy(struct send_result *to, const struct send_result *from, struct arena *arena);

#endif
