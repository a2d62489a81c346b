#include "config.h"

#include "nameserver/routes.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "common/base/clock.h"

TestSuite(routes, .timeout = 30);

static struct arena arena;
static const struct route_limits limits = { .max_brokers = 1000, .max_topics = 1000000 };

/* A member as most tests want it; they change what matters. */
static struct member_identity
member(const char *name, int64_t id, const char *address)
{
	return (struct member_identity){
		.cluster = SLICE("C"),
		.broker_name = slice_of(name),
		.address = slice_of(address),
		.ha_address = SLICE("ha:1"),
		.id = id,
		.timeout_ms = 1000,
		.connection = (uint64_t)(strchr(address, ':')[1] - '0'),
	};
}

static struct topic_config
topic(const char *name)
{
	return (struct topic_config){
		.name = slice_of(name), .read_queues = 4, .write_queues = 4, .perm = 6
	};
}

/* A registration of the topics named, separated by blanks. */
static struct registration
with(const char *names, int64_t counter)
{
	struct slice rest = slice_of(names), name;
	struct topic_config *topics = arena_alloc(&arena, 16 * sizeof *topics);
	struct registration registration = { .table = {
						 .version = { 1, counter, 0 }, .topics = topics } };

	while (rest.len != 0 && slice_next(&rest, ' ', &name))
		topics[registration.table.n_topics++] = topic(arena_copy(&arena, name).data);
	return registration;
}

static enum join_status
join_at(struct routes *routes, struct member_identity who, struct registration registration,
    int64_t now_ms)
{
	struct slice other;

	return routes_join(routes, &who, &registration, true, now_ms, &other);
}

static enum join_status
join(struct routes *routes, struct member_identity who, struct registration registration)
{
	return join_at(routes, who, registration, 0);
}

static const char *
reply(struct routes *routes, const char *name, enum route_dialect dialect)
{
	struct slice body, why;

	if (routes_reply(routes, &arena, slice_of(name), SLICE_NONE, dialect, &body, &why) !=
	    ROUTE_FOUND)
		return arena_copy(&arena, why).data;
	return arena_copy(&arena, body).data;
}

static const char *
names(const struct slice *list, size_t n)
{
	struct buf text = { 0 };
	struct slice copy;

	for (size_t i = 0; i < n; i++)
		buf_printf(&text, "%s%.*s", i != 0 ? " " : "", (int)list[i].len, list[i].data);
	copy = arena_copy(&arena, buf_slice(&text));
	buf_release(&text);
	return copy.data;
}

static const char *
all_topics(struct routes *routes)
{
	size_t n;
	const struct slice *list = routes_topics(routes, &arena, &n);

	return names(list, n);
}

#define QUEUES(broker, perm)                                                                       \
	"{\"brokerName\":\"" broker "\",\"perm\":" perm ",\"readQueueNums\":4,\"topicSynFlag\":0," \
	"\"topicSysFlag\":0,\"writeQueueNums\":4}"

Test(routes, replies_in_both_dialects)
{
	struct routes *routes = routes_new(&limits);

	cr_assert_eq(join(routes, member("b", 0, "h:2"), with("T", 1)), JOIN_OK);
	cr_assert_eq(join(routes, member("a", 0, "h:1"), with("T U", 1)), JOIN_OK);
	cr_assert_eq(join(routes, member("a", 1, "h:3"), with("", 1)), JOIN_OK);
	cr_assert_str_eq(reply(routes, "T", ROUTE_BARE_KEYS),
	    "{\"brokerDatas\":[{\"brokerAddrs\":{0:\"h:1\",1:\"h:3\"},\"brokerName\":\"a\","
	    "\"cluster\":\"C\"},"
	    "{\"brokerAddrs\":{0:\"h:2\"},\"brokerName\":\"b\",\"cluster\":\"C\"}],"
	    "\"filterServerTable\":{},"
	    "\"queueDatas\":[" QUEUES("a", "6") "," QUEUES("b", "6") "]}");
	cr_assert_str_eq(reply(routes, "U", ROUTE_QUOTED_KEYS),
	    "{\"brokerDatas\":[{\"brokerAddrs\":{\"0\":\"h:1\",\"1\":\"h:3\"},\"brokerName\":\"a\","
	    "\"cluster\":\"C\"}],\"filterServerTable\":{},\"queueDatas\":[" QUEUES("a", "6") "]}");
	routes_free(routes);
}

Test(routes, two_servers_reply_the_same_bytes)
{
	struct routes *one = routes_new(&limits), *two = routes_new(&limits);

	join(one, member("a", 0, "h:1"), with("T", 1));
	join(one, member("b", 0, "h:2"), with("T", 1));
	join(two, member("b", 0, "h:2"), with("T", 1));
	join(two, member("a", 0, "h:1"), with("T", 1));
	cr_assert_str_eq(reply(one, "T", ROUTE_QUOTED_KEYS), reply(two, "T", ROUTE_QUOTED_KEYS));
	routes_free(one);
	routes_free(two);
}

Test(routes, a_table_counts_when_its_version_is_new)
{
	struct routes *routes = routes_new(&limits);

	join(routes, member("a", 0, "h:1"), with("T U V", 1));
	cr_assert_str_eq(all_topics(routes), "T U V");
	join(routes, member("a", 0, "h:1"), with("T", 1));
	cr_assert_str_eq(all_topics(routes), "T U V", "the same version says nothing new");
	join(routes, member("a", 0, "h:1"), with("T W", 2));
	cr_assert_str_eq(all_topics(routes), "T W", "what is no longer there is gone");
	routes_free(routes);
}

Test(routes, missing_topics_stay_if_that_is_wanted)
{
	struct routes *routes = routes_new(&limits);
	struct member_identity who = member("a", 0, "h:1");
	struct registration first = with("T U", 1), second = with("T V", 2);
	struct slice other;

	routes_join(routes, &who, &first, false, 0, &other);
	routes_join(routes, &who, &second, false, 0, &other);
	cr_assert_str_eq(all_topics(routes), "T U V");
	routes_free(routes);
}

Test(routes, increments_take_nothing_away)
{
	struct routes *routes = routes_new(&limits);

	/* from a broker never heard of: the whole table that follows has the same version */
	join(routes, member("a", 0, "h:1"), with("New", 5));
	join(routes, member("a", 0, "h:1"), with("SELF_TEST_TOPIC New T", 5));
	cr_assert_str_eq(all_topics(routes), "New SELF_TEST_TOPIC T");
	join(routes, member("a", 0, "h:1"), with("Newer", 6));
	cr_assert_str_eq(all_topics(routes), "New Newer SELF_TEST_TOPIC T");
	join(routes, member("a", 0, "h:1"), with("SELF_TEST_TOPIC T", 7));
	cr_assert_str_eq(all_topics(routes), "SELF_TEST_TOPIC T");
	routes_free(routes);
}

Test(routes, a_slave_tells_topics_until_its_master_does)
{
	struct routes *routes = routes_new(&limits);
	struct slice address, ha_address;

	join(routes, member("a", 1, "h:3"), with("SELF_TEST_TOPIC T Old", 1));
	cr_assert_str_eq(all_topics(routes), "Old SELF_TEST_TOPIC T");
	join(routes, member("a", 0, "h:1"), with("SELF_TEST_TOPIC T", 1));
	cr_assert_str_eq(all_topics(routes), "SELF_TEST_TOPIC T");
	join(routes, member("a", 1, "h:3"), with("SELF_TEST_TOPIC T Older", 2));
	cr_assert_str_eq(all_topics(routes), "SELF_TEST_TOPIC T");
	cr_assert(routes_leave(routes, SLICE("a"), 0, SLICE("h:1")));
	join(routes, member("a", 1, "h:3"), with("SELF_TEST_TOPIC Older", 3));
	cr_assert_str_eq(all_topics(routes), "SELF_TEST_TOPIC T");
	cr_assert_not(routes_master(routes, SLICE("a"), &address, &ha_address));
	routes_free(routes);
}

Test(routes, a_slave_is_in_its_masters_cluster)
{
	struct routes *routes = routes_new(&limits);
	struct member_identity slave = member("a", 1, "h:3");
	struct registration registration = with("T", 1);
	struct slice other;

	slave.cluster = SLICE("Other");
	cr_assert_eq(routes_join(routes, &slave, &registration, true, 0, &other), JOIN_OK);
	join(routes, member("a", 0, "h:1"), with("T", 1));
	cr_assert_eq(
	    routes_join(routes, &slave, &registration, true, 0, &other), JOIN_OTHER_CLUSTER);
	cr_assert(slice_is(other, "C"));
	cr_assert_null(strstr(reply(routes, "T", ROUTE_BARE_KEYS), "h:3"));
	cr_assert_eq(routes_leave(routes, SLICE("a"), 0, SLICE("h:1")), true);
	cr_assert_eq(routes_join(routes, &slave, &registration, true, 0, &other), JOIN_OK);
	routes_free(routes);
}

Test(routes, topics_stay_while_a_slave_is_there)
{
	struct routes *routes = routes_new(&limits);
	struct slice address, ha_address;

	join(routes, member("a", 1, "h:3"), with("", 1));
	cr_assert_str_eq(all_topics(routes), "");
	cr_assert_not(routes_master(routes, SLICE("a"), &address, &ha_address));
	join(routes, member("a", 0, "h:1"), with("T", 1));
	cr_assert(routes_master(routes, SLICE("a"), &address, &ha_address));
	cr_assert(slice_is(address, "h:1") && slice_is(ha_address, "ha:1"));
	cr_assert(routes_leave(routes, SLICE("a"), 0, SLICE("h:1")));
	cr_assert_str_eq(
	    all_topics(routes), "T", "a slave keeps the topics of its broker readable");
	cr_assert(routes_leave(routes, SLICE("a"), 1, SLICE("h:3")));
	cr_assert_str_eq(all_topics(routes), "");
	cr_assert_eq(routes_broker_count(routes), 0);
	routes_free(routes);
}

Test(routes, the_second_of_one_name_and_id_is_refused)
{
	struct routes *routes = routes_new(&limits);
	struct member_identity second = member("a", 0, "h:2");
	struct registration registration = with("T", 1);
	struct slice other;

	join(routes, member("a", 0, "h:1"), with("T", 1));
	cr_assert_eq(routes_join(routes, &second, &registration, true, 0, &other), JOIN_DUPLICATE);
	cr_assert(slice_is(other, "h:1"));
	cr_assert_eq(
	    join(routes, member("a", 0, "h:1"), with("T", 2)), JOIN_OK, "a restart is fine");
	routes_connection_closed(routes, 1);
	cr_assert_eq(join(routes, second, registration), JOIN_OK, "the other one is gone");
	routes_free(routes);
}

Test(routes, an_address_is_one_member)
{
	struct routes *routes = routes_new(&limits);

	join(routes, member("a", 1, "h:1"), with("", 1));
	join(routes, member("a", 0, "h:1"), with("T", 1));
	cr_assert_not_null(strstr(reply(routes, "T", ROUTE_BARE_KEYS), "{0:\"h:1\"}"));
	join(routes, member("b", 0, "h:1"), with("T", 1));
	cr_assert_eq(routes_broker_count(routes), 1);
	cr_assert_null(strstr(reply(routes, "T", ROUTE_BARE_KEYS), "\"a\""));
	routes_free(routes);
}

Test(routes, a_connection_takes_its_members_along)
{
	struct routes *routes = routes_new(&limits);
	struct member_identity again = member("a", 0, "h:1");

	join(routes, member("a", 0, "h:1"), with("T", 1));
	again.connection = 7;
	join(routes, again, with("T", 1));
	routes_connection_closed(routes, 1);
	cr_assert_eq(routes_broker_count(routes), 1, "it came back over another connection before");
	routes_connection_closed(routes, 7);
	cr_assert_eq(routes_broker_count(routes), 0);
	routes_free(routes);
}

static void
count_call(void *arg, uint64_t connection)
{
	*(uint64_t *)arg += connection;
}

Test(routes, silent_members_leave)
{
	struct routes *routes = routes_new(&limits);
	struct member_identity patient = member("c", 0, "h:4");
	uint64_t closed = 0;

	patient.timeout_ms = 5000;
	join_at(routes, member("a", 0, "h:1"), with("T", 1), 100);
	join_at(routes, member("b", 0, "h:2"), with("T", 1), 100);
	join_at(routes, patient, with("T", 1), 100);
	cr_assert(routes_touch(routes, SLICE("h:2"), 0, 1000));
	cr_assert_not(routes_touch(routes, SLICE("h:9"), 0, 1000));
	routes_expire(routes, 1100, count_call, &closed);
	cr_assert_eq(closed, 0, "not longer than the time");
	routes_expire(routes, 1101, count_call, &closed);
	cr_assert_eq(closed, 1);
	cr_assert_eq(routes_broker_count(routes), 2);
	routes_expire(routes, 5200, count_call, &closed);
	cr_assert_eq(closed, 1 + 2 + 4);
	cr_assert_eq(routes_broker_count(routes), 0);
	routes_free(routes);
}

Test(routes, says_why_there_is_no_route)
{
	struct routes *routes = routes_new(&limits);

	cr_assert_not_null(strstr(reply(routes, "T", ROUTE_BARE_KEYS), "no broker is registered"));
	join(routes, member("a", 0, "h:1"), with("U", 1));
	cr_assert_not_null(strstr(reply(routes, "T", ROUTE_BARE_KEYS),
	    "1 broker is registered, none has this topic; automatic creation is off"));
	join(routes, member("a", 0, "h:1"), with("U TBW102", 2));
	cr_assert_not_null(strstr(reply(routes, "T", ROUTE_BARE_KEYS), "automatic creation is on"));
	join(routes, member("a", 0, "h:1"), with("TBW102", 3));
	cr_assert_not_null(strstr(reply(routes, "U", ROUTE_BARE_KEYS),
	    "it was deleted from a, the last broker that had it, at "));
	routes_connection_closed(routes, 1);
	cr_assert_not_null(strstr(
	    reply(routes, "TBW102", ROUTE_BARE_KEYS), "a, the last broker that had it, left at "));
	cr_assert_not_null(
	    strstr(reply(routes, "TBW102", ROUTE_BARE_KEYS), "(its connection closed)"));
	join(routes, member("a", 0, "h:1"), with("TBW102", 4));
	cr_assert_not_null(strstr(reply(routes, "TBW102", ROUTE_BARE_KEYS), "brokerDatas"));
	routes_free(routes);
}

Test(routes, what_was_lost_is_forgotten_in_the_end)
{
	struct routes *routes = routes_new(&limits);
	uint64_t closed = 0;
	int64_t now = clock_mono_ms();

	join_at(routes, member("a", 0, "h:1"), with("T U", 1), now);
	routes_delete_topic(routes, SLICE("U"), SLICE_NONE);
	routes_expire(routes, now + 500, count_call, &closed);
	cr_assert_not_null(strstr(reply(routes, "U", ROUTE_BARE_KEYS), "it was deleted from a"));
	routes_touch(routes, SLICE("h:1"), 0, now + 25 * 3600000);
	routes_expire(routes, now + 25 * 3600000, count_call, &closed);
	cr_assert_not_null(strstr(reply(routes, "U", ROUTE_BARE_KEYS), "none has this topic"));
	cr_assert_str_eq(all_topics(routes), "T");
	routes_free(routes);
}

Test(routes, write_permission_comes_and_goes)
{
	struct routes *routes = routes_new(&limits);

	join(routes, member("a", 0, "h:1"), with("T U", 1));
	cr_assert_eq(routes_forbid_write(routes, SLICE("nobody")), 0);
	cr_assert_eq(routes_forbid_write(routes, SLICE("a")), 2);
	cr_assert_not_null(strstr(reply(routes, "T", ROUTE_BARE_KEYS), QUEUES("a", "4")));
	join(routes, member("a", 0, "h:1"), with("T U V", 2));
	cr_assert_not_null(
	    strstr(reply(routes, "V", ROUTE_BARE_KEYS), QUEUES("a", "4")), "still drained");
	cr_assert_eq(routes_allow_write(routes, SLICE("a")), 3);
	cr_assert_not_null(strstr(reply(routes, "T", ROUTE_BARE_KEYS), QUEUES("a", "6")));
	routes_free(routes);
}

Test(routes, topics_are_deleted_from_a_cluster_or_all)
{
	struct routes *routes = routes_new(&limits);
	struct member_identity other = member("b", 0, "h:2");

	other.cluster = SLICE("D");
	join(routes, member("a", 0, "h:1"), with("T U", 1));
	join(routes, other, with("T U", 1));
	routes_delete_topic(routes, SLICE("T"), SLICE("C"));
	cr_assert_null(strstr(reply(routes, "T", ROUTE_BARE_KEYS), "\"a\""));
	cr_assert_not_null(strstr(reply(routes, "T", ROUTE_BARE_KEYS), "\"b\""));
	routes_delete_topic(routes, SLICE("T"), SLICE_NONE);
	routes_delete_topic(routes, SLICE("Unknown"), SLICE_NONE);
	cr_assert_str_eq(all_topics(routes), "U");
	routes_free(routes);
}

Test(routes, lists)
{
	struct routes *routes = routes_new(&limits);
	struct member_identity other = member("b", 0, "h:2");
	struct registration flagged = with("T V", 1);
	const struct slice *list;
	size_t n;

	other.cluster = SLICE("D");
	join(routes, member("c", 0, "h:3"), with("T U", 1));
	join(routes, other, with("T X", 1));
	((struct topic_config *)(uintptr_t)flagged.table.topics)[1].sys_flag = TOPIC_FLAG_UNIT_SUB;
	join(routes, member("a", 0, "h:1"), flagged);
	list = routes_topics_of_cluster(routes, &arena, SLICE("C"), &n);
	cr_assert_str_eq(names(list, n), "T U V");
	list = routes_topics_of_cluster(routes, &arena, SLICE("nowhere"), &n);
	cr_assert_eq(n, 0);
	list = routes_system_topics(routes, &arena, &n);
	cr_assert_str_eq(names(list, n), "a c b C D");
	list = routes_topics_flagged(
	    routes, &arena, TOPIC_FLAG_UNIT | TOPIC_FLAG_UNIT_SUB, TOPIC_FLAG_UNIT_SUB, &n);
	cr_assert_str_eq(names(list, n), "V");
	cr_assert_str_eq(arena_copy(&arena, routes_cluster_info(routes)).data,
	    "{\"brokerAddrTable\":{\"a\":{\"brokerAddrs\":{0:\"h:1\"},\"brokerName\":\"a\","
	    "\"cluster\":\"C\"},"
	    "\"c\":{\"brokerAddrs\":{0:\"h:3\"},\"brokerName\":\"c\",\"cluster\":\"C\"},"
	    "\"b\":{\"brokerAddrs\":{0:\"h:2\"},\"brokerName\":\"b\",\"cluster\":\"D\"}},"
	    "\"clusterAddrTable\":{\"C\":[\"a\",\"c\"],\"D\":[\"b\"]}}");
	routes_free(routes);
}

Test(routes, zones)
{
	struct routes *routes = routes_new(&limits);
	struct member_identity east = member("a", 0, "h:1"), west = member("b", 0, "h:2");
	struct slice body, why;

	east.zone = SLICE("east");
	west.zone = SLICE("west");
	join(routes, east, with("T", 1));
	join(routes, west, with("T", 1));
	cr_assert_eq(routes_reply_zone(routes, &arena, SLICE("T"), SLICE_NONE, ROUTE_BARE_KEYS,
			 SLICE("EAST"), &body, &why),
	    ROUTE_FOUND);
	cr_assert_not_null(strstr(body.data, "\"zoneName\":\"east\""));
	cr_assert_null(strstr(body.data, "west"));
	routes_free(routes);
}

Test(routes, order_and_member_group)
{
	struct routes *routes = routes_new(&limits);
	struct slice body, why;

	join(routes, member("a", 0, "h:1"), with("T", 1));
	routes_reply(routes, &arena, SLICE("T"), SLICE_NONE, ROUTE_BARE_KEYS, &body, &why);
	routes_forget(routes, SLICE("T"));
	routes_reply(routes, &arena, SLICE("T"), SLICE("a:4"), ROUTE_BARE_KEYS, &body, &why);
	cr_assert_not_null(memmem(body.data, body.len, "\"orderTopicConf\":\"a:4\"", 22));
	cr_assert_str_eq(routes_member_group(routes, &arena, SLICE("C"), SLICE("a")).data,
	    "{\"brokerMemberGroup\":{\"brokerAddrs\":{0:\"h:1\"},\"brokerName\":\"a\",\"cluster\":"
	    "\"C\"}}");
	cr_assert_str_eq(routes_member_group(routes, &arena, SLICE("C"), SLICE("x")).data,
	    "{\"brokerMemberGroup\":{\"brokerAddrs\":{},\"brokerName\":\"x\",\"cluster\":\"C\"}}");
	routes_free(routes);
}

/* 100,000 topics over 10 brokers, and one change: no step walks more than it has to. */
Test(routes, many_topics)
{
	enum { N_TOPICS = 10000 };
	struct routes *routes = routes_new(&limits);
	struct topic_config *topics = arena_alloc(&arena, N_TOPICS * sizeof *topics);
	struct registration registration = { .table = { { 1, 1, 0 }, topics, N_TOPICS } };
	int64_t begin;

	for (int broker = 0; broker < 10; broker++) {
		char name[32], address[32];

		for (int i = 0; i < N_TOPICS; i++)
			topics[i] = topic(arena_printf(&arena, "topic-%d-%d", broker, i).data);
		snprintf(name, sizeof name, "broker-%d", broker);
		snprintf(address, sizeof address, "host-%d:1", broker);
		cr_assert_eq(join(routes, member(name, 0, address), registration), JOIN_OK);
	}
	begin = clock_mono_us();
	topics[0].perm = 4;
	registration.table.version.counter = 2;
	cr_assert_eq(join(routes, member("broker-9", 0, "host-9:1"), registration), JOIN_OK);
	cr_log_info("10000 topics registered again: %lld us", (long long)(clock_mono_us() - begin));
	cr_assert_lt(
	    clock_mono_us() - begin, 500000); /* a bound for busy machines: it takes 2 ms */
	routes_free(routes);
}

/* The tables know their entries by themselves: no byte of a name can confuse them. */
Test(routes, names_of_any_bytes)
{
	struct routes *routes = routes_new(&limits);
	struct topic_config topics[] = { topic("T"), topic("T") };
	struct registration registration = {
		.table = { .version = { 1, 1, 0 }, .topics = topics, .n_topics = 2 }
	};
	struct member_identity odd = member("a", 0, "h:1");
	size_t n;

	topics[1].name = (struct slice){ "T\0x", 3 };
	odd.broker_name = (struct slice){ "\0", 1 };
	odd.address = (struct slice){ "\0:9", 3 };
	cr_assert_eq(join(routes, odd, registration), JOIN_OK);
	cr_assert_eq(join(routes, member("b", 0, "h:2"), with("T", 1)), JOIN_OK);
	routes_topics(routes, &arena, &n);
	cr_assert_eq(n, 2);
	cr_assert(routes_leave(routes, odd.broker_name, 0, odd.address));
	cr_assert_eq(routes_broker_count(routes), 1);
	cr_assert_str_eq(all_topics(routes), "T");
	cr_assert_eq(join(routes, odd, registration), JOIN_OK);
	routes_connection_closed(routes, odd.connection);
	cr_assert_eq(routes_broker_count(routes), 1);
	routes_free(routes);
	arena_release(&arena);
}

Test(routes, limits)
{
	const struct route_limits two = { .max_brokers = 2, .max_topics = 3 };
	struct routes *routes = routes_new(&two);
	const struct queue_data queues = { .broker_name = SLICE("a") };

	cr_assert_eq(join(routes, member("a", 0, "h:1"), with("T U", 1)), JOIN_OK);
	cr_assert_eq(join(routes, member("b", 0, "h:2"), with("T U", 1)), JOIN_MANY_TOPICS);
	cr_assert_eq(routes_broker_count(routes), 1);
	cr_assert_eq(join(routes, member("b", 0, "h:2"), with("T", 1)), JOIN_OK);
	cr_assert_eq(join(routes, member("c", 0, "h:3"), with("", 1)), JOIN_MANY_BROKERS);
	cr_assert_eq(join(routes, member("a", 1, "h:3"), with("", 1)), JOIN_MANY_BROKERS);
	/* Brokers that are known go on. */
	cr_assert_eq(join(routes, member("a", 0, "h:1"), with("T U", 2)), JOIN_OK);
	cr_assert_not(routes_add_topic(routes, SLICE("V"), &queues, 1));
	cr_assert(routes_add_topic(routes, SLICE("U"), &queues, 1));
	cr_assert_eq(routes_counts(routes).brokers, 2);
	cr_assert_eq(routes_counts(routes).topics, 3);
	cr_assert_eq(routes_counts(routes).refused, 4);
	/* What leaves makes room. */
	cr_assert(routes_leave(routes, SLICE("b"), 0, SLICE("h:2")));
	cr_assert_eq(join(routes, member("c", 0, "h:3"), with("V", 1)), JOIN_OK);
	cr_assert_eq(routes_counts(routes).topics, 3);
	routes_free(routes);
	arena_release(&arena);
}
