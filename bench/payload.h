#ifndef BENCH_PAYLOAD_H
#define BENCH_PAYLOAD_H

/*
 * Message bodies that can be verified. Each carries the run's number, the message's number, its due
 * time, and a CRC of the whole at the end. A payload is one body or a batch of bodies; it is laid
 * out once, and for each use only these few bytes change. One thread.
 */

#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/slice.h"

#define PAYLOAD_BODY_MIN 32

struct payload {
	struct buf bytes;
	uint64_t run;
	uint32_t n;     /* messages in it */
	size_t stride;  /* bytes from one message to the next */
	size_t body_at; /* offset of the body in a message */
	size_t body_len;
	size_t id_at; /* in a message of a batch: the digits of its unique id; 0: none */
};

/*
 * properties: of each message of a batch. They end in a unique id, whose last 16 digits become the
 * message's number.
 */
void payload_init(struct payload *payload, uint64_t run, size_t body_len, uint32_t n, bool batch,
    struct slice properties);
void payload_release(struct payload *payload);
/* Lent until the next call. */
struct slice payload_make(struct payload *payload, uint64_t first_number, int64_t due_us);

enum payload_verdict {
	PAYLOAD_GOOD,
	PAYLOAD_FOREIGN, /* not of this run */
	PAYLOAD_CORRUPT,
};

enum payload_verdict payload_read(
    struct slice body, uint64_t run, uint64_t *number, int64_t *due_us);

#endif
