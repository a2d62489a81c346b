#include "config.h"

#include "common/base/pool.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

TestSuite(pool, .timeout = 30);

Test(pool, blocks_are_as_long_as_wanted_and_aligned)
{
	struct pool pool = { 0 };
	void *blocks[64];

	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < 64; i++) {
			blocks[i] = pool_alloc(&pool, 1 + i * 100);
			cr_assert_eq((uintptr_t)blocks[i] % 16, 0);
			memset(blocks[i], (int)i, 1 + i * 100);
		}
		for (size_t i = 0; i < 64; i++) {
			cr_assert_eq(*(unsigned char *)blocks[i], i);
			pool_free(&pool, blocks[i]);
		}
	}
	pool_release(&pool);
	cr_assert_eq(pool.kept_bytes, 0);
}

Test(pool, it_keeps_so_much_and_not_more)
{
	static void *blocks[4096];
	struct pool pool = { 0 };

	for (size_t i = 0; i < 4096; i++)
		blocks[i] = pool_alloc(&pool, 1000);
	for (size_t i = 0; i < 4096; i++)
		pool_free(&pool, blocks[i]);
	cr_assert_leq(pool.kept_bytes, POOL_BYTES);
	pool_free(&pool, pool_alloc(&pool, 1 << 20));
	cr_assert_leq(pool.kept_bytes, POOL_BYTES);
	pool_release(&pool);
}
