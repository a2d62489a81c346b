#include "config.h"

#include "broker/store/log/block.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/mem.h"

TestSuite(block, .timeout = 30);

struct sink {
	int n_blocks;
	int64_t last_id;
	int64_t next_offset[4];
	int64_t n_entries;
};

static int
take_queue_block(void *arg, int64_t id, const void *block, size_t bytes)
{
	struct sink *sink = arg;
	int32_t number = (int32_t)(id >> QUEUE_OFFSET_BITS);
	int64_t offset = id - queue_block_id(number, 0);

	cr_assert_gt(id, sink->last_id, "in order");
	cr_assert_eq(offset, sink->next_offset[number], "without gaps");
	cr_assert_leq(queue_block_entries(bytes), QUEUE_BLOCK_ENTRIES);
	cr_assert_eq(queue_block_timestamp(block), 5000 + number);
	for (size_t i = 0; i < queue_block_entries(bytes); i++) {
		struct queue_entry entry = queue_block_entry(block, i);

		cr_assert_eq(entry.position, 1000 * (offset + (int64_t)i) + number);
		cr_assert_eq(entry.size, (uint32_t)(offset + (int64_t)i));
		cr_assert_eq(entry.tag_hash, -offset - (int64_t)i);
	}
	sink->next_offset[number] += (int64_t)queue_block_entries(bytes);
	sink->n_entries += (int64_t)queue_block_entries(bytes);
	sink->last_id = id;
	sink->n_blocks++;
	return 0;
}

Test(block, queue_entries_come_back_packed)
{
	struct queue_table table;
	struct pending pending = { 0 };
	struct sink sink = { .last_id = -1 };
	struct queue *queues[3];
	static const int64_t wanted[] = { 1, 2500, QUEUE_BLOCK_ENTRIES };

	queue_table_init(&table);
	for (int32_t q = 0; q < 3; q++) {
		queues[q] = queue_table_add(&table, SLICE("T"), q, -1);
		queues[q]->last_timestamp = 5000 + q;
	}
	for (int64_t i = 0; i < 2500; i++)
		for (int32_t q = 2; q >= 0; q--)
			if (i < wanted[q])
				pending_add(&pending, queues[q], i,
				    (struct queue_entry){ 1000 * i + q, -i, (uint32_t)i });
	cr_assert_eq(pending_each_queue_block(&pending, take_queue_block, &sink), 0);
	cr_assert_eq(sink.n_entries, 1 + 2500 + QUEUE_BLOCK_ENTRIES);
	cr_assert_eq(sink.n_blocks, 1 + 7 + 1);

	size_t n;
	struct queue_entry *copy = pending_copy(&pending, queues[1], 2000, SIZE_MAX, &n);
	cr_assert_eq(n, 500);
	cr_assert_eq(copy[0].size, 2000);
	free(copy);
	copy = pending_copy(&pending, queues[1], 2000, 7, &n);
	cr_assert_eq(n, 7);
	cr_assert_eq(copy[6].size, 2006);
	free(copy);
	cr_assert_null(pending_copy(&pending, queues[0], 1, 1, &n));

	pending_clear_queues(&pending);
	cr_assert_null(pending_copy(&pending, queues[1], 0, 1, &n));
	cr_assert_eq(pending_each_queue_block(&pending, take_queue_block, &sink), 0);
	cr_assert_eq(sink.n_blocks, 9);
	pending_release(&pending);
	queue_table_release(&table);
}

/* How many records spread evenly over so many queues wait for a flush. */
static size_t
wait_of(int32_t n_queues)
{
	struct queue_table table;
	struct pending pending = { 0 };
	size_t n = 0;

	queue_table_init(&table);
	for (int32_t q = 0; q < n_queues; q++)
		queue_table_add(&table, SLICE("T"), q, -1);
	for (; !pending_is_due(&pending); n++)
		pending_add(&pending, queue_table_at(&table, (int64_t)n % n_queues),
		    (int64_t)n / n_queues, (struct queue_entry){ .size = 1 });
	pending_clear_queues(&pending);
	cr_assert_not(pending_is_due(&pending));
	pending_release(&pending);
	queue_table_release(&table);
	return n;
}

Test(block, entries_wait_until_their_rows_are_worth_it)
{
	static const struct {
		int32_t n_queues;
		size_t n;
	} cases[] = {
		{ 1, PENDING_MIN },
		{ PENDING_MIN / QUEUE_BLOCK_WORTH, PENDING_MIN },
		{ 1000, 1000 * QUEUE_BLOCK_WORTH },
		{ 40000, PENDING_MAX },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		cr_assert_eq(wait_of(cases[i].n_queues), cases[i].n, "%d", (int)cases[i].n_queues);
}

struct key_blocks {
	struct {
		int64_t id;
		void *block;
		size_t bytes;
	} blocks[4096];
	size_t n;
	int64_t found;
	int n_found;
};

static int
take_key_block(void *arg, int64_t id, const void *block, size_t bytes)
{
	struct key_blocks *it = arg;

	cr_assert(it->n == 0 || id > it->blocks[it->n - 1].id, "in order, none twice");
	it->blocks[it->n].id = id;
	it->blocks[it->n].bytes = bytes;
	it->blocks[it->n].block = memcpy(mem_alloc(bytes), block, bytes);
	it->n++;
	return 0;
}

static void
take_position(void *arg, int64_t position)
{
	struct key_blocks *it = arg;

	it->found = position;
	it->n_found++;
}

/* As a segment does it: the last block whose id is not above the wanted one. */
static void
search(struct key_blocks *it, uint64_t hash)
{
	int64_t wanted = key_block_id(3, hash);
	size_t i = it->n;

	it->n_found = 0;
	while (i > 0 && it->blocks[i - 1].id > wanted)
		i--;
	if (i > 0)
		key_block_each(
		    it->blocks[i - 1].block, it->blocks[i - 1].bytes, hash, take_position, it);
}

Test(block, each_key_is_in_the_one_block_that_is_asked)
{
	struct pending pending = { 0 };
	struct key_blocks it = { .n = 0 };
	uint64_t topic_hash = key_topic_hash(SLICE("T"));
	char text[32];

	/* Many of one key, so that a cut would part them. */
	for (int64_t i = 0; i < 20000; i++) {
		snprintf(text, sizeof text, "key-%lld", (long long)i);
		pending_add_key(&pending, key_hash(topic_hash, slice_of(text)), i);
		if (i % 20 == 0)
			pending_add_key(&pending, key_hash(topic_hash, SLICE("same")), i);
	}
	cr_assert_eq(pending_each_key_block(&pending, 3, take_key_block, &it), 0);
	for (int64_t i = 0; i < 20000; i++) {
		snprintf(text, sizeof text, "key-%lld", (long long)i);
		search(&it, key_hash(topic_hash, slice_of(text)));
		cr_assert_eq(it.n_found, 1);
		cr_assert_eq(it.found, i);
	}
	search(&it, key_hash(topic_hash, SLICE("same")));
	cr_assert_eq(it.n_found, 1000);
	cr_assert_eq(it.found, 19980, "in the order of the log");
	search(&it, key_hash(key_topic_hash(SLICE("U")), SLICE("same")));
	cr_assert_eq(it.n_found, 0);
	for (size_t i = 0; i < it.n; i++)
		free(it.blocks[i].block);
	pending_release(&pending);
}

Test(block, hash_of_a_key_stands_in_files)
{
	cr_assert_eq(key_hash(key_topic_hash(SLICE("TopicTest")), SLICE("order-17")),
	    UINT64_C(0xd992956045472605));
}

Test(block, nothing_pending_is_nothing_written)
{
	struct pending pending = { 0 };

	cr_assert_eq(pending_each_key_block(&pending, 0, take_key_block, NULL), 0);
	cr_assert_eq(pending_each_queue_block(&pending, take_queue_block, NULL), 0);
	pending_release(&pending);
}
