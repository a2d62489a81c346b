#include "config.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/store/store.h"
#include "common/base/clock.h"
#include "common/base/mem.h"
#include "t/lib/store_rig.h"

TestSuite(read_find, .timeout = 60);

static int32_t
count_key(struct rig *rig, const char *topic, const char *key)
{
	struct read_job *job = rig_find_key(rig, topic, key);
	int32_t n = job->n_records;

	cr_assert_eq(job->status, n > 0 ? READ_FOUND : READ_NOTHING);
	read_job_free(job);
	return n;
}

Test(read_find, a_key_is_found_right_after_its_append)
{
	struct rig rig;

	rig_init(&rig);
	rig_open(&rig);
	rig_fill(&rig, &(struct sample){ .topic = "K", .keys = "a b", .unique_key = "U1" }, 1);
	rig_fill(&rig, &(struct sample){ .topic = "K", .keys = "b b", .unique_key = "U2" }, 1);
	rig_fill(&rig, &(struct sample){ .topic = "other", .keys = "b" }, 1);
	for (int restart = 0; restart < 2; restart++) {
		cr_assert_eq(count_key(&rig, "K", "a"), 1);
		cr_assert_eq(count_key(&rig, "K", "b"), 2);
		cr_assert_eq(count_key(&rig, "K", "U1"), 1);
		cr_assert_eq(count_key(&rig, "K", "a b"), 0);
		cr_assert_eq(count_key(&rig, "K", ""), 0);
		cr_assert_eq(count_key(&rig, "none", "a"), 0);
		cr_assert_eq(count_key(&rig, "other", "b"), 1);
		rig_close(&rig);
		rig_open(&rig);
	}
	rig_release(&rig);
}

Test(read_find, keys_across_segments_come_oldest_first)
{
	struct rig rig;
	char key[32];

	rig_init(&rig);
	rig.options.segment_bytes = 100000;
	rig_open(&rig);
	for (unsigned i = 0; i < 400; i++) {
		snprintf(key, sizeof key, "k%u shared", i);
		rig_fill(&rig,
		    &(struct sample){ .topic = "K", .keys = key, .body_len = 900, .seed = i }, 1);
	}
	for (unsigned i = 0; i < 400; i += 37) {
		snprintf(key, sizeof key, "k%u", i);
		cr_assert_eq(count_key(&rig, "K", key), 1);
	}
	struct read_job *job = rig_find_key(&rig, "K", "shared");
	int64_t offset = 400 - 32;
	struct record record;

	cr_assert_eq(job->n_records, 32, "the newest 32 of all");
	for (size_t at = 0; at < job->chunk->len; at += record.size) {
		cr_assert_eq(
		    record_decode(job->chunk->data + at, job->chunk->len - at, &record), 0);
		cr_assert_eq(record.queue_offset, offset++);
	}
	read_job_free(job);
	rig_release(&rig);
}

Test(read_find, pages_of_a_key_end_where_the_last_one_began)
{
	struct rig rig;
	int64_t before = 0, offset = 200;
	struct record record;

	rig_init(&rig);
	rig.options.segment_bytes = 100000;
	rig_open(&rig);
	rig_fill(&rig, &(struct sample){ .topic = "K", .keys = "shared", .body_len = 900 }, 200);
	while (offset > 0) {
		struct read_job *job = read_key_new(SLICE("K"), SLICE("shared"), 7);

		job->by_key.before = before;
		rig_read(&rig, job);
		cr_assert_eq(job->n_records, offset < 7 ? (int32_t)offset : 7);
		cr_assert_eq(record_decode(job->chunk->data, job->chunk->len, &record), 0);
		offset -= job->n_records;
		cr_assert_eq(record.queue_offset, offset);
		before = record.position;
		read_job_free(job);
	}
	rig_release(&rig);
}

Test(read_find, a_run_of_keys_is_searched)
{
	struct rig rig;
	char key[32];

	rig_init(&rig);
	rig_open(&rig);
	struct outcome *outcomes = mem_alloc(20000 * sizeof outcomes[0]);

	for (unsigned i = 0; i < 20000; i++) {
		snprintf(key, sizeof key, "key-%u", i);
		rig_submit(&rig,
		    &(struct sample){
			.topic = "K",
			.keys = key,
			.unique_key = i % 1000 == 0 ? "same" : NULL,
		    },
		    &outcomes[i]);
	}
	rig_wait(&rig);
	for (unsigned i = 0; i < 20000; i++)
		free(outcomes[i].records);
	free(outcomes);
	for (unsigned i = 0; i < 20000; i += 997) {
		snprintf(key, sizeof key, "key-%u", i);
		cr_assert_eq(count_key(&rig, "K", key), 1, "%s", key);
	}
	cr_assert_eq(count_key(&rig, "K", "same"), 20);
	rig_release(&rig);
}

Test(read_find, a_deleted_topic_s_keys_are_gone)
{
	struct rig rig;
	struct meta_job *job = meta_job_new();

	rig_init(&rig);
	rig_open(&rig);
	rig_fill(&rig, &(struct sample){ .topic = "D", .keys = "k" }, 3);
	job->drop_topic = mem_strdup("D");
	cr_assert_eq(rig_meta(&rig, job), 0);
	cr_assert_eq(rig_queue(&rig, "D", 0), -1);
	cr_assert_eq(count_key(&rig, "D", "k"), 0);
	for (int restart = 0; restart < 2; restart++) {
		rig_fill(&rig, &(struct sample){ .topic = "D", .keys = "k" }, 1);
		cr_assert_eq(count_key(&rig, "D", "k"), 1 + restart);
		cr_assert_eq(rig_check_queue(&rig, "D", 0), 1 + restart);
		rig_close(&rig);
		rig_open(&rig);
	}
	rig_release(&rig);
}

static int64_t
offset_at(struct rig *rig, int64_t time_ms, bool upper)
{
	struct read_job *job = read_time_new(rig_queue(rig, "T", 0), time_ms, upper);

	rig_read(rig, job);
	cr_assert_eq(job->status, READ_FOUND);
	int64_t offset = job->by_time.offset;
	read_job_free(job);
	return offset;
}

/* Three messages a second, over segments, blocks and what is in no block yet. */
Test(read_find, offsets_by_time)
{
	struct rig rig;
	int64_t times[30];

	rig_init(&rig);
	rig.options.segment_bytes = 50000;
	rig_open(&rig);
	for (int i = 0; i < 30; i++) {
		struct outcome outcome;

		clock_shift_for_test(1000 * (i / 3), 0);
		outcome = rig_append(&rig, &(struct sample){ .topic = "T", .body_len = 3000 });
		times[i] = outcome.store_timestamp;
		free(outcome.records);
	}
	for (int i = 0; i < 30; i++) {
		int64_t lower = i, upper = i;

		while (lower > 0 && times[lower - 1] == times[i])
			lower--;
		while (upper < 29 && times[upper + 1] == times[i])
			upper++;
		cr_assert_eq(offset_at(&rig, times[i], false), lower);
		cr_assert_eq(offset_at(&rig, times[i], true), upper);
	}
	cr_assert_eq(offset_at(&rig, 0, false), 0, "all newer: the first");
	cr_assert_eq(offset_at(&rig, 0, true), 0, "all newer: 0");
	cr_assert_eq(offset_at(&rig, INT64_MAX, false), 30, "all older: max");
	cr_assert_eq(offset_at(&rig, INT64_MAX, true), 29, "all older: the last");
	clock_shift_for_test(0, 0);
	rig_release(&rig);
}

Test(read_find, time_in_an_unknown_queue_is_nothing)
{
	struct rig rig;
	struct read_job *job = read_time_new(17, 0, false);

	rig_init(&rig);
	rig_open(&rig);
	cr_assert_eq(rig_read(&rig, job)->status, READ_NOTHING);
	read_job_free(job);
	rig_release(&rig);
}

Test(read_find, stamps)
{
	struct rig rig;
	struct outcome outcome;

	rig_init(&rig);
	rig_open(&rig);
	rig_fill(&rig, &(struct sample){ .topic = "S" }, 5000);
	outcome = rig_append(&rig, &(struct sample){ .topic = "S" });
	int32_t queue = rig_queue(&rig, "S", 0);
	static const int64_t offsets[] = { 0, 100, 4999, 5000, 5001, -1 };

	struct stamp_query *stamps = mem_zalloc(6 * sizeof stamps[0]);

	for (size_t i = 0; i < 6; i++)
		stamps[i] = (struct stamp_query){ .queue = queue, .offset = offsets[i] };
	struct read_job *job = rig_read(&rig, read_stamps_new(stamps, 6));

	for (size_t i = 0; i < 6; i++)
		cr_assert_eq(stamps[i].timestamp != 0, offsets[i] >= 0 && offsets[i] <= 5000);
	cr_assert_eq(stamps[3].timestamp, outcome.store_timestamp);
	read_job_free(job);
	free(outcome.records);
	rig_release(&rig);
}
