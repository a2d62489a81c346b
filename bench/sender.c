#include "config.h"

#include "bench/sender.h"

#include <inttypes.h>

#include "bench/bench.h"
#include "bench/target.h"
#include "common/base/clock.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

#define ONEWAY_BURST 32 /* the last one asks for a reply */
#define FILL_BATCH_BYTES 65536
#define FILL_BATCH_MAX 256
#define FILL_WINDOW 16

void
send_stencil_init(struct stencil *stencil, const struct bench *bench, const struct command *request,
    int32_t sys_flag, struct slice properties)
{
	static const struct stencil_mark marks[] = {
		{ "e", SPOT_QUEUE },
		{ "g", SPOT_BORN },
		{ NULL, SPOTS },
	};
	struct buf topic = { 0 };

	buf_printf(&topic, "%s-" STENCIL_MARK_TOPIC, bench->settings->topic);
	struct send_header header = {
		.producer_group = slice_of(bench->settings->group),
		.topic = buf_slice(&topic),
		.default_topic = SLICE("TBW102"),
		.default_topic_queues = 4,
		.sys_flag = sys_flag,
		.properties = properties,
		.max_reconsume_times = -1,
		.batch = request->code == REQUEST_SEND_BATCH_MESSAGE,
	};

	stencil_init(stencil, request, send_header_v2_fields, &header, marks);
	buf_release(&topic);
}

void
send_stencil_put(
    struct stencil *stencil, const struct bench *bench, uint32_t queue, uint64_t number)
{
	stencil_put(stencil, SPOT_TOPIC, bench->queues[queue].topic);
	stencil_put(stencil, SPOT_QUEUE, (uint64_t)bench->queues[queue].id);
	stencil_put(stencil, SPOT_BORN, (uint64_t)clock_wall_ms());
	stencil_put(stencil, SPOT_ID, number);
}

static void
on_sent(struct slot *slot, int32_t code, const struct command *reply, struct slice body)
{
	struct sender *sender = (struct sender *)slot->link->links->context;
	struct ledger *ledger = &sender->bench->ledger;
	uint32_t n = sender->payload.n + sender->n_oneway;
	uint64_t last = slot->number + sender->n_oneway;
	/* The offset of a delayed message is that of a waiting one. */
	enum ledger_state stored =
	    sender->bench->settings->delay_ms != 0 ? LEDGER_TAKEN : LEDGER_STORED;
	int64_t offset;

	(void)body;
	if (code == RESPONSE_SUCCESS &&
	    slice_to_int64(command_ext(reply, "queueOffset"), &offset) == -1)
		code = TWINMQ_BAD_ANSWER;
	if (code == RESPONSE_SUCCESS) {
		for (uint32_t i = 0; i < sender->n_oneway; i++)
			ledger_settle(ledger, slot->number + i, LEDGER_TAKEN, slot->queue, 0);
		for (uint32_t i = 0; i < sender->payload.n; i++)
			ledger_settle(ledger, last + i, stored, slot->queue, offset + i);
	}
	load_done(slot, code, n, n * sender->payload.body_len);
}

static void
begin(struct load *load, struct slot *slot)
{
	struct sender *sender = (struct sender *)load;
	struct bench *bench = sender->bench;
	uint32_t n_oneway = sender->n_oneway;
	int64_t due_us = slot->due_us + 1000 * bench->settings->delay_ms;

	slot->queue = bench_next_queue(bench, slot->link);
	slot->number = ledger_take(&bench->ledger, n_oneway + sender->payload.n);
	for (uint32_t i = 0; i < n_oneway; i++) {
		send_stencil_put(&sender->oneway, bench, slot->queue, slot->number + i);
		link_send_oneway(slot->link, &sender->oneway,
		    payload_make(&sender->payload, slot->number + i, due_us));
	}
	send_stencil_put(&sender->stencil, bench, slot->queue, slot->number + n_oneway);
	slot_send(slot, &sender->stencil,
	    payload_make(&sender->payload, slot->number + n_oneway, due_us), on_sent);
}

/* The unique id is the last one. */
static void
put_properties(struct buf *properties, const struct bench *bench)
{
	const struct settings *settings = bench->settings;
	struct buf text = { 0 };

	property_append(properties, SLICE("WAIT"), SLICE("true"));
	if (settings->filters) {
		property_append(properties, SLICE("price"), SLICE("42"));
		property_append(properties, SLICE("region"), SLICE("north"));
	}
	if (settings->delay_level) {
		property_append(properties, SLICE("DELAY"), SLICE("1"));
	} else if (settings->delay_ms != 0) {
		buf_printf(&text, "%" PRId64, settings->delay_ms);
		property_append(properties, SLICE("TIMER_DELAY_MS"), buf_slice(&text));
	}
	text.len = 0;
	buf_printf(&text, "%s" STENCIL_MARK_ID, bench->id_begin);
	property_append(properties, SLICE("UNIQ_KEY"), buf_slice(&text));
	buf_release(&text);
}

static void
init(struct sender *sender, struct bench *bench, uint32_t batch)
{
	struct command request = {
		.code = batch > 1 ? REQUEST_SEND_BATCH_MESSAGE : REQUEST_SEND_MESSAGE_V2,
		.codec = bench->settings->codec,
	};
	struct buf properties = { 0 };

	sender->load.begin = begin;
	put_properties(&properties, bench);
	payload_init(&sender->payload, bench->run, bench->settings->size, batch, batch > 1,
	    buf_slice(&properties));
	if (batch > 1) {
		properties.len = 0;
		property_append(&properties, SLICE("WAIT"), SLICE("true"));
	}
	send_stencil_init(&sender->stencil, bench, &request, 0, buf_slice(&properties));
	request.flag = COMMAND_FLAG_ONEWAY;
	send_stencil_init(&sender->oneway, bench, &request, 0, buf_slice(&properties));
	buf_release(&properties);
}

int
sender_init(struct sender *sender, struct bench *bench)
{
	const struct settings *settings = bench->settings;

	*sender = (struct sender){ .bench = bench };
	if (bench_load_init(bench, &sender->load, bench_n_links(bench), settings->window) == -1)
		return -1;
	init(sender, bench, settings->batch);
	sender->n_oneway = settings->oneway ? ONEWAY_BURST - 1 : 0;
	sender->load.n_each = settings->batch + sender->n_oneway;
	sender->load.rate = settings->rate;
	sender->load.n_operations =
	    (settings->n_messages + sender->load.n_each - 1) / sender->load.n_each;
	return 0;
}

void
sender_release(struct sender *sender)
{
	load_release(&sender->load);
	stencil_release(&sender->stencil);
	stencil_release(&sender->oneway);
	payload_release(&sender->payload);
}

int
sender_fill(struct bench *bench, uint64_t n)
{
	struct sender sender = { .bench = bench };
	uint32_t batch = FILL_BATCH_BYTES / bench->settings->size;
	int status = bench_load_init(bench, &sender.load, bench->n_brokers, FILL_WINDOW);

	if (batch > FILL_BATCH_MAX)
		batch = FILL_BATCH_MAX;
	init(&sender, bench, batch > 1 ? batch : 1);
	sender.load.n_each = sender.payload.n;
	sender.load.n_operations = (n + sender.payload.n - 1) / sender.payload.n;
	if (status == 0)
		load_run(&sender.load);
	if (status == 0 && sender.load.counts.n_failed != 0)
		status = bench_fail(bench, "%llu of the messages to begin with were not taken",
		    (unsigned long long)sender.load.counts.n_failed);
	sender_release(&sender);
	return status;
}

int
mode_send(struct bench *bench)
{
	struct sender sender;

	if (target_make_topics(bench) == -1)
		return -1;
	if (sender_init(&sender, bench) == 0)
		bench_load_run(bench, &sender.load);
	sender_release(&sender);
	if (bench->error[0] != '\0')
		return -1;
	proof_read_back(bench);
	return 0;
}
