#include "config.h"

/* What the two ends of a copy say to each other: frames, blocks, changes, and the bodies of hellos.
 */

#include "common/json/json_body.h"
#include "common/protocol/ha.h"
#include "common/protocol/ha_status.h"
#include "common/protocol/move_in.h"
#include "t/fuzz/fuzz.h"

static void
read_changes(struct slice rest)
{
	struct ha_change change;
	struct buf again = { 0 };
	struct slice all = rest;

	while (ha_change_next(&rest, &change) == 1) {
		must(change.op < N_HA_OPS && change.table < N_HA_TABLES);
		ha_change_write(&again, &change);
	}
	must(again.len <= all.len);
	must(again.len == 0 || memcmp(again.data, all.data, again.len) == 0);
	buf_release(&again);
}

static void
read_block(struct slice payload)
{
	struct ha_block block;

	if (ha_block_read(payload, &block) == -1)
		return;
	must(4 + block.tags.len + block.records.len == payload.len);
	for (size_t i = 0; i < block.n_tags; i++)
		(void)ha_block_tag(&block, i);
}

static void
read_frames(struct slice rest)
{
	struct ha_frame frame;
	size_t wanted;
	int64_t size;

	while ((size = ha_frame_read(rest, &frame, &wanted)) > 0) {
		must((size_t)size == wanted && wanted <= rest.len);
		must(frame.payload.len + HA_FRAME_HEAD_BYTES == wanted);
		rest.data += size;
		rest.len -= (size_t)size;
	}
	must(size == -1 || wanted > rest.len);
}

static void
read_bodies(struct slice body)
{
	struct arena arena = { 0 };
	struct ha_hello hello;
	struct ha_welcome welcome;
	struct ha_status status;
	struct move_in_status move;

	if (ha_hello_read(&arena, body, &hello) == 0) {
		int64_t from = ha_stream_from(&hello.log, &hello.log);

		must(from == hello.log.max_position || from < hello.log.max_position);
	}
	(void)ha_welcome_read(&arena, body, &welcome);
	(void)ha_status_read(&arena, body, &status);
	(void)move_in_status_read(&arena, body, &move);
	arena_release(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice bytes = { (const char *)data, size };

	read_frames(bytes);
	read_block(bytes);
	read_changes(bytes);
	read_bodies(bytes);
	return 0;
}
