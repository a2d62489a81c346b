#include "config.h"

#include <criterion/criterion.h>

#include <stdlib.h>

#include "broker/state/group.h"

TestSuite(group, .timeout = 20);

Test(group, put_find_remove_list)
{
	struct groups *groups = groups_new();
	struct group group, found;
	size_t n;

	group_init(&group, SLICE("b"));
	cr_assert_eq(group.retry_max, 16);
	cr_assert(groups_add(groups, &group, &found));
	cr_assert_not(groups_add(groups, &group, &found));
	group.retry_max = 3;
	groups_put(groups, &group);
	group_init(&group, SLICE("a"));
	groups_put(groups, &group);
	struct group *list = groups_list(groups, &n);

	cr_assert_eq(n, 2);
	cr_assert_str_eq(list[0].name, "a");
	cr_assert_eq(list[1].retry_max, 3);
	free(list);
	cr_assert_eq(groups_version(groups).counter, 3);
	cr_assert(groups_remove(groups, SLICE("a")));
	cr_assert_not(groups_find(groups, SLICE("a"), &found));
	groups_free(groups);
}

static int
read_text(const char *text, struct group *group)
{
	struct arena arena = { 0 };
	int result = group_read(json_parse(&arena, slice_of(text)), group) == NULL ? 0 : -1;

	arena_release(&arena);
	return result;
}

/* As mqadmin 4.9.7 sends it, and what 5.3.3 makes of it. */
#define WRITTEN                                                                                    \
	"{\"attributes\":{},\"brokerId\":0,\"consumeBroadcastEnable\":false,\"consumeEnable\":"    \
	"true,"                                                                                    \
	"\"consumeFromMinEnable\":true,\"consumeMessageOrderly\":false,"                           \
	"\"consumeTimeoutMinute\":15,\"groupName\":\"G\",\"groupRetryPolicy\":{\"type\":"          \
	"\"CUSTOMIZED\"},\"groupSysFlag\":0,\"notifyConsumerIdsChangedEnable\":true,"              \
	"\"retryMaxTimes\":3,\"retryQueueNums\":2,\"whichBrokerWhenConsumeSlowly\":1}"
#define RECORDED                                                                                   \
	"{\"brokerId\":0,\"consumeBroadcastEnable\":false,\"consumeEnable\":true,"                 \
	"\"consumeFromMinEnable\":true,\"groupName\":\"G\",\"notifyConsumerIdsChangedEnable\":"    \
	"true,"                                                                                    \
	"\"retryMaxTimes\":3,\"retryQueueNums\":2,\"whichBrokerWhenConsumeSlowly\":1}"

Test(group, reads_what_it_writes)
{
	struct group group;
	struct buf buf = { 0 };
	struct json_out out;

	cr_assert_eq(read_text(RECORDED, &group), 0);
	cr_assert_eq(group.retry_max, 3);
	cr_assert_eq(group.retry_queues, 2);
	cr_assert_not(group.consume_broadcast_enable);
	json_out_init(&out, &buf);
	group_write(&out, &group);
	cr_assert_str_eq(buf_text(&buf), WRITTEN);
	cr_assert_eq(read_text(WRITTEN, &group), 0);
	cr_assert_eq(group.consume_timeout_minute, 15);
	buf_release(&buf);
}

Test(group, what_is_no_group)
{
	static const struct {
		const char *text;
		int result;
	} cases[] = {
		{ "{\"groupName\":\"G\"}", 0 },
		{ "{\"groupName\":\"G\",\"retryQueueNums\":1024,\"retryMaxTimes\":2147483647}", 0 },
		{ "{\"groupName\":\"G\",\"retryQueueNums\":0,\"retryMaxTimes\":0}", 0 },
		{ "{\"groupName\":\"G\",\"retryQueueNums\":1025}", -1 },
		{ "{\"groupName\":\"G\",\"retryQueueNums\":-1}", -1 },
		{ "{\"groupName\":\"G\",\"retryMaxTimes\":-1}", -1 },
		{ "{\"groupName\":\"G\",\"retryMaxTimes\":2147483648}", -1 },
		{ "{\"groupName\":\"G\",\"consumeTimeoutMinute\":-1}", -1 },
		{ "{\"groupName\":\"G\",\"groupRetryPolicy\":7}", -1 },
		{ "{\"groupName\":\"G\",\"groupRetryPolicy\":null}", 0 },
		{ "{}", -1 },
		{ "[]", -1 },
		{ "nonsense", -1 },
		{ "{\"groupName\":\"a b\"}", -1 },
		{ "{\"groupName\":\"\"}", -1 },
		{ "{\"groupName\":null}", -1 },
	};
	struct group group;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		cr_assert_eq(read_text(cases[i].text, &group), cases[i].result, "case %zu", i);
}
