#ifndef CLIENT_WAIT_H
#define CLIENT_WAIT_H

/* Blocking calls. Embed a struct waiting in the argument of the asynchronous call, then wait. */

#include <stdbool.h>

#include "client/twinmq.h"

struct waiting {
	struct twinmq *mq;
	bool done;
	bool failed; /* the handle's error says why */
};

/* The time that a request with this time-out has, because of the handle's deadline; above 0. */
int time_left(const struct twinmq *mq, int timeout_ms);
/* error: NULL for success. */
void waiting_done(struct waiting *waiting, const struct twinmq_error *error);
/* Runs the loop until waiting_done. 0 or -1. */
int waiting_wait(struct waiting *waiting);

#endif
