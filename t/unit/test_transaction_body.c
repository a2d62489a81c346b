#include "config.h"

#include "common/protocol/transaction_body.h"

#include <criterion/criterion.h>

#include "common/json/json_body.h"

static struct arena arena;

static void
release(void)
{
	arena_release(&arena);
}

TestSuite(transaction_body, .timeout = 10, .fini = release);

static const struct transaction_event events[] = {
	{ .position = 900,
	    .time_ms = 1700000000123,
	    .what = SLICE("ask"),
	    .via = SLICE("check"),
	    .who = SLICE("10.0.0.7:5"),
	    .by = SLICE("10.0.0.7@77"),
	    .retry_delay_ms = 60000,
	    .asked = 2 },
	{ .position = 1100,
	    .time_ms = 1700000000456,
	    .what = SLICE("contradict"),
	    .via = SLICE("sender"),
	    .said = SLICE("commit"),
	    .reason = SLICE("a \"quote\" and a \\"),
	    .revocable = true,
	    .override = true },
};

static const struct transaction_delivery delivery = { SLICE("money"), SLICE("C0A8"), 3, 17, 1000,
	1700000000999 };

static const struct transaction_info full = {
	.broker_name = SLICE("broker-a"),
	.id = SLICE("0A0B"),
	.msg_id = SLICE("7F00"),
	.position = 0,
	.queue_offset = 0,
	.group = SLICE("bank"),
	.topic = SLICE("money"),
	.keys = SLICE("k1 k2"),
	.tags = SLICE("T"),
	.state = TRANSACTION_COMMITTED,
	.asked = 2,
	.next_ask_ms = 0,
	.check_state = SLICE("reading copy"),
	.stored_ms = 5,
	.born_ms = 4,
	.age_ms = 3,
	.born_host = SLICE("10.0.0.7:5"),
	.size_bytes = 300,
	.events = events,
	.n_events = 2,
	.events_cut = true,
	.delivery = &delivery,
};

/* Nothing is known but where it was. */
static const struct transaction_info bare = {
	.position = 42,
	.queue_offset = -1,
	.next_ask_ms = -1,
	.state = TRANSACTION_STATE_UNKNOWN,
};

static struct slice
write_list(const struct transaction_list *list)
{
	struct buf buf = { 0 };
	struct json_out out;

	json_out_init(&out, &buf);
	transaction_list_open(&out);
	for (size_t i = 0; i < list->n; i++)
		transaction_info_write(&out, &list->list[i]);
	transaction_list_close(&out, list);
	return json_finish(&out, &arena);
}

static void
same_event(const struct transaction_event *a, const struct transaction_event *b)
{
	cr_assert_eq(a->position, b->position);
	cr_assert_eq(a->time_ms, b->time_ms);
	cr_assert(slice_equal(a->what, b->what) && slice_equal(a->via, b->via));
	cr_assert(slice_equal(a->who, b->who) && slice_equal(a->by, b->by));
	cr_assert(slice_equal(a->said, b->said) && slice_equal(a->reason, b->reason));
	cr_assert_eq(a->who.data == NULL, b->who.data == NULL);
	cr_assert_eq(a->revocable, b->revocable);
	cr_assert_eq(a->override, b->override);
	cr_assert_eq(a->retry_delay_ms, b->retry_delay_ms);
	cr_assert_eq(a->asked, b->asked);
}

static void
same_info(const struct transaction_info *a, const struct transaction_info *b)
{
	cr_assert(slice_equal(a->broker_name, b->broker_name));
	cr_assert(slice_equal(a->id, b->id) && slice_equal(a->msg_id, b->msg_id));
	cr_assert_eq(a->position, b->position);
	cr_assert_eq(a->queue_offset, b->queue_offset);
	cr_assert(slice_equal(a->group, b->group) && slice_equal(a->topic, b->topic));
	cr_assert(slice_equal(a->keys, b->keys) && slice_equal(a->tags, b->tags));
	cr_assert_eq(a->state, b->state);
	cr_assert_eq(a->asked, b->asked);
	cr_assert_eq(a->next_ask_ms, b->next_ask_ms);
	cr_assert(slice_equal(a->check_state, b->check_state));
	cr_assert_eq(a->stored_ms, b->stored_ms);
	cr_assert_eq(a->born_ms, b->born_ms);
	cr_assert_eq(a->age_ms, b->age_ms);
	cr_assert(slice_equal(a->born_host, b->born_host));
	cr_assert_eq(a->size_bytes, b->size_bytes);
	cr_assert_eq(a->events_cut, b->events_cut);
	cr_assert_eq(a->n_events, b->n_events);
	for (size_t i = 0; i < a->n_events; i++)
		same_event(&a->events[i], &b->events[i]);
	cr_assert_eq(a->delivery != NULL, b->delivery != NULL);
	if (a->delivery == NULL)
		return;
	cr_assert(slice_equal(a->delivery->topic, b->delivery->topic));
	cr_assert(slice_equal(a->delivery->msg_id, b->delivery->msg_id));
	cr_assert_eq(a->delivery->queue_id, b->delivery->queue_id);
	cr_assert_eq(a->delivery->queue_offset, b->delivery->queue_offset);
	cr_assert_eq(a->delivery->position, b->delivery->position);
	cr_assert_eq(a->delivery->stored_ms, b->delivery->stored_ms);
}

Test(transaction_body, what_is_written_is_read)
{
	const struct transaction_info both[] = { full, bare };
	struct transaction_list list = { both, 2, SLICE("D17"), 1000, { 0 } }, again;

	for (int i = 0; i < N_TRANSACTION_COUNTS; i++)
		list.counts[i] = 1000 + i;
	cr_assert_eq(transaction_list_read(&arena, write_list(&list), &again), 0);
	cr_assert_eq(again.n, 2);
	same_info(&again.list[0], &full);
	same_info(&again.list[1], &bare);
	cr_assert(slice_is(again.cursor, "D17"));
	cr_assert_eq(again.scanned, 1000);
	cr_assert_arr_eq(again.counts, list.counts, sizeof list.counts);
}

Test(transaction_body, what_is_not_known_is_not_written)
{
	struct transaction_list list = { &bare, 1, SLICE_NONE, 1, { 0 } }, again;
	struct slice text = write_list(&list);

	cr_assert(slice_starts(text, "{\"transactions\":[{\"position\":42,\"state\":\"unknown\","
				     "\"asked\":0,\"events\":[]}],\"scanned\":1,\"counts\":{"));
	cr_assert_eq(transaction_list_read(&arena, text, &again), 0);
	cr_assert_null(again.cursor.data);
}

Test(transaction_body, states_and_counts_have_names_of_their_own)
{
	enum transaction_state state = TRANSACTION_PARKED;

	for (int i = 0; i < N_TRANSACTION_STATES; i++) {
		const char *name = transaction_state_name((enum transaction_state)i);

		cr_assert_eq(transaction_state_parse(slice_of(name), &state), 0);
		cr_assert_eq((int)state, i);
	}
	cr_assert_eq(transaction_state_parse(SLICE("Open"), &state), -1);
	cr_assert_eq(transaction_state_parse(SLICE(""), &state), -1);
	for (int i = 0; i < N_TRANSACTION_COUNTS; i++)
		for (int j = 0; j < i; j++)
			cr_assert_str_neq(transaction_count_name((enum transaction_count)i),
			    transaction_count_name((enum transaction_count)j));
}

Test(transaction_body, nonsense_is_refused)
{
	static const char *const bodies[] = { "", "[]", "{\"transactions\":1}",
		"{\"transactions\":[1]}", "{\"transactions\":[{\"state\":\"open\"}]}",
		"{\"transactions\":[{\"position\":-1}]}",
		"{\"transactions\":[{\"position\":1,\"events\":[{}]}]}",
		"{\"transactions\":[{\"position\":1,\"events\":{}}]}" };
	struct transaction_list list;

	for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
		cr_assert_eq(
		    transaction_list_read(&arena, slice_of(bodies[i]), &list), -1, "%s", bodies[i]);
	cr_assert_eq(transaction_list_read(&arena, SLICE("{}"), &list), 0);
	cr_assert_eq(list.n, 0);
}
