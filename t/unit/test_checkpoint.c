#include "config.h"

#include "broker/state/checkpoint.h"

#include <criterion/criterion.h>

#include "common/base/clock.h"

TestSuite(checkpoint, .timeout = 10);

static const struct group_queue where = { SLICE("G"), SLICE("T"), 0 };

static struct checkpoint
made(int64_t start, uint32_t n)
{
	struct checkpoint it = {
		.queue = where,
		.id = -1,
		.start_offset = start,
		.next_offset = start + n,
		.invisible_ms = 1000,
		.n = n,
	};

	for (uint32_t i = 0; i < n; i++)
		it.distance[i] = (int32_t)i;
	return it;
}

static struct claim
claim_of(const struct checkpoint *it, const int64_t *offsets, size_t n)
{
	return (struct claim){
		.queue = it->queue,
		.start_offset = it->start_offset,
		.pop_time = it->pop_time,
		.offsets = offsets,
		.n_offsets = n,
	};
}

Test(checkpoint, is_claimed_once_and_gone_when_settled)
{
	struct checkpoints *table = checkpoints_new();
	struct checkpoint it = made(5, 2);
	struct kept_checkpoint *kept;
	int64_t offsets[] = { 5, 6 };
	struct settled settled;
	struct checkpoint_counts counts;

	checkpoints_reserve(table, &it, &kept, 1, 100, 7);
	struct claim claim = claim_of(&it, offsets, 2);

	cr_assert_eq(checkpoints_claim(table, &claim), CLAIM_UNKNOWN, "it is not active");
	cr_assert_eq(checkpoints_floor(table, 50), 7, "its record may be there");
	checkpoints_activate(table, kept, 9);
	cr_assert_eq(checkpoints_floor(table, 50), 9);
	cr_assert_eq(checkpoints_claim(table, &claim), CLAIM_YES);
	cr_assert_eq(claim.bits, 3);
	cr_assert_eq(claim.id, 9);
	cr_assert_eq(checkpoints_claim(table, &claim), CLAIM_DONE);
	checkpoints_unclaim(table, 9, 2);
	cr_assert_eq(checkpoints_claim(table, &claim), CLAIM_YES);
	cr_assert_eq(claim.bits, 2);
	cr_assert(checkpoints_settle(table, 9, 3, &settled));
	cr_assert_eq(checkpoints_claim(table, &claim), CLAIM_UNKNOWN);
	cr_assert_not(checkpoints_settle(table, 9, 3, &settled));
	cr_assert_eq(checkpoints_floor(table, 50), 50);
	checkpoints_get_counts(table, &counts);
	cr_assert_eq(counts.n_checkpoints, 0);
	cr_assert_eq(counts.n_messages, 0);
	checkpoints_free(table);
}

Test(checkpoint, what_is_due_is_claimed)
{
	struct checkpoints *table = checkpoints_new();
	struct checkpoint it = made(0, 3), out;
	struct arena arena = { 0 };
	struct kept_checkpoint *kept;
	int64_t offset = 1;
	uint32_t bits;

	checkpoints_reserve(table, &it, &kept, 1, 100, 0);
	checkpoints_activate(table, kept, 0);
	struct claim claim = claim_of(&it, &offset, 1);

	checkpoints_claim(table, &claim);
	cr_assert_not(checkpoints_take_due(table, clock_mono_ms(), &out, &bits, &arena));
	cr_assert(checkpoints_take_due(table, clock_mono_ms() + 1001, &out, &bits, &arena));
	cr_assert_eq(bits, 5, "all but the claimed one");
	cr_assert(slice_is(out.queue.group, "G"));
	cr_assert_eq(out.n, 3);
	offset = 0;
	cr_assert_eq(checkpoints_claim(table, &claim), CLAIM_DONE, "too late");
	checkpoints_again(table, 0, bits, clock_mono_ms());
	cr_assert_eq(checkpoints_claim(table, &claim), CLAIM_YES);
	arena_release(&arena);
	checkpoints_free(table);
}

/* Two pops of one millisecond that begin at the same offset have two names. */
Test(checkpoint, names_differ)
{
	struct checkpoints *table = checkpoints_new();
	struct checkpoint one = made(5, 1), other = made(5, 1);
	struct kept_checkpoint *kept;

	checkpoints_reserve(table, &one, &kept, 1, 100, 0);
	checkpoints_reserve(table, &other, &kept, 1, 100, 0);
	cr_assert_eq(one.pop_time, 100);
	cr_assert_eq(other.pop_time, 101);
	checkpoints_free(table);
}

Test(checkpoint, a_replay_takes_the_last_record_of_an_id)
{
	struct checkpoints *table = checkpoints_new();
	struct checkpoint it = made(5, 2);
	struct checkpoint_counts counts;
	struct settled settled;

	it.pop_time = 1000;
	checkpoints_restore(table, &it, 3, 1000);
	cr_assert(checkpoints_settle(table, 3, 1, &settled));
	it.id = 3; /* carried */
	it.settled = 1;
	checkpoints_restore(table, &it, 8, 1000);
	checkpoints_get_counts(table, &counts);
	cr_assert_eq(counts.n_checkpoints, 1);
	cr_assert_eq(counts.n_messages, 1);
	cr_assert_eq(checkpoints_floor(table, 20), 8);
	checkpoints_free(table);
}

Test(checkpoint, an_ordered_one_blocks_its_queue)
{
	struct checkpoints *table = checkpoints_new();
	struct checkpoint it = made(5, 2);
	struct kept_checkpoint *kept;
	struct enter_wish wish = { .ordered = true };
	struct settled settled;

	it.ordered = true;
	cr_assert_eq(checkpoints_enter(table, &where, &wish), ENTER_YES);
	cr_assert_eq(checkpoints_enter(table, &where, &wish), ENTER_BUSY);
	checkpoints_reserve(table, &it, &kept, 1, 100, 0);
	checkpoints_activate(table, kept, 0);
	checkpoints_leave(table, &where);
	cr_assert_eq(checkpoints_enter(table, &where, &wish), ENTER_BLOCKED);
	cr_assert(checkpoints_settle(table, 0, 2, &settled));
	cr_assert_eq(settled.next_offset, 5);
	cr_assert_not(settled.unblocked);
	cr_assert(checkpoints_settle(table, 0, 1, &settled));
	cr_assert_eq(settled.next_offset, 7);
	cr_assert(settled.unblocked);
	cr_assert_eq(checkpoints_enter(table, &where, &wish), ENTER_YES);
	checkpoints_leave(table, &where);
	checkpoints_free(table);
}

Test(checkpoint, too_many_of_a_queue)
{
	struct checkpoints *table = checkpoints_new();
	struct checkpoint it = made(5, 2);
	struct kept_checkpoint *kept;
	struct enter_wish wish = { .max_messages = 2 };

	checkpoints_reserve(table, &it, &kept, 1, 100, 0);
	cr_assert_eq(checkpoints_enter(table, &where, &wish), ENTER_FULL);
	checkpoints_abandon(table, kept);
	cr_assert_eq(checkpoints_enter(table, &where, &wish), ENTER_YES);
	checkpoints_leave(table, &where);
	checkpoints_drop(table, SLICE_NONE, SLICE("T"));
	checkpoints_free(table);
}
