#include "config.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/store/store.h"
#include "common/base/clock.h"
#include "common/base/mem.h"
#include "t/lib/store_rig.h"

TestSuite(expire, .timeout = 60);

static int64_t
n_segments(struct rig *rig)
{
	struct store_stats stats;

	store_get_stats(rig->store, &stats);
	return stats.n_segments;
}

static int
n_files(const struct rig *rig)
{
	char path[256];
	int n = 0;

	snprintf(path, sizeof path, "%s/log", rig->directory);
	DIR *dir = opendir(path);
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
		if (strstr(entry->d_name, ".db") != NULL && entry->d_name[0] == '0' &&
		    strlen(entry->d_name) == 23)
			n++;
	closedir(dir);
	return n;
}

/* Asks again: what was not sealed yet had to stay. */
static bool
only_the_live_one(struct rig *rig)
{
	store_expire(rig->store, clock_wall_ms() + 1000);
	return n_segments(rig) == 1 && n_files(rig) == 1;
}

static bool
begins_later(struct rig *rig)
{
	struct store_stats stats;

	store_get_stats(rig->store, &stats);
	return stats.min_position > 0;
}

static void
open_small(struct rig *rig)
{
	rig_init(rig);
	rig->options.segment_bytes = 60000;
	rig->options.tail_bytes = 1;
	rig_open(rig);
}

/* Two topics: one that goes on, one that fell silent early. */
static void
fill(struct rig *rig)
{
	rig_fill(rig, &(struct sample){ .topic = "silent", .body_len = 1000 }, 10);
	for (unsigned i = 0; i < 40; i++)
		rig_fill(rig, &(struct sample){ .topic = "T", .body_len = 3000, .seed = i }, 5);
}

static void
check_bounds(struct rig *rig)
{
	struct tail_queue *queue = tail_find(rig->tail, SLICE("T"), 0);
	struct tail_queue *silent = tail_find(rig->tail, SLICE("silent"), 0);

	cr_assert_eq(queue->max_offset, 200);
	cr_assert_gt(queue->min_offset, 100);
	cr_assert_eq(rig_check_queue(rig, "T", 0), 200 - queue->min_offset);
	cr_assert_eq(silent->max_offset, 10);
	cr_assert_eq(silent->min_offset, 10);
	struct read_job *job = rig_pull(rig, queue->number, queue->min_offset - 1, 10);
	cr_assert_eq(job->status, READ_NOTHING, "%d", job->status);
	read_job_free(job);
}

Test(expire, what_is_old_goes_and_queues_begin_later)
{
	struct rig rig;
	struct store_stats stats;

	open_small(&rig);
	fill(&rig);
	cr_assert_gt(n_segments(&rig), 5);
	rig_until(&rig, only_the_live_one);
	check_bounds(&rig);
	store_get_stats(rig.store, &stats);
	cr_assert_gt(stats.min_position, 0);
	cr_assert_gt(stats.earliest_ms, 0);
	rig_close(&rig);
	rig_open(&rig);
	check_bounds(&rig);
	struct outcome outcome = rig_append(&rig, &(struct sample){ .topic = "silent" });
	cr_assert_eq(outcome.queue_offset, 10);
	free(outcome.records);
	rig_release(&rig);
}

Test(expire, what_is_young_stays)
{
	struct rig rig;

	open_small(&rig);
	fill(&rig);
	int64_t n = n_segments(&rig);
	rig_until(&rig, rig_first_is_sealed);
	store_expire(rig.store, clock_wall_ms() - 3600000);
	store_expire_oldest(rig.store);
	/* Requests are done in order: when the second one shows, the first was. */
	rig_until(&rig, begins_later);
	cr_assert_eq(n_segments(&rig), n - 1);
	rig_release(&rig);
}

Test(expire, age_is_known_after_a_restart)
{
	struct rig rig;

	open_small(&rig);
	fill(&rig);
	rig_close(&rig);
	rig_open(&rig);
	rig_until(&rig, only_the_live_one);
	check_bounds(&rig);
	rig_release(&rig);
}

Test(expire, the_live_segment_stays)
{
	struct rig rig;

	rig_init(&rig);
	rig_open(&rig);
	rig_fill(&rig, &(struct sample){ .topic = "T" }, 3);
	for (int i = 0; i < 3; i++)
		store_expire_oldest(rig.store);
	rig_close(&rig);
	rig_open(&rig);
	cr_assert_eq(rig_check_queue(&rig, "T", 0), 3);
	rig_release(&rig);
}

Test(expire, a_topic_dropped_and_made_again_across_segments)
{
	struct rig rig;

	open_small(&rig);
	for (int round = 0; round < 4; round++) {
		struct meta_job *job = meta_job_new();

		fill(&rig);
		cr_assert_eq(rig_check_queue(&rig, "T", 0), 200);
		if (round == 1) {
			rig_close(&rig);
			rig_open(&rig);
		}
		job->drop_topic = mem_strdup("T");
		cr_assert_eq(rig_meta(&rig, job), 0);
		cr_assert_null(tail_find(rig.tail, SLICE("T"), 0));
		if (round == 2) {
			rig_close(&rig);
			rig_open(&rig);
			cr_assert_null(tail_find(rig.tail, SLICE("T"), 0));
		}
	}
	cr_assert_eq(rig_check_queue(&rig, "silent", 0), 40);
	rig_release(&rig);
}
