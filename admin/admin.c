#include "config.h"

#include "admin/admin.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/protocol/name.h"
#include "common/protocol/topic_config.h"

static void __attribute__((format(printf, 2, 0)))
note_failure(struct admin *admin, const char *format, va_list args)
{
	if (!admin->failed)
		vsnprintf(admin->error, sizeof admin->error, format, args);
	admin->failed = true;
}

int
admin_fail(struct admin *admin, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	note_failure(admin, format, args);
	va_end(args);
	return -1;
}

int
admin_misuse(struct admin *admin, const char *format, ...)
{
	va_list args;

	admin->misused = true;
	va_start(args, format);
	note_failure(admin, format, args);
	va_end(args);
	return -1;
}

void
admin_remark(struct admin *admin, struct slice from, struct slice remark)
{
	char line[1024];

	snprintf(line, sizeof line, "%.*s: %.*s", (int)from.len, from.data, (int)remark.len,
	    remark.data);
	if (admin->on_remark != NULL)
		admin->on_remark(line);
}

int
admin_name(struct admin *admin, char letter, const char *what, struct slice *name)
{
	const char *text = args_text(&admin->args, letter);

	*name = text != NULL ? slice_trim(slice_of(text)) : SLICE_NONE;
	if (text == NULL || name_is_valid(*name))
		return 0;
	return admin_misuse(admin,
	    "\"%.*s\" is no name for a %s: use letters, digits, %% | _ - only", (int)name->len,
	    name->data, what);
}

static int
fail_error(struct admin *admin, const struct twinmq_error *error)
{
	if (error->code == TWINMQ_NO_NAME_SERVER)
		return admin_fail(
		    admin, "%s; start one, or name another with -n or NAMESRV_ADDR", error->text);
	if (error->code == RESPONSE_TOPIC_NOT_EXIST)
		return admin_fail(admin, "%s; topicList shows what there is", error->text);
	return admin_fail(admin, "%s", error->text);
}

int
admin_fail_call(struct admin *admin)
{
	return fail_error(admin, twinmq_error(admin->mq));
}

static bool
is_name_server(const struct admin *admin, struct slice address)
{
	const char *one;

	for (size_t i = 0; (one = twinmq_name_server(admin->mq, i)) != NULL; i++)
		if (slice_is(address, one))
			return true;
	return false;
}

/* Whether the run may connect to it; the brokers are looked up once. */
static bool
is_allowed(struct admin *admin, struct slice address)
{
	if (!admin->limits.registered_only || address.data == NULL ||
	    is_name_server(admin, address))
		return true;
	if (admin->registered.list == NULL &&
	    admin_cluster_brokers(admin, SLICE_NONE, 0, &admin->registered) == -1)
		return false;
	for (size_t i = 0; i < admin->registered.n; i++)
		if (slice_equal(admin->registered.list[i].address, address))
			return true;
	admin_fail(
	    admin, "%.*s is the address of no registered broker", (int)address.len, address.data);
	return false;
}

int
admin_ask(struct admin *admin, const struct admin_request *ask, struct twinmq_reply *reply)
{
	struct command request = { .code = (int32_t)ask->code };

	*reply = (struct twinmq_reply){ 0 };
	if (!admin_is_within(admin) || !is_allowed(admin, ask->address))
		return -1;
	if (ask->fields != NULL)
		fields_encode(ask->fields, ask->header, &admin->arena, &request);
	if (ask->address.data == NULL)
		return twinmq_call_name_server(admin->mq, &request, &admin->arena, reply);
	return twinmq_call(admin->mq, ask->address, &request, ask->body, &admin->arena, reply);
}

int
admin_must(struct admin *admin, const struct admin_request *ask, struct twinmq_reply *reply)
{
	return admin_ask(admin, ask, reply) == 0 ? 0 : admin_fail_call(admin);
}

void
admin_ask_all(struct admin *admin, struct admin_asked *list, size_t n)
{
	struct twinmq_call *calls = arena_zalloc(&admin->arena, (n + 1) * sizeof *calls);
	struct admin_asked **callers = arena_alloc(&admin->arena, (n + 1) * sizeof *callers);
	size_t n_calls = 0;

	for (size_t i = 0; i < n; i++) {
		const struct admin_request *ask = &list[i].ask;
		struct twinmq_call *call = &calls[n_calls];

		list[i].result = -1;
		list[i].reply = (struct twinmq_reply){ 0 };
		list[i].error = NULL;
		if (!admin_is_within(admin) || !is_allowed(admin, ask->address))
			continue;
		call->address = ask->address;
		call->request.code = (int32_t)ask->code;
		call->body = ask->body;
		if (ask->fields != NULL)
			fields_encode(ask->fields, ask->header, &admin->arena, &call->request);
		callers[n_calls++] = &list[i];
	}
	twinmq_call_all(admin->mq, calls, n_calls, &admin->arena);
	for (size_t i = 0; i < n_calls; i++) {
		callers[i]->result = calls[i].result;
		callers[i]->reply = calls[i].reply;
		callers[i]->error = &calls[i].error;
	}
}

int
admin_fail_asked(struct admin *admin, const struct admin_asked *asked)
{
	return asked->error != NULL ? fail_error(admin, asked->error) : -1;
}

int
admin_bad_body(struct admin *admin, const struct admin_request *ask)
{
	struct slice from = ask->address.data != NULL ? ask->address : SLICE("the name server");

	return admin_fail(admin, "the reply of %.*s to %s cannot be read", (int)from.len, from.data,
	    request_code_name((int32_t)ask->code));
}

/* ---- what came of it, peer by peer ---- */

static const struct column result_columns[] = {
	{ "broker", "Broker", COLUMN_TEXT },
	{ "address", "Address", COLUMN_TEXT },
	{ "result", "Result", COLUMN_TEXT },
	{ NULL },
};

/* Asks one address and ends the grid's row with "ok" or the error. True for success. */
static bool
ask_into(
    struct admin *admin, struct grid *grid, const struct admin_request *ask, struct slice address)
{
	struct admin_request one = *ask;
	struct twinmq_reply reply;

	one.address = address;
	if (admin_ask(admin, &one, &reply) == 0) {
		grid_text(grid, SLICE("ok"));
		return true;
	}
	admin_fail_call(admin);
	grid_text(grid, slice_of(twinmq_error(admin->mq)->text));
	return false;
}

int
admin_do_each(struct admin *admin, const struct targets *targets, const struct admin_request *ask)
{
	struct grid grid;
	size_t n_failed = 0;

	grid_open(&grid, &admin->report, "brokers", result_columns);
	for (size_t i = 0; i < targets->n; i++) {
		const struct target *target = &targets->list[i];

		grid_text(&grid, target->name.data != NULL ? target->name : SLICE(""));
		grid_text(&grid, target->address);
		n_failed += !ask_into(admin, &grid, ask, target->address);
	}
	grid_close(&grid);
	return n_failed == targets->n ? -1 : 0;
}

int
admin_do_each_name_server(struct admin *admin, const struct admin_request *ask)
{
	struct grid grid;
	const char *address;
	size_t n_failed = 0, n = 0;

	grid_open(&grid, &admin->report, "nameServers",
	    (const struct column[]){ { "address", "Name server", COLUMN_TEXT },
		{ "result", "Result", COLUMN_TEXT }, { NULL } });
	for (; (address = twinmq_name_server(admin->mq, n)) != NULL; n++) {
		grid_text(&grid, slice_of(address));
		n_failed += !ask_into(admin, &grid, ask, slice_of(address));
	}
	grid_close(&grid);
	return n_failed == n ? -1 : 0;
}

/* ---- settings ---- */

size_t
admin_settings(struct admin *admin, struct slice body, const struct ext **pairs)
{
	size_t n = 0, cap = 1;

	for (size_t i = 0; i < body.len; i++)
		cap += body.data[i] == '\n';
	struct ext *list = arena_alloc(&admin->arena, cap * sizeof *list);
	for (struct slice line; body.len != 0 && slice_next(&body, '\n', &line);) {
		const char *equals = memchr(line.data, '=', line.len);

		if (line.len == 0 || line.data[0] == '#' || equals == NULL)
			continue;
		list[n].key = slice_trim((struct slice){ line.data, (size_t)(equals - line.data) });
		list[n++].value = slice_trim(
		    (struct slice){ equals + 1, line.len - (size_t)(equals + 1 - line.data) });
	}
	*pairs = list;
	return n;
}

/* ---- names for numbers ---- */

/* Since 4.0.0, each release has two consecutive versions: snapshot and release. */
#define VERSION_4_0_0_SNAPSHOT 212

struct slice
version_text(struct arena *arena, int64_t version)
{
	if (version < VERSION_4_0_0_SNAPSHOT)
		return arena_printf(arena, "V3(%lld)", (long long)version);
	int64_t release = (version - VERSION_4_0_0_SNAPSHOT) / 2;
	return arena_printf(arena, "V%lld_%lld_%lld%s", (long long)(4 + release / 100),
	    (long long)(release / 10 % 10), (long long)(release % 10),
	    (version - VERSION_4_0_0_SNAPSHOT) % 2 == 0 ? "_SNAPSHOT" : "");
}

const char *
perm_text(int32_t perm)
{
	static const char *const texts[] = { "---", "--X", "-W-", "-WX", "R--", "R-X", "RW-",
		"RWX" };

	return texts[perm & (PERM_READ | PERM_WRITE | PERM_INHERIT)];
}

int
admin_repeat(struct admin *admin, int (*run)(struct admin *admin))
{
	int64_t interval_s = args_number(&admin->args, 'i', 0);

	for (;;) {
		if (run(admin) == -1)
			return -1;
		if (interval_s == 0)
			return 0;
		if (report_print(&admin->report) == -1)
			return admin_fail(admin, "standard output cannot be written");
		report_release(&admin->report);
		report_init(&admin->report, args_has(&admin->args, 'J'));
		arena_reset(&admin->arena);
		sleep((unsigned)interval_s);
	}
}
