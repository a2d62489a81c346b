#include "config.h"

/* Commands that ask the quorum of name servers, or RocketMQ's controllers, who is the master. */

#include <unistd.h>

#include "admin/cmd.h"
#include "common/json/json_body.h"
#include "common/protocol/controller.h"

#define FLAG_CONTROLLER                                                                            \
	{                                                                                          \
		'a', "controllerAddress", FLAG_TEXT, "ADDRESS", 0, 0, 0,                           \
		    "any server of the quorum; else a name server that replies"                    \
	}

#define ELECT_TIMEOUT_MS 12000 /* the lease of the present master has to end */

/* ---- the leader ---- */

static int
ask_metadata(struct admin *admin, struct metadata_reply *metadata)
{
	struct admin_request ask = { .code = REQUEST_CONTROLLER_GET_METADATA_INFO };
	struct twinmq_reply reply;
	const char *bad;

	if (args_has(&admin->args, 'a'))
		ask.address = slice_trim(slice_of(args_text(&admin->args, 'a')));
	if (admin_must(admin, &ask, &reply) == -1)
		return -1;
	if (fields_decode(metadata_reply_fields, &reply.command, metadata, &bad) == -1)
		return admin_bad_body(admin, &ask);
	return 0;
}

static int
find_leader(struct admin *admin, struct slice *leader)
{
	struct metadata_reply metadata;

	if (ask_metadata(admin, &metadata) == -1)
		return -1;
	if (metadata.leader_address.len == 0)
		return admin_fail(admin,
		    "the quorum has no leader: more than half of its servers must run (%.*s)",
		    (int)metadata.peers.len, metadata.peers.data);
	*leader = arena_copy(&admin->arena, metadata.leader_address);
	return 0;
}

/* ---- getControllerMetaData ---- */

static const struct flag get_controller_meta_data_flags[] = { FLAG_CONTROLLER, { 0 } };

static const struct column peer_columns[] = {
	{ "peer", "Peer", COLUMN_TEXT },
	{ NULL },
};

static int
get_controller_meta_data_run(struct admin *admin)
{
	struct metadata_reply metadata;
	struct slice peers, peer;
	struct grid grid;

	if (ask_metadata(admin, &metadata) == -1)
		return -1;
	report_text(&admin->report, "group", "#ControllerGroup", metadata.group);
	report_text(&admin->report, "leaderId", "#ControllerLeaderId", metadata.leader_id);
	report_text(
	    &admin->report, "leaderAddress", "#ControllerLeaderAddress", metadata.leader_address);
	grid_open(&grid, &admin->report, "peers", peer_columns);
	for (peers = metadata.peers; slice_next(&peers, ';', &peer);)
		grid_text(&grid, peer);
	grid_close(&grid);
	return 0;
}

/* ---- getSyncStateSet ---- */

static const struct flag get_sync_state_set_flags[] = {
	FLAG_CONTROLLER,
	{ 'b', "brokerName", FLAG_TEXT, "BROKER", FLAG_ONE_OF, 0, 0, "this broker name" },
	{ 'c', "clusterName", FLAG_TEXT, "CLUSTER", FLAG_ONE_OF, 0, 0,
	    "all broker names of this cluster" },
	{ 'i', "interval", FLAG_INT, "SECONDS", FLAG_LOCAL, 1, 86400,
	    "print again after each interval" },
	{ 0 },
};

static const struct column replica_columns[] = {
	{ "brokerName", "Broker", COLUMN_TEXT },
	{ "masterEpoch", "Epoch", COLUMN_INT },
	{ "syncStateSetEpoch", "Set epoch", COLUMN_INT },
	{ "brokerId", "Id", COLUMN_INT },
	{ "address", "Address", COLUMN_TEXT },
	{ "role", "Role", COLUMN_TEXT },
	{ "inSync", "In sync", COLUMN_TEXT },
	{ "alive", "Alive", COLUMN_TEXT },
	{ "maxOffset", "Log end", COLUMN_INT },
	{ NULL },
};

static void
put_replicas(struct grid *grid, const struct json *group, const char *list, struct slice name)
{
	int64_t master = json_member_int64(group, "masterBrokerId", 0);
	const struct json *replicas = json_member(group, list);
	bool in_sync = json_member(group, "inSyncReplicas") == replicas;

	for (const struct json *one = replicas != NULL ? replicas->first : NULL; one != NULL;
	     one = one->next) {
		int64_t id = json_member_int64(one, "brokerId", 0);

		grid_text(grid, name);
		grid_int(grid, json_member_int64(group, "masterEpoch", 0));
		grid_int(grid, json_member_int64(group, "syncStateSetEpoch", 0));
		grid_int(grid, id);
		grid_text(grid, json_member_text(one, "brokerAddress"));
		grid_text(grid, id == master ? SLICE("master") : SLICE("slave"));
		grid_text(grid, in_sync ? SLICE("yes") : SLICE("no"));
		grid_text(grid, json_member_bool(one, "alive", false) ? SLICE("yes") : SLICE("no"));
		grid_int(grid, json_member_int64(one, "maxOffset", -1));
	}
}

/* The names that the flags mean, as the body of the request. */
static int
wanted_names(struct admin *admin, struct buf *body)
{
	struct slice *names;
	struct targets targets;
	struct json_out out;
	size_t n = 0;

	if (args_has(&admin->args, 'b')) {
		names = arena_alloc(&admin->arena, sizeof *names);
		names[n++] = slice_trim(slice_of(args_text(&admin->args, 'b')));
	} else {
		if (admin_cluster_brokers(
			admin, slice_of(args_text(&admin->args, 'c')), 0, &targets) == -1)
			return -1;
		names = arena_alloc(&admin->arena, (targets.n + 1) * sizeof *names);
		for (size_t i = 0; i < targets.n; i++)
			if (n == 0 || !slice_equal(names[n - 1], targets.list[i].name))
				names[n++] = targets.list[i].name;
	}
	json_out_init(&out, body);
	json_put_texts(&out, names, n);
	return 0;
}

static int
show_sync_state_set(struct admin *admin)
{
	struct admin_request ask = { .code = REQUEST_CONTROLLER_GET_SYNC_STATE_DATA };
	struct twinmq_reply reply;
	struct buf body = { 0 };
	const struct json *table;
	struct grid grid;
	int status;

	if (find_leader(admin, &ask.address) == -1 || wanted_names(admin, &body) == -1)
		return -1;
	ask.body = buf_slice(&body);
	status = admin_must(admin, &ask, &reply);
	buf_release(&body);
	if (status == -1)
		return -1;
	table = json_member(json_parse(&admin->arena, reply.body), "replicasInfoTable");
	if (table == NULL)
		return admin_bad_body(admin, &ask);
	grid_open(&grid, &admin->report, "replicas", replica_columns);
	for (const struct json *group = table->first; group != NULL; group = group->next) {
		put_replicas(&grid, group, "inSyncReplicas", group->name);
		put_replicas(&grid, group, "notInSyncReplicas", group->name);
	}
	grid_close(&grid);
	return 0;
}

static int
get_sync_state_set_run(struct admin *admin)
{
	return admin_repeat(admin, show_sync_state_set);
}

/* ---- electMaster ---- */

static const struct flag elect_master_flags[] = {
	FLAG_CONTROLLER,
	{ 'b', "brokerId", FLAG_INT, "ID", FLAG_REQUIRED, 1, INT32_MAX,
	    "the replica that becomes the master; see getSyncStateSet" },
	{ 'N', "brokerName", FLAG_TEXT, "BROKER", FLAG_REQUIRED, 0, 0, "its broker name" },
	{ 'c', "clusterName", FLAG_TEXT, "CLUSTER", FLAG_REQUIRED, 0, 0, "its cluster" },
	{ 0 },
};

static int
elect_master_run(struct admin *admin)
{
	struct elect_header header = {
		.cluster_name = slice_trim(slice_of(args_text(&admin->args, 'c'))),
		.broker_name = slice_trim(slice_of(args_text(&admin->args, 'N'))),
		.broker_id = args_number(&admin->args, 'b', 0),
		.designate = true,
	};
	struct admin_request ask = {
		.code = REQUEST_CONTROLLER_ELECT_MASTER,
		.fields = elect_header_fields,
		.header = &header,
	};
	struct twinmq_reply reply;
	struct master_reply master;
	const char *bad;

	if (find_leader(admin, &ask.address) == -1 || admin_must(admin, &ask, &reply) == -1)
		return -1;
	if (fields_decode(elect_reply_fields, &reply.command, &master, &bad) == -1)
		return admin_bad_body(admin, &ask);
	report_text(&admin->report, "cluster", "#ClusterName", header.cluster_name);
	report_text(&admin->report, "brokerName", "#BrokerName", header.broker_name);
	report_int(&admin->report, "masterBrokerId", "#BrokerMasterId", master.master_id);
	report_text(&admin->report, "masterAddress", "#BrokerMasterAddr", master.master_address);
	report_int(&admin->report, "masterEpoch", "#MasterEpoch", master.master_epoch);
	report_int(&admin->report, "syncStateSetEpoch", "#SyncStateSetEpoch", master.set_epoch);
	return 0;
}

/* ---- getBrokerEpoch ---- */

static const struct flag get_broker_epoch_flags[] = {
	FLAG_BROKER,
	FLAG_CLUSTER,
	{ 0 },
};

static const struct column epoch_columns[] = {
	{ "brokerName", "Broker", COLUMN_TEXT },
	{ "address", "Address", COLUMN_TEXT },
	{ "brokerId", "Id", COLUMN_INT },
	{ "epoch", "Epoch", COLUMN_INT },
	{ "startOffset", "From", COLUMN_INT },
	{ "endOffset", "To", COLUMN_INT },
	{ NULL },
};

/* The last epoch ends where the log does. */
static int
put_epochs(struct admin *admin, struct grid *grid, const struct target *broker)
{
	struct admin_request ask = {
		.address = broker->address,
		.code = REQUEST_GET_BROKER_EPOCH_CACHE,
	};
	struct twinmq_reply reply;
	const struct json *body, *list;

	if (admin_must(admin, &ask, &reply) == -1)
		return -1;
	body = json_parse(&admin->arena, reply.body);
	list = json_member(body, "epochList");
	if (list == NULL)
		return admin_bad_body(admin, &ask);
	for (const struct json *one = list->first; one != NULL; one = one->next) {
		grid_text(grid, json_member_text(body, "brokerName"));
		grid_text(grid, broker->address);
		grid_int(grid, json_member_int64(body, "brokerId", -1));
		grid_int(grid, json_member_int64(one, "epoch", -1));
		grid_int(grid, json_member_int64(one, "startOffset", -1));
		grid_int(grid, one->next != NULL ? json_member_int64(one, "endOffset", -1)
						 : json_member_int64(body, "maxOffset", -1));
	}
	return 0;
}

static int
get_broker_epoch_run(struct admin *admin)
{
	struct targets targets;
	struct grid grid;
	size_t failed = 0;

	if (admin_targets(admin, 0, &targets) == -1)
		return -1;
	grid_open(&grid, &admin->report, "epochs", epoch_columns);
	for (size_t i = 0; i < targets.n; i++)
		failed += put_epochs(admin, &grid, &targets.list[i]) == -1;
	grid_close(&grid);
	return failed < targets.n ? 0 : -1;
}

const struct subcommand controller_commands[] = {
	{ "getControllerMetaData", get_controller_meta_data_flags, get_controller_meta_data_run,
	    "show the servers of the quorum and their leader", HTTP_MAY_READ },
	{ "getSyncStateSet", get_sync_state_set_flags, get_sync_state_set_run,
	    "show the replicas of broker names, and which are in sync", HTTP_MAY_READ },
	{ "getBrokerEpoch", get_broker_epoch_flags, get_broker_epoch_run,
	    "show the epochs of the logs of brokers", HTTP_MAY_READ },
	{ "electMaster", elect_master_flags, elect_master_run,
	    "make another replica the master of its broker name", HTTP_MAY_ADMIN,
	    ELECT_TIMEOUT_MS },
	{ NULL },
};
