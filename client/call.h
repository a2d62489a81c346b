#ifndef CLIENT_CALL_H
#define CLIENT_CALL_H

/* Requests in flight; the calls themselves are in twinmq.h. */

#include "client/twinmq.h"
#include "client/wait.h"

void calls_init(struct twinmq *mq);
/* Ends those in flight with an error. The connections are closed already. */
void calls_end(struct twinmq *mq);
/* Deep copy without opaque and flag, which conn_request sets. */
void command_copy(struct command *to, const struct command *from, struct arena *arena);

/* A blocking call: pass blocking_call_done and the struct to the asynchronous one, then wait. */
struct blocking_call {
	struct waiting waiting;
	struct arena *arena; /* gets a copy of the reply */
	struct twinmq_reply *reply;
};

void blocking_call_done(
    void *arg, const struct twinmq_error *error, const struct command *reply, struct slice body);
/* 0, or -1 and the handle's error: the reply's code is not 0. */
int reply_check(struct twinmq *mq, struct slice address, const struct twinmq_reply *reply);

#endif
