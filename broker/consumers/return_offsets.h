#ifndef BROKER_RETURN_OFFSETS_H
#define BROKER_RETURN_OFFSETS_H

/*
 * Offsets that consumers committed at a slave go back to its master. While the master is gone they
 * wait here, the last one of each queue, at most as many as maxConsumerOffsets; they are in
 * meta.db too, but a slave that stops forgets which ones the master does not have. The master is
 * asked for its own offset first, and keeps one that is larger. Loop 0 sends.
 */

#include "broker/context.h"
#include "broker/state/offset.h"

struct return_offsets;

struct return_offsets *return_offsets_new(struct broker *broker);
void return_offsets_free(struct return_offsets *returns);
/* It was committed here. Any thread. */
void return_offsets_note(struct return_offsets *returns, const struct offset_row *row);
/* How many wait. Any thread. */
size_t return_offsets_count(struct return_offsets *returns);

#endif
