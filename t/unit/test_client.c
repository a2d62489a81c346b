#include "config.h"

#include <criterion/criterion.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "broker/state/client.h"
#include "common/base/clock.h"

TestSuite(client, .timeout = 20);

static struct clients *clients;
static struct arena arena;

static void
set_up(void)
{
	clients = clients_new();
}

static void
tear_down(void)
{
	clients_free(clients);
	arena_release(&arena);
	clock_shift_for_test(0, 0);
}

static struct client
from(uint64_t number)
{
	return (struct client){
		.conn = { 0, number },
		.address = arena_printf(&arena, "10.0.0.%d:5000", (int)number),
		.language = LANGUAGE_JAVA,
		.version = 407,
	};
}

/* It is accepted. */
static struct client_changes
beat(const struct client *client, const struct heartbeat *heartbeat)
{
	static const struct client_limits limits = { 100, 1 << 30 };
	struct client_changes changes;

	cr_assert_eq(clients_heartbeat(clients, client, heartbeat, &limits, &arena, &changes),
	    CLIENT_ACCEPTED);
	return changes;
}

/* A consumer of one topic. */
static struct client_changes
consume(uint64_t number, const char *id, const char *group, const char *topic,
    const char *expression, int64_t version)
{
	const struct subscription wish = {
		.topic = slice_of(topic),
		.expression = slice_of(expression),
		.expression_type = SLICE("TAG"),
		.version = version,
	};
	const struct heartbeat_consumer consumer = {
		.group = slice_of(group),
		.type = CONSUME_PASSIVELY,
		.model = MODEL_CLUSTERING,
		.from = CONSUME_FROM_FIRST_OFFSET,
		.subscriptions = &wish,
		.n_subscriptions = 1,
	};
	const struct heartbeat heartbeat = {
		.client_id = slice_of(id),
		.consumers = &consumer,
		.n_consumers = 1,
	};
	const struct client client = from(number);

	return beat(&client, &heartbeat);
}

static void
produce(uint64_t number, const char *id, const char *group)
{
	const struct slice name = slice_of(group);
	const struct heartbeat heartbeat = {
		.client_id = slice_of(id),
		.producers = &name,
		.n_producers = 1,
	};
	const struct client client = from(number);

	cr_assert_eq(beat(&client, &heartbeat).n, 0);
}

static void
ids_are(const char *group, const char *wanted)
{
	char text[256] = "";
	size_t n;
	const struct slice *ids = clients_list_ids(clients, slice_of(group), &arena, &n);

	for (size_t i = 0; i < n; i++) {
		strncat(text, ids[i].data, ids[i].len);
		strcat(text, " ");
	}
	cr_assert_str_eq(text, wanted);
	cr_assert_eq(n == 0, ids == NULL);
}

Test(client, nobody, .init = set_up, .fini = tear_down)
{
	struct client_group group;
	struct client_subscription found;
	size_t n;

	ids_are("G", "");
	cr_assert_not(clients_find_group(clients, SLICE("G"), &arena, &group));
	cr_assert_null(clients_list_producers(clients, SLICE("P"), &arena, &n));
	cr_assert_eq(clients_find_subscription(
			 clients, (struct conn_id){ 0, 1 }, SLICE("G"), SLICE("T"), &arena, &found),
	    CLIENT_NO_GROUP);
	cr_assert_eq(clients_close(clients, (struct conn_id){ 0, 1 }, &arena).n, 0);
}

Test(client, members_are_sorted_and_changes_told, .init = set_up, .fini = tear_down)
{
	struct client_changes changes = consume(2, "b", "G", "T", "*", 1);

	cr_assert_eq(changes.n, 1);
	cr_assert_eq(changes.list[0].n_members, 1);
	cr_assert(slice_is(changes.list[0].group, "G"));
	changes = consume(1, "a", "G", "T", "*", 1);
	cr_assert_eq(changes.n, 1);
	cr_assert_eq(changes.list[0].n_members, 2, "the new one is told too");
	ids_are("G", "a b ");
	cr_assert_eq(consume(1, "a", "G", "T", "*", 1).n, 0, "nothing new");
	cr_assert_eq(consume(1, "a", "G", "T", "*", 2).n, 0, "a newer version alone is no change");
	cr_assert_eq(consume(1, "a", "G", "U", "*", 3).n, 1, "another topic is");
}

Test(client, one_client_on_two_connections_counts_once, .init = set_up, .fini = tear_down)
{
	consume(1, "a", "G", "T", "*", 1);
	consume(2, "a", "G", "T", "*", 1);
	ids_are("G", "a ");
	clients_close(clients, (struct conn_id){ 0, 1 }, &arena);
	ids_are("G", "a ");
	clients_close(clients, (struct conn_id){ 0, 2 }, &arena);
	ids_are("G", "");
}

Test(client, unregister_and_close, .init = set_up, .fini = tear_down)
{
	struct client_counts counts;
	size_t n;

	consume(1, "a", "G", "T", "*", 1);
	consume(2, "b", "G", "T", "*", 1);
	produce(1, "a", "P");
	struct client_changes changes =
	    clients_unregister(clients, SLICE("a"), SLICE_NONE, SLICE("G"), &arena);

	cr_assert_eq(changes.n, 1);
	cr_assert_eq(changes.list[0].n_members, 1);
	cr_assert(slice_is(changes.list[0].left, "a"));
	ids_are("G", "b ");
	cr_assert_not_null(clients_list_producers(clients, SLICE("P"), &arena, &n));
	clients_unregister(clients, SLICE("a"), SLICE("P"), SLICE_NONE, &arena);
	cr_assert_null(clients_list_producers(clients, SLICE("P"), &arena, &n));
	changes = clients_close(clients, (struct conn_id){ 0, 2 }, &arena);
	cr_assert_eq(changes.n, 1);
	cr_assert_eq(changes.list[0].n_members, 0, "nobody left to tell");
	cr_assert(slice_is(changes.list[0].left, "b"));
	clients_get_counts(clients, &counts);
	cr_assert_eq(counts.n_connections + counts.n_consumer_groups + counts.n_producer_groups, 0);
}

Test(client, a_client_leaves_with_its_last_connection, .init = set_up, .fini = tear_down)
{
	consume(1, "a", "G", "T", "*", 1);
	consume(2, "a", "G", "T", "*", 1);
	struct client_changes changes = clients_close(clients, (struct conn_id){ 0, 1 }, &arena);

	cr_assert_eq(changes.n, 1);
	cr_assert_null(changes.list[0].left.data);
	changes = clients_close(clients, (struct conn_id){ 0, 2 }, &arena);
	cr_assert(slice_is(changes.list[0].left, "a"));
}

Test(client, subscription_of_the_client_itself_counts, .init = set_up, .fini = tear_down)
{
	struct client_subscription found = { .broadcasting = true };

	consume(1, "a", "G", "T", "x", 5);
	consume(2, "b", "G", "T", "y", 4);
	cr_assert_eq(clients_find_subscription(
			 clients, (struct conn_id){ 0, 2 }, SLICE("G"), SLICE("T"), &arena, &found),
	    CLIENT_FOUND);
	cr_assert(slice_is(found.subscription.expression, "y"));
	cr_assert_not(found.broadcasting);
	/* A connection that never sent a heartbeat. */
	cr_assert_eq(clients_find_subscription(
			 clients, (struct conn_id){ 0, 9 }, SLICE("G"), SLICE("T"), &arena, &found),
	    CLIENT_FOUND);
	cr_assert(slice_is(found.subscription.expression, "x"), "the newest");
	cr_assert_eq(clients_find_subscription(
			 clients, (struct conn_id){ 0, 1 }, SLICE("G"), SLICE("U"), &arena, &found),
	    CLIENT_NO_SUBSCRIPTION);
}

Test(client, group_and_subscribers, .init = set_up, .fini = tear_down)
{
	struct client_group group;
	struct client member;
	size_t n;

	consume(2, "b", "G", "T", "x", 5);
	consume(1, "a", "G", "U", "*", 1);
	consume(3, "c", "F", "T", "*", 1);
	cr_assert(clients_find_group(clients, SLICE("G"), &arena, &group));
	cr_assert_eq(group.n_members, 2);
	cr_assert(slice_is(group.members[0].id, "a"));
	cr_assert_eq(group.n_subscriptions, 2);
	cr_assert(slice_is(group.subscriptions[0].topic, "T"));
	cr_assert_eq(group.from, CONSUME_FROM_FIRST_OFFSET);
	const struct slice *names = clients_list_subscribers(clients, SLICE("T"), &arena, &n);

	cr_assert_eq(n, 2);
	cr_assert(slice_is(names[0], "F"));
	cr_assert(clients_find_member(clients, SLICE("G"), SLICE("b"), &arena, &member));
	cr_assert_eq(member.conn.number, 2);
	cr_assert(slice_is(member.address, "10.0.0.2:5000"));
	cr_assert_not(clients_find_member(clients, SLICE("G"), SLICE("c"), &arena, &member));
}

Test(client, silence_is_expiry, .init = set_up, .fini = tear_down)
{
	const struct conn_id *stale;
	size_t n;

	consume(1, "a", "G", "T", "*", 1);
	clock_shift_for_test(0, CLIENT_EXPIRE_MS / 2);
	consume(2, "b", "G", "T", "*", 1);
	cr_assert_eq(clients_expire(clients, &arena, &stale, &n).n, 0);
	cr_assert_eq(n, 0);
	clock_shift_for_test(0, CLIENT_EXPIRE_MS + 1000);
	cr_assert_eq(clients_expire(clients, &arena, &stale, &n).n, 1);
	cr_assert_eq(n, 1);
	cr_assert_eq(stale[0].number, 1);
	ids_are("G", "b ");
}

/* What is logged while they run. */
static char *
log_of(void (*run)(void))
{
	static char text[2048];
	int ends[2], saved = dup(STDERR_FILENO);

	cr_assert_eq(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	run();
	dup2(saved, STDERR_FILENO);
	close(saved);
	ssize_t len = read(ends[0], text, sizeof text - 1);

	text[len > 0 ? len : 0] = '\0';
	close(ends[0]);
	return text;
}

static void
disagree(void)
{
	consume(1, "a", "G", "T", "TagA", 1);
	consume(2, "b", "G", "T", "TagB", 1);
}

static void
disagree_still(void)
{
	consume(2, "b", "G", "T", "TagC", 2);
}

Test(client, different_subscriptions_are_reported_once, .init = set_up, .fini = tear_down)
{
	struct client_counts counts;
	const char *line = log_of(disagree);

	cr_assert_not_null(strstr(line, "group=G topic=T"), "%s", line);
	for (const char *const *part = (const char *const[]){ "a (10.0.0.1:5000) wants \"TagA\"",
		 "b (10.0.0.2:5000) wants \"TagB\"", NULL };
	     *part != NULL; part++)
		cr_assert_not_null(strstr(line, *part), "%s in %s", *part, line);
	cr_assert_str_eq(log_of(disagree_still), "");
	clients_get_counts(clients, &counts);
	cr_assert_eq(counts.n_conflicts, 1);
	consume(2, "b", "G", "T", "TagA", 3);
	cr_assert_str_neq(log_of(disagree), "", "once they agreed, it is news again");
}

Test(client, a_topic_that_only_one_subscribes_to_is_a_conflict, .init = set_up, .fini = tear_down)
{
	struct client_counts counts;

	consume(1, "a", "G", "T", "*", 1);
	consume(2, "b", "G", "U", "*", 1);
	clients_get_counts(clients, &counts);
	cr_assert_eq(counts.n_conflicts, 1);
	clients_close(clients, (struct conn_id){ 0, 2 }, &arena);
	consume(3, "c", "G", "T", "*", 1);
	clients_get_counts(clients, &counts);
	cr_assert_eq(counts.n_conflicts, 1);
}

Test(client, limits, .init = set_up, .fini = tear_down)
{
	static const struct client_limits few = { 2, 1 << 20 }, none = { 100, 0 };
	const struct slice names[] = { SLICE("P"), SLICE("Q"), SLICE("R") };
	struct heartbeat heartbeat = {
		.client_id = SLICE("a"),
		.producers = names,
		.n_producers = 3,
	};
	const struct client client = from(1);
	struct client_changes changes;
	struct client_counts counts;

	cr_assert_eq(clients_heartbeat(clients, &client, &heartbeat, &few, &arena, &changes),
	    CLIENT_TOO_MANY_GROUPS);
	clients_get_counts(clients, &counts);
	cr_assert_eq(counts.n_connections + counts.n_memberships + counts.bytes, 0);
	heartbeat.n_producers = 2;
	cr_assert_eq(clients_heartbeat(clients, &client, &heartbeat, &few, &arena, &changes),
	    CLIENT_ACCEPTED);
	cr_assert_eq(clients_heartbeat(clients, &client, &heartbeat, &few, &arena, &changes),
	    CLIENT_ACCEPTED, "again");
	heartbeat.producers = names + 1;
	cr_assert_eq(clients_heartbeat(clients, &client, &heartbeat, &few, &arena, &changes),
	    CLIENT_TOO_MANY_GROUPS, "in all heartbeats of one connection");
	cr_assert_eq(clients_heartbeat(clients, &client, &heartbeat, &none, &arena, &changes),
	    CLIENT_NO_MEMORY);
	heartbeat.producers = names;
	cr_assert_eq(clients_heartbeat(clients, &client, &heartbeat, &none, &arena, &changes),
	    CLIENT_ACCEPTED, "nothing new");
	clients_close(clients, client.conn, &arena);
	clients_get_counts(clients, &counts);
	cr_assert_eq(counts.n_connections + counts.n_memberships + counts.bytes, 0);
}

Test(client, disagreement_is_found_and_ends, .init = set_up, .fini = tear_down)
{
	struct client_counts counts;

	for (uint64_t i = 1; i <= 20; i++)
		consume(i, "a", "G", "T", "x", (int64_t)i);
	clients_get_counts(clients, &counts);
	cr_assert_eq(counts.n_conflicts, 0);
	consume(21, "b", "G", "T", "y", 1);
	consume(22, "c", "G", "T", "z", 1);
	clients_get_counts(clients, &counts);
	cr_assert_eq(counts.n_conflicts, 1, "reported once");
	clients_close(clients, (struct conn_id){ 0, 21 }, &arena);
	consume(22, "c", "G", "T", "x", 2);
	consume(21, "b", "G", "T", "y", 1);
	clients_get_counts(clients, &counts);
	cr_assert_eq(counts.n_conflicts, 2, "they had agreed again");
}

#define N_MEMBERS 500
#define N_TOPICS 2000

/* Linear in what they subscribe to; comparing each with each would take minutes. */
Test(client, many_members_with_many_subscriptions, .init = set_up, .fini = tear_down)
{
	struct subscription *wishes = arena_zalloc(&arena, N_TOPICS * sizeof *wishes);
	const struct heartbeat_consumer consumer = {
		.group = SLICE("G"),
		.subscriptions = wishes,
		.n_subscriptions = N_TOPICS,
	};
	const struct heartbeat heartbeat = {
		.client_id = SLICE("a"),
		.consumers = &consumer,
		.n_consumers = 1,
	};
	struct client_counts counts;

	for (int i = 0; i < N_TOPICS; i++)
		wishes[i] = (struct subscription){
			.topic = arena_printf(&arena, "T%d", i),
			.expression = SLICE("*"),
			.expression_type = SLICE("TAG"),
		};
	for (uint64_t i = 1; i <= N_MEMBERS; i++) {
		const struct client client = from(i);

		cr_assert_eq(beat(&client, &heartbeat).list[0].n_members, i);
	}
	for (uint64_t i = 1; i <= N_MEMBERS; i++)
		clients_close(clients, (struct conn_id){ 0, i }, &arena);
	clients_get_counts(clients, &counts);
	cr_assert_eq(counts.n_conflicts + counts.bytes, 0);
}
