#include "config.h"

/*
 * /api/commands: the rows of mqadmin over HTTP. The answer of a command is what
 * `mqadmin NAME --json` prints.
 */

#include "admin/admin.h"
#include "common/base/clock.h"
#include "console/command_run.h"
#include "console/console_private.h"

/* ---- the table -------------------------------------------------------- */

static void
put_flag(struct json_out *out, const struct flag *flag)
{
	static const char *const types[] = {
		[FLAG_SWITCH] = "switch",
		[FLAG_TEXT] = "text",
		[FLAG_INT] = "int",
		[FLAG_BOOL] = "bool",
		[FLAG_TIME] = "time",
		[FLAG_PERM] = "perm",
	};
	const char letter[] = { flag->letter, '\0' };

	json_open_object(out);
	json_member_put_text(out, "name", flag->name);
	json_member_put_text(out, "letter", letter);
	json_member_put_text(out, "type", types[flag->type]);
	json_member_put_text(out, "value", flag->value);
	json_member_put_bool(out, "required", (flag->need & FLAG_REQUIRED) != 0);
	json_member_put_bool(out, "oneOf", (flag->need & FLAG_ONE_OF) != 0);
	json_member_put_bool(out, "mayBeEmpty", (flag->need & FLAG_EMPTY) != 0);
	json_member_put_bool(out, "writes", (flag->need & FLAG_WRITES) != 0);
	if (flag->min != 0 || flag->max != 0) {
		json_member_put_int(out, "min", flag->min);
		json_member_put_int(out, "max", flag->max);
	}
	json_member_put_text(out, "help", flag->help);
	json_close_object(out);
}

static const char *
right_text(unsigned right)
{
	return (right & HTTP_MAY_ADMIN) != 0   ? "admin"
	       : (right & HTTP_MAY_WRITE) != 0 ? "write"
	                                       : "read";
}

static void
put_command(struct json_out *out, const struct subcommand *command)
{
	json_open_object(out);
	json_member_put_text(out, "name", command->name);
	json_member_put_text(out, "help", command->help);
	json_member_put_text(out, "right", right_text(command->right));
	json_key(out, "flags");
	json_open_array(out);
	for (const struct flag *flag = command->flags; flag->letter != 0; flag++)
		if ((flag->need & FLAG_LOCAL) == 0)
			put_flag(out, flag);
	json_close_array(out);
	json_close_object(out);
}

static void
serve_table(struct http_exchange *exchange)
{
	struct buf body = { 0 };
	struct json_out out;

	json_out_init(&out, &body);
	json_open_object(&out);
	json_key(&out, "commands");
	json_open_array(&out);
	for (size_t i = 0; admin_families[i] != NULL; i++)
		for (const struct subcommand *one = admin_families[i]; one->name != NULL; one++)
			put_command(&out, one);
	json_close_array(&out);
	json_close_object(&out);
	console_answer_json(exchange, 200, &body);
}

/* ---- one command ------------------------------------------------------ */

static void
run(struct http_exchange *exchange)
{
	command_run_execute(exchange->state);
}

static void
answer_run(struct http_exchange *exchange, struct loop *loop)
{
	struct command_run *self = exchange->state;

	(void)loop;
	if (self->status == 200) {
		/* Some of it is missing, as when one broker of many did not reply. */
		if (self->error.len != 0)
			http_add_field(exchange, "X-Command-Error", self->error);
		console_answer_json(exchange, 200, &self->body);
		return;
	}
	buf_release(&self->body);
	http_problem(exchange, self->status, "%.*s", (int)self->error.len, self->error.data);
}

/* The command of the path, with the right that it needs at least; NULL after a problem. */
static struct command_run *
begin(struct http_exchange *exchange)
{
	struct console *console = console_of(exchange);
	struct command_run *self = arena_zalloc(&exchange->arena, sizeof *self);

	if (command_run_begin(self, &exchange->arena, http_part(exchange, 0)) == -1) {
		http_problem(exchange, 404, "There is no such command; /api/commands lists all.");
		return NULL;
	}
	self->name_servers = console->name_servers;
	self->stop = &console->stopping;
	exchange->state = self;
	return self;
}

static void
submit(struct http_exchange *exchange)
{
	struct command_run *self = exchange->state;

	if (command_run_ready(self) == -1) {
		http_problem(
		    exchange, self->status, "%.*s", (int)self->error.len, self->error.data);
		return;
	}
	if ((exchange->principal.rights & self->right) != self->right) {
		http_problem(exchange, 403, "%.*s has no right to do this: it needs the right %s.",
		    (int)exchange->principal.name.len, exchange->principal.name.data,
		    right_text(self->right));
		return;
	}
	console_work(exchange, console_of(exchange)->commands, run, answer_run);
}

static void
serve_get(struct http_exchange *exchange)
{
	const struct http_request *request = &exchange->request;
	struct command_run *self = begin(exchange);

	if (self == NULL)
		return;
	for (size_t i = 0; i < request->n_parameters; i++)
		command_run_set(self, request->parameters[i].name, request->parameters[i].value);
	if (self->status == 0 && (self->right & ~HTTP_MAY_READ) != 0) {
		http_add_field(exchange, "Allow", SLICE("POST"));
		http_problem(exchange, 405, "This changes something: it is a POST.");
		return;
	}
	submit(exchange);
}

static void
serve_post(struct http_exchange *exchange)
{
	const struct json *body = console_is_wanted(exchange) ? console_body(exchange) : NULL;
	struct command_run *self = body != NULL ? begin(exchange) : NULL;

	if (self == NULL)
		return;
	for (const struct json *one = body->first; one != NULL; one = one->next)
		if (one->type != JSON_NULL)
			command_run_set(self, one->name,
			    one->type == JSON_OBJECT || one->type == JSON_ARRAY ? SLICE_NONE
										: json_text(one));
	submit(exchange);
}

const struct http_route command_routes[] = {
	{ "GET", "/api/commands", HTTP_MAY_READ, NULL, serve_table, .always = false },
	{ "GET", "/api/commands/{name}", HTTP_MAY_READ, NULL, serve_get, .always = false },
	{ "POST", "/api/commands/{name}", HTTP_MAY_READ, "application/json", serve_post,
	    .always = false },
	{ NULL },
};
