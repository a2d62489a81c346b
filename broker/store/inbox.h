#ifndef STORE_INBOX_H
#define STORE_INBOX_H

/*
 * The mailboxes of the store's threads. A post needs the mailbox only: a room that has work for the
 * writer need not know the writer. Any thread.
 */

#include "common/base/mailbox.h"

struct inboxes {
	struct mailbox writer; /* tasks run with struct writer as receiver */
	struct mailbox closer; /* ... with struct closer */
};

static inline void
writer_post(struct inboxes *inboxes, struct task *task)
{
	mailbox_post(&inboxes->writer, task);
}

static inline void
closer_post(struct inboxes *inboxes, struct task *task)
{
	mailbox_post(&inboxes->closer, task);
}

#endif
