#include "config.h"

#include "admin/cmd.h"

/* ---- settings of daemons: "key=value" lines, as Java writes properties ---- */

static int
show_config(struct admin *admin, struct slice address, enum request_code code, struct slice only)
{
	struct admin_request ask = { .address = address, .code = code };
	struct twinmq_reply reply;
	const struct ext *pairs;

	if (admin_must(admin, &ask, &reply) == -1)
		return -1;
	size_t n = admin_settings(admin, reply.body, &pairs);
	for (size_t i = 0; only.data != NULL && i < n; i++)
		if (slice_equal(pairs[i].key, only)) {
			report_pairs(&admin->report, address, &pairs[i], 1);
			return 0;
		}
	if (only.data != NULL)
		return admin_fail(admin, "%.*s has no setting \"%.*s\"", (int)address.len,
		    address.data, (int)only.len, only.data);
	report_pairs(&admin->report, address, pairs, n);
	return 0;
}

/* ---- where values are from ---- */

static const struct column origin_columns[] = {
	{ "address", "Address", COLUMN_TEXT },
	{ "name", "Setting", COLUMN_TEXT },
	{ "value", "Value", COLUMN_TEXT },
	{ "default", "Default", COLUMN_TEXT },
	{ "origin", "From", COLUMN_TEXT },
	{ NULL },
};

struct origins {
	struct grid grid;  /* of text */
	struct slice only; /* absent: all */
};

static struct slice
origin_text(struct admin *admin, const struct json *body, const struct json *setting)
{
	struct slice origin = json_member_text(setting, "origin");
	struct slice file = json_member_text(body, "file"), by;
	int64_t line = json_member_int64(setting, "line", 0);
	int64_t at_ms = json_member_int64(setting, "changedAt", 0);

	if (slice_is(origin, "file") && line > 0)
		return arena_printf(&admin->arena, "%.*s:%d", (int)file.len, file.data, (int)line);
	if (at_ms == 0)
		return slice_is(origin, "argument") ? SLICE("command line") : origin;
	by = json_member_text(setting, "changedBy");
	struct slice when = time_text(&admin->arena, at_ms);

	return arena_printf(
	    &admin->arena, "changed %.*s by %.*s", (int)when.len, when.data, (int)by.len, by.data);
}

static void
write_origins(struct admin *admin, struct slice address, const struct json *body)
{
	struct json_out *out = report_json(&admin->report);

	json_open_object(out);
	json_member_put_slice(out, "address", address);
	for (const struct json *one = body->first; one != NULL; one = one->next) {
		json_key_slice(out, one->name);
		if (one->type == JSON_STRING)
			json_put_slice(out, json_text(one));
		else
			json_put_raw(out, one->text);
	}
	json_close_object(out);
}

static int
add_origins(struct admin *admin, struct slice address, struct origins *origins)
{
	struct admin_request ask = { .address = address, .code = REQUEST_EXPLAIN_CONFIG };
	struct twinmq_reply reply;

	if (admin_must(admin, &ask, &reply) == -1)
		return -1;
	const struct json *body = json_parse(&admin->arena, arena_copy(&admin->arena, reply.body));
	const struct json *settings = json_member(body, "settings");

	if (settings == NULL)
		return admin_bad_body(admin, &ask);
	if (admin->report.as_json) {
		write_origins(admin, address, body);
		return 0;
	}
	for (const struct json *one = settings->first; one != NULL; one = one->next) {
		struct slice name = json_member_text(one, "name");

		if (origins->only.data != NULL && !slice_equal(name, origins->only))
			continue;
		grid_text(&origins->grid, address);
		grid_text(&origins->grid, name);
		grid_text(&origins->grid, json_member_text(one, "value"));
		grid_text(&origins->grid, json_member_text(one, "default"));
		grid_text(&origins->grid, origin_text(admin, body, one));
	}
	return 0;
}

static int
show_origins(struct admin *admin, const struct slice *addresses, size_t n, struct slice only)
{
	struct origins origins = { .only = only };
	size_t n_failed = 0;

	if (admin->report.as_json) {
		json_key(report_json(&admin->report), "daemons");
		json_open_array(report_json(&admin->report));
	} else {
		grid_open(&origins.grid, &admin->report, "daemons", origin_columns);
	}
	for (size_t i = 0; i < n; i++)
		n_failed += add_origins(admin, addresses[i], &origins) == -1;
	if (admin->report.as_json)
		json_close_array(report_json(&admin->report));
	else
		grid_close(&origins.grid);
	return n_failed == n ? -1 : 0;
}

#define FLAG_ORIGINS                                                                               \
	{                                                                                          \
		'o', "origins", FLAG_SWITCH, NULL, 0, 0, 0,                                        \
		    "also defaults, and where each value is from"                                  \
	}

static const struct flag get_broker_config_flags[] = {
	FLAG_BROKER,
	{ 'c', "clusterName", FLAG_TEXT, "CLUSTER", 0, 0, 0, "all brokers of this cluster" },
	{ 'k', "key", FLAG_TEXT, "KEY", 0, 0, 0, "only this setting" },
	FLAG_ORIGINS,
	{ 0 },
};

static int
get_broker_config_run(struct admin *admin)
{
	struct slice only = slice_of(args_text(&admin->args, 'k'));
	struct targets targets;
	size_t n_failed = 0;

	if (admin_targets(admin, 0, &targets) == -1)
		return -1;
	if (args_has(&admin->args, 'o')) {
		struct slice *addresses =
		    arena_alloc(&admin->arena, (targets.n + 1) * sizeof *addresses);

		for (size_t i = 0; i < targets.n; i++)
			addresses[i] = targets.list[i].address;
		return show_origins(admin, addresses, targets.n, only);
	}
	for (size_t i = 0; i < targets.n; i++)
		n_failed += show_config(admin, targets.list[i].address, REQUEST_GET_BROKER_CONFIG,
				only) == -1;
	return n_failed == targets.n ? -1 : 0;
}

static const struct flag get_name_server_config_flags[] = {
	FLAG_ORIGINS,
	{ 0 },
};

static int
get_name_server_config_run(struct admin *admin)
{
	const char *address;
	size_t n = 0, n_failed = 0;

	if (args_has(&admin->args, 'o')) {
		while (twinmq_name_server(admin->mq, n) != NULL)
			n++;
		struct slice *addresses = arena_alloc(&admin->arena, (n + 1) * sizeof *addresses);

		for (size_t i = 0; i < n; i++)
			addresses[i] = slice_of(twinmq_name_server(admin->mq, i));
		return show_origins(admin, addresses, n, SLICE_NONE);
	}
	for (; (address = twinmq_name_server(admin->mq, n)) != NULL; n++)
		n_failed += show_config(admin, slice_of(address), REQUEST_GET_NAMESRV_CONFIG,
				SLICE_NONE) == -1;
	return n_failed == n ? -1 : 0;
}

static const struct flag update_broker_config_flags[] = {
	FLAG_BROKER,
	{ 'c', "clusterName", FLAG_TEXT, "CLUSTER", 0, 0, 0, "all brokers of this cluster" },
	{ 'k', "key", FLAG_TEXT, "KEY", FLAG_REQUIRED, 0, 0, "the setting" },
	{ 'v', "value", FLAG_TEXT, "VALUE", FLAG_REQUIRED | FLAG_EMPTY, 0, 0, "the new value" },
	{ 'a', "updateAllBroker", FLAG_SWITCH, NULL, 0, 0, 0, "all brokers of all clusters" },
	{ 0 },
};

/* A value must stay one line, and Java's reader takes a backslash for an escape. */
static void
put_escaped(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '\n' || text.data[i] == '\\')
			buf_append_char(out, '\\');
		buf_append_char(out, text.data[i] == '\n' ? 'n' : text.data[i]);
	}
}

/* "a=b" would set a, and a line end would set two. */
static bool
is_setting_name(struct slice key)
{
	for (size_t i = 0; i < key.len; i++)
		if ((unsigned char)key.data[i] <= ' ' || key.data[i] == '=')
			return false;
	return key.len != 0;
}

static int
update_broker_config_run(struct admin *admin)
{
	struct slice key = slice_trim(slice_of(args_text(&admin->args, 'k')));
	struct slice value = slice_of(args_text(&admin->args, 'v'));
	struct buf line = { 0 };
	struct targets targets;

	if (!is_setting_name(key))
		return admin_misuse(admin,
		    "-k %.*s is no name of a setting: use letters and digits", (int)key.len,
		    key.data);
	if (args_has(&admin->args, 'a')
		? admin_cluster_brokers(admin, SLICE_NONE, 0, &targets) == -1
		: admin_targets(admin, 0, &targets) == -1)
		return -1;
	buf_append_slice(&line, key);
	buf_append_char(&line, '=');
	put_escaped(&line, value);
	buf_append_char(&line, '\n');
	struct admin_request ask = { .code = REQUEST_UPDATE_BROKER_CONFIG,
		.body = arena_copy(&admin->arena, buf_slice(&line)) };
	buf_release(&line);
	report_text(&admin->report, "key", "Setting", key);
	report_text(&admin->report, "value", "Value", value);
	return admin_do_each(admin, &targets, &ask);
}

/* ---- keys and values of the name servers ---- */

static const struct flag update_kv_flags[] = {
	{ 's', "namespace", FLAG_TEXT, "NAME", FLAG_REQUIRED, 0, 0, "namespace of the key" },
	{ 'k', "key", FLAG_TEXT, "KEY", FLAG_REQUIRED, 0, 0, "the key" },
	{ 'v', "value", FLAG_TEXT, "VALUE", FLAG_REQUIRED | FLAG_EMPTY, 0, 0, "the value" },
	{ 0 },
};

static const struct flag delete_kv_flags[] = {
	{ 's', "namespace", FLAG_TEXT, "NAME", FLAG_REQUIRED, 0, 0, "namespace of the key" },
	{ 'k', "key", FLAG_TEXT, "KEY", FLAG_REQUIRED, 0, 0, "the key" },
	{ 0 },
};

static int
change_kv(struct admin *admin, enum request_code code, const struct field *fields)
{
	struct kv_header header = {
		.space = slice_trim(slice_of(args_text(&admin->args, 's'))),
		.key = slice_trim(slice_of(args_text(&admin->args, 'k'))),
		.value = slice_of(args_text(&admin->args, 'v')),
	};

	report_text(&admin->report, "namespace", "Namespace", header.space);
	report_text(&admin->report, "key", "Key", header.key);
	if (header.value.data != NULL)
		report_text(&admin->report, "value", "Value", header.value);
	return admin_do_each_name_server(
	    admin, &(struct admin_request){ .code = code, .fields = fields, .header = &header });
}

static int
update_kv_run(struct admin *admin)
{
	return change_kv(admin, REQUEST_PUT_KV_CONFIG, put_kv_header_fields);
}

static int
delete_kv_run(struct admin *admin)
{
	return change_kv(admin, REQUEST_DELETE_KV_CONFIG, kv_header_fields);
}

const struct subcommand config_commands[] = {
	{ "getBrokerConfig", get_broker_config_flags, get_broker_config_run,
	    "show a broker's settings", HTTP_MAY_READ },
	{ "updateBrokerConfig", update_broker_config_flags, update_broker_config_run,
	    "change one of a broker's settings", HTTP_MAY_ADMIN },
	{ "getNamesrvConfig", get_name_server_config_flags, get_name_server_config_run,
	    "show the name servers' settings", HTTP_MAY_READ },
	{ "updateKvConfig", update_kv_flags, update_kv_run,
	    "store a key and value at the name servers", HTTP_MAY_ADMIN },
	{ "deleteKvConfig", delete_kv_flags, delete_kv_run, "delete a key from the name servers",
	    HTTP_MAY_ADMIN },
	{ NULL },
};
