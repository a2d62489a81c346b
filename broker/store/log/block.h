#ifndef STORE_BLOCK_H
#define STORE_BLOCK_H

/*
 * The packed rows of a segment's index, and the entries that wait in memory to be packed.
 *
 * A queue block: store time of its newest record (8 bytes), then 20-byte entries of
 * consecutive offsets: position 8, size 4, tag hash 8 (RocketMQ's consume-queue entry).
 * A block fits a page, so reading one never walks overflow pages.
 *
 * Entries wait in memory until the rows that they make are worth their pages (pending_is_due): at
 * 10,000 topics x 4 queues one for each record cost more than the records.
 *
 * A key run is what one flush wrote: (hash 8, position 8) pairs ordered by the
 * hash's 24 high bits, cut into blocks whose id is run << 24 | those bits of the first pair;
 * a cut never parts equal ones. A look-up asks each run for one block. Small runs would make many
 * of them, so keys wait longer than queue entries; the writer searches those that wait.
 */

#include "broker/store/index/queue_table.h"
#include "common/protocol/record.h"

#define QUEUE_OFFSET_BITS 40
#define QUEUE_NUMBER_MAX ((1 << (63 - QUEUE_OFFSET_BITS)) - 1)
#define QUEUE_BLOCK_ENTRIES 400
#define QUEUE_BLOCK_WORTH 16 /* entries of a queue, on average, that are worth a row */
#define QUEUE_BLOCK_HEAD_BYTES 8
#define QUEUE_ENTRY_BYTES 20
#define KEY_PREFIX_BITS 24
#define KEY_BLOCK_ENTRIES 120 /* four blocks a page */
#define KEY_ENTRY_BYTES 16
#define PENDING_MIN 4096 /* records: fewer are not worth a flush */
#define PENDING_MAX                                                                                \
	131072 /* ... more are not kept waiting: 4 MB, 0.1 s of a start after kill -9              \
	        */

struct queue_entry {
	int64_t position;
	int64_t tag_hash;
	uint32_t size;
};

static inline int64_t
queue_block_id(int32_t number, int64_t offset)
{
	return (int64_t)number << QUEUE_OFFSET_BITS | offset;
}

static inline size_t
queue_block_entries(size_t bytes)
{
	return bytes > QUEUE_BLOCK_HEAD_BYTES ? (bytes - QUEUE_BLOCK_HEAD_BYTES) / QUEUE_ENTRY_BYTES
	                                      : 0;
}

/* A head and at least one entry, none of them cut. */
static inline bool
queue_block_is_whole(size_t bytes)
{
	return bytes > QUEUE_BLOCK_HEAD_BYTES &&
	       (bytes - QUEUE_BLOCK_HEAD_BYTES) % QUEUE_ENTRY_BYTES == 0;
}

/* block is a queue row's blob; i is below queue_block_entries of its length. */
struct queue_entry queue_block_entry(const void *block, size_t i);
int64_t queue_block_timestamp(const void *block);

/* The hash of a topic's key; key_topic_hash is the part that all keys of the topic share. */
uint64_t key_topic_hash(struct slice topic);
uint64_t key_hash(uint64_t topic_hash, struct slice key);
/* As many keys as a record with these properties can have, or more. */
static inline size_t
most_keys(const struct known_properties *properties)
{
	return (properties->unique_key.len != 0) + (properties->keys.len + 1) / 2;
}

/* Calls back with each key that a record with these properties can be found by. */
void each_key(const struct known_properties *properties, void (*found)(void *arg, struct slice key),
    void *arg);
int64_t key_block_id(int64_t run, uint64_t hash);
/* Calls back with the positions of a key block (a key row's blob) that carry the hash. */
void key_block_each(const void *block, size_t bytes, uint64_t hash,
    void (*found)(void *arg, int64_t position), void *arg);
/* The position of one entry of a key block. */
int64_t key_block_position(const void *entry);

struct key_entry {
	uint64_t hash;
	int64_t position;
};

/* Committed to the log, not yet in blocks. Belongs to the writer. */
struct pending {
	struct pending_entry *entries;
	size_t n, cap;
	struct queue **queues; /* those that have entries here */
	size_t n_queues, queues_cap;
	struct key_entry *keys;
	size_t n_keys, keys_cap;
};

void pending_release(struct pending *pending);
/* Entries of a queue come in order of their offsets, without gaps. */
void pending_add(
    struct pending *pending, struct queue *queue, int64_t offset, struct queue_entry entry);
/* A copy of the queue's entries from this offset on, `most` at most, the caller's; NULL when there
 * are none. */
struct queue_entry *pending_copy(const struct pending *pending, const struct queue *queue,
    int64_t offset, size_t most, size_t *n);
/*
 * Whether the entries are worth a flush. Each queue that has some costs a row, and when there are
 * many queues each row a page of its own: so it waits until rows have some length, or the memory,
 * and what a start after kill -9 has to read, would be too much.
 */
bool pending_is_due(const struct pending *pending);
void pending_add_key(struct pending *pending, uint64_t hash, int64_t position);
/* All keys that the record can be found by. */
void pending_add_keys(struct pending *pending, const struct record *record);
void pending_clear_queues(struct pending *pending);
void pending_clear_keys(struct pending *pending);

/* Calls put with each row in order of ids; stops at the first result that is not 0 and returns it.
 */
typedef int block_put_fn(void *arg, int64_t id, const void *block, size_t bytes);
int pending_each_queue_block(struct pending *pending, block_put_fn *put, void *arg);
int pending_each_key_block(struct pending *pending, int64_t run, block_put_fn *put, void *arg);

#endif
