#include "config.h"

#include <criterion/criterion.h>

#include "broker/state/producer_group.h"

TestSuite(producer_group, .timeout = 20);

static int standard = POLICY_FIRST_WINS;

static struct producer_group
group_of(const char *name, enum transaction_policy policy, const char *url)
{
	return (struct producer_group){ slice_of(name), policy, slice_of(url) };
}

Test(producer_group, put_find_remove_list)
{
	struct producer_groups *groups = producer_groups_new(&standard);
	struct producer_group b = group_of("b", POLICY_FIRST_WINS, "");
	struct producer_group a = group_of("a", POLICY_COMMIT_WINS_ONCE, "http://h:1/");
	struct producer_group found;
	struct arena arena = { 0 };
	size_t n;

	producer_groups_put(groups, &b);
	producer_groups_put(groups, &a);
	const struct producer_group *list = producer_groups_list(groups, &arena, &n);

	cr_assert_eq(n, 2);
	cr_assert(slice_is(list[0].name, "a"));
	cr_assert(slice_is(list[0].check_url, "http://h:1/"));
	cr_assert(slice_is(list[1].name, "b"));
	a.check_url = SLICE("");
	producer_groups_put(groups, &a);
	cr_assert(producer_groups_find(groups, SLICE("a"), &arena, &found));
	cr_assert_eq(found.policy, POLICY_COMMIT_WINS_ONCE);
	cr_assert_eq(found.check_url.len, 0, "what is put replaces what was there");
	cr_assert(producer_groups_remove(groups, SLICE("a")));
	cr_assert_not(producer_groups_remove(groups, SLICE("a")));
	producer_groups_free(groups);
	arena_release(&arena);
}

/* Changes that are on their way to meta.db count as well, or a pipeline of them passes a limit. */
Test(producer_group, those_on_their_way_count)
{
	struct producer_groups *groups = producer_groups_new(&standard);
	struct producer_group a = group_of("a", POLICY_FIRST_WINS, "");

	cr_assert_eq(producer_groups_claim(groups, SLICE("a")), 1);
	producer_groups_put(groups, &a);
	producer_groups_unclaim(groups);
	cr_assert_eq(producer_groups_claim(groups, SLICE("b")), 2);
	cr_assert_eq(producer_groups_claim(groups, SLICE("c")), 3);
	cr_assert_eq(producer_groups_claim(groups, SLICE("a")), 1, "one that is there may change");
	producer_groups_unclaim(groups);
	producer_groups_unclaim(groups);
	producer_groups_unclaim(groups);
	cr_assert_eq(producer_groups_claim(groups, SLICE("c")), 2, "b was not kept");
	producer_groups_unclaim(groups);
	producer_groups_free(groups);
}

Test(producer_group, without_a_row_the_standard_counts)
{
	struct producer_groups *groups = producer_groups_new(&standard);
	struct producer_group found;
	struct arena arena = { 0 };

	cr_assert_not(producer_groups_find(groups, SLICE("x"), &arena, &found));
	cr_assert_eq(found.policy, POLICY_FIRST_WINS);
	cr_assert(slice_is(found.name, "x"));
	standard = POLICY_COMMIT_WINS_ONCE;
	cr_assert_not(producer_groups_find(groups, SLICE("x"), &arena, &found));
	cr_assert_eq(found.policy, POLICY_COMMIT_WINS_ONCE, "as it is now");
	producer_groups_free(groups);
	arena_release(&arena);
}

Test(producer_group, reads_what_it_writes)
{
	struct producer_group group =
	    group_of("g", POLICY_COMMIT_WINS_ONCE, "http://h:1/a?b=\"c\"");
	struct producer_group read;
	struct arena arena = { 0 };
	struct buf json = { 0 };

	producer_group_to_json(&group, &json);
	cr_assert_eq(producer_group_from_json(buf_slice(&json), &arena, &read), 0);
	cr_assert(slice_equal(read.name, group.name));
	cr_assert_eq(read.policy, group.policy);
	cr_assert(slice_equal(read.check_url, group.check_url));
	buf_release(&json);
	arena_release(&arena);
}

Test(producer_group, refuses_what_is_none)
{
	static const char *const texts[] = {
		"",
		"{}",
		"{\"group\":\"g\"}",
		"{\"group\":\"\",\"policy\":\"first-wins\"}",
		"{\"group\":\"a b\",\"policy\":\"first-wins\"}",
		"{\"group\":\"g\",\"policy\":\"last-wins\"}",
	};
	struct producer_group read;
	struct arena arena = { 0 };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		cr_assert_eq(producer_group_from_json(slice_of(texts[i]), &arena, &read), -1, "%s",
		    texts[i]);
	arena_release(&arena);
}

Test(producer_group, policies_by_name)
{
	enum transaction_policy policy;

	for (enum transaction_policy i = POLICY_FIRST_WINS; i <= POLICY_COMMIT_WINS_ONCE; i++) {
		cr_assert_eq(
		    transaction_policy_parse(slice_of(transaction_policy_name(i)), &policy), 0);
		cr_assert_eq(policy, i);
	}
	cr_assert_eq(transaction_policy_parse(SLICE("FIRST-WINS"), &policy), -1);
}
