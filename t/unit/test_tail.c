#include "config.h"

#include "broker/store/tail/tail.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/store/tail/tail_notice.h"
#include "common/base/mem.h"
#include "t/lib/store_rig.h"

/* Tails of hand-made notices: each record is 100 bytes, its first byte names its queue offset. */

#define RECORD_BYTES 100

TestSuite(tail, .timeout = 30);

struct bench {
	struct rig rig; /* an empty store to make tails from */
	struct tail *tail;
	struct arena arena;
	int64_t position;
	int64_t next[64]; /* offsets by queue number */
};

static void
bench_init(struct bench *bench, int64_t tail_bytes)
{
	*bench = (struct bench){ 0 };
	rig_init(&bench->rig);
	bench->rig.options.tail_bytes = tail_bytes;
	rig_open(&bench->rig);
	bench->tail = tail_new(bench->rig.store);
}

static void
bench_release(struct bench *bench)
{
	tail_free(bench->tail);
	arena_release(&bench->arena);
	rig_release(&bench->rig);
}

/* One commit with a record for each of these queue numbers; the tag hash is the offset. */
static void
grow(struct bench *bench, const int32_t *queues, size_t n)
{
	struct commit_notice *notice = commit_notice_new(COMMIT_NOTICE_GROWTH, n);
	char topic[16];

	notice->timestamp = 1000 + bench->position;
	notice->chunk = chunk_new(bench->position, n * RECORD_BYTES);
	for (size_t i = 0; i < n; i++) {
		int64_t offset = bench->next[queues[i]]++;

		memset(notice->chunk->data + i * RECORD_BYTES, (int)offset, RECORD_BYTES);
		if (offset == 0) {
			snprintf(topic, sizeof topic, "T%d", queues[i]);
			commit_notice_add_queue(notice, &(struct commit_notice_queue){
							    .number = queues[i],
							    .topic = slice_of(topic),
							});
		}
		notice->entries[i] = (struct commit_notice_entry){
			.position = bench->position,
			.tag_hash = offset,
			.size = RECORD_BYTES,
			.queue = queues[i],
		};
		bench->position += RECORD_BYTES;
	}
	tail_apply(bench->tail, notice);
	commit_notice_unref(notice);
}

static struct tail_queue *
queue_at(struct bench *bench, int32_t number)
{
	char topic[16];

	snprintf(topic, sizeof topic, "T%d", number);
	return tail_find(bench->tail, slice_of(topic), 0);
}

struct reply {
	enum tail_status status;
	struct pull_parts got;
};

static struct reply
read_at(struct bench *bench, int32_t number, int64_t offset, const struct pull_limits *limits)
{
	struct reply reply = { 0 };

	reply.status = tail_read(
	    bench->tail, queue_at(bench, number), offset, limits, &bench->arena, &reply.got);
	return reply;
}

/* The parts hold these offsets, in order. */
static void
check_and_release(struct reply *reply, const int64_t *offsets, size_t n)
{
	size_t i = 0;

	cr_assert_eq(reply->status, TAIL_FOUND);
	cr_assert_eq(reply->got.n_messages, (int32_t)n);
	for (size_t p = 0; p < reply->got.n_parts; p++) {
		for (size_t at = 0; at < reply->got.parts[p].len; at += RECORD_BYTES) {
			cr_assert_lt(i, n);
			cr_assert_eq(reply->got.parts[p].data[at], (char)offsets[i++]);
		}
		reply->got.parts[p].release(reply->got.parts[p].owner);
	}
	cr_assert_eq(i, n);
}

static const struct pull_limits wide = { .max_messages = 32, .max_bytes = 1 << 20 };

Test(tail, records_in_a_row_are_one_part)
{
	struct bench bench;

	bench_init(&bench, 1 << 20);
	grow(&bench, (int32_t[]){ 1, 1, 2, 1 }, 4);
	grow(&bench, (int32_t[]){ 1, 1 }, 2);
	struct reply reply = read_at(&bench, 1, 0, &wide);

	cr_assert_eq(reply.got.n_parts, 3);
	cr_assert_eq(reply.got.next_offset, 5);
	check_and_release(&reply, (int64_t[]){ 0, 1, 2, 3, 4 }, 5);
	reply = read_at(&bench, 2, 0, &wide);
	check_and_release(&reply, (int64_t[]){ 0 }, 1);
	cr_assert_eq(queue_at(&bench, 1)->max_offset, 5);
	cr_assert_eq(queue_at(&bench, 1)->last_timestamp, 1400);
	cr_assert_eq(queue_at(&bench, 2)->last_timestamp, 1000);
	cr_assert_null(queue_at(&bench, 3));
	bench_release(&bench);
}

Test(tail, limits)
{
	static const int32_t even[] = { 0, 2, 4, 6, 8 };
	static const struct {
		struct pull_limits limits;
		int64_t offset;
		size_t n;
		int64_t offsets[8];
		int64_t next_offset;
	} cases[] = {
		{ { .max_messages = 3, .max_bytes = 1 << 20 }, 2, 3, { 2, 3, 4 }, 5 },
		{ { .max_messages = 32, .max_bytes = 250 }, 2, 2, { 2, 3 }, 4 },
		{ { .max_messages = 32, .max_bytes = 1 }, 2, 1, { 2 }, 3 },
		{ { .max_messages = 0, .max_bytes = 1 << 20 }, 2, 1, { 2 }, 3 },
		{ { 32, 1 << 20, 0, even, 5 }, 1, 4, { 2, 4, 6, 8 }, 10 },
		{ { 32, 1 << 20, 4, even, 5 }, 1, 2, { 2, 4 }, 5 },
		{ { 2, 1 << 20, 0, even, 5 }, 1, 2, { 2, 4 }, 5 },
		{ { 32, 1 << 20, 0, even, 0 }, 1, 0, { 0 }, 10 },
		{ { 32, 1 << 20, 3, even, 0 }, 1, 0, { 0 }, 4 },
	};
	struct bench bench;

	bench_init(&bench, 1 << 20);
	grow(&bench, (int32_t[]){ 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 }, 10);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct reply reply = read_at(&bench, 1, cases[i].offset, &cases[i].limits);

		if (cases[i].n > 0)
			check_and_release(&reply, cases[i].offsets, cases[i].n);
		else
			cr_assert_eq(reply.status, TAIL_NO_MATCH);
		/* An entry that ends a filtered pull is looked at again by the next. */
		cr_assert_leq(reply.got.next_offset, cases[i].next_offset, "case %zu", i);
		cr_assert_geq(reply.got.next_offset, cases[i].next_offset - 1, "case %zu", i);
	}
	bench_release(&bench);
}

Test(tail, the_oldest_go_when_there_are_too_many)
{
	struct bench bench;

	bench_init(&bench, 20000);
	grow(&bench, (int32_t[]){ 7 }, 1);
	for (int i = 0; i < 1000; i++)
		grow(&bench, (int32_t[]){ 1 + i % 5, 6 }, 2);
	/* The silent queue's ring went with its record. */
	cr_assert_eq(read_at(&bench, 7, 0, &wide).status, TAIL_COLD);
	cr_assert_null(queue_at(&bench, 7)->ring);
	int64_t held = 0;
	for (int32_t number = 1; number <= 7; number++) {
		struct tail_queue *queue = queue_at(&bench, number);
		int64_t first = queue->max_offset - queue->ring_len;

		held += queue->ring_len;
		if (first > 0)
			cr_assert_eq(read_at(&bench, number, first - 1, &wide).status, TAIL_COLD);
		if (queue->ring_len == 0)
			continue;
		struct reply reply =
		    read_at(&bench, number, first, &(struct pull_limits){ .max_messages = 1 });
		check_and_release(&reply, (int64_t[]){ first }, 1);
	}
	cr_assert_gt(held, 50);
	cr_assert_lt(held, 200);
	bench_release(&bench);
}

Test(tail, what_was_lent_outlives_the_tail)
{
	struct bench bench;

	bench_init(&bench, 500);
	grow(&bench, (int32_t[]){ 1 }, 1);
	struct reply reply = read_at(&bench, 1, 0, &wide);
	for (int i = 0; i < 50; i++)
		grow(&bench, (int32_t[]){ 2 }, 1);
	cr_assert_eq(read_at(&bench, 1, 0, &wide).status, TAIL_COLD);
	check_and_release(&reply, (int64_t[]){ 0 }, 1);
	bench_release(&bench);
}

static void
count_queue(void *arg, struct tail_queue *queue)
{
	((int *)arg)[queue->number]++;
}

Test(tail, growth_is_told_once_a_queue_and_news)
{
	struct bench bench;
	int counts[8] = { 0 };

	bench_init(&bench, 1 << 20);
	tail_on_growth(bench.tail, count_queue, counts);
	grow(&bench, (int32_t[]){ 1, 2, 1, 1 }, 4);
	grow(&bench, (int32_t[]){ 1 }, 1);
	cr_assert_eq(counts[1], 2);
	cr_assert_eq(counts[2], 1);
	bench_release(&bench);
}

Test(tail, first_offsets_move_and_topics_go)
{
	struct bench bench;
	struct commit_notice *notice;
	size_t state = 0;

	bench_init(&bench, 1 << 20);
	grow(&bench, (int32_t[]){ 1, 1, 1, 2, 3 }, 5);
	notice = commit_notice_new(COMMIT_NOTICE_FIRST, 0);
	commit_notice_add_queue(notice, &(struct commit_notice_queue){ .number = 1, .first = 2 });
	tail_apply(bench.tail, notice);
	commit_notice_unref(notice);
	cr_assert_eq(queue_at(&bench, 1)->min_offset, 2);
	cr_assert_eq(read_at(&bench, 1, 1, &wide).status, TAIL_COLD);

	notice = commit_notice_new(COMMIT_NOTICE_DROP, 0);
	commit_notice_add_queue(notice, &(struct commit_notice_queue){ .number = 2 });
	commit_notice_add_queue(notice, &(struct commit_notice_queue){ .number = 9 });
	tail_apply(bench.tail, notice);
	commit_notice_unref(notice);
	cr_assert_null(queue_at(&bench, 2));
	cr_assert_not_null(queue_at(&bench, 3));
	cr_assert_eq(tail_each(bench.tail, &state)->number, 1);
	cr_assert_eq(tail_each(bench.tail, &state)->number, 3);
	cr_assert_null(tail_each(bench.tail, &state));
	bench_release(&bench);
}
