#include "config.h"

#include <inttypes.h>
#include <stdlib.h>

#include "bench/bench.h"
#include "bench/sender.h"
#include "bench/target.h"
#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

/*
 * Pops a backlog and acknowledges each message with a request of its own, as RocketMQ 5's consumers
 * do. An operation is a pop and its acknowledgements, one after the other.
 */

#define INVISIBLE_MS 60000
#define QUIET_US 10000000 /* then no more will come */

struct popped_message {
	uint32_t queue; /* of the bench */
	int64_t start_offset, offset;
};

/* The operation of a slot. */
struct pop_slot {
	struct popped_message *list;
	uint32_t n, n_acked;
	uint64_t n_bytes;
	int64_t pop_time;
	int32_t revive_queue;
};

struct popper {
	struct load load;
	struct bench *bench;
	struct stencil pop, ack;
	struct pop_slot *slots;
	uint64_t n_empty;  /* pops that brought nothing */
	int64_t popped_us; /* when one brought something */
};

static struct popper *
popper_of(const struct slot *slot)
{
	return (struct popper *)slot->link->links->context;
}

/* Pops ask each topic in turn, on the link's broker. */
static uint32_t
next_topic(struct popper *popper, struct slot *slot)
{
	return slot->link->turn++ % popper->bench->settings->n_topics;
}

static uint32_t
queue_number(const struct bench *bench, const struct slot *slot, int32_t id)
{
	return ((uint32_t)slot->number * bench->n_brokers + slot->link->broker) *
	           bench->settings->n_queues +
	       (uint32_t)id;
}

/* "0 QUEUE START;..." of a pop's reply: the start for a queue; -1: it has none. */
static int64_t
start_of(struct slice info, int32_t queue_id)
{
	struct slice piece, part;
	int32_t id;
	int64_t start;

	while (slice_next(&info, ';', &piece)) {
		if (!slice_next(&piece, ' ', &part) || !slice_next(&piece, ' ', &part) ||
		    slice_to_int32(part, &id) == -1 || id != queue_id)
			continue;
		if (slice_next(&piece, ' ', &part) && slice_to_int64(part, &start) == 0)
			return start;
	}
	return -1;
}

static void on_acked(
    struct slot *slot, int32_t code, const struct command *reply, struct slice body);

static void
ack(struct popper *popper, struct slot *slot)
{
	const struct pop_slot *own = slot->context;
	const struct popped_message *message = &own->list[own->n_acked];
	struct stencil *ack = &popper->ack;

	stencil_put(ack, SPOT_TOPIC, popper->bench->queues[message->queue].topic);
	stencil_put(ack, SPOT_QUEUE, (uint64_t)popper->bench->queues[message->queue].id);
	stencil_put(ack, SPOT_POSITION, (uint64_t)message->start_offset);
	stencil_put(ack, SPOT_OFFSET, (uint64_t)message->offset);
	stencil_put(ack, SPOT_BORN, (uint64_t)own->pop_time);
	stencil_put(ack, SPOT_REVIVE, (uint64_t)own->revive_queue);
	slot_send(slot, ack, SLICE(""), on_acked);
}

static void
on_acked(struct slot *slot, int32_t code, const struct command *reply, struct slice body)
{
	struct popper *popper = popper_of(slot);
	struct pop_slot *own = slot->context;

	(void)reply;
	(void)body;
	if (code == RESPONSE_SUCCESS && ++own->n_acked < own->n)
		ack(popper, slot);
	else
		load_done(slot, code, own->n, own->n_bytes);
}

static void
take(struct popper *popper, struct slot *slot, struct slice info, struct slice body)
{
	struct pop_slot *own = slot->context;
	struct bench *bench = popper->bench;
	struct record record;

	while (own->n < bench->settings->max_pulled &&
	       record_decode(body.data, body.len, &record) == 0) {
		struct popped_message *message = &own->list[own->n++];

		body.data += record.size;
		body.len -= record.size;
		*message = (struct popped_message){ queue_number(bench, slot, record.queue_id),
			start_of(info, record.queue_id), record.queue_offset };
		if ((uint32_t)record.queue_id >= bench->settings->n_queues)
			message->queue = 0; /* the proof finds it elsewhere */
		own->n_bytes += record.body.len;
		proof_take(bench, message->queue, record.queue_offset, &record);
	}
}

static void
on_popped(struct slot *slot, int32_t code, const struct command *reply, struct slice body)
{
	struct popper *popper = popper_of(slot);
	struct pop_slot *own = slot->context;

	own->n = own->n_acked = 0;
	own->n_bytes = 0;
	if (code == RESPONSE_SUCCESS &&
	    slice_to_int64(command_ext(reply, "popTime"), &own->pop_time) == 0 &&
	    slice_to_int32(command_ext(reply, "reviveQid"), &own->revive_queue) == 0)
		take(popper, slot, command_ext(reply, "startOffsetInfo"), body);
	if (own->n != 0) {
		popper->popped_us = clock_mono_us();
		ack(popper, slot);
	} else if (reply == NULL) {
		load_done(slot, code, 1, 0);
	} else {
		popper->n_empty++;
		if (ledger_missing(&popper->bench->ledger) == 0 ||
		    clock_mono_us() - popper->popped_us > QUIET_US)
			load_end(&popper->load);
		load_done(slot, TWINMQ_TIMEOUT, 0, 0); /* retries a little later */
	}
}

static void
begin(struct load *load, struct slot *slot)
{
	struct popper *popper = (struct popper *)load;

	slot->number = next_topic(popper, slot);
	stencil_put(&popper->pop, SPOT_TOPIC, slot->number);
	stencil_put(&popper->pop, SPOT_BORN, (uint64_t)clock_wall_ms());
	slot_send(slot, &popper->pop, SLICE(""), on_popped);
}

/* ---- stencils ---- */

static void
pop_stencil_init(struct stencil *stencil, const struct bench *bench)
{
	static const struct stencil_mark marks[] = {
		{ "bornTime", SPOT_BORN },
		{ NULL, SPOTS },
	};
	const struct command request = { .code = REQUEST_POP_MESSAGE, .codec = FRAME_JSON };
	struct buf topic = { 0 };

	buf_printf(&topic, "%s-" STENCIL_MARK_TOPIC, bench->settings->topic);
	const struct pop_header header = {
		.consumer_group = slice_of(bench->settings->group),
		.topic = buf_slice(&topic),
		.queue_id = -1,
		.max_messages = (int32_t)bench->settings->max_pulled,
		.invisible_time = INVISIBLE_MS,
		.born_time = 1,
		.expression_type = SLICE("TAG"),
		.expression = SLICE("*"),
	};

	stencil_init(stencil, &request, pop_header_fields, &header, marks);
	buf_release(&topic);
}

static void
ack_stencil_init(struct stencil *stencil, const struct bench *bench)
{
	static const struct stencil_mark marks[] = {
		{ "queueId", SPOT_QUEUE },
		{ "offset", SPOT_OFFSET },
		{ NULL, SPOTS },
	};
	const struct command request = { .code = REQUEST_ACK_MESSAGE, .codec = FRAME_JSON };
	struct buf topic = { 0 }, receipt = { 0 };
	struct arena arena = { 0 };
	struct slice name = target_ask_name(bench, &arena);

	buf_printf(&topic, "%s-" STENCIL_MARK_TOPIC, bench->settings->topic);
	buf_printf(&receipt,
	    STENCIL_MARK_POSITION " " STENCIL_MARK_BORN " %d " STENCIL_MARK_REVIVE
				  " 0 %.*s " STENCIL_MARK_QUEUE " " STENCIL_MARK_OFFSET,
	    INVISIBLE_MS, (int)name.len, name.data);
	const struct ack_header header = {
		.consumer_group = slice_of(bench->settings->group),
		.topic = buf_slice(&topic),
		.extra_info = buf_slice(&receipt),
	};

	stencil_init(stencil, &request, ack_header_fields, &header, marks);
	arena_release(&arena);
	buf_release(&receipt);
	buf_release(&topic);
}

/* ---- the run ---- */

static int
popper_init(struct popper *popper, struct bench *bench)
{
	const struct settings *settings = bench->settings;
	size_t n = 0;

	*popper = (struct popper){ .bench = bench };
	if (bench_load_init(bench, &popper->load, bench_n_links(bench), settings->window) == -1)
		return -1;
	popper->load.begin = begin;
	popper->popped_us = clock_mono_us();
	popper->load.n_enough = bench->ledger.n_acknowledged;
	popper->slots = mem_zalloc(bench_n_links(bench) * settings->window * sizeof *popper->slots);
	for (size_t i = 0; i < popper->load.links.n; i++)
		for (uint32_t j = 0; j < settings->window; j++) {
			popper->slots[n].list =
			    mem_alloc(settings->max_pulled * sizeof *popper->slots[n].list);
			popper->load.links.all[i].slots[j].context = &popper->slots[n++];
		}
	pop_stencil_init(&popper->pop, bench);
	ack_stencil_init(&popper->ack, bench);
	return 0;
}

static void
popper_release(struct popper *popper)
{
	size_t n = bench_n_links(popper->bench) * popper->bench->settings->window;

	load_release(&popper->load);
	stencil_release(&popper->pop);
	stencil_release(&popper->ack);
	for (size_t i = 0; popper->slots != NULL && i < n; i++)
		free(popper->slots[i].list);
	free(popper->slots);
}

int
mode_pop(struct bench *bench)
{
	const struct settings *settings = bench->settings;
	struct settings once = *settings;
	struct popper popper = { .bench = bench };
	unsigned long long n;

	if (bench->n_brokers != 1)
		return bench_fail(bench, "pop takes one broker: say --brokerName or --brokerAddr");
	if (target_make_topics(bench) == -1 || sender_fill(bench, settings->n_fill) == -1 ||
	    proof_wait_visible(bench) == -1 || target_ask_ends(bench, &n) == -1)
		return -1;
	/* It ends when all is popped. */
	once.duration_ms = once.warm_up_ms = 0;
	bench->settings = &once;
	if (popper_init(&popper, bench) == 0) {
		bench_load_run(bench, &popper.load);
		bench_figure(bench, "pops_that_brought_nothing", (double)popper.n_empty);
	}
	popper_release(&popper);
	bench->settings = settings;
	if (bench->error[0] != '\0')
		return -1;
	bench->proof.n_counted = n;
	proof_finish(bench);
	return 0;
}
