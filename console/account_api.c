#include "config.h"

/* /api/accounts: who may use the console and the HTTP API. All of it runs on the password worker.
 */

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/json/json.h"
#include "console/console_private.h"

struct account_call {
	struct slice name;    /* of the account */
	struct slice subject; /* a password, the label of a token */
	enum account_role role;
	int64_t expires_ms;
	enum account_status status;
	struct buf body; /* the answer */
};

static void
answer_call(struct http_exchange *exchange, struct loop *loop)
{
	struct account_call *call = exchange->state;

	(void)loop;
	if (call->status == ACCOUNT_OK) {
		if (call->body.len == 0)
			buf_append_text(&call->body, "{}");
		console_answer_json(exchange, 200, &call->body);
		return;
	}
	buf_release(&call->body);
	http_problem(exchange,
	    call->status == ACCOUNT_UNKNOWN  ? 404
	    : call->status == ACCOUNT_TAKEN  ? 409
	    : call->status == ACCOUNT_FAILED ? 500
					     : 422,
	    "%s", account_status_text(call->status));
}

static struct account_call *
new_call(struct http_exchange *exchange)
{
	struct account_call *call = arena_zalloc(&exchange->arena, sizeof *call);

	if (console_of(exchange)->accounts == NULL) {
		http_problem(
		    exchange, 503, "The file of the accounts cannot be read; see the log.");
		return NULL;
	}
	if (exchange->route->method[0] == 'P') {
		if (!console_is_wanted(exchange))
			return NULL;
		call->name = http_part(exchange, 0);
	}
	exchange->state = call;
	return call;
}

static void
run_call(struct http_exchange *exchange, void (*run)(struct http_exchange *exchange))
{
	console_work(exchange, console_of(exchange)->passwords, run, answer_call);
}

/* ---- the list --------------------------------------------------------- */

/* All accounts and all tokens, in the order of the accounts' names. */
struct account_list {
	struct account accounts[ACCOUNTS_MAX];
	struct account_token tokens[ACCOUNT_TOKENS_MAX];
	size_t n_accounts, n_tokens;
};

static void
gather_account(void *arg, const struct account *account)
{
	struct account_list *list = arg;

	if (list->n_accounts < ACCOUNTS_MAX)
		list->accounts[list->n_accounts++] = *account;
}

static void
gather_token(void *arg, const struct account_token *token)
{
	struct account_list *list = arg;

	if (list->n_tokens < ACCOUNT_TOKENS_MAX)
		list->tokens[list->n_tokens++] = *token;
}

static void
put_tokens(struct json_out *out, const struct account_list *list, const char *account)
{
	json_key(out, "tokens");
	json_open_array(out);
	for (size_t i = 0; i < list->n_tokens; i++) {
		const struct account_token *token = &list->tokens[i];

		if (strcmp(token->account, account) != 0)
			continue;
		json_open_object(out);
		json_member_put_text(out, "label", token->name);
		json_member_put_int(out, "created", token->created_ms);
		json_member_put_int(out, "expires", token->expires_ms);
		json_close_object(out);
	}
	json_close_array(out);
}

static void
put_accounts(struct json_out *out, const struct account_list *list)
{
	json_open_object(out);
	json_key(out, "accounts");
	json_open_array(out);
	for (size_t i = 0; i < list->n_accounts; i++) {
		const struct account *account = &list->accounts[i];

		json_open_object(out);
		json_member_put_text(out, "name", account->name);
		json_member_put_text(out, "role", account_roles[account->role]);
		json_member_put_bool(out, "hasPassword", account->has_password);
		json_member_put_int(out, "created", account->created_ms);
		put_tokens(out, list, account->name);
		json_close_object(out);
	}
	json_close_array(out);
	json_close_object(out);
}

static void
list_accounts(struct http_exchange *exchange)
{
	struct account_call *call = exchange->state;
	struct accounts *accounts = console_of(exchange)->accounts;
	struct account_list *list = mem_zalloc(sizeof *list);
	struct json_out out;

	call->status = accounts_each(accounts, gather_account, list);
	if (call->status == ACCOUNT_OK)
		call->status = account_each_token(accounts, SLICE_NONE, gather_token, list);
	json_out_init(&out, &call->body);
	put_accounts(&out, list);
	free(list);
}

static void
serve_list(struct http_exchange *exchange)
{
	if (new_call(exchange) != NULL)
		run_call(exchange, list_accounts);
}

/* ---- changes ---------------------------------------------------------- */

/* Reads a member that must be there; false after a problem was answered. */
static bool
read_member(
    struct http_exchange *exchange, const struct json *body, const char *name, struct slice *value)
{
	*value = json_text(json_member(body, name));
	if (value->data != NULL)
		return true;
	http_problem(exchange, 400, "The body must have %s.", name);
	return false;
}

static bool
read_role(struct http_exchange *exchange, const struct json *body, enum account_role *role)
{
	struct slice text;

	if (!read_member(exchange, body, "role", &text))
		return false;
	if (account_role_of(text, role) == 0)
		return true;
	http_problem(exchange, 400, "role must be reader, operator or admin.");
	return false;
}

static void
add_account(struct http_exchange *exchange)
{
	struct account_call *call = exchange->state;

	call->status =
	    account_add(console_of(exchange)->accounts, call->name, call->role, call->subject);
}

static void
serve_add(struct http_exchange *exchange)
{
	struct account_call *call = new_call(exchange);
	const struct json *body = call != NULL ? console_body(exchange) : NULL;

	if (body == NULL || !read_member(exchange, body, "name", &call->name) ||
	    !read_role(exchange, body, &call->role))
		return;
	call->subject = json_text(json_member(body, "password"));
	run_call(exchange, add_account);
}

static void
remove_account(struct http_exchange *exchange)
{
	struct account_call *call = exchange->state;

	call->status = account_remove(console_of(exchange)->accounts, call->name);
}

static void
serve_remove(struct http_exchange *exchange)
{
	if (new_call(exchange) != NULL)
		run_call(exchange, remove_account);
}

static void
set_password(struct http_exchange *exchange)
{
	struct account_call *call = exchange->state;

	call->status =
	    account_set_password(console_of(exchange)->accounts, call->name, call->subject);
}

static void
serve_set_password(struct http_exchange *exchange)
{
	struct account_call *call = new_call(exchange);
	const struct json *body = call != NULL ? console_body(exchange) : NULL;

	if (body != NULL && read_member(exchange, body, "password", &call->subject))
		run_call(exchange, set_password);
}

static void
set_role(struct http_exchange *exchange)
{
	struct account_call *call = exchange->state;

	call->status = account_set_role(console_of(exchange)->accounts, call->name, call->role);
}

static void
serve_role(struct http_exchange *exchange)
{
	struct account_call *call = new_call(exchange);
	const struct json *body = call != NULL ? console_body(exchange) : NULL;

	if (body != NULL && read_role(exchange, body, &call->role))
		run_call(exchange, set_role);
}

static void
add_token(struct http_exchange *exchange)
{
	struct account_call *call = exchange->state;
	char text[ACCOUNT_TOKEN_SIZE];
	struct json_out out;

	call->status = account_add_token(
	    console_of(exchange)->accounts, call->name, call->subject, call->expires_ms, text);
	if (call->status != ACCOUNT_OK)
		return;
	json_out_init(&out, &call->body);
	json_open_object(&out);
	json_member_put_text(&out, "token", text);
	json_close_object(&out);
}

static void
serve_add_token(struct http_exchange *exchange)
{
	struct account_call *call = new_call(exchange);
	const struct json *body = call != NULL ? console_body(exchange) : NULL;

	if (body == NULL)
		return;
	call->subject = json_text(json_member(body, "label"));
	if (call->subject.len == 0)
		call->subject =
		    arena_printf(&exchange->arena, "token-%lld", (long long)clock_wall_ms());
	call->expires_ms = json_member_int64(body, "expires", 0);
	run_call(exchange, add_token);
}

static void
remove_token(struct http_exchange *exchange)
{
	struct account_call *call = exchange->state;

	call->status =
	    account_remove_token(console_of(exchange)->accounts, call->name, call->subject);
}

static void
serve_remove_token(struct http_exchange *exchange)
{
	struct account_call *call = new_call(exchange);

	if (call == NULL)
		return;
	call->subject = http_part(exchange, 1);
	run_call(exchange, remove_token);
}

#define JSON_TYPE "application/json"

const struct http_route account_routes[] = {
	{ "GET", "/api/accounts", HTTP_MAY_ADMIN, NULL, serve_list, .always = false },
	{ "POST", "/api/accounts", HTTP_MAY_ADMIN, JSON_TYPE, serve_add, .always = false },
	{ "POST", "/api/accounts/{name}/remove", HTTP_MAY_ADMIN, JSON_TYPE, serve_remove,
	    .empty = true },
	{ "POST", "/api/accounts/{name}/password", HTTP_MAY_ADMIN, JSON_TYPE, serve_set_password,
	    .always = false },
	{ "POST", "/api/accounts/{name}/role", HTTP_MAY_ADMIN, JSON_TYPE, serve_role,
	    .always = false },
	{ "POST", "/api/accounts/{name}/tokens", HTTP_MAY_ADMIN, JSON_TYPE, serve_add_token,
	    .always = false },
	{ "POST", "/api/accounts/{name}/tokens/{label}/remove", HTTP_MAY_ADMIN, JSON_TYPE,
	    serve_remove_token, .empty = true },
	{ NULL },
};
