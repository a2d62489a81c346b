#include "config.h"

#include "broker/store/append/append.h"

#include <stdlib.h>
#include <string.h>

#include "broker/store/log/block.h"
#include "common/base/hash.h"
#include "common/base/mem.h"

/*
 * All that can be known without the writer (encoding,
 * CRC, hashes) is computed here, on the loop's thread: there is one writer,
 * and its time per message bounds the broker's speed.
 */

#define QUEUED_OVERHEAD_BYTES 512 /* of an append, beside its records */

struct key_sink {
	uint64_t topic_hash;
	uint64_t *at;
};

static void
put_key(void *arg, struct slice key)
{
	struct key_sink *sink = arg;

	*sink->at++ = key_hash(sink->topic_hash, key);
}

static struct append *
lay_out(const struct store_base *base, struct pool *pool, struct record *records,
    const struct known_properties *known, size_t n)
{
	size_t n_keys = 0, n_bytes = 0;

	for (size_t i = 0; i < n; i++) {
		records[i].store_host = base->options.store_host;
		n_keys += most_keys(&known[i]);
		n_bytes += record_size(&records[i]);
	}
	struct append_layout *layout;
	size_t size = sizeof *layout + n * sizeof layout->items[0] +
	              n_keys * sizeof layout->keys[0] + n_bytes;

	layout = pool != NULL ? pool_alloc(pool, size) : mem_alloc(size);
	*layout = (struct append_layout){
		.append = { .n_records = (uint32_t)n, .size = (uint32_t)n_bytes },
		.queue_id = records[0].queue_id,
		.items = (struct append_item *)(layout + 1),
		.pool = pool,
	};
	struct append *append = &layout->append;
	layout->keys = (uint64_t *)(layout->items + n);
	append->records = (char *)(layout->keys + n_keys);
	atomic_init(&append->state, APPEND_QUEUED);

	struct key_sink sink = { key_topic_hash(records[0].topic), layout->keys };
	char *at = append->records;
	for (size_t i = 0; i < n; i++) {
		uint64_t *keys = sink.at;
		size_t len = record_encode(&records[i], at);

		each_key(&known[i], put_key, &sink);
		layout->items[i] = (struct append_item){
			.tag_hash = tag_hash(known[i].tags),
			.size = (uint32_t)len,
			.n_keys = (uint32_t)(sink.at - keys),
		};
		at += len;
	}
	/* The caller's topic may be gone when the writer looks: take it from the record. */
	append->topic = record_topic(append->records);
	layout->queue_hash = queue_hash(append->topic, layout->queue_id);
	return append;
}

struct append *
append_new(const struct store *store, struct record *records, size_t n)
{
	struct known_properties one = { 0 }, *known = n > 1 ? mem_alloc(n * sizeof one) : &one;

	for (size_t i = 0; i < n; i++)
		properties_read(records[i].properties, &known[i]);
	struct append *append = lay_out(store_base(store), NULL, records, known, n);

	if (n > 1)
		free(known);
	return append;
}

struct append *
append_new_known(const struct store *store, struct loop *reply_loop, struct record *record,
    const struct known_properties *known)
{
	struct append *append = lay_out(store_base(store), &reply_loop->pool, record, known, 1);

	append->reply_loop = reply_loop;
	return append;
}

void
append_set_tag_hash(struct append *append, int64_t tag_hash)
{
	struct append_layout *layout = (struct append_layout *)append;

	for (uint32_t i = 0; i < append->n_records; i++)
		layout->items[i].tag_hash = tag_hash;
	layout->own_tag_hash = true;
}

/* Two keys that collide lose a message, which 64 bits would not make rare enough. */
struct dedup_key
dedup_key_of(uint64_t topic_hash, struct slice unique_key)
{
	if (unique_key.len == 0)
		return (struct dedup_key){ 0 };
	return (struct dedup_key){
		.high = hash_sip(unique_key, topic_hash, ~topic_hash),
		.low = hash_sip(unique_key, ~topic_hash, topic_hash) | 1,
	};
}

uint64_t
dedup_topic_hash(struct slice topic)
{
	return hash_wide(topic);
}

static int
compare_keys(const void *left, const void *right)
{
	return memcmp(left, right, sizeof(struct dedup_key));
}

/* Whether two records have one key. */
static bool
repeats(const struct append_dedup *dedup, uint32_t n)
{
	struct dedup_key *keys = mem_alloc(n * sizeof *keys);
	bool repeated = false;
	uint32_t n_keys = 0;

	for (uint32_t i = 0; i < n; i++)
		if (dedup->items[i].key.low != 0)
			keys[n_keys++] = dedup->items[i].key;
	if (n_keys > 1)
		qsort(keys, n_keys, sizeof *keys, compare_keys);
	for (uint32_t i = 1; i < n_keys; i++)
		repeated |= compare_keys(&keys[i - 1], &keys[i]) == 0;
	free(keys);
	return repeated;
}

int
append_set_dedup(struct append *append, const struct dedup_wish *wish)
{
	struct pool *pool = append_layout(append)->pool;
	size_t size = sizeof *append->dedup + append->n_records * sizeof append->dedup->items[0];
	struct append_dedup *dedup = pool != NULL ? pool_alloc(pool, size) : mem_alloc(size);

	*dedup = (struct append_dedup){
		.topic_hash = dedup_topic_hash(wish->topic),
		.window_ms = wish->window_ms,
		.queue_id = wish->queue_id,
		.pool = pool,
	};
	append->dedup = dedup;
	for (uint32_t i = 0; i < append->n_records; i++)
		dedup->items[i] = (struct dedup_item){
			.key = dedup_key_of(dedup->topic_hash, wish->unique_keys[i]),
			.position = -1,
		};
	return append->n_records > 1 && repeats(dedup, append->n_records) ? -1 : 0;
}

static void
free_dedup(struct append_dedup *dedup)
{
	if (dedup->pool != NULL)
		pool_free(dedup->pool, dedup);
	else
		free(dedup);
}

void
append_free(struct append *append)
{
	if (append->companion != NULL)
		append_free(append->companion);
	if (append->dedup != NULL)
		free_dedup(append->dedup);
	struct pool *pool = append_layout(append)->pool;
	if (pool != NULL)
		pool_free(pool, append);
	else
		free(append);
}

int64_t
append_queued_bytes(const struct append *append)
{
	int64_t size = 0;

	for (; append != NULL; append = append->companion)
		size += (int64_t)append->size + QUEUED_OVERHEAD_BYTES;
	return size;
}

bool
append_cancel(struct append *append)
{
	int expected = APPEND_QUEUED;

	return atomic_compare_exchange_strong_explicit(
	    &append->state, &expected, APPEND_DROPPED, memory_order_acq_rel, memory_order_acquire);
}

bool
store_is_busy(const struct store *store)
{
	const struct store_base *base = store_base(store);

	return atomic_load_explicit(&base->counters.queued_bytes, memory_order_relaxed) >
	       base->options.queued_bytes;
}

static void
run_done(struct task *task, void *loop)
{
	struct append *append = (struct append *)task;

	append->done(append, loop);
}

void
append_ready(struct append *append, enum append_status status)
{
	append->status = status;
	append->task.run = run_done;
}

void
append_finish(struct store_base *base, struct append *append, enum append_status status,
    struct task_chain *replies)
{
	append_ready(append, status);
	if (append->reply_loop == NULL)
		return; /* another's `also`: told with it */
	atomic_fetch_sub_explicit(
	    &base->counters.queued_bytes, append_queued_bytes(append), memory_order_relaxed);
	task_chain_add(&replies[append->reply_loop->index], &append->task);
}
