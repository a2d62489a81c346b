#include "config.h"

#include "broker/store/reader/readahead.h"

#include <criterion/criterion.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/wire.h"
#include "common/protocol/record.h"

#define RECORD_BYTES 100

static const struct pull_limits three = { .max_messages = 3, .max_bytes = 1 << 20 };

TestSuite(readahead, .timeout = 30);

static struct loop loop;
static struct readahead *readahead;

static void
set_up(void)
{
	loop_init(&loop, 0);
	readahead = readahead_new(&loop);
}

static void
tear_down(void)
{
	readahead_free(readahead);
	loop_release(&loop);
}

/* Records of a queue; the last byte of each says its offset. */
static struct chunk *
records(int64_t offset, int32_t n)
{
	struct chunk *chunk = chunk_new(-1, (size_t)n * RECORD_BYTES);

	for (int32_t i = 0; i < n; i++) {
		char *at = chunk->data + i * RECORD_BYTES;

		memset(at, 0, RECORD_BYTES);
		be32_put(at + RECORD_AT_SIZE, RECORD_BYTES);
		at[RECORD_BYTES - 1] = (char)(offset + i);
	}
	return chunk;
}

static void
put(int32_t queue, int64_t offset, int32_t n)
{
	struct chunk *chunk = records(offset, n);

	readahead_put(readahead, queue, offset, chunk, n);
	chunk_unref(chunk);
}

static void
add(int32_t queue, int64_t offset, int32_t n)
{
	struct chunk *chunk = records(offset, n);

	readahead_add(readahead, queue, offset, chunk, n);
	chunk_unref(chunk);
}

/* How many came, each what it should be; -1: nothing is there. */
static int32_t
take(int32_t queue, int64_t offset, const struct pull_limits *limits)
{
	struct body_part parts[READAHEAD_RUNS];
	struct pull_parts result = { .parts = parts };
	int32_t seen = 0;

	if (!readahead_take(readahead, queue, offset, limits, &result))
		return -1;
	for (size_t i = 0; i < result.n_parts; i++) {
		for (size_t at = 0; at < parts[i].len; at += RECORD_BYTES, seen++)
			cr_assert_eq(parts[i].data[at + RECORD_BYTES - 1], (char)(offset + seen));
		body_part_release(&parts[i]);
	}
	cr_assert_eq(seen, result.n_messages);
	cr_assert_eq(result.next_offset, offset + seen);
	return seen;
}

Test(readahead, pulls_that_follow_each_other_get_all_of_it_once, .init = set_up, .fini = tear_down)
{
	cr_assert_not(readahead_expects(readahead, 1, 10));
	put(1, 10, 7);
	cr_assert_eq(take(1, 10, &three), 3);
	cr_assert_eq(take(1, 10, &three), -1);
	cr_assert_eq(take(1, 13, &three), 3);
	cr_assert_eq(take(1, 16, &three), 1);
	cr_assert_eq(take(1, 17, &three), -1);
	cr_assert(readahead_expects(readahead, 1, 17));
	cr_assert_not(readahead_expects(readahead, 2, 17));
}

Test(readahead, bytes_are_limited_too, .init = set_up, .fini = tear_down)
{
	const struct pull_limits two = { .max_messages = 9, .max_bytes = 2 * RECORD_BYTES + 50 };
	const struct pull_limits tiny = { .max_messages = 9, .max_bytes = 1 };

	put(1, 0, 4);
	cr_assert_eq(take(1, 0, &two), 2);
	cr_assert_eq(take(1, 2, &tiny), 1);
	cr_assert_eq(take(1, 3, &two), 1);
}

Test(readahead, other_queues_offsets_and_filters_are_not_served, .init = set_up, .fini = tear_down)
{
	static const int32_t code = 7;
	const struct pull_limits filtered = {
		.max_messages = 3, .max_bytes = 1000, .tag_codes = &code, .n_tag_codes = 1
	};

	put(1, 10, 3);
	cr_assert_eq(take(2, 10, &three), -1);
	cr_assert_eq(take(1, 11, &three), -1);
	cr_assert_eq(take(1, 10, &filtered), -1);
	cr_assert_eq(take(1, 10, &three), 3);
}

Test(readahead, two_groups_do_not_disturb_each_other, .init = set_up, .fini = tear_down)
{
	put(1, 10, 3);
	put(1, 20, 3);
	cr_assert_eq(take(1, 10, &three), 3);
	cr_assert_eq(take(1, 20, &three), 3);
	cr_assert(readahead_expects(readahead, 1, 13));
	cr_assert(readahead_expects(readahead, 1, 23));
}

Test(readahead, who_was_away_for_longest_makes_room, .init = set_up, .fini = tear_down)
{
	for (int32_t queue = 0; queue < READAHEAD_STREAMS; queue++)
		put(queue, 0, 4);
	cr_assert_eq(take(0, 0, &three), 3);
	put(100, 0, 4);
	cr_assert_eq(take(0, 3, &three), 1);
	cr_assert_eq(take(1, 0, &three), -1);
	cr_assert_eq(take(2, 0, &three), 3);
	cr_assert_eq(take(100, 0, &three), 3);
}

/* What was taken stays although the stream ends. */
Test(readahead, a_part_outlives_the_stream, .init = set_up, .fini = tear_down)
{
	struct body_part parts[READAHEAD_RUNS];
	struct pull_parts result = { .parts = parts };

	put(1, 5, 1);
	cr_assert(readahead_take(readahead, 1, 5, &three, &result));
	cr_assert_eq(result.n_parts, 1);
	put(1, 6, 2);
	cr_assert_eq(parts[0].data[RECORD_BYTES - 1], 5);
	body_part_release(&parts[0]);
}

Test(readahead, the_next_is_read_while_this_is_sent, .init = set_up, .fini = tear_down)
{
	cr_assert_null(readahead_begin(readahead, 1, 10, 100), "nobody pulls");
	put(1, 10, 4);
	cr_assert_eq(take(1, 10, &three), 3);
	cr_assert_null(readahead_begin(readahead, 1, 13, 14), "the queue ends there");
	struct readahead_trip *read = readahead_begin(readahead, 1, 13, 100);

	cr_assert_not_null(read);
	cr_assert_eq(read->offset, 14);
	cr_assert_null(readahead_begin(readahead, 1, 13, 100), "it is under way");
	cr_assert_null(readahead_end(read));
	add(1, 14, 4);
	cr_assert_null(readahead_begin(readahead, 1, 13, 100), "there is enough");
	cr_assert_eq(take(1, 13, &three), 3, "out of both");
	read = readahead_begin(readahead, 1, 16, 100);
	cr_assert_eq(read->offset, 18);
	cr_assert_eq(take(1, 16, &three), 2);
	readahead_end(read);
	add(1, 18, 2);
	cr_assert_eq(take(1, 18, &three), 2);
}

Test(readahead, who_is_faster_than_the_reader_waits_for_it, .init = set_up, .fini = tear_down)
{
	int first, second;

	put(1, 10, 4);
	cr_assert_eq(take(1, 10, &three), 3);
	struct readahead_trip *read = readahead_begin(readahead, 1, 13, 100);

	cr_assert_not(readahead_wait(readahead, 1, 13, &first));
	cr_assert_not(readahead_wait(readahead, 2, 14, &first));
	cr_assert(readahead_wait(readahead, 1, 14, &first));
	cr_assert_not(readahead_wait(readahead, 1, 14, &second), "one consumer, one pull");
	cr_assert_eq(readahead_end(read), &first);
	cr_assert_not(readahead_wait(readahead, 1, 14, &second));
}

/* A stream that is gone, and one that went elsewhere, have no use for it. */
Test(readahead, what_nobody_wants_any_more_is_dropped, .init = set_up, .fini = tear_down)
{
	put(1, 10, 4);
	add(1, 15, 4);
	add(2, 14, 4);
	cr_assert_eq(take(1, 10, &three), 3);
	cr_assert_eq(take(1, 13, &three), 1);
	cr_assert_eq(take(1, 14, &three), -1);
	cr_assert_eq(take(1, 15, &three), -1);
	cr_assert_eq(take(2, 14, &three), -1);
}
