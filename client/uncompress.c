#include "config.h"

#include "client/uncompress.h"

#define ZLIB_CONST /* its input is const */
#include <zlib.h>
#ifdef WITH_LZ4
#include <lz4frame.h>
#endif
#ifdef WITH_ZSTD
#include <zstd.h>
#endif

#define STEP_BYTES 65536u /* of output at a time: a few bytes may claim to be very many */

static int
inflate_body(struct slice in, size_t max_bytes, struct buf *out)
{
	z_stream stream = { 0 };
	int status = Z_OK;

	if (inflateInit(&stream) != Z_OK)
		return -1;
	stream.next_in = (const Bytef *)in.data;
	stream.avail_in = (uInt)in.len;
	while (status == Z_OK && out->len <= max_bytes) {
		stream.next_out = (Bytef *)buf_reserve(out, STEP_BYTES);
		stream.avail_out = STEP_BYTES;
		status = inflate(&stream, Z_NO_FLUSH);
		out->len += STEP_BYTES - stream.avail_out;
	}
	inflateEnd(&stream);
	return status == Z_STREAM_END && out->len <= max_bytes ? 0 : -1;
}

#ifdef WITH_LZ4
/* One or more frames, to the end. */
static int
unlz4_body(struct slice in, size_t max_bytes, struct buf *out)
{
	LZ4F_dctx *context;
	size_t hint = 1; /* 0: a frame is complete */

	if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)))
		return -1;
	while (!LZ4F_isError(hint) && out->len <= max_bytes && (in.len != 0 || hint != 0)) {
		size_t n_in = in.len, n_out = STEP_BYTES;
		char *to = buf_reserve(out, STEP_BYTES);

		hint = LZ4F_decompress(context, to, &n_out, in.data, &n_in, NULL);
		if (LZ4F_isError(hint) || (n_in == 0 && n_out == 0))
			break; /* damaged, or cut off */
		out->len += n_out;
		in.data += n_in;
		in.len -= n_in;
	}
	LZ4F_freeDecompressionContext(context);
	return hint == 0 && in.len == 0 && out->len <= max_bytes ? 0 : -1;
}
#endif

#ifdef WITH_ZSTD
static int
unzstd_body(struct slice in, size_t max_bytes, struct buf *out)
{
	ZSTD_DStream *stream = ZSTD_createDStream();
	ZSTD_inBuffer from = { in.data, in.len, 0 };
	size_t hint = 1; /* 0: a frame is complete */

	if (stream == NULL)
		return -1;
	while (
	    !ZSTD_isError(hint) && out->len <= max_bytes && (from.pos < from.size || hint != 0)) {
		ZSTD_outBuffer to = { buf_reserve(out, STEP_BYTES), STEP_BYTES, 0 };
		size_t before = from.pos;

		hint = ZSTD_decompressStream(stream, &to, &from);
		out->len += to.pos;
		if (from.pos == before && to.pos == 0)
			break; /* cut off */
	}
	ZSTD_freeDStream(stream);
	return hint == 0 && from.pos == from.size && out->len <= max_bytes ? 0 : -1;
}
#endif

static const struct uncompressor {
	enum compression kind;
	int (*uncompress)(struct slice in, size_t max_bytes, struct buf *out);
} kinds[] = {
	{ COMPRESSION_ZLIB, inflate_body },
#ifdef WITH_LZ4
	{ COMPRESSION_LZ4, unlz4_body },
#endif
#ifdef WITH_ZSTD
	{ COMPRESSION_ZSTD, unzstd_body },
#endif
};

static const struct uncompressor *
find_kind(enum compression kind)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (kinds[i].kind == kind)
			return &kinds[i];
	return NULL;
}

bool
uncompress_knows(enum compression kind)
{
	return find_kind(kind) != NULL;
}

int
uncompress_body(enum compression kind, struct slice in, size_t max_bytes, struct buf *out)
{
	const struct uncompressor *found = find_kind(kind);

	return found != NULL ? found->uncompress(in, max_bytes, out) : -1;
}
