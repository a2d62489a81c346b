#include "config.h"

#include "common/base/mailbox.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/log.h"

void
mailbox_init(struct mailbox *mailbox)
{
	atomic_init(&mailbox->newest, NULL);
	mailbox->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (mailbox->fd == -1)
		fatal("eventfd failed error=%s", strerror(errno));
}

void
mailbox_release(struct mailbox *mailbox)
{
	close(mailbox->fd);
	mailbox->fd = -1;
}

void
mailbox_post(struct mailbox *mailbox, struct task *task)
{
	mailbox_post_chain(mailbox, task, task);
}

/* The stack holds the newest on top, so a chain goes in turned round. */
static void
reverse(struct task *first, struct task *end)
{
	struct task *before = end;

	for (struct task *task = first, *next; task != end; task = next) {
		next = task->next;
		task->next = before;
		before = task;
	}
}

void
mailbox_post_chain(struct mailbox *mailbox, struct task *first, struct task *last)
{
	struct task *top = atomic_load_explicit(&mailbox->newest, memory_order_relaxed);

	last->next = NULL;
	reverse(first, NULL);
	do
		first->next = top;
	while (!atomic_compare_exchange_weak_explicit(
	    &mailbox->newest, &top, last, memory_order_acq_rel, memory_order_relaxed));
	if (top == NULL)
		mailbox_wake(mailbox);
}

void
mailbox_wake(struct mailbox *mailbox)
{
	if (eventfd_write(mailbox->fd, 1) == -1 && errno != EAGAIN)
		fatal("eventfd write failed error=%s", strerror(errno));
}

bool
mailbox_is_empty(const struct mailbox *mailbox)
{
	return atomic_load_explicit(&mailbox->newest, memory_order_relaxed) == NULL;
}

void
mailbox_rearm(struct mailbox *mailbox)
{
	eventfd_t count;

	if (eventfd_read(mailbox->fd, &count) == -1 && errno != EAGAIN)
		fatal("eventfd read failed error=%s", strerror(errno));
}

struct task *
mailbox_take(struct mailbox *mailbox)
{
	struct task *oldest = NULL;
	struct task *task = atomic_exchange_explicit(&mailbox->newest, NULL, memory_order_acquire);

	while (task != NULL) {
		struct task *older = task->next;

		task->next = oldest;
		oldest = task;
		task = older;
	}
	return oldest;
}

void
mailbox_wait(struct mailbox *mailbox, int timeout_ms)
{
	struct pollfd fd = { .fd = mailbox->fd, .events = POLLIN };

	/* A wait before may have read the eventfd of tasks that nobody has taken yet. */
	int n = poll(&fd, 1, mailbox_is_empty(mailbox) ? timeout_ms : 0);

	if (n == -1 && errno != EINTR)
		fatal("poll failed error=%s", strerror(errno));
	if (n == 1)
		mailbox_rearm(mailbox);
}
