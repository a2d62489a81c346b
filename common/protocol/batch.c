#include "config.h"

#include "common/base/wire.h"
#include "common/protocol/record.h"

#define BEFORE_BODY 20 /* size, magic, CRC, flag, body length */
#define BATCH_ITEM_MIN (BEFORE_BODY + 2)

int
batch_next(struct slice *rest, struct batch_item *item)
{
	const char *at = rest->data;
	size_t body_len;
	size_t properties_len;
	uint32_t size;

	if (rest->len == 0)
		return 0;
	if (rest->len < BATCH_ITEM_MIN)
		return -1;
	size = be32_get(at);
	body_len = be32_get(at + 16);
	if (size < BATCH_ITEM_MIN || size > rest->len || body_len > size - BATCH_ITEM_MIN)
		return -1;
	properties_len = be16_get(at + BEFORE_BODY + body_len);
	if (properties_len != size - BATCH_ITEM_MIN - body_len ||
	    properties_len > RECORD_PROPERTIES_MAX)
		return -1;
	*item = (struct batch_item){
		.flag = (int32_t)be32_get(at + 12),
		.body = { at + BEFORE_BODY, body_len },
		.properties = { at + BATCH_ITEM_MIN + body_len, properties_len },
	};
	rest->data += size;
	rest->len -= size;
	return 1;
}

void
batch_append(struct buf *buf, const struct batch_item *item)
{
	buf_put_u32(buf, (uint32_t)(BATCH_ITEM_MIN + item->body.len + item->properties.len));
	buf_put_u32(buf, 0); /* magic and CRC: the broker fills in its own */
	buf_put_u32(buf, 0);
	buf_put_u32(buf, (uint32_t)item->flag);
	buf_put_u32(buf, (uint32_t)item->body.len);
	buf_append_slice(buf, item->body);
	buf_put_u16(buf, (uint16_t)item->properties.len);
	buf_append_slice(buf, item->properties);
}
