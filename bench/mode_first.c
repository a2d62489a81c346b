#include "config.h"

#include "bench/bench.h"
#include "bench/payload.h"
#include "bench/sender.h"
#include "bench/target.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"

/*
 * The time that clients wait for a broker that starts: sends one message again and again, over a
 * new connection if needed, until it is acknowledged.
 */

#define TRY_AGAIN_MS 1
#define GIVE_UP_MS 600000

struct first {
	struct sender sender; /* its load does not run; uses its link and its message only */
	struct bench *bench;
	struct timer again;
	int64_t began_ms;
	uint64_t n_tries;
	bool done;
};

static void try_once(struct first *first);

static void
on_again(struct timer *self)
{
	try_once((struct first *)container_of(self, struct first, again));
}

static void
on_sent(struct slot *slot, int32_t code, const struct command *reply, struct slice body)
{
	struct first *first = slot->context;
	struct bench_queue *queue = &first->bench->queues[0];

	(void)body;
	if (code != RESPONSE_SUCCESS ||
	    slice_to_int64(command_ext(reply, "queueOffset"), &queue->begin) == -1) {
		loop_set_timer(&first->bench->loop, &first->again, clock_mono_ms() + TRY_AGAIN_MS);
		return;
	}
	queue->end = queue->begin + 1;
	ledger_settle(&first->bench->ledger, slot->number, LEDGER_STORED, 0, queue->begin);
	first->done = true;
	loop_stop(&first->bench->loop);
}

static void
try_once(struct first *first)
{
	struct sender *sender = &first->sender;
	struct slot *slot = &sender->load.links.all[0].slots[0];

	first->n_tries++;
	slot->context = first;
	slot->number = ledger_take(&first->bench->ledger, 1);
	send_stencil_put(&sender->stencil, first->bench, 0, slot->number);
	slot_send(slot, &sender->stencil,
	    payload_make(&sender->payload, slot->number, clock_mono_us()), on_sent);
}

static void
run(struct first *first)
{
	struct bench *bench = first->bench;
	int64_t until_ms = clock_mono_ms() + GIVE_UP_MS;

	try_once(first);
	while (!first->done && clock_mono_ms() < until_ms)
		loop_run(&bench->loop);
	loop_drop_timer(&bench->loop, &first->again);
	if (!first->done) {
		bench_fail(bench, "%s takes no message", bench->brokers[0].address);
		return;
	}
	bench_figure(bench, "first_ms", (double)(clock_wall_ms() - first->began_ms));
	bench_figure(bench, "tries", (double)first->n_tries);
}

int
mode_first(struct bench *bench)
{
	const struct settings *settings = bench->settings;
	struct first first = { .bench = bench, .again.due = on_again };

	first.began_ms = settings->since_ms != 0 ? settings->since_ms : clock_wall_ms();
	/* Brokers create the topic. */
	bench->n_queues = 1;
	bench->queues = mem_zalloc(sizeof *bench->queues);
	if (sender_init(&first.sender, bench) == 0)
		run(&first);
	sender_release(&first.sender);
	if (bench->error[0] != '\0')
		return -1;
	bench->counts.n_good = 1;
	proof_read_back(bench);
	return 0;
}
