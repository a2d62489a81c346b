#include "config.h"

#include "common/base/idmap.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "common/base/mem.h"

TestSuite(idmap, .timeout = 30);

#define N 1000

Test(idmap, finds_what_is_there_and_nothing_else)
{
	struct idmap map = { 0 };
	struct idmap_node *nodes = mem_zalloc(N * sizeof *nodes);
	size_t n = 0;

	cr_assert_null(idmap_find(&map, 1));
	for (uint64_t i = 0; i < N; i++) {
		nodes[i].id = (i % 2 == 0 ? 0 : UINT64_C(1) << 40) + i;
		idmap_add(&map, &nodes[i]);
	}
	for (size_t i = 0; i < N; i += 3)
		idmap_remove(&map, &nodes[i]);
	for (size_t i = 0; i < N; i++)
		cr_assert_eq(idmap_find(&map, nodes[i].id), i % 3 == 0 ? NULL : &nodes[i]);
	uint64_t *ids = idmap_ids(&map);

	for (; n < map.n; n++)
		cr_assert_not_null(idmap_find(&map, ids[n]));
	cr_assert_eq(n, N - (N + 2) / 3);
	free(ids);
	idmap_release(&map);
	free(nodes);
}
