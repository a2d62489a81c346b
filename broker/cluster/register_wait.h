#ifndef BROKER_REGISTER_WAIT_H
#define BROKER_REGISTER_WAIT_H

/*
 * Requests that are answered only when the name servers know of a change. Loop 0.
 */

#include "common/net/loop.h"

struct register_wait {
	struct register_wait *next;
	void (*done)(struct register_wait *wait); /* the callee owns the wait again */
};

struct register_waits {
	struct loop *loop;
	struct register_wait *asking; /* the next registration will carry their changes */
	struct register_wait *told;   /* the last one did: they wait for its replies */
	struct timer timeout;         /* ... but no longer than this */
};

void register_waits_init(struct register_waits *waits, struct loop *loop);
/* The list owns the wait until done is called. */
void register_waits_add(struct register_waits *waits, struct register_wait *wait);
/* A registration was sent to the name servers. */
void register_waits_told(struct register_waits *waits);
/* The name servers have replied, or will not. */
void register_waits_end(struct register_waits *waits);

#endif
