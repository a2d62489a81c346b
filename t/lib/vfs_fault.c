#include "config.h"

#include "t/lib/vfs_fault.h"

#include <poll.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/mem.h"

struct fault faults[N_FAULT_KINDS];

struct fault_file {
	sqlite3_file base;
	sqlite3_file *real; /* behind this struct, in SQLite's memory */
	const char *wal;    /* its path, as long as it is open; NULL: no write-ahead log */
	bool by_clock; /* meta.db and what belongs to it: written now and then, whatever is sent */
};

/* One write that was not synced yet. */
struct unsynced {
	struct unsynced *older;
	char *path;
	off_t at, old_size;
	size_t len;
	char *before, *after;
};

#define SECTOR_BYTES 512
#define OFTEN 20

static pthread_mutex_t tracking_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool tracking;
static struct unsynced *newest;

static atomic_bool only_wal;  /* writes are those to write-ahead logs */
static const char *plan_path; /* NULL: no file is looked at */
static void take_plan(void);

static sqlite3_vfs *real_vfs;

static sqlite3_file *
real_of(sqlite3_file *file)
{
	return ((struct fault_file *)file)->real;
}

static int
ask(const struct fault_file *file, enum fault_kind kind)
{
	struct fault *fault = &faults[kind];

	if (plan_path != NULL && access(plan_path, F_OK) == 0)
		take_plan();
	if (file->by_clock && atomic_load(&fault->fail_until) != LONG_MAX)
		return SQLITE_OK;
	if (kind == FAULT_WRITE && file->wal == NULL && atomic_load(&only_wal))
		return SQLITE_OK;
	long call = atomic_fetch_add(&fault->calls, 1) + 1;
	long fail_at = atomic_load(&fault->fail_at);

	if (fail_at == 0 || call < fail_at || call > atomic_load(&fault->fail_until))
		return SQLITE_OK;
	if (atomic_load(&fault->code) == FAULT_KILL)
		raise(SIGKILL);
	if (atomic_load(&fault->code) != FAULT_STALL)
		return atomic_load(&fault->code);
	poll(NULL, 0, FAULT_STALL_MS);
	return SQLITE_OK;
}

static int
fault_close(sqlite3_file *file)
{
	return real_of(file)->pMethods->xClose(real_of(file));
}

static int
fault_read(sqlite3_file *file, void *data, int len, sqlite3_int64 at)
{
	return real_of(file)->pMethods->xRead(real_of(file), data, len, at);
}

static void
track_write(const struct fault_file *file, const void *data, size_t len, off_t at)
{
	struct unsynced *write = mem_zalloc(sizeof *write);
	sqlite3_int64 size = 0;

	file->real->pMethods->xFileSize(file->real, &size);
	*write = (struct unsynced){
		.path = mem_strdup(file->wal),
		.at = at,
		.old_size = size,
		.len = len,
		.before = mem_zalloc(len),
		.after = memcpy(mem_alloc(len), data, len),
	};
	/* A short read leaves zeros, as a file that grows does. */
	file->real->pMethods->xRead(file->real, write->before, (int)len, at);
	pthread_mutex_lock(&tracking_lock);
	write->older = newest;
	newest = write;
	pthread_mutex_unlock(&tracking_lock);
}

static struct unsynced *
forget(struct unsynced *write)
{
	struct unsynced *older = write->older;

	free(write->path);
	free(write->before);
	free(write->after);
	free(write);
	return older;
}

/* What a sync of the path made safe. */
static void
track_sync(const char *path)
{
	pthread_mutex_lock(&tracking_lock);
	for (struct unsynced **at = &newest; *at != NULL;) {
		if (strcmp((*at)->path, path) == 0)
			*at = forget(*at);
		else
			at = &(*at)->older;
	}
	pthread_mutex_unlock(&tracking_lock);
}

static int
fault_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 at)
{
	const struct fault_file *it = (struct fault_file *)file;
	int rc = ask(it, FAULT_WRITE);

	if (rc == SQLITE_OK && it->wal != NULL && atomic_load(&tracking))
		track_write(it, data, (size_t)len, at);
	return rc != SQLITE_OK ? rc : real_of(file)->pMethods->xWrite(real_of(file), data, len, at);
}

static int
fault_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int
fault_sync(sqlite3_file *file, int flags)
{
	const struct fault_file *it = (struct fault_file *)file;
	int rc = ask(it, FAULT_SYNC);

	if (rc == SQLITE_OK)
		rc = real_of(file)->pMethods->xSync(real_of(file), flags);
	if (rc == SQLITE_OK && it->wal != NULL && atomic_load(&tracking))
		track_sync(it->wal);
	return rc;
}

static int
fault_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int
fault_lock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int
fault_unlock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int
fault_check_lock(sqlite3_file *file, int *result)
{
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file), result);
}

static int
fault_control(sqlite3_file *file, int op, void *arg)
{
	return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}

static int
fault_sector_size(sqlite3_file *file)
{
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int
fault_characteristics(sqlite3_file *file)
{
	return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int
fault_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **map)
{
	return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, map);
}

static int
fault_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	return real_of(file)->pMethods->xShmLock(real_of(file), offset, n, flags);
}

static void
fault_shm_barrier(sqlite3_file *file)
{
	real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int
fault_shm_unmap(sqlite3_file *file, int delete)
{
	return real_of(file)->pMethods->xShmUnmap(real_of(file), delete);
}

static int
fault_fetch(sqlite3_file *file, sqlite3_int64 at, int len, void **map)
{
	return real_of(file)->pMethods->xFetch(real_of(file), at, len, map);
}

static int
fault_unfetch(sqlite3_file *file, sqlite3_int64 at, void *map)
{
	return real_of(file)->pMethods->xUnfetch(real_of(file), at, map);
}

static const sqlite3_io_methods methods = {
	.iVersion = 3,
	.xClose = fault_close,
	.xRead = fault_read,
	.xWrite = fault_write,
	.xTruncate = fault_truncate,
	.xSync = fault_sync,
	.xFileSize = fault_size,
	.xLock = fault_lock,
	.xUnlock = fault_unlock,
	.xCheckReservedLock = fault_check_lock,
	.xFileControl = fault_control,
	.xSectorSize = fault_sector_size,
	.xDeviceCharacteristics = fault_characteristics,
	.xShmMap = fault_shm_map,
	.xShmLock = fault_shm_lock,
	.xShmBarrier = fault_shm_barrier,
	.xShmUnmap = fault_shm_unmap,
	.xFetch = fault_fetch,
	.xUnfetch = fault_unfetch,
};

static int
fault_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *flags_out)
{
	struct fault_file *it = (struct fault_file *)file;

	(void)vfs;
	it->real = (sqlite3_file *)(it + 1);
	it->wal = flags & SQLITE_OPEN_WAL ? name : NULL;
	it->by_clock = name != NULL && strstr(name, "/meta.db") != NULL;
	int rc = real_vfs->xOpen(real_vfs, name, it->real, flags, flags_out);
	it->base.pMethods = it->real->pMethods != NULL ? &methods : NULL;
	return rc;
}

void
vfs_fault_register(void)
{
	static sqlite3_vfs vfs;

	if (real_vfs != NULL)
		return;
	real_vfs = sqlite3_vfs_find(NULL);
	vfs = *real_vfs;
	vfs.zName = "fault";
	vfs.szOsFile = (int)sizeof(struct fault_file) + real_vfs->szOsFile;
	vfs.xOpen = fault_open;
	sqlite3_vfs_register(&vfs, 0);
}

void
vfs_fault_plan(enum fault_kind kind, long n, bool for_good, int code)
{
	struct fault *fault = &faults[kind];

	atomic_store(&fault->code, code);
	long fail_at = n != 0 ? atomic_load(&fault->calls) + n : 0;

	atomic_store(&fault->fail_until, for_good ? LONG_MAX : fail_at);
	atomic_store(&fault->fail_at, fail_at);
}

void
vfs_fault_track(void)
{
	atomic_store(&tracking, true);
}

static unsigned
next_random(unsigned *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 16;
}

static void
undo(const struct unsynced *write)
{
	int fd = open(write->path, O_WRONLY | O_CLOEXEC);

	if (fd == -1)
		return; /* given away or removed meanwhile */
	if (pwrite(fd, write->before, write->len, write->at) == -1 ||
	    ftruncate(fd, write->old_size) == -1)
		abort();
	close(fd);
}

/* Some of its sectors arrived. */
static void
redo(const struct unsynced *write, unsigned *seed)
{
	int fd = open(write->path, O_WRONLY | O_CLOEXEC);

	if (fd == -1)
		return;
	for (size_t done = 0; done < write->len;) {
		off_t at = write->at + (off_t)done;
		size_t len = SECTOR_BYTES - (size_t)(at % SECTOR_BYTES);

		if (len > write->len - done)
			len = write->len - done;
		if (next_random(seed) % 2 == 0 && pwrite(fd, write->after + done, len, at) == -1)
			abort();
		done += len;
	}
	close(fd);
}

void
vfs_fault_cut(unsigned seed)
{
	struct unsynced *oldest = NULL;

	atomic_store(&tracking, false);
	while (newest != NULL) {
		struct unsynced *write = newest;

		undo(write);
		newest = write->older;
		write->older = oldest;
		oldest = write;
	}
	/* Now linked by age, oldest first. A third of the cuts loses all. */
	while (oldest != NULL) {
		if (seed % 3 != 0)
			redo(oldest, &seed);
		oldest = forget(oldest);
	}
}

static void
plan_from_text(const char *plan)
{
	char kind[16], code[16], how[16];
	long n;

	if (sscanf(plan, "%15[^:]:%ld:%15[^:]:%15s", kind, &n, code, how) != 4)
		return;
	bool sync = strcmp(kind, "sync") == 0;

	atomic_store(&only_wal, strcmp(kind, "wal") == 0);
	int failure = sync ? SQLITE_IOERR_FSYNC : SQLITE_IOERR_WRITE;

	if (strcmp(code, "full") == 0)
		failure = SQLITE_FULL;
	else if (strcmp(code, "stall") == 0)
		failure = FAULT_STALL;
	struct fault *fault = &faults[sync ? FAULT_SYNC : FAULT_WRITE];

	vfs_fault_plan(sync ? FAULT_SYNC : FAULT_WRITE, n, strcmp(how, "always") == 0, failure);
	if (strcmp(how, "twice") == 0)
		atomic_fetch_add(&fault->fail_until, 1);
	else if (strcmp(how, "often") == 0)
		atomic_fetch_add(&fault->fail_until, OFTEN - 1);
}

void
vfs_fault_plan_from_environment(void)
{
	const char *plan = getenv("FAULT");

	if (plan != NULL && plan[0] == '/')
		plan_path = plan;
	else if (plan != NULL)
		plan_from_text(plan);
}

static void
take_plan(void)
{
	char text[64] = "";
	FILE *file;

	pthread_mutex_lock(&tracking_lock);
	file = fopen(plan_path, "r");
	if (file != NULL) {
		if (fgets(text, sizeof text, file) != NULL)
			plan_from_text(text);
		fclose(file);
		unlink(plan_path);
	}
	pthread_mutex_unlock(&tracking_lock);
}
