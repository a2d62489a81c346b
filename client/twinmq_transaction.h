#ifndef CLIENT_TWINMQ_TRANSACTION_H
#define CLIENT_TWINMQ_TRANSACTION_H

/*
 * Transactions with libtwinmq. A broker stores a half message, which no consumer sees until the
 * outcome of the sender's local transaction is known. COMMIT delivers it, ROLLBACK drops it. When
 * neither comes, the broker asks the members of the sender's group; this is called a check.
 *
 * A transaction producer does all of it: it sends, executes, ends, and answers checks. For tests
 * and load generators, raw pieces do one step each, in any order.
 *
 * Threads, ownership, errors and times are as in twinmq.h.
 */

#include <stdbool.h>
#include <stdint.h>

#include "client/twinmq.h"

enum transaction_decision {
	DECISION_UNKNOWN, /* the broker asks later */
	DECISION_COMMIT,
	DECISION_ROLLBACK,
	DECISION_LATER, /* returned by callbacks only; transaction_decide follows */
};

/* "commit", "rollback", "unknown". */
const char *transaction_decision_name(enum transaction_decision decision);

/* The place of a half message. A plain value that may be copied and kept. */
struct transaction_half {
	const char *address;  /* of its broker, "host:port"; lives as long as the handle */
	int64_t position;     /* in the broker's log, from its offset id: commitLogOffset */
	int64_t queue_offset; /* on the topic of half messages: tranStateTableOffset */
	char unique_id[UNIQUE_ID_LEN + 1]; /* the transaction id; "" when it is longer */
};

/* ---- the transaction producer -------------------------------------------------- */

struct transaction_producer;

/*
 * A transaction that waits for its decision: one of our own whose half message is stored, or the
 * subject of a check. The decision frees it, whether it is the callback's result or comes with
 * transaction_decide.
 */
struct transaction;

struct transaction_options {
	struct producer_options producer; /* the group must be set */
	/*
	 * The local transaction. It runs when the half message is stored (SEND_OK); with any other
	 * status it does not run, and the message is rolled back. arg: of the send. NULL: UNKNOWN.
	 */
	enum transaction_decision (*execute)(void *arg, const struct message *message,
	    struct slice transaction_id, struct transaction *transaction);
	/*
	 * A check: the broker asks for the outcome of a transaction of any member, also of members
	 * that are gone. It may come more than once, and before execute has decided. The record is
	 * the message as it will be delivered; record_plain_body uncompresses its body. NULL:
	 * checks are not answered, and the broker asks another member.
	 */
	enum transaction_decision (*check)(void *context, const struct record *message,
	    struct slice transaction_id, struct transaction *transaction);
	void *context;     /* of check */
	bool wait_for_end; /* wait for the broker's reply to the decision; else it is sent oneway */
};

/*
 * Registers with every master that the name servers know and stays registered: heartbeats follow
 * every 30 s, and within seconds after a lost connection. A handle has at most one per group. NULL
 * when the options are wrong, and *error says which.
 */
struct transaction_producer *transaction_producer_new(
    struct twinmq *mq, const struct transaction_options *options, struct twinmq_error *error);
/*
 * Unregisters and frees. No send may be in flight unless the handle is closed. Undecided checks are
 * left to other members. A handle with its own loop runs it once to send the last decisions, so do
 * not call this from a callback then.
 */
void transaction_producer_free(struct transaction_producer *producer);

typedef void transaction_ready_fn(void *arg, const struct twinmq_error *error);

/* Done when each master has replied or failed; an error when none replied. */
void transaction_producer_ready_async(
    struct transaction_producer *producer, transaction_ready_fn *done, void *arg);
int transaction_producer_ready(struct transaction_producer *producer);

struct transaction_result {
	struct send_result send; /* of the half message */
	struct transaction_half half;
	enum transaction_decision decision; /* as sent */
	/*
	 * The broker's reply to the decision. 0: accepted; 200 or 201
	 * (RESPONSE_TRANSACTION_SHOULD_COMMIT, .._SHOULD_ROLLBACK): it was decided otherwise
	 * before; another code: refused; a twinmq_code: no reply. Always 0 without wait_for_end.
	 */
	int32_t end_code;
	struct slice end_text; /* one line when end_code is not 0 */
};

/* error: nothing was executed, and as far as we know no half message is stored. */
typedef void transaction_sent_fn(
    void *arg, const struct twinmq_error *error, const struct transaction_result *result);

/*
 * Stores the half message, executes, and sends the decision. The first sends wait until the
 * producer is registered. delay_level of the message is ignored, and oneway is refused.
 *
 * A half message whose reply is lost is sent again with another transaction id. If a broker has
 * stored the first one too, it will ask about an id that was never executed; the right answer is
 * ROLLBACK.
 */
void transaction_send_async(struct transaction_producer *producer, const struct message *message,
    transaction_sent_fn *done, void *arg);
/* execute runs within the call, with arg. */
int transaction_send(struct transaction_producer *producer, const struct message *message,
    void *arg, struct arena *arena, struct transaction_result *result);

/* After a callback returned DECISION_LATER; not from within that callback. */
void transaction_decide(struct transaction *transaction, enum transaction_decision decision);
/* Lent, as long as the transaction lives. */
const struct transaction_half *transaction_half_of(const struct transaction *transaction);

/* Since the producer was made; arrays by enum transaction_decision. */
struct transaction_counts {
	int64_t n_sent;                   /* half messages stored */
	int64_t decided[DECISION_LATER];  /* of these */
	int64_t n_asked;                  /* checks */
	int64_t answered[DECISION_LATER]; /* checks */
};

void transaction_producer_get_counts(
    const struct transaction_producer *producer, struct transaction_counts *counts);

/* ---- raw pieces ------------------------------------------------------------------- */

/*
 * Stores a half message for the group of an ordinary producer. Brokers do not know its members, so
 * they can ask only if a transaction producer of that group exists.
 */
typedef void half_stored_fn(void *arg, const struct twinmq_error *error,
    const struct transaction_half *half, const struct send_result *result);

void transaction_half_async(
    struct producer *producer, const struct message *message, half_stored_fn *done, void *arg);
int transaction_half(struct producer *producer, const struct message *message, struct arena *arena,
    struct transaction_half *half, struct send_result *result);

/* The fields of an END_TRANSACTION, right or wrong. */
struct transaction_end {
	struct slice group;
	struct transaction_half half;
	enum transaction_decision decision; /* not LATER */
	bool from_check;                    /* as the answer to a check */
	bool oneway;                        /* done at once, with code 0 */
	struct slice reason;                /* for the broker's log; absent: none */
};

/* error is NULL when a reply came, whatever its code. done may be NULL. */
typedef void end_done_fn(
    void *arg, const struct twinmq_error *error, int32_t code, struct slice remark);

void transaction_end_async(
    struct twinmq *mq, const struct transaction_end *end, end_done_fn *done, void *arg);
/* -1 also when the code is not 0. *code: of the reply, or a twinmq_code when none came. */
int transaction_end(struct twinmq *mq, const struct transaction_end *end, int32_t *code);

#endif
