#include "config.h"

/* Logging in and out, and one's own password: /api/login, session, logout, password. */

#include <string.h>

#include "common/base/clock.h"
#include "common/json/json.h"
#include "console/console_private.h"

static void
answer_session(
    struct http_exchange *exchange, const struct session *session, enum account_role role)
{
	struct buf body = { 0 };
	struct json_out out;

	json_out_init(&out, &body);
	json_open_object(&out);
	json_member_put_text(&out, "user", session->name);
	json_member_put_text(&out, "role", account_roles[role]);
	json_member_put_text(&out, "csrf", session->csrf);
	json_close_object(&out);
	console_answer_json(exchange, 200, &body);
}

/* Gives a new session to who has proven who he is. */
static void
begin_session(struct http_exchange *exchange, const struct account *account)
{
	struct console *console = console_of(exchange);
	const struct session *session = session_add(console->sessions, account, clock_mono_ms());

	if (session == NULL) {
		http_problem(exchange, 503, "The system has no random numbers now.");
		return;
	}
	console_set_cookie(exchange, session->id);
	answer_session(exchange, session, account->role);
}

void
console_refuse_login(struct http_exchange *exchange, enum account_status status, int retry_after_s)
{
	if (status == ACCOUNT_WAIT)
		http_add_field(
		    exchange, "Retry-After", arena_printf(&exchange->arena, "%d", retry_after_s));
	http_problem(exchange,
	    status == ACCOUNT_WAIT     ? 429
	    : status == ACCOUNT_WRONG  ? 401
	    : status == ACCOUNT_FAILED ? 500
				       : 422,
	    "%s", account_status_text(status));
}

/* ---- POST /api/login -------------------------------------------------- */

struct login {
	struct account_attempt attempt;
	struct slice new_password; /* POST /api/password */
	struct account account;
	enum account_status status;
	int retry_after_s;
};

static void
log_in(struct http_exchange *exchange)
{
	struct login *login = exchange->state;

	login->status = account_log_in(console_of(exchange)->accounts, &login->attempt,
	    &login->account, &login->retry_after_s);
}

static void
answer_login(struct http_exchange *exchange, struct loop *loop)
{
	const struct login *login = exchange->state;

	(void)loop;
	if (login->status == ACCOUNT_OK)
		begin_session(exchange, &login->account);
	else
		console_refuse_login(exchange, login->status, login->retry_after_s);
}

static struct login *
new_login(struct http_exchange *exchange)
{
	struct login *login = arena_zalloc(&exchange->arena, sizeof *login);

	if (console_of(exchange)->accounts == NULL) {
		http_problem(
		    exchange, 503, "The file of the accounts cannot be read; see the log.");
		return NULL;
	}
	exchange->state = login;
	http_peer(exchange, &login->attempt.address);
	return login;
}

static void
serve_login(struct http_exchange *exchange)
{
	const struct json *body = console_body(exchange);
	struct login *login = body != NULL ? new_login(exchange) : NULL;

	if (login == NULL)
		return;
	login->attempt.name = json_text(json_member(body, "user"));
	login->attempt.password = json_text(json_member(body, "password"));
	if (login->attempt.name.data == NULL || login->attempt.password.data == NULL)
		http_problem(exchange, 400, "The body must have user and password.");
	else
		console_work(exchange, console_of(exchange)->passwords, log_in, answer_login);
}

/* ---- GET /api/session, POST /api/logout ------------------------------- */

static void
serve_session(struct http_exchange *exchange)
{
	const struct session *session = console_session(exchange);
	struct account account;

	if (session == NULL)
		http_problem(exchange, 401, "There is no session: log in.");
	else if (account_find(console_of(exchange)->accounts, slice_of(session->name), &account))
		answer_session(exchange, session, account.role);
	else
		http_problem(exchange, 401, "There is no such account any more.");
}

static void
serve_logout(struct http_exchange *exchange)
{
	struct session *session = console_session(exchange);
	struct buf body = { 0 };

	if (session != NULL && !console_is_wanted(exchange))
		return;
	if (session != NULL)
		session_remove(console_of(exchange)->sessions, session);
	console_set_cookie(exchange, "");
	buf_append_text(&body, "{}");
	console_answer_json(exchange, 200, &body);
}

/* ---- POST /api/password ----------------------------------------------- */

/* The old one is asked for again, under the same limits as a login. */
static void
change_password(struct http_exchange *exchange)
{
	struct accounts *accounts = console_of(exchange)->accounts;
	struct login *login = exchange->state;

	log_in(exchange);
	if (login->status != ACCOUNT_OK)
		return;
	login->status = account_set_password(accounts, login->attempt.name, login->new_password);
	if (login->status == ACCOUNT_OK &&
	    !account_find(accounts, login->attempt.name, &login->account))
		login->status = ACCOUNT_UNKNOWN;
}

static void
serve_password(struct http_exchange *exchange)
{
	const struct json *body = console_body(exchange);
	struct login *login = body != NULL ? new_login(exchange) : NULL;

	if (login == NULL || !console_is_wanted(exchange))
		return;
	login->attempt.name = exchange->principal.name;
	login->attempt.password = json_text(json_member(body, "old"));
	login->new_password = json_text(json_member(body, "new"));
	if (login->attempt.password.data == NULL || login->new_password.data == NULL)
		http_problem(exchange, 400, "The body must have old and new.");
	else
		/* All sessions of the account are over then; this one gets another. */
		console_work(
		    exchange, console_of(exchange)->passwords, change_password, answer_login);
}

const struct http_route login_routes[] = {
	{ "POST", "/api/login", CONSOLE_NO_RIGHT, "application/json", serve_login,
	    .always = false },
	{ "GET", "/api/session", CONSOLE_NO_RIGHT, NULL, serve_session, .always = false },
	{ "POST", "/api/logout", CONSOLE_NO_RIGHT, "application/json", serve_logout,
	    .empty = true },
	{ "POST", "/api/password", HTTP_MAY_READ, "application/json", serve_password,
	    .always = false },
	{ NULL },
};
