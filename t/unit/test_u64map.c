#include "config.h"

#include "common/base/u64map.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "common/base/mem.h"

TestSuite(u64map, .timeout = 30);

#define N 1000

Test(u64map, finds_what_is_there_and_nothing_else)
{
	struct u64map map = { 0 };
	struct u64map_node *nodes = mem_zalloc(N * sizeof *nodes);
	size_t n = 0;

	cr_assert_null(u64map_find(&map, 1));
	for (uint64_t i = 0; i < N; i++) {
		nodes[i].id = (i % 2 == 0 ? 0 : UINT64_C(1) << 40) + i;
		u64map_add(&map, &nodes[i]);
	}
	for (size_t i = 0; i < N; i += 3)
		u64map_remove(&map, &nodes[i]);
	for (size_t i = 0; i < N; i++)
		cr_assert_eq(u64map_find(&map, nodes[i].id), i % 3 == 0 ? NULL : &nodes[i]);
	uint64_t *ids = u64map_ids(&map);

	for (; n < map.n; n++)
		cr_assert_not_null(u64map_find(&map, ids[n]));
	cr_assert_eq(n, N - (N + 2) / 3);
	free(ids);
	u64map_release(&map);
	free(nodes);
}
