#include "config.h"

#include "t/unit/vectors.h"

#include <criterion/criterion.h>

void
vectors_require(void)
{
	if (recording_folder() == NULL)
		cr_skip_test("no recorded frames: VECTORS names no folder");
}

void
vectors_each(void (*check)(const struct vector *vector, void *arg), void *arg)
{
	int n = recording_each(check, arg);

	cr_assert_gt(n, 0, "%d recorded files in %s", n, recording_folder());
}
