#include "config.h"

#include <inttypes.h>
#include <stdlib.h>

#include "bench/bench.h"
#include "bench/target.h"
#include "common/base/clock.h"
#include "common/base/crc.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "common/protocol/registration.h"

/*
 * Load for name servers: queries of routes, and registrations of a broker with its topics. A reply
 * to a query counts when its route is right.
 */

#define KNOWN_WITHIN_US 30000000
#define ASK_AGAIN_MS 10

/* ---- queries ---- */

struct router {
	struct load load;
	struct bench *bench;
	struct stencil query;
	uint32_t *crcs; /* of the right reply, by topic; 0: unknown */
	uint32_t turn;
	uint64_t n_right, n_wrong;
};

static int32_t
queues_of(const struct route *route)
{
	int32_t n = 0;

	for (size_t i = 0; i < route->n_queues; i++)
		n += route->queues[i].write_queues;
	return n;
}

static bool
is_right(const struct bench *bench, struct slice body)
{
	struct arena arena = { 0 };
	struct route route;
	bool right = route_read(&arena, body, &route) == 0 &&
	             queues_of(&route) >= (int32_t)(bench->n_brokers * bench->settings->n_queues);

	arena_release(&arena);
	return right;
}

static void
on_route(struct slot *slot, int32_t code, const struct command *reply, struct slice body)
{
	struct router *router = (struct router *)slot->link->links->context;
	uint32_t crc = crc_of(body), *known = &router->crcs[slot->queue];

	(void)reply;
	/* Parse only a reply that differs from the last right one. */
	if (code == RESPONSE_SUCCESS && crc != *known) {
		if (is_right(router->bench, body))
			*known = crc;
		else
			code = TWINMQ_BAD_ANSWER;
	}
	router->n_right += code == RESPONSE_SUCCESS;
	router->n_wrong += code == TWINMQ_BAD_ANSWER;
	load_done(slot, code, 1, body.len);
}

static void
begin_query(struct load *load, struct slot *slot)
{
	struct router *router = (struct router *)load;

	slot->queue = router->turn++ % router->bench->settings->n_topics;
	stencil_put(&router->query, SPOT_TOPIC, slot->queue);
	slot_send(slot, &router->query, SLICE(""), on_route);
}

/* Links to all name servers in turn. */
static int
name_server_load_init(struct bench *bench, struct load *load, uint32_t n_slots)
{
	uint32_t n_servers = 0;

	while (twinmq_name_server(bench->mq, n_servers) != NULL)
		n_servers++;
	load_init(load, &bench->loop, bench->settings->timeout_ms,
	    (size_t)bench->settings->n_connections * n_servers, n_slots);
	load->context = bench;
	for (size_t i = 0; i < load->links.n; i++)
		if (link_set_address(
			&load->links.all[i], twinmq_name_server(bench->mq, i % n_servers)) == -1)
			return bench_fail(
			    bench, "%s cannot be resolved", load->links.all[i].address);
	return 0;
}

/* Waits, because brokers register new topics a little later. */
static int
wait_known(struct bench *bench)
{
	int64_t until_us = clock_mono_us() + KNOWN_WITHIN_US;

	for (uint32_t i = 0; i < bench->settings->n_topics; i++) {
		struct arena arena = { 0 };
		struct slice topic = arena_printf(&arena, "%s-%05u", bench->settings->topic, i);
		struct route route;
		bool known =
		    twinmq_route(bench->mq, topic, &arena, &route) == 0 &&
		    queues_of(&route) >= (int32_t)(bench->n_brokers * bench->settings->n_queues);

		arena_release(&arena);
		if (!known && clock_mono_us() > until_us)
			return bench_fail(bench, "the name server does not know all topics");
		if (!known) {
			twinmq_run(bench->mq, ASK_AGAIN_MS);
			i--;
		}
	}
	return 0;
}

static void
query_stencil_init(struct stencil *stencil, const struct bench *bench)
{
	static const struct stencil_mark marks[] = { { NULL, SPOTS } };
	const struct command request = { .code = REQUEST_GET_ROUTEINFO_BY_TOPIC,
		.codec = bench->settings->codec };
	struct buf topic = { 0 };

	buf_printf(&topic, "%s-" STENCIL_MARK_TOPIC, bench->settings->topic);
	const struct route_header header = { .topic = buf_slice(&topic) };

	stencil_init(stencil, &request, route_header_fields, &header, marks);
	buf_release(&topic);
}

int
mode_route(struct bench *bench)
{
	struct router router = { .bench = bench };
	struct proof *proof = &bench->proof;

	if (target_make_topics(bench) == -1 || wait_known(bench) == -1)
		return -1;
	router.crcs = mem_zalloc(bench->settings->n_topics * sizeof *router.crcs);
	query_stencil_init(&router.query, bench);
	if (name_server_load_init(bench, &router.load, bench->settings->window) == 0) {
		router.load.begin = begin_query;
		router.load.rate = bench->settings->rate;
		bench_load_run(bench, &router.load);
	}
	load_release(&router.load);
	stencil_release(&router.query);
	free(router.crcs);
	proof->n_sent = router.turn;
	proof->n_acknowledged = router.n_right + router.n_wrong;
	proof->n_found = router.n_right;
	proof->n_corrupt = router.n_wrong;
	proof_judge(bench);
	return bench->error[0] != '\0' ? -1 : 0;
}

/* ---- registrations ---- */

#define FAKE_BROKER "mqbench-registers"
#define FAKE_ADDRESS "127.0.0.1:1"

struct registration_load {
	struct load load;
	struct bench *bench;
	struct stencil request;
	struct topic_config *topics;
	struct arena arena; /* their names */
	struct buf body;
	int64_t version;
	uint64_t n_answered;
};

static void
on_registered(struct slot *slot, int32_t code, const struct command *reply, struct slice body)
{
	struct registration_load *registrar =
	    (struct registration_load *)slot->link->links->context;

	(void)reply;
	(void)body;
	registrar->n_answered += code == RESPONSE_SUCCESS;
	load_done(slot, code, 1, registrar->body.len);
}

static void
begin_registration(struct load *load, struct slot *slot)
{
	struct registration_load *registrar = (struct registration_load *)load;
	/* A new version each time, so that the name server has to read it. */
	const struct registration registration = {
		.table = { .version = { clock_wall_ms(), ++registrar->version, 0 },
		    .topics = registrar->topics,
		    .n_topics = registrar->bench->settings->n_topics },
	};
	struct json_out out;

	registrar->body.len = 0;
	json_out_init(&out, &registrar->body);
	registration_write(&out, &registration);
	slot->due_us = clock_mono_us();
	slot_send(slot, &registrar->request, buf_slice(&registrar->body), on_registered);
}

static const struct register_broker_header registrar_header = {
	.broker_name = { FAKE_BROKER, sizeof FAKE_BROKER - 1 },
	.broker_addr = { FAKE_ADDRESS, sizeof FAKE_ADDRESS - 1 },
	.cluster_name = { FAKE_BROKER, sizeof FAKE_BROKER - 1 },
	.ha_server_addr = { FAKE_ADDRESS, sizeof FAKE_ADDRESS - 1 },
	.heartbeat_timeout_ms =
	    -1, /* the name server's default; RocketMQ's drops a broker with 0 soon */
};

static int
registrar_init(struct registration_load *registrar, struct bench *bench)
{
	static const struct stencil_mark marks[] = { { NULL, SPOTS } };
	const struct command request = { .code = REQUEST_REGISTER_BROKER,
		.codec = bench->settings->codec };
	uint32_t n = bench->settings->n_topics;

	*registrar = (struct registration_load){ .bench = bench };
	registrar->topics = mem_zalloc(n * sizeof *registrar->topics);
	for (uint32_t i = 0; i < n; i++)
		registrar->topics[i] = (struct topic_config){
			.name = arena_printf(
			    &registrar->arena, "%s-registered-%05u", bench->settings->topic, i),
			.read_queues = (int32_t)bench->settings->n_queues,
			.write_queues = (int32_t)bench->settings->n_queues,
			.perm = PERM_READ | PERM_WRITE,
		};
	stencil_init(
	    &registrar->request, &request, register_broker_header_fields, &registrar_header, marks);
	if (name_server_load_init(bench, &registrar->load, 1) == -1)
		return -1;
	registrar->load.begin = begin_registration;
	return 0;
}

/* Checks that all topics are registered, then unregisters. */
static void
prove_registered(struct registration_load *registrar)
{
	struct bench *bench = registrar->bench;
	struct proof *proof = &bench->proof;
	struct arena arena = { 0 };
	struct twinmq_reply reply;
	struct command request = { .code = REQUEST_UNREGISTER_BROKER };
	const struct broker_identity_header header = {
		.broker_name = registrar_header.broker_name,
		.broker_addr = registrar_header.broker_addr,
		.cluster_name = registrar_header.cluster_name,
	};
	struct route route;

	proof->n_sent = proof->n_acknowledged = bench->settings->n_topics;
	for (uint32_t i = 0; i < bench->settings->n_topics; i++) {
		arena_reset(&arena);
		proof->n_found +=
		    twinmq_route(bench->mq, registrar->topics[i].name, &arena, &route) == 0;
	}
	proof->n_lost = proof->n_acknowledged - proof->n_found;
	fields_encode(broker_identity_header_fields, &header, &arena, &request);
	for (size_t i = 0; twinmq_name_server(bench->mq, i) != NULL; i++)
		twinmq_call(bench->mq, slice_of(twinmq_name_server(bench->mq, i)), &request,
		    SLICE(""), &arena, &reply);
	arena_release(&arena);
	proof_judge(bench);
}

int
mode_register(struct bench *bench)
{
	struct registration_load registrar;

	if (registrar_init(&registrar, bench) == 0) {
		bench_load_run(bench, &registrar.load);
		prove_registered(&registrar);
		bench_figure(bench, "topics", bench->settings->n_topics);
	}
	load_release(&registrar.load);
	stencil_release(&registrar.request);
	buf_release(&registrar.body);
	arena_release(&registrar.arena);
	free(registrar.topics);
	return bench->error[0] != '\0' ? -1 : 0;
}
