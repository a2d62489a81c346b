#include "config.h"

#include "console/console_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/account/account_http.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"
#include "common/json/json.h"
#include "console/events.h"
#include "console/old.h"

#define COMMAND_WORKERS 4
#define COMMANDS_QUEUED_MAX 64
#define PASSWORDS_QUEUED_MAX 32
#define WAIT_MAX_MS 10000 /* in the queue of the workers */

/* ---- who asks --------------------------------------------------------- */

/*
 * One cookie for each port: browsers do not tell ports of a host apart, and two name servers of one
 * host have a console each.
 */
#define COOKIE "twinmq_session_%d"

static struct slice
find_cookie(const struct http_request *request, struct slice name)
{
	struct slice rest = http_request_field(request, "Cookie"), pair, key;

	while (rest.data != NULL && slice_next(&rest, ';', &pair)) {
		pair = slice_trim(pair);
		if (slice_next(&pair, '=', &key) && slice_equal(key, name))
			return pair;
	}
	return SLICE_NONE;
}

static struct session *
find_session(struct console *console, const struct http_request *request, struct account *account)
{
	struct slice id = find_cookie(request, slice_of(console->cookie));

	if (id.data == NULL || console->accounts == NULL)
		return NULL;
	return session_find(console->sessions, console->accounts, id, clock_mono_ms(), account);
}

/* For struct http_options: by the cookie of a session, or by a token. */
static bool
identify(void *context, const struct http_request *request, struct arena *arena,
    struct http_principal *principal)
{
	struct console *console = context;
	struct account account;

	principal->rights = 0; /* nobody looks without an account */
	if (http_request_field(request, "Authorization").data != NULL)
		return account_identify(console->accounts, request, arena, principal);
	if (find_session(console, request, &account) != NULL)
		*principal = (struct http_principal){ arena_copy(arena, slice_of(account.name)),
			account_rights(account.role) };
	return true;
}

bool
console_identify(struct http_exchange *exchange)
{
	if (identify(
		console_of(exchange), &exchange->request, &exchange->arena, &exchange->principal))
		return true;
	http_add_field(exchange, "WWW-Authenticate", SLICE("Bearer error=\"invalid_token\""));
	http_problem(exchange, 401, "The token is not valid.");
	return false;
}

struct session *
console_session(const struct http_exchange *exchange)
{
	struct account account;

	return find_session(console_of(exchange), &exchange->request, &account);
}

void
console_set_cookie(struct http_exchange *exchange, const char *id)
{
	http_add_field(exchange, "Set-Cookie",
	    arena_printf(&exchange->arena, "%s=%s; Path=/; HttpOnly; SameSite=Strict%s",
		console_of(exchange)->cookie, id, id[0] == '\0' ? "; Max-Age=0" : ""));
}

/* In a time that does not depend on where they differ. */
static bool
is_same(struct slice a, struct slice b)
{
	unsigned char difference = 0;

	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		difference |= (unsigned char)(a.data[i] ^ b.data[i]);
	return difference == 0;
}

bool
console_is_wanted(struct http_exchange *exchange)
{
	struct slice token = http_request_field(&exchange->request, "X-CSRF-Token");
	const struct session *session = console_session(exchange);

	/* Without a session, a token of the field Authorization has proven who it is. */
	if (session == NULL || (token.data != NULL && is_same(token, slice_of(session->csrf))))
		return true;
	http_problem(exchange, 403,
	    "The field X-CSRF-Token must have the value of csrf in the answer to /api/session.");
	return false;
}

/* ---- for handlers ----------------------------------------------------- */

struct console *
console_of(const struct http_exchange *exchange)
{
	return http_context(exchange);
}

void
console_answer_json(struct http_exchange *exchange, int status, struct buf *body)
{
	http_add_field(exchange, "Referrer-Policy", SLICE("no-referrer"));
	http_answer_json(exchange, status, body);
}

const struct json *
console_body(struct http_exchange *exchange)
{
	const struct json *body = json_parse(&exchange->arena, exchange->request.body);

	if (body != NULL && body->type == JSON_OBJECT)
		return body;
	http_problem(exchange, 400, "The body must be a JSON object.");
	return NULL;
}

/* Work of an exchange; in its arena. */
struct exchange_work {
	struct work work;
	struct http_exchange *exchange;
	void (*run)(struct http_exchange *exchange);
	void (*done)(struct http_exchange *exchange, struct loop *loop);
};

static void
answer_late(struct http_exchange *exchange, struct loop *loop)
{
	(void)loop;
	http_add_field(exchange, "Retry-After", SLICE("2"));
	http_problem(exchange, 503, "All workers of the console were busy for too long.");
}

static void
run_exchange_work(struct work *work, bool in_time)
{
	struct exchange_work *self = container_of(work, struct exchange_work, work);
	struct http_exchange *exchange = self->exchange;

	/* A client that has gone wants nothing done, unless it has begun. */
	if (!in_time || atomic_load(&exchange->gone)) {
		http_return(exchange, answer_late);
		return;
	}
	self->run(exchange);
	http_return(exchange, self->done);
}

void
console_work(struct http_exchange *exchange, struct workers *workers,
    void (*run)(struct http_exchange *exchange),
    void (*done)(struct http_exchange *exchange, struct loop *loop))
{
	struct exchange_work *self = arena_zalloc(&exchange->arena, sizeof *self);

	*self = (struct exchange_work){
		.work.run = run_exchange_work,
		.exchange = exchange,
		.run = run,
		.done = done,
	};
	if (workers_submit(workers, &self->work) == -1)
		answer_late(exchange, NULL);
}

/* ---- life ------------------------------------------------------------- */

static const struct http_route *const tables[] = { login_routes, account_routes, command_routes,
	event_routes, old_cluster_routes, old_topic_routes, old_consumer_routes, old_message_routes,
	old_dashboard_routes, page_routes, NULL };

struct console *
console_new(const struct console_options *options)
{
	struct console *console = mem_zalloc(sizeof *console);
	const struct http_options http = {
		.address = options->address,
		.port = options->port,
		.tables = tables,
		.allowed_hosts = options->allowed_hosts,
		.max_connections = (int)options->http->max_connections,
		.max_head_bytes = options->http->max_head_bytes,
		.max_body_bytes = options->http->max_body_bytes,
		.max_memory = options->http->max_memory,
		.request_time_ms = options->http->request_timeout,
		.idle_ms = options->http->idle_timeout,
		.identify = identify,
		.identify_context = console,
		.context = console,
	};

	console->http = http_server_new(&http);
	if (console->http == NULL) {
		free(console);
		return NULL;
	}
	snprintf(console->cookie, sizeof console->cookie, COOKIE, http_port(console->http));
	console->name_servers = mem_strdup(options->name_servers);
	console->accounts = options->accounts;
	console->sessions = sessions_new(options->session_idle_ms, options->session_max_ms);
	console->commands =
	    workers_new("console", COMMAND_WORKERS, COMMANDS_QUEUED_MAX, WAIT_MAX_MS);
	console->passwords = workers_new("password", 1, PASSWORDS_QUEUED_MAX, WAIT_MAX_MS);
	console->events = events_new(console);
	return console;
}

int
console_port(const struct console *console)
{
	return http_port(console->http);
}

void
console_start(struct console *console)
{
	http_start(console->http);
}

void
console_free(struct console *console)
{
	if (console == NULL)
		return;
	atomic_store(&console->stopping, true);
	http_stop(console->http);
	workers_free(console->commands);
	workers_free(console->passwords);
	http_server_free(console->http); /* runs what the workers gave back */
	events_free(console->events);
	sessions_free(console->sessions);
	free(console->name_servers);
	free(console);
}
