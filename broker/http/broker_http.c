#include "config.h"

#include "broker/http/broker_http.h"

#include <ctype.h>
#include <stdlib.h>

#include "broker/http/api.h"
#include "broker/http/token.h"

#include "common/account/account_http.h"
#include "common/base/mem.h"
#include "common/http/http_settings.h"

const struct http_route *const broker_http_tables[] = {
	health_routes,
	metrics_routes,
	api_message_routes,
	api_receive_routes,
	api_transaction_routes,
	api_dead_routes,
	api_event_routes,
	api_view_routes,
	api_lookup_routes,
	NULL,
};

static const char *
refuses(void *context, const struct http_route *route)
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
	return broker_is_slave(broker) && route->right == HTTP_MAY_WRITE ? BROKER_SLAVE_REFUSAL
	                                                                 : NULL;
}

/* The accounts come when the store is open. */
static bool
identify(void *context, const struct http_request *request, struct arena *arena,
    struct http_principal *principal)
{
	const struct broker *broker = context;

	return account_identify(atomic_load(&broker->http->accounts), request, arena, principal);
}

/* Several brokers may share the file: each has its own token. */
static struct slice
token_name(struct broker *broker, struct arena *arena)
{
	struct slice name = arena_printf(arena, "%.*s-%d", ACCOUNT_NAME_MAX - 12,
	    broker->settings->broker_name, (int)atomic_load(&broker->id));
	char *text = arena_alloc(arena, name.len);

	for (size_t i = 0; i < name.len; i++)
		text[i] = (char)(isalnum((unsigned char)name.data[i]) || name.data[i] == '-'
				     ? name.data[i]
				     : '_');
	if (name.len != 0 && text[0] == '-')
		text[0] = '_';
	return (struct slice){ text, name.len };
}

void
broker_http_open_accounts(struct broker *broker)
{
	const struct broker_settings *settings = broker->settings;
	struct arena arena = { 0 };
	const char *path = settings->http_token_file;
	struct accounts *accounts;

	if (broker->http->server == NULL)
		return;
	accounts =
	    account_open_for_daemon(settings->http.accounts_file, settings->store_path_root_dir);
	if (path == NULL)
		path = arena_printf(&arena, "%s/http-token%c", settings->store_path_root_dir, '\0')
		           .data;
	if (accounts != NULL)
		token_register(accounts, path, token_name(broker, &arena));
	atomic_store(&broker->http->accounts, accounts);
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
	if (broker->http->server != NULL) {
		broker->http_port = http_port(broker->http->server);
		http_start(broker->http->server);
	}
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
	if (broker->http == NULL)
		return;
	http_stop(broker->http->server);
	broker->http->stopped = true;
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
	api_events_free(broker);
	accounts_close(atomic_load(&broker->http->accounts));
	free(broker->http);
	broker->http = NULL;
}
