#include "config.h"

#include "broker/pop/allocate.h"

/* Runs of queues, in the order of the members; the first ones have one more when it does not come
 * out even. */
static bool
averagely(size_t queue, size_t n_queues, size_t member, size_t n_members)
{
	size_t rest = n_queues % n_members, each = n_queues / n_members;

	if (n_queues <= n_members)
		return queue == member;
	if (member < rest)
		return queue / (each + 1) == member;
	return queue >= member * each + rest && queue < (member + 1) * each + rest;
}

static bool
by_circle(size_t queue, size_t n_queues, size_t member, size_t n_members)
{
	(void)n_queues;
	return queue % n_members == member;
}

allocate_fn *
allocate_find(struct slice strategy)
{
	static const struct {
		const char *name;
		allocate_fn *allocate;
	} rows[] = { { "AVG", averagely }, { "AVG_BY_CIRCLE", by_circle } };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (slice_is(strategy, rows[i].name))
			return rows[i].allocate;
	}
	return NULL;
}

bool
allocate_is_all(int32_t share, size_t n_members)
{
	return share <= 0 || (size_t)share + 1 >= n_members;
}

bool
allocate_shared(allocate_fn *strategy, size_t queue, size_t n_queues, size_t member,
    size_t n_members, size_t share)
{
	if (n_members > n_queues)
		return queue == member % n_queues;
	for (size_t i = 0; i <= share; i++) {
		if (strategy(queue, n_queues, (member + i) % n_members, n_members))
			return true;
	}
	return false;
}
