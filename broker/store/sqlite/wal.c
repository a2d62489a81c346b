#include "config.h"

#include "broker/store/sqlite/wal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/mem.h"

/* The WAL of a connection that has read once; NULL when there is none. Lent. */
static sqlite3_file *
wal_of(sqlite3 *db)
{
	sqlite3_file *file = NULL;

	if (sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) != SQLITE_OK ||
	    file == NULL || file->pMethods == NULL)
		return NULL;
	return file;
}

int64_t
wal_bytes(int page_bytes, int n_frames)
{
	if (n_frames == 0)
		return 0;
	return WAL_HEADER_BYTES + (int64_t)n_frames * (page_bytes + WAL_FRAME_HEADER_BYTES);
}

bool
wal_size(sqlite3 *db, int64_t *bytes)
{
	sqlite3_file *wal = wal_of(db);
	sqlite3_int64 size = 0;

	if (wal == NULL || wal->pMethods->xFileSize(wal, &size) != SQLITE_OK)
		return false;
	*bytes = size;
	return true;
}

bool
wal_extend(sqlite3 *db, int64_t *end, int64_t bytes)
{
	static const char zeros[16384];
	sqlite3_file *wal = wal_of(db);

	for (int64_t done = 0; done < bytes; done += (int64_t)sizeof zeros) {
		if (wal == NULL ||
		    wal->pMethods->xWrite(wal, zeros, sizeof zeros, *end) != SQLITE_OK)
			return false;
		*end += (int64_t)sizeof zeros;
	}
	return true;
}

int
wal_truncate(sqlite3 *db, int64_t bytes)
{
	sqlite3_file *wal = wal_of(db);

	return wal != NULL ? wal->pMethods->xTruncate(wal, bytes) : SQLITE_OK;
}

/* ---- a second handle ------------------------------------------------- */

int
wal_handle_open(struct wal_handle *handle, const char *vfs_name, const char *database)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(vfs_name);
	size_t size = strlen(database) + sizeof "-wal";
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_WAL;

	handle->file = mem_zalloc((size_t)vfs->szOsFile);
	/* SQLite's file names end in several NULs: URI parameters would follow. */
	handle->path = mem_zalloc(size + 4);
	snprintf(handle->path, size, "%s-wal", database);
	handle->fd = open(handle->path, O_WRONLY | O_CLOEXEC);
	int rc = vfs->xOpen(vfs, handle->path, handle->file, flags, &flags);
	if (rc != SQLITE_OK)
		wal_handle_close(handle);
	return rc;
}

void
wal_handle_close(struct wal_handle *handle)
{
	if (handle->file != NULL && handle->file->pMethods != NULL)
		handle->file->pMethods->xClose(handle->file);
	if (handle->path != NULL && handle->fd != -1)
		close(handle->fd);
	free(handle->file);
	free(handle->path);
	*handle = (struct wal_handle){ 0 };
}

int
wal_handle_sync(struct wal_handle *handle)
{
	return handle->file->pMethods->xSync(
	    handle->file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
}

void
wal_handle_start(struct wal_handle *handle, int64_t from, int64_t to)
{
	const int64_t page = 4096;

	from -= from % page;
	to -= to % page;
	if (handle->fd != -1 && to > from)
		sync_file_range(handle->fd, from, to - from, SYNC_FILE_RANGE_WRITE);
}

/* ---- the next database's --------------------------------------------- */

/*
 * A WAL without header is an empty one to SQLite, which then gives it new salts: old frames behind
 * the new ones do not count. The header has to be gone for good before the file is taken for
 * another database's.
 */
static int
wipe_header(const char *wal)
{
	static const char zeros[WAL_HEADER_BYTES];
	int fd = open(wal, O_WRONLY | O_CLOEXEC);

	if (fd == -1)
		return -1;
	int status = pwrite(fd, zeros, sizeof zeros, 0) == sizeof zeros ? fdatasync(fd) : -1;
	close(fd);
	return status;
}

int
wal_recycle(const char *database, const char *spare)
{
	struct buf wal = { 0 };

	buf_printf(&wal, "%s-wal", database);
	int status = wipe_header(buf_text(&wal)) == 0 ? rename(buf_text(&wal), spare) : -1;
	buf_release(&wal);
	return status;
}

int
wal_adopt(const char *spare, const char *database)
{
	struct buf wal = { 0 };

	buf_printf(&wal, "%s-wal", database);
	int status = rename(spare, buf_text(&wal));
	buf_release(&wal);
	return status == 0 || errno == ENOENT ? 0 : -1;
}

void
wal_remove(const char *database)
{
	static const char *const suffixes[] = { "-wal", "-shm" };
	struct buf path = { 0 };

	for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
		path.len = 0;
		buf_printf(&path, "%s%s", database, suffixes[i]);
		unlink(buf_text(&path));
	}
	buf_release(&path);
}
