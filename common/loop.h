#ifndef COMMON_LOOP_H
#define COMMON_LOOP_H

/*
 * An event loop and its thread: libevent's base, a mailbox, an arena for the
 * request at hand, and work put off to the end of the turn (written answers,
 * tasks for other threads), so that what one read brought travels together.
 *
 * loop_post may be called by any thread; all else by the loop's own.
 */

#include <event2/event.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/mailbox.h"

struct loop {
	struct event_base *base;
	struct mailbox inbox; /* tasks run with the loop as receiver */
	struct arena arena;   /* reset after each request */
	int index;            /* 0 .. n-1 in its daemon */
	void *context;        /* the daemon's part of this loop (struct worker of the broker) */
	/* internal */
	struct event *on_inbox;
	struct turn_end *turn_ends;
};

/* Something to do when the callbacks at hand are through; asked for many times, run once. */
struct turn_end {
	struct turn_end *next;
	void (*run)(struct turn_end *self);
	bool asked;
};

void loop_init(struct loop *loop, int index);
void loop_release(struct loop *loop);
/* Runs until loop_stop; returns when stopped. */
void loop_run(struct loop *loop);
/* Any thread. */
void loop_stop(struct loop *loop);
void loop_post(struct loop *loop, struct task *task);
void loop_at_turn_end(struct loop *loop, struct turn_end *what);

#endif
