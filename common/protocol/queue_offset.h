#ifndef COMMON_QUEUE_OFFSET_H
#define COMMON_QUEUE_OFFSET_H

/*
 * Lists of queues with one offset each. Source: protocol description 3.3.
 * Readers return 0, or -1 when the body has another form. What they read lives
 * in the arena or points into the body. Any thread.
 */

#include <stddef.h>
#include <stdint.h>

#include "common/protocol/message_queue.h"

/* {"offsetTable":{MQ:7}} (220, 222) or {"messageQueueTable":{MQ:7}} (221). */
struct queue_offset {
	struct message_queue queue;
	int64_t offset;
};

void queue_offsets_write(
    struct json_out *out, const char *member, const struct queue_offset *offsets, size_t n_offsets);
/* The table alone: {MQ:7}. */
void queue_offsets_write_table(
    struct json_out *out, const struct queue_offset *offsets, size_t n_offsets);
/* Also accepts the form for C++ clients, an array of queues with an offset each. */
int queue_offsets_read(struct arena *arena, struct slice body, const char *member,
    const struct queue_offset **offsets, size_t *n_offsets);
/* The array form, which C++ clients need in 220. */
void queue_offsets_write_array(
    struct json_out *out, const struct queue_offset *offsets, size_t n_offsets);

#endif
