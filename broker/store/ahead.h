#ifndef STORE_AHEAD_H
#define STORE_AHEAD_H

/*
 * What a reader has read ahead for a loop's consumers that work off a backlog: one trip to the
 * reader brings the records of several pulls. A stream is the place where a
 * consumer will go on, and the records from there on if some are left. Only who
 * was seen to go on once is read ahead for, and only without a filter. Belongs to one loop.
 */

#include <stdbool.h>
#include <stdint.h>

#include "broker/store/store.h"
#include "common/outbox.h"

#define AHEAD_BYTES (256 << 10) /* of records, for a stream */
#define AHEAD_STREAMS 16        /* whoever was not here for longest makes room */

struct ahead;

struct ahead *ahead_new(struct loop *loop);
void ahead_free(struct ahead *ahead);
/*
 * Takes the records at an offset, as many as the limits allow, out of a stream; false when there
 * are none. *part must be sent or released.
 */
bool ahead_take(struct ahead *ahead, int32_t queue, int64_t offset,
    const struct pull_limits *limits, struct body_part *part, int32_t *n_messages);
/* Somebody was served up to this offset: reading ahead will not be for nothing. */
bool ahead_expects(const struct ahead *ahead, int32_t queue, int64_t offset);
/* The n_records in the chunk, whole and without gaps, are those from offset on. */
void ahead_put(struct ahead *ahead, int32_t queue, int64_t offset, struct chunk *chunk,
    int32_t n_records);

#endif
