#ifndef BROKER_HANDLE_SEND_H
#define BROKER_HANDLE_SEND_H

/* What a worker needs before its first send. At start, before the loops run. */

struct worker;

void send_attach(struct worker *worker);

#endif
