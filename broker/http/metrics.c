#include "config.h"

/*
 * /metrics. The first names are those of Apache's exporter (rocketmq-exporter 0.0.3), so that its
 * boards go on to work; what it cannot tell has names of our own. Its gauges stay gauges.
 */

#include <string.h>

#include "broker/delay/delay.h"
#include "broker/delay/timed.h"
#include "broker/http/survey.h"
#include "broker/state/checkpoint.h"
#include "broker/state/client.h"
#include "broker/state/group.h"
#include "broker/state/limit.h"
#include "broker/state/offset.h"
#include "broker/state/replies.h"
#include "broker/state/stats.h"
#include "broker/state/topic.h"
#include "broker/store/store.h"
#include "broker/transaction/view.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/http/metrics_text.h"

/* All that one scrape needs. */
struct scrape {
	struct broker *broker;
	struct http_exchange *exchange;
	const struct survey *survey;
	struct metrics_text out;
	struct slice of_broker; /* the labels that most samples have */
	struct stats_summary summary;
	struct store_stats store;
};

static struct slice
cluster_of(const struct scrape *scrape)
{
	return slice_of(scrape->broker->settings->broker_cluster_name);
}

/* A sample with the labels that most of the exporter's have. */
static void
sample(struct scrape *scrape)
{
	metrics_sample(&scrape->out, "");
	metrics_labels(&scrape->out, scrape->of_broker);
}

static struct slice
labels_of_broker(const struct scrape *scrape)
{
	struct arena *arena = &scrape->exchange->arena;
	struct slice cluster = metrics_label_text(arena, "cluster", cluster_of(scrape));
	struct slice broker =
	    metrics_label_text(arena, "broker", slice_of(scrape->broker->settings->broker_name));

	return arena_printf(
	    arena, "%.*s,%.*s", (int)cluster.len, cluster.data, (int)broker.len, broker.data);
}

static void
gauge(struct scrape *scrape, const char *name, const char *help, double value)
{
	metrics_one(&scrape->out, name, METRIC_GAUGE, help, value);
}

static void
counter(struct scrape *scrape, const char *name, const char *help, double value)
{
	metrics_one(&scrape->out, name, METRIC_COUNTER, help, value);
}

/* ---- the broker ------------------------------------------------------ */

/* Names of the exporter with the labels of its BrokerRuntimeMetric. */
static void
runtime(struct scrape *scrape, const char *name, double value)
{
	struct slice address = slice_of(scrape->broker->address);

	metrics_family(&scrape->out, name, METRIC_GAUGE, "As in the exporter for RocketMQ.");
	metrics_sample(&scrape->out, "");
	metrics_label(&scrape->out, "cluster", cluster_of(scrape));
	metrics_label(&scrape->out, "brokerIP", address);
	metrics_label(&scrape->out, "brokerHost", slice_of(scrape->broker->settings->broker_name));
	metrics_double(&scrape->out, value);
}

static void
write_broker_rates(struct scrape *scrape)
{
	static const struct {
		const char *name, *help;
	} families[] = {
		{ "rocketmq_broker_tps", "Messages stored a second, over the last minute." },
		{ "rocketmq_broker_qps", "Messages delivered a second, over the last minute." },
	};
	const double values[] = { scrape->summary.put_tps[1], scrape->summary.got_tps[1] };

	for (size_t i = 0; i < 2; i++) {
		metrics_family(&scrape->out, families[i].name, METRIC_GAUGE, families[i].help);
		metrics_sample(&scrape->out, "");
		metrics_label(&scrape->out, "cluster", cluster_of(scrape));
		metrics_label(&scrape->out, "brokerIP", slice_of(scrape->broker->address));
		metrics_label(
		    &scrape->out, "broker", slice_of(scrape->broker->settings->broker_name));
		metrics_double(&scrape->out, values[i]);
	}
}

static double
disk_ratio(const struct store_stats *store)
{
	return store->disk_total > 0
	           ? (double)(store->disk_total - store->disk_free) / (double)store->disk_total
	           : 0;
}

static void
write_runtime(struct scrape *scrape)
{
	const struct stats_summary *all = &scrape->summary;
	const struct store_stats *store = &scrape->store;
	const struct {
		const char *name;
		double value;
	} rows[] = {
		{ "rocketmq_brokeruntime_put_tps10", all->put_tps[0] },
		{ "rocketmq_brokeruntime_put_tps60", all->put_tps[1] },
		{ "rocketmq_brokeruntime_put_tps600", all->put_tps[2] },
		{ "rocketmq_brokeruntime_getfound_tps10", all->found_tps[0] },
		{ "rocketmq_brokeruntime_getfound_tps60", all->found_tps[1] },
		{ "rocketmq_brokeruntime_getfound_tps600", all->found_tps[2] },
		{ "rocketmq_brokeruntime_getmiss_tps10", all->missed_tps[0] },
		{ "rocketmq_brokeruntime_getmiss_tps60", all->missed_tps[1] },
		{ "rocketmq_brokeruntime_getmiss_tps600", all->missed_tps[2] },
		{ "rocketmq_brokeruntime_gettotal_tps10", all->found_tps[0] + all->missed_tps[0] },
		{ "rocketmq_brokeruntime_gettotal_tps60", all->found_tps[1] + all->missed_tps[1] },
		{ "rocketmq_brokeruntime_gettotal_tps600", all->found_tps[2] + all->missed_tps[2] },
		{ "rocketmq_brokeruntime_gettransfered_tps10", all->got_tps[0] },
		{ "rocketmq_brokeruntime_gettransfered_tps60", all->got_tps[1] },
		{ "rocketmq_brokeruntime_gettransfered_tps600", all->got_tps[2] },
		{ "rocketmq_brokeruntime_msg_put_total_today_now",
		    (double)all->totals.put_messages },
		{ "rocketmq_brokeruntime_msg_puttotal_todaymorning",
		    (double)all->put_today_morning },
		{ "rocketmq_brokeruntime_msg_puttotal_yesterdaymorning",
		    (double)all->put_yesterday_morning },
		{ "rocketmq_brokeruntime_msg_gettotal_today_now",
		    (double)all->totals.got_messages },
		{ "rocketmq_brokeruntime_msg_gettotal_todaymorning",
		    (double)all->got_today_morning },
		{ "rocketmq_brokeruntime_msg_gettotal_yesterdaymorning",
		    (double)all->got_yesterday_morning },
		{ "rocketmq_brokeruntime_put_latency_99", all->put_latency_99_ms },
		{ "rocketmq_brokeruntime_put_latency_999", all->put_latency_999_ms },
		{ "rocketmq_brokeruntime_putmessage_times_total",
		    (double)all->totals.put_messages },
		{ "rocketmq_brokeruntime_put_message_size_total", (double)all->totals.put_bytes },
		{ "rocketmq_brokeruntime_put_message_average_size",
		    all->totals.put_messages != 0
			? (double)all->totals.put_bytes / (double)all->totals.put_messages
			: 0 },
		{ "rocketmq_brokeruntime_putmessage_entire_time_max",
		    (double)(all->totals.put_max_us / 1000) },
		{ "rocketmq_brokeruntime_getmessage_entire_time_max",
		    (double)(all->totals.get_max_us / 1000) },
		{ "rocketmq_brokeruntime_start_accept_sendrequest_time",
		    (double)scrape->broker->settings->start_accept_send_request_time_stamp },
		/* A record and its places in queues are one commit. */
		{ "rocketmq_brokeruntime_dispatch_behind_bytes", 0 },
		{ "rocketmq_brokeruntime_commitlog_disk_ratio", disk_ratio(store) },
		/* Queues are in the log's files. */
		{ "rocketmq_brokeruntime_consumequeue_disk_ratio", disk_ratio(store) },
		{ "rocketmq_brokeruntime_commitlog_minoffset", (double)store->min_position },
		{ "rocketmq_brokeruntime_commitlog_maxoffset", (double)store->max_position },
		{ "rocketmq_brokeruntime_commitlogdir_capacity_total", (double)store->disk_total },
		{ "rocketmq_brokeruntime_commitlogdir_capacity_free", (double)store->disk_free },
		{ "rocketmq_brokeruntime_earliest_message_timestamp", (double)store->earliest_ms },
		{ "rocketmq_brokeruntime_remain_howmanydata_toflush",
		    (double)store->unsynced_bytes },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		runtime(scrape, rows[i].name, rows[i].value);
}

/* How many sends took how long: the buckets of stats.h, each for itself. */
static void
write_put_times(struct scrape *scrape)
{
	static const char *const names[STATS_BUCKETS] = { "rocketmq_brokeruntime_pmdt_0ms",
		"rocketmq_brokeruntime_pmdt_0to10ms", "rocketmq_brokeruntime_pmdt_10to50ms",
		"rocketmq_brokeruntime_pmdt_50to100ms", "rocketmq_brokeruntime_pmdt_100to200ms",
		"rocketmq_brokeruntime_pmdt_200to500ms", "rocketmq_brokeruntime_pmdt_500to1s",
		"rocketmq_brokeruntime_pmdt_1to2s", "rocketmq_brokeruntime_pmdt_2to3s",
		"rocketmq_brokeruntime_pmdt_3to4s", "rocketmq_brokeruntime_pmdt_4to5s",
		"rocketmq_brokeruntime_pmdt_5to10s", "rocketmq_brokeruntime_pmdt_10stomore" };

	for (size_t i = 0; i < STATS_BUCKETS; i++)
		runtime(scrape, names[i], (double)scrape->summary.put_times[i]);
}

static void
write_producers(struct scrape *scrape)
{
	size_t n;
	const struct producers_count *groups =
	    clients_count_producers(scrape->broker->clients, &scrape->exchange->arena, &n);

	metrics_family(&scrape->out, "rocketmq_producer_count", METRIC_GAUGE,
	    "Members of a producer group that are connected.");
	for (size_t i = 0; i < n; i++) {
		sample(scrape);
		metrics_label(&scrape->out, "group", groups[i].group);
		metrics_int(&scrape->out, (int64_t)groups[i].n_members);
	}
}

/* ---- our own ---------------------------------------------------------- */

static void
write_build(struct scrape *scrape)
{
	const struct broker_settings *settings = scrape->broker->settings;

	metrics_family(&scrape->out, "twinmq_broker_info", METRIC_GAUGE,
	    "Who this broker is; the value is always 1.");
	sample(scrape);
	metrics_label(&scrape->out, "address", slice_of(scrape->broker->address));
	metrics_label(&scrape->out, "version", SLICE(PACKAGE_VERSION));
	metrics_label(&scrape->out, "flush",
	    settings->flush_disk_type == FLUSH_SYNC ? SLICE("SYNC_FLUSH") : SLICE("ASYNC_FLUSH"));
	metrics_int(&scrape->out, 1);
	gauge(scrape, "twinmq_start_time_seconds", "When the broker started, since 1970.",
	    (double)scrape->broker->boot_ms / 1000);
}

/* Upper ends of the buckets of stats.h, in seconds. */
static const char *const bucket_ends[STATS_BUCKETS] = { "0.001", "0.01", "0.05", "0.1", "0.2",
	"0.5", "1", "2", "3", "4", "5", "10", "+Inf" };

static void
write_latency(struct scrape *scrape)
{
	uint64_t sum = 0;

	metrics_family(&scrape->out, "twinmq_put_seconds", METRIC_HISTOGRAM,
	    "From the arrival of a send to its acknowledgement.");
	for (size_t i = 0; i < STATS_BUCKETS; i++) {
		sum += scrape->summary.put_times[i];
		metrics_sample(&scrape->out, "_bucket");
		metrics_label(&scrape->out, "le", slice_of(bucket_ends[i]));
		metrics_int(&scrape->out, (int64_t)sum);
	}
}

static void
write_messages(struct scrape *scrape)
{
	const struct stats_totals *totals = &scrape->summary.totals;

	counter(scrape, "twinmq_messages_in_total", "Messages acknowledged to senders.",
	    (double)totals->put_messages);
	counter(scrape, "twinmq_bytes_in_total", "Bytes of these messages, as stored.",
	    (double)totals->put_bytes);
	counter(scrape, "twinmq_sends_failed_total", "Sends that were refused or failed.",
	    (double)totals->put_failed);
	counter(scrape, "twinmq_messages_out_total", "Messages delivered to consumers.",
	    (double)totals->got_messages);
	counter(scrape, "twinmq_bytes_out_total", "Bytes of these messages.",
	    (double)totals->got_bytes);
	counter(scrape, "twinmq_pulls_found_total", "Pulls that got messages.",
	    (double)totals->gets_found);
	counter(scrape, "twinmq_pulls_missed_total", "Pulls that got none.",
	    (double)totals->gets_missed);
}

static void
write_store(struct scrape *scrape)
{
	const struct store_stats *store = &scrape->store;

	counter(scrape, "twinmq_store_records_total", "Records appended to the log.",
	    (double)store->n_messages);
	counter(
	    scrape, "twinmq_store_bytes_total", "Bytes of these records.", (double)store->n_bytes);
	counter(
	    scrape, "twinmq_store_commits_total", "Commits of the log.", (double)store->n_commits);
	gauge(scrape, "twinmq_store_segments", "Segments of the log.", (double)store->n_segments);
	gauge(scrape, "twinmq_store_log_bytes", "Bytes of the log that are there.",
	    (double)(store->max_position - store->min_position));
	gauge(scrape, "twinmq_store_unsynced_bytes", "Committed, and not yet synced to the disk.",
	    (double)store->unsynced_bytes);
	gauge(scrape, "twinmq_store_queued_bytes", "Waiting for the writer.",
	    (double)store->queued_bytes);
	gauge(scrape, "twinmq_store_writable",
	    "1: the store takes messages; 0: /readyz says why not.", store->writable);
	gauge(scrape, "twinmq_disk_free_bytes", "Free on the partition of the store.",
	    (double)store->disk_free);
	gauge(scrape, "twinmq_disk_size_bytes", "Size of the partition of the store.",
	    (double)store->disk_total);
}

static void
write_clients(struct scrape *scrape)
{
	struct broker *broker = scrape->broker;
	struct server_counts server = server_counts(broker->server);
	struct client_counts clients;
	struct checkpoint_counts pops;
	struct offset_counts offsets;

	clients_get_counts(broker->clients, &clients);
	checkpoints_get_counts(broker->checkpoints, &pops);
	offsets_get_counts(broker->offsets, &offsets);
	gauge(scrape, "twinmq_connections", "Connections of the remoting protocol.",
	    server.connections);
	gauge(scrape, "twinmq_topics", "Topics.", (double)topics_count(broker->topics));
	gauge(scrape, "twinmq_groups", "Consumer groups.", (double)groups_count(broker->groups));
	gauge(scrape, "twinmq_consumer_groups_online", "Consumer groups with a member.",
	    (double)clients.n_consumer_groups);
	gauge(scrape, "twinmq_producer_groups_online", "Producer groups with a member.",
	    (double)clients.n_producer_groups);
	gauge(scrape, "twinmq_client_memory_bytes",
	    "Memory for groups and subscriptions of clients.", (double)clients.bytes);
	gauge(scrape, "twinmq_consumer_offsets", "Offsets of groups, one per queue.",
	    (double)offsets.n);
	counter(scrape, "twinmq_subscription_conflicts_total",
	    "Times that members of a group began to disagree.", (double)clients.n_conflicts);
	gauge(scrape, "twinmq_pop_checkpoints", "Pops that wait for acknowledgements.",
	    (double)pops.n_checkpoints);
	gauge(scrape, "twinmq_pop_messages", "Messages of these pops.", (double)pops.n_messages);
	counter(scrape, "twinmq_pop_revived_total", "Popped messages that were delivered again.",
	    (double)pops.n_revived);
	counter(scrape, "twinmq_connections_refused_total", "Connections over a limit.",
	    (double)(server.over_limit + server.over_address));
	counter(scrape, "twinmq_log_lines_suppressed_total",
	    "Log lines over the limit of a second.", (double)log_suppressed());
}

static void
write_waiting(struct scrape *scrape)
{
	struct timed_counts timed;
	struct timed_totals totals;

	store_timed_counts(scrape->broker->store, &timed);
	timed_messages_totals(scrape->broker->timed, &totals);
	gauge(
	    scrape, "twinmq_timers_pending", "Timed messages that wait.", (double)timed.n_pending);
	gauge(scrape, "twinmq_timers_late_seconds",
	    "How late the timed message is that is due first.", (double)totals.late_ms / 1000);
	gauge(scrape, "twinmq_delay_levels_late_seconds",
	    "How late the message of a delay level is that waits for its delivery longest.",
	    (double)delays_late_ms(scrape->broker->delays) / 1000);
	counter(scrape, "twinmq_timers_delivered_total", "Timed messages delivered.",
	    (double)totals.delivered);
}

static void
write_transactions(struct scrape *scrape)
{
	int64_t counts[N_TRANSACTION_COUNTS];

	transaction_counts_get(scrape->broker, counts);
	gauge(scrape, "twinmq_transactions_open", "Half messages without a decision.",
	    (double)counts[COUNT_OPEN]);
	gauge(scrape, "twinmq_transactions_parked", "Half messages that wait for an operator.",
	    (double)counts[COUNT_PARKED]);
	counter(scrape, "twinmq_transactions_committed_total", "Transactions committed.",
	    (double)counts[COUNT_COMMITTED]);
	counter(scrape, "twinmq_transactions_rolled_back_total", "Transactions rolled back.",
	    (double)counts[COUNT_ROLLED_BACK]);
	counter(scrape, "twinmq_transactions_asked_total", "Checks sent to producers.",
	    (double)counts[COUNT_ASKED]);
	counter(scrape, "twinmq_transactions_contradicted_total",
	    "Decisions that contradicted an earlier one.", (double)counts[COUNT_CONTRADICTIONS]);
}

static void
write_limits(struct scrape *scrape)
{
	metrics_family(&scrape->out, "twinmq_refused_total", METRIC_COUNTER,
	    "Requests refused for a limit of the settings.");
	for (int i = 0; i < N_LIMITS; i++) {
		metrics_sample(&scrape->out, "");
		metrics_label(&scrape->out, "limit", slice_of(limit_counter((enum limit)i)));
		metrics_int(
		    &scrape->out, (int64_t)limits_refused(scrape->broker->limits, (enum limit)i));
	}
}

/* ---- topics ----------------------------------------------------------- */

enum topic_kind {
	TOPIC_ORDINARY,
	TOPIC_OF_RETRIES,
	TOPIC_OF_THE_DEAD,
};

static enum topic_kind
kind_of(struct slice name)
{
	if (slice_starts(name, TOPIC_RETRY_PREFIX))
		return TOPIC_OF_RETRIES;
	return slice_starts(name, TOPIC_DEAD_PREFIX) ? TOPIC_OF_THE_DEAD : TOPIC_ORDINARY;
}

static const struct {
	const char *offset, *about, *label;
	size_t prefix; /* of the name that the label leaves out */
} topic_families[] = {
	[TOPIC_ORDINARY] = { "rocketmq_producer_offset",
	    "Sum of the ends of a topic's queues: messages that it ever got.", "topic", 0 },
	[TOPIC_OF_RETRIES] = { "rocketmq_topic_retry_offset", "The same of retry topics.", "topic",
	    0 },
	[TOPIC_OF_THE_DEAD] = { "rocketmq_topic_dlq_offset", "The same of dead letters, by group.",
	    "group", sizeof TOPIC_DEAD_PREFIX - 1 },
};

static void
write_topic_offsets(struct scrape *scrape)
{
	for (size_t kind = 0; kind < sizeof topic_families / sizeof *topic_families; kind++) {
		metrics_family(&scrape->out, topic_families[kind].offset, METRIC_GAUGE,
		    topic_families[kind].about);
		for (size_t i = 0; i < scrape->survey->n_topics; i++) {
			const struct surveyed_topic *topic = scrape->survey->topics[i];
			struct slice name = topic->name;

			if (kind_of(name) != (enum topic_kind)kind)
				continue;
			name.data += topic_families[kind].prefix;
			name.len -= topic_families[kind].prefix;
			sample(scrape);
			metrics_label(&scrape->out, topic_families[kind].label, name);
			metrics_int(&scrape->out, topic->sum_max);
		}
	}
}

struct topic_rates {
	struct slice topic;
	double tps, bytes;
};

static void
write_rates(struct scrape *scrape, const struct topic_rates *rates, size_t n, bool bytes)
{
	for (size_t i = 0; i < n; i++) {
		sample(scrape);
		metrics_label(&scrape->out, "topic", rates[i].topic);
		metrics_double(&scrape->out, bytes ? rates[i].bytes : rates[i].tps);
	}
}

/* Each topic is looked up once for both families. */
static void
write_topic_rates(struct scrape *scrape)
{
	struct topic_rates *rates =
	    arena_alloc(&scrape->exchange->arena, (scrape->survey->n_topics + 1) * sizeof *rates);
	size_t n = 0;

	for (size_t i = 0; i < scrape->survey->n_topics; i++) {
		rates[n].topic = scrape->survey->topics[i]->name;
		n += stats_put_rates(
		    scrape->broker->stats, rates[n].topic, &rates[n].tps, &rates[n].bytes);
	}
	metrics_family(&scrape->out, "rocketmq_producer_tps", METRIC_GAUGE,
	    "Messages a second that a topic got, over the last minute.");
	write_rates(scrape, rates, n, false);
	metrics_family(&scrape->out, "rocketmq_producer_message_size", METRIC_GAUGE,
	    "Bytes a second that a topic got, over the last minute.");
	write_rates(scrape, rates, n, true);
}

static void
write_topic_messages(struct scrape *scrape)
{
	metrics_family(&scrape->out, "twinmq_topic_messages", METRIC_GAUGE,
	    "Messages of a topic that are there, read or not.");
	for (size_t i = 0; i < scrape->survey->n_topics; i++) {
		const struct surveyed_topic *topic = scrape->survey->topics[i];

		if (topic->n == 0)
			continue;
		sample(scrape);
		metrics_label(&scrape->out, "topic", topic->name);
		metrics_int(&scrape->out, topic->sum_max - topic->sum_min);
	}
}

/* ---- groups ----------------------------------------------------------- */

/* A group as it is now, found once for all its topics. */
struct group_now {
	struct slice name;
	struct client_group online;
	bool is_online;
	struct slice members; /* how many, as text */
};

static void
find_group(struct scrape *scrape, struct slice name, struct group_now *now)
{
	struct arena *arena = &scrape->exchange->arena;

	if (now->name.data != NULL && slice_equal(now->name, name))
		return;
	now->name = name;
	now->is_online = clients_find_group(scrape->broker->clients, name, arena, &now->online);
	now->members =
	    arena_printf(arena, "%zu", now->is_online ? now->online.n_members : (size_t)0);
}

/* A group that is online counts only with the topics that it subscribes to. */
static bool
counts(const struct group_now *now, struct slice topic)
{
	if (!now->is_online)
		return true;
	for (size_t i = 0; i < now->online.n_subscriptions; i++)
		if (slice_equal(now->online.subscriptions[i].topic, topic))
			return true;
	return false;
}

static const struct {
	const char *lag, *about;
} group_families[] = {
	[TOPIC_ORDINARY] = { "rocketmq_group_diff",
	    "Messages of a topic that a group has not consumed (lag); never below 0." },
	[TOPIC_OF_RETRIES] = { "rocketmq_group_retrydiff", "The same of retry topics." },
	[TOPIC_OF_THE_DEAD] = { "rocketmq_group_dlqdiff", "The same of dead letters." },
};

static void
write_lags(struct scrape *scrape, enum topic_kind kind)
{
	struct group_now now = { 0 };

	metrics_family(
	    &scrape->out, group_families[kind].lag, METRIC_GAUGE, group_families[kind].about);
	for (size_t i = 0; i < scrape->survey->n_progress; i++) {
		const struct surveyed_progress *one = &scrape->survey->progress[i];

		if (kind_of(one->topic->name) != kind)
			continue;
		find_group(scrape, one->group, &now);
		if (!counts(&now, one->topic->name))
			continue;
		metrics_sample(&scrape->out, "");
		metrics_label(&scrape->out, "group", one->group);
		metrics_label(&scrape->out, "topic", one->topic->name);
		metrics_label(&scrape->out, "countOfOnlineConsumers", now.members);
		metrics_label(&scrape->out, "msgModel",
		    now.is_online && now.online.model == MODEL_BROADCASTING ? SLICE("0")
									    : SLICE("1"));
		metrics_int(&scrape->out, one->lag);
	}
}

static void
write_group_offsets(struct scrape *scrape)
{
	metrics_family(&scrape->out, "rocketmq_consumer_offset", METRIC_GAUGE,
	    "Sum of a group's offsets in the queues of a topic.");
	for (size_t i = 0; i < scrape->survey->n_progress; i++) {
		const struct surveyed_progress *one = &scrape->survey->progress[i];

		sample(scrape);
		metrics_label(&scrape->out, "topic", one->topic->name);
		metrics_label(&scrape->out, "group", one->group);
		metrics_int(&scrape->out, one->sum_offset);
	}
	metrics_family(&scrape->out, "rocketmq_consumer_tps", METRIC_GAUGE,
	    "Messages a second that a group got of a topic, over the last minute.");
	for (size_t i = 0; i < scrape->survey->n_progress; i++) {
		const struct surveyed_progress *one = &scrape->survey->progress[i];

		sample(scrape);
		metrics_label(&scrape->out, "topic", one->topic->name);
		metrics_label(&scrape->out, "group", one->group);
		metrics_double(&scrape->out,
		    stats_get_tps(scrape->broker->stats, one->topic->name, one->group));
	}
}

static void
write_group_rates(struct scrape *scrape)
{
	static const struct {
		const char *family, *about;
		struct slice name;
	} rows[] = {
		{ "rocketmq_consumer_message_size",
		    "Bytes a second that a group got of a topic, over the last minute.",
		    { "GROUP_GET_SIZE", 14 } },
		{ "rocketmq_send_back_nums",
		    "Messages a second that a group sent back, over the last minute.",
		    { "SNDBCK_PUT_NUMS", 15 } },
	};
	struct arena *arena = &scrape->exchange->arena;

	for (size_t row = 0; row < 2; row++) {
		metrics_family(&scrape->out, rows[row].family, METRIC_GAUGE, rows[row].about);
		for (size_t i = 0; i < scrape->survey->n_progress; i++) {
			const struct surveyed_progress *one = &scrape->survey->progress[i];
			struct slice topic = one->topic->name;
			struct slice key = arena_printf(arena, "%.*s@%.*s", (int)topic.len,
			    topic.data, (int)one->group.len, one->group.data);
			struct stats_view view;

			if (!stats_view(scrape->broker->stats, rows[row].name, key,
				cluster_of(scrape), &view))
				continue;
			sample(scrape);
			metrics_label(&scrape->out, "topic", topic);
			metrics_label(&scrape->out, "group", one->group);
			metrics_double(&scrape->out, view.minute.tps);
		}
	}
}

/* ---- all of it -------------------------------------------------------- */

static void
answer(struct http_exchange *exchange, struct survey *survey)
{
	struct scrape scrape = {
		.broker = exchange_broker(exchange),
		.exchange = exchange,
		.survey = survey,
	};

	scrape.of_broker = labels_of_broker(&scrape);
	metrics_begin(&scrape.out, exchange);
	stats_summarize(scrape.broker->stats, &scrape.summary);
	store_get_stats(scrape.broker->store, &scrape.store);
	write_build(&scrape);
	write_broker_rates(&scrape);
	write_runtime(&scrape);
	write_put_times(&scrape);
	write_producers(&scrape);
	write_messages(&scrape);
	write_latency(&scrape);
	write_store(&scrape);
	write_clients(&scrape);
	write_waiting(&scrape);
	write_transactions(&scrape);
	write_limits(&scrape);
	metrics_of_process(&scrape.out);
	metrics_of_http(&scrape.out, exchange->server);
	gauge(&scrape, "twinmq_http_streams", "Event streams that are open.",
	    (double)scrape.broker->http->n_streams);
	write_topic_offsets(&scrape);
	write_topic_rates(&scrape);
	write_topic_messages(&scrape);
	for (size_t kind = 0; kind < sizeof group_families / sizeof *group_families; kind++)
		write_lags(&scrape, (enum topic_kind)kind);
	write_group_offsets(&scrape);
	write_group_rates(&scrape);
	survey_free(survey);
	metrics_answer(&scrape.out, exchange);
}

static void
serve_metrics(struct http_exchange *exchange)
{
	survey_begin(exchange, answer);
}

const struct http_route metrics_routes[] = {
	{ "GET", "/metrics", HTTP_MAY_READ, NULL, serve_metrics, false },
	{ NULL },
};
