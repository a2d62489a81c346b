#include "config.h"

#include "broker/store/sqlite/trick.h"

#include <criterion/criterion.h>
#include <sqlite3.h>

#include "t/lib/store_rig.h"

/* The versions that broker/store/sqlite/README names. */
#define SQLITE_OLDEST 3040001
#define SQLITE_NEWEST 3046001

TestSuite(trick, .timeout = 120);

Test(trick, the_version_of_sqlite_is_one_that_was_tested)
{
	int version = sqlite3_libversion_number();

	cr_assert(version >= SQLITE_OLDEST && version <= SQLITE_NEWEST,
	    "SQLite %s was not tested: see broker/store/sqlite/README", sqlite3_libversion());
}

Test(trick, names)
{
	unsigned tricks = 99;

	cr_assert_eq(tricks_parse("", &tricks), 0);
	cr_assert_eq(tricks, 0);
	cr_assert_eq(tricks_parse("extend,first-sync", &tricks), 0);
	cr_assert_eq(tricks, TRICK_EXTEND | TRICK_FIRST_SYNC);
	cr_assert_eq(tricks_parse("coalesce,recycle", &tricks), 0);
	cr_assert_eq(tricks, TRICK_COALESCE | TRICK_RECYCLE);
	cr_assert_eq(tricks_parse("extends", &tricks), -1);
}

/* Several segments, so that each trick is met; what was stored is there after a restart. */
static void
check_without(unsigned tricks_off, enum store_flush flush)
{
	struct sample sample = { .topic = "T", .body_len = 4000 };
	struct rig rig;

	rig_init(&rig);
	rig.options.flush = flush;
	rig.options.flush_interval_ms = 10;
	rig.options.segment_bytes = 128 << 10;
	rig.options.tricks_off = tricks_off;
	rig_open(&rig);
	for (int i = 0; i < 20; i++)
		rig_fill(&rig, &sample, 10);
	rig_until(&rig, rig_first_is_sealed);
	cr_assert_eq(rig_check_queue(&rig, "T", 0), 200);
	rig_close(&rig);
	rig_open(&rig);
	cr_assert_eq(rig_check_queue(&rig, "T", 0), 200);
	rig_fill(&rig, &sample, 10);
	rig_release(&rig);
}

Test(trick, the_store_is_right_without_each)
{
	for (unsigned trick = TRICK_COALESCE; trick <= TRICK_WRITE_BACK; trick *= 2) {
		check_without(trick, STORE_FLUSH_ASYNC);
		check_without(trick, STORE_FLUSH_SYNC);
	}
	check_without(~0u, STORE_FLUSH_ASYNC);
	check_without(~0u, STORE_FLUSH_SYNC);
}
