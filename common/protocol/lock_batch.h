#ifndef COMMON_LOCK_BATCH_H
#define COMMON_LOCK_BATCH_H

/*
 * Locks on queues for ordered consumption. Source: protocol description 3.3.
 * Readers return 0, or -1 when the body has another form. What they read lives
 * in the arena or points into the body. Any thread.
 */

#include <stddef.h>

#include "common/protocol/message_queue.h"

/* LOCK_BATCH_MQ (41), UNLOCK_BATCH_MQ (42), and the reply to 41. */
struct lock_batch {
	struct slice group;
	struct slice client_id;
	const struct message_queue *queues;
	size_t n_queues;
};

int lock_batch_read(struct arena *arena, struct slice body, struct lock_batch *batch);
void lock_batch_write(struct json_out *out, const struct lock_batch *batch);
void lock_reply_write(struct json_out *out, const struct message_queue *queues, size_t n_queues);
int lock_reply_read(
    struct arena *arena, struct slice body, const struct message_queue **queues, size_t *n_queues);

#endif
