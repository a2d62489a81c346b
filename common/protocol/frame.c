#include "config.h"

#include "common/protocol/frame.h"

#include "common/base/buf.h"
#include "common/base/wire.h"

#define LENGTH_BYTES 4
#define PREFIX_BYTES 8 /* length, codec, header length */

enum frame_status
frame_read(const char *data, size_t len, struct frame *frame, size_t *need)
{
	*need = PREFIX_BYTES;
	if (len < LENGTH_BYTES)
		return FRAME_MORE;

	uint32_t length = be32_get(data);

	if (length < PREFIX_BYTES - LENGTH_BYTES || length > FRAME_MAX_BYTES - LENGTH_BYTES)
		return FRAME_BAD;
	if (len < PREFIX_BYTES)
		return FRAME_MORE;

	size_t size = (size_t)length + LENGTH_BYTES;
	uint32_t mark = be32_get(data + LENGTH_BYTES);
	uint32_t codec = mark >> 24;
	size_t header_len = mark & 0xFFFFFF;

	if (codec > FRAME_BINARY || header_len > size - PREFIX_BYTES ||
	    header_len > FRAME_HEADER_MAX_BYTES)
		return FRAME_BAD;
	*need = size;
	if (len < size)
		return FRAME_MORE;
	*frame = (struct frame){
		.codec = codec == FRAME_JSON ? FRAME_JSON : FRAME_BINARY,
		.header = { data + PREFIX_BYTES, header_len },
		.body = { data + PREFIX_BYTES + header_len, size - PREFIX_BYTES - header_len },
		.size = size,
	};
	return FRAME_OK;
}
