#ifndef STORE_DEDUP_H
#define STORE_DEDUP_H

/*
 * The unique keys of topics with a window, and where their records are: a table in memory, made
 * again at each start from the log (dedup_replay.c). It belongs to the thread that holds the batch
 * lock. What a commit adds is taken back when the commit fails.
 *
 * Keys that are older than their window are dropped little by little, by the keys that come. At
 * the limit, new keys are refused: to drop a young one would break the promise of the window.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/store/store.h"

struct dedup_entry {
	struct dedup_key key; /* low 0: free */
	uint64_t topic_hash;
	int64_t position;
	int64_t queue_offset;
	int64_t stored_ms;
	int32_t window_s;
	int32_t queue_id;
	uint32_t next; /* of its slot, or of the free ones */
};

struct dedup {
	struct dedup_entry **chunks;
	uint32_t *slots;
	uint32_t n_slots;
	uint32_t n_entries; /* in chunks */
	uint32_t n;         /* in use */
	uint32_t first_free;
	uint32_t swept; /* the next entry to look at */
	uint32_t max;
	uint32_t *added; /* since dedup_settle */
	size_t n_added, cap_added;
};

void dedup_init(struct dedup *dedup, int64_t max);
void dedup_release(struct dedup *dedup);

/*
 * APPEND_OK: the append may be placed. APPEND_DUPLICATE: its dedup and its queue_offset say where
 * its records are, and its position is that of the newest of them.
 */
enum append_status dedup_check(struct dedup *dedup, struct append *append, int64_t now_ms);
/* The append was placed, at this time. */
void dedup_add(struct dedup *dedup, const struct append *append, int64_t now_ms);
/* The commit succeeded, or failed. */
void dedup_settle(struct dedup *dedup);
void dedup_undo(struct dedup *dedup);
/* The topic was deleted. */
void dedup_forget(struct dedup *dedup, uint64_t topic_hash);
/* At start, in any order; of two with one key the older counts. False: there is no room. */
bool dedup_load(struct dedup *dedup, const struct dedup_entry *entry);

#endif
