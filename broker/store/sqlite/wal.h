#ifndef STORE_WAL_H
#define STORE_WAL_H

/*
 * Write-ahead logs, handled past SQLite's interface: README in this folder names the guarantees
 * that each function relies on. db is the one connection that writes the database, database the
 * path of its file. Functions return SQLite's extended result codes, or as they say.
 */

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#define WAL_HEADER_BYTES 32
#define WAL_FRAME_HEADER_BYTES 24 /* before each page */

/* Bytes of a WAL with this many frames. */
int64_t wal_bytes(int page_bytes, int n_frames);
/* The size of the connection's WAL. False: it has none yet, or cannot be asked. */
bool wal_size(sqlite3 *db, int64_t *bytes);
/*
 * Writes at least `bytes` zeros from *end on, which moves along. False when the disk does not take
 * them: the commit that needs the space will say so.
 */
bool wal_extend(sqlite3 *db, int64_t *end, int64_t bytes);
/* Truncates the WAL after a failed commit, so that recovery cannot replay it. */
int wal_truncate(sqlite3 *db, int64_t bytes);

/* A handle of its own to sync a WAL that another thread's connection writes. { 0 }: closed. */
struct wal_handle {
	sqlite3_file *file;
	char *path;
	int fd; /* -1: none */
};

int wal_handle_open(struct wal_handle *handle, const char *vfs, const char *database);
void wal_handle_close(struct wal_handle *handle);
int wal_handle_sync(struct wal_handle *handle);
/*
 * Sends what was written between these offsets on its way to the disk, and does not wait for it;
 * the page at the end, which is written to next, stays. Errors show in the next sync.
 */
void wal_handle_start(struct wal_handle *handle, int64_t from, int64_t to);

/* Makes the WAL of a sealed database an empty one at another path. 0, or -1: it is as it was. */
int wal_recycle(const char *database, const char *spare);
/* Gives a recycled WAL, if there is one, to a new database. 0, or -1 and errno. */
int wal_adopt(const char *spare, const char *database);
/* Removes the WAL of a sealed database, and its index. */
void wal_remove(const char *database);

#endif
