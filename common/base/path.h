#ifndef COMMON_PATH_H
#define COMMON_PATH_H

/* Directories of the daemons' own files. Texts are the caller's to free. Any thread. */

#include <stdint.h>

/*
 * Makes a directory with its parents, as mkdir -p does, unless it is there, and sees that it can
 * be used. 0, or -1 and *why says in one line what is wrong and what to do.
 */
int path_make_directory(const char *path, char **why);
/* The name below the home directory, or below the current one when there is no home. */
char *path_at_home(const char *name);

/* Bytes of the path's partition that its user can have, as df counts, and how many are free now. 0
 * or -1. */
int path_disk_space(const char *path, int64_t *total, int64_t *available);

#endif
