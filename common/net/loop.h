#ifndef COMMON_LOOP_H
#define COMMON_LOOP_H

/*
 * An event loop and its thread: libevent's base, a mailbox, an arena for the
 * request at hand, timers on one timer, and work put off to the end of the
 * turn (written answers, tasks for other threads), so that what one read
 * brought travels together.
 *
 * loop_post and loop_stop may be called by any thread; all else by the loop's
 * own, or by any one thread while the loop does not run.
 */

#include <event2/event.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/timer_heap.h"
#include "common/base/mailbox.h"
#include "common/base/pool.h"

/* What another module keeps in a loop; loop_release ends a turn between the two. */
struct loop_part {
	void (*close)(struct loop_part *self);
	void (*release)(struct loop_part *self);
};

/* Something to do when the callbacks at hand are through; asked for many times, run once. */
struct turn_end {
	struct turn_end *next;
	void (*run)(struct turn_end *self);
	bool asked;
};

struct loop {
	struct event_base *base;
	struct mailbox inbox; /* tasks run with the loop as receiver */
	struct arena arena;   /* reset after each request, task and turn */
	struct pool pool;     /* for what goes to other threads and comes home */
	int index;            /* 0 .. n-1 in its daemon */
	void *context;        /* the daemon's part of this loop (struct worker of the broker) */
	/* internal */
	struct loop_part *conns; /* conn.c; NULL until the first connection */
	_Atomic uint64_t n_shed; /* connections closed for conn_limit_unsent; any thread reads */
	struct event *on_inbox;
	struct event *on_timer;
	int64_t wake_ms; /* when on_timer fires */
	struct timer_heap timers;
	struct turn_end *turn_ends;
	struct turn_end **turn_ends_tail;
	bool pressed; /* more has arrived than this turn read: it has no time to lose at its end */
	struct task stop_task;
	atomic_bool stop_posted;
	bool stopped;
};

void loop_init(struct loop *loop, int index);
/* Runs the tasks that still wait, closes the connections. */
void loop_release(struct loop *loop);
/* Runs until loop_stop; returns when stopped. May run again. */
void loop_run(struct loop *loop);
/* Tasks posted before are still run. Any thread. */
void loop_stop(struct loop *loop);
/* Any thread. */
void loop_post(struct loop *loop, struct task *task);
/* Runs the task at once when `there` is the caller's own loop `here`, else posts it to `there`. */
void loop_call(struct loop *there, struct loop *here, struct task *task);
/* Runs the tasks that wait, once the loop does not run any more; whether there were any. */
bool loop_drain(struct loop *loop);
/* Runs tasks linked by next, as if they had been posted. */
void loop_run_tasks(struct loop *loop, struct task *first);
/* In the order in which they were asked for; what they ask for follows in the same turn. */
void loop_at_turn_end(struct loop *loop, struct turn_end *what);
/* timer->due runs on the loop at that time of clock_mono_ms, unless it is dropped or moved. */
void loop_set_timer(struct loop *loop, struct timer *timer, int64_t at_ms);
void loop_drop_timer(struct loop *loop, struct timer *timer);

#endif
