#ifndef COMMON_MEM_H
#define COMMON_MEM_H

/*
 * Memory. Running out of it ends the process, so callers do not check. What a peer's request
 * sizes is the exception: the try functions return NULL, and that request alone is refused.
 * Release with free(3). Any thread.
 */

#include <stddef.h>

void *mem_alloc(size_t size) __attribute__((malloc, returns_nonnull));
void *mem_zalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *mem_realloc(void *old, size_t size) __attribute__((returns_nonnull));
void *mem_try_alloc(size_t size) __attribute__((malloc, warn_unused_result));
/* NULL: the old block is as it was. */
void *mem_try_realloc(void *old, size_t size) __attribute__((warn_unused_result));
char *mem_strdup(const char *text) __attribute__((malloc, returns_nonnull));
char *mem_strndup(const char *text, size_t len) __attribute__((malloc, returns_nonnull));

#endif
