#ifndef ADMIN_MESSAGE_BROWSE_H
#define ADMIN_MESSAGE_BROWSE_H

/*
 * Messages of several queues in order of their store times, a page after the other. Each queue is
 * entered by its index of times and read in batches from where the order stands, so a page costs
 * the same however many messages there are before and behind it.
 */

#include "admin/admin.h"

struct browse {
	struct slice topic;
	bool newest; /* first; else the oldest first */
	int64_t begin_ms, end_ms;
	int64_t max;         /* messages of the page */
	struct slice cursor; /* the next of the page before; absent: from the first */
	const struct message_queue *queues;
	size_t n_queues;
	/* Gets each message, which lives as long as the run; NULL: they are reported. */
	void (*on_message)(void *arg, const struct record *record);
	void *arg;
};

/*
 * Reports the list "messages", and "next" when there may be more; nothing when on_message gets
 * them. 0, or -1 after admin_fail.
 */
int message_browse(struct admin *admin, const struct browse *browse);

#endif
