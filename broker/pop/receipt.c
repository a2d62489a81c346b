#include "config.h"

#include "broker/pop/receipt.h"

#include "broker/state/topic.h"

#define FIELDS 7 /* that must be there */

int
receipt_read(struct slice text, struct receipt *receipt)
{
	struct slice part[FIELDS + 1] = { { NULL, 0 } };
	size_t n = 0;

	if (text.len == 0 || text.len > 512)
		return -1;
	while (n <= FIELDS && slice_next(&text, ' ', &part[n]))
		n++;
	receipt->offset = -1;
	if (n < FIELDS || text.len != 0 || slice_to_int64(part[0], &receipt->start_offset) == -1 ||
	    slice_to_int64(part[1], &receipt->pop_time) == -1 ||
	    slice_to_int64(part[2], &receipt->invisible_ms) == -1 ||
	    slice_to_int32(part[3], &receipt->revive_queue) == -1 ||
	    slice_to_int32(part[6], &receipt->queue_id) == -1 ||
	    (n > FIELDS && slice_to_int64(part[7], &receipt->offset) == -1))
		return -1;
	receipt->retry = part[4];
	receipt->broker_name = part[5];
	return 0;
}

void
receipt_write(struct buf *text, const struct receipt *receipt)
{
	buf_append_int(text, receipt->start_offset);
	buf_append_char(text, ' ');
	buf_append_int(text, receipt->pop_time);
	buf_append_char(text, ' ');
	buf_append_int(text, receipt->invisible_ms);
	buf_append_char(text, ' ');
	buf_append_int(text, receipt->revive_queue);
	buf_append_char(text, ' ');
	buf_append_slice(text, receipt->retry);
	buf_append_char(text, ' ');
	buf_append_slice(text, receipt->broker_name);
	buf_append_char(text, ' ');
	buf_append_int(text, receipt->queue_id);
	if (receipt->offset < 0)
		return;
	buf_append_char(text, ' ');
	buf_append_int(text, receipt->offset);
}

void
retry_topic_write(struct buf *text, struct slice group, struct slice topic)
{
	buf_append_text(text, TOPIC_RETRY_PREFIX);
	buf_append_slice(text, group);
	buf_append_char(text, '_');
	buf_append_slice(text, topic);
}
