#ifndef BROKER_PARKED_H
#define BROKER_PARKED_H

/*
 * Pulls that wait for a message (long polling), by queue and by deadline. A parked pull costs no
 * thread and no timer of the system. parked_pulls owns it until an event hands it back. One per
 * loop; only that loop's thread.
 */

#include "broker/pull/pull.h"
#include "common/net/loop.h"

struct parked_pulls;

struct parked_events {
	/* The queue grew. The callee owns the pull, and may park it again. */
	void (*on_message)(void *arg, struct pull *pull);
	/* The pull's time is over. The callee owns it. */
	void (*on_timer)(void *arg, struct pull *pull);
};

struct parked_pulls *parked_pulls_new(
    struct loop *loop, const struct parked_events *events, void *arg);
/* Frees what is parked, without replies. */
void parked_pulls_free(struct parked_pulls *parked);
/* Takes the pull until pull->deadline_ms. */
void parked_pulls_add(struct parked_pulls *parked, struct pull *pull);
/* Hands back all pulls of this queue, the oldest first. */
void parked_pulls_wake(struct parked_pulls *parked, struct slice topic, int32_t queue_id);
size_t parked_pulls_count(const struct parked_pulls *parked);

#endif
