#include "config.h"

#include "client/twinmq.h"
#include "client/uncompress.h"

#define SYS_FLAG_COMPRESSION 0x700 /* the compression method */
#define COMPRESSION_UNSAID 0       /* zlib, the only method of older clients */

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
	if (kind == COMPRESSION_UNSAID)
		kind = COMPRESSION_ZLIB;
	int result = uncompress_body((enum compression)kind, record->body, max_bytes, &plain);
	if (result == 0)
		*body = arena_copy(arena, buf_slice(&plain));
	buf_release(&plain);
	return result;
}
