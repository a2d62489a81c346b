#ifndef BROKER_PARKED_H
#define BROKER_PARKED_H

/*
 * Pulls that wait for a message (long polling), by queue and by deadline. One
 * per loop; only that loop's thread. A parked pull costs no thread and no timer
 * of its own. The pulls are owned by parked_pulls until they are handed back.
 */

#include "broker/pull/pull.h"
#include "common/net/loop.h"

struct parked_pulls;

struct parked_events {
	/* The queue grew: the pull is the callee's now (it may park it again). */
	void (*on_message)(void *arg, struct pull *pull);
	/* Its time is over: likewise. */
	void (*on_timer)(void *arg, struct pull *pull);
};

struct parked_pulls *parked_pulls_new(
    struct loop *loop, const struct parked_events *events, void *arg);
/* Frees what is parked, without replies. */
void parked_pulls_free(struct parked_pulls *parked);
/* Takes the pull until pull->deadline_ms. */
void parked_pulls_add(struct parked_pulls *parked, struct pull *pull);
/* Hands back all that wait for this queue. */
void parked_pulls_wake(struct parked_pulls *parked, struct slice topic, int32_t queue_id);
size_t parked_pulls_count(const struct parked_pulls *parked);

#endif
