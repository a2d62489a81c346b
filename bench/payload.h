#ifndef BENCH_PAYLOAD_H
#define BENCH_PAYLOAD_H

/*
 * Bodies that prove themselves: each carries the run's number, its own number, the
 * time when it was to be sent, and at its end the CRC of all that. Made once,
 * then only these few bytes are written anew. Of one message or of a batch. One thread.
 */

#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/slice.h"

#define PAYLOAD_BODY_MIN 32

struct payload {
	struct buf bytes;
	uint64_t run;
	uint32_t n;     /* messages in it */
	size_t stride;  /* from one to the next */
	size_t body_at; /* of a message */
	size_t body_len;
	size_t id_at; /* of a batch's message: the part of its unique id that counts; 0: none */
};

/* id: what each unique id of a batch begins with; the rest, 16 digits, is the message's number. */
void payload_init(struct payload *payload, uint64_t run, size_t body_len, uint32_t n, bool batch,
    struct slice id);
void payload_release(struct payload *payload);
/* Lent until the next call. */
struct slice payload_make(struct payload *payload, uint64_t first_number, int64_t due_us);

enum payload_verdict {
	PAYLOAD_GOOD,
	PAYLOAD_FOREIGN, /* of another run, or of somebody else */
	PAYLOAD_CORRUPT,
};

enum payload_verdict payload_read(
    struct slice body, uint64_t run, uint64_t *number, int64_t *due_us);

#endif
