#include "config.h"

#include "broker/store/sqlite/coalesce_vfs.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "broker/store/sqlite/wal.h"
#include "common/base/buf.h"
#include "common/base/mem.h"
#include "common/base/wire.h"

#define BUFFER_BYTES ((128 << 10) - 1) /* SQLite's VFS for unix cannot write more at once */
/* Locks of a WAL's index, from SQLite's "WAL-mode File Format". */
#define LOCK_WRITE 0
#define LOCK_READ_1 4               /* the first of those that guard a read mark */
#define CONTROL_KEEP_LOCKS 0x6d7101 /* xFileControl of this page alone: on or off */
#define FRAME_AT_COMMIT 4           /* in the header: not 0 in a commit's last frame */

struct coalesce_vfs {
	sqlite3_vfs base; /* the real one's, but for xOpen */
	sqlite3_vfs *real;
	size_t file_bytes; /* of the real one */
};

/*
 * Of one file, behind the real VFS's own in SQLite's memory. SQLite calls these methods
 * with the real file: they are the real ones, but for those of this page.
 */
struct write_buffer {
	sqlite3_io_methods methods; /* first: the file's method table */
	const sqlite3_io_methods *real;
	bool is_wal;           /* else a database */
	bool in_checkpoint;    /* of a database */
	bool in_frame;         /* of a WAL: the page of the frame comes next */
	bool is_commit;        /* of a WAL: the frame is its commit's last */
	sqlite3_int64 wal_end; /* behind the last frame; writes before it are no new frames */
	bool keeps_locks;      /* of a database, see coalesce_keep_locks */
	bool has_write_lock;   /* kept */
	bool has_mark;         /* a read mark was found: there is one from then on */
	char *bytes;
	int n_bytes;
	sqlite3_int64 begins_at;
	int (*step)(void *arg); /* of a checkpoint; NULL: none */
	void *step_arg;
	int64_t step_bytes, stepped_bytes; /* stepped: since the last step */
};

static struct write_buffer *
buffer_of(sqlite3_file *file)
{
	return (struct write_buffer *)(uintptr_t)file->pMethods;
}

/*
 * Writes what the buffer holds. Frames that cannot be sent are gone with their commit. Pages stay,
 * to be sent with what comes next: of a checkpoint that a reader holds up, SQLite counts them as
 * written.
 */
static int
flush(sqlite3_file *file)
{
	struct write_buffer *buffer = buffer_of(file);

	if (buffer->n_bytes == 0)
		return SQLITE_OK;
	int rc = buffer->real->xWrite(file, buffer->bytes, buffer->n_bytes, buffer->begins_at);
	if (rc == SQLITE_OK || buffer->is_wal)
		buffer->n_bytes = 0;
	return rc;
}

static int
write_now(sqlite3_file *file, const void *data, int len, sqlite3_int64 at)
{
	int rc = flush(file);

	return rc == SQLITE_OK ? buffer_of(file)->real->xWrite(file, data, len, at) : rc;
}

static int
buffer_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 at)
{
	struct write_buffer *buffer = buffer_of(file);

	if (len > BUFFER_BYTES)
		return write_now(file, data, len, at);
	if (at != buffer->begins_at + buffer->n_bytes || buffer->n_bytes + len > BUFFER_BYTES) {
		int rc = flush(file);

		if (rc != SQLITE_OK)
			return rc;
	}
	if (buffer->bytes == NULL)
		buffer->bytes = mem_alloc(BUFFER_BYTES);
	if (buffer->n_bytes == 0)
		buffer->begins_at = at;
	memcpy(buffer->bytes + buffer->n_bytes, data, (size_t)len);
	buffer->n_bytes += len;
	return SQLITE_OK;
}

static int
coalesce_write_wal(sqlite3_file *file, const void *data, int len, sqlite3_int64 at)
{
	struct write_buffer *buffer = buffer_of(file);
	bool is_page = buffer->in_frame;
	bool is_header = len == WAL_FRAME_HEADER_BYTES && at >= buffer->wal_end;

	buffer->in_frame = is_header;
	if (!is_header && !is_page)
		return write_now(file, data, len, at);
	if (is_header)
		buffer->is_commit = be32_get((const char *)data + FRAME_AT_COMMIT) != 0;
	buffer->wal_end = at + len;
	int rc = buffer_write(file, data, len, at);
	return rc == SQLITE_OK && is_page && buffer->is_commit ? flush(file) : rc;
}

static int
coalesce_write_database(sqlite3_file *file, const void *data, int len, sqlite3_int64 at)
{
	struct write_buffer *buffer = buffer_of(file);

	if (!buffer->in_checkpoint)
		return write_now(file, data, len, at);
	int rc = buffer_write(file, data, len, at);
	buffer->stepped_bytes += len;
	if (rc != SQLITE_OK || buffer->step == NULL || buffer->stepped_bytes < buffer->step_bytes)
		return rc;
	buffer->stepped_bytes = 0;
	rc = flush(file);
	return rc == SQLITE_OK ? buffer->step(buffer->step_arg) : rc;
}

static int
coalesce_read(sqlite3_file *file, void *data, int len, sqlite3_int64 at)
{
	int rc = flush(file);

	return rc == SQLITE_OK ? buffer_of(file)->real->xRead(file, data, len, at) : rc;
}

static int
coalesce_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct write_buffer *buffer = buffer_of(file);

	if (buffer->begins_at >= size)
		buffer->n_bytes = 0;
	if (buffer->wal_end > size)
		buffer->wal_end = size;
	buffer->in_frame = false;
	int rc = flush(file);
	return rc == SQLITE_OK ? buffer->real->xTruncate(file, size) : rc;
}

static int
coalesce_sync(sqlite3_file *file, int flags)
{
	int rc = flush(file);

	return rc == SQLITE_OK ? buffer_of(file)->real->xSync(file, flags) : rc;
}

static int
coalesce_size(sqlite3_file *file, sqlite3_int64 *size)
{
	int rc = flush(file);

	return rc == SQLITE_OK ? buffer_of(file)->real->xFileSize(file, size) : rc;
}

/* ---- locks ----------------------------------------------------------- */

static int
keep_write_lock(sqlite3_file *file, int flags)
{
	struct write_buffer *buffer = buffer_of(file);

	if (buffer->has_write_lock || flags & SQLITE_SHM_UNLOCK)
		return SQLITE_OK;
	int rc = buffer->real->xShmLock(file, LOCK_WRITE, 1, flags);
	buffer->has_write_lock = rc == SQLITE_OK;
	return rc;
}

/*
 * A reader locks a mark so that no checkpoint goes beyond it and no writer begins the WAL anew: no
 * other connection can do so without the write lock. SQLite moves a mark up first, where it can get
 * it for itself; an old one is as good to it, once there is one.
 */
static int
pass_mark(sqlite3_file *file, int mark, int flags)
{
	struct write_buffer *buffer = buffer_of(file);

	if (flags == (SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE) && buffer->has_mark)
		return SQLITE_BUSY;
	if (flags & SQLITE_SHM_EXCLUSIVE)
		return buffer->real->xShmLock(file, mark, 1, flags);
	buffer->has_mark = true;
	return SQLITE_OK;
}

static int
coalesce_shm_lock(sqlite3_file *file, int first, int n, int flags)
{
	const struct write_buffer *buffer = buffer_of(file);

	if (buffer->keeps_locks && n == 1 && first == LOCK_WRITE)
		return keep_write_lock(file, flags);
	if (buffer->keeps_locks && n == 1 && first >= LOCK_READ_1)
		return pass_mark(file, first, flags);
	return buffer->real->xShmLock(file, first, n, flags);
}

static void
drop_locks(sqlite3_file *file)
{
	struct write_buffer *buffer = buffer_of(file);

	if (buffer->has_write_lock)
		buffer->real->xShmLock(
		    file, LOCK_WRITE, 1, SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE);
	buffer->keeps_locks = buffer->has_write_lock = buffer->has_mark = false;
}

static int
coalesce_shm_unmap(sqlite3_file *file, int delete)
{
	drop_locks(file);
	return buffer_of(file)->real->xShmUnmap(file, delete);
}

void
coalesce_keep_locks(sqlite3 *db, bool keep)
{
	sqlite3_file_control(db, "main", CONTROL_KEEP_LOCKS, &keep);
}

static int
control_locks(sqlite3_file *file, const bool *keep)
{
	struct write_buffer *buffer = buffer_of(file);

	if (*keep)
		buffer->keeps_locks = buffer->real->iVersion >= 2;
	else
		drop_locks(file);
	return SQLITE_OK;
}

/* ---- the rest -------------------------------------------------------- */

static int
coalesce_control(sqlite3_file *file, int op, void *arg)
{
	struct write_buffer *buffer = buffer_of(file);

	if (op == CONTROL_KEEP_LOCKS)
		return control_locks(file, arg);
	if (op == SQLITE_FCNTL_CKPT_START) {
		buffer->in_checkpoint = true;
	} else if (op == SQLITE_FCNTL_CKPT_DONE) {
		buffer->in_checkpoint = false;
		flush(file); /* a failure has no way to be told here */
	}
	return buffer->real->xFileControl(file, op, arg);
}

static int
coalesce_close(sqlite3_file *file)
{
	struct write_buffer *buffer = buffer_of(file);

	flush(file);
	free(buffer->bytes);
	return buffer->real->xClose(file);
}

static int
coalesce_open(sqlite3_vfs *base, const char *name, sqlite3_file *file, int flags, int *flags_out)
{
	struct coalesce_vfs *vfs = (struct coalesce_vfs *)base;
	struct write_buffer *buffer = (struct write_buffer *)((char *)file + vfs->file_bytes);
	int rc = vfs->real->xOpen(vfs->real, name, file, flags, flags_out);

	if (rc != SQLITE_OK || !(flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)))
		return rc;
	*buffer = (struct write_buffer){
		.methods = *file->pMethods,
		.real = file->pMethods,
		.is_wal = flags & SQLITE_OPEN_WAL,
	};
	buffer->methods.xWrite = buffer->is_wal ? coalesce_write_wal : coalesce_write_database;
	buffer->methods.xRead = coalesce_read;
	buffer->methods.xTruncate = coalesce_truncate;
	buffer->methods.xSync = coalesce_sync;
	buffer->methods.xFileSize = coalesce_size;
	buffer->methods.xFileControl = coalesce_control;
	buffer->methods.xClose = coalesce_close;
	if (!buffer->is_wal && buffer->real->iVersion >= 2) {
		buffer->methods.xShmLock = coalesce_shm_lock;
		buffer->methods.xShmUnmap = coalesce_shm_unmap;
	}
	file->pMethods = &buffer->methods;
	return rc;
}

void
coalesce_vfs_set_steps(sqlite3 *db, int64_t bytes, int (*step)(void *arg), void *arg)
{
	sqlite3_file *file = NULL;

	if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
	    file == NULL || file->pMethods == NULL ||
	    file->pMethods->xWrite != coalesce_write_database)
		return;
	struct write_buffer *buffer = buffer_of(file);
	buffer->step = step;
	buffer->step_arg = arg;
	buffer->step_bytes = bytes;
	buffer->stepped_bytes = 0;
}

const char *
coalesce_vfs_over(const char *name)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	const size_t align = alignof(struct write_buffer);
	struct buf own_name = { 0 };
	sqlite3_vfs *real = sqlite3_vfs_find(name);

	if (real == NULL)
		return name; /* to open anything there will fail, and say so */
	buf_printf(&own_name, "coalesce-%s", real->zName);
	pthread_mutex_lock(&lock);
	sqlite3_vfs *found = sqlite3_vfs_find(buf_text(&own_name));
	if (found == NULL) {
		struct coalesce_vfs *vfs = mem_zalloc(sizeof *vfs);

		*vfs = (struct coalesce_vfs){ *real, real, 0 };
		vfs->file_bytes = ((size_t)real->szOsFile + align - 1) / align * align;
		vfs->base.szOsFile = (int)(vfs->file_bytes + sizeof(struct write_buffer));
		vfs->base.zName = buf_take(&own_name);
		vfs->base.xOpen = coalesce_open;
		sqlite3_vfs_register(&vfs->base, 0);
		found = &vfs->base;
	}
	pthread_mutex_unlock(&lock);
	buf_release(&own_name);
	return found->zName;
}
