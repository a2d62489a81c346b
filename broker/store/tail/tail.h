#ifndef STORE_TAIL_H
#define STORE_TAIL_H

/*
 * The log as one loop knows it: the bounds of every queue, and the newest
 * records in memory, from which a pull at the tail is answered without a
 * thread hop and without a copy. Fed by the writer's notices, in the loop's
 * inbox. One tail per loop; only that loop's thread uses it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/store/store.h"
#include "common/base/slice.h"
#include "common/net/conn.h"

struct tail_queue {
	int32_t number; /* names the queue towards the store */
	int32_t queue_id;
	struct slice topic;
	int64_t min_offset;     /* first that is still there */
	int64_t max_offset;     /* next to be written; all below is committed */
	int64_t last_timestamp; /* store time of the newest message, ms; 0: none in this store */
	/* internal: entries of the newest records */
	bool grown;
	struct tail_entry *ring;
	uint32_t ring_first, ring_len, ring_cap;
};

struct tail *tail_new(struct store *store);
void tail_free(struct tail *tail);
#define TAIL_LISTENERS 2 /* pulls that wait, and pops */
/* Called for each queue that grew, after the notice was applied. One more listener. */
void tail_on_growth(
    struct tail *tail, void (*grew)(void *arg, struct tail_queue *queue), void *arg);
/* NULL when the queue has never had a message. Lent; stays until its topic is deleted. */
struct tail_queue *tail_find(struct tail *tail, struct slice topic, int32_t queue_id);
/* All queues in no order: *state starts at 0. NULL at the end. */
struct tail_queue *tail_each(struct tail *tail, size_t *state);

enum tail_status {
	TAIL_FOUND,
	TAIL_NO_MATCH, /* all that was looked at was filtered */
	TAIL_COLD,     /* the offset is older than the records in memory: ask a reader */
};

/*
 * Records of [offset, max_offset), which must not be empty. The parts are in the arena, ready for
 * conn_send; each holds its chunk and must be sent or released. COLD leaves the result as it was.
 */
enum tail_status tail_read(struct tail *tail, struct tail_queue *queue, int64_t offset,
    const struct pull_limits *limits, struct arena *arena, struct pull_parts *result);
/*
 * The record of the half message at this offset of its queue, while it is in memory. Lent until the
 * next commit notice. False: ask a reader.
 */
bool tail_half(const struct tail *tail, int64_t offset, struct slice *record);

#endif
