#include "config.h"

#include "broker/store/log/block.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/mem.h"
#include "common/base/wire.h"
#include "common/protocol/record.h"

struct pending_entry {
	struct queue_entry entry;
	uint32_t next; /* of the same queue, as index + 1; 0: the last */
};

struct queue_entry
queue_block_entry(const void *block, size_t i)
{
	const char *at = (const char *)block + QUEUE_BLOCK_HEAD_BYTES + i * QUEUE_ENTRY_BYTES;

	return (struct queue_entry){
		.position = (int64_t)be64_get(at),
		.size = be32_get(at + 8),
		.tag_hash = (int64_t)be64_get(at + 12),
	};
}

int64_t
queue_block_timestamp(const void *block)
{
	return (int64_t)be64_get(block);
}

uint64_t
key_topic_hash(struct slice topic)
{
	return slice_hash(topic);
}

uint64_t
key_hash(uint64_t topic_hash, struct slice key)
{
	uint64_t hash = topic_hash ^ (slice_hash(key) * UINT64_C(0x9e3779b97f4a7c15));

	/* The high bits order the blocks: every bit of the input has to reach them. */
	hash ^= hash >> 33;
	hash *= UINT64_C(0xff51afd7ed558ccd);
	hash ^= hash >> 33;
	hash *= UINT64_C(0xc4ceb9fe1a85ec53);
	return hash ^ hash >> 33;
}

void
each_key(const struct known_properties *properties, void (*found)(void *arg, struct slice key),
    void *arg)
{
	struct slice keys = properties->keys;

	if (properties->unique_key.len != 0)
		found(arg, properties->unique_key);
	for (struct slice key; slice_next(&keys, ' ', &key);)
		if (key.len != 0)
			found(arg, key);
}

int64_t
key_block_id(int64_t run, uint64_t hash)
{
	return run << KEY_PREFIX_BITS | (int64_t)(hash >> (64 - KEY_PREFIX_BITS));
}

void
key_block_each(const void *block, size_t bytes, uint64_t hash,
    void (*found)(void *arg, int64_t position), void *arg)
{
	const char *at = block;

	for (size_t i = 0; i + KEY_ENTRY_BYTES <= bytes; i += KEY_ENTRY_BYTES)
		if (be64_get(at + i) == hash)
			found(arg, (int64_t)be64_get(at + i + 8));
}

int64_t
key_block_position(const void *entry)
{
	return (int64_t)be64_get((const char *)entry + 8);
}

void
pending_release(struct pending *pending)
{
	free(pending->entries);
	free(pending->queues);
	free(pending->keys);
	*pending = (struct pending){ 0 };
}

static void *
grown(void *array, size_t *cap, size_t wanted, size_t item_bytes)
{
	if (wanted <= *cap)
		return array;
	*cap = *cap != 0 ? 2 * *cap : 256;
	return mem_realloc(array, *cap * item_bytes);
}

void
pending_add(struct pending *pending, struct queue *queue, int64_t offset, struct queue_entry entry)
{
	pending->entries =
	    grown(pending->entries, &pending->cap, pending->n + 1, sizeof pending->entries[0]);
	pending->entries[pending->n++] = (struct pending_entry){ entry, 0 };
	if (queue->n_pending++ == 0) {
		pending->queues = grown(pending->queues, &pending->queues_cap,
		    pending->n_queues + 1, sizeof(struct queue *));
		pending->queues[pending->n_queues++] = queue;
		queue->pending_first = (uint32_t)pending->n;
		queue->pending_offset = offset;
	} else {
		pending->entries[queue->pending_last - 1].next = (uint32_t)pending->n;
	}
	queue->pending_last = (uint32_t)pending->n;
}

struct queue_entry *
pending_copy(const struct pending *pending, const struct queue *queue, int64_t offset, size_t most,
    size_t *n)
{
	int64_t skip = offset - queue->pending_offset;
	struct queue_entry *copy;

	*n = 0;
	if (queue->n_pending == 0 || skip < 0 || skip >= queue->n_pending)
		return NULL;
	size_t left = queue->n_pending - (size_t)skip;
	if (most > left)
		most = left;
	copy = mem_alloc(most * sizeof copy[0]);
	for (uint32_t i = queue->pending_first; i != 0 && *n < most;
	     i = pending->entries[i - 1].next)
		if (skip-- <= 0)
			copy[(*n)++] = pending->entries[i - 1].entry;
	return copy;
}

bool
pending_is_due(const struct pending *pending)
{
	return pending->n >= PENDING_MAX ||
	       (pending->n >= PENDING_MIN && pending->n >= QUEUE_BLOCK_WORTH * pending->n_queues);
}

void
pending_add_key(struct pending *pending, uint64_t hash, int64_t position)
{
	pending->keys =
	    grown(pending->keys, &pending->keys_cap, pending->n_keys + 1, sizeof pending->keys[0]);
	pending->keys[pending->n_keys++] = (struct key_entry){ hash, position };
}

struct record_keys {
	struct pending *pending;
	uint64_t topic_hash;
	int64_t position;
};

static void
add_key(void *arg, struct slice key)
{
	const struct record_keys *keys = arg;

	pending_add_key(keys->pending, key_hash(keys->topic_hash, key), keys->position);
}

void
pending_add_keys(struct pending *pending, const struct record *record)
{
	struct known_properties properties;

	properties_read(record->properties, &properties);
	each_key(&properties, add_key,
	    &(struct record_keys){ pending, key_topic_hash(record->topic), record->position });
}

void
pending_clear_queues(struct pending *pending)
{
	for (size_t i = 0; i < pending->n_queues; i++) {
		struct queue *queue = pending->queues[i];

		queue->pending_first = queue->pending_last = queue->n_pending = 0;
	}
	pending->n = pending->n_queues = 0;
}

void
pending_clear_keys(struct pending *pending)
{
	pending->n_keys = 0;
}

static int
compare_numbers(const void *a, const void *b)
{
	int32_t left = (*(struct queue *const *)a)->number;
	int32_t right = (*(struct queue *const *)b)->number;

	return (left > right) - (left < right);
}

static int
each_block_of(
    const struct pending *pending, const struct queue *queue, block_put_fn *put, void *arg)
{
	char block[QUEUE_BLOCK_HEAD_BYTES + QUEUE_BLOCK_ENTRIES * QUEUE_ENTRY_BYTES];
	int64_t offset = queue->pending_offset;
	char *at = block + QUEUE_BLOCK_HEAD_BYTES;
	int result = 0;

	be64_put(block, (uint64_t)queue->last_timestamp);
	for (uint32_t i = queue->pending_first; i != 0 && result == 0;
	     i = pending->entries[i - 1].next) {
		const struct pending_entry *it = &pending->entries[i - 1];

		be64_put(at, (uint64_t)it->entry.position);
		be32_put(at + 8, it->entry.size);
		be64_put(at + 12, (uint64_t)it->entry.tag_hash);
		at += QUEUE_ENTRY_BYTES;
		if (at == block + sizeof block || it->next == 0) {
			size_t bytes = (size_t)(at - block);

			result = put(arg, queue_block_id(queue->number, offset), block, bytes);
			offset += (int64_t)queue_block_entries(bytes);
			at = block + QUEUE_BLOCK_HEAD_BYTES;
		}
	}
	return result;
}

int
pending_each_queue_block(struct pending *pending, block_put_fn *put, void *arg)
{
	int result = 0;

	/* In the order of the tree, so that neighbours share their page. */
	if (pending->n_queues > 1)
		qsort(
		    pending->queues, pending->n_queues, sizeof pending->queues[0], compare_numbers);
	for (size_t i = 0; i < pending->n_queues && result == 0; i++)
		result = each_block_of(pending, pending->queues[i], put, arg);
	return result;
}

static uint32_t
key_prefix(struct key_entry entry)
{
	return (uint32_t)(entry.hash >> (64 - KEY_PREFIX_BITS));
}

/* By the prefix: a byte at a time, lowest first, each pass keeping the order of the one before. */
static void
sort_keys(struct key_entry *keys, struct key_entry *spare, size_t n)
{
	for (unsigned shift = 0; shift < KEY_PREFIX_BITS; shift += 8) {
		size_t starts[256] = { 0 };
		size_t at = 0;

		for (size_t i = 0; i < n; i++)
			starts[key_prefix(keys[i]) >> shift & 0xff]++;
		for (size_t i = 0; i < 256; i++) {
			size_t count = starts[i];

			starts[i] = at;
			at += count;
		}
		for (size_t i = 0; i < n; i++)
			spare[starts[key_prefix(keys[i]) >> shift & 0xff]++] = keys[i];
		struct key_entry *swap = keys;

		keys = spare;
		spare = swap;
	}
	/* After three passes the result lies in the spare array: copy it back. */
	if (n != 0)
		memcpy(spare, keys, n * sizeof keys[0]);
}

int
pending_each_key_block(struct pending *pending, int64_t run, block_put_fn *put, void *arg)
{
	size_t n = pending->n_keys;
	struct key_entry *spare;
	struct buf block = { 0 };
	int result = 0;

	if (n == 0)
		return 0;
	spare = mem_alloc(n * sizeof spare[0]);
	sort_keys(pending->keys, spare, n);
	free(spare);
	for (size_t i = 0; i < n && result == 0;) {
		struct key_entry first = pending->keys[i];

		block.len = 0;
		do {
			char *at = buf_reserve(&block, KEY_ENTRY_BYTES);

			be64_put(at, pending->keys[i].hash);
			be64_put(at + 8, (uint64_t)pending->keys[i].position);
			block.len += KEY_ENTRY_BYTES;
			i++;
		} while (
		    i < n && (block.len < KEY_BLOCK_ENTRIES * KEY_ENTRY_BYTES ||
				 key_prefix(pending->keys[i]) == key_prefix(pending->keys[i - 1])));
		result = put(arg, key_block_id(run, first.hash), block.data, block.len);
	}
	buf_release(&block);
	return result;
}
