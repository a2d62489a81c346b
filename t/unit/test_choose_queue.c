#include "config.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "client/choose_queue.h"
#include "client/route_cache.h"

TestSuite(choose_queue, .timeout = 10);

static const struct broker_address master_a[] = { { MASTER_ID, { "10.0.0.1:10911", 14 } },
	{ 1, { "10.0.0.9:10911", 14 } } };
static const struct broker_address master_b[] = { { MASTER_ID, { "10.0.0.2:10911", 14 } } };
static const struct broker_address slave_c[] = { { 1, { "10.0.0.3:10911", 14 } } };

static const struct broker_data brokers[] = {
	{ .name = { "a", 1 }, .addresses = master_a, .n_addresses = 2 },
	{ .name = { "b", 1 }, .addresses = master_b, .n_addresses = 1 },
	{ .name = { "c", 1 }, .addresses = slave_c, .n_addresses = 1 },
};

static const struct queue_data queues[] = {
	{ { "a", 1 }, 4, 2, 6, 0 }, { { "b", 1 }, 4, 3, 6, 0 },
	{ { "c", 1 }, 4, 4, 6, 0 }, /* its master is gone */
};

/* The queues of turns 0 .. n-1 as "a0 b0 a1 ...". */
static void
walk(const struct route *route, const char *avoid, int32_t max_queues, int n, char *text,
    size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (int turn = 0; turn < n; turn++) {
		struct chosen_queue chosen;

		if (choose_queue(route, (uint32_t)turn, slice_of(avoid), max_queues, &chosen) == -1)
			return;
		len += (size_t)snprintf(text + len, size - len, "%s%.*s%d", len != 0 ? " " : "",
		    (int)chosen.broker_name.len, chosen.broker_name.data, (int)chosen.queue_id);
	}
}

Test(choose_queue, walks_over_the_masters)
{
	struct queue_data read_only[3];
	static const struct {
		const char *name, *avoid;
		int32_t max_queues;
		size_t n_queues;
		int turns;
		const char *want;
	} cases[] = {
		{ "all", NULL, 0, 3, 7, "a0 b0 a1 b1 b2 a0 b0" },
		{ "not the one that failed", "b", 0, 3, 3, "a0 a1 a0" },
		{ "but when it is the only one", "a", 0, 1, 3, "a0 a1 a0" },
		{ "of a template", NULL, 1, 3, 3, "a0 b0 a0" },
		{ "nothing", NULL, 0, 0, 3, "" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct route route = { .queues = queues,
			.n_queues = cases[i].n_queues,
			.brokers = brokers,
			.n_brokers = 3 };
		char text[128];

		walk(
		    &route, cases[i].avoid, cases[i].max_queues, cases[i].turns, text, sizeof text);
		cr_assert_str_eq(text, cases[i].want, "%s: %s", cases[i].name, text);
	}
	memcpy(read_only, queues, sizeof queues);
	read_only[0].perm = 4;
	struct route route = {
		.queues = read_only, .n_queues = 3, .brokers = brokers, .n_brokers = 3
	};
	char text[128];
	walk(&route, NULL, 0, 3, text, sizeof text);
	cr_assert_str_eq(text, "b0 b1 b2");
}

Test(choose_queue, knows_the_address)
{
	struct route route = {
		.queues = queues, .n_queues = 3, .brokers = brokers, .n_brokers = 3
	};
	struct chosen_queue chosen;

	cr_assert_eq(choose_queue(&route, UINT32_MAX, SLICE_NONE, 0, &chosen), 0);
	cr_assert(slice_is(route_address(&route, SLICE("a"), true), "10.0.0.1:10911"));
	cr_assert_null(route_address(&route, SLICE("c"), true).data);
	cr_assert(slice_is(route_address(&route, SLICE("c"), false), "10.0.0.3:10911"));
	cr_assert_null(route_address(&route, SLICE("d"), false).data);
}
