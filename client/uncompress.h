#ifndef CLIENT_UNCOMPRESS_H
#define CLIENT_UNCOMPRESS_H

/*
 * Bodies that clients compressed: ZLIB, and LZ4 frames and ZSTD where configure found their
 * libraries. Any thread.
 */

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/slice.h"

enum compression {
	COMPRESSION_LZ4 = 0x100, /* as in sysFlag */
	COMPRESSION_ZSTD = 0x200,
	COMPRESSION_ZLIB = 0x300,
};

/*
 * Appends the plain bytes. 0, or -1 when the data is damaged or cut off, becomes more than
 * max_bytes, or is of a kind that this build does not know.
 */
int uncompress_body(enum compression kind, struct slice in, size_t max_bytes, struct buf *out);
/* Whether this build knows the kind. */
bool uncompress_knows(enum compression kind);

#endif
