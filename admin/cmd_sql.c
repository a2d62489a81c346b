#include "config.h"

/* sql: a SELECT over what brokers hold. */

#include "admin/cmd.h"
#include "common/base/utf8.h"

#define SQL_TIMEOUT_MS 60000 /* more than sqlTimeLimit usually is */
#define CELL_SHOWN 120       /* bytes of a value in a table */

static const struct flag sql_flags[] = {
	FLAG_BROKER,
	FLAG_CLUSTER,
	{ 'q', "query", FLAG_TEXT, "SELECT", FLAG_REQUIRED | FLAG_WORD, 0, 0,
	    "the statement; it may stand alone, without -q" },
	{ 'm', "maxRows", FLAG_INT, "N", 0, 1, 1000000,
	    "rows of each broker (default: sqlMaxRows of the broker)" },
	{ 0 },
};

/* A value in a table: on one line, and not longer than people read. */
static struct slice
shown(struct admin *admin, const struct json *value)
{
	struct slice text = json_text(value);
	bool cut = text.len > CELL_SHOWN;

	if (value->type == JSON_NULL)
		return SLICE("NULL");
	if (cut)
		text = utf8_cut(text, CELL_SHOWN);
	struct slice line =
	    arena_printf(&admin->arena, "%.*s%s", (int)text.len, text.data, cut ? "..." : "");
	char *at = (char *)(uintptr_t)line.data;

	for (size_t i = 0; i < line.len; i++)
		if ((unsigned char)at[i] < ' ')
			at[i] = ' ';
	return line;
}

/* The columns of a result, behind that of the broker. */
static const struct column *
read_columns(struct admin *admin, const struct json *columns)
{
	size_t n_most = columns != NULL ? columns->n_children : 0, n = 0;
	struct column *list = arena_zalloc(&admin->arena, (n_most + 2) * sizeof *list);

	list[n++] = (struct column){ "broker", "broker", COLUMN_TEXT };
	for (const struct json *one = n_most != 0 ? columns->first : NULL; one != NULL;
	     one = one->next) {
		struct slice name = json_text(one);
		const char *text =
		    arena_printf(&admin->arena, "%.*s%c", (int)name.len, name.data, '\0').data;

		list[n++] = (struct column){ text, text, COLUMN_TEXT };
	}
	return list;
}

/* What one broker found. */
struct result {
	const struct target *target;
	const struct json *body; /* NULL: it refused */
};

static struct slice
target_name(const struct target *target)
{
	return target->name.data != NULL ? target->name : target->address;
}

static void
show_table(struct admin *admin, const struct result *results, size_t n)
{
	const struct column *columns = NULL;
	struct grid grid;

	for (size_t i = 0; i < n; i++) {
		const struct json *rows = json_member(results[i].body, "rows");

		if (rows == NULL)
			continue;
		if (columns == NULL) {
			columns = read_columns(admin, json_member(results[i].body, "columns"));
			grid_open(&grid, &admin->report, "rows", columns);
		}
		for (const struct json *row = rows->first; row != NULL; row = row->next) {
			grid_text(&grid, target_name(results[i].target));
			for (const struct json *one = row->first; one != NULL; one = one->next)
				grid_text(&grid, shown(admin, one));
		}
	}
	if (columns != NULL)
		grid_close(&grid);
	for (size_t i = 0; i < n; i++)
		if (json_is_true(json_member(results[i].body, "truncated")))
			report_note(&admin->report, "There are more rows at %.*s.",
			    (int)target_name(results[i].target).len,
			    target_name(results[i].target).data);
}

/* As the brokers wrote it: numbers stay numbers. */
static void
show_json(struct admin *admin, const struct result *results, size_t n)
{
	struct json_out *out = report_json(&admin->report);

	json_key(out, "results");
	json_open_array(out);
	for (size_t i = 0; i < n; i++) {
		if (results[i].body == NULL)
			continue;
		json_open_object(out);
		json_member_put_slice(out, "broker", target_name(results[i].target));
		for (const struct json *one = results[i].body->first; one != NULL;
		     one = one->next) {
			json_key_slice(out, one->name);
			json_put_raw(out, one->text);
		}
		json_close_object(out);
	}
	json_close_array(out);
}

static int
ask(struct admin *admin, struct slice statement, struct result *result)
{
	struct query_sql_header header = { (int32_t)args_number(&admin->args, 'm', 0) };
	struct admin_request request = { result->target->address, REQUEST_QUERY_SQL,
		query_sql_header_fields, &header, statement };
	struct twinmq_reply reply;

	if (admin_must(admin, &request, &reply) == -1)
		return -1;
	/* The text stays: values point into it. */
	result->body = json_parse(&admin->arena, arena_copy(&admin->arena, reply.body));
	return result->body != NULL ? 0 : admin_bad_body(admin, &request);
}

static int
sql_run(struct admin *admin)
{
	struct slice statement = slice_of(args_text(&admin->args, 'q'));
	struct targets targets;
	size_t n_failed = 0;

	if (admin_targets(admin, TARGET_MASTERS, &targets) == -1)
		return -1;
	struct result *results = arena_zalloc(&admin->arena, targets.n * sizeof *results);

	for (size_t i = 0; i < targets.n; i++) {
		results[i].target = &targets.list[i];
		n_failed += ask(admin, statement, &results[i]) == -1;
	}
	if (n_failed == targets.n)
		return -1;
	if (admin->report.as_json)
		show_json(admin, results, targets.n);
	else
		show_table(admin, results, targets.n);
	return 0;
}

const struct subcommand sql_commands[] = {
	{ "sql", sql_flags, sql_run,
	    "SELECT from messages, queues, topics, groups, offsets, clients, transactions",
	    HTTP_MAY_READ, SQL_TIMEOUT_MS },
	{ NULL },
};
