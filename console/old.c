#include "config.h"

/* The routes of the old console: who asks, what is asked, the envelope of the answer. */

#include "console/old.h"

#include <stdlib.h>

#include "common/account/account_http.h"
#include "common/base/base64url.h"
#include "common/base/clock.h"
#include "console/command_run.h"
#include "console/console_private.h"

#define TIMEOUT_MS 10000 /* of one request, which may go on to a client */
#define RUN_MAX_MS 30000
#define RUN_MAX_BYTES ((size_t)64 << 20)

/* An exchange on its way; in its arena. */
struct old_request {
	struct old_call call;
	const struct old_row *row;
	struct slice error; /* with a status other than 0: one line */
	/* who asks by a password */
	struct account_attempt attempt;
	struct account account;
	enum account_status login;
	int retry_after_s;
};

/* ---- on a worker ------------------------------------------------------ */

static void
open_and_run(struct old_request *self, struct admin *admin)
{
	static const struct subcommand command = { .name = "console", .timeout_ms = TIMEOUT_MS };
	struct old_call *call = &self->call;
	struct twinmq_error error;

	admin->command = &command;
	admin->limits.deadline_ms = clock_mono_ms() + RUN_MAX_MS;
	admin->limits.max_bytes = RUN_MAX_BYTES;
	admin->limits.registered_only = true;
	if (admin_open(admin, call->name_servers, true, &error) == -1) {
		self->error = arena_copy(call->arena, slice_of(error.text));
		return;
	}
	call->admin = admin;
	json_out_init(&call->data, &call->buf);
	if (self->row->run(call) == 0 &&
	    (call->buf.len <= RUN_MAX_BYTES ||
		admin_fail(admin, "the answer would have more than 64 MB; ask for less") == 0))
		call->status = 0;
	else if (call->status == 0)
		call->status = -1;
	self->error = arena_copy(call->arena, slice_of(admin->error));
	admin_close(admin);
}

static void
run(struct http_exchange *exchange)
{
	struct old_request *self = exchange->state;
	/* On the heap: it has two tables by letter. */
	struct admin *admin = calloc(1, sizeof *admin);

	self->call.status = 0;
	if (admin == NULL) {
		self->call.status = -1;
		self->error = SLICE("there is no memory");
		return;
	}
	admin->limits.stop = &console_of(exchange)->stopping;
	open_and_run(self, admin);
	if (self->call.data.buf == NULL)
		self->call.status = -1;
	free(admin);
}

/* ---- the answer ------------------------------------------------------- */

static void
answer(struct http_exchange *exchange, struct loop *loop)
{
	struct old_request *self = exchange->state;
	struct old_call *call = &self->call;
	struct buf body = { 0 };
	struct json_out out;

	(void)loop;
	if (self->row->plain && call->status == 0) {
		http_answer(exchange, 200, "text/plain; charset=utf-8", &call->buf);
		return;
	}
	json_out_init(&out, &body);
	json_open_object(&out);
	json_member_put_int(&out, "status", call->status);
	json_key(&out, "data");
	if (call->status == 0)
		json_put_raw(&out, buf_slice(&call->buf));
	else
		json_put_null(&out);
	json_member_put_slice(&out, "errMsg", call->status == 0 ? SLICE_NONE : self->error);
	json_close_object(&out);
	buf_release(&call->buf);
	/* Some of it is missing, as when one broker of many did not reply. */
	if (call->status == 0 && self->error.len != 0)
		http_add_field(exchange, "X-Command-Error", self->error);
	console_answer_json(exchange, 200, &body);
}

/* ---- who asks --------------------------------------------------------- */

static bool
may(struct http_exchange *exchange, unsigned right)
{
	const struct http_principal *who = &exchange->principal;

	if ((who->rights & right) == right)
		return true;
	if (who->rights == 0) {
		/* No challenge for a password: a browser would keep it and send it along. */
		http_add_field(exchange, "WWW-Authenticate", SLICE("Bearer"));
		http_problem(exchange, 401,
		    "This needs an account: send a token or a password in the field "
		    "Authorization.");
	} else {
		http_problem(
		    exchange, 403, "%.*s may not do this.", (int)who->name.len, who->name.data);
	}
	return false;
}

/* The principal is known. */
static void
go_on(struct http_exchange *exchange)
{
	const struct old_request *self = exchange->state;

	if (!may(exchange, self->row->right))
		return;
	if (exchange->route->method[0] == 'P' && !console_is_wanted(exchange))
		return;
	console_work(exchange, console_of(exchange)->commands, run, answer);
}

static void
log_in(struct http_exchange *exchange)
{
	struct old_request *self = exchange->state;

	self->login = account_log_in(
	    console_of(exchange)->accounts, &self->attempt, &self->account, &self->retry_after_s);
}

static void
on_logged_in(struct http_exchange *exchange, struct loop *loop)
{
	const struct old_request *self = exchange->state;

	(void)loop;
	if (self->login != ACCOUNT_OK) {
		console_refuse_login(exchange, self->login, self->retry_after_s);
		return;
	}
	exchange->principal =
	    (struct http_principal){ arena_copy(&exchange->arena, slice_of(self->account.name)),
		    account_rights(self->account.role) };
	go_on(exchange);
}

/* "user:password" of Basic, RFC 7617. 0, or -1: it is none. */
static int
read_password(struct arena *arena, struct slice text, struct account_attempt *attempt)
{
	char *letters = arena_alloc(arena, text.len + 1);
	struct slice pair;

	/* The other alphabet of base64. */
	for (size_t i = 0; i < text.len; i++)
		letters[i] = text.data[i] == '+' ? '-' : text.data[i] == '/' ? '_' : text.data[i];
	if (base64url_decode(arena, (struct slice){ letters, text.len }, &pair) == -1 ||
	    memchr(pair.data, ':', pair.len) == NULL)
		return -1;
	slice_next(&pair, ':', &attempt->name);
	attempt->password = pair.data != NULL ? pair : SLICE("");
	return 0;
}

static void
identify(struct http_exchange *exchange)
{
	struct old_request *self = exchange->state;
	struct slice text = http_request_field(&exchange->request, "Authorization"), scheme;

	exchange->principal = (struct http_principal){ SLICE("anonymous"), 0 };
	if (text.data == NULL || !slice_next(&text, ' ', &scheme) ||
	    !slice_equal_nocase(scheme, SLICE("Basic"))) {
		if (console_identify(exchange))
			go_on(exchange);
		return;
	}
	if (read_password(&exchange->arena, slice_trim(text), &self->attempt) == -1) {
		http_problem(exchange, 400, "The field Authorization is no user and password.");
	} else if (console_of(exchange)->accounts == NULL) {
		http_problem(
		    exchange, 503, "The file of the accounts cannot be read; see the log.");
	} else {
		http_peer(exchange, &self->attempt.address);
		console_work(exchange, console_of(exchange)->passwords, log_in, on_logged_in);
	}
}

/* ---- what is asked ---------------------------------------------------- */

static int
read_form(struct old_call *call, struct slice form)
{
	struct slice pair, name;

	while (form.len != 0 && slice_next(&form, '&', &pair)) {
		struct http_pair *to = &call->form[call->n_form];

		if (pair.len == 0)
			continue;
		if (call->n_form == HTTP_PARAMETERS_MAX || !slice_next(&pair, '=', &name) ||
		    http_decode(name, true, call->arena, &to->name) == -1 ||
		    http_decode(
			pair.data != NULL ? pair : SLICE(""), true, call->arena, &to->value) == -1)
			return -1;
		call->n_form++;
	}
	return 0;
}

static int
read_body(struct http_exchange *exchange, struct old_call *call)
{
	struct slice type = http_media_type(http_request_field(&exchange->request, "Content-Type"));
	struct slice body = exchange->request.body;

	if (body.len == 0)
		return 0;
	if (slice_equal_nocase(type, SLICE("application/json"))) {
		call->body = json_parse(&exchange->arena, body);
		return call->body != NULL ? 0 : -1;
	}
	return read_form(call, body);
}

void
old_serve(struct http_exchange *exchange)
{
	struct old_request *self = arena_zalloc(&exchange->arena, sizeof *self);

	exchange->state = self;
	self->row = exchange->route->data;
	self->call.request = &exchange->request;
	self->call.arena = &exchange->arena;
	self->call.name_servers = console_of(exchange)->name_servers;
	if (read_body(exchange, &self->call) == -1)
		http_problem(exchange, 400, "The body is neither JSON nor a form.");
	else
		identify(exchange);
}

struct slice
old_parameter(const struct old_call *call, const char *name)
{
	struct slice value = http_request_parameter(call->request, name);

	for (size_t i = 0; value.data == NULL && i < call->n_form; i++)
		if (slice_is(call->form[i].name, name))
			value = call->form[i].value;
	return value;
}

int
old_need(struct old_call *call, const char *name, struct slice *value)
{
	*value = slice_trim(old_parameter(call, name));
	return value->len != 0 ? 0 : admin_fail(call->admin, "parameter %s is missing", name);
}

int
old_need_number(struct old_call *call, const char *name, int64_t *value)
{
	struct slice text;

	if (old_need(call, name, &text) == -1)
		return -1;
	return slice_to_int64(text, value) == 0
	           ? 0
	           : admin_fail(call->admin, "parameter %s is no number", name);
}

/* ---- asking ----------------------------------------------------------- */

const char *
old_text(struct old_call *call, struct slice text)
{
	return text.data != NULL
	           ? arena_printf(call->arena, "%.*s%c", (int)text.len, text.data, '\0').data
	           : NULL;
}

int
old_command(
    struct old_call *call, const struct json **result, const char *name, const char *const *flags)
{
	struct command_run command;
	int status = -1;

	if (command_run_begin(&command, call->arena, slice_of(name)) == -1)
		return admin_fail(call->admin, "there is no command %s", name);
	command.name_servers = call->name_servers;
	command.stop = call->admin->limits.stop;
	for (; flags[0] != NULL; flags += 2)
		if (flags[1] != NULL)
			command_run_set(&command, slice_of(flags[0]), slice_of(flags[1]));
	if (command_run_ready(&command) == 0)
		command_run_execute(&command);
	if (command.status == 200 && command.error.len == 0)
		status = 0;
	else
		admin_fail(call->admin, "%.*s", (int)command.error.len, command.error.data);
	if (result != NULL)
		*result = json_parse(
		    &call->admin->arena, arena_copy(&call->admin->arena, buf_slice(&command.body)));
	buf_release(&command.body);
	return status;
}

const struct json *
old_ask(struct old_call *call, const struct admin_request *ask)
{
	struct twinmq_reply reply;

	if (admin_must(call->admin, ask, &reply) == -1)
		return NULL;
	const struct json *body =
	    json_parse(&call->admin->arena, arena_copy(&call->admin->arena, reply.body));

	if (body == NULL)
		admin_bad_body(call->admin, ask);
	return body;
}

static bool
has_text(const struct json *list, struct slice text)
{
	for (const struct json *one = list != NULL ? list->first : NULL; one != NULL;
	     one = one->next)
		if (slice_equal(json_text(one), text))
			return true;
	return false;
}

int
old_named_masters(struct old_call *call, struct targets *masters)
{
	const struct json *clusters = json_member(call->body, "clusterNameList");
	const struct json *brokers = json_member(call->body, "brokerNameList");
	struct targets all;
	size_t n = 0;

	if (admin_cluster_brokers(call->admin, SLICE_NONE, TARGET_MASTERS, &all) == -1)
		return -1;
	struct target *list = arena_alloc(&call->admin->arena, all.n * sizeof *list);
	for (size_t i = 0; i < all.n; i++)
		if (has_text(clusters, all.list[i].cluster) || has_text(brokers, all.list[i].name))
			list[n++] = all.list[i];
	*masters = (struct targets){ list, n };
	return n != 0 ? 0
	              : admin_fail(call->admin,
			    "clusterNameList and brokerNameList name no registered master");
}
