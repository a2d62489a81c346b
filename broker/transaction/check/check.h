#ifndef BROKER_CHECK_H
#define BROKER_CHECK_H

/*
 * Asking about half messages that nobody decided (CHECK_TRANSACTION_STATE). The connection that
 * sent one is asked first, then another live member of its group, here or at another master, then
 * the URL of the group. Loop 0. The table of half messages says which ones are due. An ask is an
 * event that is committed before it leaves, so none leaves after a decision.
 */

#include "broker/context.h"
#include "broker/transaction/decide/decide.h"

struct transaction_checks;

/* At start, once the store runs. */
struct transaction_checks *transaction_checks_new(struct broker *broker);
void transaction_checks_free(struct transaction_checks *checks);
/* When the broker is told to stop: nothing more is asked or stored. */
void transaction_checks_stop(struct transaction_checks *checks);
/* A reply came about the half message at this position. Any loop. */
void transaction_checks_answered(struct broker *broker, struct loop *here, int64_t position);
/*
 * The state of the check of the half message at this position: a name of check_table.h, or
 * "waiting" while no check is at hand. Static.
 */
typedef void transaction_check_state_fn(void *context, struct loop *loop, const char *state);
/* Calls done once on the loop `here`, which is the caller's; at once on loop 0. Any loop. */
void transaction_checks_ask_state(struct broker *broker, struct loop *here, int64_t position,
    transaction_check_state_fn *done, void *context);
/* An ext field of an END that another master forwards: which peer sent it there. For people. */
#define TRANSACTION_RELAYED_FOR "relayedFor"

/*
 * An END that replies to a question of another master (RELAY_CHECK) goes on to that master, and its
 * outcome goes to done. False: it replies to no such question. id: of the transaction. Any loop.
 */
bool transaction_relay_end(struct worker *worker, const struct transaction_decision *decision,
    struct slice id, transaction_done_fn *done, void *context);
/*
 * Whether a group of producers may have this URL: http, and an address of
 * transactionCheckUrlAllow. 0, or -1 and *why, one sentence.
 */
int transaction_url_check(
    const struct broker_settings *settings, struct slice url, const char **why);

#endif
