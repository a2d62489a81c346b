#include "config.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "broker/store/store.h"
#include "common/base/clock.h"
#include "common/base/wire.h"
#include "t/lib/store_rig.h"

TestSuite(read_log, .timeout = 60);

static int64_t
log_end(struct rig *rig)
{
	struct store_stats stats;

	store_get_stats(rig->store, &stats);
	return stats.max_position;
}

static bool
begins_later(struct rig *rig)
{
	struct store_stats stats;

	store_expire(rig->store, clock_wall_ms() + 1000);
	store_get_stats(rig->store, &stats);
	return stats.min_position > 0;
}

/* Follows the log from a position to its end; answers the number of records. */
static int64_t
follow(struct rig *rig, int64_t position, size_t max_bytes)
{
	int64_t n = 0, end = log_end(rig);

	while (position < end) {
		struct read_job *job = rig_read(rig, read_log_new(position, max_bytes));
		struct record record;
		size_t at = 0;

		cr_assert_eq(job->status, READ_FOUND, "position %lld", (long long)position);
		cr_assert_eq(job->chunk->position, position);
		for (; at < job->chunk->len; at += record.size, n++) {
			cr_assert_eq(
			    record_decode(job->chunk->data + at, job->chunk->len - at, &record), 0);
			cr_assert_eq(record.position, position + (int64_t)at);
			cr_assert(record_check(&record));
		}
		cr_assert(job->chunk->len <= max_bytes || at == record.size);
		position += (int64_t)at;
		cr_assert_eq(job->in_log.next_position, position);
		read_job_free(job);
	}
	cr_assert_eq(position, end);
	return n;
}

static void
fill(struct rig *rig)
{
	for (unsigned i = 0; i < 40; i++) {
		rig_fill(rig, &(struct sample){ .topic = "T", .body_len = 100 * i, .seed = i }, 20);
		rig_fill(rig, &(struct sample){ .topic = "U", .n = 3, .queue_id = 1 }, 2);
	}
	rig_fill(rig, &(struct sample){ .topic = "T", .body_len = 300000 }, 1);
	rig_fill(rig, &(struct sample){ .topic = "T" }, 1);
}

Test(read_log, all_records_follow_each_other)
{
	struct rig rig;

	rig_init(&rig);
	rig.options.segment_bytes = 200000;
	rig_open(&rig);
	fill(&rig);
	cr_assert_eq(follow(&rig, 0, 1), 1042);
	cr_assert_eq(follow(&rig, 0, 5000), 1042);
	cr_assert_eq(follow(&rig, 0, 256 << 10), 1042);
	rig_until(&rig, rig_first_is_sealed);
	cr_assert_eq(follow(&rig, 0, 5000), 1042);
	rig_close(&rig);
	rig_open(&rig);
	cr_assert_eq(follow(&rig, 0, 256 << 10), 1042);
	rig_release(&rig);
}

Test(read_log, nothing_where_no_record_begins)
{
	struct rig rig;

	rig_init(&rig);
	rig_open(&rig);
	struct read_job *job = rig_read(&rig, read_log_new(0, 1000));
	cr_assert_eq(job->status, READ_NOTHING, "the log is empty");
	read_job_free(job);
	rig_fill(&rig, &(struct sample){ .topic = "T" }, 3);
	const int64_t wrong[] = { 1, 8, log_end(&rig), log_end(&rig) + 1, INT64_MAX, -1 };

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		job = rig_read(&rig, read_log_new(wrong[i], 1000));
		cr_assert_eq(job->status, READ_NOTHING, "%lld", (long long)wrong[i]);
		cr_assert_null(job->chunk);
		read_job_free(job);
	}
	rig_release(&rig);
}

Test(read_log, what_expired_is_nothing)
{
	struct rig rig;
	struct store_stats stats;

	rig_init(&rig);
	rig.options.segment_bytes = 60000;
	rig_open(&rig);
	for (unsigned i = 0; i < 40; i++)
		rig_fill(&rig, &(struct sample){ .topic = "T", .body_len = 3000, .seed = i }, 3);
	rig_until(&rig, begins_later);
	struct read_job *job = rig_read(&rig, read_log_new(0, 1000));
	cr_assert_eq(job->status, READ_NOTHING);
	read_job_free(job);
	store_get_stats(rig.store, &stats);
	cr_assert_gt(follow(&rig, stats.min_position, 10000), 0);
	rig_release(&rig);
}

Test(read_log, tags_of_the_stretch_come_along)
{
	struct rig rig;
	struct outcome outcomes[3];

	rig_init(&rig);
	rig_open(&rig);
	for (int i = 0; i < 3; i++)
		append_set_tag_hash(
		    rig_submit(&rig, &(struct sample){ .topic = "T", .n = 2 }, &outcomes[i]),
		    70 + i);
	rig_wait(&rig);
	rig_fill(&rig, &(struct sample){ .topic = "T", .tags = "a" }, 1);
	struct read_job *job = rig_read(&rig, read_log_new(0, 100000));
	cr_assert_eq(job->n_records, 7);
	cr_assert_eq(job->in_log.n_tags, 6);
	cr_assert_eq(job->in_log.tags[2].position, outcomes[1].position);
	cr_assert_eq(job->in_log.tags[2].hash, 71);
	read_job_free(job);
	job = rig_read(&rig, read_log_new(outcomes[2].position, 1));
	cr_assert_eq(job->in_log.n_tags, 1);
	cr_assert_eq(job->in_log.tags[0].hash, 72);
	read_job_free(job);
	for (int i = 0; i < 3; i++)
		free(outcomes[i].records);
	rig_release(&rig);
}

/* The store of a broker that followed an Apache master. */
Test(read_log, a_blank_comes_alone)
{
	char bytes[RECORD_BLANK_BYTES];

	be32_put(bytes, 1000);
	be32_put(bytes + 4, RECORD_MAGIC_BLANK);
	cr_assert(record_is_blank((struct slice){ bytes, sizeof bytes }));
	cr_assert_not(record_is_blank((struct slice){ bytes, sizeof bytes - 1 }));
	be32_put(bytes + 4, RECORD_MAGIC_V1);
	cr_assert_not(record_is_blank((struct slice){ bytes, sizeof bytes }));
}
