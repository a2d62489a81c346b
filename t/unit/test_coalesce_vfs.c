#include "config.h"

#include "broker/store/sqlite/coalesce_vfs.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/store/sqlite/sql.h"
#include "t/lib/store_rig.h"
#include "t/lib/vfs_fault.h"

/* Frames and pages that are held back: as many calls as meant, and nothing that anybody could miss.
 */

TestSuite(coalesce_vfs, .timeout = 60);

#define BLOB_BYTES 40000

struct fixture {
	char directory[32];
	char path[64];
	sqlite3 *db;
};

static void
open_db(struct fixture *fixture, enum sql_mode mode)
{
	cr_assert_eq(
	    sql_open(fixture->path, coalesce_vfs_over("fault"), mode, &fixture->db), SQLITE_OK);
	cr_assert_eq(
	    sql_exec(fixture->db,
		"PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
		"PRAGMA wal_autocheckpoint = 0; CREATE TABLE IF NOT EXISTS t(x)"),
	    SQLITE_OK);
}

static void
begin(struct fixture *fixture)
{
	sql_init();
	vfs_fault_register();
	strcpy(fixture->directory, "/tmp/coalesce.XXXXXX");
	cr_assert_not_null(mkdtemp(fixture->directory));
	snprintf(fixture->path, sizeof fixture->path, "%s/db", fixture->directory);
	open_db(fixture, SQL_CREATE);
	sqlite3_db_config(fixture->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

static void
end(struct fixture *fixture)
{
	sql_close(fixture->db);
	rig_remove_tree(fixture->directory);
}

static int
insert(struct fixture *fixture, int bytes)
{
	char text[64];

	snprintf(text, sizeof text, "INSERT INTO t VALUES(randomblob(%d))", bytes);
	return sql_exec(fixture->db, text);
}

static int64_t
count(sqlite3 *db)
{
	int64_t n = -1;

	cr_assert_eq(sql_int64(db, "SELECT count(*) FROM t", &n), SQLITE_ROW);
	return n;
}

static long
n_writes(void)
{
	return atomic_load(&faults[FAULT_WRITE].calls);
}

static void
check_integrity(sqlite3 *db)
{
	sqlite3_stmt *statement;

	cr_assert_eq(
	    sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &statement, NULL), SQLITE_OK);
	cr_assert_eq(sqlite3_step(statement), SQLITE_ROW);
	cr_assert_str_eq((const char *)sqlite3_column_text(statement, 0), "ok");
	sqlite3_finalize(statement);
}

/* What another process would find: the files as they are now, elsewhere. */
static int64_t
count_after_crash(const struct fixture *fixture)
{
	char command[512];
	struct fixture copy = { .db = NULL };

	snprintf(copy.path, sizeof copy.path, "%s/copy", fixture->directory);
	snprintf(command, sizeof command, "cp %s %s && cp %s-wal %s-wal", fixture->path, copy.path,
	    fixture->path, copy.path);
	cr_assert_eq(system(command), 0);
	cr_assert_eq(sql_open(copy.path, NULL, SQL_WRITE, &copy.db), SQLITE_OK);
	int64_t n = count(copy.db);
	check_integrity(copy.db);
	sql_close(copy.db);
	return n;
}

Test(coalesce_vfs, a_commit_is_one_write)
{
	struct fixture fixture;

	begin(&fixture);
	cr_assert_eq(insert(&fixture, 100), SQLITE_OK);
	long before = n_writes();
	cr_assert_eq(insert(&fixture, BLOB_BYTES), SQLITE_OK);
	cr_assert_eq(n_writes() - before, 1);
	cr_assert_eq(count_after_crash(&fixture), 2);
	end(&fixture);
}

Test(coalesce_vfs, a_large_commit_is_a_few)
{
	struct fixture fixture;

	begin(&fixture);
	long before = n_writes();
	cr_assert_eq(insert(&fixture, 1 << 20), SQLITE_OK);
	cr_assert_leq(n_writes() - before, 12);
	cr_assert_eq(count_after_crash(&fixture), 1);
	end(&fixture);
}

Test(coalesce_vfs, a_checkpoint_writes_neighbours_together)
{
	struct fixture fixture;

	begin(&fixture);
	for (int i = 0; i < 50; i++)
		cr_assert_eq(insert(&fixture, BLOB_BYTES), SQLITE_OK);
	long before = n_writes();
	cr_assert_eq(
	    sqlite3_wal_checkpoint_v2(fixture.db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL),
	    SQLITE_OK);
	cr_assert_leq(n_writes() - before, 40);
	sql_close(fixture.db);
	cr_assert_eq(sql_open(fixture.path, NULL, SQL_IMMUTABLE, &fixture.db), SQLITE_OK);
	cr_assert_eq(count(fixture.db), 50);
	check_integrity(fixture.db);
	end(&fixture);
}

/* The cache is too small for the transaction: frames are read again, written over, and get new
 * sums. */
Test(coalesce_vfs, a_transaction_that_spills)
{
	struct fixture fixture;

	begin(&fixture);
	cr_assert_eq(insert(&fixture, 100), SQLITE_OK);
	cr_assert_eq(sql_exec(fixture.db, "PRAGMA cache_size = 10; PRAGMA cache_spill = 10; BEGIN"),
	    SQLITE_OK);
	for (int i = 0; i < 20; i++) {
		cr_assert_eq(insert(&fixture, BLOB_BYTES), SQLITE_OK);
		cr_assert_eq(sql_exec(fixture.db, "SAVEPOINT s"), SQLITE_OK);
		cr_assert_eq(insert(&fixture, BLOB_BYTES), SQLITE_OK);
		cr_assert_eq(
		    sql_exec(fixture.db, "UPDATE t SET x = randomblob(length(x) + 1)"), SQLITE_OK);
		cr_assert_eq(
		    sql_exec(fixture.db, i % 2 ? "RELEASE s" : "ROLLBACK TO s"), SQLITE_OK);
	}
	cr_assert_eq(count_after_crash(&fixture), 1);
	cr_assert_eq(sql_exec(fixture.db, "COMMIT"), SQLITE_OK);
	cr_assert_eq(count_after_crash(&fixture), 31); /* first, for who reads has all sent off */
	cr_assert_eq(count(fixture.db), 31);
	check_integrity(fixture.db);
	end(&fixture);
}

Test(coalesce_vfs, what_is_rolled_back_is_gone)
{
	struct fixture fixture;

	begin(&fixture);
	cr_assert_eq(insert(&fixture, 100), SQLITE_OK);
	cr_assert_eq(sql_exec(fixture.db, "PRAGMA cache_size = 10; PRAGMA cache_spill = 10; BEGIN"),
	    SQLITE_OK);
	cr_assert_eq(insert(&fixture, 1 << 20), SQLITE_OK);
	cr_assert_eq(sql_exec(fixture.db, "ROLLBACK"), SQLITE_OK);
	cr_assert_eq(count_after_crash(&fixture), 1);
	cr_assert_eq(insert(&fixture, BLOB_BYTES), SQLITE_OK);
	cr_assert_eq(count_after_crash(&fixture), 2);
	end(&fixture);
}

/* A commit that could not be written has failed, and nobody finds it later. */
Test(coalesce_vfs, a_write_that_fails_fails_the_commit)
{
	static const int codes[] = { SQLITE_FULL, SQLITE_IOERR_WRITE };
	struct fixture fixture;

	begin(&fixture);
	for (int i = 0; i < 8; i++) {
		/* The first or second write of a commit that needs several. */
		int code = codes[i % 2], bytes = i < 4 ? BLOB_BYTES : 1 << 20;

		vfs_fault_plan(FAULT_WRITE, 1 + i / 6, false, code);
		cr_assert_eq(insert(&fixture, bytes), code);
		cr_assert_eq(count(fixture.db), i);
		cr_assert_eq(count_after_crash(&fixture), i);
		cr_assert_eq(insert(&fixture, bytes), SQLITE_OK);
		cr_assert_eq(count_after_crash(&fixture), i + 1);
	}
	check_integrity(fixture.db);
	end(&fixture);
}

/* Whichever of its writes fails: the WAL stays what counts, and the next one does it. */
Test(coalesce_vfs, a_checkpoint_that_fails_is_none)
{
	struct fixture fixture;
	int n_failed = 0, rc = SQLITE_ERROR;

	begin(&fixture);
	for (int i = 0; i < 30; i++)
		cr_assert_eq(insert(&fixture, BLOB_BYTES), SQLITE_OK);
	for (int n = 1; rc != SQLITE_OK; n++) {
		vfs_fault_plan(FAULT_WRITE, n, false, SQLITE_FULL);
		rc =
		    sqlite3_wal_checkpoint_v2(fixture.db, NULL, SQLITE_CHECKPOINT_FULL, NULL, NULL);
		cr_assert(rc == SQLITE_OK || rc == SQLITE_FULL);
		n_failed += rc != SQLITE_OK;
		cr_assert_eq(count(fixture.db), 30);
		cr_assert_eq(count_after_crash(&fixture), 30);
	}
	vfs_fault_plan(FAULT_WRITE, 0, false, 0);
	cr_assert_geq(n_failed, 2);
	sql_close(fixture.db);
	cr_assert_eq(sql_open(fixture.path, NULL, SQL_IMMUTABLE, &fixture.db), SQLITE_OK);
	cr_assert_eq(count(fixture.db), 30);
	check_integrity(fixture.db);
	end(&fixture);
}

/*
 * A reader holds it up half way, and its n-th write fails: SQLite counts what it wrote as done, so
 * the next one has to bring what is missing. Whether there was such a write.
 */
static bool
checkpoint_half_way(int n)
{
	struct fixture fixture;
	sqlite3 *reader;

	begin(&fixture);
	for (int i = 0; i < 10; i++)
		cr_assert_eq(insert(&fixture, BLOB_BYTES), SQLITE_OK);
	cr_assert_eq(sql_open(fixture.path, "fault", SQL_READ, &reader), SQLITE_OK);
	cr_assert_eq(sql_exec(reader, "BEGIN"), SQLITE_OK);
	cr_assert_eq(count(reader), 10);
	cr_assert_eq(insert(&fixture, BLOB_BYTES), SQLITE_OK);
	sqlite3_busy_timeout(fixture.db, 0);
	vfs_fault_plan(FAULT_WRITE, n, false, SQLITE_IOERR_WRITE);
	long before = n_writes();
	cr_assert_neq(
	    sqlite3_wal_checkpoint_v2(fixture.db, NULL, SQLITE_CHECKPOINT_FULL, NULL, NULL),
	    SQLITE_OK);
	bool failed = n_writes() - before >= n;
	vfs_fault_plan(FAULT_WRITE, 0, false, 0);
	sql_close(reader);
	cr_assert_eq(
	    sqlite3_wal_checkpoint_v2(fixture.db, NULL, SQLITE_CHECKPOINT_FULL, NULL, NULL),
	    SQLITE_OK);
	sql_close(fixture.db);
	cr_assert_eq(sql_open(fixture.path, NULL, SQL_IMMUTABLE, &fixture.db), SQLITE_OK);
	cr_assert_eq(count(fixture.db), 11);
	check_integrity(fixture.db);
	end(&fixture);
	return failed;
}

Test(coalesce_vfs, a_checkpoint_that_fails_half_way_is_gone_on_with)
{
	int n = 1;

	while (checkpoint_half_way(n))
		n++;
	cr_assert_geq(n, 4);
}

/* ---- locks ----------------------------------------------------------- */

static bool
may_write(sqlite3 *db)
{
	int rc = sql_exec(db, "BEGIN IMMEDIATE");

	if (rc == SQLITE_OK)
		cr_assert_eq(sql_exec(db, "ROLLBACK"), SQLITE_OK);
	else
		cr_assert_eq(rc, SQLITE_BUSY);
	return rc == SQLITE_OK;
}

/* A connection of another kind, as a reader has, or another process. */
static sqlite3 *
open_other(const struct fixture *fixture)
{
	sqlite3 *db;

	cr_assert_eq(sql_open(fixture->path, "fault", SQL_WRITE, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 0);
	return db;
}

Test(coalesce_vfs, the_lock_of_writers_is_kept_until_it_is_given_back)
{
	struct fixture fixture;

	begin(&fixture);
	sqlite3 *other = open_other(&fixture);
	cr_assert_eq(insert(&fixture, 100), SQLITE_OK);
	cr_assert(may_write(other));
	coalesce_keep_locks(fixture.db, true);
	for (int i = 0; i < 20; i++) {
		cr_assert_eq(insert(&fixture, i % 5 == 0 ? BLOB_BYTES : 100), SQLITE_OK);
		cr_assert_eq(count(other), i + 2);
		cr_assert_eq(count(fixture.db), i + 2);
		cr_assert(!may_write(other));
	}
	coalesce_keep_locks(fixture.db, false);
	cr_assert(may_write(other));
	cr_assert_eq(insert(&fixture, 100), SQLITE_OK);
	coalesce_keep_locks(fixture.db, true);
	cr_assert_eq(insert(&fixture, 100), SQLITE_OK);
	cr_assert(!may_write(other));
	/* With its connection it is gone, too. */
	sql_close(fixture.db);
	cr_assert(may_write(other));
	cr_assert_eq(count(other), 23);
	sql_close(other);
	open_db(&fixture, SQL_WRITE);
	check_integrity(fixture.db);
	end(&fixture);
}

/* Readers of every age read on what they began with, also beside the checkpoint at the end. */
Test(coalesce_vfs, readers_keep_what_they_began_with_beside_kept_locks)
{
	enum { N = 8 };
	struct fixture fixture;
	sqlite3 *readers[N];

	begin(&fixture);
	coalesce_keep_locks(fixture.db, true);
	for (int i = 0; i < N; i++) {
		cr_assert_eq(insert(&fixture, BLOB_BYTES), SQLITE_OK);
		readers[i] = open_other(&fixture);
		cr_assert_eq(sql_exec(readers[i], "BEGIN"), SQLITE_OK);
		cr_assert_eq(count(readers[i]), i + 1);
		cr_assert_eq(
		    sql_exec(fixture.db, "UPDATE t SET x = randomblob(length(x))"), SQLITE_OK);
	}
	coalesce_keep_locks(fixture.db, false);
	sqlite3_busy_timeout(fixture.db, 0);
	cr_assert_eq(
	    sqlite3_wal_checkpoint_v2(fixture.db, NULL, SQLITE_CHECKPOINT_FULL, NULL, NULL),
	    SQLITE_BUSY);
	for (int i = 0; i < N; i++) {
		cr_assert_eq(count(readers[i]), i + 1);
		check_integrity(readers[i]);
		sql_close(readers[i]);
	}
	cr_assert_eq(
	    sqlite3_wal_checkpoint_v2(fixture.db, NULL, SQLITE_CHECKPOINT_FULL, NULL, NULL),
	    SQLITE_OK);
	cr_assert_eq(count(fixture.db), N);
	check_integrity(fixture.db);
	end(&fixture);
}

/* One that begins anew, as after an external checkpoint, finds its marks all the same. */
Test(coalesce_vfs, a_wal_that_another_has_checkpointed_is_written_on)
{
	struct fixture fixture;

	begin(&fixture);
	sqlite3 *other = open_other(&fixture);
	coalesce_keep_locks(fixture.db, true);
	for (int i = 0; i < 5; i++) {
		cr_assert_eq(insert(&fixture, BLOB_BYTES), SQLITE_OK);
		cr_assert_eq(
		    sqlite3_wal_checkpoint_v2(other, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL),
		    SQLITE_OK);
		cr_assert_eq(insert(&fixture, 100), SQLITE_OK);
		cr_assert_eq(count(other), 2 * i + 2);
	}
	sql_close(other);
	check_integrity(fixture.db);
	end(&fixture);
}

Test(coalesce_vfs, it_is_registered_once)
{
	sql_init();
	cr_assert_eq(coalesce_vfs_over(NULL), coalesce_vfs_over(NULL));
	cr_assert_str_neq(coalesce_vfs_over(NULL), "unix");
	cr_assert_str_eq(coalesce_vfs_over("there is none"), "there is none");
}

/* ---- steps of a checkpoint ------------------------------------------- */

struct steps {
	int n, stop_at;
};

static int
on_step(void *arg)
{
	struct steps *steps = arg;

	return ++steps->n == steps->stop_at ? SQLITE_ABORT : SQLITE_OK;
}

static int
checkpoint(struct fixture *fixture)
{
	return sqlite3_wal_checkpoint_v2(fixture->db, NULL, SQLITE_CHECKPOINT_FULL, NULL, NULL);
}

/* 50 blobs are 2 MB. */
Test(coalesce_vfs, a_checkpoint_goes_in_steps)
{
	struct fixture fixture;
	struct steps steps = { .stop_at = 3 };

	begin(&fixture);
	for (int i = 0; i < 50; i++)
		cr_assert_eq(insert(&fixture, BLOB_BYTES), SQLITE_OK);
	coalesce_vfs_set_steps(fixture.db, 256 << 10, on_step, &steps);
	cr_assert_eq(checkpoint(&fixture), SQLITE_ABORT);
	cr_assert_eq(steps.n, 3);
	cr_assert_eq(count_after_crash(&fixture), 50);
	cr_assert_eq(checkpoint(&fixture), SQLITE_OK);
	cr_assert_geq(steps.n, 3 + 7);
	cr_assert_leq(steps.n, 3 + 9);
	coalesce_vfs_set_steps(fixture.db, 0, NULL, NULL);
	steps.n = 0;
	cr_assert_eq(insert(&fixture, 1 << 20), SQLITE_OK);
	cr_assert_eq(checkpoint(&fixture), SQLITE_OK);
	cr_assert_eq(steps.n, 0);
	cr_assert_eq(count_after_crash(&fixture), 51);
	check_integrity(fixture.db);
	end(&fixture);
}
