#include "config.h"

#include <criterion/criterion.h>

#include <stdlib.h>

#include "broker/state/subscription.h"

TestSuite(subscription, .timeout = 20);

static struct subscription
wish(const char *topic, const char *expression, int64_t version)
{
	static const int32_t codes[] = { 7, -7 };
	static const struct slice tags[] = { { "a", 1 }, { "bb", 2 } };

	return (struct subscription){
		.topic = slice_of(topic),
		.expression = slice_of(expression),
		.expression_type = SLICE("TAG"),
		.version = version,
		.codes = codes,
		.n_codes = 2,
		.tags = tags,
		.n_tags = 2,
	};
}

Test(subscription, copies_stand_alone)
{
	struct arena arena = { 0 };
	char topic[] = "topic", expression[] = "a || bb";
	struct subscription from = wish(topic, expression, 5);
	struct subscription copy = subscription_copy(&arena, &from);

	topic[0] = expression[0] = '#';
	cr_assert(slice_is(copy.topic, "topic"));
	cr_assert(slice_is(copy.expression, "a || bb"));
	cr_assert(slice_is(copy.expression_type, "TAG"));
	cr_assert_eq(copy.version, 5);
	cr_assert_eq(copy.codes[1], -7);
	cr_assert(slice_is(copy.tags[1], "bb"));
	cr_assert_neq(copy.codes, from.codes);
	arena_release(&arena);
}

Test(subscription, what_counts_as_a_change)
{
	struct subscriptions table = { 0 };
	const struct subscription first[] = { wish("T", "x", 1), wish("U", "*", 1) };
	const struct subscription newer[] = { wish("T", "x", 2), wish("U", "*", 1) };
	const struct subscription other[] = { wish("T", "y", 3), wish("U", "*", 1) };
	const struct subscription fewer[] = { wish("T", "y", 3) };
	const struct subscription twice[] = { wish("T", "y", 3), wish("T", "y", 3) };
	static const struct {
		const char *name;
		bool topics, other_hash;
	} wanted[] = {
		{ "the first", true, true },
		{ "a newer version", false, false },
		{ "another expression", false, true },
		{ "fewer topics", true, true },
		{ "one topic twice", false, false },
		{ "none", true, true },
	};
	const struct {
		const struct subscription *list;
		size_t n;
	} lists[] = { { first, 2 }, { newer, 2 }, { other, 2 }, { fewer, 1 }, { twice, 2 },
		{ NULL, 0 } };

	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		uint64_t hash = table.hash;

		cr_assert_eq(subscriptions_replace(&table, lists[i].list, lists[i].n),
		    wanted[i].topics, "%s", wanted[i].name);
		cr_assert_eq(table.hash != hash, wanted[i].other_hash, "%s", wanted[i].name);
	}
	cr_assert_eq(table.hash, 0);
	cr_assert_eq(table.bytes, 0);
	subscriptions_release(&table);
}

Test(subscription, differences_name_both_wishes)
{
	struct subscriptions a = { 0 }, b = { 0 };
	struct subscription_difference difference;
	const struct subscription one[] = { wish("T", "x", 1) };
	const struct subscription two[] = { wish("T", "x", 9), wish("U", "*", 1) };

	subscriptions_replace(&a, one, 1);
	subscriptions_replace(&b, one, 1);
	cr_assert_not(subscriptions_differ(&a, &b, &difference));
	subscriptions_replace(&b, two, 2);
	cr_assert(subscriptions_differ(&a, &b, &difference));
	cr_assert(slice_is(difference.topic, "U"));
	cr_assert_null(difference.wishes[0]);
	cr_assert(slice_is(difference.wishes[1]->expression, "*"));
	cr_assert(subscriptions_differ(&b, &a, &difference));
	cr_assert_null(difference.wishes[1]);
	subscriptions_release(&a);
	subscriptions_release(&b);
}
