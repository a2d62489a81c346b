#include "config.h"

/*
 * Bodies: what a reader takes, its writer writes so that the reader takes it
 * again. The first byte chooses the kind, the rest is the body.
 */

#include "common/protocol/connection_list.h"
#include "common/protocol/heartbeat.h"
#include "common/protocol/kv_table.h"
#include "common/protocol/lock_batch.h"
#include "common/protocol/message_trace.h"
#include "common/protocol/name_list.h"
#include "common/protocol/queue_offset.h"
#include "common/protocol/queue_stats.h"
#include "common/protocol/registration.h"
#include "common/protocol/route.h"
#include "t/fuzz/fuzz.h"

/* Reads the body; if it is one, writes it to `again` and answers 0. */
typedef int body_fn(struct arena *arena, struct slice body, struct buf *again);

static struct json_out
begin(struct buf *again)
{
	struct json_out out;

	json_out_init(&out, again);
	return out;
}

static int
try_heartbeat(struct arena *arena, struct slice body, struct buf *again)
{
	struct json_out out = begin(again);
	struct heartbeat heartbeat;

	if (heartbeat_read(arena, body, &heartbeat) == -1)
		return -1;
	heartbeat_write(&out, &heartbeat);
	return 0;
}

static int
try_registration(struct arena *arena, struct slice body, struct buf *again)
{
	struct json_out out = begin(again);
	struct registration registration;

	if (registration_read(arena, body, false, 407, &registration) == -1)
		return -1;
	registration_write(&out, &registration);
	return 0;
}

static int
try_old_registration(struct arena *arena, struct slice body, struct buf *again)
{
	struct json_out out = begin(again);
	struct registration registration;

	if (registration_read(arena, body, false, 1, &registration) == -1)
		return -1;
	topic_table_write(&out, &registration.table);
	return 0;
}

static int
try_compressed_registration(struct arena *arena, struct slice body, struct buf *again)
{
	struct registration registration;

	if (registration_read(arena, body, true, 407, &registration) == -1)
		return -1;
	registration_write_compressed(again, &registration);
	return 0;
}

static int
try_route(struct arena *arena, struct slice body, struct buf *again)
{
	struct json_out out = begin(again);
	struct route route;

	if (route_read(arena, body, &route) == -1)
		return -1;
	for (size_t i = 0; i < route.n_brokers; i++)
		broker_data_address(&route.brokers[i]);
	route_write(&out, &route, route.n_queues % 2 == 0 ? ROUTE_BARE_KEYS : ROUTE_QUOTED_KEYS);
	return 0;
}

static int
try_cluster_info(struct arena *arena, struct slice body, struct buf *again)
{
	struct json_out out = begin(again);
	struct cluster_info info;

	if (cluster_info_read(arena, body, &info) == -1)
		return -1;
	cluster_info_write(&out, &info);
	return 0;
}

static int
try_kv_table(struct arena *arena, struct slice body, struct buf *again)
{
	struct json_out out = begin(again);
	const struct ext *pairs;
	size_t n;

	if (kv_table_read(arena, body, &pairs, &n) == -1)
		return -1;
	kv_table_write(&out, pairs, n);
	return 0;
}

static int
try_topic_list(struct arena *arena, struct slice body, struct buf *again)
{
	struct json_out out = begin(again);
	struct topic_list list;

	if (topic_list_read(arena, body, &list) == -1)
		return -1;
	topic_list_write(&out, &list);
	return 0;
}

static int
try_consume_stats(struct arena *arena, struct slice body, struct buf *again)
{
	struct json_out out = begin(again);
	struct consume_stats stats;

	if (consume_stats_read(arena, body, &stats) == -1)
		return -1;
	consume_stats_write(&out, &stats);
	return 0;
}

static int
try_connections(struct arena *arena, struct slice body, struct buf *again)
{
	struct json_out out = begin(again);
	struct connection_list list;

	if (connection_list_read(arena, body, &list) == -1)
		return -1;
	connection_list_write(&out, &list);
	return 0;
}

static int
try_queue_offsets(struct arena *arena, struct slice body, struct buf *again)
{
	struct json_out out = begin(again);
	const struct queue_offset *offsets;
	size_t n;

	if (queue_offsets_read(arena, body, "offsetTable", &offsets, &n) == -1)
		return -1;
	queue_offsets_write(&out, "offsetTable", offsets, n);
	return 0;
}

static int
try_lock_batch(struct arena *arena, struct slice body, struct buf *again)
{
	struct json_out out = begin(again);
	struct lock_batch batch;

	if (lock_batch_read(arena, body, &batch) == -1)
		return -1;
	lock_batch_write(&out, &batch);
	return 0;
}

/* The corpus counts on this order. */
static int
try_message_trace(struct arena *arena, struct slice body, struct buf *again)
{
	struct json_out out = begin(again);
	struct message_trace trace;

	if (message_trace_read(arena, body, &trace) == -1)
		return -1;
	message_trace_write(&out, &trace);
	return 0;
}

static body_fn *const kinds[] = { try_heartbeat, try_registration, try_old_registration,
	try_compressed_registration, try_route, try_cluster_info, try_kv_table, try_topic_list,
	try_consume_stats, try_connections, try_queue_offsets, try_lock_batch, try_message_trace };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { 0 };
	struct buf again = { 0 }, unused = { 0 };

	if (size > 0) {
		body_fn *try = kinds[data[0] % (sizeof kinds / sizeof *kinds)];

		if (try(&arena, (struct slice){ (const char *)data + 1, size - 1 }, &again) == 0)
			must(try(&arena, buf_slice(&again), &unused) == 0);
	}
	buf_release(&again);
	buf_release(&unused);
	arena_release(&arena);
	return 0;
}
