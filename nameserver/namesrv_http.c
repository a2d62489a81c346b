#include "config.h"

#include "nameserver/namesrv_http.h"

#include "common/base/log.h"
#include "common/http/health.h"
#include "common/http/http_settings.h"
#include "common/http/metrics_text.h"

/* What the loop knows. */
struct namesrv_view {
	struct route_counts routes;
	struct kv_counts pairs;
	struct server_counts server;
	uint64_t n_kv_refused;
};

static struct namesrv *
exchange_namesrv(const struct http_exchange *exchange)
{
	return http_context(exchange);
}

/* ---- health ---------------------------------------------------------- */

static void
answer_health(struct http_exchange *exchange, struct loop *loop)
{
	struct health health = { 0 };

	(void)loop;
	health_add(&health, "loops", SLICE_NONE);
	health_answer(&health, exchange);
}

static void
pass_through_loop(struct http_exchange *exchange, struct loop *loop)
{
	(void)loop;
	http_return(exchange, answer_health);
}

/* A name server without a broker is ready: brokers come to it. */
static void
serve_health(struct http_exchange *exchange)
{
	http_go(exchange, &exchange_namesrv(exchange)->daemon->loops[0], pass_through_loop);
}

/* ---- metrics --------------------------------------------------------- */

static void
answer_metrics(struct http_exchange *exchange, struct loop *loop)
{
	const struct namesrv_view *view = exchange->state;
	struct metrics_text out;

	(void)loop;
	metrics_begin(&out, exchange);
	metrics_family(&out, "twinmq_namesrv_info", METRIC_GAUGE,
	    "Who this name server is; the value is always 1.");
	metrics_sample(&out, "");
	metrics_label(&out, "version", SLICE(PACKAGE_VERSION));
	metrics_int(&out, 1);
	const struct {
		const char *name;
		enum metric_type type;
		const char *help;
		double value;
	} rows[] = {
		{ "twinmq_namesrv_brokers", METRIC_GAUGE, "Brokers that are registered.",
		    (double)view->routes.brokers },
		{ "twinmq_namesrv_topics", METRIC_GAUGE,
		    "Topics, once for each broker that has it.", (double)view->routes.topics },
		{ "twinmq_namesrv_topics_lost", METRIC_GAUGE, "Topics that no broker has any more.",
		    (double)view->routes.lost },
		{ "twinmq_namesrv_registrations_refused_total", METRIC_COUNTER,
		    "Registrations over a limit.", (double)view->routes.refused },
		{ "twinmq_namesrv_kv_pairs", METRIC_GAUGE, "KV pairs.", (double)view->pairs.pairs },
		{ "twinmq_namesrv_kv_bytes", METRIC_GAUGE, "Bytes of their keys and values.",
		    (double)view->pairs.bytes },
		{ "twinmq_namesrv_kv_refused_total", METRIC_COUNTER, "KV pairs over a limit.",
		    (double)view->n_kv_refused },
		{ "twinmq_connections", METRIC_GAUGE, "Connections of the remoting protocol.",
		    view->server.connections },
		{ "twinmq_connections_refused_total", METRIC_COUNTER, "Connections over a limit.",
		    (double)(view->server.over_limit + view->server.over_address) },
		{ "twinmq_log_lines_suppressed_total", METRIC_COUNTER,
		    "Log lines over the limit of a second.", (double)log_suppressed() },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		metrics_one(&out, rows[i].name, rows[i].type, rows[i].help, rows[i].value);
	metrics_of_process(&out);
	metrics_of_http(&out, exchange->server);
	metrics_answer(&out, exchange);
}

static void
look(struct http_exchange *exchange, struct loop *loop)
{
	struct namesrv *namesrv = exchange_namesrv(exchange);
	struct namesrv_view *view = exchange->state;

	(void)loop;
	view->routes = routes_counts(namesrv->routes);
	view->pairs = kv_counts(namesrv->kv);
	view->server = server_counts(namesrv->server);
	view->n_kv_refused = namesrv->n_kv_refused;
	http_return(exchange, answer_metrics);
}

static void
serve_metrics(struct http_exchange *exchange)
{
	exchange->state = arena_zalloc(&exchange->arena, sizeof(struct namesrv_view));
	http_go(exchange, &exchange_namesrv(exchange)->daemon->loops[0], look);
}

/* ---- the port --------------------------------------------------------- */

static const struct http_route namesrv_routes[] = {
	{ "GET", "/healthz", 0, NULL, serve_health, .always = true },
	{ "GET", "/readyz", 0, NULL, serve_health, .always = true },
	{ "GET", "/metrics", HTTP_MAY_READ, NULL, serve_metrics, .always = false },
	{ NULL },
};

static const struct http_route *const tables[] = { namesrv_routes, NULL };

int
namesrv_http_start(struct namesrv *namesrv, int listen_port)
{
	const struct namesrv_settings *settings = namesrv->settings;
	struct http_options options = {
		.tables = tables,
		.context = namesrv,
		.identify = account_identify,
		.identify_context = namesrv->accounts,
	};

	if (http_open(&settings->http, listen_port, settings->listen_port, &options,
		&namesrv->http) == -1)
		return -1;
	if (namesrv->http != NULL)
		http_start(namesrv->http);
	return 0;
}

void
namesrv_http_stop(struct namesrv *namesrv)
{
	http_stop(namesrv->http);
	loop_drain(&namesrv->daemon->loops[0]);
	http_server_free(namesrv->http);
	namesrv->http = NULL;
}
