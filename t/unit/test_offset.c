#include "config.h"

#include <criterion/criterion.h>

#include <stdlib.h>

#include "broker/state/offset.h"
#include "common/base/clock.h"

TestSuite(offset, .timeout = 20);

static void
count(void *arg, const struct offset_row *row)
{
	int64_t *sum = arg;

	*sum += row->offset;
}

static int64_t
sum_of(struct offsets *offsets, const char *group, const char *topic)
{
	int64_t sum = 0;

	offsets_each(offsets, slice_of(group), slice_of(topic), count, &sum);
	return sum;
}

/* Of a group that exists, within the limits. */
static void
put(struct offsets *offsets, struct offset_row row)
{
	static const struct offset_limits limits = { 100, 0 };

	cr_assert_eq(offsets_put(offsets, &row, true, &limits, &(int64_t){ 0 }), OFFSET_KEPT);
}

static struct offsets *
filled(void)
{
	struct offsets *offsets = offsets_new();

	put(offsets, (struct offset_row){ SLICE("G"), SLICE("T"), 7, 1 });
	put(offsets, (struct offset_row){ SLICE("G"), SLICE("T"), 0, 10 });
	put(offsets, (struct offset_row){ SLICE("G"), SLICE("U"), 0, 100 });
	put(offsets, (struct offset_row){ SLICE("H"), SLICE("T"), 3, 1000 });
	return offsets;
}

Test(offset, put_and_find)
{
	struct offsets *offsets = filled();

	cr_assert_eq(offsets_find(offsets, SLICE("G"), SLICE("T"), 7), 1);
	cr_assert_eq(offsets_find(offsets, SLICE("G"), SLICE("T"), 0), 10);
	cr_assert_eq(offsets_find(offsets, SLICE("G"), SLICE("T"), 1), -1);
	cr_assert_eq(offsets_find(offsets, SLICE("H"), SLICE("U"), 0), -1);
	cr_assert_eq(offsets_find(offsets, SLICE("I"), SLICE("T"), 0), -1);
	offsets_free(offsets);
}

Test(offset, each)
{
	struct offsets *offsets = filled();

	cr_assert_eq(sum_of(offsets, NULL, NULL), 1111);
	cr_assert_eq(sum_of(offsets, "G", NULL), 111);
	cr_assert_eq(sum_of(offsets, "G", "T"), 11);
	cr_assert_eq(sum_of(offsets, NULL, "T"), 1011);
	cr_assert_eq(sum_of(offsets, "X", NULL), 0);
	offsets_free(offsets);
}

Test(offset, remove)
{
	struct offsets *offsets = filled();

	offsets_remove_topic(offsets, SLICE("T"));
	cr_assert_eq(sum_of(offsets, NULL, NULL), 100);
	offsets_remove_group(offsets, SLICE("G"));
	cr_assert_eq(sum_of(offsets, NULL, NULL), 0);
	cr_assert_null(offsets_changed(offsets), "what is gone is not written");
	offsets_free(offsets);
}

Test(offset, changed_ones_are_handed_out_once)
{
	struct offsets *offsets = filled();
	struct meta_job *job = offsets_changed(offsets);

	cr_assert_eq(job->n, 4);
	cr_assert_null(offsets_changed(offsets));
	offsets_keep_changed(offsets, job);
	meta_job_free(job);
	job = offsets_changed(offsets);
	cr_assert_eq(job->n, 4, "the job failed: all again");
	meta_job_free(job);
	put(offsets, (struct offset_row){ SLICE("G"), SLICE("T"), 0, 10 });
	cr_assert_null(offsets_changed(offsets), "the same value is no change");
	put(offsets, (struct offset_row){ SLICE("G"), SLICE("T"), 0, 9 });
	offsets_set(offsets, &(struct offset_row){ SLICE("G"), SLICE("V"), 0, 5 });
	job = offsets_changed(offsets);
	cr_assert_eq(job->n, 1);
	cr_assert_str_eq(job->changes[0].key, "G");
	cr_assert_str_eq(job->changes[0].topic, "T");
	cr_assert_eq(job->changes[0].offset, 9);
	meta_job_free(job);
	offsets_free(offsets);
}

static enum offset_status
put_unknown(struct offsets *offsets, const char *group, int32_t queue_id)
{
	static const struct offset_limits limits = { 6, 2 };
	struct offset_row row = { slice_of(group), SLICE("T"), queue_id, 1 };

	return offsets_put(offsets, &row, false, &limits, &(int64_t){ 0 });
}

Test(offset, limits)
{
	static const struct offset_limits limits = { 6, 2 };
	struct offsets *offsets = filled();
	struct offset_counts counts;
	struct offset_row row = { SLICE("I"), SLICE("T"), 5, 1 };

	cr_assert_eq(put_unknown(offsets, "X", 0), OFFSET_KEPT);
	cr_assert_eq(put_unknown(offsets, "X", 1), OFFSET_KEPT);
	cr_assert_eq(put_unknown(offsets, "X", 1), OFFSET_KEPT, "it is there");
	cr_assert_eq(offsets_put(offsets, &row, true, &limits, &(int64_t){ 0 }), OFFSET_TOO_MANY);
	cr_assert_eq(put_unknown(offsets, "G", 7), OFFSET_KEPT, "it consumed before");
	offsets_remove_group(offsets, SLICE("H"));
	cr_assert_eq(put_unknown(offsets, "X", 2), OFFSET_TOO_MANY_UNKNOWN);
	cr_assert_eq(put_unknown(offsets, "Y", 0), OFFSET_TOO_MANY_UNKNOWN);
	offsets_get_counts(offsets, &counts);
	cr_assert_eq(counts.n, 5);
	cr_assert_eq(counts.n_unknown, 2);
	row.group = SLICE("X");
	cr_assert_eq(offsets_put(offsets, &row, true, &limits, &(int64_t){ 0 }), OFFSET_KEPT,
	    "now it exists");
	offsets_get_counts(offsets, &counts);
	cr_assert_eq(counts.n, 6);
	cr_assert_eq(counts.n_unknown, 0);
	offsets_free(offsets);
}

Test(offset, unknown_groups_expire)
{
	struct offsets *offsets = filled();
	struct offset_counts counts;
	int64_t later = clock_mono_ms() + 1000;

	cr_assert_eq(put_unknown(offsets, "X", 0), OFFSET_KEPT);
	cr_assert_eq(put_unknown(offsets, "X", 1), OFFSET_KEPT);
	cr_assert_null(offsets_expire_unknown(offsets, later - 1000000));
	struct meta_job *job = offsets_expire_unknown(offsets, later);

	cr_assert_not_null(job);
	cr_assert_eq(job->n, 2);
	cr_assert_str_eq(job->changes[1].key, "X");
	cr_assert_eq(job->changes[1].op, META_REMOVE);
	meta_job_free(job);
	cr_assert_eq(offsets_find(offsets, SLICE("X"), SLICE("T"), 0), -1);
	cr_assert_eq(offsets_find(offsets, SLICE("G"), SLICE("T"), 0), 10, "the others stay");
	offsets_get_counts(offsets, &counts);
	cr_assert_eq(counts.n, 4);
	cr_assert_eq(counts.n_unknown, 0);
	job = offsets_changed(offsets);
	cr_assert_eq(job->n, 4, "of the forgotten ones nothing is left to write");
	meta_job_free(job);
	offsets_free(offsets);
}

static bool
take_reset(struct offsets *offsets, int32_t queue_id, int64_t at, bool by_pull)
{
	struct offset_row row = { SLICE("G"), SLICE("T"), queue_id, 0 };
	struct reset_reader reader = { at, by_pull };
	int64_t offset = -1;

	return offsets_take_reset(offsets, &row, &reader, &offset) && offset == 3;
}

Test(offset, a_reset_is_told_once)
{
	static const struct offset_limits limits = { 100, 0 };
	struct offsets *offsets = filled();
	struct offset_row row = { SLICE("G"), SLICE("T"), 0, 3 };

	cr_assert_not(offsets_have_resets(offsets));
	cr_assert_eq(offsets_reset(offsets, &row, false, &limits), OFFSET_KEPT);
	cr_assert_not(offsets_have_resets(offsets), "nobody has to be told");
	cr_assert_eq(offsets_find(offsets, SLICE("G"), SLICE("T"), 0), 3);
	cr_assert_eq(offsets_reset(offsets, &row, true, &limits), OFFSET_KEPT);
	cr_assert_eq(offsets_reset(offsets, &row, true, &limits), OFFSET_KEPT, "again");
	cr_assert(offsets_have_resets(offsets));
	put(offsets, (struct offset_row){ SLICE("G"), SLICE("T"), 0, 10 });
	cr_assert_eq(offsets_find(offsets, SLICE("G"), SLICE("T"), 0), 3, "forgotten");
	cr_assert_not(take_reset(offsets, 7, 10, true), "another queue");
	cr_assert(take_reset(offsets, 0, 10, true));
	cr_assert_not(take_reset(offsets, 0, 10, true));
	cr_assert_not(offsets_have_resets(offsets));
	put(offsets, (struct offset_row){ SLICE("G"), SLICE("T"), 0, 10 });
	cr_assert_eq(offsets_find(offsets, SLICE("G"), SLICE("T"), 0), 10);
	offsets_free(offsets);
}

Test(offset, a_consumer_that_was_told_otherwise)
{
	static const struct offset_limits limits = { 100, 0 };
	struct offsets *offsets = filled();
	struct offset_row row = { SLICE("G"), SLICE("T"), 0, 3 };

	offsets_reset(offsets, &row, true, &limits);
	cr_assert_not(take_reset(offsets, 0, 10, false), "it has time");
	cr_assert_not(take_reset(offsets, 0, 3, false), "it does what it was told");
	cr_assert_not(offsets_have_resets(offsets));
	offsets_reset(offsets, &row, true, &limits);
	clock_shift_for_test(0, OFFSET_RESET_GRACE_MS);
	cr_assert(take_reset(offsets, 0, 10, false), "it did not");
	cr_assert_not(offsets_have_resets(offsets));
	offsets_reset(offsets, &row, true, &limits);
	offsets_remove_group(offsets, SLICE("G"));
	cr_assert_not(offsets_have_resets(offsets), "gone with the group");
	clock_shift_for_test(0, 0);
	offsets_free(offsets);
}
