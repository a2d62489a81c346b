#ifndef CLIENT_TWINMQ_TRANSACTION_H
#define CLIENT_TWINMQ_TRANSACTION_H

/*
 * Transactions with libtwinmq. A half message is stored at a broker, which shows it
 * to nobody until it hears the outcome of the sender's local transaction: a
 * COMMIT delivers it, a ROLLBACK drops it. When neither comes, the broker asks
 * the members of the sender's group.
 *
 * Two ways: a transaction producer does the whole of it (send, execute, end,
 * answer what the broker asks), and raw pieces do a step each, in any order, for
 * tests and load generators.
 *
 * As in twinmq.h: all belongs to the handle's thread, all callbacks run on its
 * loop, blocking calls must not be made from them, texts that go in are lent
 * for the call, what a callback gets is lent until it returns, times are milliseconds.
 */

#include <stdbool.h>
#include <stdint.h>

#include "client/twinmq.h"

enum transaction_decision {
	DECISION_UNKNOWN, /* the broker shall ask (again) */
	DECISION_COMMIT,
	DECISION_ROLLBACK,
	DECISION_LATER, /* of callbacks only: transaction_decide follows */
};

/* "commit", "rollback", "unknown". */
const char *transaction_decision_name(enum transaction_decision decision);

/* Where a half message is. A plain value: copy and keep it as you like. */
struct transaction_half {
	const char *address;  /* of its broker, "host:port"; lives as long as the handle */
	int64_t position;     /* in the broker's log, from its offset id: commitLogOffset */
	int64_t queue_offset; /* on the topic of half messages: tranStateTableOffset */
	char unique_id[UNIQUE_ID_LEN + 1]; /* the transaction id; "" when it is longer */
};

/* ---- the transaction producer -------------------------------------------------- */

struct transaction_producer;

/*
 * A transaction that waits for its decision: one of our own whose half message is
 * stored, or one that a broker asks about. Dead once it is decided: by the callback's
 * answer, or by transaction_decide.
 */
struct transaction;

struct transaction_options {
	struct producer_options producer; /* its group must be said */
	/*
	 * The local transaction, run once the half message is stored (SEND_OK; with any other
	 * status it is rolled back unrun). arg: the send's. NULL: as if it said UNKNOWN.
	 */
	enum transaction_decision (*execute)(void *arg, const struct message *message,
	    struct slice transaction_id, struct transaction *transaction);
	/*
	 * A broker asks how it ended: of any member's, also of members that are gone. May be asked
	 * more than once, and while execute has not decided yet. The record is the message as it
	 * will be delivered; its body may be compressed: record_plain_body. NULL: nothing is
	 * answered, and the broker asks somebody else.
	 */
	enum transaction_decision (*check)(void *context, const struct record *message,
	    struct slice transaction_id, struct transaction *transaction);
	void *context;     /* of check */
	bool wait_for_end; /* ask for the broker's answer to our decision; else it is oneway */
};

/*
 * Registers with every master that the name servers know and stays registered: again
 * every 30 s, after a lost connection within seconds. One per group and handle.
 * NULL when the options are wrong, and *error says which.
 */
struct transaction_producer *transaction_producer_new(
    struct twinmq *mq, const struct transaction_options *options, struct twinmq_error *error);
/*
 * Unregisters. No send may be in flight, or the handle is closed, which ends them; what brokers
 * asked and nobody decided is left to other members. With a loop of its own the handle runs it
 * once, so that the last decisions leave: not from a callback then.
 */
void transaction_producer_free(struct transaction_producer *producer);

typedef void transaction_ready_fn(void *arg, const struct twinmq_error *error);

/* Done when each master has answered or failed to; an error when none is reached. */
void transaction_producer_ready_async(
    struct transaction_producer *producer, transaction_ready_fn *done, void *arg);
int transaction_producer_ready(struct transaction_producer *producer);

struct transaction_result {
	struct send_result send; /* of the half message */
	struct transaction_half half;
	enum transaction_decision decision; /* that was sent */
	/*
	 * What the broker said to it: 0; 200 (RESPONSE_TRANSACTION_SHOULD_COMMIT) and 201
	 * (.._SHOULD_ROLLBACK) when it was decided otherwise before; else it was refused, or a
	 * twinmq_code when no answer came. Always 0 without wait_for_end.
	 */
	int32_t end_code;
	struct slice end_text; /* of an end_code that is not 0: one line */
};

/* An error: no half message is stored, as far as we know, and nothing was executed. */
typedef void transaction_sent_fn(
    void *arg, const struct twinmq_error *error, const struct transaction_result *result);

/*
 * Stores the half message, executes, tells the broker. The first sends wait until the
 * producer is registered. The message's delay_level is ignored, and oneway refused.
 *
 * A half message that is sent again, since nobody knows whether a broker has the
 * first one, goes under another transaction id: a broker that has it will ask about an
 * id that was never executed, for which the right answer is ROLLBACK.
 */
void transaction_send_async(struct transaction_producer *producer, const struct message *message,
    transaction_sent_fn *done, void *arg);
/* arg: of execute, which runs within the call. */
int transaction_send(struct transaction_producer *producer, const struct message *message,
    void *arg, struct arena *arena, struct transaction_result *result);

/* After DECISION_LATER, and not from within the callback that says so. */
void transaction_decide(struct transaction *transaction, enum transaction_decision decision);
/* Lent, as long as the transaction lives. */
const struct transaction_half *transaction_half_of(const struct transaction *transaction);

/* Since the start. Decisions are counted by their enum. */
struct transaction_counts {
	int64_t n_sent;                   /* half messages stored */
	int64_t decided[DECISION_LATER];  /* of these */
	int64_t n_asked;                  /* by brokers */
	int64_t answered[DECISION_LATER]; /* to these */
};

void transaction_producer_get_counts(
    const struct transaction_producer *producer, struct transaction_counts *counts);

/* ---- raw pieces ------------------------------------------------------------------- */

/*
 * Stores a half message for the group of an ordinary producer, which is not registered with
 * any broker: nobody is asked unless a transaction producer of that group exists.
 */
typedef void half_stored_fn(void *arg, const struct twinmq_error *error,
    const struct transaction_half *half, const struct send_result *result);

void transaction_half_async(
    struct producer *producer, const struct message *message, half_stored_fn *done, void *arg);
int transaction_half(struct producer *producer, const struct message *message, struct arena *arena,
    struct transaction_half *half, struct send_result *result);

/* An END_TRANSACTION, right or wrong. */
struct transaction_end {
	struct slice group;
	struct transaction_half half;
	enum transaction_decision decision; /* not LATER */
	bool from_check;                    /* as if the broker had asked */
	bool oneway;                        /* done at once, with code 0 */
	struct slice reason;                /* for the broker's log; absent: none */
};

/* error is NULL when an answer came, whatever its code. done may be NULL. */
typedef void end_done_fn(
    void *arg, const struct twinmq_error *error, int32_t code, struct slice remark);

void transaction_end_async(
    struct twinmq *mq, const struct transaction_end *end, end_done_fn *done, void *arg);
/* -1 also when the code is not 0; then *code says which, and is a twinmq_code when none came. */
int transaction_end(struct twinmq *mq, const struct transaction_end *end, int32_t *code);

#endif
