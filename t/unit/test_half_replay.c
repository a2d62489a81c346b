#include "config.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "t/lib/half_rig.h"
#include "t/lib/vfs_fault.h"

/* What a start makes of the half messages that the last run left, however it ended. */
TestSuite(half_replay, .timeout = 240);

static void
check(struct rig *rig)
{
	char *why = half_check(rig);

	cr_assert_null(why, "%s", why);
}

/* A run in a process of its own, that ends as kill -9 would end it. */
static void
killed_run(struct rig *rig, void (*run)(struct rig *rig, int arg), int arg)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		loop_init(&rig->loop, 0);
		rig_open(rig);
		run(rig, arg);
		_exit(0);
	}
	waitpid(child, &status, 0);
	cr_assert_eq(status, 0);
}

static unsigned
next_random(unsigned *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 16;
}

/* Something that may be done to it or not, as it turns out. */
static struct half_change
random_change(struct half *half, unsigned *seed)
{
	struct half_change change = {
		.op = HALF_COMMIT + (enum half_op)(next_random(seed) % 6),
		.position = half->position,
		.due_in_ms = 60000,
	};

	if (change.op == HALF_RESUME)
		half->n_asked = 0;
	if (change.op == HALF_ASK)
		half->n_asked++;
	change.revocable = change.op == HALF_ROLLBACK && next_random(seed) % 2 == 0;
	return change;
}

/* n ops at random on what is there and what comes. */
static void
act_at_random(struct rig *rig, int n, unsigned seed)
{
	struct half_outcome outcome;
	size_t n_halves;
	struct half *halves = half_list(rig, &n_halves), none = { 0 };

	for (int i = 0; i < n; i++) {
		struct half *half = &none;
		struct half_change change = { .op = HALF_STORE, .due_in_ms = 60000 };

		if (n_halves != 0 && next_random(&seed) % 3 != 0) {
			half = &halves[next_random(&seed) % n_halves];
			change = random_change(half, &seed);
		}
		half_submit(rig, &change, half->n_asked, &outcome);
		if (next_random(&seed) % 4 == 0)
			rig_wait(rig);
	}
	rig_wait(rig);
	free(halves);
}

static void
run_at_random(struct rig *rig, int seed)
{
	act_at_random(rig, 60, (unsigned)seed);
	/* Half of the runs live long enough for blocks and rows of meta.db to be written. */
	if (seed % 4 == 0)
		usleep(1200000);
	act_at_random(rig, 20, (unsigned)seed + 1000);
}

Test(half_replay, killed_again_and_again)
{
	struct rig rig;

	rig_init(&rig);
	rig.options.segment_bytes = 100000;
	for (int seed = 0; seed < 24; seed++) {
		killed_run(&rig, run_at_random, seed);
		rig_open(&rig);
		check(&rig);
		rig_close(&rig);
	}
	rig_release(&rig);
}

/* ---- one step after the other ---------------------------------------- */

/* A half message's whole life; a kill comes after each step. */
static const enum half_op life[] = { HALF_STORE, HALF_ASK, HALF_ASK, HALF_PARK, HALF_RESUME,
	HALF_ASK, HALF_ROLLBACK, HALF_OVERRIDE };
static const enum half_state states[] = { HALF_OPEN, HALF_OPEN, HALF_OPEN, HALF_PARKED, HALF_OPEN,
	HALF_OPEN, HALF_REVOCABLE, HALF_NONE };
static const int asked[] = { 0, 1, 2, 2, 0, 1, 1, 0 };

#define N_STEPS (sizeof life / sizeof *life)

static void
run_step(struct rig *rig, int step)
{
	struct half_change change = {
		.op = life[step],
		.due_in_ms = 60000,
		.revocable = life[step] == HALF_ROLLBACK,
	};

	if (half_change(rig, &change).status != APPEND_OK)
		_exit(1);
}

Test(half_replay, killed_after_each_step)
{
	struct rig rig;

	rig_init(&rig);
	for (size_t step = 0; step < N_STEPS; step++) {
		killed_run(&rig, run_step, (int)step);
		rig_open(&rig);
		check(&rig);
		struct half half = half_find(&rig, 0);
		cr_assert_eq(half.state, states[step], "step %zu: state %d", step, half.state);
		if (half.state == HALF_OPEN)
			cr_assert_eq(half.n_asked, asked[step], "step %zu", step);
		rig_close(&rig);
	}
	rig_open(&rig);
	cr_assert_eq(half_deliveries(&rig, 0), 1);
	rig_release(&rig);
}

/* ---- without meta.db, and after a power cut ----------------------------- */

static void
remove_meta(const struct rig *rig)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	char path[256];

	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s/meta.db%s", rig->directory, suffixes[i]);
		unlink(path);
	}
}

Test(half_replay, rows_that_are_lost_come_back_from_the_log)
{
	struct rig rig;

	rig_init(&rig);
	rig.options.segment_bytes = 100000;
	rig_open(&rig);
	act_at_random(&rig, 300, 1);
	act_at_random(&rig, 300, 2);
	rig_close(&rig);
	remove_meta(&rig);
	rig_open(&rig);
	check(&rig);
	rig_release(&rig);
}

static void
power_case(enum store_flush flush, unsigned seed)
{
	struct store_stats before, after;
	struct rig rig;

	vfs_fault_register();
	rig_init(&rig);
	rig.options.vfs = "fault";
	rig.options.flush = flush;
	rig.options.segment_bytes = 60000;
	rig.options.flush_interval_ms = seed % 2 ? 1 : 100000;
	rig_open(&rig);
	act_at_random(&rig, 50, seed);
	rig_close(&rig);
	vfs_fault_track();
	rig_open(&rig);
	act_at_random(&rig, 100, seed + 100);
	if (seed % 3 == 0)
		usleep(1100000);
	act_at_random(&rig, 100, seed + 200);
	store_get_stats(rig.store, &before);
	vfs_fault_plan(FAULT_WRITE, 1, true, SQLITE_IOERR_WRITE);
	vfs_fault_plan(FAULT_SYNC, 1, true, SQLITE_IOERR_FSYNC);
	rig_close(&rig);
	vfs_fault_cut(seed);
	vfs_fault_plan(FAULT_WRITE, 0, false, 0);
	vfs_fault_plan(FAULT_SYNC, 0, false, 0);
	rig_open(&rig);
	store_get_stats(rig.store, &after);
	cr_assert_leq(after.max_position, before.max_position);
	if (flush == STORE_FLUSH_SYNC)
		cr_assert_eq(after.max_position, before.max_position);
	check(&rig);
	act_at_random(&rig, 100, seed + 300);
	check(&rig);
	rig_close(&rig);
	rig_open(&rig);
	check(&rig);
	rig_release(&rig);
}

Test(half_replay, power_cuts)
{
	for (unsigned seed = 0; seed < 6; seed++) {
		power_case(STORE_FLUSH_SYNC, seed);
		power_case(STORE_FLUSH_ASYNC, seed);
	}
}

/* ---- age and number --------------------------------------------------- */

static void
fill(struct rig *rig)
{
	for (unsigned i = 0; i < 40; i++)
		rig_fill(rig, &(struct sample){ .topic = "fill", .body_len = 3000, .seed = i }, 5);
}

Test(half_replay, decided_segments_later)
{
	struct rig rig;

	rig_init(&rig);
	rig.options.segment_bytes = 100000;
	rig_open(&rig);
	int64_t one = half_store(&rig, 60000), other = half_store(&rig, 60000);
	fill(&rig);
	cr_assert_eq(half_op(&rig, HALF_COMMIT, one).status, APPEND_OK);
	rig_close(&rig);
	rig_open(&rig);
	cr_assert_eq(half_find(&rig, one).state, HALF_NONE);
	cr_assert_eq(half_find(&rig, other).state, HALF_OPEN);
	cr_assert_eq(half_op(&rig, HALF_COMMIT, other).status, APPEND_OK);
	check(&rig);
	rig_release(&rig);
}

/* ---- damage ------------------------------------------------------------ */

/* Changes the row at the position, in the first segment: records becomes this SQL expression. */
static void
damage_row(const struct rig *rig, int64_t position, const char *records)
{
	char path[256], text[200];
	sqlite3 *db;

	snprintf(path, sizeof path, "%s/log/%020d.db", rig->directory, 0);
	snprintf(text, sizeof text, "UPDATE log SET records = %s WHERE pos = %lld", records,
	    (long long)position);
	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	cr_assert_eq(sqlite3_changes(db), 1);
	sqlite3_close(db);
}

/* The start reads older segments for their half messages. One that is damaged has lost some. */
static void
expect_refused(const char *records)
{
	char expected[400];
	struct rig rig;

	rig_init(&rig);
	rig.options.segment_bytes = 100000;
	rig_open(&rig);
	int64_t first = half_store(&rig, 60000), second = half_store(&rig, 60000);
	cr_assert_eq(first, 0);
	fill(&rig);
	rig_until(&rig, rig_first_is_sealed);
	rig_close(&rig);
	remove_meta(&rig);
	damage_row(&rig, second, records);
	char *why = rig_refusal(&rig);
	cr_assert_not_null(why, "a start with %s is not refused", records);
	snprintf(expected, sizeof expected, "%s/log/%020d.db is corrupt at log position %lld;",
	    rig.directory, 0, (long long)second);
	cr_assert_not_null(strstr(why, expected), "%s", why);
	free(why);
	rig_release(&rig);
}

Test(half_replay, an_older_segment_that_is_damaged_is_refused)
{
	expect_refused("zeroblob(length(records))");
	expect_refused("substr(records, 1, length(records) - 1)");
	/* A record that decodes, but belongs to another position. */
	expect_refused("(SELECT records FROM log WHERE pos = 0)");
}

Test(half_replay, rows_that_make_no_sense_are_refused)
{
	/* position, state, copy, due_ms, left_ms, n_asked */
	static const char *const rows[] = { "0, 0, -1, 0, 0, 0", "0, 4, -1, 0, 0, 0",
		"-1, 1, -1, 0, 0, 0", "0, 1, -1, 0, 0, -1", "0, 1, -1, 0, 0, 65536" };
	char path[256], text[200];
	struct rig rig;
	sqlite3 *db;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		rig_init(&rig);
		rig_open(&rig);
		half_store(&rig, 60000);
		rig_close(&rig);
		snprintf(path, sizeof path, "%s/meta.db", rig.directory);
		snprintf(text, sizeof text, "INSERT OR REPLACE INTO half VALUES(%s)", rows[i]);
		cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
		cr_assert_eq(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
		sqlite3_close(db);
		char *why = rig_refusal(&rig);
		cr_assert_not_null(why, "%s", rows[i]);
		cr_assert_not_null(strstr(why, "meta.db cannot be read: table half"), "%s", why);
		free(why);
		rig_release(&rig);
	}
}

/* ---- segments that go -------------------------------------------------- */

static int64_t
min_position(struct rig *rig)
{
	struct store_stats stats;

	store_get_stats(rig->store, &stats);
	return stats.min_position;
}

/* Asks again: what was not sealed yet had to stay. */
static bool
first_has_gone(struct rig *rig)
{
	if (min_position(rig) == 0)
		store_expire_oldest(rig->store);
	return min_position(rig) > 0;
}

static bool
something_is_due(struct rig *rig)
{
	struct half_counts counts;

	store_expire_oldest(rig->store);
	store_half_counts(rig->store, &counts);
	return counts.next_due_ms <= clock_mono_ms();
}

static void
open_small(struct rig *rig)
{
	rig_init(rig);
	rig->options.segment_bytes = 60000;
	rig_open(rig);
}

/* What keeps a segment is due at once, and says so. */
static void
expect_expiring(struct rig *rig, int64_t position)
{
	rig_until(rig, something_is_due);
	cr_assert_eq(min_position(rig), 0);
	struct half_job *job = half_ask(rig, HALF_DUE, 0, 10, 60000);
	cr_assert_eq(job->n, 1);
	cr_assert_eq(job->halves[0].position, position);
	cr_assert(job->halves[0].expiring);
	half_job_free(job);
}

Test(half_replay, an_open_one_keeps_its_segment_until_it_is_parked)
{
	struct rig rig;

	open_small(&rig);
	int64_t position = half_store(&rig, 60000);
	fill(&rig);
	expect_expiring(&rig, position);
	cr_assert_eq(half_op(&rig, HALF_PARK, position).status, APPEND_OK);
	rig_until(&rig, first_has_gone);
	/* Its copy is enough to commit it, also after a restart. */
	rig_close(&rig);
	rig_open(&rig);
	cr_assert_eq(half_find(&rig, position).state, HALF_PARKED);
	cr_assert_eq(half_op(&rig, HALF_COMMIT, position).status, APPEND_OK);
	cr_assert_eq(half_op(&rig, HALF_COMMIT, position).status, APPEND_NOT_OPEN);
	rig_release(&rig);
}

Test(half_replay, a_resumed_one_keeps_the_segment_of_its_copy)
{
	struct half_job *job;
	struct rig rig;

	open_small(&rig);
	int64_t position = half_store(&rig, 60000);
	cr_assert_eq(half_op(&rig, HALF_PARK, position).status, APPEND_OK);
	cr_assert_eq(half_op(&rig, HALF_RESUME, position).status, APPEND_OK);
	fill(&rig);
	expect_expiring(&rig, position);
	cr_assert_eq(half_op(&rig, HALF_PARK, position).status, APPEND_OK);
	rig_until(&rig, first_has_gone);
	/* Resumed again it is to be asked, not parked: its copy is young. */
	struct half_change resume = { .op = HALF_RESUME, .position = position };
	cr_assert_eq(half_change(&rig, &resume).status, APPEND_OK);
	job = half_ask(&rig, HALF_DUE, 0, 10, 60000);
	cr_assert_eq(job->n, 1);
	cr_assert_not(job->halves[0].expiring);
	half_job_free(job);
	rig_release(&rig);
}

Test(half_replay, a_resumed_one_lives_on_its_copy)
{
	struct rig rig;

	open_small(&rig);
	int64_t position = half_store(&rig, 60000);
	cr_assert_eq(half_op(&rig, HALF_PARK, position).status, APPEND_OK);
	fill(&rig);
	int64_t again = half_store(&rig, 60000);
	cr_assert_eq(half_op(&rig, HALF_PARK, again).status, APPEND_OK);
	cr_assert_eq(half_op(&rig, HALF_RESUME, again).status, APPEND_OK);
	rig_until(&rig, first_has_gone);
	cr_assert_eq(
	    half_find(&rig, position).state, HALF_NONE, "parked, and its copy is as old as itself");
	cr_assert_eq(half_find(&rig, again).state, HALF_OPEN);
	rig_close(&rig);
	rig_open(&rig);
	cr_assert_eq(half_find(&rig, position).state, HALF_NONE);
	cr_assert_eq(half_find(&rig, again).state, HALF_OPEN);
	rig_release(&rig);
}

Test(half_replay, a_revocable_one_goes_with_its_record)
{
	struct rig rig;

	open_small(&rig);
	int64_t position = half_store(&rig, 60000);
	struct half_change rollback = {
		.op = HALF_ROLLBACK, .position = position, .revocable = true
	};
	cr_assert_eq(half_change(&rig, &rollback).status, APPEND_OK);
	fill(&rig);
	rig_until(&rig, first_has_gone);
	cr_assert_eq(half_op(&rig, HALF_OVERRIDE, position).status, APPEND_NOT_OPEN);
	rig_close(&rig);
	rig_open(&rig);
	cr_assert_eq(half_op(&rig, HALF_OVERRIDE, position).status, APPEND_NOT_OPEN);
	rig_release(&rig);
}

/* Their events are younger than they are: a start that reads these makes nothing of them. */
Test(half_replay, what_has_gone_does_not_come_back_by_its_events)
{
	struct half_counts counts;
	struct rig rig;

	open_small(&rig);
	int64_t position = half_store(&rig, 60000);
	fill(&rig);
	struct half_change rollback = {
		.op = HALF_ROLLBACK, .position = position, .revocable = true
	};
	cr_assert_eq(half_op(&rig, HALF_ASK, position).status, APPEND_OK);
	cr_assert_eq(half_change(&rig, &rollback).status, APPEND_OK);
	rig_until(&rig, first_has_gone);
	for (int i = 0; i < 2; i++) {
		rig_close(&rig);
		remove_meta(&rig);
		rig_open(&rig);
		store_half_counts(rig.store, &counts);
		cr_assert_eq(counts.n_open + counts.n_parked + counts.n_revocable, 0);
	}
	rig_release(&rig);
}

/* ---- very many --------------------------------------------------------- */

static void
run_many(struct rig *rig, int n)
{
	struct half_outcome outcome;

	for (int i = 0; i < n; i++) {
		/* Soon: rows of meta.db keep what is left of it, and the next run waits that long.
		 */
		half_submit(rig, &(struct half_change){ .op = HALF_STORE, .due_in_ms = i / 1000 },
		    0, &outcome);
		if (i % 1000 == 0)
			rig_wait(rig);
	}
	rig_wait(rig);
}

Test(half_replay, very_many_are_there_again)
{
	enum { N = 100000 };
	struct half_job *job;
	struct rig rig;
	size_t n = 0;

	rig_init(&rig);
	rig.options.segment_bytes = 4 << 20;
	killed_run(&rig, run_many, N);
	rig_open(&rig);
	check(&rig);
	/* Those that fell due while nobody looked come in parts, each once. */
	do {
		job = half_ask(&rig, HALF_DUE, 0, 1000, 600000);
		n += job->n;
		for (size_t i = 1; i < job->n; i++)
			cr_assert_leq(job->halves[i - 1].due_ms, job->halves[i].due_ms);
		half_job_free(job);
	} while (n < N);
	cr_assert_eq(n, N);
	rig_close(&rig);
	rig_open(&rig);
	check(&rig);
	rig_release(&rig);
}
