#include "config.h"

#include "broker/pull/parked.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "common/base/clock.h"

TestSuite(parked, .timeout = 30);

#define MANY 200000

/* What came back, in order. */
static struct {
	int64_t woken[16], expired[16];
	size_t n_woken, n_expired;
	struct parked_pulls *again; /* park each woken one again */
	struct loop *stop;
	size_t stop_after; /* so many expired */
} seen;

static void
on_message(void *arg, struct pull *pull)
{
	(void)arg;
	seen.woken[seen.n_woken++] = pull->question.offset;
	if (seen.again != NULL)
		parked_pulls_add(seen.again, pull);
	else
		pull_free(pull);
}

static void
on_timer(void *arg, struct pull *pull)
{
	(void)arg;
	if (seen.n_expired < 16)
		seen.expired[seen.n_expired] = pull->question.offset;
	seen.n_expired++;
	pull_free(pull);
	if (seen.stop != NULL && seen.n_expired >= seen.stop_after)
		loop_stop(seen.stop);
}

static struct loop loop;
static struct parked_pulls *parked;

static void
set_up(void)
{
	static const struct parked_events events = { on_message, on_timer };

	loop_init(&loop, 0);
	parked = parked_pulls_new(&loop, &events, NULL);
}

static void
tear_down(void)
{
	parked_pulls_free(parked);
	loop_release(&loop);
}

static void
park(struct slice topic, int32_t queue_id, int64_t offset, int64_t wait_ms)
{
	static const int32_t codes[] = { 7, 9 };
	const struct pull_question question = {
		.topic = topic,
		.group = SLICE("G"),
		.queue_id = queue_id,
		.offset = offset,
		.limits = { .tag_codes = codes, .n_tag_codes = 2 },
	};
	struct pull *pull = pull_new(&question);

	cr_assert_neq(pull->question.limits.tag_codes, codes);
	cr_assert_eq(pull->question.limits.tag_codes[1], 9);
	pull->deadline_ms = clock_mono_ms() + wait_ms;
	parked_pulls_add(parked, pull);
}

Test(parked, a_queue_wakes_only_its_own, .init = set_up, .fini = tear_down)
{
	park(SLICE("T"), 0, 1, 60000);
	park(SLICE("T"), 1, 2, 60000);
	park(SLICE("U"), 0, 3, 60000);
	park(SLICE("T"), 0, 4, 60000);
	parked_pulls_wake(parked, SLICE("T"), 0);
	cr_assert_eq(seen.n_woken, 2);
	cr_assert_eq(seen.woken[0] + seen.woken[1], 5);
	cr_assert_eq(parked_pulls_count(parked), 2);
	parked_pulls_wake(parked, SLICE("T"), 0);
	parked_pulls_wake(parked, SLICE("nobody"), 0);
	cr_assert_eq(seen.n_woken, 2);
}

Test(parked, a_woken_one_may_be_parked_again, .init = set_up, .fini = tear_down)
{
	seen.again = parked;
	park(SLICE("T"), 0, 1, 60000);
	park(SLICE("T"), 0, 2, 60000);
	parked_pulls_wake(parked, SLICE("T"), 0);
	cr_assert_eq(seen.n_woken, 2);
	cr_assert_eq(parked_pulls_count(parked), 2);
	parked_pulls_wake(parked, SLICE("T"), 0);
	cr_assert_eq(seen.n_woken, 4);
}

Test(parked, deadlines_come_in_order, .init = set_up, .fini = tear_down)
{
	park(SLICE("T"), 0, 3, 30);
	park(SLICE("T"), 0, 1, 10);
	park(SLICE("T"), 1, 2, 20);
	park(SLICE("T"), 0, 4, 60000);
	while (seen.n_expired < 3) {
		seen.stop = &loop;
		loop_run(&loop);
	}
	for (int64_t i = 0; i < 3; i++)
		cr_assert_eq(seen.expired[i], i + 1);
	cr_assert_eq(parked_pulls_count(parked), 1);
}

/* Removing one from its queue does not walk the others: this took a minute. */
Test(parked, many_of_one_queue_expire_together, .init = set_up, .fini = tear_down)
{
	for (int64_t i = 0; i < MANY; i++)
		park(SLICE("T"), 0, i, 1000);
	park(SLICE("T"), 0, MANY, 60000);
	seen.stop = &loop;
	seen.stop_after = MANY;
	loop_run(&loop);
	cr_assert_eq(seen.n_expired, MANY);
	cr_assert_eq(parked_pulls_count(parked), 1);
}

Test(parked, the_oldest_is_woken_first, .init = set_up, .fini = tear_down)
{
	for (int64_t i = 0; i < 3; i++)
		park(SLICE("T"), 0, i, 60000);
	parked_pulls_wake(parked, SLICE("T"), 0);
	for (int64_t i = 0; i < 3; i++)
		cr_assert_eq(seen.woken[i], i);
}
