#include "config.h"

#include "broker/state/delivery.h"

#include <criterion/criterion.h>

#include "common/base/hash.h"
#include "common/protocol/message_trace.h"

TestSuite(delivery, .timeout = 60);

static struct delivery_event
sent(const char *group, int64_t from, int64_t to, uint64_t conn)
{
	return (struct delivery_event){
		.kind = DELIVERY_SENT,
		.queue = 3,
		.group = hash_of(slice_of(group)),
		.from = from,
		.to = to,
		.conn = { 0, conn },
	};
}

static size_t
count(struct deliveries *deliveries, int64_t offset)
{
	struct arena arena = { 0 };
	struct delivery_list found = deliveries_find(deliveries, 3, offset, 100, &arena);

	arena_release(&arena);
	return found.n;
}

static void
note(struct deliveries *deliveries, int worker, struct delivery_event event)
{
	deliveries_note(deliveries, worker, &event);
}

Test(delivery, what_goes_on_is_one_event)
{
	struct deliveries *deliveries = deliveries_new(2, 100);
	struct arena arena = { 0 };

	note(deliveries, 0, sent("A", 0, 5, 1));
	note(deliveries, 0, sent("A", 5, 9, 1));
	note(deliveries, 0, sent("B", 0, 5, 1));
	note(deliveries, 1, sent("A", 0, 5, 2));  /* of another loop */
	note(deliveries, 0, sent("A", 9, 10, 3)); /* another client */
	cr_assert_eq(count(deliveries, 4), 3);
	cr_assert_eq(count(deliveries, 8), 1);
	cr_assert_eq(count(deliveries, 9), 1);
	cr_assert_eq(count(deliveries, 10), 0);
	struct delivery_list cut = deliveries_find(deliveries, 3, 4, 2, &arena);

	cr_assert_eq(cut.n, 2);
	cr_assert(cut.cut);
	cr_assert_eq(cut.list[0].to, 9, "widened");
	cr_assert_eq(deliveries_find(deliveries, 2, 4, 2, &arena).n, 0);
	arena_release(&arena);
	deliveries_free(deliveries);
}

Test(delivery, the_oldest_make_room)
{
	struct deliveries *deliveries = deliveries_new(1, 10);

	cr_assert_eq(deliveries_since(deliveries), 0);
	for (int64_t i = 0; i < 25; i++)
		note(deliveries, 0, sent("A", 2 * i, 2 * i + 1, 1));
	cr_assert_eq(count(deliveries, 28), 0);
	for (int64_t i = 15; i < 25; i++)
		cr_assert_eq(count(deliveries, 2 * i), 1, "%d", (int)i);
	cr_assert_gt(deliveries_since(deliveries), 0);
	/* One whose last event was overwritten begins a new one. */
	note(deliveries, 0, sent("B", 0, 1, 1));
	for (int64_t i = 0; i < 10; i++)
		note(deliveries, 0, sent("C", 2 * i, 2 * i + 1, 1));
	note(deliveries, 0, sent("B", 1, 2, 1));
	cr_assert_eq(count(deliveries, 1), 1);
	deliveries_free(deliveries);
}

Test(delivery, no_room_at_all)
{
	struct deliveries *deliveries = deliveries_new(2, 0);

	cr_assert_not(deliveries_are_noted(deliveries));
	cr_assert_eq(count(deliveries, 0), 0);
	cr_assert_eq(deliveries_since(deliveries), 0);
	deliveries_free(deliveries);
}

Test(delivery, clients_that_left)
{
	struct deliveries *deliveries = deliveries_new(1, 10);
	struct arena arena = { 0 };

	for (uint64_t i = 0; i < GONE_CLIENTS + 5; i++)
		deliveries_client_gone(
		    deliveries, (struct conn_id){ 0, i }, arena_printf(&arena, "c%d", (int)i));
	cr_assert_null(deliveries_gone_client(deliveries, (struct conn_id){ 0, 4 }, &arena).data);
	cr_assert_null(deliveries_gone_client(deliveries, (struct conn_id){ 1, 6 }, &arena).data);
	cr_assert(
	    slice_is(deliveries_gone_client(deliveries, (struct conn_id){ 0, 6 }, &arena), "c6"));
	arena_release(&arena);
	deliveries_free(deliveries);
}

Test(delivery, a_trace_as_a_body)
{
	static const char *const bad[] = { "", "[]", "{}", "{\"groups\":[],\"events\":1}",
		"{\"groups\":[{}],\"events\":[]}" };
	struct trace_event events[2] = {
		{ .what = TRACE_STORED, .topic = SLICE("T"), .time_ms = 5, .until_ms = 6 },
		{ .what = TRACE_DEAD, .group = SLICE("G"), .times = 3 },
	};
	struct trace_group group = { SLICE("G"), SLICE("DEAD"), 2, 9 };
	struct message_trace trace = {
		.topic = SLICE("T"),
		.msg_id = SLICE("id"),
		.queue_offset = 4,
		.groups = &group,
		.n_groups = 1,
		.events = events,
		.n_events = 2,
		.cut = true,
	};
	struct message_trace again;
	struct arena arena = { 0 };
	struct json_out out;
	struct buf text = { 0 };

	json_out_init(&out, &text);
	message_trace_write(&out, &trace);
	cr_assert_eq(message_trace_read(&arena, buf_slice(&text), &again), 0);
	cr_assert(slice_is(again.topic, "T"));
	cr_assert_null(again.unique_id.data);
	cr_assert_eq(again.n_events, 2);
	cr_assert_eq(again.events[1].what, TRACE_DEAD);
	cr_assert_eq(again.events[1].times, 3);
	cr_assert_eq(again.groups[0].committed, 9);
	cr_assert(again.cut);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		cr_assert_eq(
		    message_trace_read(&arena, slice_of(bad[i]), &again), -1, "%s", bad[i]);
	buf_release(&text);
	arena_release(&arena);
}
