#include "config.h"

#include "bench/ranges.h"

#include <stdlib.h>

#include "bench/bench.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

#define TRIES 200 /* of a pull that returns nothing although its offset is below the end */
#define PULL_SUBSCRIPTION 4
#define PULL_SUSPEND 2

void
pull_stencil_init(
    struct stencil *stencil, const struct bench *bench, uint32_t max_pulled, int hold_ms)
{
	static const struct stencil_mark marks[] = {
		{ "queueId", SPOT_QUEUE },
		{ "queueOffset", SPOT_OFFSET },
		{ NULL, SPOTS },
	};
	const struct command request = { .code = REQUEST_PULL_MESSAGE,
		.codec = bench->settings->codec };
	struct buf topic = { 0 };

	buf_printf(&topic, "%s-" STENCIL_MARK_TOPIC, bench->settings->topic);
	struct pull_header header = {
		.consumer_group = slice_of(bench->settings->group),
		.topic = buf_slice(&topic),
		.max_messages = (int32_t)max_pulled,
		.sys_flag = PULL_SUBSCRIPTION | (hold_ms > 0 ? PULL_SUSPEND : 0),
		.suspend_timeout_ms = hold_ms,
		.subscription = bench_subscription(bench),
		.expression_type = bench->settings->filters ? SLICE("SQL92") : SLICE("TAG"),
		.max_bytes = -1,
		.request_source = -1,
	};

	stencil_init(stencil, &request, pull_header_fields, &header, marks);
	buf_release(&topic);
}

static struct range_reader *
reader_of(struct slot *slot)
{
	return (struct range_reader *)slot->link->links->context; /* its load is its first member */
}

static void
on_pulled(struct slot *slot, int32_t code, const struct command *reply, struct slice body)
{
	struct range_reader *reader = reader_of(slot);
	struct range *range = slot->context;
	uint64_t n = 0, n_bytes = 0;
	struct record record;

	while (code == RESPONSE_SUCCESS && range->next < range->to &&
	       record_decode(body.data, body.len, &record) == 0) {
		body.data += record.size;
		body.len -= record.size;
		reader->on_record(reader, range, range->next, &record);
		range->next++;
		n++;
		n_bytes += record.body.len;
	}
	(void)reply;
	slot->number = n != 0 ? 0 : slot->number + 1; /* tries */
	if (n == 0 &&
	    (code == RESPONSE_PULL_NOT_FOUND || code == RESPONSE_PULL_RETRY_IMMEDIATELY)) {
		reader->n_empty++;
		load_done(slot, TWINMQ_TIMEOUT, 0, 0); /* retries a little later */
		return;
	}
	load_done(slot, code, code == RESPONSE_SUCCESS ? n : 1, n_bytes);
}

/* The next range for the slot; NULL when none is left. */
static struct range *
range_for(struct range_reader *reader, struct slot *slot)
{
	struct range *range = slot->context;
	uint32_t broker = slot->link->broker;

	if (range != NULL && slot->number > reader->max_tries) {
		reader->n_given_up += (uint64_t)(range->to - range->next);
		slot->number = 0;
		range->next = range->to;
	}
	if (range != NULL && range->next == range->to && reader->again)
		range->next = range->from;
	if (range != NULL && range->next < range->to)
		return range;
	for (uint32_t i = reader->at[broker]; i < reader->n_ranges; i++) {
		range = &reader->ranges[i];
		if (reader->bench->queues[range->queue].broker != broker)
			continue;
		reader->at[broker] = i + 1;
		slot->context = range;
		return range;
	}
	return NULL;
}

static void
begin(struct load *load, struct slot *slot)
{
	struct range_reader *reader = (struct range_reader *)load;
	struct range *range = range_for(reader, slot);

	if (range == NULL) {
		load_rest(slot);
		return;
	}
	const struct bench_queue *queue = &reader->bench->queues[range->queue];
	stencil_put(&reader->stencil, SPOT_TOPIC, queue->topic);
	stencil_put(&reader->stencil, SPOT_QUEUE, (uint64_t)queue->id);
	stencil_put(&reader->stencil, SPOT_OFFSET, (uint64_t)range->next);
	slot_send(slot, &reader->stencil, SLICE(""), on_pulled);
}

int
reader_init(struct range_reader *reader, struct bench *bench, size_t n_links, uint32_t n_slots,
    uint32_t max_pulled)
{
	*reader = (struct range_reader){ .bench = bench, .max_tries = TRIES };
	if (bench_load_init(bench, &reader->load, n_links, n_slots) == -1)
		return -1;
	reader->load.begin = begin;
	reader->at = mem_zalloc(bench->n_brokers * sizeof *reader->at);
	reader->ranges = mem_alloc((bench->n_queues + 1) * sizeof *reader->ranges);
	for (uint32_t i = 0; i < bench->n_queues; i++)
		if (bench->queues[i].end > bench->queues[i].begin)
			reader->ranges[reader->n_ranges++] =
			    (struct range){ i, bench->queues[i].begin, bench->queues[i].end,
				    bench->queues[i].begin };
	pull_stencil_init(&reader->stencil, bench, max_pulled, 0);
	return 0;
}

void
reader_release(struct range_reader *reader)
{
	load_release(&reader->load);
	stencil_release(&reader->stencil);
	free(reader->ranges);
	free(reader->at);
}
