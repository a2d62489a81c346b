#ifndef COMMON_FRAME_H
#define COMMON_FRAME_H

/*
 * The outermost layer of the remoting protocol: length, codec byte, header
 * length, header, body. Source: protocol description 1.1, NettyDecoder and
 * RemotingCommand of apache/rocketmq. Any thread.
 */

#include <stddef.h>

#include "common/base/slice.h"

#define FRAME_MAX_BYTES 16777216 /* with its length field */
/*
 * Properties of 32 KB make a header of 200 KB when each byte is escaped as
 * \u0001. A longer header is refused, so every header we forward can be encoded.
 */
#define FRAME_HEADER_MAX_BYTES (2 << 20)

enum frame_codec {
	FRAME_JSON = 0,
	FRAME_BINARY = 1, /* "ROCKETMQ" */
};

struct frame {
	enum frame_codec codec;
	struct slice header;
	struct slice body; /* empty, never absent */
	size_t size;       /* of the frame, with its length field */
};

enum frame_status {
	FRAME_OK,
	FRAME_MORE, /* *need is the size of the whole frame, or len + 1 while it is unknown */
	FRAME_BAD,  /* malformed: close the connection */
};

/* Reads the frame at data. The parts of *frame point into data. */
enum frame_status frame_read(const char *data, size_t len, struct frame *frame, size_t *need);

#endif
