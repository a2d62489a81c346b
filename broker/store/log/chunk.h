#ifndef STORE_CHUNK_H
#define STORE_CHUNK_H

/*
 * Bytes of records that several threads hold: those of one commit, or the result of a cold read.
 * Written once by its maker, read-only afterwards, freed by the last holder. Any thread.
 */

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct chunk {
	_Atomic uint32_t refs;
	int64_t position; /* log position of the first byte; -1: records of several places */
	size_t len;
	char data[];
};

struct chunk *chunk_new(int64_t position, size_t len); /* one reference, the caller's */
struct chunk *chunk_ref(struct chunk *chunk);
void chunk_unref(struct chunk *chunk);
/* For struct body_part. */
void chunk_release(void *chunk);

#endif
