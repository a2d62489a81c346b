#include "config.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/base/table.h"

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
	struct table table = { 0 };

	cr_assert_null(table_find(&table, SLICE("a")));
	cr_assert_null(table_take(&table, SLICE("a")));
	cr_assert_null(table_next(&table, NULL));
	free(table_sorted(&table));
	table_release(&table, free);
}

Test(table, put_find_replace)
{
	struct table table = { 0 };
	int one = 1, two = 2;

	cr_assert_null(table_put(&table, SLICE("a"), &one));
	cr_assert_null(table_put(&table, SLICE(""), &two));
	cr_assert_eq(table_find(&table, SLICE("a")), &one);
	cr_assert_eq(table_find(&table, SLICE("")), &two);
	cr_assert_eq(table_put(&table, SLICE("a"), &two), &one);
	cr_assert_eq(table_find(&table, SLICE("a")), &two);
	cr_assert_eq(table.n, 2);
	table_release(&table, NULL);
}

Test(table, many_keys_in_order)
{
	struct table table = { 0 };

	for (int i = 0; i < MANY; i++)
		table_put(&table, name((i * 7919) % MANY), mem_strdup("x"));
	cr_assert_eq(table.n, MANY);
	struct table_entry **sorted = table_sorted(&table);

	for (int i = 0; i < MANY; i++)
		cr_assert_eq(slice_compare(table_key(sorted[i]), name(i)), 0);
	free(sorted);
	table_release(&table, free);
}

Test(table, taking_during_a_walk)
{
	struct table table = { 0 };
	int seen = 0, mark = 0;

	for (int i = 0; i < MANY; i++)
		table_put(&table, name(i), &mark);
	for (struct table_entry *entry = table_next(&table, NULL), *next; entry != NULL;
	     entry = next) {
		next = table_next(&table, entry);
		if (++seen % 2 == 0)
			cr_assert_eq(table_take(&table, table_key(entry)), &mark);
	}
	cr_assert_eq(seen, MANY);
	cr_assert_eq(table.n, MANY / 2);
	table_release(&table, NULL);
}
