#include "config.h"

#include "common/protocol/route.h"

#include <criterion/criterion.h>

TestSuite(route, .timeout = 10);

static struct arena arena;

static const char *
again(const char *text, enum route_dialect dialect)
{
	struct buf buf = { 0 };
	struct json_out out;
	struct route route;

	if (route_read(&arena, slice_of(text), &route) == -1)
		return "refused";
	json_out_init(&out, &buf);
	route_write(&out, &route, dialect);

	struct slice copy = arena_copy(&arena, buf_slice(&buf));

	buf_release(&buf);
	return copy.data;
}

#define ROUTE(addresses)                                                                           \
	"{\"brokerDatas\":[{\"brokerAddrs\":" addresses ",\"brokerName\":\"a\",\"cluster\":\"C\"," \
	"\"enableActingMaster\":true,\"zoneName\":\"z\"}],\"filterServerTable\":{\"h:1\":[\"f:"    \
	"2\"]},"                                                                                   \
	"\"orderTopicConf\":\"a:4\",\"queueDatas\":[{\"brokerName\":\"a\",\"perm\":6,"             \
	"\"readQueueNums\":4,\"topicSynFlag\":3,\"topicSysFlag\":3,\"writeQueueNums\":8}]}"

Test(route, both_dialects_are_read_and_written)
{
	static const char bare[] = ROUTE("{0:\"h:1\",1:\"h:2\"}");
	static const char quoted[] = ROUTE("{\"0\":\"h:1\",\"1\":\"h:2\"}");

	cr_assert_str_eq(again(bare, ROUTE_BARE_KEYS), bare);
	cr_assert_str_eq(again(quoted, ROUTE_BARE_KEYS), bare);
	cr_assert_str_eq(again(bare, ROUTE_QUOTED_KEYS), quoted);
}

Test(route, old_members_and_missing_ones)
{
	struct route route;

	cr_assert_eq(
	    route_read(&arena,
		SLICE("{\"queueDatas\":[{\"brokerName\":\"a\",\"topicSynFlag\":2}]}"), &route),
	    0);
	cr_assert_eq(route.queues[0].sys_flag, 2);
	cr_assert_eq(route.n_brokers, 0);
	cr_assert_null(route.order_conf.data);
	cr_assert_str_eq(again("{}", ROUTE_QUOTED_KEYS),
	    "{\"brokerDatas\":[],\"filterServerTable\":{},\"queueDatas\":[]}");
}

Test(route, refuses_what_is_none)
{
	static const char *const texts[] = { "", "[]", "{\"brokerDatas\":{}}",
		"{\"brokerDatas\":[7]}",
		"{\"brokerDatas\":[{\"brokerName\":\"a\",\"brokerAddrs\":[]}]}",
		"{\"brokerDatas\":[{\"brokerName\":\"a\",\"brokerAddrs\":{\"x\":\"h:1\"}}]}",
		"{\"brokerDatas\":[{\"brokerName\":\"a\",\"brokerAddrs\":{\"0\":{}}}]}",
		"{\"queueDatas\":[{}]}", "{\"filterServerTable\":{\"a\":7}}" };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		cr_expect_str_eq(again(texts[i], ROUTE_BARE_KEYS), "refused", "%s", texts[i]);
}

Test(route, the_address_to_ask)
{
	static const struct broker_address addresses[] = { { 2, { "s2", 2 } }, { 0, { "m", 1 } },
		{ 1, { "s1", 2 } } };
	struct broker_data broker = { .addresses = addresses, .n_addresses = 3 };

	cr_assert(slice_is(broker_data_address(&broker), "m"));
	broker.n_addresses = 1;
	cr_assert(slice_is(broker_data_address(&broker), "s2"));
	broker.n_addresses = 0;
	cr_assert_null(broker_data_address(&broker).data);
}

Test(route, cluster_info)
{
	static const char text[] =
	    "{\"brokerAddrTable\":{\"a\":{\"brokerAddrs\":{0:\"h:1\"},\"brokerName\":\"a\","
	    "\"cluster\":\"C\"}},\"clusterAddrTable\":{\"C\":[\"a\"]}}";
	struct cluster_info info;
	struct buf buf = { 0 };
	struct json_out out;

	cr_assert_eq(cluster_info_read(&arena, slice_of(text), &info), 0);
	json_out_init(&out, &buf);
	cluster_info_write(&out, &info);
	cr_assert_str_eq(buf_text(&buf), text);
	cr_assert_eq(
	    cluster_info_read(&arena, SLICE("{\"clusterAddrTable\":{\"C\":7}}"), &info), -1);
	buf_release(&buf);
}
