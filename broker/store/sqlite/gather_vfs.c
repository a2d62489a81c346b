#include "config.h"

#include "broker/store/sqlite/gather_vfs.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "broker/store/sqlite/sql.h"
#include "common/base/buf.h"
#include "common/base/mem.h"

#define HELD_BYTES ((128 << 10) - 1) /* SQLite's VFS for unix cannot write more at once */
#define FRAME_AT_COMMIT 4            /* in the header: not 0 in a commit's last frame */

struct gather_vfs {
	sqlite3_vfs base; /* the real one's, but for xOpen */
	sqlite3_vfs *real;
	size_t file_bytes; /* of the real one */
};

/*
 * Of one file, behind the real VFS's own in SQLite's memory. SQLite calls these methods
 * with the real file: they are the real ones, but for those of this page.
 */
struct gather {
	sqlite3_io_methods methods; /* first: what the file points to */
	const sqlite3_io_methods *real;
	bool is_wal;           /* else a database */
	bool in_checkpoint;    /* of a database */
	bool in_frame;         /* of a WAL: the page of the frame comes next */
	bool is_commit;        /* of a WAL: the frame is its commit's last */
	sqlite3_int64 wal_end; /* behind the last frame; what is written before it is no new one */
	char *held;
	int n_held;
	sqlite3_int64 held_at;
};

static struct gather *
gather_of(sqlite3_file *file)
{
	return (struct gather *)(uintptr_t)file->pMethods;
}

/*
 * Sends off what is held. Frames that cannot be sent are gone with their commit. Pages stay, to be
 * sent with what comes next: of a checkpoint that a reader holds up, SQLite counts them as written.
 */
static int
let_go(sqlite3_file *file)
{
	struct gather *gather = gather_of(file);

	if (gather->n_held == 0)
		return SQLITE_OK;
	int rc = gather->real->xWrite(file, gather->held, gather->n_held, gather->held_at);
	if (rc == SQLITE_OK || gather->is_wal)
		gather->n_held = 0;
	return rc;
}

static int
write_now(sqlite3_file *file, const void *data, int len, sqlite3_int64 at)
{
	int rc = let_go(file);

	return rc == SQLITE_OK ? gather_of(file)->real->xWrite(file, data, len, at) : rc;
}

static int
hold(sqlite3_file *file, const void *data, int len, sqlite3_int64 at)
{
	struct gather *gather = gather_of(file);

	if (len > HELD_BYTES)
		return write_now(file, data, len, at);
	if (at != gather->held_at + gather->n_held || gather->n_held + len > HELD_BYTES) {
		int rc = let_go(file);

		if (rc != SQLITE_OK)
			return rc;
	}
	if (gather->held == NULL)
		gather->held = mem_alloc(HELD_BYTES);
	if (gather->n_held == 0)
		gather->held_at = at;
	memcpy(gather->held + gather->n_held, data, (size_t)len);
	gather->n_held += len;
	return SQLITE_OK;
}

static int
gather_write_wal(sqlite3_file *file, const void *data, int len, sqlite3_int64 at)
{
	struct gather *gather = gather_of(file);
	bool is_page = gather->in_frame;
	bool is_header = len == SQL_FRAME_HEADER_BYTES && at >= gather->wal_end;

	gather->in_frame = is_header;
	if (!is_header && !is_page)
		return write_now(file, data, len, at);
	if (is_header)
		gather->is_commit = be32_get((const char *)data + FRAME_AT_COMMIT) != 0;
	gather->wal_end = at + len;
	int rc = hold(file, data, len, at);
	return rc == SQLITE_OK && is_page && gather->is_commit ? let_go(file) : rc;
}

static int
gather_write_database(sqlite3_file *file, const void *data, int len, sqlite3_int64 at)
{
	return gather_of(file)->in_checkpoint ? hold(file, data, len, at)
	                                      : write_now(file, data, len, at);
}

static int
gather_read(sqlite3_file *file, void *data, int len, sqlite3_int64 at)
{
	int rc = let_go(file);

	return rc == SQLITE_OK ? gather_of(file)->real->xRead(file, data, len, at) : rc;
}

static int
gather_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct gather *gather = gather_of(file);

	if (gather->held_at >= size)
		gather->n_held = 0;
	if (gather->wal_end > size)
		gather->wal_end = size;
	gather->in_frame = false;
	int rc = let_go(file);
	return rc == SQLITE_OK ? gather->real->xTruncate(file, size) : rc;
}

static int
gather_sync(sqlite3_file *file, int flags)
{
	int rc = let_go(file);

	return rc == SQLITE_OK ? gather_of(file)->real->xSync(file, flags) : rc;
}

static int
gather_size(sqlite3_file *file, sqlite3_int64 *size)
{
	int rc = let_go(file);

	return rc == SQLITE_OK ? gather_of(file)->real->xFileSize(file, size) : rc;
}

static int
gather_control(sqlite3_file *file, int op, void *arg)
{
	struct gather *gather = gather_of(file);

	if (op == SQLITE_FCNTL_CKPT_START) {
		gather->in_checkpoint = true;
	} else if (op == SQLITE_FCNTL_CKPT_DONE) {
		gather->in_checkpoint = false;
		let_go(file); /* a failure has no way to be told here */
	}
	return gather->real->xFileControl(file, op, arg);
}

static int
gather_close(sqlite3_file *file)
{
	struct gather *gather = gather_of(file);

	let_go(file);
	free(gather->held);
	return gather->real->xClose(file);
}

static int
gather_open(sqlite3_vfs *base, const char *name, sqlite3_file *file, int flags, int *flags_out)
{
	struct gather_vfs *vfs = (struct gather_vfs *)base;
	struct gather *gather = (struct gather *)((char *)file + vfs->file_bytes);
	int rc = vfs->real->xOpen(vfs->real, name, file, flags, flags_out);

	if (rc != SQLITE_OK || !(flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)))
		return rc;
	*gather = (struct gather){
		.methods = *file->pMethods,
		.real = file->pMethods,
		.is_wal = flags & SQLITE_OPEN_WAL,
	};
	gather->methods.xWrite = gather->is_wal ? gather_write_wal : gather_write_database;
	gather->methods.xRead = gather_read;
	gather->methods.xTruncate = gather_truncate;
	gather->methods.xSync = gather_sync;
	gather->methods.xFileSize = gather_size;
	gather->methods.xFileControl = gather_control;
	gather->methods.xClose = gather_close;
	file->pMethods = &gather->methods;
	return rc;
}

const char *
gather_vfs_over(const char *name)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	const size_t align = alignof(struct gather);
	struct buf own_name = { 0 };
	sqlite3_vfs *real = sqlite3_vfs_find(name);

	if (real == NULL)
		return name; /* to open anything there will fail, and say so */
	buf_printf(&own_name, "gather-%s", real->zName);
	pthread_mutex_lock(&lock);
	sqlite3_vfs *found = sqlite3_vfs_find(buf_text(&own_name));
	if (found == NULL) {
		struct gather_vfs *vfs = mem_zalloc(sizeof *vfs);

		*vfs = (struct gather_vfs){ *real, real, 0 };
		vfs->file_bytes = ((size_t)real->szOsFile + align - 1) / align * align;
		vfs->base.szOsFile = (int)(vfs->file_bytes + sizeof(struct gather));
		vfs->base.zName = buf_take(&own_name);
		vfs->base.xOpen = gather_open;
		sqlite3_vfs_register(&vfs->base, 0);
		found = &vfs->base;
	}
	pthread_mutex_unlock(&lock);
	buf_release(&own_name);
	return found->zName;
}
