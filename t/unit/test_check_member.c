#include "config.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "broker/state/client.h"
#include "broker/transaction/check/check_private.h"

TestSuite(transaction_check_member, .timeout = 20);

#define SILENT_MS 5000

static struct clients *clients;
static struct check_members *members;
static struct arena arena;
static int64_t now = 1000000;

static void
set_up(void)
{
	clients = clients_new();
	members = check_members_new(clients);
	check_members_tick(members, SILENT_MS, now);
}

static void
tear_down(void)
{
	check_members_free(members);
	clients_free(clients);
	arena_release(&arena);
}

/* A member of G, which calls itself by its address. */
static void
join(uint64_t number, const char *address)
{
	const struct slice group = SLICE("G");
	const struct heartbeat heartbeat = {
		.client_id = slice_of(address),
		.producers = &group,
		.n_producers = 1,
	};
	const struct client client = {
		.conn = { 0, number },
		.address = slice_of(address),
		.language = LANGUAGE_JAVA,
	};

	const struct client_limits limits = { 100, 1 << 20 };
	struct client_changes changes;

	cr_assert_eq(clients_heartbeat(clients, &client, &heartbeat, &limits, &arena, &changes),
	    CLIENT_ACCEPTED);
	now += 1000; /* so that it is seen */
}

static struct host
born(uint8_t last, uint16_t port)
{
	return (struct host){ .ip = { 10, 0, 0, last }, .ip_len = 4, .port = port };
}

static uint64_t
choose(uint8_t last, uint16_t port)
{
	struct host host = born(last, port);
	struct check_member chosen;

	if (check_members_choose(members, SLICE("G"), &host, now, &arena, &chosen) != CHECK_CHOSEN)
		return 0;
	return chosen.conn.number;
}

static enum check_choice
choice(void)
{
	struct host host = born(9, 9);
	struct check_member chosen;

	return check_members_choose(members, SLICE("G"), &host, now, &arena, &chosen);
}

static void
ask(uint64_t number, const char *key)
{
	check_members_asked(members, SLICE("G"), (struct conn_id){ 0, number }, slice_of(key), now);
}

static void
reply(const char *key)
{
	check_members_answered(members, slice_of(key), now);
}

static void
pass(int64_t ms)
{
	now += ms;
	check_members_tick(members, SILENT_MS, now);
}

Test(transaction_check_member, nobody, .init = set_up, .fini = tear_down)
{
	cr_assert_eq(choice(), CHECK_NOBODY);
	join(1, "10.0.0.1:1000");
	cr_assert_eq(choice(), CHECK_CHOSEN);
	clients_close(clients, (struct conn_id){ 0, 1 }, &arena);
	pass(1000);
	cr_assert_eq(choice(), CHECK_NOBODY);
}

Test(transaction_check_member, the_sender_first_then_its_machine, .init = set_up, .fini = tear_down)
{
	join(1, "10.0.0.1:1000");
	join(2, "10.0.0.2:1000");
	join(3, "10.0.0.2:2000");
	for (int i = 0; i < 5; i++)
		cr_assert_eq(choose(2, 1000), 2);
	cr_assert_eq(choose(1, 4711), 1, "the same machine");
	cr_assert_neq(choose(2, 4711), 1);
}

Test(transaction_check_member, others_in_turn, .init = set_up, .fini = tear_down)
{
	int n[4] = { 0 };

	join(1, "10.0.0.1:1000");
	join(2, "10.0.0.2:1000");
	join(3, "10.0.0.3:1000");
	for (int i = 0; i < 30; i++)
		n[choose(9, 1)]++;
	cr_assert_eq(n[1], 10);
	cr_assert_eq(n[2], 10);
	cr_assert_eq(n[3], 10);
}

Test(transaction_check_member, a_full_window_is_left_alone, .init = set_up, .fini = tear_down)
{
	char key[16];
	int n = 0;

	join(1, "10.0.0.1:1000");
	while (choice() == CHECK_CHOSEN) {
		snprintf(key, sizeof key, "%d", n++);
		ask(1, key);
		cr_assert_lt(n, 1000);
	}
	cr_assert_eq(choice(), CHECK_BUSY);
	reply("0");
	cr_assert_eq(choice(), CHECK_CHOSEN, "an answer makes room");
	reply("0");
	reply("nobody asked this");
}

Test(transaction_check_member, a_silent_one_is_tried_more_and_more_seldom, .init = set_up,
    .fini = tear_down)
{
	int64_t last = 0;

	join(1, "10.0.0.1:1000");
	join(2, "10.0.0.2:1000");
	for (int i = 0; i < 9; i++) {
		int64_t waited = 0;

		cr_assert_eq(choose(1, 1000), 1);
		ask(1, "k");
		pass(SILENT_MS);
		for (; choose(1, 1000) == 2; waited += 500)
			pass(500);
		cr_assert_geq(waited, last, "%d after %d", (int)waited, (int)last);
		last = waited;
	}
	cr_assert_eq(last, 60000);
	ask(1, "k");
	cr_assert_eq(choose(1, 1000), 2, "one ask alone");
	reply("k");
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(choose(1, 1000), 1, "it is back");
		ask(1, i == 0 ? "a" : i == 1 ? "b" : "c");
	}
}

Test(transaction_check_member, when_all_are_silent_one_at_a_time, .init = set_up, .fini = tear_down)
{
	int n_asked = 0;

	join(1, "10.0.0.1:1000");
	join(2, "10.0.0.2:1000");
	ask(1, "a");
	ask(2, "b");
	cr_assert_eq(choice(), CHECK_CHOSEN);
	ask(1, "c");
	ask(2, "d");
	pass(SILENT_MS);
	for (int i = 0; i < 100; i++) {
		uint64_t number = choose(9, 9);
		char key[16];

		snprintf(key, sizeof key, "%d", i);
		if (number != 0) {
			ask(number, key);
			n_asked++;
		}
		pass(500);
	}
	cr_assert_geq(n_asked, 100 * 500 / SILENT_MS / 2);
	cr_assert_leq(n_asked, 100 * 500 / SILENT_MS * 2, "%d", n_asked);
}

Test(transaction_check_member, one_lost_ask_is_not_silence, .init = set_up, .fini = tear_down)
{
	join(1, "10.0.0.1:1000");
	ask(1, "lost");
	now += 100;
	ask(1, "answered");
	reply("answered");
	pass(SILENT_MS);
	cr_assert_eq(choice(), CHECK_CHOSEN);
}

Test(transaction_check_member, asked_anew_is_unanswered, .init = set_up, .fini = tear_down)
{
	join(1, "10.0.0.1:1000");
	join(2, "10.0.0.2:1000");
	cr_assert_eq(choose(1, 1000), 1);
	ask(1, "k");
	now += 1000; /* the interval is shorter than a member may be silent */
	ask(2, "k");
	cr_assert_eq(choose(1, 1000), 2, "the first is left alone");
	pass(SILENT_MS);
	cr_assert_eq(choose(1, 1000), 1);
}

Test(transaction_check_member, refused_is_left_alone, .init = set_up, .fini = tear_down)
{
	join(1, "10.0.0.1:1000");
	join(2, "10.0.0.2:1000");
	cr_assert_eq(choose(1, 1000), 1);
	ask(1, "k");
	check_members_refused(members, SLICE("G"), (struct conn_id){ 0, 1 }, SLICE("k"), now);
	cr_assert_eq(choose(1, 1000), 2);
	pass(1000);
	cr_assert_eq(choose(1, 1000), 1);
}

Test(transaction_check_member, retry_delay_grows_while_nobody_is_there, .init = set_up,
    .fini = tear_down)
{
	int64_t last = 0;

	for (int i = 0; i < 10; i++) {
		int64_t delay = check_members_retry_delay_ms(members, SLICE("G"), 60000, now);

		cr_assert_geq(delay, last);
		cr_assert_leq(delay, 60000);
		last = delay;
		now += delay;
	}
	cr_assert_eq(last, 60000);
	cr_assert_eq(check_members_retry_delay_ms(members, SLICE("H"), 200, now), 200);
	join(1, "10.0.0.1:1000");
	cr_assert_eq(choice(), CHECK_CHOSEN);
	cr_assert_eq(check_members_retry_delay_ms(members, SLICE("G"), 60000, now), 1000);
}

Test(
    transaction_check_member, a_thousand_silent_ones_cost_little, .init = set_up, .fini = tear_down)
{
	char text[32];
	int n_asked = 0;

	for (uint64_t i = 1; i <= 1000; i++) {
		snprintf(text, sizeof text, "10.1.%d.%d:1000", (int)i / 256, (int)i % 256);
		join(i, text);
	}
	for (int second = 0; second < 300; second++) {
		uint64_t number;

		for (int i = 0; i < 1000 && (number = choose(9, 9)) != 0; i++) {
			snprintf(text, sizeof text, "%d", n_asked++);
			ask(number, text);
		}
		pass(1000);
	}
	/* Until they are known as silent, and then ever more seldom. */
	cr_assert_lt(n_asked, 14000, "%d asks", n_asked);
}

Test(transaction_check_member, groups_that_nobody_knows_push_nobody_out, .init = set_up,
    .fini = tear_down)
{
	struct host host = born(9, 9);
	struct check_member chosen;
	char name[32];

	for (int i = 0; i < 50000; i++) {
		snprintf(name, sizeof name, "made-up-%d", i);
		check_members_choose(members, slice_of(name), &host, now, &arena, &chosen);
		arena_reset(&arena);
	}
	join(1, "10.0.0.1:1000");
	now += 2000;
	cr_assert_eq(choice(), CHECK_CHOSEN);
}
