#include "config.h"

/* The broker's counters and measurements, for tools and exporters. */

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "broker/context.h"
#include "broker/consumers/return_offsets.h"
#include "broker/delay/delay.h"
#include "broker/delay/timed.h"
#include "broker/state/checkpoint.h"
#include "broker/state/client.h"
#include "broker/state/group.h"
#include "broker/state/limit.h"
#include "broker/state/offset.h"
#include "broker/state/producer_group.h"
#include "broker/state/queue_lock.h"
#include "broker/state/replica_record.h"
#include "broker/state/replies.h"
#include "broker/state/stats.h"
#include "broker/state/topic.h"
#include "broker/store/store.h"
#include "broker/store/tail/tail.h"
#include "broker/trend/trend.h"
#include "broker/transaction/view.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/json/json_body.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "common/protocol/kv_table.h"

/* ---- 28: a table of texts -------------------------------------------- */

#define PAIRS_MAX 192

struct table_text {
	struct arena *arena;
	struct ext pairs[PAIRS_MAX];
	size_t n;
};

static void
put(struct table_text *table, const char *key, struct slice value)
{
	if (table->n < PAIRS_MAX)
		table->pairs[table->n++] = (struct ext){ slice_of(key), value };
}

static void
put_int(struct table_text *table, const char *key, int64_t value)
{
	put(table, key, arena_printf(table->arena, "%" PRId64, value));
}

static void
put_rates(struct table_text *table, const char *key, const double rates[STATS_WINDOWS])
{
	put(table, key, arena_printf(table->arena, "%.1f %.1f %.1f", rates[0], rates[1], rates[2]));
}

/* The format of Java's tools, which the exporter parses. */
static struct slice
size_text(struct arena *arena, int64_t bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double size = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 1024)
		return arena_printf(arena, "%" PRId64 " B", bytes);
	for (; size >= 1024 && unit + 1 < sizeof units / sizeof *units; unit++)
		size /= 1024;
	return arena_printf(arena, "%.1f %s", size, units[unit]);
}

/* Apache's tools expect these keys; this broker has no such pools. */
static const char *const constants[][2] = {
	{ "EndTransactionQueueSize", "0" },
	{ "EndTransactionThreadPoolQueueCapacity", "100000" },
	{ "ackThreadPoolQueueCapacity", "100000" },
	{ "ackThreadPoolQueueHeadWaitTimeMills", "0" },
	{ "ackThreadPoolQueueSize", "0" },
	{ "dispatchBehindBytes", "0" },
	{ "dispatchMaxBuffer", "0" },
	{ "litePullThreadPoolQueueCapacity", "100000" },
	{ "litePullThreadPoolQueueHeadWaitTimeMills", "0" },
	{ "litePullThreadPoolQueueSize", "0" },
	{ "pageCacheLockTimeMills", "0" },
	{ "pullThreadPoolQueueCapacity", "100000" },
	{ "pullThreadPoolQueueHeadWaitTimeMills", "0" },
	{ "pullThreadPoolQueueSize", "0" },
	{ "queryThreadPoolQueueCapacity", "20000" },
	{ "queryThreadPoolQueueHeadWaitTimeMills", "0" },
	{ "queryThreadPoolQueueSize", "0" },
	{ "remainHowManyDataToCommit", "0 B" },
	{ "remainTransientStoreBufferNumbs", "2147483647" },
	{ "sendThreadPoolQueueHeadWaitTimeMills", "0" },
	{ "sendThreadPoolQueueSize", "0" },
};

/* What the process has in memory; 0: the system does not say. */
static int64_t
memory_bytes(void)
{
	char text[64];
	int64_t pages = 0;
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd != -1 ? read(fd, text, sizeof text - 1) : -1;
	struct slice rest = { text, n > 0 ? (size_t)n : 0 }, all, resident;

	if (fd != -1)
		close(fd);
	if (slice_next(&rest, ' ', &all) && slice_next(&rest, ' ', &resident))
		slice_to_int64(resident, &pages);
	return pages * sysconf(_SC_PAGESIZE);
}

static void
put_identity(struct table_text *table, const struct broker *broker)
{
	int64_t s = (clock_wall_ms() - broker->boot_ms) / 1000;
	struct client_counts counts;

	put_int(table, "bootTimestamp", broker->boot_ms);
	put(table, "runtime",
	    arena_printf(table->arena,
		"[ %" PRId64 " days, %" PRId64 " hours, %" PRId64 " minutes, %" PRId64 " seconds ]",
		s / 86400, s / 3600 % 24, s / 60 % 60, s % 60));
	put_int(table, "processMemory", memory_bytes());
	put_int(table, "httpPort", broker->http_port);
	put_int(table, "brokerVersion", COMMAND_VERSION);
	put(table, "brokerVersionDesc", SLICE("V4_9_7"));
	put_int(table, "startAcceptSendRequestTimeStamp",
	    broker->settings->start_accept_send_request_time_stamp);
	put_int(table, "sendThreadPoolQueueCapacity",
	    broker->settings->send_thread_pool_queue_capacity);
	clients_get_counts(broker->clients, &counts);
	put_int(table, "subscriptionConflicts", (int64_t)counts.n_conflicts);
}

/* Which role it has, since when, and why. */
static void
put_role(struct table_text *table, const struct broker *broker)
{
	bool slave = broker_is_slave(broker);
	struct replica_record *record = broker->replica_record;
	int64_t epoch = replica_record_last_epoch(record), since_ms = broker->boot_ms;
	struct replica_change change;

	replica_record_change(record, &change);
	bool changed = change.at_ms != 0 && slave == (change.cause == REPLICA_CAUSE_REPLACED) &&
	               (slave || change.epoch == epoch);

	if (changed)
		since_ms = change.at_ms;
	else if (!slave && replica_record_began_ms(record) != 0)
		since_ms = replica_record_began_ms(record);
	/* As RocketMQ: what only masters do runs here. */
	put(table, "brokerActive", slave ? SLICE("false") : SLICE("true"));
	put(table, "brokerRole", slice_of(broker_role_name(broker->settings->broker_role)));
	put_int(table, "replicaEpoch", epoch);
	put_int(table, "roleSince", since_ms);
	put(table, "roleCause",
	    slice_of(replica_cause_name(changed ? change.cause : REPLICA_CAUSE_CONFIGURED)));
	put(table, "rolePeer", arena_printf(table->arena, "%s", changed ? change.peer : ""));
}

/* The number of objects that requests created, and of refusals because of limits. */
static void
put_limits(struct table_text *table, const struct broker *broker)
{
	struct client_counts clients;
	struct offset_counts offsets;
	struct checkpoint_counts pops;
	struct stats_sizes sizes;
	struct reply_counts replies;

	clients_get_counts(broker->clients, &clients);
	offsets_get_counts(broker->offsets, &offsets);
	stats_get_sizes(broker->stats, &sizes);
	put_int(table, "topics", (int64_t)topics_count(broker->topics));
	put_int(table, "groups", (int64_t)groups_count(broker->groups));
	put_int(table, "producerGroups", (int64_t)producer_groups_count(broker->producer_groups));
	put_int(table, "clientConnections", (int64_t)clients.n_connections);
	put_int(table, "clientMemberships", (int64_t)clients.n_memberships);
	put_int(table, "clientMemory", (int64_t)clients.bytes);
	put_int(table, "consumerOffsets", (int64_t)offsets.n);
	put_int(table, "unknownGroupOffsets", (int64_t)offsets.n_unknown);
	put_int(table, "statistics", (int64_t)sizes.n_series);
	put_int(table, "queueLocks", (int64_t)queue_locks_count(broker->queue_locks));
	replies_get_counts(broker->replies, &replies);
	put_int(table, "repliesDelivered", (int64_t)replies.delivered);
	put_int(table, "repliesUndelivered", (int64_t)replies.undelivered);
	put_int(table, "replyMemory", (int64_t)replies.bytes);
	checkpoints_get_counts(broker->checkpoints, &pops);
	put_int(table, "popCheckpoints", (int64_t)pops.n_checkpoints);
	put_int(table, "popMessages", (int64_t)pops.n_messages);
	put_int(table, "popRevived", pops.n_revived);
	put_int(table, "popDead", pops.n_dead);
	put_int(table, "popDropped", pops.n_dropped);
	for (int i = 0; i < N_LIMITS; i++)
		put_int(table, limit_counter((enum limit)i),
		    (int64_t)limits_refused(broker->limits, (enum limit)i));
}

static struct slice
distribution_text(struct arena *arena, const uint64_t times[STATS_BUCKETS])
{
	static const char *const names[STATS_BUCKETS] = { "<=0ms", "0~10ms", "10~50ms", "50~100ms",
		"100~200ms", "200~500ms", "500ms~1s", "1~2s", "2~3s", "3~4s", "4~5s", "5~10s",
		"10s~" };
	struct buf text = { 0 };

	for (size_t i = 0; i < STATS_BUCKETS; i++)
		buf_printf(&text, "[%s]:%" PRIu64 " ", names[i], times[i]);
	struct slice copy = arena_copy(arena, buf_slice(&text));

	buf_release(&text);
	return copy;
}

static void
put_counters(struct table_text *table, struct stats *stats)
{
	struct stats_summary summary;
	const struct stats_totals *totals = &summary.totals;
	double all[STATS_WINDOWS];

	stats_summarize(stats, &summary);
	int64_t times = totals->put_messages != 0 ? (int64_t)totals->put_messages : 1;

	put_int(table, "putMessageTimesTotal", times);
	put_int(table, "putMessageSizeTotal", (int64_t)totals->put_bytes);
	put_int(table, "putMessageFailedTimes", (int64_t)totals->put_failed);
	put_int(table, "putMessageEntireTimeMax", (int64_t)totals->put_max_us / 1000);
	put_int(table, "getMessageEntireTimeMax", (int64_t)totals->get_max_us / 1000);
	put(table, "putMessageAverageSize",
	    arena_printf(table->arena, "%.1f", (double)totals->put_bytes / (double)times));
	put(table, "putMessageDistributeTime", distribution_text(table->arena, summary.put_times));
	put(table, "putLatency99", arena_printf(table->arena, "%.2f", summary.put_latency_99_ms));
	put(table, "putLatency999", arena_printf(table->arena, "%.2f", summary.put_latency_999_ms));
	for (int i = 0; i < STATS_WINDOWS; i++)
		all[i] = summary.found_tps[i] + summary.missed_tps[i];
	put_rates(table, "putTps", summary.put_tps);
	put_rates(table, "getFoundTps", summary.found_tps);
	put_rates(table, "getMissTps", summary.missed_tps);
	put_rates(table, "getTotalTps", all);
	put_rates(table, "getTransferedTps",
	    summary.got_tps); /* the spelling of 4.x; below that of 5.x */
	put_rates(table, "getTransferredTps", summary.got_tps);
	put_int(table, "msgPutTotalYesterdayMorning", (int64_t)summary.put_yesterday_morning);
	put_int(table, "msgPutTotalTodayMorning", (int64_t)summary.put_today_morning);
	put_int(table, "msgPutTotalTodayNow", (int64_t)totals->put_messages);
	put_int(table, "msgGetTotalYesterdayMorning", (int64_t)summary.got_yesterday_morning);
	put_int(table, "msgGetTotalTodayMorning", (int64_t)summary.got_today_morning);
	put_int(table, "msgGetTotalTodayNow", (int64_t)totals->got_messages);
}

static void
put_store(struct table_text *table, const struct broker *broker)
{
	const char *path = broker->settings->store_path_root_dir;
	struct arena *arena = table->arena;
	struct store_stats stats;

	store_get_stats(broker->store, &stats);
	double used = stats.disk_total > 0
	                  ? (double)(stats.disk_total - stats.disk_free) / (double)stats.disk_total
	                  : -1;
	struct slice ratio = arena_printf(arena, "%.2f", used);
	struct slice total = size_text(arena, stats.disk_total),
		     room = size_text(arena, stats.disk_free);

	put_int(table, "storeDiskTotal", stats.disk_total);
	put_int(table, "storeDiskFree", stats.disk_free);
	put_int(table, "storeDiskFullAt", trends_disk_full_ms(broker->trends));
	put_int(table, "commitLogMinOffset", stats.min_position);
	put_int(table, "commitLogMaxOffset", stats.max_position);
	put_int(table, "earliestMessageTimeStamp", stats.earliest_ms);
	put(table, "remainHowManyDataToFlush", size_text(arena, stats.unsynced_bytes));
	put_int(table, "cutFiles", broker->cut.files);
	put_int(table, "cutMessages", broker->cut.messages);
	put_int(table, "dedupKeys", stats.n_dedup_keys);
	put_int(table, "dedupAnswered", stats.n_duplicates);
	put(table, "commitLogDiskRatio", ratio);
	put(table, arena_printf(arena, "commitLogDiskRatio_%s", path).data, ratio);
	put(table, "consumeQueueDiskRatio", ratio);
	put(table, "commitLogDirCapacity",
	    arena_printf(arena, "Total : %.*s, Free : %.*s.", (int)total.len, total.data,
		(int)room.len, room.data));
}

/* The delivered offset and the length of each delay level. */
static void
put_delays(struct table_text *table, const struct worker *worker)
{
	for (int32_t level = 1; level <= DELAY_LEVELS_MAX; level++) {
		const struct tail_queue *queue =
		    tail_find(worker->tail, SLICE(DELAY_TOPIC), level - 1);
		int64_t offset = offsets_find(
		    worker->broker->offsets, SLICE(DELAY_GROUP), SLICE(DELAY_TOPIC), level - 1);

		if (queue != NULL)
			put(table,
			    arena_printf(table->arena, "scheduleMessageOffset_%d", level).data,
			    arena_printf(table->arena, "%" PRId64 ",%" PRId64,
				offset > 0 ? offset : 0, queue->max_offset));
	}
	if (worker->broker->return_offsets != NULL)
		put_int(table, "offsetsForMaster",
		    (int64_t)return_offsets_count(worker->broker->return_offsets));
	put_int(table, "delayLevelsBehind", delays_late_ms(worker->broker->delays) / 1000);
	put_int(table, "delayedMessagesDropped", delays_dropped(worker->broker->delays));
}

/* RocketMQ's names where its tools read them, then our own. */
static void
put_timed(struct table_text *table, const struct broker *broker)
{
	struct timed_totals totals;
	struct timed_counts counts;

	store_timed_counts(broker->store, &counts);
	timed_messages_totals(broker->timed, &totals);
	put_int(table, "timerReadBehind", totals.late_ms / 1000);
	put_int(table, "timerOffsetBehind", 0);
	put_int(table, "timerCongestNum", counts.n_pending);
	put(table, "timerEnqueueTps", SLICE("0.0"));
	put(table, "timerDequeueTps", SLICE("0.0"));
	put_int(table, "timersPending", counts.n_pending);
	put_int(table, "timersInMemory", counts.n_in_memory);
	put_int(table, "timersDelivered", totals.delivered);
	put_int(table, "timersRecalled", totals.recalled);
	put_int(table, "timersDropped", totals.dropped);
	put_int(table, "timersCarried", totals.carried);
}

/* "transactionOpen" and so on. */
static void
put_transactions(struct table_text *table, const struct broker *broker)
{
	int64_t counts[N_TRANSACTION_COUNTS];

	transaction_counts_get(broker, counts);
	for (int i = 0; i < N_TRANSACTION_COUNTS; i++) {
		const char *name = transaction_count_name((enum transaction_count)i);

		put_int(table,
		    arena_printf(table->arena, "transaction%c%s", toupper(name[0]), name + 1).data,
		    counts[i]);
	}
}

/* The limits on connections and log lines, and their effects. */
static void
put_server(struct table_text *table, struct server *server)
{
	struct server_counts counts = server_counts(server);

	put_int(table, "connections", counts.connections);
	put_int(table, "connectionsClosedSilent", (int64_t)counts.silent_closed);
	put_int(table, "connectionsClosedSlow", (int64_t)counts.slow_closed);
	put_int(table, "connectionsRefused", (int64_t)counts.over_limit);
	put_int(table, "connectionsRefusedOfAddress", (int64_t)counts.over_address);
	put_int(table, "logLinesSuppressed", (int64_t)log_suppressed());
	put_int(table, "requestsNotSupported", (int64_t)counts.unsupported);
}

static int
by_key(const void *a, const void *b)
{
	const struct ext *left = a, *right = b;

	return slice_compare(left->key, right->key);
}

static enum verdict
get_runtime_info_begin(struct request *request)
{
	struct broker *broker = request_broker(request);
	struct table_text *table = arena_zalloc(request->arena, sizeof *table);
	struct buf text = { 0 };
	struct json_out out;

	table->arena = request->arena;
	for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
		put(table, constants[i][0], slice_of(constants[i][1]));
	put_identity(table, broker);
	put_role(table, broker);
	put_limits(table, broker);
	put_counters(table, broker->stats);
	put_server(table, request->server);
	put_store(table, broker);
	put_delays(table, request_worker(request));
	put_timed(table, broker);
	put_transactions(table, broker);
	qsort(table->pairs, table->n, sizeof *table->pairs, by_key);
	json_out_init(&out, &text);
	kv_table_write(&out, table->pairs, table->n);
	return request_reply_body(request, json_finish(&out, request->arena));
}

/* ---- 315 ------------------------------------------------------------- */

static void
write_rate(struct json_out *out, const char *name, const struct stats_rate *rate)
{
	json_key(out, name);
	json_open_object(out);
	json_key(out, "avgpt");
	json_put_double(out, rate->avgpt);
	json_member_put_int(out, "sum", rate->sum);
	json_key(out, "tps");
	json_put_double(out, rate->tps);
	json_close_object(out);
}

static enum verdict
view_stats_begin(struct request *request)
{
	const struct view_stats_header *header = request->header;
	const struct broker *broker = request_broker(request);
	struct stats_view view;
	struct buf text = { 0 };
	struct json_out out;

	if (!stats_view(broker->stats, header->stats_name, header->stats_key,
		slice_of(broker->settings->broker_cluster_name), &view))
		return request_refuse(request, RESPONSE_SYSTEM_ERROR,
		    "The stats <%.*s> <%.*s> not exist", (int)header->stats_name.len,
		    header->stats_name.data, (int)header->stats_key.len, header->stats_key.data);
	json_out_init(&out, &text);
	json_open_object(&out);
	write_rate(&out, "statsDay", &view.day);
	write_rate(&out, "statsHour", &view.hour);
	write_rate(&out, "statsMinute", &view.minute);
	json_close_object(&out);
	return request_reply_body(request, json_finish(&out, request->arena));
}

/* ---- 907 ------------------------------------------------------------- */

const struct handler stats_handlers[] = {
	HANDLER_PLAIN(GET_BROKER_RUNTIME_INFO, get_runtime_info_begin, 0),
	HANDLER_TYPED(VIEW_BROKER_STATS_DATA, view_stats_header, view_stats_begin, 0),
	{ .name = NULL },
};
