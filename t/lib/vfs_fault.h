#ifndef T_LIB_VFS_FAULT_H
#define T_LIB_VFS_FAULT_H

/*
 * A SQLite VFS named "fault" that fails the n-th write or sync, once or for
 * good, and counts. All else goes to the default VFS. Plans may be changed
 * while other threads use files. What fails for good fails for all files; what fails once
 * passes meta.db by, which is written by the clock and would meet it instead of the log.
 */

#include <stdatomic.h>
#include <stdbool.h>

enum fault_kind { FAULT_WRITE, FAULT_SYNC, N_FAULT_KINDS };

struct fault {
	_Atomic long calls;      /* so far */
	_Atomic long fail_at;    /* the number of the call that fails; 0: none */
	_Atomic long fail_until; /* and all up to this one */
	_Atomic int code;        /* SQLITE_IOERR_WRITE, SQLITE_FULL, SQLITE_IOERR_FSYNC, ... */
};

extern struct fault faults[N_FAULT_KINDS];

/* Before the store is opened with vfs "fault". */
void vfs_fault_register(void);
/* The n-th call from now on fails; n 0: none does any more. */
void vfs_fault_plan(enum fault_kind kind, long n, bool for_good, int code);
/* A code of ours: the call succeeds, but only after FAULT_STALL_MS. */
#define FAULT_STALL (-1)
#define FAULT_STALL_MS 1500
/* Another: the process ends there, as kill -9 ends it. */
#define FAULT_KILL (-2)

/*
 * Remembers from now on what is written to write-ahead logs and not synced.
 * vfs_fault_cut then does to the files what a power cut does: of those writes
 * some sectors are there and some are not, by chance. No file may be open.
 */
void vfs_fault_track(void);
void vfs_fault_cut(unsigned seed);
/*
 * From the environment variable FAULT, for whole programs:
 * "write:100:full:once", "sync:7:ioerr:always", "sync:40:stall:once", "wal:200:ioerr:twice" (of
 * writes to write-ahead logs, not of those by which a checkpoint goes beside them; the store may
 * shrug the first one off, as it prepared something with it), "sync:300:ioerr:often" (20 times, as
 * some are of a checkpoint beside the log, which is tried again). Or an absolute path: what a file
 * there says is planned with the next write or sync, and the file removed.
 */
void vfs_fault_plan_from_environment(void);

#endif
