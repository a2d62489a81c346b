#ifndef BROKER_PUSH_H
#define BROKER_PUSH_H

/*
 * Requests that the broker sends to its clients, over the connections on which
 * their heartbeats come, whichever loop those belong to. Any loop.
 */

#include "broker/context.h"
#include "broker/state/client.h"
#include "common/protocol/headers.h"

/* Tells all members of the changed groups to divide the queues again (40). */
void push_changes(struct broker *broker, struct loop *here, const struct client_changes *changes);
/*
 * Forwards the request, with its ext fields and body, to a client; the client's code, remark and
 * body become the answer. Without an answer in time: 207.
 */
enum verdict push_relay(struct request *request, struct conn_id to, int timeout_ms);
/* A request to a client; texts are lent for the call. */
struct push_call {
	struct conn_id to;
	int32_t code;
	const struct ext *ext;
	size_t n_ext;
	struct slice body;
	int timeout_ms;
};
/* Oneway: nobody hears what became of it. */
void push_tell(struct broker *broker, struct loop *here, const struct push_call *call);
/* The same for a request that is not at hand any more: its ticket belongs to the loop `here`. */
void push_forward(struct broker *broker, struct loop *here, const struct push_call *call,
    const struct ticket *ticket);
/* Whether a request could leave. */
enum push_result {
	PUSH_SENT,
	PUSH_GONE,   /* no such connection any more */
	PUSH_BUSY,   /* it does not read what was sent before */
	PUSH_SILENT, /* sent, and no answer came in time, or the connection closed meanwhile */
};

/* What a client answered; texts are lent for the call, and set with PUSH_SENT only. */
struct push_answer {
	enum push_result result;
	int32_t code;
	struct slice remark, body;
};

typedef void push_answered_fn(void *context, struct loop *here, const struct push_answer *answer);
/* A request whose answer is the caller's. `answered` is called once, later, on the loop `here`. */
void push_ask(struct broker *broker, struct loop *here, const struct push_call *call,
    push_answered_fn *answered, void *context);

typedef void push_done_fn(void *context, struct loop *reply_loop, enum push_result result);
/* Asks a producer what became of a transaction (39). Loop 0; done is called there, perhaps at once.
 */
void push_check(struct broker *broker, struct conn_id to,
    const struct check_transaction_header *header, struct slice body, push_done_fn *done,
    void *context);
/* Closes the connection of a client that is not heard of any more. */
void push_close(struct broker *broker, struct loop *here, struct conn_id which);

#endif
