#ifndef NAMESERVER_CONSOLE_H
#define NAMESERVER_CONSOLE_H

/* The start and the end of the console, see console/console.h. */

#include "nameserver/namesrv.h"

/*
 * A console that cannot be had costs one line in the log, and the name server goes on without it.
 * Before the loop runs.
 */
void namesrv_console_start(struct namesrv *namesrv, int listen_port);
/* When the loop has ended. */
void namesrv_console_stop(struct namesrv *namesrv);

#endif
