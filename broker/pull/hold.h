#ifndef BROKER_HOLD_H
#define BROKER_HOLD_H

/*
 * Pulls that wait for a message (long polling), by queue and by deadline. One
 * per loop; only that loop's thread. A held pull costs no thread and no timer
 * of its own. The pulls are owned by the holds until they are handed back.
 */

#include "broker/pull/pull.h"
#include "common/net/loop.h"

struct holds;

struct hold_events {
	/* The queue grew: the pull is the callee's now (it may hold it again). */
	void (*on_message)(void *arg, struct pull *pull);
	/* Its time is over: likewise. */
	void (*on_timer)(void *arg, struct pull *pull);
};

struct holds *holds_new(struct loop *loop, const struct hold_events *events, void *arg);
/* Frees what is held, without answers. */
void holds_free(struct holds *holds);
/* Takes the pull until pull->deadline_ms. */
void holds_add(struct holds *holds, struct pull *pull);
/* Hands back all that wait for this queue. */
void holds_wake(struct holds *holds, struct slice topic, int32_t queue_id);
size_t holds_count(const struct holds *holds);

#endif
