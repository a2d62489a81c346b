#include "config.h"

#include "broker/replica/recent.h"

#include <criterion/criterion.h>

#include "common/base/mem.h"

TestSuite(recent, .timeout = 10);

static struct recent recent;

static void
add(int64_t position, size_t len, int64_t meta_seq)
{
	struct store_news *news = mem_zalloc(sizeof *news);

	news->chunk = chunk_new(position, len);
	news->position = position + (int64_t)len;
	news->meta_seq = meta_seq;
	recent_add(&recent, news);
}

Test(recent, a_commit_is_found_by_any_position_in_it)
{
	recent_init(&recent, 1 << 20);
	cr_assert_null(recent_find(&recent, 0));
	for (int64_t i = 0; i < 10; i++)
		add(100 * i, 100, 0);
	cr_assert_eq(recent_find(&recent, 0)->position, 100);
	cr_assert_eq(recent_find(&recent, 99)->position, 100);
	cr_assert_eq(recent_find(&recent, 100)->position, 200);
	cr_assert_eq(recent_find(&recent, 999)->position, 1000);
	cr_assert_null(recent_find(&recent, 1000));
	recent_clear(&recent);
	cr_assert_eq(recent.bytes, 0);
}

Test(recent, the_oldest_make_room)
{
	recent_init(&recent, 10000);
	for (int64_t i = 0; i < 100; i++)
		add(1000 * i, 1000, i);
	cr_assert_leq(recent.bytes, 10000);
	cr_assert_null(recent_find(&recent, 80000));
	cr_assert_not_null(recent_find(&recent, 99000));
	cr_assert_eq(recent.lost_seq, 99 - (int64_t)recent.n);
	add(100000, 50000, 100);
	cr_assert_eq(recent.n, 1, "one stays, whatever its size");
	recent_clear(&recent);
	recent_init(&recent, SIZE_MAX);
	for (int64_t i = 0; i < RECENT_NEWS + 5; i++)
		add(i, 1, i);
	cr_assert_eq(recent.n, RECENT_NEWS);
	cr_assert_null(recent_find(&recent, 4));
	cr_assert_not_null(recent_find(&recent, 5));
	recent_clear(&recent);
}

Test(recent, changes_are_found_by_their_number)
{
	recent_init(&recent, 1 << 20);
	for (int64_t i = 1; i <= 5; i++)
		add(0, 1, 10 * i);
	cr_assert_eq(recent_after(&recent, -1)->meta_seq, 10);
	cr_assert_eq(recent_after(&recent, 10)->meta_seq, 20);
	cr_assert_eq(recent_after(&recent, 19)->meta_seq, 20);
	cr_assert_null(recent_after(&recent, 50));
	recent_clear(&recent);
}
