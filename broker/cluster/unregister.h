#ifndef BROKER_UNREGISTER_H
#define BROKER_UNREGISTER_H

/*
 * The end of a broker's registrations: name servers are told that it leaves,
 * and their replies awaited for a second at most. Loop 0.
 */

#include "broker/cluster/name_server.h"
#include "common/net/loop.h"

struct unregistering {
	struct loop *loop;
	struct timer give_up;
	size_t n_waiting;        /* for replies */
	void (*done)(void *arg); /* NULL once it was called */
	void *arg;
};

void unregister_start(
    struct unregistering *unregistering, struct loop *loop, void (*done)(void *arg), void *arg);
/* For each name server that the broker is registered with. */
void unregister_from(struct unregistering *unregistering, struct name_server *server);
/* All were told. Calls done when they have replied, perhaps at once. */
void unregister_wait(struct unregistering *unregistering);
/* done is not called any more. */
void unregister_cancel(struct unregistering *unregistering);

#endif
