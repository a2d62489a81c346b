#include "config.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/base/strmap.h"

TestSuite(table, .timeout = 20);

#define MANY 5000

static struct slice
name(int i)
{
	static char text[32];

	snprintf(text, sizeof text, "key-%05d", i);
	return slice_of(text);
}

Test(table, empty)
{
	struct strmap table = { 0 };

	cr_assert_null(strmap_find(&table, SLICE("a")));
	cr_assert_null(strmap_take(&table, SLICE("a")));
	cr_assert_null(strmap_next(&table, NULL));
	free(strmap_sorted(&table));
	strmap_release(&table, free);
}

Test(table, put_find_replace)
{
	struct strmap table = { 0 };
	int one = 1, two = 2;

	cr_assert_null(strmap_put(&table, SLICE("a"), &one));
	cr_assert_null(strmap_put(&table, SLICE(""), &two));
	cr_assert_eq(strmap_find(&table, SLICE("a")), &one);
	cr_assert_eq(strmap_find(&table, SLICE("")), &two);
	cr_assert_eq(strmap_put(&table, SLICE("a"), &two), &one);
	cr_assert_eq(strmap_find(&table, SLICE("a")), &two);
	cr_assert_eq(table.n, 2);
	strmap_release(&table, NULL);
}

Test(table, many_keys_in_order)
{
	struct strmap table = { 0 };

	for (int i = 0; i < MANY; i++)
		strmap_put(&table, name((i * 7919) % MANY), mem_strdup("x"));
	cr_assert_eq(table.n, MANY);
	struct strmap_entry **sorted = strmap_sorted(&table);

	for (int i = 0; i < MANY; i++)
		cr_assert_eq(slice_compare(strmap_key(sorted[i]), name(i)), 0);
	free(sorted);
	strmap_release(&table, free);
}

Test(table, taking_during_a_walk)
{
	struct strmap table = { 0 };
	int seen = 0, mark = 0;

	for (int i = 0; i < MANY; i++)
		strmap_put(&table, name(i), &mark);
	for (struct strmap_entry *entry = strmap_next(&table, NULL), *next; entry != NULL;
	     entry = next) {
		next = strmap_next(&table, entry);
		if (++seen % 2 == 0)
			cr_assert_eq(strmap_take(&table, strmap_key(entry)), &mark);
	}
	cr_assert_eq(seen, MANY);
	cr_assert_eq(table.n, MANY / 2);
	strmap_release(&table, NULL);
}

Test(table, an_entry_leaves_by_itself)
{
	struct strmap table = { 0 };
	int one = 1;
	struct strmap_entry *odd = strmap_get(&table, (struct slice){ "\0", 1 });

	cr_assert_null(odd->value);
	odd->value = &one;
	cr_assert_eq(strmap_get(&table, (struct slice){ "\0", 1 }), odd);
	for (int i = 0; i < MANY; i++)
		strmap_put(&table, name(i), mem_strdup("x"));
	cr_assert_eq(strmap_remove(&table, odd), &one);
	cr_assert_eq(table.n, MANY);
	cr_assert_null(strmap_find(&table, (struct slice){ "\0", 1 }));
	strmap_release(&table, free);
}
