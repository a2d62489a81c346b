#include "config.h"

#include "broker/state/revive_record.h"

#include "common/base/wire.h"

#define FLAG_ORDERED 1
#define ACK_BYTES (8 + 4)
#define VISIBLE_BYTES (ACK_BYTES + 8)
#define FIXED_BYTES (1 + 8 * 5 + 4 + 4 + 1)
#define MESSAGE_BYTES (4 + 2)
#define ID_BYTES 8

static void
put_text(struct buf *body, struct slice text)
{
	buf_append_char(body, (char)(unsigned char)text.len); /* names have at most 127 bytes */
	buf_append_slice(body, text);
}

void
revive_record_write(struct buf *body, const struct revive_record *record)
{
	const struct checkpoint *it = &record->checkpoint;

	buf_append_char(body, (char)record->kind);
	if (record->kind != REVIVE_CHECKPOINT) {
		buf_put_u64(body, (uint64_t)record->id);
		buf_put_u32(body, record->bits);
		if (record->kind == REVIVE_VISIBLE)
			buf_put_u64(body, (uint64_t)record->visible_ms);
		return;
	}
	buf_append_char(body, it->ordered ? FLAG_ORDERED : 0);
	buf_put_u64(body, (uint64_t)it->id);
	buf_put_u64(body, (uint64_t)it->start_offset);
	buf_put_u64(body, (uint64_t)it->next_offset);
	buf_put_u64(body, (uint64_t)it->pop_time);
	buf_put_u64(body, (uint64_t)it->invisible_ms);
	buf_put_u32(body, (uint32_t)it->queue.queue_id);
	buf_put_u32(body, it->settled);
	buf_append_char(body, (char)it->n);
	for (uint32_t i = 0; i < it->n; i++) {
		buf_put_u32(body, (uint32_t)it->distance[i]);
		buf_put_u16(body, it->count[i]);
	}
	put_text(body, it->queue.group);
	put_text(body, it->queue.topic);
	put_text(body, it->attempt);
}

/* The next n bytes; NULL: there are not so many. */
static const char *
take(struct slice *rest, size_t n)
{
	const char *at = rest->data;

	if (rest->len < n)
		return NULL;
	rest->data += n;
	rest->len -= n;
	return at;
}

static int
take_text(struct slice *rest, struct slice *text)
{
	const char *len = take(rest, 1);

	if (len == NULL)
		return -1;
	text->len = (unsigned char)*len;
	text->data = take(rest, text->len);
	return text->data != NULL ? 0 : -1;
}

static int
read_checkpoint(struct slice rest, struct checkpoint *it)
{
	const char *at = take(&rest, FIXED_BYTES);

	if (at == NULL)
		return -1;
	it->ordered = at[0] == FLAG_ORDERED;
	it->id = (int64_t)be64_get(at + 1);
	it->start_offset = (int64_t)be64_get(at + 9);
	it->next_offset = (int64_t)be64_get(at + 17);
	it->pop_time = (int64_t)be64_get(at + 25);
	it->invisible_ms = (int64_t)be64_get(at + 33);
	it->queue.queue_id = (int32_t)be32_get(at + 41);
	it->settled = be32_get(at + 45);
	it->n = (unsigned char)at[49];
	if (it->n < 1 || it->n > CHECKPOINT_MESSAGES_MAX || it->id < -1 || it->start_offset < 0 ||
	    it->next_offset < it->start_offset || it->invisible_ms < 0 || it->pop_time < 0 ||
	    it->pop_time > INT64_MAX / 2 || it->invisible_ms > INT64_MAX / 2)
		return -1;
	for (uint32_t i = 0; i < it->n; i++) {
		at = take(&rest, MESSAGE_BYTES);
		if (at == NULL)
			return -1;
		it->distance[i] = (int32_t)be32_get(at);
		it->count[i] = be16_get(at + 4);
		if (it->distance[i] < 0)
			return -1;
	}
	return take_text(&rest, &it->queue.group) == 0 && take_text(&rest, &it->queue.topic) == 0 &&
	               take_text(&rest, &it->attempt) == 0 && rest.len == 0
	           ? 0
	           : -1;
}

int
revive_record_read(struct slice body, struct revive_record *record)
{
	const char *kind = take(&body, 1);

	*record = (struct revive_record){ 0 };
	if (kind == NULL)
		return -1;
	record->kind = (enum revive_kind)(unsigned char)*kind;
	switch (record->kind) {
	case REVIVE_CHECKPOINT:
		return read_checkpoint(body, &record->checkpoint);
	case REVIVE_SETTLED:
	case REVIVE_VISIBLE:
		break;
	default:
		return -1;
	}
	if (body.len != (record->kind == REVIVE_VISIBLE ? VISIBLE_BYTES : ACK_BYTES))
		return -1;
	record->id = (int64_t)be64_get(body.data);
	record->bits = be32_get(body.data + ID_BYTES);
	if (record->kind == REVIVE_VISIBLE)
		record->visible_ms = (int64_t)be64_get(body.data + ACK_BYTES);
	return record->id >= 0 ? 0 : -1;
}
