#include "config.h"

/*
 * /healthz: a restart would not help; /readyz: clients may be sent here. An exchange passes through
 * every loop before it is answered, so a loop that hangs is a request that gets no answer.
 */

#include "broker/cluster/register.h"
#include "broker/http/broker_http.h"
#include "broker/store/store.h"
#include "common/base/mem.h"
#include "common/http/health.h"

/* What a loop finds, for the answer. */
struct health_found {
	int next_loop;
	size_t n_servers, n_registered;
	const char *refusal;
	bool ready; /* it is /readyz */
};

static void
add_registration(
    const struct health_found *found, struct http_exchange *exchange, struct health *health)
{
	struct slice why = SLICE_NONE;

	if (found->refusal != NULL)
		why = slice_of(found->refusal);
	else if (found->n_servers != 0 && found->n_registered == 0)
		why = arena_printf(&exchange->arena,
		    "No name server of %zu has taken the registration: clients do not find this "
		    "broker.",
		    found->n_servers);
	health_add(health, "registration", why);
}

static void
add_disk(const struct store_stats *stats, struct http_exchange *exchange, struct health *health)
{
	struct slice why = SLICE_NONE;

	if (!stats->writable)
		why = arena_printf(&exchange->arena, "%s (%lld of %lld bytes are free)",
		    stats->write_block, (long long)stats->disk_free, (long long)stats->disk_total);
	health_add(health, "store", why);
}

/* A sync that failed stays so until a restart; a full disk does not need one. */
static bool
wants_restart(const struct store_stats *stats)
{
	return !stats->writable && slice_starts(slice_of(stats->write_block), "the disk failed");
}

static void
answer(struct http_exchange *exchange, struct loop *loop)
{
	const struct broker *broker = exchange_broker(exchange);
	const struct health_found *found = exchange->state;
	struct health health = { 0 };
	struct store_stats stats;

	(void)loop;
	store_get_stats(broker->store, &stats);
	health_add(&health, "loops", SLICE_NONE);
	if (found->ready) {
		health_add(&health, "recovery", SLICE_NONE);
		add_disk(&stats, exchange, &health);
		add_registration(found, exchange, &health);
	} else {
		health_add(&health, "store",
		    wants_restart(&stats) ? slice_of(stats.write_block) : SLICE_NONE);
	}
	health_answer(&health, exchange);
}

static void
pass_through_loop(struct http_exchange *exchange, struct loop *loop)
{
	struct broker *broker = exchange_broker(exchange);
	struct health_found *found = exchange->state;

	if (loop->index == 0) {
		registrar_count(broker->registrar, &found->n_servers, &found->n_registered);
		found->refusal = registrar_refusal(broker->registrar);
	}
	if (++found->next_loop < broker->n_workers)
		http_go(
		    exchange, broker_loop(broker, (uint32_t)found->next_loop), pass_through_loop);
	else
		http_return(exchange, answer);
}

static void
serve(struct http_exchange *exchange, bool ready)
{
	struct broker *broker = exchange_broker(exchange);
	struct health_found *found = arena_zalloc(&exchange->arena, sizeof *found);
	struct health health = { 0 };

	found->ready = ready;
	exchange->state = found;
	switch ((enum broker_phase)atomic_load(&broker->http->phase)) {
	case BROKER_SERVES:
		http_go(exchange, broker_main_loop(broker), pass_through_loop);
		return;
	case BROKER_STARTS:
		health_add(&health, "recovery",
		    ready ? SLICE("The broker starts: it replays the end of its log.")
			  : SLICE_NONE);
		break;
	case BROKER_STOPS:
		health_add(&health, "stopping", ready ? SLICE("The broker stops.") : SLICE_NONE);
		break;
	}
	health_answer(&health, exchange);
}

static void
serve_healthz(struct http_exchange *exchange)
{
	serve(exchange, false);
}

static void
serve_readyz(struct http_exchange *exchange)
{
	serve(exchange, true);
}

const struct http_route health_routes[] = {
	{ "GET", "/healthz", 0, NULL, serve_healthz, .always = true },
	{ "GET", "/readyz", 0, NULL, serve_readyz, .always = true },
	{ NULL },
};
