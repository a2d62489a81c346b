#ifndef STORE_READAHEAD_H
#define STORE_READAHEAD_H

/*
 * Records read ahead for consumers that work off a backlog. One trip to a reader brings the records
 * of several pulls, and the next trip is made while these are sent. A stream is the offset at which
 * a consumer will go on, with the records from there on that are at hand. A stream begins when a
 * consumer was seen to go on once, and pulls without a filter. Belongs to one loop.
 */

#include <stdbool.h>
#include <stdint.h>

#include "broker/store/store.h"
#include "common/net/outbox.h"

#define READAHEAD_BYTES (256 << 10) /* of records, in one trip for a stream */
#define READAHEAD_RUNS 2            /* trips: the one being sent, and the next */
#define READAHEAD_STREAMS 16        /* the least recently used makes room */

struct readahead;

struct readahead *readahead_new(struct loop *loop);
void readahead_free(struct readahead *readahead);
/*
 * Takes the records at an offset, as many as the limits allow, out of a stream; false when there
 * are none. result->parts has room for READAHEAD_RUNS parts; they must be sent or released.
 */
bool readahead_take(struct readahead *readahead, int32_t queue, int64_t offset,
    const struct pull_limits *limits, struct pull_parts *result);
/* A consumer was served up to this offset: reading ahead will be of use. */
bool readahead_expects(const struct readahead *readahead, int32_t queue, int64_t offset);
/* The n_records in the chunk, whole and without gaps, are those from offset on. */
void readahead_put(struct readahead *readahead, int32_t queue, int64_t offset, struct chunk *chunk,
    int32_t n_records);

/* A trip for pulls that have not come yet. One that comes before its end waits for it. */
struct readahead_trip {
	int32_t queue;
	int64_t offset;
	bool under_way;
	void *waiting; /* a pull that arrived meanwhile; NULL: none */
};

/*
 * The trip that the stream at the offset wants made now, from read->offset on; NULL when it wants
 * none, or the queue, which ends at max_offset, has no more. readahead_end must be called when it
 * was made.
 */
struct readahead_trip *readahead_begin(
    struct readahead *readahead, int32_t queue, int64_t offset, int64_t max_offset);
/* False when there is nothing to wait for: no trip is under way from this offset on. */
bool readahead_wait(struct readahead *readahead, int32_t queue, int64_t offset, void *waiting);
/* The pull that waits, or NULL. */
void *readahead_end(struct readahead_trip *read);
/* As readahead_put, behind what a stream has; without a stream that wants it nothing happens. */
void readahead_add(struct readahead *readahead, int32_t queue, int64_t offset, struct chunk *chunk,
    int32_t n_records);

#endif
