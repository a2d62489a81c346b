#ifndef NAMESERVER_HTTP_H
#define NAMESERVER_HTTP_H

/*
 * The name server's HTTP port: metrics and health, see mq-http(7). Handlers run on a thread of
 * their own; what they tell is asked of the one loop.
 */

#include "nameserver/namesrv.h"

/* Listens and serves. -1 after one line in the log: the port cannot be had. Before the loop runs.
 */
int namesrv_http_start(struct namesrv *namesrv, int listen_port);
/* The thread ends, and what was on its way comes back. When the loop has ended. */
void namesrv_http_stop(struct namesrv *namesrv);

#endif
