#include "config.h"

#include "bench/payload.h"

#include "bench/stencil.h"
#include "common/base/crc.h"
#include "common/base/wire.h"
#include "common/protocol/record.h"

#define AT_RUN 0
#define AT_NUMBER 8
#define AT_DUE 16
#define AT_FILLER 24
#define CRC_BYTES 4
#define BATCH_ITEM_BODY_AT 20 /* size, magic, CRC, flag, length of the body */

/* Random bytes, so that disks and file systems cannot compress them. */
static void
fill(char *body, size_t len, uint64_t state)
{
	state |= 1;
	for (size_t i = 0; i < len; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		body[i] = (char)state;
	}
}

void
payload_init(struct payload *payload, uint64_t run, size_t body_len, uint32_t n, bool batch,
    struct slice properties)
{
	struct buf body = { 0 };

	fill(buf_reserve(&body, body_len), body_len, run);
	body.len = body_len;
	be64_put(body.data + AT_RUN, run);
	*payload = (struct payload){ .run = run, .n = n, .body_len = body_len };
	if (!batch) {
		payload->bytes = body;
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		batch_append(
		    &payload->bytes, &(struct batch_item){ 0, buf_slice(&body), properties });
	payload->stride = payload->bytes.len / n;
	payload->body_at = BATCH_ITEM_BODY_AT;
	/* The id is the last value; one byte follows it. */
	payload->id_at = payload->stride - 1 - STENCIL_ID_DIGITS;
	buf_release(&body);
}

void
payload_release(struct payload *payload)
{
	buf_release(&payload->bytes);
}

struct slice
payload_make(struct payload *payload, uint64_t first_number, int64_t due_us)
{
	for (uint32_t i = 0; i < payload->n; i++) {
		char *message = payload->bytes.data + i * payload->stride;
		char *body = message + payload->body_at;
		size_t sum_len = payload->body_len - CRC_BYTES;

		be64_put(body + AT_NUMBER, first_number + i);
		be64_put(body + AT_DUE, (uint64_t)due_us);
		be32_put(body + sum_len, crc_of((struct slice){ body, sum_len }));
		if (payload->id_at != 0)
			stencil_hex(message + payload->id_at, first_number + i);
	}
	return buf_slice(&payload->bytes);
}

enum payload_verdict
payload_read(struct slice body, uint64_t run, uint64_t *number, int64_t *due_us)
{
	if (body.len < PAYLOAD_BODY_MIN || be64_get(body.data + AT_RUN) != run)
		return PAYLOAD_FOREIGN;
	size_t sum_len = body.len - CRC_BYTES;
	*number = be64_get(body.data + AT_NUMBER);
	*due_us = (int64_t)be64_get(body.data + AT_DUE);
	if (crc_of((struct slice){ body.data, sum_len }) != be32_get(body.data + sum_len))
		return PAYLOAD_CORRUPT;
	return PAYLOAD_GOOD;
}
