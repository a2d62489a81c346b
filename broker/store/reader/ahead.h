#ifndef STORE_AHEAD_H
#define STORE_AHEAD_H

/*
 * What a reader has read ahead for a loop's consumers that work off a backlog: one trip to the
 * reader brings the records of several pulls, and the next trip is made while these are sent.
 * A stream is the place where a consumer will go on, and the records from there on if some are
 * left. Only who was seen to go on once is read ahead for, and only without a filter. Belongs to
 * one loop.
 */

#include <stdbool.h>
#include <stdint.h>

#include "broker/store/store.h"
#include "common/net/outbox.h"

#define AHEAD_BYTES (256 << 10) /* of records, in one trip for a stream */
#define AHEAD_RUNS 2            /* trips: what is sent, and what was read meanwhile */
#define AHEAD_STREAMS 16        /* whoever was not here for longest makes room */

struct ahead;

struct ahead *ahead_new(struct loop *loop);
void ahead_free(struct ahead *ahead);
/*
 * Takes the records at an offset, as many as the limits allow, out of a stream; false when there
 * are none. The parts, AHEAD_RUNS at most, must be sent or released.
 */
bool ahead_take(struct ahead *ahead, int32_t queue, int64_t offset,
    const struct pull_limits *limits, struct body_part *parts, size_t *n_parts,
    int32_t *n_messages);
/* Somebody was served up to this offset: reading ahead will not be for nothing. */
bool ahead_expects(const struct ahead *ahead, int32_t queue, int64_t offset);
/* The n_records in the chunk, whole and without gaps, are those from offset on. */
void ahead_put(
    struct ahead *ahead, int32_t queue, int64_t offset, struct chunk *chunk, int32_t n_records);

/* A trip for pulls that have not come yet. Who comes before it has ended waits for it. */
struct ahead_read {
	int32_t queue;
	int64_t offset;
	bool under_way;
	void *waiting; /* NULL: nobody */
};

/*
 * The trip that the stream at the offset wants made now, from read->offset on; NULL when it wants
 * none, or the queue, which ends at max_offset, has no more. ahead_end must be called when it was
 * made.
 */
struct ahead_read *ahead_begin(
    struct ahead *ahead, int32_t queue, int64_t offset, int64_t max_offset);
/* False when there is nothing to wait for: no trip is under way from this offset on. */
bool ahead_wait(struct ahead *ahead, int32_t queue, int64_t offset, void *waiting);
/* Who waits, or NULL. */
void *ahead_end(struct ahead_read *read);
/* As ahead_put, behind what a stream has; without a stream that wants it nothing happens. */
void ahead_add(
    struct ahead *ahead, int32_t queue, int64_t offset, struct chunk *chunk, int32_t n_records);

#endif
