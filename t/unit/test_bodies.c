#include "config.h"

#include <criterion/criterion.h>

#include "common/json/json_body.h"
#include "common/protocol/connection_list.h"
#include "common/protocol/kv_table.h"
#include "common/protocol/lock_batch.h"
#include "common/protocol/message_queue.h"
#include "common/protocol/name_list.h"
#include "common/protocol/queue_offset.h"
#include "common/protocol/queue_stats.h"

TestSuite(bodies, .timeout = 10);

static struct arena arena;

#define QUEUE(id) "{\"brokerName\":\"b\",\"queueId\":" #id ",\"topic\":\"T\"}"

Test(bodies, offsets_of_queues_in_both_forms)
{
	static const char keyed[] = "{\"offsetTable\":{" QUEUE(0) ":7," QUEUE(1) ":8}}";
	static const char listed[] =
	    "{\"offsetTable\":[{\"brokerName\":\"b\",\"queueId\":0,\"topic\":\"T\",\"offset\":7},"
	    "{\"brokerName\":\"b\",\"queueId\":1,\"topic\":\"T\",\"offset\":8}]}";
	const struct queue_offset *offsets;
	struct buf buf = { 0 };
	struct json_out out;
	size_t n;

	cr_assert_eq(queue_offsets_read(&arena, slice_of(listed), "offsetTable", &offsets, &n), 0);
	json_out_init(&out, &buf);
	queue_offsets_write(&out, "offsetTable", offsets, n);
	cr_assert_str_eq(buf_text(&buf), keyed);
	cr_assert_eq(queue_offsets_read(&arena, slice_of(keyed), "offsetTable", &offsets, &n), 0);
	buf.len = 0;
	json_out_init(&out, &buf);
	queue_offsets_write_array(&out, offsets, n);
	cr_assert_str_eq(buf_text(&buf), listed);
	buf_release(&buf);
}

Test(bodies, pull_offsets_are_told_when_there_are_any)
{
	struct consume_progress queues[] = {
		{ .queue = { SLICE("T"), SLICE("b"), 0 }, 5, 3, -1, 9 },
		{ .queue = { SLICE("T"), SLICE("b"), 1 }, 5, 3, 4, 9 }
	};
	struct consume_stats stats = { 1.5, queues, 2 }, again;
	struct buf buf = { 0 };
	struct json_out out;

	json_out_init(&out, &buf);
	consume_stats_write(&out, &stats);
	cr_assert_str_eq(buf_text(&buf),
	    "{\"consumeTps\":1.5,\"offsetTable\":{" QUEUE(
		0) ":{\"brokerOffset\":5,\"consumerOffset\":3,"
		   "\"lastTimestamp\":9}," QUEUE(
		       1) ":{\"brokerOffset\":5,\"consumerOffset\":3,\"lastTimestamp\":9,"
			  "\"pullOffset\":4}}}");
	cr_assert_eq(consume_stats_read(&arena, buf_slice(&buf), &again), 0);
	cr_assert_eq(again.queues[0].pull_offset, -1);
	cr_assert_eq(again.queues[1].pull_offset, 4);
	cr_assert_float_eq(again.tps, 1.5, 0.0001);
	buf_release(&buf);
}

static int
read_any(struct slice body)
{
	const struct ext *pairs;
	const struct slice *names;
	const struct queue_stats *stats;
	const struct queue_offset *offsets;
	const struct message_queue *queues;
	struct topic_list list;
	struct consume_stats progress;
	struct connection_list connections;
	struct lock_batch batch;
	size_t n;

	return (kv_table_read(&arena, body, &pairs, &n) == 0) +
	       (name_list_read(&arena, body, "x", &names, &n) == 0) +
	       (topic_stats_read(&arena, body, &stats, &n) == 0) +
	       (queue_offsets_read(&arena, body, "x", &offsets, &n) == 0) +
	       (topic_list_read(&arena, body, &list) == 0) +
	       (consume_stats_read(&arena, body, &progress) == 0) +
	       (connection_list_read(&arena, body, &connections) == 0) +
	       (lock_batch_read(&arena, body, &batch) == 0) +
	       (lock_reply_read(&arena, body, &queues, &n) == 0);
}

Test(bodies, nothing_is_read_from_what_is_no_object)
{
	static const char *const texts[] = { "", "null", "7", "[]", "\"text\"", "{",
		"{\"table\":" };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		cr_expect_eq(read_any(slice_of(texts[i])), 0, "%s", texts[i]);
}

Test(bodies, members_of_another_type_are_refused)
{
	cr_expect_eq(
	    read_any(SLICE(
		"{\"table\":[],\"x\":7,\"offsetTable\":\"t\",\"topicList\":{},"
		"\"connectionSet\":{},\"mqSet\":{},\"consumerGroup\":\"G\",\"clientId\":\"c\","
		"\"lockOKMQSet\":{}}")),
	    0);
	cr_expect_eq(
	    read_any(SLICE(
		"{\"table\":{\"k\":{}},\"x\":[{}],\"offsetTable\":{\"T\":7},\"topicList\":[[]],"
		"\"connectionSet\":[{}],\"mqSet\":[{}],\"consumerGroup\":\"G\","
		"\"clientId\":\"c\",\"lockOKMQSet\":[7]}")),
	    0);
}

Test(bodies, numbers_enums_and_doubles)
{
	static const char *const names[] = { "ONE", "TWO" };
	const struct json *json =
	    json_parse(&arena, SLICE("{\"a\":\"TWO\",\"b\":0,\"c\":\"1\",\"d\":2,\"e\":-1,\"f\":"
				     "99999999999,\"g\":\"1.25\",\"h\":\"x\"}"));

	cr_assert_eq(json_enum(json_member(json, "a"), names, 2, -1), 1);
	cr_assert_eq(json_enum(json_member(json, "b"), names, 2, -1), 0);
	cr_assert_eq(json_enum(json_member(json, "c"), names, 2, -1), 1);
	cr_assert_eq(json_enum(json_member(json, "d"), names, 2, -1), -1);
	cr_assert_eq(json_enum(json_member(json, "e"), names, 2, -1), -1);
	cr_assert_eq(json_enum(NULL, names, 2, -1), -1);
	cr_assert_eq(json_member_int32(json, "f", 5), 5);
	cr_assert_eq(json_member_int32(json, "e", 5), -1);
	cr_assert_float_eq(json_member_double(json, "g", 0), 1.25, 0.0001);
	cr_assert_float_eq(json_member_double(json, "h", 2), 2, 0.0001);
	cr_assert_float_eq(json_member_double(json, "none", 3), 3, 0.0001);
}
