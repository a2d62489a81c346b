#include "config.h"

/* Temporary files with a limit: what a query sorts does not fill the disk. */

#include <criterion/criterion.h>
#include <sqlite3.h>

#include "broker/sql/temp_vfs.h"

#define LIMIT (4 << 20)

static int
run(sqlite3 *db, const char *statement)
{
	sqlite3_stmt *compiled = NULL;
	int rc = sqlite3_prepare_v2(db, statement, -1, &compiled, NULL);

	while (rc == SQLITE_OK || rc == SQLITE_ROW)
		rc = sqlite3_step(compiled);
	sqlite3_finalize(compiled);
	return rc;
}

Test(temp_vfs, a_sort_ends_at_the_limit)
{
	static const char small[] =
	    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 30) "
	    "SELECT x, zeroblob(100000) AS z FROM c ORDER BY z, -x";
	static const char large[] =
	    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 300) "
	    "SELECT x, zeroblob(100000) AS z FROM c ORDER BY z, -x";
	struct temp_vfs *vfs = temp_vfs_new(LIMIT);
	sqlite3 *db;

	cr_assert_not_null(vfs);
	cr_assert_eq(sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE, TEMP_VFS_NAME), 0);
	cr_assert_eq(sqlite3_exec(db, "PRAGMA temp_store = FILE", NULL, NULL, NULL), SQLITE_OK);
	cr_expect_eq(run(db, small), SQLITE_DONE);
	/* Twice: what a query took is free again at its end. */
	cr_expect_eq(run(db, large), SQLITE_FULL);
	cr_expect_eq(run(db, large), SQLITE_FULL);
	cr_expect_eq(run(db, small), SQLITE_DONE);
	sqlite3_close(db);
	temp_vfs_free(vfs);
}
