#include "config.h"

/*
 * What clients send about popped messages, and what the revive topic holds: receipts,
 * acknowledgements, questions for queues, request modes, records. What was read, written and read
 * again is the same.
 */

#include "broker/pop/receipt.h"
#include "broker/state/revive_record.h"
#include "common/base/arena.h"
#include "common/protocol/assignment.h"
#include "common/protocol/batch_ack.h"
#include "t/fuzz/fuzz.h"

static void
try_receipt(struct slice text)
{
	struct receipt receipt, again;
	struct buf out = { 0 };

	if (receipt_read(text, &receipt) == -1)
		return;
	receipt_write(&out, &receipt);
	/* An offset below 0 is none. */
	must(receipt_read(buf_slice(&out), &again) == 0);
	must(receipt.start_offset == again.start_offset && receipt.pop_time == again.pop_time);
	must(slice_equal(receipt.retry, again.retry) && receipt.queue_id == again.queue_id);
	must(slice_equal(receipt.broker_name, again.broker_name));
	buf_release(&out);
}

static void
try_record(struct slice body)
{
	struct revive_record record, again;
	struct buf out = { 0 };

	if (revive_record_read(body, &record) == -1)
		return;
	must(record.checkpoint.n <= CHECKPOINT_MESSAGES_MAX);
	revive_record_write(&out, &record);
	must(revive_record_read(buf_slice(&out), &again) == 0 && record.kind == again.kind);
	must(record.id == again.id && record.bits == again.bits);
	must(record.checkpoint.n == again.checkpoint.n);
	must(slice_equal(record.checkpoint.queue.group, again.checkpoint.queue.group));
	must(slice_equal(record.checkpoint.queue.topic, again.checkpoint.queue.topic));
	buf_release(&out);
}

static void
try_mode(struct arena *arena, struct slice body)
{
	struct request_mode_setting setting, again;
	struct buf out = { 0 };
	struct json_out json;

	if (request_mode_read(arena, body, &setting) == -1)
		return;
	json_out_init(&json, &out);
	request_mode_write(&json, &setting);
	must(request_mode_read(arena, buf_slice(&out), &again) == 0);
	must(setting.mode == again.mode && setting.share_queues == again.share_queues);
	must(slice_equal(setting.topic, again.topic) && slice_equal(setting.group, again.group));
	buf_release(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice body = { (const char *)data, size };
	struct assignment_query query;
	struct arena arena = { 0 };
	size_t n;

	try_receipt(body);
	try_record(body);
	try_mode(&arena, body);
	assignment_query_read(&arena, body, &query);
	const struct batch_ack *acks = batch_ack_read(&arena, body, &n);

	for (size_t i = 0; acks != NULL && i < n; i++)
		must(acks[i].n_bytes <= size);
	arena_release(&arena);
	return 0;
}
