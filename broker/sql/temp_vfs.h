#ifndef BROKER_TEMP_VFS_H
#define BROKER_TEMP_VFS_H

/*
 * A VFS of SQLite for a database in memory whose queries may sort more than memory should hold:
 * what they put into temporary files is limited. Beyond the limit a write answers SQLITE_FULL, and
 * the query ends. The files are SQLite's ordinary ones, in $SQLITE_TMPDIR, $TMPDIR or /var/tmp,
 * without a name. One thread.
 */

#include <stdint.h>

#define TEMP_VFS_NAME "twinmq-temp"

struct temp_vfs;

/* Registers it; all files together have at most max_bytes at a time. NULL: SQLite refused. */
struct temp_vfs *temp_vfs_new(int64_t max_bytes);
/* When no database uses it. NULL: nothing. */
void temp_vfs_free(struct temp_vfs *vfs);

#endif
