#ifndef COMMON_MEM_H
#define COMMON_MEM_H

/*
 * Memory: running out of it ends the process, so callers never check. Nothing
 * is sized by a peer before a limit was checked. Release with free(3).
 * Any thread.
 */

#include <stddef.h>

void *mem_alloc(size_t size) __attribute__((malloc, returns_nonnull));
void *mem_zalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *mem_realloc(void *old, size_t size) __attribute__((returns_nonnull));
char *mem_strdup(const char *text) __attribute__((malloc, returns_nonnull));
char *mem_strndup(const char *text, size_t len) __attribute__((malloc, returns_nonnull));

#endif
