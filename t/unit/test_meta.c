#include "config.h"

#include "broker/store/meta/meta.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "t/lib/store_rig.h"

TestSuite(meta, .timeout = 60);

static void
put_row(void *arg, struct slice key, struct slice value)
{
	buf_printf(arg, "%.*s=%.*s;", (int)key.len, key.data, (int)value.len, value.data);
}

static void
put_offset(void *arg, struct slice group, struct slice topic, int32_t queue_id, int64_t offset)
{
	buf_printf(arg, "%.*s/%.*s/%d=%lld;", (int)group.len, group.data, (int)topic.len,
	    topic.data, queue_id, (long long)offset);
}

/* What a restart finds, all tables behind each other. */
static void
expect(struct rig *rig, const char *expected)
{
	struct buf found = { 0 };
	char *why;

	rig_close(rig);
	struct store *store = store_open(&rig->options, &why);
	for (int table = META_TOPIC; table < META_OFFSET; table++) {
		store_each_meta(store, (enum meta_table)table, put_row, &found);
		buf_append_char(&found, '|');
	}
	store_each_offset(store, put_offset, &found);
	store_close(store);
	cr_assert_str_eq(buf_text(&found), expected);
	buf_release(&found);
	rig_open(rig);
}

Test(meta, changes_of_all_tables)
{
	struct rig rig;
	struct meta_job *job;

	rig_init(&rig);
	rig_open(&rig);
	job = meta_job_new();
	meta_job_put(job, META_TOPIC, SLICE("T"), SLICE("{}"));
	meta_job_put(job, META_TOPIC, SLICE("U"), SLICE("1"));
	meta_job_put(job, META_GROUP, SLICE("G"), SLICE("g"));
	meta_job_put(job, META_SETTING, SLICE("s"), SLICE(""));
	meta_job_put(job, META_PRODUCER_GROUP, SLICE("P"), SLICE("p"));
	meta_job_put_offset(job, SLICE("G"), SLICE("T"), 0, 7);
	meta_job_put_offset(job, SLICE("G"), SLICE("T"), 1, INT64_MAX);
	meta_job_put_offset(job, SLICE("H"), SLICE("T"), 0, 1);
	meta_job_put_offset(job, SLICE("H"), SLICE("U"), 0, 2);
	cr_assert_eq(rig_meta(&rig, job), 0);
	expect(&rig, "T={};U=1;|G=g;|s=;|P=p;|G/T/0=7;G/T/1=9223372036854775807;H/T/0=1;H/U/0=2;");

	job = meta_job_new();
	meta_job_put(job, META_TOPIC, SLICE("T"), SLICE("new"));
	meta_job_remove(job, META_TOPIC, SLICE("U"));
	meta_job_remove_offset(job, SLICE("G"), SLICE("T"), 0);
	cr_assert_eq(rig_meta(&rig, job), 0);
	expect(&rig, "T=new;|G=g;|s=;|P=p;|G/T/1=9223372036854775807;H/T/0=1;H/U/0=2;");

	job = meta_job_new();
	meta_job_remove_offsets_of_group(job, SLICE("H"));
	cr_assert_eq(rig_meta(&rig, job), 0);
	expect(&rig, "T=new;|G=g;|s=;|P=p;|G/T/1=9223372036854775807;");

	job = meta_job_new();
	meta_job_remove_offsets_of_topic(job, SLICE("T"));
	cr_assert_eq(rig_meta(&rig, job), 0);
	expect(&rig, "T=new;|G=g;|s=;|P=p;|");
	rig_release(&rig);
}

struct seen {
	int n;
	int64_t min, max;
};

static void
see_queue(void *arg, struct slice topic, int32_t queue_id, int64_t min_offset, int64_t max_offset)
{
	struct seen *seen = arg;

	cr_assert(slice_is(topic, "T"));
	cr_assert_eq(queue_id, 3);
	seen->n++;
	seen->min = min_offset;
	seen->max = max_offset;
}

Test(meta, queues_are_known_without_it)
{
	struct rig rig;
	struct seen seen = { 0 };
	char path[256];
	char *why;

	rig_init(&rig);
	rig_open(&rig);
	rig_fill(&rig, &(struct sample){ .topic = "T", .queue_id = 3 }, 5);
	rig_close(&rig);
	snprintf(path, sizeof path, "%s/meta.db", rig.directory);
	remove(path);
	struct store *store = store_open(&rig.options, &why);
	store_each_queue(store, see_queue, &seen);
	store_close(store);
	cr_assert_eq(seen.n, 1);
	cr_assert_eq(seen.min, 0);
	cr_assert_eq(seen.max, 5);
	rig_release(&rig);
}

struct order {
	struct rig *rig;
	const struct outcome *outcome;
};

static void
on_first(struct meta_job *job, struct loop *reply_loop)
{
	const struct order *order = job->context;

	(void)reply_loop;
	cr_assert_eq(job->status, 0);
	cr_assert_null(order->outcome->records, "the append was committed before");
	order->rig->outstanding--;
	meta_job_free(job);
}

Test(meta, what_appends_need_is_committed_first)
{
	struct rig rig;

	rig_init(&rig);
	rig_open(&rig);
	for (int i = 0; i < 100; i++) {
		struct outcome outcome = { 0 };
		struct order order = { &rig, &outcome };
		struct meta_job *job = meta_job_new();

		meta_job_put(job, META_TOPIC, SLICE("T"), SLICE("{}"));
		job->before_appends = true;
		job->reply_loop = &rig.loop;
		job->done = on_first;
		job->context = &order;
		rig.outstanding++;
		store_meta(rig.store, job);
		rig_submit(&rig, &(struct sample){ .topic = "T" }, &outcome);
		rig_wait(&rig);
		cr_assert_eq(outcome.status, APPEND_OK);
		free(outcome.records);
	}
	rig_release(&rig);
}
