#ifndef COMMON_ARENA_H
#define COMMON_ARENA_H

/*
 * Memory of one request: allocated piece by piece, released all at once. A loop
 * owns one arena and resets it after each request, so handlers never free.
 * { 0 } is an empty arena. An arena belongs to one thread.
 */

#include <stdarg.h>
#include <stddef.h>

#include "common/base/slice.h"

#define ARENA_ALIGN_BYTES 16

struct arena_block;

struct arena {
	struct arena_block *first;
	char *at;
	size_t left;
};

void arena_release(struct arena *arena);
/* Releases all pieces; keeps the first block for the next request. */
void arena_reset(struct arena *arena);
/* The memory that it holds. */
size_t arena_bytes(const struct arena *arena);
/* Aligned for any type; not cleared. */
static inline void *arena_alloc(struct arena *arena, size_t size) __attribute__((returns_nonnull));
void *arena_zalloc(struct arena *arena, size_t size) __attribute__((returns_nonnull));
/* For sizes that a peer decides. NULL when memory is short: refuse the request. */
void *arena_try_alloc(struct arena *arena, size_t size) __attribute__((warn_unused_result));
void *arena_try_zalloc(struct arena *arena, size_t size) __attribute__((warn_unused_result));
/* Makes the last piece smaller (or gives it back with 0). */
void arena_trim(struct arena *arena, void *last, size_t old_size, size_t new_size);
struct slice arena_copy(struct arena *arena, struct slice text);
struct slice arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct slice arena_vprintf(struct arena *arena, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* The way of arena_alloc when the block may not do. */
void *arena_alloc_block(struct arena *arena, size_t size) __attribute__((returns_nonnull));

static inline void *
arena_alloc(struct arena *arena, size_t size)
{
	size_t room = (size + ARENA_ALIGN_BYTES - 1) & ~(size_t)(ARENA_ALIGN_BYTES - 1);
	char *piece = arena->at;

	if (room >= arena->left)
		return arena_alloc_block(arena, size);
	arena->at = piece + room;
	arena->left -= room;
	return piece;
}

#endif
