#ifndef COMMON_MAILBOX_H
#define COMMON_MAILBOX_H

/*
 * A queue of tasks from any thread to one thread. mailbox_post gives the task to the receiver,
 * which owns it from then on; a reply is a post to the sender's mailbox. The tasks of one sender
 * arrive in the order of its posts.
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
/* Lets the next post to an empty mailbox wake the receiver again. Call mailbox_take after it. */
void mailbox_rearm(struct mailbox *mailbox);
/* All tasks, oldest first, linked by next; NULL when empty. */
struct task *mailbox_take(struct mailbox *mailbox);
/* True when no task waits now. Cheaper than mailbox_take. */
bool mailbox_is_empty(const struct mailbox *mailbox);
/* Wakes the receiver without a task. Any thread. */
void mailbox_wake(struct mailbox *mailbox);
/*
 * Sleeps until a task is there or timeout_ms has passed (-1: for ever); does not sleep while a task
 * is there. Call mailbox_take after it, now or after another wait.
 */
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
