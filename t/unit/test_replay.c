#include "config.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/store/store.h"
#include "common/base/mem.h"
#include "t/lib/store_rig.h"

TestSuite(replay, .timeout = 60);

static char *
segment_path(const struct rig *rig, int64_t position, const char *suffix)
{
	char path[256];

	snprintf(
	    path, sizeof path, "%s/log/%020lld.db%s", rig->directory, (long long)position, suffix);
	return mem_strdup(path);
}

/* A byte of the n-th body in the first segment, which is sealed. */
static void
flip_body(struct rig *rig, const char *body)
{
	char *path = segment_path(rig, 0, "");
	int fd = open(path, O_RDWR);
	off_t size = lseek(fd, 0, SEEK_END);
	char *data = mem_alloc((size_t)size);

	cr_assert_eq(pread(fd, data, (size_t)size, 0), size);
	char *at = memmem(data, (size_t)size, body, 60);
	cr_assert_not_null(at);
	at[30] ^= 1;
	cr_assert_eq(pwrite(fd, at, 60, at - data), 60);
	close(fd);
	free(data);
	free(path);
}

#define MIDDLE 5 /* one of the first segment's */

/* A store that is closed, its first segment sealed. What came of the MIDDLE one; the caller frees
 * its records. */
static struct outcome
fill_and_close(struct rig *rig, size_t body_len)
{
	struct outcome middle = { 0 };

	rig_init(rig);
	rig->options.segment_bytes = 400000;
	rig_open(rig);
	for (unsigned i = 0; i < 200; i++) {
		struct outcome outcome = rig_append(
		    rig, &(struct sample){ .topic = "T", .body_len = body_len, .seed = i });
		struct record record;

		cr_assert_eq(record_decode(outcome.records, outcome.size, &record), 0);
		if (i == MIDDLE)
			middle = outcome;
		else
			free(outcome.records);
	}
	rig_until(rig, rig_first_is_sealed);
	rig_close(rig);
	return middle;
}

Test(replay, a_corrupt_record_is_named_and_never_returned)
{
	struct rig rig;
	struct read_job *job;
	struct outcome middle = fill_and_close(&rig, 1000);
	struct record record;

	record_decode(middle.records, middle.size, &record);
	flip_body(&rig, record.body.data);
	free(middle.records);
	rig_open(&rig);

	int32_t queue = rig_queue(&rig, "T", 0);
	job = rig_pull(&rig, queue, 0, 100);
	cr_assert_eq(job->status, READ_FOUND);
	cr_assert_eq(job->n_records, 5);
	cr_assert_eq(job->in_queue.next_offset, 5);
	read_job_free(job);
	job = rig_pull(&rig, queue, 5, 100);
	cr_assert_eq(job->status, READ_CORRUPT);
	cr_assert_eq(job->n_records, 0);
	cr_assert_eq(job->in_queue.next_offset, 6, "who asks may go on behind it");
	read_job_free(job);
	job = rig_pull(&rig, queue, 6, 100);
	cr_assert_eq(job->status, READ_FOUND);
	read_job_free(job);
	job = read_position_new(middle.position);
	cr_assert_eq(rig_read(&rig, job)->status, READ_CORRUPT);
	read_job_free(job);
	rig_release(&rig);
}

/* The row at the position, in the first segment, which is sealed. */
static void
spoil_row(struct rig *rig, int64_t position)
{
	char *path = segment_path(rig, 0, ""), text[100];
	sqlite3 *db;

	snprintf(
	    text, sizeof text, "UPDATE log SET records = 5 WHERE pos = %lld", (long long)position);
	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	cr_assert_eq(sqlite3_changes(db), 1);
	sqlite3_close(db);
	free(path);
}

static enum read_status
pull_one(struct rig *rig, int64_t offset)
{
	struct read_job *job = rig_pull(rig, rig_queue(rig, "T", 0), offset, 1);
	enum read_status status = job->status;

	read_job_free(job);
	return status;
}

Test(replay, a_row_that_cannot_be_read_hides_no_other)
{
	struct rig rig;
	struct outcome middle = fill_and_close(&rig, 3000);

	free(middle.records);
	spoil_row(&rig, middle.position);
	rig_open(&rig);
	for (int round = 0; round < 8; round++) { /* whichever reader it is */
		cr_assert_eq(pull_one(&rig, MIDDLE - 1), READ_FOUND);
		cr_assert_eq(pull_one(&rig, MIDDLE), READ_FAILED);
	}
	cr_assert_eq(pull_one(&rig, MIDDLE + 1), READ_FOUND);
	rig_release(&rig);
}

/* As a power cut under ASYNC_FLUSH leaves a closed segment: its end is lost, its successors are
 * not. */
static void
lose_end(struct rig *rig, int64_t first)
{
	char *path = segment_path(rig, first, "");
	sqlite3 *db;

	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	cr_assert_eq(sqlite3_exec(db, "DELETE FROM log WHERE pos = (SELECT max(pos) FROM log)",
			 NULL, NULL, NULL),
	    SQLITE_OK);
	/* The index of what is gone is gone too: it came behind it. */
	cr_assert_eq(sqlite3_exec(db,
			 "DELETE FROM queue; DELETE FROM key;"
			 "UPDATE info SET value = (SELECT value FROM info WHERE name = 'first')"
			 " WHERE name IN ('indexed', 'keyed')",
			 NULL, NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(db);
	free(path);
}

Test(replay, what_lies_behind_a_hole_is_set_aside)
{
	struct rig rig;

	rig_init(&rig);
	rig.options.segment_bytes = 400000;
	rig_open(&rig);
	for (unsigned i = 0; i < 150; i++)
		rig_fill(&rig, &(struct sample){ .topic = "T", .body_len = 1000, .seed = i }, 1);
	rig_until(&rig, rig_first_is_sealed);
	rig_close(&rig);
	lose_end(&rig, 0);
	rig_open(&rig);
	int64_t n = rig_check_queue(&rig, "T", 0);
	cr_assert_gt(n, 5);
	cr_assert_lt(n, 100);
	/* The next message follows at once, and survives. */
	struct outcome outcome = rig_append(&rig, &(struct sample){ .topic = "T" });
	cr_assert_eq(outcome.queue_offset, n);
	free(outcome.records);
	rig_close(&rig);
	rig_open(&rig);
	cr_assert_eq(rig_check_queue(&rig, "T", 0), n + 1);
	rig_release(&rig);
}

Test(replay, a_segment_that_was_never_used_is_removed)
{
	struct rig rig;

	rig_init(&rig);
	rig_open(&rig);
	rig_fill(&rig, &(struct sample){ .topic = "T" }, 3);
	rig_close(&rig);
	char *path = segment_path(&rig, 999999, "");
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	close(fd);
	rig_open(&rig);
	cr_assert_eq(access(path, F_OK), -1);
	cr_assert_eq(rig_check_queue(&rig, "T", 0), 3);
	free(path);
	rig_release(&rig);
}

Test(replay, a_file_that_is_no_segment_is_refused)
{
	struct rig rig;

	rig_init(&rig);
	rig_open(&rig);
	rig_close(&rig);
	char *path = segment_path(&rig, 999999, "");
	FILE *file = fopen(path, "w");
	fputs("this is no database, whatever its name says", file);
	fclose(file);
	char *why = rig_refusal(&rig);
	cr_assert_not_null(why);
	cr_assert_not_null(strstr(why, path), "%s", why);
	free(why);
	free(path);
	rig_release(&rig);
}

/* A pull with a filter, from a store that died before it wrote blocks. */
/* Damage that SQLite does not see: the store is refused, with the file. */
static void
refused_after(const char *damage, const char *expected)
{
	struct rig rig;
	sqlite3 *db;

	rig_init(&rig);
	rig_open(&rig);
	for (unsigned i = 0; i < 20; i++)
		rig_fill(&rig, &(struct sample){ .topic = "T", .seed = i }, 1);
	rig_close(&rig);
	char *path = segment_path(&rig, 0, "");
	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, damage, NULL, NULL, NULL), SQLITE_OK, "%s", damage);
	cr_assert_gt(sqlite3_changes(db), 0, "%s", damage);
	sqlite3_close(db);
	char *why = rig_refusal(&rig);
	cr_assert_not_null(why, "%s", damage);
	cr_assert_not_null(strstr(why, path), "%s", why);
	cr_assert_not_null(strstr(why, expected), "%s", why);
	free(why);
	free(path);
	rig_release(&rig);
}

Test(replay, damage_is_refused_wherever_it_is)
{
	refused_after("UPDATE queue SET entries = substr(entries, 1, length(entries) - 3)",
	    "corrupt in table queue");
	refused_after("UPDATE queue SET entries = x'00'", "corrupt in table queue");
	refused_after("UPDATE bounds SET number = -7", "corrupt in table bounds at row -7");
	refused_after("UPDATE bounds SET first = next + 1", "corrupt in table bounds");
	refused_after(
	    "UPDATE info SET value = 0 WHERE name = 'halves';"
	    "DELETE FROM log WHERE pos = (SELECT pos FROM log ORDER BY pos LIMIT 1 OFFSET 7)",
	    "corrupt in table log");
	refused_after("UPDATE info SET value = 0 WHERE name = 'halves';"
		      "UPDATE log SET records = '' WHERE pos = (SELECT max(pos) FROM log)",
	    "corrupt in table log");
	refused_after("DELETE FROM info WHERE name = 'indexed'", "no index positions");
}

Test(replay, own_tag_hashes_survive)
{
	struct rig rig;
	pid_t child;
	static const int32_t code = 4711;

	rig_init(&rig);
	child = fork();
	if (child == 0) {
		struct outcome outcomes[3];

		loop_init(&rig.loop, 0);
		rig_open(&rig);
		for (int i = 0; i < 3; i++) {
			struct append *append = rig_submit(
			    &rig, &(struct sample){ .topic = "T", .tags = "A" }, &outcomes[i]);

			if (i == 1)
				append_set_tag_hash(append, code);
		}
		rig_wait(&rig);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	rig_open(&rig);
	struct read_job *job = read_queue_new(rig_queue(&rig, "T", 0), 0,
	    &(struct pull_limits){
		.max_messages = 32,
		.max_bytes = 1 << 20,
		.tag_codes = &code,
		.n_tag_codes = 1,
	    });

	rig_read(&rig, job);
	cr_assert_eq(job->status, READ_FOUND);
	cr_assert_eq(job->n_records, 1);
	cr_assert_eq(job->in_queue.next_offset, 3);
	read_job_free(job);
	rig_release(&rig);
}

#define MANY_QUEUES 700
#define PER_QUEUE 9

/* More than a flush of few queues takes, and all too thin to be worth rows. */
static void
fill_many(struct rig *rig)
{
	for (unsigned i = 0; i < PER_QUEUE * MANY_QUEUES; i += 100) {
		static struct outcome outcomes[100];

		for (unsigned k = i; k < i + 100; k++)
			rig_submit(rig,
			    &(struct sample){ .topic = "T",
				.queue_id = (int32_t)(k % MANY_QUEUES),
				.seed = k / MANY_QUEUES },
			    &outcomes[k - i]);
		rig_wait(rig);
		for (unsigned k = 0; k < 100; k++)
			free(outcomes[k].records);
	}
}

static void
check_many(struct rig *rig)
{
	for (int32_t q = 0; q < MANY_QUEUES; q += 23)
		cr_assert_eq(rig_check_queue(rig, "T", q), PER_QUEUE, "queue %d", q);
}

static int64_t
count_blocks(const struct rig *rig)
{
	char *path = segment_path(rig, 0, "");
	sqlite3 *db;
	sqlite3_stmt *statement;

	cr_assert_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	cr_assert_eq(
	    sqlite3_prepare_v2(db, "SELECT count(*) FROM queue", -1, &statement, NULL), SQLITE_OK);
	cr_assert_eq(sqlite3_step(statement), SQLITE_ROW);
	int64_t n = sqlite3_column_int64(statement, 0);

	sqlite3_finalize(statement);
	sqlite3_close(db);
	free(path);
	return n;
}

/* What waits for its blocks is found while they are not there, after a kill, and after a stop. */
Test(replay, thin_queues_wait_for_their_blocks)
{
	struct rig rig;
	pid_t child;

	rig_init(&rig);
	rig.options.tail_bytes = 10000;
	child = fork();
	if (child == 0) {
		loop_init(&rig.loop, 0);
		rig_open(&rig);
		fill_many(&rig);
		check_many(&rig);
		_exit(0);
	}
	int status = -1;

	waitpid(child, &status, 0);
	cr_assert_eq(status, 0);
	cr_assert_eq(count_blocks(&rig), 0);
	rig_open(&rig);
	cr_assert_eq(count_blocks(&rig), MANY_QUEUES, "one row for each, in one flush");
	check_many(&rig);
	fill_many(&rig);
	rig_close(&rig);
	rig_open(&rig);
	for (int32_t q = 0; q < MANY_QUEUES; q += 23)
		cr_assert_eq(rig_check_queue(&rig, "T", q), 2 * PER_QUEUE, "queue %d", q);
	rig_release(&rig);
}
