#include "config.h"

#include <criterion/criterion.h>

#include <stdlib.h>

#include "broker/state/topic.h"

TestSuite(topic, .timeout = 20);

static struct topic
make(const char *name, int32_t queues)
{
	struct topic topic;

	topic_init(&topic, slice_of(name));
	topic.read_queues = topic.write_queues = queues;
	return topic;
}

Test(topic, put_find_remove)
{
	struct topics *topics = topics_new();
	struct topic topic = make("T", 4), found;
	int64_t before = topics_version(topics).counter;

	cr_assert_not(topics_find(topics, SLICE("T"), &found));
	cr_assert(topics_put(topics, &topic));
	cr_assert(topics_find(topics, SLICE("T"), &found));
	cr_assert_eq(found.write_queues, 4);
	topic.write_queues = 8;
	cr_assert_not(topics_put(topics, &topic), "it was there");
	cr_assert(topics_find(topics, SLICE("T"), &found));
	cr_assert_eq(found.write_queues, 8);
	cr_assert_eq(topics_version(topics).counter, before + 2);
	cr_assert(topics_remove(topics, SLICE("T")));
	cr_assert_not(topics_remove(topics, SLICE("T")));
	cr_assert_eq(topics_version(topics).counter, before + 3);
	topics_free(topics);
}

static void
check_memo(struct topics *topics, struct topic_memo *memo, const char *name)
{
	struct topic found;
	bool there = topics_find(topics, slice_of(name), &found);

	for (int i = 0; i < 2; i++) {
		const struct topic *again = topics_find_again(topics, slice_of(name), memo);

		cr_assert_eq(again != NULL, there, "%s", name);
		if (there)
			cr_assert_eq(memcmp(again, &found, sizeof found), 0, "%s", name);
	}
}

/* It says what the table says after every kind of change. */
Test(topic, what_is_remembered_is_never_old)
{
	struct topics *topics = topics_new();
	struct topic_memo memo = { 0 };
	struct topic one = make("T", 4), other = make("TT", 7), now;
	const struct slice ordered = SLICE("T");

	check_memo(topics, &memo, "");
	check_memo(topics, &memo, "T");
	topics_put(topics, &one);
	check_memo(topics, &memo, "T");
	topics_add(topics, &other, &now);
	check_memo(topics, &memo, "TT");
	check_memo(topics, &memo, "T");
	one.perm = PERM_READ;
	topics_put(topics, &one);
	check_memo(topics, &memo, "T");
	topics_set_order(topics, &ordered, 1);
	check_memo(topics, &memo, "T");
	cr_assert(memo.topic.order);
	topics_remove(topics, SLICE("T"));
	check_memo(topics, &memo, "T");
	check_memo(topics, &memo, "TT");
	topics_free(topics);
}

Test(topic, add_keeps_the_first)
{
	struct topics *topics = topics_new();
	struct topic first = make("T", 4), second = make("T", 9), now;

	cr_assert(topics_add(topics, &first, &now));
	cr_assert_not(topics_add(topics, &second, &now));
	cr_assert_eq(now.read_queues, 4);
	topics_free(topics);
}

Test(topic, list_in_order_and_order_flags)
{
	struct topics *topics = topics_new();
	const char *const names[] = { "c", "a", "b" };
	const struct slice ordered[] = { SLICE("b"), SLICE("unknown") };
	size_t n;

	for (size_t i = 0; i < 3; i++) {
		struct topic topic = make(names[i], 1);

		topics_put(topics, &topic);
	}
	int64_t before = topics_version(topics).counter;

	topics_set_order(topics, ordered, 2);
	cr_assert_eq(topics_version(topics).counter, before);
	struct topic *list = topics_list(topics, &n, NULL);

	cr_assert_eq(n, 3);
	cr_assert_str_eq(list[0].name, "a");
	cr_assert_not(list[0].order);
	cr_assert(list[1].order);
	free(list);
	topics_free(topics);
}

/* Those that changed since a version, and the version that has them; nothing when one went. */
Test(topic, what_changed_since)
{
	struct topics *topics = topics_new();
	struct data_version version;
	size_t n;

	for (size_t i = 0; i < 3; i++) {
		struct topic topic = make((const char *const[]){ "a", "b", "c" }[i], 1);

		topics_put(topics, &topic);
	}
	int64_t before = topics_version(topics).counter;
	struct topic changed = make("b", 2), new = make("d", 1);

	cr_assert_null(topics_changed(topics, before, &n, &version));
	cr_assert_eq(n, 0);
	topics_put(topics, &changed);
	topics_put(topics, &new);
	free(topics_changed(topics, before, &n, &version));
	cr_assert_eq(n, 2);
	cr_assert_eq(version.counter, before + 2);
	struct topic *list = topics_changed(topics, before + 1, &n, &version);

	cr_assert_eq(n, 1);
	cr_assert_str_eq(list[0].name, "d");
	free(list);
	topics_remove(topics, SLICE("a"));
	cr_assert_null(topics_changed(topics, before, &n, &version));
	cr_assert_eq(n, 0);
	topics_put(topics, &changed);
	free(topics_changed(topics, version.counter, &n, &version));
	cr_assert_eq(n, 1, "what went is told, what came since can be told alone");
	topics_free(topics);
}

Test(topic, what_is_no_topic)
{
	static const struct {
		struct topic_config config;
		int result;
	} cases[] = {
		{ { .name = { "T", 1 }, .read_queues = 4, .write_queues = 4, .perm = 6 }, 0 },
		{ { .name = { "%RETRY%G", 8 }, .read_queues = 1, .write_queues = 0, .perm = 7 },
		    0 },
		{ { .name = { "a b", 3 }, .perm = 6 }, -1 },
		{ { .name = { "", 0 }, .perm = 6 }, -1 },
		{ { .name = { "T", 1 }, .read_queues = -1, .perm = 6 }, -1 },
		{ { .name = { "T", 1 }, .write_queues = TOPIC_QUEUES_MAX + 1, .perm = 6 }, -1 },
		{ { .name = { "T", 1 }, .perm = 8 }, -1 },
		{ { .name = { "T", 1 }, .perm = -1 }, -1 },
	};
	struct topic topic;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		cr_assert_eq(
		    topic_from_config(&cases[i].config, &topic), cases[i].result, "case %zu", i);
}
