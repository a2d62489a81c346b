#ifndef COMMON_MAILBOX_H
#define COMMON_MAILBOX_H

/*
 * How threads talk. A task is given away with mailbox_post and belongs to the
 * receiver from then on; it comes back, if it does, by a post to the sender's
 * mailbox. Any thread posts, one thread takes. Tasks arrive in the order in
 * which one sender posted them.
 *
 * The receiver waits for its descriptor (an event loop polls it, and calls
 * mailbox_rearm before it takes) or in mailbox_wait. A post writes the eventfd only when the
 * mailbox was empty, so a busy receiver costs the senders no system call.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct task {
	struct task *next;
	/* Called by the receiver, on its thread, with the receiver's context. */
	void (*run)(struct task *task, void *receiver);
};

struct mailbox {
	_Atomic(struct task *) newest;
	int fd; /* eventfd, non-blocking */
};

/* Ends the process when there is no descriptor left. */
void mailbox_init(struct mailbox *mailbox);
void mailbox_release(struct mailbox *mailbox);
void mailbox_post(struct mailbox *mailbox, struct task *task);
/* first .. last, linked by next, in that order. */
void mailbox_post_chain(struct mailbox *mailbox, struct task *first, struct task *last);
/* From now on a post to an empty mailbox wakes the receiver again; take what is there after it. */
void mailbox_rearm(struct mailbox *mailbox);
/* All that is there, oldest first, linked by next; NULL when empty. */
struct task *mailbox_take(struct mailbox *mailbox);
/* Nothing waits in it now; cheaper than taking. */
bool mailbox_is_empty(const struct mailbox *mailbox);
/* Ends the receiver's wait though nothing was posted. Any thread. */
void mailbox_wake(struct mailbox *mailbox);
/* Sleeps until there is something to take, or timeout_ms passed (-1: for ever); take then. */
void mailbox_wait(struct mailbox *mailbox, int timeout_ms);

/* A first-in first-out chain that one thread gathers before it posts. */
struct task_chain {
	struct task *first;
	struct task *last;
};

static inline void
task_chain_add(struct task_chain *chain, struct task *task)
{
	task->next = NULL;
	if (chain->first == NULL)
		chain->first = task;
	else
		chain->last->next = task;
	chain->last = task;
}

#endif
