#include "config.h"

/*
 * Starts the parts of the broker in order and releases them at the end. The
 * ports come first, so that a second broker on this machine stops before it
 * touches a store. The store comes before the tables that it fills. The broker
 * registers last, when it can serve all requests.
 */

#include "broker/context.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/catalog/topic_create.h"
#include "broker/cluster/address.h"
#include "broker/cluster/masters.h"
#include "broker/cluster/register.h"
#include "broker/consumers/heartbeat.h"
#include "broker/consumers/return_offsets.h"
#include "broker/delay/delay.h"
#include "broker/delay/timed.h"
#include "broker/http/broker_http.h"
#include "broker/pop/pop.h"
#include "broker/pop/request_mode.h"
#include "broker/pop/revive.h"
#include "broker/pull/parked.h"
#include "broker/pull/pull.h"
#include "broker/replica/cut.h"
#include "broker/replica/follow.h"
#include "broker/replica/move_in.h"
#include "broker/replica/ship.h"
#include "broker/replica/lease.h"
#include "broker/replica/role.h"
#include "broker/retention/retention.h"
#include "broker/retention/timers.h"
#include "broker/send/inflight.h"
#include "broker/send/send.h"
#include "broker/send/send_front.h"
#include "broker/slave_commands.h"
#include "broker/sql/sql.h"
#include "broker/state/checkpoint.h"
#include "broker/state/client.h"
#include "broker/state/delivery.h"
#include "broker/state/group.h"
#include "broker/state/limit.h"
#include "broker/state/offset.h"
#include "broker/state/producer_group.h"
#include "broker/state/queue_lock.h"
#include "broker/state/replica.h"
#include "broker/state/replica_record.h"
#include "broker/state/replies.h"
#include "broker/state/stats.h"
#include "broker/state/topic.h"
#include "broker/state/topic_turn.h"
#include "broker/store/reader/readahead.h"
#include "broker/store/store.h"
#include "broker/store/tail/tail.h"
#include "broker/transaction/check/check.h"
#include "broker/transaction/decide/decide.h"
#include "broker/trend/trend.h"
#include "common/base/clock.h"
#include "common/filter/filter_cache.h"
#include "common/base/log.h"
#include "common/base/mem.h"

#define SETTLE_ROUNDS 10000
#define QUEUED_BYTES_MAX (24 << 20) /* for the writer; further sends are refused as busy */
#define PORT_TRIES 50 /* for listenPort 0: until a port and both neighbours are free */

/* ---- ports ----------------------------------------------------------- */

#define FAST_STEP (-2) /* from listenPort */
#define HA_STEP 1      /* where slaves connect */

/* The "fast" port two below, and the replication port one above. 0, or the one that failed. */
static int
listen_beside(struct broker *broker, const char *address, int port)
{
	int failed = 0;

	if (server_listen(broker->server, address, port + FAST_STEP, LISTEN_FAST) == -1)
		failed = port + FAST_STEP;
	if (failed == 0)
		broker->ha_socket = server_open_port(address, port + HA_STEP);
	if (failed == 0 && broker->ha_socket == -1)
		failed = port + HA_STEP;
	if (failed != 0) {
		int error = errno;

		server_stop_listening(broker->server);
		errno = error;
	}
	return failed;
}

/* A slave only sees that the port is free: it needs it when it becomes a master. */
static void
make_ship(struct broker *broker)
{
	if (!broker_is_slave(broker)) {
		broker->ship = ship_new(broker, broker->ha_socket);
	} else {
		close(broker->ha_socket);
	}
	broker->ha_socket = -1;
}

/* Returns the port, or logs an error and returns -1. */
static int
listen_all(struct broker *broker)
{
	const char *address = broker->settings->bind_address;
	int wanted = (int)broker->settings->listen_port;
	int tries = wanted == 0 ? PORT_TRIES : 1;
	int failed = wanted;

	while (tries-- > 0) {
		int port = server_listen(broker->server, address, wanted, 0);

		if (port == -1)
			break;
		failed = listen_beside(broker, address, port);
		if (failed == 0)
			return port;
	}
	log_error(
	    "cannot listen on %s port %d: %s; stop what uses it, or set listenPort (the broker "
	    "also needs listenPort-2 and listenPort+1)",
	    address, failed, strerror(errno));
	return -1;
}

/* ---- the store and what it holds ------------------------------------- */

static const char *vfs_name; /* NULL: SQLite's default */

static unsigned tricks_off;

void
broker_use_vfs(const char *name)
{
	vfs_name = name;
}

void
broker_without_tricks(unsigned tricks)
{
	tricks_off = tricks;
}

/* From now on the log may grow again. */
static int
note_cut(struct broker *broker)
{
	struct store_bounds bounds;

	store_get_bounds(broker->store, &bounds);
	return replica_record_was_cut(broker->replica_record,
	    bounds.max_position > bounds.min_position ? bounds.max_position : -1);
}

static int
open_store(struct broker *broker)
{
	const struct broker_settings *settings = broker->settings;
	int64_t cut_at = replica_record_cut_at(broker->replica_record);
	char *why = NULL;

	broker->store = store_open(
	    &(struct store_options){
		.path = settings->store_path_root_dir,
		.log_path = settings->store_path_commit_log,
		.flush =
		    settings->flush_disk_type == FLUSH_SYNC ? STORE_FLUSH_SYNC : STORE_FLUSH_ASYNC,
		.flush_interval_ms = (int)settings->flush_interval_commit_log,
		.gather_us = (int)settings->commit_gather_time,
		.segment_bytes = settings->mapped_file_size_commit_log,
		.tail_bytes = settings->tail_cache_size,
		.queued_bytes = QUEUED_BYTES_MAX,
		.n_readers = (int)settings->read_threads,
		.kept_topic = DELAY_TOPIC,
		.settled_topic = pops_topic(broker->pops),
		.disk_refuse_percent = DISK_REFUSE_PERCENT,
		.timed_window = settings->timer_window,
		.half_wait_ms = settings->transaction_time_out,
		.dedup_max_keys = settings->dedup_max_keys,
		.vfs = vfs_name,
		.cuts = cut_at >= 0,
		.cut_at = cut_at,
		.tricks_off = tricks_off,
		.store_host = broker->host,
	    },
	    &why);
	if (broker->store == NULL)
		log_error("%s", why);
	free(why);
	if (broker->store == NULL)
		return -1;
	return cut_at >= 0 ? note_cut(broker) : 0;
}

static void
make_workers(struct broker *broker)
{
	struct daemon *daemon = broker->daemon;

	broker->n_workers = daemon->n_loops;
	broker->workers = mem_zalloc((size_t)broker->n_workers * sizeof *broker->workers);
	for (int i = 0; i < broker->n_workers; i++) {
		struct worker *worker = &broker->workers[i];

		worker->broker = broker;
		worker->loop = &daemon->loops[i];
		worker->loop->context = worker;
		worker->tail = tail_new(broker->store);
		worker->readahead = readahead_new(worker->loop);
		worker->filters = filter_cache_new();
		pull_attach(worker);
		pop_attach(worker);
		send_attach(worker);
		worker->committed_to = mem_zalloc(sizeof *worker->committed_to);
	}
}

static void
start_store(struct broker *broker)
{
	broker->tails = mem_alloc((size_t)broker->n_workers * sizeof *broker->tails);
	for (int i = 0; i < broker->n_workers; i++)
		broker->tails[i] = broker->workers[i].tail;
	make_ship(broker);
	store_start(broker->store, broker->daemon->loops, broker->tails, broker->n_workers);
	if (broker->ship != NULL)
		ship_start(broker->ship);
}

/* ---- the program ----------------------------------------------------- */

static void
on_connection_closed(struct server *server, struct conn *conn)
{
	struct daemon *daemon = server_context(server);

	client_connection_closed(daemon->context, conn);
}

static struct server *
make_server(struct daemon *daemon, const struct broker_settings *settings)
{
	struct broker *broker = daemon->context;
	const struct handler *at_slave[] = { NULL, NULL };

	if (broker_is_slave(broker))
		at_slave[0] = broker->slave_commands = slave_commands_new(broker_families);
	return server_new(&(struct server_options){
	    .families = broker_is_slave(broker) ? at_slave : broker_families,
	    .loops = daemon->loops,
	    .n_loops = daemon->n_loops,
	    .idle_ms = (int)settings->server_channel_max_idle_time_seconds * 1000,
	    .max_connections = (int)settings->max_connections,
	    .max_connections_per_address = (int)settings->max_connections_per_address,
	    .silent_ms = (int)settings->server_channel_max_silent_time_seconds * 1000,
	    .max_unsent_bytes = (size_t)settings->server_write_buffer_max_bytes,
	    .context = daemon,
	    .on_close = on_connection_closed,
	});
}

/* A setting that a request changed in an earlier run, of the broker or of a group. */
static void
on_setting_row(void *arg, struct slice name, struct slice value)
{
	struct daemon *daemon = arg;
	const struct broker *broker = daemon->context;

	if (!request_modes_load(broker->request_modes, name, value) &&
	    !queue_locks_load(broker->queue_locks, name, value) &&
	    !daemon_restore_origin(daemon, name, value) &&
	    option_find(broker_options, name) != NULL)
		daemon_restore(daemon, name, value);
}

static void
broker_setting_changed(struct daemon *daemon, const struct option *option)
{
	const struct broker *broker = daemon->context;

	if (slice_is(slice_of(option->name), "brokerPermission"))
		registrar_changed(broker->registrar);
}

static void
on_settings_kept(struct meta_job *job, struct loop *loop)
{
	struct kept_settings *kept = job->context;
	int status = job->status;

	(void)loop;
	meta_job_free(job);
	daemon_settings_kept(kept, status);
}

static void
broker_keep_settings(struct daemon *daemon, struct kept_settings *kept)
{
	const struct broker *broker = daemon->context;
	struct meta_job *job = meta_job_new();

	for (size_t i = 0; i < kept->n; i++)
		meta_job_put(job, META_SETTING, kept->rows[i].key, kept->rows[i].value);
	job->reply_loop = &daemon->loops[0];
	job->done = on_settings_kept;
	job->context = kept;
	store_meta(broker->store, job);
}

static void
on_producer_group_row(void *arg, struct slice name, struct slice value)
{
	const struct broker *broker = arg;
	struct arena arena = { 0 };
	struct producer_group group;

	if (producer_group_from_json(value, &arena, &group) == 0)
		producer_groups_put(broker->producer_groups, &group);
	else
		log_error("skipped unreadable settings of a producer group "
			  "group=%.*s",
		    (int)name.len, name.data);
	arena_release(&arena);
}

static int64_t
dedup_window_ms(void *arg, struct slice name)
{
	const struct broker *broker = arg;
	struct topic topic;

	if (topic_is_forbidden(name))
		return -1; /* messages wait there for their own topics */
	return topics_find(broker->topics, name, &topic)
	           ? 1000 * topic.attributes.values[ATTRIBUTE_DEDUP_WINDOW]
	           : 0;
}

/* The unique keys of topics with a window. */
static void
load_dedup(struct broker *broker)
{
	struct dedup_topics wanted = { .window_ms = dedup_window_ms, .arg = broker };
	size_t n;
	struct topic *topics = topics_list(broker->topics, &n, NULL);

	for (size_t i = 0; i < n; i++) {
		int64_t window_ms = 1000 * topics[i].attributes.values[ATTRIBUTE_DEDUP_WINDOW];

		if (window_ms > wanted.max_window_ms)
			wanted.max_window_ms = window_ms;
	}
	free(topics);
	if (wanted.max_window_ms != 0)
		store_load_dedup(broker->store, &wanted);
}

/* Loads the tables in memory from the store. */
static void
load_state(struct broker *broker)
{
	broker->limits = limits_new(broker->settings);
	broker->stats = stats_new(
	    broker->daemon->n_loops, (size_t)limits_value(broker->limits, LIMIT_STATISTICS));
	broker->clients = clients_new();
	broker->queue_locks =
	    queue_locks_new(clock_mono_ms() + broker->settings->rebalance_lock_restart_wait);
	broker->request_modes = request_modes_new();
	broker->checkpoints = checkpoints_new();
	broker->topics = topics_new();
	broker->topic_turns = topic_turns_new();
	broker->groups = groups_new();
	broker->offsets = offsets_new();
	broker->producer_groups = producer_groups_new(&broker->settings->transaction_policy);
	broker->replies = replies_new();
	broker->replica = replica_new();
	broker->deliveries = deliveries_new(
	    broker->daemon->n_loops, (size_t)broker->settings->message_trace_entries);
	broker->transactions = mem_zalloc(sizeof *broker->transactions);
	store_each_meta(broker->store, META_SETTING, on_setting_row, broker->daemon);
	store_each_meta(broker->store, META_PRODUCER_GROUP, on_producer_group_row, broker);
	topics_and_groups_load(broker);
	load_dedup(broker);
	delays_load(broker);
}

/*
 * The services of loop 0. A slave has their objects, which answer questions, but those that store
 * something when its time comes do not run: that is its master's.
 */
static int
start_services(struct broker *broker)
{
	if (delays_start(broker) == -1)
		return -1;
	broker->timed = timed_messages_start(broker);
	if (!broker_is_slave(broker))
		pops_start(broker->pops);
	broker->masters = masters_new(broker);
	broker->registrar = registrar_new(broker);
	if (broker_is_slave(broker))
		broker->return_offsets = return_offsets_new(broker);
	broker->transaction_checks = transaction_checks_new(broker);
	broker->sql = sql_start(broker);
	broker->trends = trends_start(broker);
	broker->timers = timers_start(broker);
	if (broker_is_slave(broker)) {
		broker->move_in = move_in_new(broker);
		broker->follower = follower_new(broker);
	}
	if (broker->settings->connect_back_check)
		address_check(broker);
	return 0;
}

static void
on_unregistered(struct broker *broker)
{
	struct meta_job *job = offsets_changed(broker->offsets);

	if (job != NULL)
		store_meta(broker->store, job);
	ship_stop(broker->ship);
	store_stop(broker->store);
	daemon_stopped(broker->daemon);
}

static void
broker_stop(struct daemon *daemon)
{
	struct broker *broker = daemon->context;

	broker_http_set_phase(broker, BROKER_STOPS);
	server_stop_listening(broker->server);
	move_in_stop(broker->move_in);
	follower_stop(broker->follower);
	transaction_checks_stop(broker->transaction_checks);
	lease_give_up(broker->lease);
	registrar_stop(broker->registrar, on_unregistered);
}

static void
free_workers(struct broker *broker)
{
	for (int i = 0; i < broker->n_workers; i++) {
		struct worker *worker = &broker->workers[i];

		inflight_free(worker->inflight);
		free(worker->sent_to);
		free(worker->committed_to);
		parked_pulls_free(worker->parked);
		pop_detach(worker);
		readahead_free(worker->readahead);
		filter_cache_free(worker->filters);
		tail_free(worker->tail);
	}
	free(broker->workers);
}

/*
 * Requests with several store jobs may be queued anywhere between the store and their loops. Each
 * gets a refusal for its next job, and ends.
 */
static void
settle(struct broker *broker)
{
	bool any = true;

	for (int round = 0; any && round < SETTLE_ROUNDS; round++) {
		any = false;
		store_refuse_late(broker->store);
		any |= broker_http_drain(broker);
		any |= ship_drain(broker->ship);
		for (int i = 0; i < broker->n_workers; i++)
			any |= loop_drain(broker->workers[i].loop);
	}
}

static void
broker_release(struct daemon *daemon)
{
	struct broker *broker = daemon->context;

	broker_http_stop(broker);
	server_free(broker->server);
	if (broker->store != NULL) {
		sql_stop(broker->sql);
		trends_stop(broker->trends);
		settle(broker);
		move_in_free(broker->move_in);
		follower_free(broker->follower);
		sql_free(broker->sql);
		trends_free(broker->trends);
		timers_free(broker->timers);
		return_offsets_free(broker->return_offsets);
		lease_free(broker->lease);
		registrar_free(broker->registrar);
		masters_free(broker->masters);
		transaction_checks_free(broker->transaction_checks);
		timed_messages_free(broker->timed);
		delays_free(broker->delays);
		free_workers(broker);
		ship_free(broker->ship);
		store_close(broker->store);
		free(broker->tails);
		free(broker->transactions);
		offsets_free(broker->offsets);
		producer_groups_free(broker->producer_groups);
		groups_free(broker->groups);
		limits_free(broker->limits);
		topics_free(broker->topics);
		topic_turns_free(broker->topic_turns);
		clients_free(broker->clients);
		queue_locks_free(broker->queue_locks);
		request_modes_free(broker->request_modes);
		checkpoints_free(broker->checkpoints);
		stats_free(broker->stats);
		replies_free(broker->replies);
		deliveries_free(broker->deliveries);
		replica_free(broker->replica);
		send_end(broker);
		send_front_end(broker);
	}
	broker_http_free(broker);
	pops_free(broker->pops);
	if (broker->ha_socket != -1)
		close(broker->ha_socket);
	free(broker->slave_commands);
	replica_record_free(broker->replica_record);
	free(broker->address);
	free(broker->ha_address);
	free(broker);
}

static int
broker_start(struct daemon *daemon)
{
	struct broker *broker = mem_zalloc(sizeof *broker);

	daemon->context = broker;
	broker->daemon = daemon;
	broker->settings = daemon->settings;
	broker->boot_ms = clock_wall_ms();
	broker->ha_socket = -1;
	if (role_choose(broker) == -1) {
		replica_record_free(broker->replica_record);
		free(broker);
		return -1;
	}
	cut_count(broker);
	broker->server = make_server(daemon, broker->settings);
	int port = listen_all(broker);

	broker->pops = pops_new(broker);
	if (port == -1 || address_choose(broker, port) == -1 ||
	    broker_http_start(broker, port) == -1 || open_store(broker) == -1 ||
	    role_begin_epoch(broker) == -1) {
		broker_release(daemon);
		return -1;
	}
	load_state(broker);
	send_start(broker);
	send_front_start(broker);
	make_workers(broker);
	if (broker->settings->enable_controller_mode)
		broker->lease = lease_new(broker);
	start_store(broker);
	if (start_services(broker) == -1) {
		ship_stop(broker->ship);
		store_stop(broker->store);
		broker_release(daemon);
		return -1;
	}
	broker_http_open_accounts(broker);
	broker_http_set_phase(broker, BROKER_SERVES);
	daemon_warn_open(broker->settings->bind_address, port);
	log_info("broker ready name=%s cluster=%s id=%d role=%s address=%s port=%d flush=%s "
		 "store=%s",
	    broker->settings->broker_name, broker->settings->broker_cluster_name,
	    (int)atomic_load(&broker->id), broker_role_name(broker->settings->broker_role),
	    broker->address, port,
	    broker->settings->flush_disk_type == FLUSH_SYNC ? "SYNC_FLUSH" : "ASYNC_FLUSH",
	    broker->settings->store_path_root_dir);
	return 0;
}

static int
broker_n_loops(const void *settings)
{
	return (int)((const struct broker_settings *)settings)->io_threads;
}

static const char *
broker_directory(const void *settings)
{
	return ((const struct broker_settings *)settings)->store_path_root_dir;
}

const struct program broker_program = {
	.name = "mqbroker",
	.summary = "stores and delivers messages",
	.options = broker_options,
	.sections = broker_sections,
	.settings_size = sizeof(struct broker_settings),
	.directory = broker_directory,
	.n_loops = broker_n_loops,
	.complete = broker_options_complete,
	.check = broker_options_check,
	.start = broker_start,
	.changed = broker_setting_changed,
	.keep = broker_keep_settings,
	.stop = broker_stop,
	.release = broker_release,
};
