#include "config.h"

#include "broker/http/broker_http.h"

#include <stdlib.h>

#include "broker/http/api.h"
#include "broker/http/token.h"

#include "common/base/mem.h"
#include "common/http/http_settings.h"

const struct http_route *const broker_http_tables[] = {
	health_routes,
	metrics_routes,
	api_message_routes,
	api_receive_routes,
	api_transaction_routes,
	api_dead_routes,
	api_view_routes,
	api_lookup_routes,
	NULL,
};

static const char *
refuses(void *context)
{
	const struct broker *broker = context;

	switch ((enum broker_phase)atomic_load(&broker->http->phase)) {
	case BROKER_STARTS:
		return "The broker starts: it replays the end of its log.";
	case BROKER_STOPS:
		return "The broker stops.";
	case BROKER_SERVES:
		break;
	}
	return NULL;
}

/* The seam for accounts: their module takes the place of the token. */
static bool
identify(void *context, const struct http_request *request, struct arena *arena,
    struct http_principal *principal)
{
	struct token *token = atomic_load(&((const struct broker *)context)->http->token);

	if (token == NULL)
		return http_request_field(request, "Authorization").data == NULL;
	return token_identify(token, request, arena, principal);
}

void
broker_http_open_token(struct broker *broker)
{
	const struct broker_settings *settings = broker->settings;
	struct arena arena = { 0 };
	const char *path = settings->http_token_file;

	if (broker->http->server == NULL)
		return;
	if (path == NULL)
		path = arena_printf(&arena, "%s/http-token%c", settings->store_path_root_dir, '\0')
		           .data;
	atomic_store(&broker->http->token, token_open(path));
	arena_release(&arena);
}

int
broker_http_start(struct broker *broker, int listen_port)
{
	const struct broker_settings *settings = broker->settings;
	struct http_options options = {
		.tables = broker_http_tables,
		.identify = identify,
		.identify_context = broker,
		.refuses = refuses,
		.context = broker,
	};

	broker->http = mem_zalloc(sizeof *broker->http);
	if (http_open(&settings->http, listen_port, settings->listen_port, &options,
		&broker->http->server) == -1)
		return -1;
	if (broker->http->server != NULL)
		http_start(broker->http->server);
	return 0;
}

void
broker_http_set_phase(struct broker *broker, enum broker_phase phase)
{
	if (broker->http != NULL)
		atomic_store(&broker->http->phase, phase);
}

void
broker_http_stop(struct broker *broker)
{
	if (broker->http != NULL)
		http_stop(broker->http->server);
}

bool
broker_http_drain(struct broker *broker)
{
	return broker->http != NULL && broker->http->server != NULL &&
	       loop_drain(http_loop(broker->http->server));
}

void
broker_http_free(struct broker *broker)
{
	if (broker->http == NULL)
		return;
	http_server_free(broker->http->server);
	token_free(atomic_load(&broker->http->token));
	free(broker->http);
	broker->http = NULL;
}
