#ifndef CLIENT_ROUTE_CACHE_H
#define CLIENT_ROUTE_CACHE_H

/* The cache behind twinmq_route_async. */

#include "client/twinmq.h"

void route_cache_release(struct twinmq *mq);
/* The cached route is doubtful; the next user has it renewed. */
void route_cache_doubt(struct twinmq *mq, struct slice topic);
/* The cached route is of no use; the next user waits for another. */
void route_cache_forget(struct twinmq *mq, struct slice topic);
/* The address of the broker's master, else of a slave; absent when the route has none. */
struct slice route_address(const struct route *route, struct slice broker_name, bool master_only);

#endif
