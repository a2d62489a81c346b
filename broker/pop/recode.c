#include "config.h"

#include "broker/pop/recode.h"

#include "broker/pop/receipt.h"

#define RECEIPT_PROPERTY "POP_CK"

static void
add_record(
    struct pop *pop, const struct checkpoint *checkpoint, struct record *record, struct buf *out)
{
	static const char *const replaced[] = { RECEIPT_PROPERTY, NULL };
	struct buf receipt = { 0 }, properties = { 0 };

	receipt_write(
	    &receipt, &(struct receipt){
			  .start_offset = checkpoint->start_offset,
			  .pop_time = checkpoint->pop_time,
			  .invisible_ms = checkpoint->invisible_ms,
			  .revive_queue = RECEIPT_REVIVE_QUEUE,
			  .retry = SLICE(RECEIPT_RETRY),
			  .broker_name = slice_of(pop->worker->broker->settings->broker_name),
			  .queue_id = record->queue_id,
			  .offset = record->queue_offset,
		      });
	property_copy_without(&properties, record->properties, replaced);
	property_append(&properties, SLICE(RECEIPT_PROPERTY), buf_slice(&receipt));
	if (properties.len <= RECORD_PROPERTIES_MAX) {
		record->properties = buf_slice(&properties);
		record->topic = pop->wish.topic;
	}
	char *at = buf_reserve(out, record_size(record));

	out->len += record_encode(record, at);
	record_place(at, record->queue_offset, record->position, record->store_timestamp);
	buf_release(&receipt);
	buf_release(&properties);
}

void
recode_retry(struct pop *pop, struct taken *taken, const struct checkpoint *checkpoint)
{
	struct buf out = { 0 };
	struct record record;

	for (size_t i = 0; i < taken->n_parts; i++) {
		const struct body_part *part = &taken->parts[i];

		for (size_t at = 0;
		     at < part->len && record_decode(part->data + at, part->len - at, &record) == 0;
		     at += record.size) {
			size_t size = record.size;

			record.crc_stands = true;
			add_record(pop, checkpoint, &record, &out);
			record.size = (uint32_t)size;
		}
		body_part_release(part);
	}
	struct chunk *chunk = chunk_new(-1, out.len);

	memcpy(chunk->data, out.data, out.len);
	buf_release(&out);
	taken->parts = arena_alloc(&pop->arena, sizeof *taken->parts);
	taken->parts[0] = (struct body_part){ chunk->data, chunk->len, chunk, chunk_release };
	taken->n_parts = 1;
}
