#include "config.h"

#include "nameserver/namesrv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/resident.h"
#include "nameserver/namesrv_console.h"
#include "nameserver/namesrv_http.h"
#include "nameserver/quorum/quorum.h"

struct slice
namesrv_order_conf(const struct namesrv *namesrv, struct slice topic)
{
	if (!namesrv->settings->order_message_enable)
		return SLICE_NONE;
	return kv_find(namesrv->kv, SLICE(KV_ORDER_TOPICS), topic);
}

/* ---- Members that close or fall silent ---- */

static void
on_conn_close(struct server *server, struct conn *conn)
{
	struct namesrv *namesrv = ((struct daemon *)server_context(server))->context;

	if (conn_data(conn) != NULL)
		routes_connection_closed(namesrv->routes, conn_id_of(conn).number);
}

static void
on_silent(void *arg, uint64_t connection)
{
	struct namesrv *namesrv = arg;
	struct loop *loop = &namesrv->daemon->loops[0];
	struct conn *conn = conn_find(loop, (struct conn_id){ (uint32_t)loop->index, connection });

	if (conn != NULL)
		conn_close(conn, "its broker was silent for too long");
}

static void
arm_scan(struct namesrv *namesrv)
{
	int64_t ms = namesrv->settings->scan_not_active_broker_interval;
	struct timeval period = { ms / 1000, ms % 1000 * 1000 };

	event_add(namesrv->scan, &period);
}

static void
on_scan(evutil_socket_t fd, short what, void *arg)
{
	struct namesrv *namesrv = arg;

	(void)fd;
	(void)what;
	routes_expire(namesrv->routes, clock_mono_ms(), on_silent, namesrv);
	arm_scan(namesrv);
}

/* ---- The program ---- */

static int
one_loop(const void *settings)
{
	(void)settings;
	return 1;
}

/* Settings that were changed over the network in an earlier run. */
static void
restore_setting(void *arg, struct slice name, struct slice value)
{
	daemon_restore(arg, name, value);
}

static int
listen_for_requests(struct namesrv *namesrv)
{
	const struct namesrv_settings *settings = namesrv->settings;
	struct daemon *daemon = namesrv->daemon;
	int port;

	namesrv->server = server_new(&(struct server_options){
	    .families = settings->witness ? namesrv_witness_families : namesrv_families,
	    .loops = daemon->loops,
	    .n_loops = daemon->n_loops,
	    .idle_ms = (int)(settings->server_channel_max_idle_time_seconds * 1000),
	    .max_connections = (int)settings->max_connections,
	    .max_connections_per_address = (int)settings->max_connections_per_address,
	    .silent_ms = (int)settings->server_channel_max_silent_time_seconds * 1000,
	    .max_unsent_bytes = (size_t)settings->server_write_buffer_max_bytes,
	    .context = daemon,
	    .on_close = on_conn_close,
	});
	port =
	    server_listen(namesrv->server, settings->bind_address, (int)settings->listen_port, 0);
	if (port == -1) {
		log_error("cannot listen bindAddress=%s listenPort=%lld error=%s%s",
		    settings->bind_address, (long long)settings->listen_port, strerror(errno),
		    errno == EADDRINUSE ? ": stop what uses the port, or set another listenPort"
					: "");
		return -1;
	}
	daemon_warn_open(settings->bind_address, port);
	if (settings->witness) {
		log_info("witness ready address=%s port=%d", settings->bind_address, port);
		return 0;
	}
	if (namesrv_http_start(namesrv, port) == -1)
		return -1;
	namesrv_console_start(namesrv, port);
	log_info("name server ready address=%s port=%d", settings->bind_address, port);
	return 0;
}

/* 0, or -1 after the line that says why it cannot take part. */
static int
join_quorum(struct namesrv *namesrv)
{
	const struct namesrv_settings *settings = namesrv->settings;
	struct quorum_options options = {
		.id = settings->quorum.id,
		.peers = settings->quorum.peers,
		.directory = settings->quorum.store_path,
		.bind_address = settings->bind_address,
		.unclean = settings->quorum.elect_unclean_master,
		.recover = settings->quorum.recover,
	};
	struct buf path = { 0 };

	if (options.peers == NULL && settings->witness)
		log_error("a witness votes in a quorum: set quorumPeers and quorumId");
	if (options.peers == NULL)
		return settings->witness ? -1 : 0;
	buf_printf(&path, "%s/quorum", settings->store_path);
	if (options.directory == NULL)
		options.directory = buf_text(&path);
	namesrv->quorum = quorum_start(&options);
	buf_release(&path);
	return namesrv->quorum != NULL ? 0 : -1;
}

static void
start_scan(struct namesrv *namesrv)
{
	namesrv->scan = evtimer_new(namesrv->daemon->loops[0].base, on_scan, namesrv);
	if (namesrv->scan == NULL)
		fatal("cannot make a timer");
	arm_scan(namesrv);
}

static int
open_pairs(struct namesrv *namesrv)
{
	struct arena arena = { 0 };
	struct slice why;

	namesrv->kv =
	    kv_open(namesrv->settings->store_path, namesrv->settings->kv_config_path, &arena, &why);
	if (namesrv->kv == NULL)
		log_error("cannot start: %.*s", (int)why.len, why.data);
	arena_release(&arena);
	return namesrv->kv != NULL ? 0 : -1;
}

/* Without them the name server does its work, and nobody logs in. */
static void
open_accounts(struct namesrv *namesrv)
{
	const struct namesrv_settings *settings = namesrv->settings;

	namesrv->accounts =
	    account_open_for_daemon(settings->http.accounts_file, settings->store_path);
}

/* Requests that were at the quorum come back, and find their connections closed. */
static void
stop_quorum(struct namesrv *namesrv)
{
	namesrv->stopping = true;
	quorum_stop(namesrv->quorum);
	loop_drain(&namesrv->daemon->loops[0]);
	namesrv->quorum = NULL;
}

static void
namesrv_release(struct daemon *daemon)
{
	struct namesrv *namesrv = daemon->context;

	namesrv_console_stop(namesrv);
	namesrv_http_stop(namesrv);
	if (namesrv->server != NULL)
		server_free(namesrv->server);
	stop_quorum(namesrv);
	if (namesrv->scan != NULL)
		event_free(namesrv->scan);
	accounts_close(namesrv->accounts);
	if (namesrv->kv != NULL)
		kv_close(namesrv->kv);
	routes_free(namesrv->routes);
	free(namesrv);
}

static int
namesrv_start(struct daemon *daemon)
{
	struct namesrv *namesrv = mem_zalloc(sizeof *namesrv);

	daemon->context = namesrv;
	namesrv->daemon = daemon;
	namesrv->settings = daemon->settings;
	namesrv->routes = routes_new(&namesrv->settings->limits);
	if (open_pairs(namesrv) == -1)
		goto fail;
	if (!namesrv->settings->witness)
		open_accounts(namesrv);
	kv_each_setting(namesrv->kv, restore_setting, daemon);
	if (join_quorum(namesrv) == -1 || listen_for_requests(namesrv) == -1)
		goto fail;
	start_scan(namesrv);
	if (namesrv->settings->witness)
		resident_drop_files();
	return 0;
fail:
	namesrv_release(daemon);
	return -1;
}

static void
namesrv_changed(struct daemon *daemon, const struct option *option)
{
	struct namesrv *namesrv = daemon->context;

	if (strcmp(option->name, "orderMessageEnable") == 0)
		routes_forget_all(namesrv->routes);
	if (strcmp(option->name, "scanNotActiveBrokerInterval") == 0)
		arm_scan(namesrv);
	if (strcmp(option->name, "enableElectUncleanMaster") == 0 && namesrv->quorum != NULL)
		quorum_set_unclean(namesrv->quorum, namesrv->settings->quorum.elect_unclean_master);
}

static void
namesrv_keep(struct daemon *daemon, struct kept_settings *kept)
{
	struct namesrv *namesrv = daemon->context;

	daemon_settings_kept(kept, kv_put_settings(namesrv->kv, kept->rows, kept->n));
}

/* Peers need no message: brokers and clients use the other name servers. */
static void
namesrv_stop(struct daemon *daemon)
{
	struct namesrv *namesrv = daemon->context;

	server_stop_listening(namesrv->server);
	daemon_stopped(daemon);
}

static const char *
namesrv_directory(const void *settings)
{
	return ((const struct namesrv_settings *)settings)->store_path;
}

const struct program namesrv_program = {
	.name = "mqnamesrv",
	.summary = "tells RocketMQ clients which broker has which topic",
	.options = namesrv_options,
	.sections = namesrv_sections,
	.settings_size = sizeof(struct namesrv_settings),
	.directory = namesrv_directory,
	.complete = namesrv_options_complete,
	.n_loops = one_loop,
	.start = namesrv_start,
	.changed = namesrv_changed,
	.keep = namesrv_keep,
	.stop = namesrv_stop,
	.release = namesrv_release,
};
