#include "config.h"

#include "broker/sql/temp_vfs.h"

#include <sqlite3.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

struct temp_vfs {
	sqlite3_vfs vfs;
	sqlite3_vfs *below;
	int64_t left; /* bytes */
};

/* A file of the VFS below, which follows in the same memory. */
struct temp_file {
	sqlite3_file base;
	struct temp_vfs *owner;
	int64_t size;
	_Alignas(int64_t) char below[]; /* as SQLite aligns it */
};

static sqlite3_file *
below(sqlite3_file *file)
{
	return (sqlite3_file *)(void *)((struct temp_file *)file)->below;
}

static int
close_file(sqlite3_file *file)
{
	struct temp_file *it = (struct temp_file *)file;

	it->owner->left += it->size;
	return below(file)->pMethods->xClose(below(file));
}

static int
read_file(sqlite3_file *file, void *to, int n, sqlite3_int64 at)
{
	return below(file)->pMethods->xRead(below(file), to, n, at);
}

static int
write_file(sqlite3_file *file, const void *from, int n, sqlite3_int64 at)
{
	struct temp_file *it = (struct temp_file *)file;
	int64_t grows = at + n - it->size;

	if (grows > 0) {
		if (grows > it->owner->left)
			return SQLITE_FULL;
		it->owner->left -= grows;
		it->size += grows;
	}
	return below(file)->pMethods->xWrite(below(file), from, n, at);
}

static int
truncate_file(sqlite3_file *file, sqlite3_int64 size)
{
	struct temp_file *it = (struct temp_file *)file;

	if (size < it->size) {
		it->owner->left += it->size - size;
		it->size = size;
	}
	return below(file)->pMethods->xTruncate(below(file), size);
}

static int
sync_file(sqlite3_file *file, int flags)
{
	return below(file)->pMethods->xSync(below(file), flags);
}

static int
size_of_file(sqlite3_file *file, sqlite3_int64 *size)
{
	return below(file)->pMethods->xFileSize(below(file), size);
}

static int
lock_file(sqlite3_file *file, int level)
{
	return below(file)->pMethods->xLock(below(file), level);
}

static int
unlock_file(sqlite3_file *file, int level)
{
	return below(file)->pMethods->xUnlock(below(file), level);
}

static int
check_lock(sqlite3_file *file, int *locked)
{
	return below(file)->pMethods->xCheckReservedLock(below(file), locked);
}

/* Hints about the size of a file are not passed on: it would grow past the count. */
static int
control_file(sqlite3_file *file, int op, void *arg)
{
	(void)file;
	(void)op;
	(void)arg;
	return SQLITE_NOTFOUND;
}

static int
sector_size(sqlite3_file *file)
{
	return below(file)->pMethods->xSectorSize(below(file));
}

static int
characteristics(sqlite3_file *file)
{
	return below(file)->pMethods->xDeviceCharacteristics(below(file));
}

/* Version 1: neither shared memory nor mapping. */
static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = close_file,
	.xRead = read_file,
	.xWrite = write_file,
	.xTruncate = truncate_file,
	.xSync = sync_file,
	.xFileSize = size_of_file,
	.xLock = lock_file,
	.xUnlock = unlock_file,
	.xCheckReservedLock = check_lock,
	.xFileControl = control_file,
	.xSectorSize = sector_size,
	.xDeviceCharacteristics = characteristics,
};

static int
open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
	struct temp_file *it = (struct temp_file *)file;
	struct temp_vfs *owner = (struct temp_vfs *)vfs;

	*it = (struct temp_file){ .owner = owner };
	memset(it->below, 0, (size_t)owner->below->szOsFile);
	int rc = owner->below->xOpen(owner->below, name, below(file), flags, out_flags);

	if (below(file)->pMethods != NULL)
		it->base.pMethods = &methods;
	return rc;
}

struct temp_vfs *
temp_vfs_new(int64_t max_bytes)
{
	sqlite3_vfs *unix_vfs = sqlite3_vfs_find("unix");
	struct temp_vfs *temp;

	if (unix_vfs == NULL)
		return NULL;
	temp = mem_zalloc(sizeof *temp);
	temp->below = unix_vfs;
	temp->left = max_bytes;
	temp->vfs = *unix_vfs;
	temp->vfs.pNext = NULL;
	temp->vfs.zName = TEMP_VFS_NAME;
	temp->vfs.szOsFile = (int)offsetof(struct temp_file, below) + unix_vfs->szOsFile;
	temp->vfs.xOpen = open_file;
	if (sqlite3_vfs_register(&temp->vfs, 0) != SQLITE_OK) {
		free(temp);
		return NULL;
	}
	return temp;
}

void
temp_vfs_free(struct temp_vfs *vfs)
{
	if (vfs == NULL)
		return;
	sqlite3_vfs_unregister(&vfs->vfs);
	free(vfs);
}
