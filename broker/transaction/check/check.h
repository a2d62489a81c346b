#ifndef BROKER_CHECK_H
#define BROKER_CHECK_H

/*
 * Asking about half messages that nobody decided (CHECK_TRANSACTION_STATE):
 * the connection that sent one, else a live member of its group here or on another
 * master, else the group's URL. Loop 0. The table of half messages says
 * which are due; an ask is an event that is committed before it leaves, so
 * none is made once a decision is there.
 */

#include "broker/context.h"

struct transaction_checks;

/* At start, once the store runs. */
struct transaction_checks *transaction_checks_new(struct broker *broker);
void transaction_checks_free(struct transaction_checks *checks);
/* When the broker is told to stop: nothing more is asked or stored. */
void transaction_checks_stop(struct transaction_checks *checks);
/* An answer came about the half message at this position. Any loop. */
void transaction_checks_answered(struct broker *broker, struct loop *here, int64_t position);
/* An ext field of an END that another master sends on: who sent it there. For people to read. */
#define TRANSACTION_RELAYED_FOR "relayedFor"

/*
 * An END that answers what another master asked through us (RELAY_CHECK) goes on to that one, and
 * its answer is the answer. False: it is not such a one. In begin.
 */
bool transaction_relay_end(struct request *request);
/*
 * Whether a group of producers may have this URL: http, and an address of
 * transactionCheckUrlAllow. 0, or -1 and *why, one sentence.
 */
int transaction_url_check(
    const struct broker_settings *settings, struct slice url, const char **why);

#endif
