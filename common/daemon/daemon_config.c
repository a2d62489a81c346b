#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/daemon/daemon_config.h"
#include "common/protocol/codes.h"

#define ARGUMENT_PLACE "command line"
/* Limits of one updateBrokerConfig: more than all settings need, less than a frame. */
#define UPDATE_MAX_BYTES 65536
#define UPDATE_MAX_FINDINGS 16

/* -- loading ----------------------------------------------------------------------- */

static void
assign_argument(struct option_set *set, struct slice name, const char *value,
    enum option_origin origin, struct diagnostics *diagnostics, const char *place)
{
	option_assign(set, name, slice_of(value), origin, diagnostics, place, 0);
}

/* Adds the file and line to the diagnostics of checks, which see only values. */
static void
place_diagnostics(
    const struct option_set *set, const char *path, struct diagnostics *diagnostics, size_t from)
{
	for (size_t i = from; i < diagnostics->n; i++) {
		struct diagnostic *diagnostic = &diagnostics->list[i];
		const struct option *option = option_find(set->options, diagnostic->key);

		if (option == NULL)
			continue;
		switch (option_origin_of(set, option)) {
		case ORIGIN_FILE:
			diagnostic->file = path;
			diagnostic->line = set->lines[option - set->options];
			break;
		case ORIGIN_ARGUMENT:
			diagnostic->file = ARGUMENT_PLACE;
			break;
		case ORIGIN_DEFAULT:
		case ORIGIN_LIVE:
			break;
		}
	}
}

void
daemon_load(const struct program *program, const struct arguments *arguments,
    struct option_set *set, void *settings, struct diagnostics *diagnostics)
{
	const char *from_environment = getenv("NAMESRV_ADDR");
	bool takes_addresses = option_find(program->options, SLICE("namesrvAddr")) != NULL;
	size_t n;

	option_set_init(set, program->options, settings);
	if (takes_addresses && from_environment != NULL)
		assign_argument(set, SLICE("namesrvAddr"), from_environment, ORIGIN_ARGUMENT,
		    diagnostics, "environment NAMESRV_ADDR");
	if (arguments->config_path != NULL)
		option_load_file(set, arguments->config_path, program->sections, diagnostics);
	if (arguments->namesrv_addr != NULL)
		assign_argument(set, SLICE("namesrvAddr"), arguments->namesrv_addr, ORIGIN_ARGUMENT,
		    diagnostics, ARGUMENT_PLACE);
	for (size_t i = 0; i < arguments->n_pairs; i++) {
		const char *equals = strchr(arguments->pairs[i], '=');
		struct slice name = { arguments->pairs[i], (size_t)(equals - arguments->pairs[i]) };

		assign_argument(set, slice_trim(name), equals + 1, ORIGIN_ARGUMENT, diagnostics,
		    ARGUMENT_PLACE);
	}
	n = diagnostics->n;
	if (program->check != NULL)
		program->check(settings, diagnostics);
	place_diagnostics(set, arguments->config_path, diagnostics, n);
	if (program->complete != NULL && diagnostics_count(diagnostics, SEVERITY_ERROR) == 0)
		program->complete(settings);
}

static const void *
member(const struct daemon *daemon, const char *name)
{
	const struct option *option = option_find(daemon->program->options, slice_of(name));

	return option != NULL ? (const char *)daemon->settings + option->offset : NULL;
}

int
daemon_open_log(const struct daemon *daemon)
{
	const int *level = member(daemon, "logLevel");
	char *const *path = member(daemon, "logFile");

	log_init(daemon->program->name, level != NULL ? (enum log_level) * level : LOG_LEVEL_INFO);
	if (path == NULL || *path == NULL || log_to_file(*path) == 0)
		return 0;
	log_error(
	    "log file cannot be opened path=%s error=\"%m\"; set logFile to another place", *path);
	return -1;
}

/* -- changing ---------------------------------------------------------------------- */

static bool
same_value(const struct option_set *a, const struct option_set *b, const struct option *option)
{
	struct arena arena = { 0 };
	bool same = slice_equal(option_value(a, option, &arena), option_value(b, option, &arena));

	arena_release(&arena);
	return same;
}

/* Copies one value that was checked in another set. */
static void
apply(struct daemon *daemon, const struct option *option, const struct option_set *from,
    enum option_origin origin)
{
	struct arena arena = { 0 };
	struct slice value;

	option_copy(&daemon->set, from, option, origin);
	value = option_value(&daemon->set, option, &arena);
	daemon->n_changes++;
	daemon->changed_ms = clock_wall_ms();
	if (strcmp(option->name, "logLevel") == 0)
		daemon_open_log(daemon);
	if (daemon->program->changed != NULL)
		daemon->program->changed(daemon, option);
	log_info("setting changed key=%s value=\"%.*s\"", option->name, (int)value.len, value.data);
	arena_release(&arena);
}

static void
log_diagnostics(const struct diagnostics *diagnostics, enum severity least)
{
	for (size_t i = 0; i < diagnostics->n; i++) {
		struct buf line = { 0 };

		if (diagnostics->list[i].level < least)
			continue;
		diagnostic_print(&diagnostics->list[i], &line);
		log_warn("%s", buf_text(&line));
		buf_release(&line);
	}
}

static void
reload_option(struct daemon *daemon, const struct option *option, const struct option_set *next)
{
	if (!option_holds_value(option) || same_value(&daemon->set, next, option))
		return;
	if (option_origin_of(&daemon->set, option) == ORIGIN_LIVE)
		log_info(
		    "setting keeps the value that updateBrokerConfig gave it key=%s", option->name);
	else if (option->flags & OPTION_LIVE)
		apply(daemon, option, next, option_origin_of(next, option));
	else
		log_warn("setting needs a restart key=%s", option->name);
}

void
daemon_reload(struct daemon *daemon)
{
	struct diagnostics diagnostics = { 0 };
	struct option_set next;
	void *settings = mem_zalloc(daemon->program->settings_size);

	daemon_open_log(daemon);
	daemon_load(daemon->program, daemon->arguments, &next, settings, &diagnostics);
	if (diagnostics_count(&diagnostics, SEVERITY_ERROR) != 0) {
		log_diagnostics(&diagnostics, SEVERITY_ERROR);
		log_warn("reload refused, all settings stay as they are");
	} else {
		log_diagnostics(&diagnostics, SEVERITY_WARNING);
		for (const struct option *option = next.options; option->name != NULL; option++)
			reload_option(daemon, option, &next);
		log_info("reloaded");
	}
	option_set_release(&next);
	free(settings);
	diagnostics_release(&diagnostics);
}

void
daemon_restore(struct daemon *daemon, struct slice name, struct slice value)
{
	const struct option *option = option_resolve(daemon->program->options, name);
	struct diagnostics diagnostics = { 0 };

	if (option == NULL || !(option->flags & OPTION_LIVE))
		log_warn("kept setting is of no use any more key=%.*s", (int)name.len, name.data);
	else if (option_assign(&daemon->set, name, value, ORIGIN_LIVE, &diagnostics,
		     "kept in the store", 0) == -1)
		log_diagnostics(&diagnostics, SEVERITY_ERROR);
	diagnostics_release(&diagnostics);
}

/* -- where values are from ---------------------------------------------------------- */

#define ORIGIN_SUFFIX "@changed" /* behind the name of a setting, in what program->keep stores */

static const char *const origin_names[] = {
	[ORIGIN_DEFAULT] = "default",
	[ORIGIN_FILE] = "file",
	[ORIGIN_ARGUMENT] = "argument",
	[ORIGIN_LIVE] = "changed",
};

static void
note_change(struct daemon *daemon, const struct option *option, int64_t at_ms, struct slice by)
{
	const struct option *end = daemon->set.options;

	while (end->name != NULL)
		end++;
	if (daemon->changes == NULL)
		daemon->changes =
		    mem_zalloc((size_t)(end - daemon->set.options) * sizeof *daemon->changes);
	struct setting_change *change = &daemon->changes[option - daemon->set.options];

	change->at_ms = at_ms;
	snprintf(change->by, sizeof change->by, "%.*s", (int)by.len, by.len != 0 ? by.data : "");
}

bool
daemon_restore_origin(struct daemon *daemon, struct slice name, struct slice value)
{
	size_t suffix_len = strlen(ORIGIN_SUFFIX);
	struct slice at;
	int64_t at_ms;

	if (name.len <= suffix_len ||
	    memcmp(name.data + name.len - suffix_len, ORIGIN_SUFFIX, suffix_len) != 0)
		return false;
	name.len -= suffix_len;
	const struct option *option = option_find(daemon->set.options, name);

	if (option != NULL && slice_next(&value, ' ', &at) && slice_to_int64(at, &at_ms) == 0)
		note_change(daemon, option, at_ms, value);
	return true;
}

static void
write_setting(const struct daemon *daemon, const struct option *option, struct arena *arena,
    struct json_out *out)
{
	const struct option_set *set = &daemon->set;
	enum option_origin origin = option_origin_of(set, option);
	size_t i = (size_t)(option - set->options);

	json_open_object(out);
	json_member_put_text(out, "name", option->name);
	json_member_put_slice(out, "value", option_value(set, option, arena));
	json_member_put_text(
	    out, "default", option->default_value != NULL ? option->default_value : "");
	json_member_put_text(out, "origin", origin_names[origin]);
	if (origin == ORIGIN_FILE && set->lines[i] > 0)
		json_member_put_int(out, "line", set->lines[i]);
	if (origin == ORIGIN_LIVE && daemon->changes != NULL && daemon->changes[i].at_ms != 0) {
		json_member_put_int(out, "changedAt", daemon->changes[i].at_ms);
		json_member_put_text(out, "changedBy", daemon->changes[i].by);
	}
	if (option->unit != NULL)
		json_member_put_text(out, "unit", option->unit);
	json_member_put_bool(out, "live", (option->flags & OPTION_LIVE) != 0);
	json_member_put_text(out, "help", option->help);
	json_close_object(out);
}

void
daemon_write_settings(const struct daemon *daemon, struct arena *arena, struct json_out *out)
{
	json_open_object(out);
	if (daemon->config_path != NULL)
		json_member_put_text(out, "file", daemon->config_path);
	json_key(out, "settings");
	json_open_array(out);
	for (const struct option *option = daemon->set.options; option->name != NULL; option++)
		if (option_holds_value(option))
			write_setting(daemon, option, arena, out);
	json_close_array(out);
	json_close_object(out);
}

/* -- over the network --------------------------------------------------------------- */

/*
 * Only loop 0 reads and changes settings. Requests of other loops are posted there, and replies
 * are posted back.
 */
struct exchange {
	struct task task;
	struct daemon *daemon;
	struct loop *home;
	struct ticket ticket;
	char *body; /* of the request */
	size_t body_len;
	char peer[64];
	int32_t code;
	struct buf answer; /* the body, or the remark when code is not 0 */
	struct buf version;
};

/* A change, from its request until it is stored. */
struct update {
	struct kept_settings kept; /* first, as the store gives it back */
	struct daemon *daemon;
	struct exchange *exchange;
	struct option_set next;
	void *settings; /* of next */
	struct diagnostics diagnostics;
	bool forbidden;
	struct arena arena;
	const struct option **changed; /* each has two rows: the value, and where it is from */
	size_t n_changed;
	int64_t at_ms; /* wall clock */
};

static void
run_answer(struct task *task, void *receiver)
{
	struct exchange *exchange = (struct exchange *)task;
	struct ext version = { SLICE("version"), buf_slice(&exchange->version) };
	struct reply reply = { .code = exchange->code };

	(void)receiver;
	if (exchange->code != RESPONSE_SUCCESS)
		reply.remark = buf_slice(&exchange->answer);
	else
		reply.body = buf_slice(&exchange->answer);
	if (exchange->version.len != 0) {
		reply.ext = &version;
		reply.n_ext = 1;
	}
	ticket_reply(exchange->home, &exchange->ticket, &reply);
	buf_release(&exchange->answer);
	buf_release(&exchange->version);
	free(exchange->body);
	free(exchange);
}

static enum verdict
send_to_loop_0(struct request *request, void (*run)(struct task *task, void *receiver))
{
	struct daemon *daemon = server_context(request->server);
	struct exchange *exchange = mem_zalloc(sizeof *exchange);

	exchange->task.run = run;
	exchange->daemon = daemon;
	exchange->home = request->loop;
	exchange->ticket = request_ticket(request);
	exchange->body_len = request->body.len;
	exchange->body = slice_dup(request->body);
	snprintf(exchange->peer, sizeof exchange->peer, "%s", conn_peer_text(request->conn));
	loop_post(&daemon->loops[0], &exchange->task);
	return VERDICT_LATER;
}

static void
send_home(struct exchange *exchange)
{
	exchange->task.run = run_answer;
	loop_post(exchange->home, &exchange->task);
}

static void
run_get(struct task *task, void *receiver)
{
	struct exchange *exchange = (struct exchange *)task;
	const struct daemon *daemon = exchange->daemon;

	(void)receiver;
	option_print(&daemon->set, &exchange->answer, false);
	if (exchange->ticket.code == REQUEST_GET_BROKER_CONFIG)
		buf_printf(&exchange->version, "{\"counter\":%lld,\"timestamp\":%lld}",
		    (long long)daemon->n_changes, (long long)daemon->changed_ms);
	send_home(exchange);
}

enum verdict
daemon_get_config(struct request *request)
{
	return send_to_loop_0(request, run_get);
}

static void
run_explain(struct task *task, void *receiver)
{
	struct exchange *exchange = (struct exchange *)task;
	struct arena arena = { 0 };
	struct json_out out;

	(void)receiver;
	json_out_init(&out, &exchange->answer);
	daemon_write_settings(exchange->daemon, &arena, &out);
	arena_release(&arena);
	send_home(exchange);
}

enum verdict
daemon_explain_config(struct request *request)
{
	return send_to_loop_0(request, run_explain);
}

static void
take_update(void *arg, struct slice name, struct slice value, int line)
{
	struct update *update = arg;
	const struct option *option = option_resolve(update->next.options, name);

	(void)line;
	if (update->diagnostics.n >= UPDATE_MAX_FINDINGS)
		return;
	if (option != NULL && option->flags & OPTION_FILE_ONLY) {
		update->forbidden = true;
		diagnostics_add(&update->diagnostics, SEVERITY_ERROR, NULL, 0, name,
		    "%s is never changed over the network; change it in the file and restart",
		    option->name);
		return;
	}
	option_assign(&update->next, name, value, ORIGIN_LIVE, &update->diagnostics, NULL, 0);
}

/* A copy of the settings, to try a change on. */
static void
copy_set(const struct option_set *from, struct option_set *to, void *settings)
{
	option_set_init(to, from->options, settings);
	for (const struct option *option = from->options; option->name != NULL; option++) {
		if (option_holds_value(option))
			option_copy(to, from, option, option_origin_of(from, option));
	}
}

/* Refuses the whole change if one setting cannot be applied while running. */
static void
check_update(struct update *update)
{
	const struct daemon *daemon = update->daemon;

	for (const struct option *option = update->next.options; option->name != NULL; option++) {
		if (option_holds_value(option) && !(option->flags & OPTION_LIVE) &&
		    !same_value(&daemon->set, &update->next, option))
			diagnostics_add(&update->diagnostics, SEVERITY_ERROR, NULL, 0,
			    slice_of(option->name), "%s needs a restart; change it in the file",
			    option->name);
	}
	if (daemon->program->check != NULL)
		daemon->program->check(update->settings, &update->diagnostics);
}

/* What is to change, and its rows for the store. */
static void
collect_changes(struct update *update)
{
	const struct option_set *next = &update->next;
	struct slice by = slice_of(update->exchange->peer);
	struct ext *rows;
	size_t n_options = 0;

	while (next->options[n_options].name != NULL)
		n_options++;
	update->at_ms = clock_wall_ms();
	update->changed = arena_alloc(&update->arena, (n_options + 1) * sizeof *update->changed);
	rows = arena_alloc(&update->arena, (2 * n_options + 1) * sizeof *rows);
	update->kept.rows = rows;
	for (const struct option *option = next->options; option->name != NULL; option++) {
		if (!option_holds_value(option) || same_value(&update->daemon->set, next, option))
			continue;
		update->changed[update->n_changed++] = option;
		rows[update->kept.n++] = (struct ext){ slice_of(option->name),
			option_value(next, option, &update->arena) };
		rows[update->kept.n++] = (struct ext){
			arena_printf(&update->arena, "%s" ORIGIN_SUFFIX, option->name),
			arena_printf(&update->arena, "%lld %.*s", (long long)update->at_ms,
			    (int)by.len, by.data),
		};
	}
}

static void
refuse_update(const struct update *update, struct exchange *exchange)
{
	exchange->code = update->forbidden ? RESPONSE_NO_PERMISSION : RESPONSE_SYSTEM_ERROR;
	for (size_t i = 0; i < update->diagnostics.n; i++) {
		if (update->diagnostics.list[i].level < SEVERITY_ERROR)
			continue;
		if (exchange->answer.len != 0)
			buf_append_text(&exchange->answer, "; ");
		buf_append_slice(&exchange->answer, update->diagnostics.list[i].text);
	}
}

static void
end_update(struct update *update)
{
	if (diagnostics_count(&update->diagnostics, SEVERITY_ERROR) != 0)
		refuse_update(update, update->exchange);
	send_home(update->exchange);
	option_set_release(&update->next);
	free(update->settings);
	diagnostics_release(&update->diagnostics);
	arena_release(&update->arena);
	free(update);
}

void
daemon_settings_kept(struct kept_settings *kept, int status)
{
	struct update *update = (struct update *)kept;

	if (status != 0)
		diagnostics_add(&update->diagnostics, SEVERITY_ERROR, NULL, 0,
		    slice_of(update->changed[0]->name),
		    "the settings cannot be kept in the store, so none has changed; see the log");
	for (size_t i = 0; status == 0 && i < update->n_changed; i++) {
		apply(update->daemon, update->changed[i], &update->next, ORIGIN_LIVE);
		note_change(update->daemon, update->changed[i], update->at_ms,
		    slice_of(update->exchange->peer));
	}
	end_update(update);
}

static void
run_update(struct task *task, void *receiver)
{
	struct exchange *exchange = (struct exchange *)task;
	struct daemon *daemon = exchange->daemon;
	struct update *update = mem_zalloc(sizeof *update);
	struct slice body = { exchange->body, exchange->body_len };

	(void)receiver;
	update->daemon = daemon;
	update->exchange = exchange;
	update->settings = mem_zalloc(daemon->program->settings_size);
	copy_set(&daemon->set, &update->next, update->settings);
	option_read_properties(body, take_update, update);
	check_update(update);
	if (diagnostics_count(&update->diagnostics, SEVERITY_ERROR) == 0)
		collect_changes(update);
	if (update->n_changed == 0)
		end_update(update);
	else if (daemon->program->keep != NULL)
		daemon->program->keep(daemon, &update->kept);
	else
		daemon_settings_kept(&update->kept, 0);
}

enum verdict
daemon_update_config(struct request *request)
{
	if (request->body.len > UPDATE_MAX_BYTES)
		return request_refuse(request, RESPONSE_SYSTEM_ERROR,
		    "the settings are %zu bytes long, at most %d are taken", request->body.len,
		    UPDATE_MAX_BYTES);
	return send_to_loop_0(request, run_update);
}
