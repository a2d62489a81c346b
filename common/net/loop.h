#ifndef COMMON_LOOP_H
#define COMMON_LOOP_H

/*
 * An event loop and its thread: a libevent base, a mailbox, an arena for the
 * current request, timers, and work that waits for the end of the turn. Replies
 * and tasks for other threads wait there, so that all that one read brought is
 * sent at once.
 *
 * Any thread may call loop_post and loop_stop. All else is for the loop's own
 * thread, or for any one thread while the loop does not run.
 */

#include <event2/event.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/mailbox.h"
#include "common/base/pool.h"
#include "common/base/timer_heap.h"

/*
 * State of another module in a loop. loop_release calls close, then ends a turn, then calls
 * release.
 */
struct loop_part {
	void (*close)(struct loop_part *self);
	void (*release)(struct loop_part *self);
};

/* Work for the end of the turn. It runs once a turn, however often it was asked for. */
struct turn_end {
	struct turn_end *next;
	void (*run)(struct turn_end *self);
	bool asked;
};

struct loop {
	struct event_base *base;
	struct mailbox inbox; /* tasks run with the loop as receiver */
	struct arena arena;   /* reset after each request, task and turn */
	struct pool pool;     /* memory for what goes to other threads and comes back */
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
	bool pressed; /* a read filled its buffer in this turn: more input waits */
	struct task stop_task;
	atomic_bool stop_posted;
	bool stopped;
};

void loop_init(struct loop *loop, int index);
/* Runs the tasks that still wait, closes the connections. */
void loop_release(struct loop *loop);
/* Runs until loop_stop; returns when stopped. May run again. */
void loop_run(struct loop *loop);
/* Runs tasks that were posted before, then stops. Any thread. */
void loop_stop(struct loop *loop);
/* Any thread. */
void loop_post(struct loop *loop, struct task *task);
/* Runs the task at once when `there` is the caller's own loop `here`, else posts it to `there`. */
void loop_call(struct loop *there, struct loop *here, struct task *task);
/* Runs the waiting tasks of a loop that does not run any more. False: there were none. */
bool loop_drain(struct loop *loop);
/* Runs tasks linked by next, as if they had been posted. */
void loop_run_tasks(struct loop *loop, struct task *first);
/* Runs at the end of this turn, in the order of the calls. Calls from there join this turn. */
void loop_at_turn_end(struct loop *loop, struct turn_end *what);
/* timer->due runs on the loop at at_ms of clock_mono_ms, unless the timer is dropped or set anew.
 */
void loop_set_timer(struct loop *loop, struct timer *timer, int64_t at_ms);
void loop_drop_timer(struct loop *loop, struct timer *timer);

#endif
