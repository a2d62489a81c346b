#include "config.h"

#include "broker/store/store.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "t/lib/store_rig.h"

TestSuite(store, .timeout = 120);

static void
flush_case(enum store_flush flush)
{
	struct rig rig;

	rig_init(&rig);
	rig.options.flush = flush;
	rig_open(&rig);
	for (int i = 0; i < 5; i++) {
		struct outcome outcome =
		    rig_append(&rig, &(struct sample){ .topic = "T", .seed = (unsigned)i });

		cr_assert_eq(outcome.status, APPEND_OK);
		cr_assert_eq(outcome.queue_offset, i);
		free(outcome.records);
	}
	cr_assert_eq(rig_check_queue(&rig, "T", 0), 5);
	rig_close(&rig);
	rig_open(&rig);
	cr_assert_eq(rig_check_queue(&rig, "T", 0), 5);
	rig_fill(&rig, &(struct sample){ .topic = "T", .body_len = 1000, .seed = 7 }, 10000);
	cr_assert_eq(rig_check_queue(&rig, "T", 0), 10005);
	rig_release(&rig);
}

Test(store, what_was_appended_is_there_after_a_restart)
{
	flush_case(STORE_FLUSH_SYNC);
	flush_case(STORE_FLUSH_ASYNC);
}

Test(store, many_queues_over_many_segments)
{
	struct rig rig;
	char topic[16];

	rig_init(&rig);
	rig.options.segment_bytes = 200000;
	rig.options.tail_bytes = 100000;
	rig_open(&rig);
	for (unsigned round = 0; round < 6; round++) {
		for (int t = 0; t < 20; t++) {
			snprintf(topic, sizeof topic, "T%d", t);
			for (int q = 0; q < 4; q++)
				rig_fill(&rig,
				    &(struct sample){
					.topic = topic,
					.queue_id = q,
					.body_len = 100 + 200 * (size_t)q,
					.n = 1 + (size_t)t % 3,
					.seed = round,
				    },
				    5);
		}
		if (round % 2 == 1) {
			rig_close(&rig);
			rig_open(&rig);
		}
	}
	struct store_stats stats;
	store_get_stats(rig.store, &stats);
	cr_assert_gt(stats.n_segments, 5);
	for (int t = 0; t < 20; t++) {
		snprintf(topic, sizeof topic, "T%d", t);
		for (int q = 0; q < 4; q++)
			cr_assert_eq(rig_check_queue(&rig, topic, q), 30 * (1 + t % 3));
	}
	rig_release(&rig);
}

/* Larger than a log row, than a page, and than the tail. */
Test(store, large_records)
{
	static const size_t sizes[] = { 1, 16000, 65000, 65536, 200000, 4000000 };
	struct rig rig;

	rig_init(&rig);
	rig.options.tail_bytes = 100000;
	rig_open(&rig);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		rig_fill(&rig, &(struct sample){ .topic = "L", .body_len = sizes[i] }, 3);
	cr_assert_eq(rig_check_queue(&rig, "L", 0), 18);
	rig_release(&rig);
}

Test(store, the_bytes_of_an_append_are_those_of_the_log)
{
	struct rig rig;
	struct outcome outcome;

	rig_init(&rig);
	rig_open(&rig);
	rig_fill(&rig, &(struct sample){ .topic = "B" }, 3);
	outcome = rig_append(&rig, &(struct sample){ .topic = "B", .tags = "a", .n = 4 });
	cr_assert_eq(outcome.queue_offset, 3);
	for (int64_t at = 0, i = 0; at < outcome.size; i++) {
		struct read_job *job = read_position_new(outcome.position + at);
		char *expected = outcome.records + at;

		rig_read(&rig, job);
		cr_assert_eq(job->status, READ_FOUND);
		record_place(
		    expected, outcome.queue_offset + i, job->position, outcome.store_timestamp);
		cr_assert_eq(memcmp(expected, job->chunk->data, job->chunk->len), 0);
		at += (int64_t)job->chunk->len;
		/* Any other position is no record. */
		job->position++;
		chunk_unref(job->chunk);
		job->chunk = NULL;
		rig_read(&rig, job);
		cr_assert_eq(job->status, READ_NOTHING);
		read_job_free(job);
	}
	free(outcome.records);
	rig_release(&rig);
}

Test(store, a_cancelled_append_is_not_stored)
{
	struct rig rig;
	struct outcome outcomes[3];

	rig_init(&rig);
	rig_open(&rig);
	rig_submit(&rig, &(struct sample){ .topic = "C" }, &outcomes[0]);
	/* Nothing leaves the loop before the turn ends: this one is in time. */
	cr_assert(append_cancel(rig_submit(&rig, &(struct sample){ .topic = "C" }, &outcomes[1])));
	rig_submit(&rig, &(struct sample){ .topic = "C" }, &outcomes[2]);
	rig_wait(&rig);
	cr_assert_eq(outcomes[0].status, APPEND_OK);
	cr_assert_eq(outcomes[1].status, APPEND_CANCELLED);
	cr_assert_eq(outcomes[2].status, APPEND_OK);
	cr_assert_eq(outcomes[2].queue_offset, 1);
	for (int i = 0; i < 3; i++)
		free(outcomes[i].records);
	cr_assert_eq(rig_check_queue(&rig, "C", 0), 2);
	rig_release(&rig);
}

Test(store, it_is_busy_when_too_much_waits)
{
	struct rig rig;
	struct outcome outcome;

	rig_init(&rig);
	rig.options.queued_bytes = 1000;
	rig_open(&rig);
	cr_assert_not(store_is_busy(rig.store));
	rig_submit(&rig, &(struct sample){ .topic = "C", .body_len = 2000 }, &outcome);
	cr_assert(store_is_busy(rig.store));
	rig_wait(&rig);
	cr_assert_not(store_is_busy(rig.store));
	free(outcome.records);
	rig_release(&rig);
}

static void
is_refused(struct rig *rig, const char *with)
{
	char *why = rig_refusal(rig);

	cr_assert_not_null(why);
	cr_assert_not_null(strstr(why, with), "%s", why);
	free(why);
}

Test(store, a_locked_store_names_its_holder)
{
	struct rig rig;
	char pid[32];

	rig_init(&rig);
	rig_open(&rig);
	snprintf(pid, sizeof pid, "process %d", (int)getpid());
	is_refused(&rig, pid);
	rig_release(&rig);
}

static void
run_sql(const char *path, const char *text)
{
	sqlite3 *db;

	cr_assert_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
	cr_assert_eq(sqlite3_close(db), SQLITE_OK);
}

static char *
first_segment(const struct rig *rig)
{
	char *path = mem_alloc(strlen(rig->directory) + 64);

	sprintf(path, "%s/log/%020d.db", rig->directory, 0);
	return path;
}

Test(store, a_newer_one_is_refused)
{
	static const char *const changes[] = {
		"UPDATE info SET value = 99 WHERE name = 'schema_version'",
		"UPDATE info SET value = 99 WHERE name = 'record_version'",
	};

	for (size_t i = 0; i < 2; i++) {
		struct rig rig;

		rig_init(&rig);
		rig_open(&rig);
		rig_close(&rig);
		char *path = first_segment(&rig);
		run_sql(path, changes[i]);
		is_refused(&rig, "newer version");
		free(path);
		rig_release(&rig);
	}
}

Test(store, a_newer_meta_is_refused)
{
	struct rig rig;
	char path[256];

	rig_init(&rig);
	rig_open(&rig);
	rig_close(&rig);
	snprintf(path, sizeof path, "%s/meta.db", rig.directory);
	run_sql(path, "PRAGMA user_version = 99");
	is_refused(&rig, "newer version");
	rig_release(&rig);
}

Test(store, a_path_that_cannot_be_made_is_refused)
{
	struct rig rig;

	rig_init(&rig);
	rig.options.path = "/proc/no/such";
	is_refused(&rig, "/proc/no");
	rig_release(&rig);
}

/* A child appends and tells what was acknowledged; it is killed; all of that must be there. */
static void
kill_case(unsigned round)
{
	struct rig rig;
	int pipes[2];
	int32_t acknowledged[4] = { 0 };

	rig_init(&rig);
	rig.options.segment_bytes = 300000;
	rig.options.flush = round % 2 ? STORE_FLUSH_SYNC : STORE_FLUSH_ASYNC;
	for (int life = 0; life < 3; life++) {
		cr_assert_eq(pipe(pipes), 0);
		pid_t child = fork();
		if (child == 0) {
			loop_init(&rig.loop, 0);
			rig_open(&rig);
			for (unsigned i = 0;; i++) {
				int32_t queue = (int32_t)(i % 4);
				struct sample sample = {
					.topic = "K", .queue_id = queue, .body_len = 500, .seed = i
				};
				struct outcome outcomes[16];

				for (size_t k = 0; k < 16; k++)
					rig_submit(&rig, &sample, &outcomes[k]);
				rig_wait(&rig);
				for (size_t k = 0; k < 16; k++)
					free(outcomes[k].records);
				if (write(pipes[1], &queue, sizeof queue) != sizeof queue)
					_exit(1);
			}
		}
		close(pipes[1]);
		unsigned wanted = 1 + (round * 7 + (unsigned)life * 13) % 60;
		int32_t queue;
		for (unsigned n = 0; n < wanted && read(pipes[0], &queue, sizeof queue) > 0; n++)
			acknowledged[queue] += 16;
		usleep(round * 700);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		while (read(pipes[0], &queue, sizeof queue) > 0)
			acknowledged[queue] += 16;
		close(pipes[0]);
	}
	rig_open(&rig);
	for (int32_t queue = 0; queue < 4; queue++)
		cr_assert_geq(rig_check_queue(&rig, "K", queue), acknowledged[queue]);
	rig_release(&rig);
}

Test(store, kill_loses_nothing_acknowledged)
{
	for (unsigned round = 0; round < 8; round++)
		kill_case(round);
}
