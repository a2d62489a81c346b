#include "config.h"

#include "bench/bench.h"
#include "bench/target.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

/*
 * Many connections. Each is made and sends one request, some at a time; then all are held; at the
 * end each sends one request again. The slots of the load limit how many are made at once.
 */

#define HOLD_STEP_MS 100

struct connector {
	struct load load; /* its only link never connects */
	struct bench *bench;
	struct links links; /* the connections, with one slot each */
	struct stencil ask;
	size_t next;
};

static void
on_reply(struct slot *slot, int32_t code, const struct command *reply, struct slice body)
{
	struct slot *way = slot->context;

	(void)reply;
	(void)body;
	/* A lost connection is a failure and not tried again. */
	load_done(way, code == TWINMQ_UNREACHABLE ? TWINMQ_CLOSED : code, 1, 0);
}

static void
begin(struct load *load, struct slot *slot)
{
	struct connector *connector = (struct connector *)load;
	struct link *link = &connector->links.all[connector->next++];

	link->slots[0].context = slot;
	stencil_put(&connector->ask, SPOT_TOPIC, 0);
	stencil_put(&connector->ask, SPOT_QUEUE, 0);
	slot_send(&link->slots[0], &connector->ask, SLICE(""), on_reply);
}

static void
ask_stencil_init(struct stencil *stencil, const struct bench *bench)
{
	static const struct stencil_mark marks[] = {
		{ "queueId", SPOT_QUEUE },
		{ NULL, SPOTS },
	};
	const struct command request = { .code = REQUEST_GET_MAX_OFFSET,
		.codec = bench->settings->codec };
	struct buf topic = { 0 };

	buf_printf(&topic, "%s-" STENCIL_MARK_TOPIC, bench->settings->topic);
	const struct queue_header header = { .topic = buf_slice(&topic) };

	stencil_init(stencil, &request, queue_header_fields, &header, marks);
	buf_release(&topic);
}

static void
init(struct connector *connector, struct bench *bench)
{
	const struct settings *settings = bench->settings;

	*connector = (struct connector){ .bench = bench };
	load_init(&connector->load, &bench->loop, settings->timeout_ms, 1, settings->window);
	links_init(&connector->links, &bench->loop, settings->timeout_ms,
	    (size_t)settings->n_connections * bench->n_brokers, 1);
	for (size_t i = 0; i < connector->links.n; i++) {
		struct link *link = &connector->links.all[i];

		link->broker = (uint32_t)(i % bench->n_brokers);
		if (link_set_address(link, bench->brokers[link->broker].address) == -1)
			bench_fail(bench, "%s cannot be resolved", link->address);
	}
	ask_stencil_init(&connector->ask, bench);
	connector->load.begin = begin;
	connector->load.context = bench;
	connector->load.n_operations = connector->links.n;
}

static void
hold(struct connector *connector)
{
	struct bench *bench = connector->bench;
	int64_t until_ms = clock_mono_ms() + bench->settings->duration_ms;

	while (clock_mono_ms() < until_ms)
		twinmq_run(bench->mq, HOLD_STEP_MS);
}

/* Sends one more request over each connection that is left. */
static uint64_t
ask_all(struct connector *connector)
{
	struct bench *bench = connector->bench;
	struct connector again = {
		.bench = bench, .links = connector->links, .ask = connector->ask
	};
	uint64_t n_answered;

	load_init(
	    &again.load, &bench->loop, bench->settings->timeout_ms, 1, bench->settings->window);
	again.load.begin = begin;
	again.load.n_operations = again.links.n;
	load_run(&again.load);
	n_answered = again.load.counts.n_good;
	load_release(&again.load);
	return n_answered;
}

static void
run(struct connector *connector)
{
	struct bench *bench = connector->bench;
	struct settings settings = *bench->settings;
	const struct settings *asked = bench->settings;
	struct proof *proof = &bench->proof;
	uint64_t n_lost_before;

	settings.duration_ms = 0; /* ends when all are made */
	bench->settings = &settings;
	bench_load_run(bench, &connector->load);
	bench->settings = asked;
	n_lost_before = connector->links.n_lost;
	hold(connector);
	bench_on_measure(&connector->load, false); /* the broker's memory while all are open */
	proof->n_sent = connector->links.n;
	proof->n_acknowledged = bench->counts.n_good;
	proof->n_found = ask_all(connector);
	proof->n_lost = connector->links.n_lost - n_lost_before;
	if (proof->n_found < proof->n_acknowledged)
		proof->n_lost = proof->n_acknowledged - proof->n_found;
	proof_judge(bench);
	bench_figure(bench, "anonymous_bytes_per_connection",
	    bench->has_usage ? (double)(bench->after.anonymous_bytes - bench->anonymous_idle) /
				   (double)connector->links.n
			     : 0);
}

int
mode_connect(struct bench *bench)
{
	struct connector connector;

	if (target_make_topics(bench) == -1)
		return -1;
	init(&connector, bench);
	if (bench->error[0] == '\0')
		run(&connector);
	links_release(&connector.links);
	load_release(&connector.load);
	stencil_release(&connector.ask);
	return bench->error[0] != '\0' ? -1 : 0;
}
