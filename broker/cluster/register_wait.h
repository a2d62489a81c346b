#ifndef BROKER_REGISTER_WAIT_H
#define BROKER_REGISTER_WAIT_H

/*
 * The registrar's list of requests that wait until the name servers have heard
 * of a change. Loop 0.
 */

#include "common/net/loop.h"

struct register_wait {
	struct register_wait *next;
	void (*done)(struct register_wait *wait); /* the wait is the callee's again */
};

struct register_waits {
	struct loop *loop;
	struct register_wait *asking; /* the next registration will tell of their changes */
	struct register_wait *told;   /* the last one did: they wait for the answers, */
	struct timer patience;        /* but not longer than this */
};

void register_waits_init(struct register_waits *waits, struct loop *loop);
/* The wait is the list's until it is done. */
void register_waits_add(struct register_waits *waits, struct register_wait *wait);
/* Name servers are being told. */
void register_waits_told(struct register_waits *waits);
/* They have answered, or will not. */
void register_waits_end(struct register_waits *waits);

#endif
