#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "admin/cmd.h"
#include "admin/copies.h"
#include "admin/runtime.h"
#include "common/base/clock.h"
#include "common/protocol/ha_status.h"

#define HOUR_MS 3600000.0

/* ---- clusterList ---- */

static const struct flag cluster_list_flags[] = {
	{ 'm', "moreStats", FLAG_SWITCH, NULL, 0, 0, 0,
	    "messages in and out, yesterday and today" },
	{ 'i', "interval", FLAG_INT, "SECONDS", FLAG_LOCAL, 1, 86400,
	    "print again after each interval" },
	{ 'c', "clusterName", FLAG_TEXT, "CLUSTER", 0, 0, 0, "only this cluster" },
	{ 0 },
};

static const struct column load_columns[] = {
	{ "cluster", "Cluster", COLUMN_TEXT },
	{ "brokerName", "Broker", COLUMN_TEXT },
	{ "brokerId", "BID", COLUMN_INT },
	{ "address", "Address", COLUMN_TEXT },
	{ "version", "Version", COLUMN_TEXT },
	{ "inTps", "In/s", COLUMN_TEXT },
	{ "sendQueue", "Send queue", COLUMN_INT },
	{ "sendWaitMs", "wait ms", COLUMN_INT },
	{ "outTps", "Out/s", COLUMN_TEXT },
	{ "pullQueue", "Pull queue", COLUMN_INT },
	{ "pullWaitMs", "wait ms", COLUMN_INT },
	{ "pageCacheLockMs", "Lock ms", COLUMN_INT },
	{ "hours", "Hours kept", COLUMN_TEXT },
	{ "space", "Disk used", COLUMN_TEXT },
	{ "copy", "Copy", COLUMN_TEXT },
	{ "epoch", "Epoch", COLUMN_SIZE },
	{ NULL },
};

static const struct column total_columns[] = {
	{ "cluster", "Cluster", COLUMN_TEXT },
	{ "brokerName", "Broker", COLUMN_TEXT },
	{ "brokerId", "BID", COLUMN_INT },
	{ "inYesterday", "In yesterday", COLUMN_INT },
	{ "outYesterday", "Out yesterday", COLUMN_INT },
	{ "inToday", "In today", COLUMN_INT },
	{ "outToday", "Out today", COLUMN_INT },
	{ NULL },
};

/* --json: all that is known, in the members of both tables and these. */
static const struct column full_columns[] = {
	{ "cluster", "", COLUMN_TEXT },
	{ "brokerName", "", COLUMN_TEXT },
	{ "brokerId", "", COLUMN_INT },
	{ "address", "", COLUMN_TEXT },
	{ "version", "", COLUMN_TEXT },
	{ "inTps", "", COLUMN_TEXT },
	{ "sendQueue", "", COLUMN_INT },
	{ "sendWaitMs", "", COLUMN_INT },
	{ "outTps", "", COLUMN_TEXT },
	{ "pullQueue", "", COLUMN_INT },
	{ "pullWaitMs", "", COLUMN_INT },
	{ "pageCacheLockMs", "", COLUMN_INT },
	{ "hours", "", COLUMN_TEXT },
	{ "space", "", COLUMN_TEXT },
	{ "copy", "", COLUMN_TEXT },
	{ "epoch", "", COLUMN_INT },
	{ "inYesterday", "", COLUMN_INT },
	{ "outYesterday", "", COLUMN_INT },
	{ "inToday", "", COLUMN_INT },
	{ "outToday", "", COLUMN_INT },
	{ "role", "", COLUMN_TEXT },
	{ "reachable", "", COLUMN_TEXT },
	{ "startedAt", "", COLUMN_INT },
	{ "memory", "", COLUMN_INT },
	{ "diskTotal", "", COLUMN_INT },
	{ "diskFree", "", COLUMN_INT },
	{ "diskFullAt", "", COLUMN_INT },
	{ "slavesInSync", "", COLUMN_INT },
	{ "inSync", "", COLUMN_TEXT },
	{ "lagBytes", "", COLUMN_INT },
	{ "lagMs", "", COLUMN_INT },
	{ "roleSince", "", COLUMN_INT },
	{ "roleCause", "", COLUMN_TEXT },
	{ "rolePeer", "", COLUMN_TEXT },
	{ NULL },
};

static void
put_load(struct grid *grid, const struct target *broker, const struct runtime *runtime,
    const struct copy_view *copy)
{
	int64_t earliest = runtime_int(runtime, "earliestMessageTimeStamp");

	grid_text(grid, broker->address);
	grid_text(grid, runtime_text(runtime, "brokerVersionDesc"));
	grid_printf(grid, "%.2f", runtime_rate(runtime, "putTps", NULL));
	grid_int(grid, runtime_int(runtime, "sendThreadPoolQueueSize"));
	grid_int(grid, runtime_int(runtime, "sendThreadPoolQueueHeadWaitTimeMills"));
	grid_printf(grid, "%.2f", runtime_rate(runtime, "getTransferedTps", "getTransferredTps"));
	grid_int(grid, runtime_int(runtime, "pullThreadPoolQueueSize"));
	grid_int(grid, runtime_int(runtime, "pullThreadPoolQueueHeadWaitTimeMills"));
	grid_int(grid, runtime_int(runtime, "pageCacheLockTimeMills"));
	if (earliest > 0)
		grid_printf(grid, "%.2f", (double)(clock_wall_ms() - earliest) / HOUR_MS);
	else
		grid_text(grid, SLICE(""));
	grid_printf(grid, "%.0f%%", 100 * runtime_rate(runtime, "commitLogDiskRatio", NULL));
	grid_text(grid, copy_text(runtime->arena, broker, copy));
	grid_int(grid, runtime_int(runtime, "replicaEpoch"));
}

/* Brokers keep a copy of their counters at midnight; differences are the sums of a day. */
static void
put_totals(struct grid *grid, const struct target *broker, const struct runtime *runtime,
    const struct copy_view *copy)
{
	(void)broker;
	(void)copy;
	grid_int(grid, runtime_int(runtime, "msgPutTotalTodayMorning") -
			   runtime_int(runtime, "msgPutTotalYesterdayMorning"));
	grid_int(grid, runtime_int(runtime, "msgGetTotalTodayMorning") -
			   runtime_int(runtime, "msgGetTotalYesterdayMorning"));
	grid_int(grid, runtime_int(runtime, "msgPutTotalTodayNow") -
			   runtime_int(runtime, "msgPutTotalTodayMorning"));
	grid_int(grid, runtime_int(runtime, "msgGetTotalTodayNow") -
			   runtime_int(runtime, "msgGetTotalTodayMorning"));
}

static void
put_full(struct grid *grid, const struct target *broker, const struct runtime *runtime,
    const struct copy_view *copy)
{
	put_load(grid, broker, runtime, copy);
	put_totals(grid, broker, runtime, copy);
	grid_text(grid, broker->id == 0 ? SLICE("master") : SLICE("slave"));
	grid_text(grid, runtime->n != 0 ? SLICE("true") : SLICE("false"));
	grid_int(grid, runtime_int(runtime, "bootTimestamp"));
	grid_int(grid, runtime_int(runtime, "processMemory"));
	grid_int(grid, runtime_int(runtime, "storeDiskTotal"));
	grid_int(grid, runtime_int(runtime, "storeDiskFree"));
	grid_int(grid, runtime_int(runtime, "storeDiskFullAt"));
	grid_int(grid, (int64_t)copy->n_in_sync);
	grid_text(grid, !copy->known || broker->id == MASTER_ID ? SLICE("")
			: copy->in_sync                         ? SLICE("true")
								: SLICE("false"));
	grid_int(grid, copy->lag_bytes);
	grid_int(grid, copy->lag_ms);
	grid_int(grid, runtime_int(runtime, "roleSince"));
	grid_text(grid, runtime_text(runtime, "roleCause"));
	grid_text(grid, runtime_text(runtime, "rolePeer"));
}

static int
list_clusters_once(struct admin *admin)
{
	bool totals = args_has(&admin->args, 'm'), full = admin->report.as_json;
	struct targets brokers;
	struct grid grid;

	if (admin_cluster_brokers(admin, slice_of(args_text(&admin->args, 'c')), 0, &brokers) == -1)
		return -1;
	const struct copy_view *copies = copies_survey(admin, &brokers);

	grid_open(&grid, &admin->report, "brokers",
	    full     ? full_columns
	    : totals ? total_columns
		     : load_columns);
	for (size_t i = 0; i < brokers.n; i++) {
		const struct target *broker = &brokers.list[i];
		struct runtime runtime = { .arena = &admin->arena };

		/* A broker that does not reply is shown too, because it is registered. */
		runtime_ask(admin, broker->address, &runtime);
		grid_text(&grid, broker->cluster);
		grid_text(&grid, broker->name);
		grid_int(&grid, broker->id);
		(full        ? put_full
		    : totals ? put_totals
			     : put_load)(&grid, broker, &runtime, &copies[i]);
	}
	grid_close(&grid);
	return 0;
}

static int
cluster_list_run(struct admin *admin)
{
	return admin_repeat(admin, list_clusters_once);
}

/* ---- brokerStatus ---- */

static const struct flag broker_status_flags[] = {
	FLAG_BROKER,
	{ 'c', "clusterName", FLAG_TEXT, "CLUSTER", 0, 0, 0, "all brokers of this cluster" },
	{ 0 },
};

static int
broker_status_run(struct admin *admin)
{
	struct targets targets;
	size_t n_failed = 0;

	if (admin_targets(admin, 0, &targets) == -1)
		return -1;
	for (size_t i = 0; i < targets.n; i++) {
		struct runtime runtime;

		if (runtime_ask(admin, targets.list[i].address, &runtime) == -1) {
			n_failed++;
			continue;
		}
		report_pairs(&admin->report, targets.list[i].address, runtime.pairs, runtime.n);
	}
	return n_failed == targets.n ? -1 : 0;
}

/* ---- haStatus ---- */

static const struct flag ha_status_flags[] = {
	FLAG_BROKER,
	{ 'c', "clusterName", FLAG_TEXT, "CLUSTER", 0, 0, 0, "all brokers of this cluster" },
	{ 0 },
};

static const struct column ha_status_columns[] = {
	{ "broker", "Broker", COLUMN_TEXT },
	{ "role", "Role", COLUMN_TEXT },
	{ "maxPosition", "End of log", COLUMN_INT },
	{ "peer", "Slave, or master", COLUMN_TEXT },
	{ "peerId", "BID", COLUMN_INT },
	{ "position", "It has", COLUMN_INT },
	{ "lagBytes", "Behind", COLUMN_INT },
	{ "lagMs", "for ms", COLUMN_INT },
	{ "bytesPerSecond", "Bytes/s", COLUMN_INT },
	{ "inSync", "In sync", COLUMN_TEXT },
	{ NULL },
};

static void
put_slave(struct grid *grid, const struct ha_slave_status *slave)
{
	grid_text(grid, slave->address);
	grid_int(grid, slave->broker_id);
	grid_int(grid, slave->position);
	grid_int(grid, slave->lag_bytes);
	grid_int(grid, slave->lag_ms);
	grid_int(grid, slave->bytes_per_second);
	grid_text(grid, slave->in_sync ? SLICE("yes") : SLICE("no"));
}

/* A row for each slave; a master without slaves, and a slave, have one row. */
static void
put_ha_status(struct grid *grid, struct slice broker, const struct ha_status *status)
{
	struct ha_slave_status none = { .address = SLICE("none"), .broker_id = -1, .lag_ms = -1 };
	size_t n = status->n_slaves != 0 ? status->n_slaves : 1;

	if (!status->master)
		none.address =
		    status->client.master.len != 0 ? status->client.master : SLICE("unknown");
	for (size_t i = 0; i < n; i++) {
		grid_text(grid, broker);
		grid_text(grid, status->master ? SLICE("master") : SLICE("slave"));
		grid_int(grid, status->master ? status->max_position : status->client.max_position);
		put_slave(grid, status->n_slaves != 0 ? &status->slaves[i] : &none);
	}
}

static int
ha_status_run(struct admin *admin)
{
	struct targets targets;
	struct grid grid;
	size_t n_failed = 0;

	if (admin_targets(admin, 0, &targets) == -1)
		return -1;
	grid_open(&grid, &admin->report, "copies", ha_status_columns);
	for (size_t i = 0; i < targets.n; i++) {
		struct admin_request ask = { .address = targets.list[i].address,
			.code = REQUEST_GET_BROKER_HA_STATUS };
		struct twinmq_reply reply;
		struct ha_status status;

		if (admin_must(admin, &ask, &reply) == -1)
			n_failed++;
		else if (ha_status_read(&admin->arena, reply.body, &status) == -1)
			return admin_bad_body(admin, &ask);
		else
			put_ha_status(&grid, targets.list[i].address, &status);
	}
	grid_close(&grid);
	return n_failed == targets.n ? -1 : 0;
}

/* ---- wipeWritePerm, addWritePerm ---- */

static const struct flag wipe_write_perm_flags[] = {
	{ 'b', "brokerName", FLAG_TEXT, "BROKER", FLAG_REQUIRED, 0, 0, "name of the broker" },
	{ 0 },
};

static const struct flag add_write_perm_flags[] = {
	{ 'b', "brokerName", FLAG_TEXT, "BROKER", FLAG_REQUIRED, 0, 0, "name of the broker" },
	{ 0 },
};

static const struct column perm_columns[] = {
	{ "nameServer", "Name server", COLUMN_TEXT },
	{ "brokerName", "Broker", COLUMN_TEXT },
	{ "topics", "Topics changed", COLUMN_INT },
	{ "result", "Result", COLUMN_TEXT },
	{ NULL },
};

static int
change_write_perm(struct admin *admin, enum request_code code, const struct field *reply_fields)
{
	struct broker_name_header header = { slice_trim(slice_of(args_text(&admin->args, 'b'))) };
	const char *address;
	struct grid grid;
	size_t n = 0, n_failed = 0;
	int64_t n_topics = 0;

	grid_open(&grid, &admin->report, "nameServers", perm_columns);
	for (; (address = twinmq_name_server(admin->mq, n)) != NULL; n++) {
		struct admin_request ask = { slice_of(address), code, broker_name_header_fields,
			&header, SLICE("") };
		struct write_perm_reply count = { 0 };
		struct twinmq_reply reply;
		const char *bad;
		bool ok = admin_must(admin, &ask, &reply) == 0;

		if (ok)
			fields_decode(reply_fields, &reply.command, &count, &bad);
		else
			n_failed++;
		n_topics += count.topic_count;
		grid_text(&grid, slice_of(address));
		grid_text(&grid, header.broker_name);
		grid_int(&grid, count.topic_count);
		grid_text(&grid, ok ? SLICE("ok") : slice_of(twinmq_error(admin->mq)->text));
	}
	grid_close(&grid);
	if (n_failed == 0 && n_topics == 0)
		return admin_fail(admin,
		    "no name server knows topics of a broker %.*s; see clusterList",
		    (int)header.broker_name.len, header.broker_name.data);
	return n_failed == n ? -1 : 0;
}

static int
wipe_write_perm_run(struct admin *admin)
{
	return change_write_perm(
	    admin, REQUEST_WIPE_WRITE_PERM_OF_BROKER, wipe_write_perm_reply_fields);
}

static int
add_write_perm_run(struct admin *admin)
{
	return change_write_perm(
	    admin, REQUEST_ADD_WRITE_PERM_OF_BROKER, add_write_perm_reply_fields);
}

const struct subcommand cluster_commands[] = {
	{ "clusterList", cluster_list_flags, cluster_list_run,
	    "show clusters, brokers and their load", HTTP_MAY_READ },
	{ "brokerStatus", broker_status_flags, broker_status_run, "show a broker's counters",
	    HTTP_MAY_READ },
	{ "haStatus", ha_status_flags, ha_status_run, "show how far the slaves of masters are",
	    HTTP_MAY_READ },
	{ "wipeWritePerm", wipe_write_perm_flags, wipe_write_perm_run,
	    "remove the write permission of a broker's topics, so that it drains", HTTP_MAY_ADMIN },
	{ "addWritePerm", add_write_perm_flags, add_write_perm_run, "restore the write permission",
	    HTTP_MAY_ADMIN },
	{ NULL },
};
