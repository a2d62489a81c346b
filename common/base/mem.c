#include "config.h"

#include "common/base/mem.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"

void *
mem_try_alloc(size_t size)
{
	return malloc(size != 0 ? size : 1);
}

void *
mem_alloc(size_t size)
{
	void *mem = mem_try_alloc(size);

	if (mem == NULL)
		fatal("out of memory wanted=%zu", size);
	return mem;
}

void *
mem_zalloc(size_t size)
{
	void *mem = calloc(1, size != 0 ? size : 1);

	if (mem == NULL)
		fatal("out of memory wanted=%zu", size);
	return mem;
}

void *
mem_try_realloc(void *old, size_t size)
{
	return realloc(old, size != 0 ? size : 1);
}

void *
mem_realloc(void *old, size_t size)
{
	void *mem = mem_try_realloc(old, size);

	if (mem == NULL)
		fatal("out of memory wanted=%zu", size);
	return mem;
}

char *
mem_strdup(const char *text)
{
	return mem_strndup(text, strlen(text));
}

char *
mem_strndup(const char *text, size_t len)
{
	char *copy = mem_alloc(len + 1);

	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}
