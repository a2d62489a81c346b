#ifndef CLIENT_NAME_SERVERS_H
#define CLIENT_NAME_SERVERS_H

/* The handle's name servers; requests to them are in twinmq.h. */

#include "client/twinmq.h"

/* A list as in twinmq_options. 0, or -1 with *error. */
int name_servers_read(struct twinmq *mq, const char *list, struct twinmq_error *error);
void name_servers_release(struct twinmq *mq);

#endif
