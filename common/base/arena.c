#include "config.h"

#include "common/base/arena.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/log.h"
#include "common/base/mem.h"

#define BLOCK_BYTES 16384

struct arena_block {
	struct arena_block *next;
	size_t size;
	_Alignas(max_align_t) char data[];
};

static int
add_block(struct arena *arena, size_t size)
{
	struct arena_block *block = mem_try_alloc(sizeof *block + size);

	if (block == NULL)
		return -1;
	block->next = arena->first;
	block->size = size;
	arena->first = block;
	arena->at = block->data;
	arena->left = size;
	return 0;
}

void
arena_release(struct arena *arena)
{
	for (struct arena_block *block = arena->first, *next; block != NULL; block = next) {
		next = block->next;
		free(block);
	}
	*arena = (struct arena){ 0 };
}

size_t
arena_bytes(const struct arena *arena)
{
	size_t bytes = 0;

	for (const struct arena_block *block = arena->first; block != NULL; block = block->next)
		bytes += sizeof *block + block->size;
	return bytes;
}

void
arena_reset(struct arena *arena)
{
	struct arena_block *keep = NULL;

	for (struct arena_block *block = arena->first, *next; block != NULL; block = next) {
		next = block->next;
		if (keep == NULL && block->size == BLOCK_BYTES)
			keep = block;
		else
			free(block);
	}
	*arena = (struct arena){ keep, NULL, 0 };
	if (keep != NULL) {
		keep->next = NULL;
		arena->at = keep->data;
		arena->left = keep->size;
	}
}

static inline void *
take_piece(struct arena *arena, size_t size)
{
	size = (size + ARENA_ALIGN_BYTES - 1) & ~(size_t)(ARENA_ALIGN_BYTES - 1);
	if ((size > arena->left || arena->at == NULL) &&
	    add_block(arena, size > BLOCK_BYTES ? size : BLOCK_BYTES) == -1)
		return NULL;
	void *piece = arena->at;

	arena->at += size;
	arena->left -= size;
	return piece;
}

void *
arena_try_alloc(struct arena *arena, size_t size)
{
	return take_piece(arena, size);
}

void *
arena_try_zalloc(struct arena *arena, size_t size)
{
	void *piece = take_piece(arena, size);

	return piece != NULL ? memset(piece, 0, size) : NULL;
}

void *
arena_alloc_block(struct arena *arena, size_t size)
{
	void *piece = take_piece(arena, size);

	if (piece == NULL)
		fatal("out of memory wanted=%zu", size);
	return piece;
}

void *
arena_zalloc(struct arena *arena, size_t size)
{
	return memset(arena_alloc(arena, size), 0, size);
}

void
arena_trim(struct arena *arena, void *last, size_t old_size, size_t new_size)
{
	size_t old_room = (old_size + ARENA_ALIGN_BYTES - 1) & ~(size_t)(ARENA_ALIGN_BYTES - 1);
	size_t new_room = (new_size + ARENA_ALIGN_BYTES - 1) & ~(size_t)(ARENA_ALIGN_BYTES - 1);

	if ((char *)last + old_room != arena->at || new_room > old_room)
		fatal("arena_trim of another piece than the last");
	arena->at -= old_room - new_room;
	arena->left += old_room - new_room;
}

struct slice
arena_copy(struct arena *arena, struct slice text)
{
	if (text.data == NULL)
		return text;
	char *copy = arena_alloc(arena, text.len + 1);

	if (text.len != 0)
		memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	return (struct slice){ copy, text.len };
}

struct slice
arena_vprintf(struct arena *arena, const char *format, va_list args)
{
	va_list again;

	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (len < 0)
		fatal("bad format format=%s", format);
	char *text = arena_alloc(arena, (size_t)len + 1);

	vsnprintf(text, (size_t)len + 1, format, args);
	return (struct slice){ text, (size_t)len };
}

struct slice
arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	struct slice text = arena_vprintf(arena, format, args);
	va_end(args);
	return text;
}
