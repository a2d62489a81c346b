#ifndef STORE_COALESCE_VFS_H
#define STORE_COALESCE_VFS_H

/*
 * A SQLite VFS on top of another: small writes of SQLite leave as large
 * ones. A commit's frames are two writes each, of a header and of a
 * page; here the page of its last frame sends them all off, before SQLite makes them
 * known to readers. A checkpoint writes page by page; here neighbours go together. Whatever
 * else SQLite does with the file finds it as if nothing had been held back.
 *
 * A failed write is reported to the call that flushes it: the commit, or in a
 * checkpoint a later page, the truncation or the sync; so checkpoints through it have to sync, and
 * one that did not come to its end has to be tried again by the same connection.
 *
 * For connections that write. Any thread; a file is its connection's, as ever.
 */

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/* The name of the one on top of this (NULL: SQLite's default), registered for the process's life.
 */
const char *coalesce_vfs_over(const char *name);
/*
 * For the one connection that writes to a database while nobody else checkpoints it, opened through
 * such a VFS: it takes the lock of writers once and keeps it, and does without those of readers.
 * Six system calls less a commit. Without effect through another VFS. Not inside a transaction;
 * turn it off before a checkpoint.
 */
void coalesce_keep_locks(sqlite3 *db, bool keep);

/*
 * Of a connection on such a VFS: its next checkpoints call step(arg) after each so many bytes that
 * they wrote to the database; a result that is not SQLITE_OK ends the checkpoint. step NULL: no
 * more. Nothing happens to a connection that is not on such a VFS.
 */
void coalesce_vfs_set_steps(sqlite3 *db, int64_t bytes, int (*step)(void *arg), void *arg);

#endif
