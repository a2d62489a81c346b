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
 * A header with properties of 32 KB, each byte as \u0001, has 200 KB. Beyond
 * this a header is no header, and what we pass on stays encodable.
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
	size_t size;       /* of all, length field included */
};

enum frame_status {
	FRAME_OK,
	FRAME_MORE, /* *need is what the frame has in all, as far as known: at least len + 1 */
	FRAME_BAD,  /* no frame: the connection must be closed */
};

/* Reads the frame at data; its parts point there. */
enum frame_status frame_read(const char *data, size_t len, struct frame *frame, size_t *need);

#endif
