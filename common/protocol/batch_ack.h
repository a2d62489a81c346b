#ifndef COMMON_BATCH_ACK_H
#define COMMON_BATCH_ACK_H

/*
 * The body of BATCH_ACK_MESSAGE: receipts of several pops at once. Source:
 * BatchAckMessageRequestBody and BatchAck of 5.3.3. What is read lives in the arena or points into
 * the body. Any thread.
 */

#include <stddef.h>
#include <stdint.h>

#include "common/json/json.h"

struct batch_ack {
	struct slice group;
	struct slice topic;
	struct slice retry; /* "1": of the group's retry topic */
	int32_t queue_id;
	int32_t revive_queue;
	int64_t start_offset, pop_time, invisible_ms;
	const uint8_t *bits; /* bit i: the message at start_offset + i; lowest bit first */
	size_t n_bytes;
};

/* NULL: the body has another form, or a name breaks the rules of name.h. */
const struct batch_ack *batch_ack_read(struct arena *arena, struct slice body, size_t *n);

#endif
