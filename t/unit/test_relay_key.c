#include "config.h"

#include <criterion/criterion.h>

#include "broker/transaction/check/relay_key.h"

TestSuite(relay_key, .timeout = 20);

Test(relay_key, one_for_each_master_and_start)
{
	struct relay_keys *keys = relay_keys_new(), *other = relay_keys_new();
	struct slice a = relay_keys_get(keys, SLICE("a"));

	cr_assert_eq(a.len, 32);
	cr_assert(slice_equal(a, relay_keys_get(keys, SLICE("a"))));
	cr_assert_not(slice_equal(a, relay_keys_get(keys, SLICE("b"))));
	cr_assert_not(slice_equal(a, relay_keys_get(other, SLICE("a"))));
	relay_keys_free(keys);
	relay_keys_free(other);
}

Test(relay_key, ours_is_what_we_send_to_that_master)
{
	struct relay_keys *keys = relay_keys_new();
	struct slice a = relay_keys_get(keys, SLICE("a"));

	relay_keys_get(keys, SLICE("b"));
	cr_assert(relay_keys_is_ours(keys, SLICE("a"), a));
	cr_assert_not(relay_keys_is_ours(keys, SLICE("b"), a));
	cr_assert_not(relay_keys_is_ours(keys, SLICE("c"), a));
	cr_assert_not(relay_keys_is_ours(keys, SLICE("a"), SLICE("")));
	cr_assert_not(relay_keys_is_ours(keys, SLICE("a"), SLICE_NONE));
	cr_assert_not(relay_keys_is_ours(keys, SLICE("a"), (struct slice){ a.data, a.len - 1 }));
	cr_assert_not(
	    relay_keys_is_ours(keys, SLICE("a"), SLICE("00000000000000000000000000000000")));
	relay_keys_free(keys);
}

Test(relay_key, the_one_confirmed_last_counts)
{
	struct relay_keys *keys = relay_keys_new();
	char longer[65] = "";

	memset(longer, 'x', sizeof longer - 1);
	cr_assert_not(relay_keys_is_confirmed(keys, SLICE("a"), SLICE("1")));
	cr_assert_not(relay_keys_is_confirmed(keys, SLICE("a"), SLICE_NONE));
	relay_keys_confirm(keys, SLICE("a"), SLICE("1"));
	cr_assert(relay_keys_is_confirmed(keys, SLICE("a"), SLICE("1")));
	cr_assert_not(relay_keys_is_confirmed(keys, SLICE("b"), SLICE("1")));
	relay_keys_confirm(keys, SLICE("a"), SLICE("2"));
	cr_assert_not(relay_keys_is_confirmed(keys, SLICE("a"), SLICE("1")));
	cr_assert(relay_keys_is_confirmed(keys, SLICE("a"), SLICE("2")));
	relay_keys_confirm(keys, SLICE("a"), SLICE(""));
	cr_assert_not(relay_keys_is_confirmed(keys, SLICE("a"), SLICE("")));
	relay_keys_confirm(keys, SLICE("a"), slice_of(longer));
	cr_assert(relay_keys_is_confirmed(keys, SLICE("a"), slice_of(longer)));
	longer[64 - 1] = 'y';
	cr_assert_not(relay_keys_is_confirmed(keys, SLICE("a"), slice_of(longer)));
	relay_keys_free(keys);
}
