#include "config.h"

#include "broker/store/log/row_cache.h"

#include <criterion/criterion.h>
#include <string.h>

#define ROW_BYTES 10

TestSuite(row_cache, .timeout = 30);

/* Row i lies at i * ROW_BYTES and is full of its number. */
static void
put(struct row_cache *cache, int64_t i)
{
	char bytes[ROW_BYTES];

	memset(bytes, (int)i, sizeof bytes);
	row_cache_put(cache, i * ROW_BYTES, (struct slice){ bytes, sizeof bytes });
}

static bool
has(struct row_cache *cache, int64_t i)
{
	const struct row *row = row_cache_find(cache, i * ROW_BYTES + ROW_BYTES / 2);

	if (row == NULL)
		return false;
	cr_assert_eq(row->position, i * ROW_BYTES);
	cr_assert_eq(row->end, (i + 1) * ROW_BYTES);
	cr_assert_eq(row->data[ROW_BYTES - 1], (char)i);
	return true;
}

Test(row_cache, an_empty_one_has_nothing)
{
	struct row_cache cache = { 0 };

	cr_assert_not(has(&cache, 0));
	row_cache_release(&cache);
}

Test(row_cache, a_row_holds_its_own_bytes_and_no_others)
{
	struct row_cache cache = { 0 };

	put(&cache, 5);
	cr_assert_not_null(row_cache_find(&cache, 5 * ROW_BYTES));
	cr_assert_null(row_cache_find(&cache, 5 * ROW_BYTES - 1));
	cr_assert_null(row_cache_find(&cache, 6 * ROW_BYTES));
	row_cache_release(&cache);
	cr_assert_not(has(&cache, 5));
}

Test(row_cache, what_was_not_used_for_longest_goes)
{
	struct row_cache cache = { 0 };

	for (int64_t i = 0; i < ROW_CACHE_ROWS; i++)
		put(&cache, i);
	cr_assert(has(&cache, 0));
	put(&cache, 100);
	cr_assert(has(&cache, 100));
	cr_assert(has(&cache, 0));
	cr_assert_not(has(&cache, 1));
	cr_assert(has(&cache, 2));
	row_cache_release(&cache);
}
