#include "config.h"

#include <criterion/criterion.h>

#include <stdlib.h>

#include "broker/state/offset.h"

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

static struct offsets *
filled(void)
{
	struct offsets *offsets = offsets_new();

	offsets_put(offsets, SLICE("G"), SLICE("T"), 7, 1);
	offsets_put(offsets, SLICE("G"), SLICE("T"), 0, 10);
	offsets_put(offsets, SLICE("G"), SLICE("U"), 0, 100);
	offsets_put(offsets, SLICE("H"), SLICE("T"), 3, 1000);
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
	offsets_put(offsets, SLICE("G"), SLICE("T"), 0, 10);
	cr_assert_null(offsets_changed(offsets), "the same value is no change");
	offsets_put(offsets, SLICE("G"), SLICE("T"), 0, 9);
	offsets_load(offsets, SLICE("G"), SLICE("V"), 0, 5);
	job = offsets_changed(offsets);
	cr_assert_eq(job->n, 1);
	cr_assert_str_eq(job->changes[0].key, "G");
	cr_assert_str_eq(job->changes[0].topic, "T");
	cr_assert_eq(job->changes[0].offset, 9);
	meta_job_free(job);
	offsets_free(offsets);
}
