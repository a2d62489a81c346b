#include "config.h"

#include "admin/cmd.h"

/* ---- settings of daemons: "key=value" lines, as Java writes properties ---- */

/* The pairs of the body, in the arena. */
static size_t
read_lines(struct admin *admin, struct slice body, const struct ext **pairs)
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

static int
show_config(struct admin *admin, struct slice address, enum request_code code, struct slice only)
{
	struct admin_request ask = { .address = address, .code = code };
	struct twinmq_reply reply;
	const struct ext *pairs;

	if (admin_must(admin, &ask, &reply) == -1)
		return -1;
	size_t n = read_lines(admin, reply.body, &pairs);
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

static const struct flag get_broker_config_flags[] = {
	FLAG_BROKER,
	{ 'c', "clusterName", FLAG_TEXT, "CLUSTER", 0, 0, 0, "all brokers of this cluster" },
	{ 'k', "key", FLAG_TEXT, "KEY", 0, 0, 0, "only this setting" },
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
	for (size_t i = 0; i < targets.n; i++)
		n_failed += show_config(admin, targets.list[i].address, REQUEST_GET_BROKER_CONFIG,
				only) == -1;
	return n_failed == targets.n ? -1 : 0;
}

static const struct flag get_name_server_config_flags[] = {
	{ 0 },
};

static int
get_name_server_config_run(struct admin *admin)
{
	const char *address;
	size_t n = 0, n_failed = 0;

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
