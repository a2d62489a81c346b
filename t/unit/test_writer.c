#include "config.h"

#include "broker/store/store.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "broker/store/sqlite/sql.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "t/lib/store_rig.h"
#include "t/lib/vfs_fault.h"

/* What the store does when the disk fails: never an OK that is not there, never a failure that is.
 */

TestSuite(writer, .timeout = 120);

static void
open_faulty(struct rig *rig, enum store_flush flush)
{
	vfs_fault_register();
	rig_init(rig);
	rig->options.vfs = "fault";
	rig->options.flush = flush;
	rig->options.flush_interval_ms = 20;
	rig_open(rig);
}

static enum append_status
try_append(struct rig *rig, unsigned seed)
{
	struct outcome outcome =
	    rig_append(rig, &(struct sample){ .topic = "F", .body_len = 5000, .seed = seed });

	free(outcome.records);
	return outcome.status;
}

/* One call fails, once; the store goes on or not, and after a restart exactly what was OK is there.
 */
static void
fault_case(enum store_flush flush, enum fault_kind kind, long n, bool for_good, int code)
{
	struct rig rig;
	int64_t n_ok = 0, n_failed = 0;

	open_faulty(&rig, flush);
	vfs_fault_plan(kind, n, for_good, code);
	for (unsigned i = 0; i < 20; i++) {
		enum append_status status = try_append(&rig, i);

		if (status == APPEND_OK)
			n_ok++;
		else
			n_failed++;
		cr_assert(status == APPEND_OK || status == APPEND_FAILED ||
			  (status == APPEND_DISK_FULL && code == SQLITE_FULL));
		cr_assert_eq(rig_check_queue(&rig, "F", 0), n_ok, "reads go on");
	}
	if (for_good && n == 1)
		cr_assert_eq(n_ok, 0);
	/* As after kill -9: what the last words write does not count. */
	vfs_fault_plan(FAULT_WRITE, 1, true, SQLITE_IOERR_WRITE);
	rig_close(&rig);
	vfs_fault_plan(FAULT_WRITE, 0, false, 0);
	vfs_fault_plan(FAULT_SYNC, 0, false, 0);
	rig_open(&rig);
	cr_assert_eq(rig_check_queue(&rig, "F", 0), n_ok);
	cr_assert_eq(try_append(&rig, 99), APPEND_OK, "a restart mends it");
	rig_release(&rig);
}

Test(writer, a_failed_write_is_never_ok)
{
	for (long n = 1; n < 12; n++) {
		fault_case(STORE_FLUSH_SYNC, FAULT_WRITE, n, false, SQLITE_IOERR_WRITE);
		fault_case(STORE_FLUSH_SYNC, FAULT_WRITE, n, true, SQLITE_IOERR_WRITE);
	}
	fault_case(STORE_FLUSH_ASYNC, FAULT_WRITE, 5, false, SQLITE_IOERR_WRITE);
}

Test(writer, a_failed_sync_is_never_ok)
{
	for (long n = 1; n < 6; n++) {
		fault_case(STORE_FLUSH_SYNC, FAULT_SYNC, n, false, SQLITE_IOERR_FSYNC);
		fault_case(STORE_FLUSH_SYNC, FAULT_SYNC, n, true, SQLITE_IOERR_FSYNC);
	}
}

Test(writer, a_full_disk_is_told)
{
	for (long n = 1; n < 8; n++)
		fault_case(STORE_FLUSH_SYNC, FAULT_WRITE, n, false, SQLITE_FULL);
	fault_case(STORE_FLUSH_ASYNC, FAULT_WRITE, 1, true, SQLITE_FULL);
}

/* Ends the loop's turn by hand; whether the append was replied to in it. */
static bool
is_inline(struct rig *rig, unsigned seed)
{
	struct outcome outcome = { .status = APPEND_FAILED };

	rig_submit(rig, &(struct sample){ .topic = "L", .body_len = 100, .seed = seed }, &outcome);
	struct turn_end *end = rig->loop.turn_ends;
	rig->loop.turn_ends = NULL;
	rig->loop.turn_ends_tail = &rig->loop.turn_ends;
	end->asked = false;
	end->run(end);
	bool done = rig->outstanding == 0;

	loop_run(&rig->loop); /* until the stop that the last reply asked for */
	cr_assert_eq(outcome.status, APPEND_OK);
	free(outcome.records);
	return done;
}

/* Not while the writer is at work, nor when the disk has to answer first. */
Test(writer, a_loop_commits_itself_what_is_small)
{
	static const enum store_flush modes[] = { STORE_FLUSH_ASYNC, STORE_FLUSH_SYNC };

	for (size_t m = 0; m < 2; m++) {
		struct rig rig;
		unsigned n = 0, n_inline = 0;

		rig_init(&rig);
		rig.options.flush = modes[m];
		rig_open(&rig);
		while (n < 50)
			n_inline += is_inline(&rig, n++);
		cr_assert_eq(n_inline != 0, modes[m] == STORE_FLUSH_ASYNC);
		rig.loop.pressed = true;
		cr_assert_not(is_inline(&rig, n++), "there is more to read");
		rig.loop.pressed = false;
		cr_assert_eq(rig_check_queue(&rig, "L", 0), n);
		rig_close(&rig);
		rig_open(&rig);
		cr_assert_eq(rig_check_queue(&rig, "L", 0), n);
		rig_release(&rig);
	}
}

/* Appends that come one by one, whether there are replies or not. */
struct pacer {
	struct timer timer;
	struct rig *rig;
	struct outcome *outcomes;
	int n, of;
};

static void
on_pace(struct timer *timer)
{
	struct pacer *pacer = container_of(timer, struct pacer, timer);

	rig_submit(pacer->rig, &(struct sample){ .topic = "P", .seed = (unsigned)pacer->n },
	    &pacer->outcomes[pacer->n]);
	if (++pacer->n < pacer->of)
		loop_set_timer(&pacer->rig->loop, timer, clock_mono_ms() + 1);
}

Test(writer, frequent_appends_share_commits)
{
	static const enum store_flush modes[] = { STORE_FLUSH_ASYNC, STORE_FLUSH_SYNC };

	for (size_t m = 0; m < 2; m++) {
		struct outcome outcomes[500] = { 0 };
		struct store_stats stats;
		struct rig rig;
		struct pacer pacer = { { .due = on_pace }, &rig, outcomes, 0, 500 };

		rig_init(&rig);
		rig.options.flush = modes[m];
		rig.options.gather_us = 100000;
		rig_open(&rig);
		loop_set_timer(&rig.loop, &pacer.timer, clock_mono_ms());
		while (pacer.n < pacer.of)
			loop_run(&rig.loop);
		rig_wait(&rig);
		store_get_stats(rig.store, &stats);
		cr_assert_eq(stats.n_messages, pacer.of);
		cr_assert_leq(stats.n_commits, pacer.of / 2);
		cr_assert_eq(rig_check_queue(&rig, "P", 0), pacer.of);
		for (int i = 0; i < pacer.of; i++) {
			cr_assert_eq(outcomes[i].status, APPEND_OK);
			cr_assert_eq(outcomes[i].queue_offset, i);
			free(outcomes[i].records);
		}
		/* Those that wait when it stops are not forgotten. */
		rig_submit(&rig, &(struct sample){ .topic = "P" }, &outcomes[0]);
		loop_stop(&rig.loop);
		loop_run(&rig.loop);
		bool waits = rig.outstanding != 0;
		rig_close(&rig);
		if (waits)
			loop_run(&rig.loop); /* until the stop that its reply asked for */
		cr_assert_eq(outcomes[0].status, APPEND_OK);
		free(outcomes[0].records);
		rig_open(&rig);
		cr_assert_eq(rig_check_queue(&rig, "P", 0), pacer.of + 1);
		rig_release(&rig);
	}
}

static bool
is_writable(struct rig *rig)
{
	struct store_stats stats;

	store_get_stats(rig->store, &stats);
	cr_assert_eq(stats.writable, stats.write_block == NULL);
	return stats.writable;
}

static bool
is_blocked(struct rig *rig)
{
	return !is_writable(rig);
}

Test(writer, space_that_comes_back_is_noticed)
{
	struct rig rig;

	open_faulty(&rig, STORE_FLUSH_SYNC);
	cr_assert_eq(try_append(&rig, 0), APPEND_OK);
	cr_assert(is_writable(&rig));
	vfs_fault_plan(FAULT_WRITE, 1, true, SQLITE_FULL);
	cr_assert_eq(try_append(&rig, 1), APPEND_DISK_FULL);
	cr_assert_not(is_writable(&rig));
	cr_assert_eq(try_append(&rig, 1), APPEND_DISK_FULL);
	vfs_fault_plan(FAULT_WRITE, 0, false, 0);
	rig_until(&rig, is_writable);
	cr_assert_eq(try_append(&rig, 1), APPEND_OK);
	cr_assert_eq(rig_check_queue(&rig, "F", 0), 2);
	rig_release(&rig);
}

Test(writer, after_a_failed_sync_nothing_is_taken)
{
	struct rig rig;
	struct meta_job *job = meta_job_new();

	open_faulty(&rig, STORE_FLUSH_SYNC);
	cr_assert_eq(try_append(&rig, 0), APPEND_OK);
	vfs_fault_plan(FAULT_SYNC, 1, false, SQLITE_IOERR_FSYNC);
	cr_assert_eq(try_append(&rig, 1), APPEND_FAILED);
	cr_assert_eq(try_append(&rig, 1), APPEND_FAILED, "though the disk syncs again");
	cr_assert(is_blocked(&rig));
	meta_job_put(job, META_SETTING, SLICE("k"), SLICE("v"));
	cr_assert_eq(rig_meta(&rig, job), 0, "meta.db is another file");
	rig_release(&rig);
}

Test(writer, a_failed_background_sync_stops_it_too)
{
	struct rig rig;

	open_faulty(&rig, STORE_FLUSH_ASYNC);
	cr_assert_eq(try_append(&rig, 0), APPEND_OK);
	vfs_fault_plan(FAULT_SYNC, 1, true, SQLITE_IOERR_FSYNC);
	try_append(&rig, 1);
	rig_until(&rig, is_blocked);
	cr_assert_eq(try_append(&rig, 2), APPEND_FAILED);
	vfs_fault_plan(FAULT_SYNC, 0, false, 0);
	rig_release(&rig);
}

static long
syncs_of(enum store_flush flush)
{
	struct rig rig;

	vfs_fault_register();
	rig_init(&rig);
	rig.options.vfs = "fault";
	rig.options.flush = flush;
	rig.options.flush_interval_ms = 10000;
	rig_open(&rig);
	cr_assert_eq(try_append(&rig, 0), APPEND_OK);
	long before = atomic_load(&faults[FAULT_SYNC].calls);
	for (unsigned i = 0; i < 10; i++)
		cr_assert_eq(try_append(&rig, i), APPEND_OK);
	long n = atomic_load(&faults[FAULT_SYNC].calls) - before;
	rig_release(&rig);
	return n;
}

Test(writer, sync_flush_syncs_each_commit_and_async_none)
{
	cr_assert_geq(syncs_of(STORE_FLUSH_SYNC), 10);
	cr_assert_eq(syncs_of(STORE_FLUSH_ASYNC), 0);
}

Test(writer, store_time_never_goes_back)
{
	struct rig rig;
	struct outcome first, second;

	rig_init(&rig);
	rig_open(&rig);
	first = rig_append(&rig, &(struct sample){ .topic = "T" });
	clock_shift_for_test(-3600000, 0);
	second = rig_append(&rig, &(struct sample){ .topic = "T" });
	cr_assert_geq(second.store_timestamp, first.store_timestamp);
	free(second.records);
	rig_close(&rig);
	rig_open(&rig);
	second = rig_append(&rig, &(struct sample){ .topic = "T" });
	cr_assert_geq(second.store_timestamp, first.store_timestamp);
	clock_shift_for_test(0, 0);
	free(first.records);
	free(second.records);
	rig_release(&rig);
}

/*
 * The power goes at some moment: nothing that was written and not synced is sure
 * to be there. SYNC_FLUSH: all that was OK is. ASYNC_FLUSH: a prefix of it, without a hole.
 */
static void
power_case(enum store_flush flush, unsigned seed)
{
	struct rig rig;
	int64_t n_ok = 0, n_synced = 0;

	open_faulty(&rig, flush);
	rig_close(&rig);
	/* Small enough for several segments, whose WALs are recycled. */
	rig.options.segment_bytes = 300000;
	rig.options.flush_interval_ms = seed % 2 ? 1 : 100000;
	vfs_fault_track();
	rig_open(&rig);
	for (unsigned i = 0; i < 40 + seed * 7 % 60; i++) {
		struct store_stats stats;

		cr_assert_eq(try_append(&rig, i), APPEND_OK);
		n_ok++;
		store_get_stats(rig.store, &stats);
		if (stats.unsynced_bytes == 0)
			n_synced = n_ok;
	}
	vfs_fault_plan(FAULT_WRITE, 1, true, SQLITE_IOERR_WRITE);
	vfs_fault_plan(FAULT_SYNC, 1, true, SQLITE_IOERR_FSYNC);
	rig_close(&rig);
	vfs_fault_cut(seed);
	vfs_fault_plan(FAULT_WRITE, 0, false, 0);
	vfs_fault_plan(FAULT_SYNC, 0, false, 0);
	rig_open(&rig);
	int64_t n = rig_check_queue(&rig, "F", 0);
	cr_assert_leq(n, n_ok);
	cr_assert_geq(n, n_synced);
	if (flush == STORE_FLUSH_SYNC)
		cr_assert_eq(n, n_ok);
	cr_assert_eq(try_append(&rig, 1), APPEND_OK);
	cr_assert_eq(rig_check_queue(&rig, "F", 0), n + 1);
	rig_release(&rig);
}

Test(writer, a_power_cut_takes_no_more_than_was_promised)
{
	for (unsigned seed = 0; seed < 12; seed++) {
		power_case(STORE_FLUSH_SYNC, seed);
		power_case(STORE_FLUSH_ASYNC, seed);
	}
}

/* Segments of an older version have larger pages, and are gone on with as they are. */
static void
give_larger_pages(const struct rig *rig)
{
	char path[256];
	sqlite3 *db;
	int64_t page_bytes = 0;

	snprintf(path, sizeof path, "%s/log/00000000000000000000.db", rig->options.path);
	cr_assert_eq(sql_open(path, NULL, SQL_WRITE, &db), SQLITE_OK);
	cr_assert_eq(sql_exec(db, "PRAGMA journal_mode = DELETE; PRAGMA page_size = 8192; VACUUM;"
				  "PRAGMA journal_mode = WAL"),
	    SQLITE_OK);
	cr_assert_eq(sql_int64(db, "PRAGMA page_size", &page_bytes), SQLITE_ROW);
	cr_assert_eq(page_bytes, 8192);
	sql_close(db);
}

Test(writer, a_store_of_larger_pages_goes_on)
{
	static const enum store_flush flushes[] = { STORE_FLUSH_SYNC, STORE_FLUSH_ASYNC };

	for (size_t i = 0; i < sizeof flushes / sizeof flushes[0]; i++) {
		struct rig rig;
		int64_t n_ok = 0;

		open_faulty(&rig, flushes[i]);
		for (unsigned seed = 0; seed < 5; seed++)
			n_ok += try_append(&rig, seed) == APPEND_OK;
		rig_close(&rig);
		give_larger_pages(&rig);
		rig_open(&rig);
		/* A failed one is cut off behind what is there, and no sooner. */
		for (unsigned seed = 5; seed < 15; seed++) {
			vfs_fault_plan(FAULT_WRITE, seed % 3 == 0, false, SQLITE_IOERR_WRITE);
			n_ok += try_append(&rig, (unsigned)n_ok) == APPEND_OK;
			vfs_fault_plan(FAULT_WRITE, 0, false, 0);
		}
		cr_assert_geq(n_ok, 12);
		rig_close(&rig);
		rig_open(&rig);
		cr_assert_eq(rig_check_queue(&rig, "F", 0), n_ok);
		rig_release(&rig);
	}
}
