#include "config.h"

#define ZLIB_CONST /* its input is const */
#include <zlib.h>

#include "client/twinmq.h"

#define SYS_FLAG_COMPRESSION 0x700 /* the compression method */
#define COMPRESSION_ZLIB 0x300
#define COMPRESSION_UNSAID 0 /* zlib, the only method of older clients */

#define INFLATE_STEP 65536u

/* Compares texts, because the broker compares hashes, and two tags may share one. */
static bool
is_wanted(struct slice subscription, struct slice tag)
{
	struct slice part, rest = slice_trim(subscription);

	if (rest.len == 0 || slice_is(rest, "*"))
		return true;
	while (tags_next(&rest, &part)) {
		if (slice_equal(part, tag))
			return true;
	}
	return false;
}

bool
pulled_next(struct slice *records, struct slice subscription, struct record *record)
{
	while (record_decode(records->data, records->len, record) == 0) {
		records->data += record->size;
		records->len -= record->size;
		if (subscription.data == NULL ||
		    is_wanted(subscription, property_find(record->properties, "TAGS")))
			return true;
	}
	return false;
}

/* 0, or -1 when the data is damaged or inflates to more than max_bytes. */
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
		stream.next_out = (Bytef *)buf_reserve(out, INFLATE_STEP);
		stream.avail_out = INFLATE_STEP;
		status = inflate(&stream, Z_NO_FLUSH);
		out->len += INFLATE_STEP - stream.avail_out;
	}
	inflateEnd(&stream);
	return status == Z_STREAM_END && out->len <= max_bytes ? 0 : -1;
}

int
record_plain_body(
    const struct record *record, size_t max_bytes, struct arena *arena, struct slice *body)
{
	int32_t kind = record->sys_flag & SYS_FLAG_COMPRESSION;
	struct buf plain = { 0 };

	if ((record->sys_flag & SYS_FLAG_COMPRESSED) == 0) {
		*body = record->body;
		return record->body.len <= max_bytes ? 0 : -1;
	}
	if (kind != COMPRESSION_ZLIB && kind != COMPRESSION_UNSAID)
		return -1;
	int result = inflate_body(record->body, max_bytes, &plain);
	if (result == 0)
		*body = arena_copy(arena, buf_slice(&plain));
	buf_release(&plain);
	return result;
}
