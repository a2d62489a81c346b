#include "config.h"

#include "admin/move.h"

#include "admin/process.h"
#include "common/base/clock.h"
#include "common/protocol/kv_table.h"

#define COUNT_MS 3000 /* the slave has counted what waits */
#define COUNT_POLL_MS 200

/* ---- what a broker says ------------------------------------------------ */

struct slice
move_setting(const struct move_side *side, const char *name)
{
	for (size_t i = 0; i < side->n_settings; i++)
		if (slice_is(side->settings[i].key, name))
			return slice_trim(side->settings[i].value);
	return SLICE_NONE;
}

static int
ask_plain(
    struct move *move, struct slice address, enum request_code code, struct twinmq_reply *reply)
{
	return admin_ask(
	    move->admin, &(struct admin_request){ .address = address, .code = code }, reply);
}

static const struct json *
ask_table(struct move *move, struct slice address, enum request_code code)
{
	struct twinmq_reply reply;

	if (ask_plain(move, address, code, &reply) == -1)
		return NULL;
	return json_parse(&move->admin->arena, reply.body);
}

static void
ask_tables(struct move *move, struct move_side *side)
{
	side->topics = ask_table(move, side->address, REQUEST_GET_ALL_TOPIC_CONFIG);
	side->groups = ask_table(move, side->address, REQUEST_GET_ALL_SUBSCRIPTIONGROUP_CONFIG);
}

void
move_ask_tables(struct move *move)
{
	ask_tables(move, &move->master);
	ask_tables(move, &move->slave);
}

static void
survey_side(struct move *move, struct move_side *side)
{
	struct admin *admin = move->admin;
	struct twinmq_reply reply;

	if (side->address.len == 0)
		return;
	if (ask_plain(move, side->address, REQUEST_GET_BROKER_RUNTIME_INFO, &reply) == -1) {
		side->why = arena_copy(&admin->arena, slice_of(twinmq_error(admin->mq)->text));
		return;
	}
	side->answers = true;
	kv_table_read(&admin->arena, reply.body, &side->counters, &side->n_counters);
	if (ask_plain(move, side->address, REQUEST_GET_BROKER_CONFIG, &reply) == 0)
		side->n_settings = admin_settings(admin, reply.body, &side->settings);
	ask_tables(move, side);
}

int64_t
move_log_end(struct move *move, struct slice address)
{
	const struct ext *pairs;
	struct twinmq_reply reply;
	int64_t end = -1;
	size_t n;

	if (ask_plain(move, address, REQUEST_GET_BROKER_RUNTIME_INFO, &reply) == -1 ||
	    kv_table_read(&move->admin->arena, reply.body, &pairs, &n) == -1)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (slice_is(pairs[i].key, "commitLogMaxOffset"))
			slice_to_int64(slice_trim(pairs[i].value), &end);
	return end;
}

static int
ask_slave(struct move *move, const struct move_in_header *header, struct move_in_status *view)
{
	struct admin_request ask = { .address = move->slave.address,
		.code = REQUEST_MOVE_IN,
		.fields = move_in_header_fields,
		.header = header };
	struct twinmq_reply reply;

	if (admin_ask(move->admin, &ask, &reply) == -1)
		return -1;
	if (move_in_status_read(&move->admin->arena, reply.body, view) == -1)
		return admin_bad_body(move->admin, &ask);
	return 0;
}

int
move_look(struct move *move, struct move_in_status *view)
{
	return ask_slave(move, &(struct move_in_header){ .action = SLICE("look") }, view);
}

int
move_order(struct move *move, bool force, struct move_in_status *view)
{
	struct move_in_header header = { SLICE("move"), move_role(move), force };

	return ask_slave(move, &header, view);
}

static bool
is_counted(const struct move_in_status *view)
{
	return view->halves_open >= 0 && view->delayed >= 0 && view->timed >= 0 &&
	       view->popped_open >= 0;
}

/* ---- who is who -------------------------------------------------------- */

/* The slave of -b: an address, or a broker name with one slave. */
static int
find_slave(struct move *move)
{
	struct admin *admin = move->admin;
	struct slice name = slice_trim(slice_of(args_text(&admin->args, 'b')));
	struct targets all;
	const char *fault;

	if (memchr(name.data, ':', name.len) != NULL) {
		fault = twinmq_address_fault(name);
		move->slave.address = name;
		return fault == NULL
		           ? 0
		           : admin_misuse(admin, "-b %.*s: %s", (int)name.len, name.data, fault);
	}
	if (admin_cluster_brokers(admin, SLICE_NONE, 0, &all) == -1)
		return -1;
	for (size_t i = 0; i < all.n; i++) {
		if (!slice_equal(all.list[i].name, name) || all.list[i].id == MASTER_ID)
			continue;
		if (move->slave.address.len != 0)
			return admin_misuse(admin,
			    "%.*s has several slaves: name one by its address, see clusterList",
			    (int)name.len, name.data);
		move->slave.address = all.list[i].address;
	}
	if (move->slave.address.len != 0)
		return 0;
	return admin_fail(admin,
	    "\"%.*s\" is neither host:port nor a broker name with a slave; see clusterList",
	    (int)name.len, name.data);
}

/* Its master, the other masters and slaves, and how the slave is registered. */
static int
survey_names(struct move *move)
{
	int64_t id = -1;
	struct targets all;

	slice_to_int64(move_setting(&move->slave, "brokerId"), &id);
	move->registered = move->slave.address;
	if (admin_cluster_brokers(move->admin, SLICE_NONE, 0, &all) == -1)
		return -1;
	for (size_t i = 0; i < all.n; i++) {
		const struct target *one = &all.list[i];
		bool named = slice_equal(one->name, move->broker_name);

		if (!named && one->id == MASTER_ID)
			move->n_other_masters += slice_equal(one->cluster, move->cluster);
		else if (named && one->id == id)
			move->registered = one->address;
		else if (named && one->id == MASTER_ID)
			move->master.address = one->address;
		else if (named)
			move->n_other_slaves++;
	}
	return 0;
}

static int
fail_no_slave(struct move *move)
{
	struct slice at = move->slave.address;
	int32_t code = twinmq_error(move->admin->mq)->code;

	if (code != RESPONSE_REQUEST_CODE_NOT_SUPPORTED)
		return admin_fail_call(move->admin);
	return admin_fail(move->admin, "%.*s is no slave of TwinMQ", (int)at.len, at.data);
}

/* The first look begins a count, and a later one has it. */
static int
first_look(struct move *move)
{
	int64_t until = clock_mono_ms() + COUNT_MS;

	for (;;) {
		if (move_look(move, &move->view) == -1)
			return fail_no_slave(move);
		if (is_counted(&move->view) || move->view.state == MOVE_IN_MOVED ||
		    clock_mono_ms() >= until)
			return 0;
		process_sleep_ms(COUNT_POLL_MS);
	}
}

/* The port for clients is one below that of replication, unless somebody moved one of them. */
static struct slice
client_address(struct move *move, struct slice replication)
{
	const char *colon =
	    replication.len != 0 ? memrchr(replication.data, ':', replication.len) : NULL;
	int64_t port;

	if (colon == NULL)
		return SLICE_NONE;
	size_t host_len = (size_t)(colon - replication.data);
	struct slice number = { colon + 1, replication.len - host_len - 1 };

	if (slice_to_int64(number, &port) == -1)
		return SLICE_NONE;
	return arena_printf(
	    &move->admin->arena, "%.*s:%lld", (int)host_len, replication.data, (long long)port - 1);
}

int
move_survey(struct move *move)
{
	struct admin *admin = move->admin;

	if (find_slave(move) == -1)
		return -1;
	if (first_look(move) == -1)
		return -1;
	survey_side(move, &move->slave);
	move->broker_name = move_setting(&move->slave, "brokerName");
	move->cluster = move_setting(&move->slave, "brokerClusterName");
	if (move->broker_name.len == 0)
		return admin_fail(admin, "%.*s does not tell its brokerName",
		    (int)move->slave.address.len, move->slave.address.data);
	if (survey_names(move) == -1)
		return -1;
	if (move->master.address.len == 0)
		move->master.address = client_address(move, move->view.master);
	if (slice_equal(move->master.address, move->slave.address))
		move->master.address = SLICE_NONE;
	survey_side(move, &move->master);
	return 0;
}

struct slice
move_role(const struct move *move)
{
	const char *wanted = args_text(&move->admin->args, 'm');
	struct slice theirs = move_setting(&move->master, "brokerRole");

	if (wanted != NULL)
		return slice_of(wanted);
	return slice_is(theirs, "SYNC_MASTER") ? theirs : SLICE("ASYNC_MASTER");
}
