#ifndef STORE_DISK_H
#define STORE_DISK_H

/* The file system, beside SQLite. Functions return 0, or -1 and errno. */

#include <stdint.h>

int disk_sync_file(const char *path);
/* Makes names that were created, renamed or removed in the directory durable. */
int disk_sync_directory(const char *path);
/* Writes what is dirty of the file, and waits for it; no sync: neither metadata nor the disk's own
 * cache. */
int disk_write_back(int fd);
/*
 * Closes a file whose name is gone, and gives its blocks back in steps first. All at once they keep
 * the journal, or the disk where the file system discards blocks, busy for 30 ms and more. A file
 * that has another name, or that somebody else has open, is only closed. -1: there is none.
 */
void disk_free_slowly(int fd);

#endif
