#ifndef BROKER_LEASE_H
#define BROKER_LEASE_H

/*
 * The lease of a master, and how a slave hears that it was promoted: twice a second each replica of
 * a broker with enableControllerMode tells the leader of the quorum that it is alive, where its log
 * ends, and which epoch it is the master of. A master may write for 3 s from the moment when it
 * sent such a request, less a margin; the store refuses appends from then on. It gives the lease up
 * at a clean stop. Loop 0, but for what says otherwise.
 */

#include "broker/context.h"

enum { LEASE_REPLICAS_MAX = 16 };

struct lease;

/* Of a broker with enableControllerMode: a master writes nothing until it has a lease. */
struct lease *lease_new(struct broker *broker);
void lease_free(struct lease *lease);
/* The broker stops: writes end now, and the quorum hears of it. */
void lease_give_up(struct lease *lease);

/*
 * Somebody says that the role of a broker changed: the quorum is asked soon, and at most ten times
 * a second. NULL is allowed. Any thread.
 */
void lease_ask_soon(struct lease *lease);

/*
 * The master's slaves that are in sync, by their ids, without its own: the quorum is asked to know
 * this set, again and again until it does. A slave that is dropped must be waited for until
 * lease_set_covers. Any thread, as of the next.
 */
void lease_want_set(struct lease *lease, const int64_t *ids, size_t n);
/* Whether the quorum knows no replica as in sync that is not in the set that was wanted last. */
bool lease_set_covers(struct lease *lease);

#endif
